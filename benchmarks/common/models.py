"""The six models of arXiv 1811.02771, by name and setting."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
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
SETTINGS = ("paper", "default", "tuned")
TUNED_PATH = Path(__file__).parents[1] / "tuned_settings.json"  # python benchmarks/tuning.py --save


def make_model(
    model: str, setting: str, smiles_columns: list[str], tuned: Mapping[str, Any] | None = None
) -> Pipeline:
    """Make an unfitted Pipeline whose last step is "model".

    The setting is "paper", "default" or "tuned", which is the default with the parameters `tuned`.
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
    return Pipeline(steps).set_params(**(tuned or {}))


def read_tuned_settings(path: Path = TUNED_PATH) -> dict[tuple[str, str], dict[str, Any]]:
    """Read what searches found, by model and data."""
    if not path.exists():
        raise SystemExit(
            f"{path} is not there. Write it with python benchmarks/tuning.py --save {path}, or "
            "leave tuned models out: --settings paper default"
        )
    found = json.loads(path.read_text())["results"]
    return {(row["model"], row["data"]): row["settings"] for row in found}
