"""Models of the tables, run on one draw and scored."""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    log_loss,
    matthews_corrcoef,
    roc_auc_score,
)

from common.table_tasks import Table, TableDraw
from sksiamese import GraphFingerprintSiameseClassifier
from sksiamese.model_selection._baselines import BASELINES, make_baselines

OWN, BASE_RATE, REFERENCE = "siamese", "base rate", "random forest, ECFP"
MODELS = (OWN, BASE_RATE, *(name for name in BASELINES if name != "majority class"))
_CLIP = 1e-4  # of probabilities: a certain error costs 9.2 of log loss, not everything


def make_model(name: str, X: pd.DataFrame, seed: int) -> Any:
    """Make an unfitted model of the seed for the columns of a table.

    The base rate is that of the training rows, a half in balanced draws.
    """
    if name == OWN:
        return GraphFingerprintSiameseClassifier(random_state=seed)
    if name == BASE_RATE:
        return DummyClassifier(strategy="prior")
    model = clone(make_baselines(X, [name], "descriptors")[name])
    seeds = [key for key in model.get_params() if key.rpartition("__")[2] == "random_state"]
    return model.set_params(**dict.fromkeys(seeds, seed))


def run_model(name: str, table: Table, draw: TableDraw, seed: int) -> dict[str, float | None]:
    """Fit a model to the training rows, predict the test rows, and score that."""
    model = make_model(name, table.X, seed)
    X, y = table.X.iloc[draw.test], table.y[draw.test]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        start = time.process_time()
        model.fit(table.X.iloc[draw.train], table.y[draw.train])
        fitted = time.process_time()
    ranking = _ranking(model, X)
    predicted = time.process_time()
    has_proba = hasattr(model, "predict_proba")
    scores = score_predictions(y, model.predict(X), ranking, has_proba)
    return scores | {"fit_s": fitted - start, "predict_s": predicted - fitted}


def _ranking(model: Any, X: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Probability of class 1, or the decision value of a model without."""
    if hasattr(model, "predict_proba"):
        return np.asarray(model.predict_proba(X))[:, 1]
    return np.asarray(model.decision_function(X))


def score_predictions(
    y: npt.NDArray[np.int64],
    label: npt.NDArray[np.int64],
    ranking: npt.NDArray[np.float64],
    has_proba: bool,
) -> dict[str, float | None]:
    """Score predicted labels, the ranking and, where it is one of probabilities, these."""
    scores: dict[str, float | None] = {
        "mcc": float(matthews_corrcoef(y, label)),
        "roc_auc": float(roc_auc_score(y, ranking)),
        "average_precision": float(average_precision_score(y, ranking)),
        "brier": None,
        "log_loss": None,
        "slope": None,
    }
    if has_proba:
        proba = np.clip(ranking, _CLIP, 1 - _CLIP)
        scores["brier"] = float(brier_score_loss(y, ranking))
        scores["log_loss"] = float(log_loss(y, proba))
        scores["slope"] = calibration_slope(y, proba)
    return scores


def calibration_slope(y: npt.NDArray[np.int64], proba: npt.NDArray[np.float64]) -> float | None:
    """Slope of the outcome on the logit of its probability: 1 is right, less is overconfident.

    None where the probability does not vary.
    """
    logit = np.log(proba / (1 - proba))
    if np.ptp(logit) < 1e-9:
        return None
    fitted = LogisticRegression(C=np.inf, max_iter=1000).fit(logit[:, None], y)
    return float(fitted.coef_[0, 0])
