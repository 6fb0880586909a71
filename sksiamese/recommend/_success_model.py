"""Probability of success by any classifier, and how far it may be off."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils import resample

from sksiamese.tables._positive_label import name_of_success

_Floats: TypeAlias = npt.NDArray[np.float64]


class SuccessModel:
    """A classifier, seen as a probability of success.

    Parameters
    ----------
    estimator : classifier with predict_proba
        Not fitted, or in FrozenEstimator, which is kept as it is.
    names : list of str of length n_columns
        Columns that the classifier reads.
    named : bool
        Whether it is given frames, or else arrays.

    Attributes
    ----------
    column : str
        What the probability is called in a plate, such as "p(large crystal)".
    """

    def __init__(self, estimator: Any, names: list[str], named: bool) -> None:
        self.is_frozen = isinstance(estimator, FrozenEstimator)
        self.estimator = estimator if self.is_frozen else clone(estimator)
        self._names = names
        self._named = named
        self._bootstrap: list[Any] = []
        self._positive: Any = None
        self.column = ""

    def fit(
        self,
        frame: pd.DataFrame,
        y: npt.NDArray[Any],
        n_bootstrap: int,
        rng: np.random.RandomState,
    ) -> SuccessModel:
        """Fit the classifier and, if it tells no doubt of its own, clones of it on resamples.

        A search is done once: the clones have the settings that it found.
        """
        if self.is_frozen:
            return self
        self.estimator.fit(self._rows(frame), y)
        if _with_std(self.estimator) is None:
            found = _searched(self.estimator)
            for _ in range(n_bootstrap):
                rows = resample(np.arange(len(y)), stratify=y, random_state=rng)
                member = clone(found)
                self._bootstrap.append(member.fit(self._rows(frame.iloc[rows]), y[rows]))
        return self

    def set_positive(self, label: Any, outcome: Any) -> None:
        """Choose the class that counts as success; `outcome` is the name of the outcomes."""
        self._positive = label
        self.column = f"p({name_of_success(label, outcome)})"

    @property
    def has_std(self) -> bool:
        """Whether there is a standard deviation."""
        return bool(self._bootstrap) or _with_std(self.estimator) is not None

    def probability(self, frame: pd.DataFrame) -> _Floats:
        """Probability of success, (n_rows,)."""
        return self._success(self.estimator, self.estimator.predict_proba(self._rows(frame)))

    def both(self, frame: pd.DataFrame) -> tuple[_Floats, _Floats | None]:
        """Probability and its standard deviation, both (n_rows,); None where there is none."""
        rows, p = self._rows(frame), self.probability(frame)
        found = _with_std(self.estimator)
        if found is not None:
            steps, model = found
            given = rows if steps is None else steps.transform(rows)
            return p, self._success(model, model.predict_std(given))
        if not self._bootstrap:
            return p, None
        each = [self._success(m, m.predict_proba(rows)) for m in self._bootstrap]
        return p, np.std(each, axis=0)

    def _success(self, model: Any, proba: Any) -> _Floats:
        """Column of the positive class, out of the last axis."""
        column = np.flatnonzero(np.asarray(model.classes_) == self._positive)[0]
        return np.asarray(proba, dtype=np.float64)[..., column]

    def _rows(self, frame: pd.DataFrame) -> Any:
        rows = frame[self._names]
        return rows if self._named else rows.to_numpy()


def _searched(estimator: Any) -> Any:
    """Give what a search found; any other estimator is returned as it is."""
    return getattr(estimator, "best_estimator_", estimator)


def _with_std(estimator: Any) -> tuple[Any, Any] | None:
    """Find the steps before the model (or None), and the model with predict_std."""
    inner = estimator.estimator if isinstance(estimator, FrozenEstimator) else estimator
    inner = _searched(inner)
    if hasattr(inner, "predict_std"):
        return None, inner
    if isinstance(inner, Pipeline) and hasattr(inner[-1], "predict_std"):
        return inner[:-1], inner[-1]
    return None
