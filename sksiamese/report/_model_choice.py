"""Which models a report compares, and which of them it uses."""

from __future__ import annotations

from typing import Any

import pandas as pd
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from sksiamese.model_selection._baselines import make_baselines
from sksiamese.models import GraphFingerprintSiameseClassifier

SIAMESE, FOREST, PROCESS = "siamese classifier", "random forest", "Gaussian process"
MODELS = (SIAMESE, FOREST, PROCESS)
"""Names of the models that are offered."""

_NAMES = {
    "GraphFingerprintSiameseClassifier": SIAMESE,
    "RandomForestClassifier": FOREST,
    "GaussianProcessClassifier": PROCESS,
}
MOST_ROWS_OF_PROCESS = 500  # beyond, its time, which grows with their cube, is most of a report's


def offer_models(X: pd.DataFrame, names: tuple[str, ...] = MODELS) -> dict[str, Any]:
    """Make unfitted classifiers for the columns of a table.

    Parameters
    ----------
    X : DataFrame of shape (n_rows, n_columns)
        Experiments.
    names : tuple of str, default=MODELS
        Which of them. The Gaussian process is left out of a choice where there are many rows.
    """
    if len(names) > 1 and len(X) > MOST_ROWS_OF_PROCESS:
        names = tuple(name for name in names if name != PROCESS)
    others = make_baselines(X, [name for name in names if name != SIAMESE], "descriptors")
    siamese = {SIAMESE: GraphFingerprintSiameseClassifier()} if SIAMESE in names else {}
    return siamese | others


def name_model(estimator: Any) -> tuple[str, Any]:
    """Name the classifier of a campaign, and give it unfitted."""
    inner = estimator.estimator if isinstance(estimator, FrozenEstimator) else estimator
    last = inner[-1] if isinstance(inner, Pipeline) else inner
    return _NAMES.get(type(last).__name__, type(last).__name__), clone(inner)
