"""What matters: how the probability moves with each column, and a tree that imitates the model."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.types import is_numeric_dtype
from sklearn.frozen import FrozenEstimator

from sksiamese.exceptions import LowFidelityWarning
from sksiamese.molecules._canonical import canonical_keys
from sksiamese.recommend import ExperimentRecommender
from sksiamese.report._calibration_section import spaced
from sksiamese.report._subject import Subject
from sksiamese.space import Levels, Molecules, OneHot, Range
from sksiamese.space._dependent_columns import DependentColumn, without_condition
from sksiamese.surrogate import SurrogateTreeExplainer
from sksiamese.surrogate._fidelity import N_FRESH

_MOST_ROWS = 60  # measured experiments that an effect is averaged over
_STEPS = 21  # of a number
_MOST_LEVELS = 40  # molecules or names of a column that are tried
_N_SAMPLES = 5000  # that the tree is grown on
MAX_LEAVES = 8
"""Leaves of the tree that are shown."""
_LOW = 0.8  # Matthews correlation below which a tree misleads


class Effect(NamedTuple):
    """How the mean probability of success moves with one column.

    Parameters
    ----------
    column : str
        Its name.
    kind : {"number", "molecule", "category"}
        What it holds.
    values : ndarray of shape (n_values,)
        What was put into the measured experiments.
    probability : ndarray of shape (n_values,)
        Mean probability of success with it; NaN where the space has no such experiment.
    n, worked : ndarray of shape (n_values,)
        Measured experiments with that molecule or name, and successes among them; of numbers empty.
    n_more : int
        Further molecules or names, less often measured, that were not tried.
    """

    column: str
    kind: str
    values: npt.NDArray[Any]
    probability: npt.NDArray[np.float64]
    n: npt.NDArray[np.int64]
    worked: npt.NDArray[np.int64]
    n_more: int

    @property
    def lowest(self) -> float:
        """Smallest mean probability."""
        return float(np.fmin.reduce(self.probability))

    @property
    def highest(self) -> float:
        """Largest mean probability."""
        return float(np.fmax.reduce(self.probability))

    @property
    def span(self) -> float:
        """Largest minus smallest mean probability; 0 where none could be asked for."""
        return float(np.nan_to_num(self.highest - self.lowest))


class EffectsSection(NamedTuple):
    """What the model's probability depends on.

    Parameters
    ----------
    effects : list of Effect
        Of each column that varies, the largest span first.
    rules : DataFrame
        What is shown of the tree, as :meth:`SurrogateTreeExplainer.rules` gives it.
    fidelity : str
        How well the tree imitates the model, in words.
    misleads : bool
        Whether it does so too badly to be read for the model.
    explainer : SurrogateTreeExplainer
        The tree.
    """

    effects: list[Effect]
    rules: pd.DataFrame
    fidelity: str
    misleads: bool
    explainer: SurrogateTreeExplainer


def explain_model(
    subject: Subject, recommender: ExperimentRecommender, seed: int
) -> EffectsSection:
    """Find what moves the probability of success of the fitted model."""
    space = recommender.space_
    rng = np.random.RandomState(seed)
    places = np.sort(rng.permutation(len(subject.X))[:_MOST_ROWS])
    rows = space.complete(subject.X.iloc[places])
    effects = [
        _vary(name, subject, recommender, rows)
        for name in subject.X
        if not isinstance(space.columns[name], DependentColumn)
        and len(subject.X[name].unique()) > 1
    ]
    explainer = _grow_tree(recommender, seed)
    rules = explainer.rules(MAX_LEAVES)
    mcc, shown = (rules.attrs[name]["mcc"] for name in ("fidelity", "fidelity_shown"))
    said = spaced(
        f"On {N_FRESH:,} fresh experiments the tree agrees with the model in "
        f"{explainer.fidelity_['accuracy']:.0%} (Matthews correlation {mcc:.2f}); what is shown of "
        f"it, in {rules.attrs['fidelity_shown']['accuracy']:.0%} ({shown:.2f})."
    )
    effects = sorted(effects, key=lambda effect: -effect.span)
    return EffectsSection(effects, rules, said, bool(shown < _LOW), explainer)


def _grow_tree(recommender: ExperimentRecommender, seed: int) -> SurrogateTreeExplainer:
    explainer = SurrogateTreeExplainer(
        FrozenEstimator(recommender.estimator_),
        recommender.space_,
        n_samples=_N_SAMPLES,
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LowFidelityWarning)  # the report says so itself
        return explainer.fit(recommender.measured_)


def _vary(
    name: str, subject: Subject, recommender: ExperimentRecommender, rows: pd.DataFrame
) -> Effect:
    """Put values into one column of measured experiments, and average the probability."""
    cells = subject.X[name]
    inner = without_condition(recommender.space_.columns[name])
    if isinstance(inner, Molecules):
        return _vary_molecule(name, subject, recommender, rows)
    if is_numeric_dtype(cells) and cells.dtype != bool:
        grid = _spread_values(inner, cells)
        means = _mean_over(name, grid, recommender, rows[rows[name].notna()])
        none = np.empty(0, np.int64)
        return Effect(name, "number", grid, means, none, none, 0)
    return _vary_category(name, subject, recommender, rows)


def _spread_values(column: Any, cells: pd.Series) -> npt.NDArray[Any]:
    """Values between the smallest and the largest that a column of numbers can hold."""
    if isinstance(column, (Levels, OneHot)):  # nothing between two of them is possible
        return np.unique(cells.dropna())
    grid = np.linspace(cells.min(), cells.max(), _STEPS)
    is_whole = isinstance(column, Range) and column.integer
    return np.unique(grid.round()) if is_whole else grid


def _vary_category(
    name: str, subject: Subject, recommender: ExperimentRecommender, rows: pd.DataFrame
) -> Effect:
    counts = subject.X[name].value_counts()
    values = counts.index[:_MOST_LEVELS].to_numpy(object)
    n, worked = _count_outcomes(subject, subject.X[name], values)
    means = _mean_over(name, values, recommender, rows)
    return Effect(name, "category", values, means, n, worked, len(counts) - len(values))


def _vary_molecule(
    name: str, subject: Subject, recommender: ExperimentRecommender, rows: pd.DataFrame
) -> Effect:
    keys = pd.Series(canonical_keys(subject.X[name]), subject.X.index, dtype=object)
    counts = keys.value_counts()
    tried = counts.index[:_MOST_LEVELS].to_numpy(object)
    spelled = dict(zip(keys, subject.X[name].where(subject.X[name].notna(), None), strict=True))
    n, worked = _count_outcomes(subject, keys, tried)
    values = np.array([spelled[key] for key in tried], dtype=object)
    swapped = recommender.space_.swap(rows, name, list(values))
    p = _probability(recommender, swapped)
    means = pd.Series(p).groupby(np.array(canonical_keys(swapped[name]), dtype=object)).mean()
    return Effect(
        name,
        "molecule",
        values,
        means.reindex(tried).to_numpy(),
        n,
        worked,
        len(counts) - len(tried),
    )


def _count_outcomes(
    subject: Subject, cells: pd.Series, values: npt.NDArray[Any]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """How many measured experiments hold each value, and how many of them succeeded."""
    grouped = subject.is_success.groupby(cells, observed=True)
    n, worked = grouped.size().reindex(values), grouped.sum().reindex(values)
    return n.to_numpy(np.int64), worked.to_numpy(np.int64)


def _mean_over(
    name: str, values: Any, recommender: ExperimentRecommender, rows: pd.DataFrame
) -> npt.NDArray[np.float64]:
    """Mean probability with each value, over the rows that are possible with it."""
    space = recommender.space_
    drawn = [n for n, column in space.columns.items() if not isinstance(column, DependentColumn)]
    parts = [_put(rows[drawn], name, value, space.columns[name]) for value in values]
    changed = pd.concat(parts, ignore_index=True)
    places = np.repeat(np.arange(len(values)), len(rows))
    possible = space.contains(changed).to_numpy(bool)
    if not possible.any():
        return np.full(len(values), np.nan)
    p = pd.Series(_probability(recommender, space.complete(changed[possible])))
    return p.groupby(places[possible]).mean().reindex(range(len(values))).to_numpy()


def _put(rows: pd.DataFrame, name: str, value: Any, column: Any) -> pd.DataFrame:
    """Give rows with a value in one column; where that is one of a group, the others are off."""
    if isinstance(column, OneHot) and value == column.on:
        rows = rows.assign(**dict.fromkeys(column.columns, column.off))
    return rows.assign(**{name: value})


def _probability(recommender: ExperimentRecommender, rows: pd.DataFrame) -> npt.NDArray[np.float64]:
    model = recommender.estimator_
    column = list(model.classes_).index(recommender.positive_)
    asked = rows[list(recommender.measured_.columns)]
    return np.asarray(model.predict_proba(asked), np.float64)[:, column]
