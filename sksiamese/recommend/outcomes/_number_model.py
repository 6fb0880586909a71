"""A measured number by any regressor, and how far the prediction may be off."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from functools import partial
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from sksiamese._checks import shorten
from sksiamese.recommend.outcomes._expected_improvement import (
    choose_believing,
    expected_improvement,
    probability_of_improvement,
)
from sksiamese.recommend.outcomes._fit_metadata import takes_campaigns
from sksiamese.recommend.outcomes._protocol import Acquisition, BatchRequest
from sksiamese.recommend.outcomes._resampled_estimator import (
    ResampledEstimator,
    find_inner,
    split_pipeline,
)

GOALS = ("maximize", "minimize")
ACQUISITIONS_OF_NUMBERS = ("expected_improvement", "probability", "ucb")
_MOST_JUDGED = 1000  # candidates that a batch is chosen from; 10 for each of a larger batch
_DIGITS = 3  # of a number that is shown, by the spread of the outcomes

_Floats: TypeAlias = npt.NDArray[np.float64]


class PastNumbers(Protocol):
    """What past campaigns measured; see :class:`sksiamese.recommend._history.History`."""

    frame: pd.DataFrame
    y: _Floats
    campaigns: npt.NDArray[np.object_]


class NumberModel(ResampledEstimator):
    """A regressor, seen as a number that is to become large, and its spread.

    The spread is that of ``predict(X, return_std=True)``, alone or at the end of a Pipeline; of the
    members of an ensemble (``estimators_``); or of clones fitted on bootstrap samples. How
    predictions depend on each other is that of ``predict(X, return_cov=True)``, of members or of
    clones.

    Parameters
    ----------
    estimator : regressor
        Not fitted, or in FrozenEstimator, which is kept as it is.
    names : list of str of length n_columns
        Columns that the regressor reads.
    named : bool
        Whether it is given frames, or else arrays.
    goal : {"maximize", "minimize"}
        Whether large or small numbers are wanted. Small ones change their sign in here.
    history : PastNumbers or None
        What past campaigns measured.
    """

    def __init__(
        self,
        estimator: Any,
        names: list[str],
        named: bool,
        goal: str,
        history: PastNumbers | None = None,
    ) -> None:
        super().__init__(estimator, names, named)
        self._history = history
        self.sign = 1.0 if goal == "maximize" else -1.0
        self.columns = ["predicted", "std", "p(better)"]
        self.decimals = _DIGITS
        self.best = -np.inf

    def fit(
        self,
        frame: pd.DataFrame,
        y: _Floats,
        metadata: Mapping[str, npt.NDArray[Any]],
        n_bootstrap: int,
        rng: np.random.RandomState,
    ) -> NumberModel:
        """Fit the regressor and, if it tells no covariance, clones of it on resamples."""
        n_own, past = len(y), self._history
        y = self._settle(y)
        if past is not None:
            metadata = self._join_metadata(past, metadata, n_own)
            frame, y = pd.concat([past.frame, frame]), np.concatenate([self._settle(past.y), y])
        if np.ptp(y) > 0:
            self.decimals = _DIGITS - 1 - math.floor(math.log10(np.ptp(y)))
        if not self._is_frozen:
            self._fit_whole(frame, y, metadata)
            if not _can(self.estimator, "return_cov") and _members(self.estimator) is None:
                self._fit_bootstrap(frame, y, metadata, n_bootstrap, rng)
        own = self.sign * y[len(y) - n_own :]
        # Before the first experiment, what the best recipe of the past promises here
        self.best = float(own.max() if n_own else self._mean(self._rows(frame)).max())
        return self

    def _settle(self, y: _Floats) -> _Floats:
        """Give failed experiments a number."""
        past = None if self._history is None else self.sign * self._history.y
        return self.sign * replace_failed(self.sign * y, past)

    def _join_metadata(
        self, past: PastNumbers, metadata: Mapping[str, npt.NDArray[Any]], n_own: int
    ) -> dict[str, npt.NDArray[Any]]:
        """Weights of all rows, and their campaigns for a regressor that tells these apart."""
        weight = metadata.get("sample_weight")
        known = {}
        if weight is not None:
            known["sample_weight"] = np.r_[np.ones(len(past.y)), weight]
        if takes_campaigns(self.estimator):
            at_hand = np.full(n_own, None, dtype=object)
            known["groups"] = np.concatenate([past.campaigns, at_hand])
        return known

    @property
    def has_std(self) -> bool:
        """Whether there is a standard deviation."""
        found = self.estimator
        known = any(_can(found, name) for name in ("return_std", "return_cov"))
        return known or bool(self._bootstrap) or _members(found) is not None

    def merit(self, frame: pd.DataFrame, y: _Floats) -> _Floats:
        """Tell how good past experiments were: their numbers, the larger the better."""
        return self.sign * y

    def value(self, frame: pd.DataFrame, acquisition: Acquisition) -> _Floats:
        """Tell what experiments are worth, (n_rows,)."""
        return _value(acquisition, *self.marginal(frame), self.best)

    def choose(self, frame: pd.DataFrame, values: _Floats, asked: BatchRequest) -> list[int]:
        """Choose a batch of candidates, each as if the others had given what is expected of them.

        Candidates are ordered by value; only the best thousand are compared.
        """
        judged = frame.iloc[: max(_MOST_JUDGED, 10 * asked.batch_size)]
        n_pending = 0 if asked.waiting is None else len(asked.waiting)
        rows = judged if asked.waiting is None else pd.concat([asked.waiting, judged])
        value = partial(_value, asked.acquisition)
        return choose_believing(*self.joint(rows), self.best, asked.batch_size, n_pending, value)

    def describe(self, frame: pd.DataFrame) -> dict[str, Any]:
        """Give predictions, their spread, and the probability to be better than the best so far."""
        mean, std = self.marginal(frame)
        better = probability_of_improvement(mean, std, self.best)
        shown = (self.sign * mean).round(self.decimals), std.round(self.decimals), better.round(3)
        return dict(zip(self.columns, shown, strict=True))

    def calibrate(
        self,
        frame: pd.DataFrame,
        y: _Floats,
        metadata: Mapping[str, npt.NDArray[Any]],
        same: npt.NDArray[Any],
        n_folds: int,
    ) -> _Floats:
        """Hold nothing out: only probabilities are calibrated."""
        return np.full(len(y), np.nan)

    @property
    def attributes(self) -> dict[str, Any]:
        """What a fitted recommender shows of it."""
        return {"best_": self.sign * self.best}

    def order(self, y: _Floats, rng: np.random.RandomState) -> npt.NDArray[np.intp]:
        """Order past experiments, the best first."""
        return np.argsort(-self.sign * y, kind="stable")

    def marginal(self, frame: pd.DataFrame) -> tuple[_Floats, _Floats]:
        """Prediction, the larger the better, and its standard deviation, (n_rows,) each."""
        rows = self._rows(frame)
        if _can(self.estimator, "return_std"):
            return self._own_marginal(rows)
        return self._mean(rows), self._each(rows).std(axis=0)

    def joint(self, frame: pd.DataFrame) -> tuple[_Floats, _Floats]:
        """Prediction (n_rows,), the larger the better, and its covariance, (n_rows, n_rows)."""
        rows = self._rows(frame)
        if _can(self.estimator, "return_cov"):
            mean, covariance = find_inner(self.estimator).predict(rows, return_cov=True)
            return self.sign * np.asarray(mean, np.float64), np.asarray(covariance, np.float64)
        each = self._each(rows)
        if _can(self.estimator, "return_std"):
            mean, std = self._own_marginal(rows)
        else:
            mean, std = self._mean(rows), each.std(axis=0)
        if len(each) < 2:  # of a frozen regressor
            return mean, np.diag(std**2)
        apart = each - each.mean(axis=0)
        within = np.sqrt((apart**2).mean(axis=0))  # 0 where all agree
        scaled = np.divide(apart, within, out=np.zeros_like(apart), where=within > 0)
        correlation = (scaled.T @ scaled) / len(scaled)
        return mean, correlation * np.outer(std, std)

    def _mean(self, rows: Any) -> _Floats:
        """Prediction alone, the larger the better, (n_rows,)."""
        return self.sign * np.asarray(self.estimator.predict(rows), np.float64)

    def _own_marginal(self, rows: Any) -> tuple[_Floats, _Floats]:
        """Prediction and standard deviation of a regressor that gives both, (n_rows,) each."""
        mean, std = find_inner(self.estimator).predict(rows, return_std=True)
        return self.sign * np.asarray(mean, np.float64), np.asarray(std, np.float64)

    def _each(self, rows: Any) -> _Floats:
        """Predictions of members or clones, (n_members, n_rows)."""
        members = _members(self.estimator)
        if members is None:
            return np.array([each.predict(rows) for each in self._bootstrap], np.float64)
        steps, ensemble = members
        given = np.asarray(rows if steps is None else steps.transform(rows))
        columns = getattr(ensemble, "estimators_features_", None)
        parts = [given] * len(ensemble.estimators_)
        if columns is not None:
            parts = [given[:, chosen] for chosen in columns]
        pairs = zip(ensemble.estimators_, parts, strict=True)
        return np.array([each.predict(part) for each, part in pairs], np.float64)


def require_regressor(owner: str, estimator: object) -> None:
    """Refuse an `estimator` that predicts classes, or nothing.

    Raises
    ------
    TypeError
        Naming the value.
    """
    if not hasattr(estimator, "predict") or hasattr(estimator, "predict_proba"):
        raise TypeError(
            f"The 'estimator' parameter of {owner} must be a regressor where there is a goal. Got "
            f"{shorten(estimator)} instead: take one such as GraphFingerprintSiameseRegressor, or "
            "leave goal out."
        )


def replace_failed(y: _Floats, past: _Floats | None = None) -> _Floats:
    """Let failed experiments count as the worst number measured; past ones where there is none.

    Parameters
    ----------
    y : ndarray of shape (n_rows,)
        Numbers, the larger the better; minus infinity of a failed experiment.
    past : ndarray of shape (n_past,) or None
        Numbers of past campaigns.

    Examples
    --------
    >>> import numpy as np
    >>> from sksiamese.recommend.outcomes._number_model import replace_failed
    >>> replace_failed(np.array([30.0, -np.inf, 12.0])).tolist()
    [30.0, 12.0, 12.0]
    """
    known = y[np.isfinite(y)]
    if not len(known) and past is not None:
        known = past[np.isfinite(past)]
    return np.where(np.isfinite(y), y, known.min() if len(known) else 0.0)


def _value(acquisition: Acquisition, mean: _Floats, std: _Floats, best: float) -> _Floats:
    if acquisition.name == "ucb":
        return mean + acquisition.beta * std
    if acquisition.name == "probability":
        return probability_of_improvement(mean, std, best)
    return expected_improvement(mean, std, best)


def _can(estimator: Any, name: str) -> bool:
    """Whether predict takes an argument, here or at the end of a Pipeline."""
    _, model = split_pipeline(estimator)
    return name in inspect.signature(model.predict).parameters


def _members(estimator: Any) -> tuple[Any, Any] | None:
    """Find the steps before an ensemble (or None), and the ensemble.

    Stages of boosting, which are not members, stand in an array.
    """
    steps, model = split_pipeline(estimator)
    return (steps, model) if isinstance(getattr(model, "estimators_", None), list) else None
