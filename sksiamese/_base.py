"""Classifiers around an ensemble of networks: parameters, training, embedding."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted
from skorch.callbacks import Callback, EarlyStopping, PassthroughScoring

from sksiamese._inputs import ExperimentEncoder
from sksiamese._tables import TableClassifier, TrainingTable
from sksiamese._training import (
    CosineSteps,
    EpochBar,
    LabelledExperiments,
    SiameseNet,
    one_thread,
    to_tensors,
)
from sksiamese._validation import (
    plain_label,
    require_boolean,
    require_integer,
    require_n_jobs,
    require_number,
    require_option,
    require_verbose,
    shorten,
)
from sksiamese.exceptions import SmallClassWarning
from sksiamese.nn.layers import ACTIVATIONS
from sksiamese.nn.siamese import NetworkSettings, SiameseNetwork

__all__ = ["NetworkClassifier"]

_CHUNK_ROWS = 16_384  # rows that are encoded and embedded together


class NetworkClassifier(TableClassifier):
    """Classifier around an ensemble of networks; a subclass has the parameters named here."""

    def _check_parameters(self) -> None:
        """Refuse unknown values of hyper-parameters."""
        owner = type(self).__name__
        for name in ("fp_size", "conv_width", "embedding_size", "n_members", "max_epochs"):
            require_integer(owner, name, getattr(self, name), 1)
        require_integer(owner, "radius", self.radius, 0)
        require_integer(owner, "batch_size", self.batch_size, 2)
        require_integer(owner, "n_iter_no_change", self.n_iter_no_change, 1)
        for size in self._hidden_sizes():
            require_integer(owner, "hidden_layer_sizes", size, 0)
        for name in ("activation", "embedding_activation"):
            require_option(owner, name, getattr(self, name), ACTIVATIONS)
        require_option(owner, "scaling", self.scaling, ("standard", "minmax"))
        require_option(owner, "lr_schedule", self.lr_schedule, ("cosine", "constant"))
        require_number(owner, "dropout", self.dropout, 0, 1, open_end=True)
        require_number(owner, "alpha", self.alpha, 0, np.inf, open_end=True)
        require_number(owner, "lr", self.lr, 0, np.inf, open_start=True, open_end=True)
        fraction = self.validation_fraction
        require_number(owner, "validation_fraction", fraction, 0, 1, open_start=True, open_end=True)
        for name in ("descriptors", "signed", "early_stopping"):
            require_boolean(owner, name, getattr(self, name))
        require_n_jobs(owner, self.n_jobs)
        require_verbose(owner, self.verbose)
        _require_callbacks(owner, self.callbacks)
        _require_device(owner, self.device)
        _require_random_state(owner, self.random_state)

    def _fit_network(self, X: Any, y: Any, groups: Any, sample_weight: Any) -> TrainingTable:
        """Encode a training table and train on it; sets the fitted attributes."""
        table = self._read_labelled(X, y, groups, sample_weight, reset=True)
        _warn_of_small_classes(table)
        verbose = int(self.verbose)
        encoder = ExperimentEncoder(self.descriptors, self.scaling, self.n_jobs, verbose)
        experiments = encoder.fit_encode(table.frame, table.weight)
        encoder.verbose = 0  # bars are for the fit
        self.classes_ = table.classes
        self.class_prior_ = np.bincount(table.y, table.weight) / table.weight.sum()
        self.encoder_ = encoder
        batch_seed, split_seed, *seeds = self._draw_seeds()
        held_out = self._hold_out(table, split_seed)
        n_classes = len(table.classes)
        data = LabelledExperiments(
            experiments, table.y, table.groups, table.weight, held_out, n_classes
        )
        net = self._make_net(data, seeds, batch_seed)
        with one_thread():
            net.initialize()
            if self.scaling == "standard" and experiments.graphs:
                inputs = to_tensors(experiments, self.radius, self.device)
                weight = torch.as_tensor(table.weight).to(self.device)
                net.module_.standardize(inputs.graphs, inputs.molecules, weight)
            net.partial_fit(data)
        _forget_training(net)
        self.net_ = net
        return table

    def _draw_seeds(self) -> list[int]:
        """Seeds of the batches, the held-out rows and each member; member k's is the k-th."""
        if self.random_state is None:
            generator = np.random.RandomState()
        else:
            generator = check_random_state(self.random_state)
        return generator.randint(2**31 - 1, size=2 + self.n_members).tolist()

    def _hold_out(self, table: TrainingTable, seed: int) -> npt.NDArray[np.bool_]:
        """Rows that validate: a share of every class of two rows or more, at least one each."""
        held_out = np.zeros(len(table.y), bool)
        if self.early_stopping:
            order = np.random.RandomState(seed).permutation(len(table.y))
            for number in range(len(table.classes)):
                rows = order[table.y[order] == number]
                n_held_out = max(1, int(self.validation_fraction * len(rows)))
                held_out[rows[: min(n_held_out, len(rows) - 1)]] = True
        return held_out

    def _hidden_sizes(self) -> tuple[Any, ...]:
        sizes = self.hidden_layer_sizes
        return tuple(sizes) if isinstance(sizes, Iterable) else (sizes,)

    def _make_net(self, data: LabelledExperiments, seeds: list[int], batch_seed: int) -> SiameseNet:
        """Assemble the skorch net, its loss and its callbacks."""
        experiments = data.experiments
        settings = NetworkSettings(
            fp_size=self.fp_size,
            conv_width=self.conv_width,
            radius=self.radius,
            hidden_layer_sizes=tuple(size for size in self._hidden_sizes() if size),
            embedding_size=self.embedding_size,
            activation=self.activation,
            embedding_activation=self.embedding_activation,
            dropout=self.dropout,
        )
        return SiameseNet(
            SiameseNetwork,
            criterion=self._criterion(self.class_prior_),
            alpha=self.alpha,
            batch_seed=batch_seed,
            module__settings=settings,
            module__n_numeric=experiments.numeric.shape[1],
            module__n_roles=len(experiments.graphs),
            module__seeds=seeds,
            module__signed=self.signed,
            optimizer=torch.optim.Adam,
            optimizer__fused=True,
            lr=self.lr,
            max_epochs=self.max_epochs,
            batch_size=self.batch_size,
            train_split=None,
            callbacks=self._make_callbacks(validates=bool(data.held_out.any())),
            device=self.device,
            verbose=0,
        )

    def _make_callbacks(self, validates: bool) -> list[Callback]:
        callbacks: list[Callback] = []
        if self.lr_schedule == "cosine":
            callbacks.append(CosineSteps())
        if validates:
            callbacks.append(PassthroughScoring("valid_loss"))
            patience = self.n_iter_no_change
            callbacks.append(EarlyStopping(patience=patience, load_best=True, sink=_quiet))
        if self.verbose:
            callbacks.append(EpochBar())
        return callbacks + list(self.callbacks or [])

    def _read_fitted(self, X: Any) -> pd.DataFrame:
        check_is_fitted(self, "net_")
        return self._read_table(X)

    def _embed(self, frame: pd.DataFrame) -> Iterator[torch.Tensor]:
        """Yield embeddings (n_members, n_rows, embedding_size) of some rows after the others."""
        module = self.net_.module_.eval()
        for experiments in self.encoder_.encode_parts(frame, _CHUNK_ROWS):
            inputs = to_tensors(experiments, module.settings.radius, self.net_.device)
            with torch.no_grad():
                embedding = module(*inputs).cpu()
            yield embedding


