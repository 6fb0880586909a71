"""The next plate: each recipe with what speaks for it, and how near it is to what was tried."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from sksiamese._checks import plain_label
from sksiamese.molecules._canonical import canonical_key
from sksiamese.recommend import ExperimentRecommender
from sksiamese.recommend._recipe_distances import RecipeGeometry
from sksiamese.report._calibration_section import CalibrationSection, Check
from sksiamese.tables._column_kinds import column_kind

_N_EVIDENCE = 3  # past experiments that are shown for a recipe


class Difference(NamedTuple):
    """A column in which a recipe and a past experiment differ."""

    column: str
    here: Any
    there: Any


class Evidence(NamedTuple):
    """A past experiment that speaks for or against a recipe.

    Parameters
    ----------
    row : label
        Its row in the table.
    outcome : label
        What was measured.
    worked : bool
        Whether that is success.
    share : float
        Its part of all evidence, NaN where the model does not tell.
    distance : float
        How far it is, in median distances between neighbours in the table.
    differences : list of Difference
        All columns in which it differs from the recipe.
    """

    row: Any
    outcome: Any
    worked: bool
    share: float
    distance: float
    differences: list[Difference]


class Recipe(NamedTuple):
    """One recommended experiment.

    Parameters
    ----------
    number : int
        From 1 on, the best first.
    cells : dict of str to object
        Its columns, without those that are the same in all past experiments and recipes.
    probability, spread : float
        Of success, and its standard deviation (NaN where there is none).
    in_domain : bool
        Whether it is as near to past experiments as 95 % of these to each other.
    distance : float
        To the nearest one, in median distances between neighbours in the table.
    checked : Check
        How often held-out experiments with such a probability worked.
    evidence : list of Evidence
        Past experiments: the weightiest and then the nearest, or the nearest ones.
    """

    number: int
    cells: dict[str, Any]
    probability: float
    spread: float
    in_domain: bool
    distance: float
    checked: Check
    evidence: list[Evidence]


class PlateSection(NamedTuple):
    """The recommended experiments.

    Parameters
    ----------
    recipes : list of Recipe
        The best first.
    columns : list of str
        Columns that differ between past experiments or recipes.
    always : dict of str to object
        The other columns, and what stands there.
    shared : list of str
        Columns in which past experiments differ, but no two recipes do.
    molecules : list of str
        Columns of molecules.
    spacing : ndarray of shape (n_distinct,)
        Distance of each past experiment to its nearest neighbour, in medians.
    by_share : bool
        Whether evidence is the model's own, or else the nearest experiments.
    """

    recipes: list[Recipe]
    columns: list[str]
    always: dict[str, Any]
    shared: list[str]
    molecules: list[str]
    spacing: npt.NDArray[np.float64]
    by_share: bool


def describe_recipes(
    recommender: ExperimentRecommender, plate: pd.DataFrame, calibration: CalibrationSection
) -> PlateSection:
    """Put the evidence beside each recipe of a plate."""
    space, past = recommender.space_, recommender.measured_
    geometry = RecipeGeometry(space)
    complete = space.complete(past)
    recipes, column = plate[list(past.columns)], recommender.out_of_fold_.name
    distances = np.empty((0, len(past)))
    if len(recipes):
        distances = geometry.distances(space.complete(recipes), complete)
    spacing = geometry.spacing(complete, geometry.keys(complete))
    usual = float(np.median(spacing)) if len(spacing) and np.median(spacing) > 0 else 1.0
    distances = distances / usual
    shares = _find_shares(recommender.estimator_, recipes, len(past))
    molecules = [name for name in past if column_kind(past[name]) == "molecule"]
    varied = [name for name in past if len(pd.concat([past[name], recipes[name]]).unique()) > 1]
    always = {n: plain_label(past[n].iloc[0]) for n in past if n not in varied}
    shared = [name for name in varied if len(recipes) > 1 and len(recipes[name].unique()) == 1]
    found = []
    for place, (_, row) in enumerate(plate.iterrows()):
        chosen = _choose_evidence(distances[place], None if shares is None else shares[place], past)
        p = float(row[column])
        evidence = [
            _compare(recipes.iloc[place], recommender, where, share, distances[place, where])
            for where, share in chosen
        ]
        cells = {name: plain_label(recipes[name].iloc[place]) for name in varied}
        found.append(
            Recipe(
                place + 1,
                cells,
                p,
                float(row["p_std"]),
                bool(row["in_domain"] == 1),
                float(distances[place].min()),
                calibration.check(p),
                evidence,
            )
        )
    by_share = shares is not None
    return PlateSection(found, varied, always, shared, molecules, spacing / usual, by_share)


def _find_shares(model: Any, recipes: pd.DataFrame, n_past: int) -> list[dict[Any, float]] | None:
    """Share of each past experiment, by label, the largest first, in the evidence of each recipe.

    None where the model does not tell.
    """
    if not len(recipes) or not hasattr(model, "support_evidence"):
        return None
    found = model.support_evidence(recipes, n_top=n_past)
    return [
        dict(zip(part["support"], part["share"], strict=True))
        for _, part in found.groupby(found.columns[0], sort=False)
    ]


def _choose_evidence(
    distances: npt.NDArray[np.float64], shares: dict[Any, float] | None, past: pd.DataFrame
) -> list[tuple[int, float]]:
    """Places of past experiments, and their shares; the nearest one is among them."""
    nearest = np.argsort(distances, kind="stable")
    if shares is None:
        return [(int(place), np.nan) for place in nearest[:_N_EVIDENCE]]
    labels = dict.fromkeys([*list(shares)[:_N_EVIDENCE], past.index[nearest[0]]])
    return [(int(past.index.get_loc(label)), shares.get(label, 0.0)) for label in labels]


def _compare(
    recipe: pd.Series, recommender: ExperimentRecommender, where: int, share: float, distance: float
) -> Evidence:
    other = recommender.measured_.iloc[where]
    outcome = recommender.outcomes_.iloc[where]
    differences = [
        Difference(name, plain_label(recipe[name]), plain_label(other[name]))
        for name in recipe.index
        if not _is_same(recipe[name], other[name])
    ]
    return Evidence(
        plain_label(recommender.measured_.index[where]),
        plain_label(outcome),
        bool(outcome == recommender.positive_),
        share,
        distance,
        differences,
    )


def _is_same(a: Any, b: Any) -> bool:
    """Whether two cells hold the same: a number, an absence or a molecule in any spelling."""
    if pd.isna(a) or pd.isna(b):
        return bool(pd.isna(a) and pd.isna(b))
    if isinstance(a, str) and isinstance(b, str) and a != b:
        key = canonical_key(a)  # None of a name
        return key is not None and key == canonical_key(b)
    return bool(a == b)
