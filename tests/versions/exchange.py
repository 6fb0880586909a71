"""Save models in several environments, load them in each, and compare what they predict.

    python tests/versions/exchange.py .venv/bin/python .venv-oldest/bin/python

`make exchange` does so with the tested, the oldest and the newest versions.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline

from sksiamese import (
    AdditiveEffectsExplainer,
    DesignSpace,
    ExperimentRecommender,
    GraphFingerprintMLPClassifier,
    GraphFingerprintSiameseClassifier,
    GraphFingerprintSVMClassifier,
    SMILESFeaturizer,
    SurrogateTreeExplainer,
    describe_model,
    load_model,
    save_model,
)
from sksiamese.datasets import load_perovskites
from sksiamese.exceptions import LowFidelityWarning, ModelVersionWarning

TOLERANCE = 1e-6
QUICK = {"n_members": 3, "max_epochs": 30, "random_state": 0}


def make_models() -> dict[str, Any]:
    """Make each public estimator and what is usual around them."""
    siamese = GraphFingerprintSiameseClassifier(**QUICK)
    molecules = load_perovskites().smiles_columns
    forest = RandomForestClassifier(random_state=0)
    descriptors = make_column_transformer(
        (SMILESFeaturizer("descriptors"), molecules), remainder="passthrough"
    )
    ecfp = make_column_transformer((SMILESFeaturizer("ecfp"), molecules), remainder="passthrough")
    space = DesignSpace.from_frame(load_perovskites().data)
    return {
        "siamese": siamese,
        "siamese, as published": GraphFingerprintSiameseClassifier.from_paper(
            max_epochs=5, random_state=0
        ),
        "siamese, numbers alone": make_pipeline(
            make_column_transformer(("drop", molecules), remainder="passthrough"), siamese
        ),
        "dense": GraphFingerprintMLPClassifier(**QUICK),
        "SVM": GraphFingerprintSVMClassifier(**QUICK),
        "calibrated": CalibratedClassifierCV(siamese, cv=3),
        "forest on descriptors": make_pipeline(descriptors, forest),
        "forest on ECFP": make_pipeline(ecfp, forest),
        "effects": AdditiveEffectsExplainer(siamese, space, n_samples=500, random_state=0),
        "explainer": SurrogateTreeExplainer(siamese, space, n_samples=500, random_state=0),
        "recommender": ExperimentRecommender(siamese, space, random_state=0),
    }


def read_table() -> tuple[Any, Any, Any]:
    """Past experiments, their outcomes, and experiments to predict."""
    X, y = load_perovskites(return_X_y=True)
    return X[::2], y[::2], X[1::2]


def predict(model: Any, new: Any) -> Any:
    """Probabilities of the classes; a recommender tells those of its classifier."""
    model = model.estimator_ if isinstance(model, ExperimentRecommender) else model
    return model.predict_proba(new)


def save(folder: Path) -> None:
    """Fit, save and write down what the models predict."""
    past, y, new = read_table()
    folder.mkdir()
    for name, model in make_models().items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LowFidelityWarning)
            model.fit(past, y)
        save_model(model, folder / f"{name}.skm")
        np.save(folder / f"{name}.npy", predict(model, new))
    print(f"saved {len(make_models())} models with {versions(folder / 'siamese.skm')}")


def load(folder: Path) -> bool:
    """Load what `save` wrote, and tell whether predictions are the same."""
    new, largest = read_table()[-1], 0.0
    for path in sorted(folder.glob("*.skm")):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ModelVersionWarning)
            proba = predict(load_model(path), new)
        difference = np.abs(proba - np.load(path.with_suffix(".npy"))).max()
        largest = np.maximum(largest, difference)  # NaN stays
        print(f"  {path.stem:<24} {difference:.1e}")
    verdict = "the same" if largest < TOLERANCE else "NOT THE SAME"
    print(f"{verdict}, saved with {versions(folder / 'siamese.skm')}")
    return bool(largest < TOLERANCE)


def versions(path: Path) -> str:
    """Versions that a file tells of."""
    return ", ".join(" ".join(item) for item in describe_model(path).versions.items())


def exchange(pythons: list[str]) -> bool:
    """Let each interpreter save, and each load what each saved; tell whether all are the same."""
    this, ended = str(Path(__file__).absolute()), []
    with tempfile.TemporaryDirectory() as folder:
        for number, python in enumerate(pythons):
            place = str(Path(folder, str(number)))
            subprocess.run([python, this, "--save", place], check=True)
            for other in pythons:
                print(f"loaded by {other}:", flush=True)
                ended.append(subprocess.run([other, this, "--load", place], check=False).returncode)
    return not any(ended)


def main() -> None:
    """Run the exchange, or a step of it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("pythons", nargs="*", help="interpreters of the environments")
    parser.add_argument("--save", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--load", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.save:
        save(arguments.save)
        return
    same = load(arguments.load) if arguments.load else exchange(arguments.pythons)
    sys.exit(0 if same else 1)


if __name__ == "__main__":
    main()
