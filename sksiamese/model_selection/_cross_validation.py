"""Cross-validation of several classifiers on the same folds: what is fitted, where, in parallel."""

from __future__ import annotations

import copy
import time
import warnings
from collections.abc import Collection, Iterable, Mapping
from numbers import Integral
from typing import Any, NamedTuple

import joblib
import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import StratifiedKFold, check_cv
from tqdm import tqdm

from sksiamese._checks import shorten
from sksiamese.exceptions import NewValueWarning
from sksiamese.model_selection._scoring import Metric

_Int = npt.NDArray[np.int64]
Splits = list[list[tuple[_Int, _Int]]]  # for each repeat its folds (train, test)


class LabelledRows(NamedTuple):
    """Experiments as the classifiers receive them.

    Parameters
    ----------
    X : DataFrame or ndarray of shape (n_rows, n_columns)
        Experiments.
    y : ndarray of shape (n_rows,)
        Labels.
    classes : ndarray of shape (n_classes,)
        Distinct labels, sorted.
    """

    X: Any
    y: npt.NDArray[Any]
    classes: npt.NDArray[Any]

    def take(self, rows: _Int) -> tuple[Any, npt.NDArray[Any]]:
        """Give some rows of X and of y."""
        X = self.X.iloc[rows] if isinstance(self.X, pd.DataFrame) else self.X[rows]
        return X, self.y[rows]


class FoldJob(NamedTuple):
    """One classifier to train on one fold."""

    classifier: str
    repeat: int
    fold: int
    model: Any  # unfitted, with the random_state of the repeat
    train: _Int
    test: _Int
    is_baseline: bool


class Failure(NamedTuple):
    """What went wrong in a step: "fit", "predict" or the name of a metric."""

    step: str
    type: str
    message: str

    @classmethod
    def of(cls, step: str, error: Exception) -> Failure:
        """Note an error."""
        return cls(step, type(error).__name__, str(error))


class FoldResult(NamedTuple):
    """What came out of a fold; no predictions where the classifier failed."""

    classifier: str
    repeat: int
    fold: int
    test: _Int
    values: dict[str, float]  # by metric of folds
    failures: list[Failure]
    fit_time: float = np.nan  # seconds
    score_time: float = np.nan  # seconds, of predictions and metrics
    predicted: npt.NDArray[Any] | None = None  # (n_test,)
    proba: npt.NDArray[np.float64] | None = None  # (n_test, n_classes)
    decision: npt.NDArray[np.float64] | None = None  # (n_test, n_classes)


# -- Classifiers -----------------------------------------------------------------------------------


def name_estimators(estimators: Any) -> dict[str, Any]:
    """Bring one classifier, a list or a dict of them to a dict by name.

    Raises
    ------
    TypeError
        If one is not a classifier, or a name is not text.
    """
    if not isinstance(estimators, Mapping):
        listed = estimators if isinstance(estimators, (list, tuple)) else [estimators]
        estimators = _name_by_type(listed)
    for name, estimator in estimators.items():
        methods = ("fit", "predict", "get_params", "set_params")
        if isinstance(estimator, type) or not all(hasattr(estimator, m) for m in methods):
            raise TypeError(
                "estimators must be a scikit-learn classifier, a list of them or a dict of name to "
                f"classifier. Got {shorten(estimator)} ({type(estimator).__name__}) for {name!r}."
            )
        if not isinstance(name, str):
            raise TypeError(
                f"Names of estimators must be text. Got {name!r} ({type(name).__name__})."
            )
    return dict(estimators)


def _name_by_type(estimators: Iterable[Any]) -> dict[str, Any]:
    """Name by type, numbered from the second of a type on."""
    named: dict[str, Any] = {}
    for estimator in estimators:
        name, number = type(estimator).__name__, 1
        while (key := name if number == 1 else f"{name} {number}") in named:
            number += 1
        named[key] = estimator
    return named


# -- Folds -----------------------------------------------------------------------------------------


def draw_splits(rows: LabelledRows, groups: Any, cv: Any, seeds: Iterable[int]) -> Splits:
    """Draw the folds of each repeat, one repeat for each seed.

    An integer is so many stratified folds. A splitter with a `random_state` is copied and given the
    seed; any other gives the same folds each time.

    Raises
    ------
    ValueError
        If `cv` is neither, or if it is an integer and there are groups.
    """
    splitter = _make_splitter(cv, groups)
    splits = []
    for seed in seeds:
        if hasattr(splitter, "random_state"):
            splitter = copy.deepcopy(splitter)
            splitter.random_state = seed
        splits.append(list(splitter.split(rows.X, rows.y, groups)))
    return splits