def _forget_training(net: SiameseNet) -> None:
    """Drop Adam's moments, so that a pickle holds the weights once."""
    net.optimizer_.state.clear()


def _require_callbacks(owner: str, callbacks: Any) -> None:
    listed = isinstance(callbacks, (list, tuple)) or callbacks is None
    each = [c[-1] if isinstance(c, tuple) and c else c for c in callbacks or ()] if listed else []
    if not listed or not all(isinstance(callback, Callback) for callback in each):
        raise ValueError(
            f"The 'callbacks' parameter of {owner} must be None or a list of skorch callbacks. "
            f"Got {shorten(callbacks)} instead."
        )


def _require_device(owner: str, device: Any) -> None:
    try:
        if not isinstance(device, (str, torch.device)):
            raise TypeError
        torch.empty(0, dtype=torch.float64, device=device)
    except (AssertionError, RuntimeError, TypeError) as error:  # what torch raises, by device
        raise ValueError(
            f"The 'device' parameter of {owner} must name a device that torch can use here, such "
            f"as 'cpu'. Got {device!r} instead."
        ) from error


def _require_random_state(owner: str, random_state: Any) -> None:
    try:
        check_random_state(random_state)
    except ValueError as error:
        raise ValueError(
            f"The 'random_state' parameter of {owner} must be None, an integer from 0 to "
            f"2**32 - 1 or a numpy.random.RandomState. Got {random_state!r} instead."
        ) from error


def _quiet(*_: Any) -> None:
    """Take what skorch would print."""


def _warn_of_small_classes(table: TrainingTable) -> None:
    n_rows = np.bincount(table.y, np.maximum(table.weight, 1))  # a weight of 2 is as two rows
    labels = [plain_label(c) for c, n in zip(table.classes, n_rows, strict=True) if n == 1]
    if labels:
        warnings.warn(
            f"Only one row of the class {', '.join(map(repr, labels))}: no pair of its own kind "
            "can be formed, so little can be learnt about it. Add experiments if you can.",
            SmallClassWarning,
            stacklevel=4,
        )
