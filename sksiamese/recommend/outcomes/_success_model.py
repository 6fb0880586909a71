"""Probability of success by any classifier, calibrated, and how far it may be off."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from sksiamese.recommend.outcomes._acquisition import (
    NEED_STD,
    acquire,
    choose_ahead,
    choose_batch,
)
from sksiamese.recommend.outcomes._calibration import Calibration, fit_calibration, hold_out
from sksiamese.recommend.outcomes._protocol import Acquisition, BatchRequest
from sksiamese.recommend.outcomes._resampled_estimator import (
    ResampledEstimator,
    find_inner,
    split_pipeline,
)
from sksiamese.tables._positive_label import name_of_success

_LEAST_JUDGED = 100  # candidates that "n_later" looks ahead from
_DECIMALS = 3  # of probabilities that are shown

_Floats: TypeAlias = npt.NDArray[np.float64]
_Metadata: TypeAlias = Mapping[str, npt.NDArray[Any]]


class SuccessModel(ResampledEstimator):
    """A classifier, seen as a probability of success.

    Parameters
    ----------
    estimator : classifier with predict_proba
        Not fitted, or in FrozenEstimator, which is kept as it is.
    names : list of str of length n_columns
        Columns that the classifier reads.
    named : bool
        Whether it is given frames, or else arrays.
    positive : label
        The class that counts as success.
    outcome : object
        Name of the outcomes.

    Attributes
    ----------
    columns : list of str
        What probability and spread are called in a plate, such as "p(large crystal)" and "p_std".
    decimals : int
        Of probabilities that are shown.
    positive : label
        The class that counts as success.
    """

    def __init__(
        self, estimator: Any, names: list[str], named: bool, positive: Any, outcome: Any
    ) -> None:
        super().__init__(estimator, names, named)
        self.columns = [f"p({name_of_success(positive, outcome)})", "p_std"]
        self.decimals = _DECIMALS
        self.positive = positive
        self._calibration: Calibration | None = None

    def fit(
        self,
        frame: pd.DataFrame,
        y: npt.NDArray[Any],
        metadata: _Metadata,
        n_bootstrap: int,
        rng: np.random.RandomState,
    ) -> SuccessModel:
        """Fit the classifier and, if it tells no doubt of its own, clones of it on resamples.

        A search is done once: the clones have the settings that it found.
        """
        if not self._is_frozen:
            self._fit_whole(frame, y, metadata)
            if _with_std(self.estimator) is None:
                self._fit_bootstrap(frame, y, metadata, n_bootstrap, rng, strata=y)
        return self

    def calibrate(
        self,
        frame: pd.DataFrame,
        y: npt.NDArray[Any],
        metadata: _Metadata,
        same: npt.NDArray[Any],
        n_folds: int,
    ) -> _Floats:
        """Learn from clones how often what they state comes true.

        Returns
        -------
        ndarray of shape (n_rows,)
            Calibrated probabilities out of fold; NaN where there is none.
        """
        worked = np.asarray(y == self.positive)
        weight = metadata.get("sample_weight", np.ones(len(y)))
        if self._is_frozen or n_folds == 0:
            return np.full(len(y), np.nan)

        def predict(train: npt.NDArray[np.intp], test: npt.NDArray[np.intp]) -> _Floats | None:
            train = train[weight[train] > 0]
            if worked[train].all() or not worked[train].any():
                return None
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the fit to all rows has warned
                try:
                    model = self._fit_clone(frame, y, metadata, train)
                    found = model.predict_proba(self._rows(frame.iloc[test]))
                except ValueError:  # a column never varies in these rows, or has its only gap there
                    return None
            return self._success(model, found)

        stated = hold_out(predict, worked, same, n_folds)
        known = ~np.isnan(stated) & (weight > 0)
        if known.any():
            self._calibration = fit_calibration(stated[known], worked[known].astype(np.float64))
            return self._calibration.apply(stated)  # NaN stays
        return stated

    @property
    def has_std(self) -> bool:
        """Whether there is a standard deviation."""
        return bool(self._bootstrap) or _with_std(self.estimator) is not None

    @property
    def attributes(self) -> dict[str, Any]:
        """What a fitted recommender shows of it."""
        return {"classes_": self.estimator.classes_, "positive_": self.positive}

    def merit(self, frame: pd.DataFrame, y: npt.NDArray[Any]) -> _Floats:
        """Tell how good past experiments were: successes first, the most probable before others."""
        return self.probability(frame) + 2.0 * (y == self.positive)

    def order(self, y: npt.NDArray[Any], rng: np.random.RandomState) -> npt.NDArray[np.intp]:
        """Order past experiments: successes first, in any order."""
        return np.lexsort([rng.random_sample(len(y)), y != self.positive])

    def value(self, frame: pd.DataFrame, acquisition: Acquisition) -> _Floats:
        """Tell what experiments are worth, (n_rows,)."""
        if acquisition.name not in NEED_STD:
            return acquire(acquisition.name, self.probability(frame), None)
        return acquire(acquisition.name, *self.both(frame), acquisition.beta)

    def choose(self, frame: pd.DataFrame, values: _Floats, asked: BatchRequest) -> list[int]:
        """Choose a batch of candidates, whose values fall, that keep away from each other."""
        length, geometry = asked.diversity * asked.usual, asked.geometry
        away = np.empty((len(frame), 0))
        if asked.waiting is not None:
            away = geometry.distances(frame, asked.waiting)
        if asked.n_later and asked.usual:
            judged = frame.iloc[: max(_LEAST_JUDGED, 2 * asked.batch_size)]
            sizes = asked.batch_size, asked.n_later
            distance = geometry.distances(judged, frame)
            return choose_ahead(values, *sizes, distance, asked.usual, length, away)
        return choose_batch(
            values,
            asked.batch_size,
            lambda place: geometry.distances(frame, frame.iloc[[place]])[:, 0],
            length,
            away,
        )

    def describe(self, frame: pd.DataFrame) -> dict[str, Any]:
        """Give probabilities and how far they may be off."""
        p, std = self.both(frame)
        shown = np.nan if std is None else std.round(_DECIMALS)
        return dict(zip(self.columns, (p.round(_DECIMALS), shown), strict=True))

    def probability(self, frame: pd.DataFrame) -> _Floats:
        """Probability of success, (n_rows,)."""
        stated = self._success(self.estimator, self.estimator.predict_proba(self._rows(frame)))
        return stated if self._calibration is None else self._calibration.apply(stated)

    def both(self, frame: pd.DataFrame) -> tuple[_Floats, _Floats | None]:
        """Probability and its standard deviation, both (n_rows,); None where there is none."""
        rows = self._rows(frame)
        stated = self._success(self.estimator, self.estimator.predict_proba(rows))
        std = self._spread(rows)
        if self._calibration is None:
            return stated, std
        p = self._calibration.apply(stated)
        return p, None if std is None else self._calibration.spread(stated, std)

    def _spread(self, rows: Any) -> _Floats | None:
        """How far the classifier itself is in doubt, (n_rows,)."""
        found = _with_std(self.estimator)
        if found is not None:
            steps, model = found
            given = rows if steps is None else steps.transform(rows)
            return self._success(model, model.predict_std(given))
        if not self._bootstrap:
            return None
        each = [self._success(m, m.predict_proba(rows)) for m in self._bootstrap]
        return np.asarray(np.std(each, axis=0))

    def _success(self, model: Any, proba: Any) -> _Floats:
        """Column of the positive class, out of the last axis."""
        column = np.flatnonzero(np.asarray(model.classes_) == self.positive)[0]
        return np.asarray(proba, dtype=np.float64)[..., column]


def _with_std(estimator: Any) -> tuple[Any, Any] | None:
    """Find the steps before the model (or None), and the model with predict_std."""
    inner = find_inner(estimator)
    if hasattr(inner, "predict_std"):
        return None, inner
    steps, model = split_pipeline(estimator)
    return (steps, model) if hasattr(model, "predict_std") else None
