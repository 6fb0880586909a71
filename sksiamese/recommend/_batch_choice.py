"""The plate: a batch chosen among the best candidates, with all that is known of it."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from sksiamese.recommend._acquisition import choose_ahead, choose_batch
from sksiamese.recommend._candidates import Pool
from sksiamese.recommend._recipe_distances import RecipeGeometry
from sksiamese.recommend._success_model import SuccessModel

RESULTS = ["p_std", "in_domain", "new_pairs", "nearest_experiment", "distance", "acquisition"]
"""Columns that a recommendation adds to a recipe, beside the probability, which names its class."""

_LEAST_JUDGED = 100  # candidates that "n_later" looks ahead from
_DECIMALS = 3  # of what is estimated
_DOMAIN = 0.95  # share of past experiments that lie within the domain of the others

_Floats: TypeAlias = npt.NDArray[np.float64]


def choose_plate(
    pool: Pool,
    batch_size: int,
    n_later: int,
    geometry: RecipeGeometry,
    spacing: _Floats,
    diversity: float,
    waiting: pd.DataFrame | None,
) -> list[int]:
    """Choose a batch of experiments that keep away from each other.

    Parameters
    ----------
    pool : Pool
        The best candidates.
    batch_size, n_later : int
        How many to choose, and how many will follow.
    geometry : RecipeGeometry
        Distances between recipes.
    spacing : ndarray of shape (n_distinct,)
        Distance of each past experiment to its nearest neighbour.
    diversity : float
        How far they keep from each other, in medians of `spacing`.
    waiting : DataFrame or None
        Experiments that count as chosen before.

    Returns
    -------
    list of int of length batch_size
        Places in the pool, the best first.
    """
    usual = float(np.median(spacing)) if len(spacing) else 0.0
    length, frame = diversity * usual, pool.frame
    away = np.empty((len(frame), 0)) if waiting is None else geometry.distances(frame, waiting)
    if n_later and usual:
        judged = frame.iloc[: max(_LEAST_JUDGED, 2 * batch_size)]
        distance = geometry.distances(judged, frame)
        return choose_ahead(pool.values, batch_size, n_later, distance, usual, length, away)
    return choose_batch(
        pool.values,
        batch_size,
        lambda place: geometry.distances(frame, frame.iloc[[place]])[:, 0],
        length,
        away,
    )


def describe_plate(
    frame: pd.DataFrame,
    values: _Floats,
    model: SuccessModel,
    geometry: RecipeGeometry,
    spacing: _Floats,
    past: pd.DataFrame,
    columns: list[str],
) -> pd.DataFrame:
    """Recipes (n_rows, n_columns + 7) with the probability and ``RESULTS``, which are rounded.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_space_columns)
        The chosen experiments.
    values : ndarray of shape (n_rows,)
        Their acquisition.
    model : SuccessModel
        Gives probability and spread.
    geometry, spacing
        As in :func:`choose_plate`.
    past : DataFrame of shape (n_measured, n_space_columns)
        Past experiments.
    columns : list of str
        Columns of the recipes.
    """
    p, std = model.both(frame)
    places, distance = geometry.nearest(frame, past)
    limit = np.quantile(spacing, _DOMAIN) if len(spacing) else 0.0
    return frame[columns].assign(
        **{model.column: p.round(_DECIMALS)},
        p_std=np.nan if std is None else std.round(_DECIMALS),
        in_domain=np.where(distance <= limit, 1, -1),
        new_pairs=geometry.new_pairs(frame, past),
        nearest_experiment=past.index[places].to_numpy(),
        distance=distance.round(_DECIMALS),
        acquisition=values.round(_DECIMALS),
    )
