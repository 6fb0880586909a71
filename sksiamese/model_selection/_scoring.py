"""Metrics of a cross-validation: of each fold, and of all out-of-fold predictions together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    f1_score,
    get_scorer,
    get_scorer_names,
    matthews_corrcoef,
    roc_auc_score,
)

from sksiamese._checks import shorten


class OutOfFold(NamedTuple):
    """Predictions by one classifier of rows that it was not trained on.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        Class labels, sorted; of two, the second is the positive class.
    y : ndarray of shape (n_rows,)
        True labels.
    predicted : ndarray of shape (n_rows,)
        Predicted labels.
    proba : ndarray of shape (n_rows, n_classes) or None
        Probabilities; None if the classifier gives none.
    decision : ndarray of shape (n_rows, n_classes) or None
        Values of ``decision_function`` of a classifier without probabilities.
    """

    classes: npt.NDArray[Any]
    y: npt.NDArray[Any]
    predicted: npt.NDArray[Any]
    proba: npt.NDArray[np.float64] | None
    decision: npt.NDArray[np.float64] | None


class Metric(NamedTuple):
    """A metric under the name the user knows it by.

    Parameters
    ----------
    name : str
        Its name in the results.
    function : callable
        Of an OutOfFold if `pooled`, else a scorer called with (estimator, X, y).
    pooled : bool
        Whether it takes all out-of-fold predictions of a repeat at once.
    lower_is_better : bool
        Whether it is a loss.
    """

    name: str
    function: Callable[..., float]
    pooled: bool
    lower_is_better: bool


def _mcc(found: OutOfFold) -> float:
    return float(matthews_corrcoef(found.y, found.predicted))


def _accuracy(found: OutOfFold) -> float:
    return float(accuracy_score(found.y, found.predicted))


def _f1(found: OutOfFold) -> float:
    scores = f1_score(found.y, found.predicted, labels=_scored(found), average=None)
    return float(np.mean(scores))


def _roc_auc(found: OutOfFold) -> float:
    return _mean_over_classes(roc_auc_score, found)


def _average_precision(found: OutOfFold) -> float:
    return _mean_over_classes(average_precision_score, found)


def _brier(found: OutOfFold) -> float:
    """Mean squared error of the probabilities, of the positive class or summed over the classes."""
    if found.proba is None:
        raise AttributeError("The classifier has no predict_proba, which this metric needs.")
    errors = (found.proba - (found.y[:, None] == found.classes)) ** 2  # (n_rows, n_classes)
    return float(errors[:, 1].mean() if len(found.classes) == 2 else errors.sum(axis=1).mean())


def _scored(found: OutOfFold) -> npt.NDArray[Any]:
    """Classes that a metric of one class against the rest is averaged over."""
    return found.classes[1:] if len(found.classes) == 2 else found.classes


def _mean_over_classes(metric: Callable[..., float], found: OutOfFold) -> float:
    """Mean of a metric of "this class or not"; of two classes, the positive one alone."""
    ranking = found.decision if found.proba is None else found.proba
    if ranking is None:
        raise AttributeError(
            "The classifier has neither predict_proba nor a decision_function with a value for "
            "each class, one of which this metric needs."
        )
    columns = ranking[:, -len(_scored(found)) :].T
    pairs = zip(_scored(found), columns, strict=True)
    return float(np.mean([metric(found.y == label, column) for label, column in pairs]))


POOLED: Mapping[str, Callable[[OutOfFold], float]] = MappingProxyType(
    {
        "pooled_mcc": _mcc,
        "pooled_roc_auc": _roc_auc,
        "pooled_average_precision": _average_precision,
        "pooled_accuracy": _accuracy,
        "pooled_f1": _f1,
        "pooled_brier": _brier,
    }
)
"""Name to metric of all out-of-fold predictions of a repeat together.

Of two classes, F1, ROC-AUC and average precision are those of the positive one; of more, the mean
over "this class or not". The Brier score (lower is better) is halved for two classes, so that it
lies in 0 to 1 there and in 0 to 2 for more.
"""

_LOSSES = frozenset({"pooled_brier"})
_DEFAULT = ("pooled_mcc", "pooled_roc_auc")


def read_scoring(scoring: Any) -> list[Metric]:
    """Bring `scoring`, as in scikit-learn's ``cross_validate`` or pooled, to a list of metrics.

    Raises
    ------
    TypeError
        If it is not a name, scorer, list of names or dict of these.
    ValueError
        If a name is unknown or there is none.
    """
    if scoring is None:
        scoring = _DEFAULT
    if isinstance(scoring, str):
        scoring = [scoring]
    if callable(scoring):
        scoring = {"score": scoring}
    if not isinstance(scoring, Mapping):
        if not isinstance(scoring, Iterable):
            raise _wrong_scoring(scoring)
        scoring = {name: name for name in scoring}
    if not scoring:
        raise ValueError(f"scoring names no metric. Name one of {', '.join(POOLED)}.")
    return [_read_metric(name, scorer) for name, scorer in scoring.items()]


def _read_metric(name: Any, scorer: Any) -> Metric:
    if not isinstance(name, str) or not (isinstance(scorer, str) or callable(scorer)):
        raise _wrong_scoring(name if not isinstance(name, str) else scorer)
    if callable(scorer):
        return Metric(name, scorer, pooled=False, lower_is_better=False)
    if scorer in POOLED:
        return Metric(name, POOLED[scorer], pooled=True, lower_is_better=scorer in _LOSSES)
    if scorer not in get_scorer_names():
        raise ValueError(
            f"scoring {scorer!r} is unknown. Name one of {', '.join(POOLED)}, or one of "
            "scikit-learn's scorers, which sklearn.metrics.get_scorer_names() lists."
        )
    return Metric(name, get_scorer(scorer), pooled=False, lower_is_better=False)


def _wrong_scoring(found: object) -> TypeError:
    return TypeError(
        "scoring must be the name of a metric, a scorer called with (estimator, X, y), a list of "
        f"names, or a dict of name to one of these. Got {shorten(found)} "
        f"({type(found).__name__})."
    )
