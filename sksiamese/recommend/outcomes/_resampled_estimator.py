"""An estimator with clones of it on resamples, and what stands within a search or a pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils import resample

from sksiamese.recommend.outcomes._fit_metadata import arguments_of_fit, keep_taken

_Metadata: TypeAlias = Mapping[str, npt.NDArray[Any]]


class ResampledEstimator:
    """Base of a model of outcomes.

    Parameters
    ----------
    estimator : estimator
        Not fitted, or in FrozenEstimator, which is kept as it is.
    names : list of str of length n_columns
        Columns that the estimator reads.
    named : bool
        Whether it is given frames, or else arrays.
    """

    def __init__(self, estimator: Any, names: list[str], named: bool) -> None:
        self._is_frozen = isinstance(estimator, FrozenEstimator)
        self.estimator = estimator if self._is_frozen else clone(estimator)
        self._names = names
        self._named = named
        self._bootstrap: list[Any] = []

    def _fit_whole(self, frame: pd.DataFrame, y: npt.NDArray[Any], metadata: _Metadata) -> None:
        """Fit the estimator itself."""
        self.estimator.fit(self._rows(frame), y, **arguments_of_fit(self.estimator, metadata))

    def _fit_bootstrap(
        self,
        frame: pd.DataFrame,
        y: npt.NDArray[Any],
        metadata: _Metadata,
        n_bootstrap: int,
        rng: np.random.RandomState,
        strata: npt.NDArray[Any] | None = None,
    ) -> None:
        """Fit clones on bootstrap samples; each holds as many rows of each of the `strata`."""
        for _ in range(n_bootstrap):
            rows = resample(np.arange(len(y)), stratify=strata, random_state=rng)
            self._bootstrap.append(self._fit_clone(frame, y, metadata, rows))

    def _fit_clone(
        self, frame: pd.DataFrame, y: npt.NDArray[Any], metadata: _Metadata, rows: Any
    ) -> Any:
        """Fit a clone, with the settings that a search found, to some rows."""
        member = clone(find_inner(self.estimator))
        part = {name: each[rows] for name, each in keep_taken(member, metadata).items()}
        return member.fit(self._rows(frame.iloc[rows]), y[rows], **arguments_of_fit(member, part))

    def _rows(self, frame: pd.DataFrame) -> Any:
        """Give rows as the estimator reads them."""
        rows = frame[self._names]
        return rows if self._named else rows.to_numpy()


def find_inner(estimator: Any) -> Any:
    """Give the estimator within FrozenEstimator, and what a search found."""
    inner = estimator.estimator if isinstance(estimator, FrozenEstimator) else estimator
    return getattr(inner, "best_estimator_", inner)


def split_pipeline(estimator: Any) -> tuple[Any, Any]:
    """Give the steps before the last one, or None, and the last one."""
    inner = find_inner(estimator)
    return (inner[:-1], inner[-1]) if isinstance(inner, Pipeline) else (None, inner)
