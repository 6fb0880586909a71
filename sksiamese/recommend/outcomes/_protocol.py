"""What a recommender asks of a model of outcomes, whether they are successes or numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

_Floats: TypeAlias = npt.NDArray[np.float64]


class Distances(Protocol):
    """Measures how far experiments are apart."""

    def distances(self, A: pd.DataFrame, B: pd.DataFrame) -> _Floats:
        """Distances (n_a, n_b) of each experiment in A to each in B."""


class Acquisition(NamedTuple):
    """What makes an experiment worth doing.

    Parameters
    ----------
    name : str
        Such as "probability".
    beta : float
        Standard deviations that "ucb" adds.
    """

    name: str
    beta: float


class BatchRequest(NamedTuple):
    """What a batch has to be.

    Parameters
    ----------
    acquisition : Acquisition
        What makes an experiment worth doing.
    batch_size, n_later : int
        How many experiments to choose, and how many will follow.
    waiting : DataFrame or None
        Experiments that count as chosen before.
    geometry : Distances
        Measures how far experiments are apart.
    usual, diversity : float
        The median distance of past experiments to their nearest neighbours, and how far the batch
        keeps apart, in such distances.
    """

    acquisition: Acquisition
    batch_size: int
    n_later: int
    waiting: pd.DataFrame | None
    geometry: Distances
    usual: float
    diversity: float


class OutcomeModel(Protocol):
    """An estimator, seen as what it says of experiments that were not done yet."""

    estimator: Any
    """The estimator; fitted after :meth:`fit`."""

    columns: list[str]
    """Names of what :meth:`describe` gives."""

    decimals: int
    """Of values that are shown."""

    def fit(
        self,
        frame: pd.DataFrame,
        y: npt.NDArray[Any],
        metadata: Mapping[str, npt.NDArray[Any]],
        n_bootstrap: int,
        rng: np.random.RandomState,
    ) -> OutcomeModel:
        """Fit the estimator and, if it tells no doubt of its own, clones of it on resamples."""

    def calibrate(
        self,
        frame: pd.DataFrame,
        y: npt.NDArray[Any],
        metadata: Mapping[str, npt.NDArray[Any]],
        same: npt.NDArray[Any],
        n_folds: int,
    ) -> _Floats:
        """Learn from clones how far predictions can be trusted; give those out of fold, or NaN."""

    @property
    def has_std(self) -> bool:
        """Whether it tells how far a prediction may be off."""

    @property
    def attributes(self) -> dict[str, Any]:
        """What a fitted recommender shows of it."""

    def order(self, y: npt.NDArray[Any], rng: np.random.RandomState) -> npt.NDArray[np.intp]:
        """Order past experiments: those first into which other molecules are put."""

    def merit(self, frame: pd.DataFrame, y: npt.NDArray[Any]) -> _Floats:
        """Tell how good past experiments were, the larger the better, (n_rows,)."""

    def value(self, frame: pd.DataFrame, acquisition: Acquisition) -> _Floats:
        """Tell what experiments are worth, (n_rows,)."""

    def choose(self, frame: pd.DataFrame, values: _Floats, asked: BatchRequest) -> list[int]:
        """Choose a batch of candidates, whose values fall; their places, the best first."""

    def describe(self, frame: pd.DataFrame) -> dict[str, Any]:
        """Give what is shown of experiments beside their value, by column."""
