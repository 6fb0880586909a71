"""Before the first number: experiments that represent all that is possible."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import clone

from sksiamese.recommend.outcomes._protocol import Acquisition, BatchRequest

_MOST_JUDGED = 1000  # candidates that a batch is chosen from and stands for
_TIE = 1e-9  # all experiments are worth the same; the order of candidates must not decide

_Floats: TypeAlias = npt.NDArray[np.float64]


class NothingKnown:
    """Model of numbers of which none was measured yet.

    Parameters
    ----------
    estimator : regressor
        It is left unfitted.
    """

    decimals = 3
    has_std = True

    def __init__(self, estimator: Any) -> None:
        self.estimator = clone(estimator)
        self.columns = ["predicted", "std", "p(better)"]

    def fit(self, *arguments: Any) -> NothingKnown:
        """Learn nothing."""
        return self

    def calibrate(self, *arguments: Any) -> _Floats:
        """Hold nothing out."""
        return np.empty(0)

    @property
    def attributes(self) -> dict[str, Any]:
        """What a fitted recommender shows of it."""
        return {"best_": np.nan}

    def order(self, y: _Floats, rng: np.random.RandomState) -> npt.NDArray[np.intp]:
        """Order no experiment."""
        return np.empty(0, np.intp)

    def merit(self, frame: pd.DataFrame, y: _Floats) -> _Floats:
        """Tell how good no experiment was."""
        return np.empty(0)

    def value(self, frame: pd.DataFrame, acquisition: Acquisition) -> _Floats:
        """Tell that experiments are worth the same, but for a random tie, (n_rows,)."""
        return _TIE * np.random.RandomState(0).uniform(size=len(frame))

    def choose(self, frame: pd.DataFrame, values: _Floats, asked: BatchRequest) -> list[int]:
        """Choose candidates one by one, each to make the nearest chosen one nearest to all."""
        judged = frame.iloc[: max(_MOST_JUDGED, 10 * asked.batch_size)]
        distance = asked.geometry.distances(judged, judged)
        nearest = np.full(len(judged), distance.max() + 1)
        if asked.waiting is not None:
            nearest = asked.geometry.distances(judged, asked.waiting).min(axis=1)
        return choose_representative(distance, nearest, asked.batch_size)

    def describe(self, frame: pd.DataFrame) -> dict[str, Any]:
        """Give nothing of experiments."""
        return dict.fromkeys(self.columns, np.nan)


def choose_representative(distance: _Floats, nearest: _Floats, batch_size: int) -> list[int]:
    """Choose points one by one, so that the mean distance of all to the nearest chosen one falls.

    Parameters
    ----------
    distance : ndarray of shape (n, n)
        Distances of points.
    nearest : ndarray of shape (n,)
        Their distances to what was chosen before; something larger than all where that is nothing.
    batch_size : int
        How many to choose, at most n.

    Returns
    -------
    list of int of length batch_size
        Places, the most representative first.

    Notes
    -----
    Each step lowers the mean as much as one point can, which comes within 63 % of the best batch
    (Nemhauser et al., "An analysis of approximations for maximizing submodular set functions",
    1978).

    Examples
    --------
    >>> import numpy as np
    >>> from sksiamese.recommend.outcomes._nothing_known import choose_representative
    >>> x = np.array([0.0, 1.0, 2.0, 10.0, 11.0])
    >>> distance = np.abs(x[:, None] - x)
    >>> choose_representative(distance, np.full(5, 12.0), 2)
    [2, 3]
    """
    chosen: list[int] = []
    for _ in range(batch_size):
        mean = np.minimum(distance, nearest).mean(axis=1)
        mean[chosen] = np.inf
        chosen.append(int(mean.argmin()))
        nearest = np.minimum(nearest, distance[chosen[-1]])
    return chosen
