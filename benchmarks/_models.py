"""The six models of arXiv 1811.02771, by name and setting."""

from __future__ import annotations

from typing import Any

from sklearn.compose import make_column_transformer
from sklearn.pipeline import Pipeline

from sksiamese import (
    GraphFingerprintMLPClassifier,
    GraphFingerprintSiameseClassifier,
    GraphFingerprintSVMClassifier,
    SMILESFeaturizer,
)

BASE_MODELS: dict[str, Any] = {
    "GCNN + SNN": GraphFingerprintSiameseClassifier,
    "GCNN + DNN": GraphFingerprintMLPClassifier,
    "GCNN + SVM": GraphFingerprintSVMClassifier,
    "SNN": GraphFingerprintSiameseClassifier,
    "DNN": GraphFingerprintMLPClassifier,
    "SVM": GraphFingerprintSVMClassifier,
}


def make_model(model: str, setting: str, smiles_columns: list[str]) -> Pipeline:
    """Make an unfitted Pipeline whose last step is "model"; the setting is "paper" or "default".

    Without GCNN, molecules become RDKit descriptors before the model sees them.
    """
    kind = BASE_MODELS[model]
    classifier = kind.from_paper() if setting == "paper" else kind()
    steps = [("model", classifier)]
    if "GCNN" not in model:
        columns = make_column_transformer(
            (SMILESFeaturizer("descriptors"), smiles_columns), remainder="passthrough"
        )
        steps.insert(0, ("descriptors", columns))
    return Pipeline(steps)