def _make_splitter(cv: Any, groups: Any) -> Any:
    if hasattr(cv, "split") or isinstance(cv, Iterable):
        return check_cv(cv)
    if not isinstance(cv, Integral) or isinstance(cv, bool) or int(cv) < 2:
        raise ValueError(
            "The 'cv' parameter of compare_classifiers must be an integer of at least 2, a "
            f"splitter or a list of (train, test) rows. Got {cv!r} instead."
        )
    if groups is not None:
        raise ValueError(
            f"groups are given, but the stratified folds of cv={cv} make no use of them. Pass a "
            f"splitter that does, such as sklearn.model_selection.GroupKFold({cv})."
        )
    return StratifiedKFold(int(cv), shuffle=True)


def list_jobs(
    estimators: Mapping[str, Any], baselines: Collection[str], splits: Splits, seeds: list[int]
) -> list[FoldJob]:
    """List a job for each classifier, repeat and fold."""
    jobs = []
    for name, estimator in estimators.items():
        for repeat, (folds, seed) in enumerate(zip(splits, seeds, strict=True)):
            for fold, (train, test) in enumerate(folds):
                model = _clone_with_seed(estimator, seed)
                jobs.append(FoldJob(name, repeat, fold, model, train, test, name in baselines))
    return jobs


def _clone_with_seed(estimator: Any, seed: int) -> Any:
    """Clone an estimator; every `random_state`, nested ones too, is drawn from the seed."""
    model = clone(estimator)
    names = [n for n in model.get_params() if n.rpartition("__")[2] == "random_state"]
    draws = np.random.RandomState(seed).randint(2**31 - 1, size=len(names)).tolist()
    return model.set_params(**dict(zip(names, draws, strict=True)))


# -- Fits ------------------------------------------------------------------------------------------


def run_jobs(
    jobs: list[FoldJob], rows: LabelledRows, metrics: list[Metric], n_jobs: int | None, verbose: int
) -> list[FoldResult]:
    """Run all jobs, in this process or several; the results come in the order of the jobs."""
    results = joblib.Parallel(n_jobs, return_as="generator")(
        joblib.delayed(_run_job)(job, rows, metrics) for job in jobs
    )
    return list(tqdm(results, total=len(jobs), unit="fit", disable=not verbose))


def _run_job(job: FoldJob, rows: LabelledRows, metrics: list[Metric]) -> FoldResult:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NewValueWarning)  # held-out rows are new on purpose
        if job.is_baseline:  # about optimisers whose settings the user has no hand in
            warnings.simplefilter("ignore", ConvergenceWarning)
        return _fit_and_score(job, rows, metrics)


def _fit_and_score(job: FoldJob, rows: LabelledRows, metrics: list[Metric]) -> FoldResult:
    """Train on a fold, predict its test rows and score them; note what fails."""
    X, y = rows.take(job.test)
    values = {metric.name: np.nan for metric in metrics}
    result = FoldResult(job.classifier, job.repeat, job.fold, job.test, values, [])
    start, step = time.perf_counter(), "fit"
    try:
        job.model.fit(*rows.take(job.train))
        fitted, step = time.perf_counter(), "predict"
        result = result._replace(fit_time=fitted - start)
        predicted = np.asarray(job.model.predict(X))
        proba, decision = _class_values(job.model, X, rows.classes)
    except Exception as error:
        result.failures.append(Failure.of(step, error))
        return result
    for metric in metrics:
        try:
            values[metric.name] = float(metric.function(job.model, X, y))
        except Exception as error:
            result.failures.append(Failure.of(metric.name, error))
    score_time = time.perf_counter() - fitted
    return result._replace(
        score_time=score_time, predicted=predicted, proba=proba, decision=decision
    )


def _class_values(model: Any, X: Any, classes: npt.NDArray[Any]) -> tuple[Any, Any]:
    """Probabilities and decision values (n_rows, n_classes); the second only without the first.

    A class that was not in training gets the probability 0, or the lowest decision value there is.
    """
    if hasattr(model, "predict_proba"):
        return _by_class(model.predict_proba(X), model.classes_, classes, 0.0), None
    if hasattr(model, "decision_function"):
        values = np.asarray(model.decision_function(X))
        if values.ndim == 1:
            values = np.column_stack([-values, values])
        if values.shape[1] == len(model.classes_):  # not one for each pair of classes
            return None, _by_class(values, model.classes_, classes, np.finfo(float).min)
    return None, None


def _by_class(
    values: Any, seen: npt.NDArray[Any], classes: npt.NDArray[Any], unseen: float
) -> npt.NDArray[np.float64]:
    """Columns of the classes seen in training, put into those of all classes."""
    table = np.full((len(values), len(classes)), unseen)
    table[:, np.searchsorted(classes, seen)] = values
    return table
