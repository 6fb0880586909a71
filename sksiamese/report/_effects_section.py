"""What matters: effects that add up, and a tree; both imitate the model, and say how well."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.frozen import FrozenEstimator

from sksiamese.exceptions import LowFidelityWarning
from sksiamese.molecules._canonical import canonical_keys
from sksiamese.recommend import ExperimentRecommender
from sksiamese.report._calibration_section import spaced
from sksiamese.report._subject import Subject
from sksiamese.space import Molecules
from sksiamese.space._dependent_columns import without_condition
from sksiamese.surrogate import AdditiveEffectsExplainer, SurrogateTreeExplainer
from sksiamese.surrogate._fidelity import N_FRESH

_MOST_LEVELS = 40  # molecules or names of a column that are shown
_N_SAMPLES = 5000  # that effects and tree are fitted to
MAX_LEAVES = 8
"""Leaves of the tree that are shown."""
_LOW = 0.8  # Matthews correlation below which a stand-in misleads


class Effect(NamedTuple):
    """How the mean probability of success moves with one column.

    Parameters
    ----------
    column : str
        Its name.
    kind : {"number", "molecule", "category"}
        What it holds.
    finding : str
        What it does, in a sentence.
    values : ndarray of shape (n_values,)
        Numbers, molecules as SMILES, or names.
    probability, low, high : ndarray of shape (n_values,)
        Mean probability of success with each, and its interval.
    n_measured : ndarray of shape (n_values,)
        Measured experiments nearest to it.
    worked : ndarray of shape (n_values,)
        Successes among them, of molecules and names; of numbers empty.
    n_more : int
        Further molecules or names, less often measured, that are not shown.
    """

    column: str
    kind: str
    finding: str
    values: npt.NDArray[Any]
    probability: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    n_measured: npt.NDArray[np.int64]
    worked: npt.NDArray[np.int64]
    n_more: int

    @property
    def lowest(self) -> float:
        """Smallest mean probability."""
        return float(self.probability.min())

    @property
    def highest(self) -> float:
        """Largest mean probability."""
        return float(self.probability.max())


class EffectsSection(NamedTuple):
    """What the model's probability depends on.

    Parameters
    ----------
    effects : list of Effect
        Of each column that varies, the largest span first.
    pairs : list of str
        The columns that act together most.
    effects_fidelity : str
        How well the effects imitate the model, in words.
    rules : DataFrame
        What is shown of the tree, as :meth:`SurrogateTreeExplainer.rules` gives it.
    fidelity : str
        How well the tree imitates the model, in words.
    effects_mislead, misleads : bool
        Whether effects, and the tree, do so too badly to be read for the model.
    explainer : SurrogateTreeExplainer
        The tree.
    """

    effects: list[Effect]
    pairs: list[str]
    effects_fidelity: str
    rules: pd.DataFrame
    fidelity: str
    effects_mislead: bool
    misleads: bool
    explainer: SurrogateTreeExplainer


class _Success(ClassifierMixin, BaseEstimator):
    """The fitted model, asked about success alone; it may have more than two classes."""

    def __init__(self, model: Any, place: int) -> None:
        self.model = model
        self.place = place
        self.classes_ = np.array([False, True])
        if hasattr(model, "predict_members"):
            self.predict_members = lambda X: self._two(model.predict_members(X))

    def predict_proba(self, X: pd.DataFrame) -> npt.NDArray[np.float64]:
        return self._two(np.asarray(self.model.predict_proba(X), np.float64))

    def _two(self, proba: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        success = proba[..., self.place]
        return np.stack([1 - success, success], axis=-1)

    def __sklearn_is_fitted__(self) -> bool:
        return True


def explain_model(
    subject: Subject, recommender: ExperimentRecommender, seed: int
) -> EffectsSection:
    """Find what moves the probability of success of the fitted model."""
    model = recommender.estimator_
    place = list(model.classes_).index(recommender.positive_)
    settings = {"space": recommender.space_, "n_samples": _N_SAMPLES, "random_state": seed}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LowFidelityWarning)  # the report says so itself
        additive = AdditiveEffectsExplainer(FrozenEstimator(_Success(model, place)), **settings)
        additive.fit(recommender.measured_)
        tree = SurrogateTreeExplainer(FrozenEstimator(model), **settings)
        tree.fit(recommender.measured_)
    rules = tree.rules(MAX_LEAVES)
    shown = rules.attrs["fidelity_shown"]
    told = _tell("the tree agrees", tree.fidelity_)
    return EffectsSection(
        _list_effects(subject, additive),
        [f"{pair.first} and {pair.second}" for pair in additive.pairs_[:3].itertuples()],
        spaced(f"{_tell('the effects agree', additive.fidelity_)}."),
        rules,
        spaced(f"{told}; what is shown of it, in {shown['accuracy']:.0%} ({shown['mcc']:.2f})."),
        bool(additive.fidelity_["mcc"] < _LOW),
        bool(shown["mcc"] < _LOW),
        tree,
    )


def _tell(who: str, fidelity: dict[str, float]) -> str:
    return (
        f"On {N_FRESH:,} fresh experiments {who} with the model in {fidelity['accuracy']:.0%} "
        f"(Matthews correlation {fidelity['mcc']:.2f})"
    )


def _list_effects(subject: Subject, additive: AdditiveEffectsExplainer) -> list[Effect]:
    findings = additive.findings().set_index("column")["finding"].to_dict()
    found = []
    for name, table in additive.effects_.groupby("column", sort=False):
        finding = findings.get(name, f"{name} makes no difference")
        numbers = table[[isinstance(value, float) for value in table["value"]]]
        if len(numbers):
            found.append(_make_effect(name, "number", finding, numbers, np.empty(0, np.int64), 0))
        else:
            found.append(_list_names(name, finding, table, subject, additive))
    return sorted(found, key=lambda effect: effect.lowest - effect.highest)


def _list_names(
    name: str,
    finding: str,
    table: pd.DataFrame,
    subject: Subject,
    additive: AdditiveEffectsExplainer,
) -> Effect:
    """List the molecules or names of a column that were measured most often."""
    column = without_condition(additive.space_.columns.get(name))
    (axis,) = [each for each in additive._axes if each.name == name]
    cells, kind, spelled = axis.cells(subject.X, additive.space_), "category", {}
    if isinstance(column, Molecules):
        kind = "molecule"
        labels = dict(zip(canonical_keys(column.smiles), column.labels(), strict=True))
        spelled = dict(zip(column.labels(), column.smiles, strict=True))
        cells = pd.Series(canonical_keys(cells), cells.index, dtype=object).map(labels)
    worked = subject.is_success.groupby(cells.astype(str), observed=True).sum()
    chosen = table.sort_values("n_measured", ascending=False, kind="stable")[:_MOST_LEVELS]
    successes = worked.reindex(chosen["value"].astype(str)).fillna(0).to_numpy(np.int64)
    chosen = chosen.assign(value=[spelled.get(each, each) for each in chosen["value"]])
    return _make_effect(name, kind, finding, chosen, successes, len(table) - len(chosen))


def _make_effect(
    name: str,
    kind: str,
    finding: str,
    table: pd.DataFrame,
    worked: npt.NDArray[np.int64],
    n_more: int,
) -> Effect:
    probability, low, high = (table[each].to_numpy() for each in ("probability", "low", "high"))
    values, n = table["value"].to_numpy(object), table["n_measured"].to_numpy()
    return Effect(name, kind, finding, values, probability, low, high, n, worked, n_more)
