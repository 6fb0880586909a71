"""Networks of other packages to compare with; each is imported only when its case runs."""

from __future__ import annotations

import logging
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt


def why_no_chemprop() -> str | None:
    """Say why the chemprop cases cannot run; None if they can."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import chemprop
            import lightning  # noqa: F401
    except ImportError as error:
        return f"{error}; 'pip install chemprop' brings it"
    version = str(chemprop.__version__)
    return None if version.startswith("2.") else f"needs chemprop 2, found {version}"


def fit_chemprop(
    smiles: list[str], target: npt.NDArray[np.float64], d_h: int, epochs: int, seed: int
) -> Any:
    """Fit chemprop's bond message-passing classifier, quietly and without files."""
    import torch
    from chemprop import data, models, nn

    points = [
        data.MoleculeDatapoint.from_smi(text, [value])
        for text, value in zip(smiles, target, strict=True)
    ]
    dataset = data.MoleculeDataset(points)
    dataset.cache = True  # each molecule is featurised once, not once an epoch
    loader = data.build_dataloader(dataset, batch_size=64, num_workers=0, seed=seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        message_passing = nn.BondMessagePassing(d_h=d_h)
        head = nn.BinaryClassificationFFN(input_dim=d_h, hidden_dim=d_h)
        model = models.MPNN(message_passing, nn.MeanAggregation(), head)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _trainer(max_epochs=epochs).fit(model, loader)
    return model


def predict_chemprop(model: Any, smiles: list[str]) -> npt.NDArray[np.float64]:
    """Probabilities of molecules by a fitted chemprop model, (n_molecules,)."""
    from chemprop import data

    dataset = data.MoleculeDataset([data.MoleculeDatapoint.from_smi(text) for text in smiles])
    loader = data.build_dataloader(dataset, batch_size=64, num_workers=0, shuffle=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        batches = _trainer().predict(model, loader)
    return np.concatenate([batch.numpy().ravel() for batch in batches])


def _trainer(**settings: Any) -> Any:
    from lightning import pytorch

    for name in ("lightning", "lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return pytorch.Trainer(
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        **settings,
    )
