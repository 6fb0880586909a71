"""The plate: a batch of experiments, with all that is known of them."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from sksiamese.recommend._recipe_distances import RecipeGeometry
from sksiamese.recommend.outcomes._protocol import OutcomeModel

RESULTS = ["in_domain", "new_pairs", "nearest_experiment", "distance", "acquisition"]
"""Columns that a recommendation adds to a recipe, beside what a model says of its outcome."""

_DECIMALS = 3  # of distances
_DOMAIN = 0.95  # share of past experiments that lie within the domain of the others

_Floats: TypeAlias = npt.NDArray[np.float64]


def describe_plate(
    frame: pd.DataFrame,
    values: _Floats,
    model: OutcomeModel,
    geometry: RecipeGeometry,
    spacing: _Floats,
    past: pd.DataFrame,
    columns: list[str],
) -> pd.DataFrame:
    """Recipes with what the model says of their outcomes, and ``RESULTS``; numbers are rounded.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_space_columns)
        The chosen experiments.
    values : ndarray of shape (n_rows,)
        Their acquisition.
    model : OutcomeModel
        Gives prediction and spread.
    geometry : RecipeGeometry
        Distances between recipes.
    spacing : ndarray of shape (n_distinct,)
        Distance of each past experiment to its nearest neighbour.
    past : DataFrame of shape (n_measured, n_space_columns)
        Past experiments.
    columns : list of str
        Columns of the recipes.
    """
    if not len(past):
        return _describe_first(frame[columns], values, model)
    places, distance = geometry.nearest(frame, past)
    limit = np.quantile(spacing, _DOMAIN) if len(spacing) else 0.0
    return frame[columns].assign(
        **model.describe(frame),
        in_domain=np.where(distance <= limit, 1, -1),
        new_pairs=geometry.new_pairs(frame, past),
        nearest_experiment=past.index[places].to_numpy(),
        distance=distance.round(_DECIMALS),
        acquisition=values.round(model.decimals),
    )


def _describe_first(frame: pd.DataFrame, values: _Floats, model: OutcomeModel) -> pd.DataFrame:
    """Recipes of a first plate, which no past experiment is near to."""
    return frame.assign(
        **model.describe(frame),
        in_domain=-1,
        new_pairs=0,
        nearest_experiment=None,
        distance=np.nan,
        acquisition=values.round(model.decimals),
    )
