"""Which models a report compares, and how one of them is fitted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from sksiamese._checks import listed
from sksiamese.model_selection._baselines import make_baselines
from sksiamese.models import GraphFingerprintSiameseClassifier

SIAMESE, FOREST, PROCESS = "siamese classifier", "random forest", "Gaussian process"
MODELS = (SIAMESE, FOREST, PROCESS)
"""Names of the models that are offered."""

_OF_TYPES = {
    "GraphFingerprintSiameseClassifier": SIAMESE,
    "RandomForestClassifier": FOREST,
    "GaussianProcessClassifier": PROCESS,
}
_MOST_ROWS_OF_PROCESS = 500  # beyond, its time, which grows with their cube, is most of a report's


class Choice(NamedTuple):
    """The models to choose from.

    Parameters
    ----------
    own : dict of str to classifier
        Unfitted classifiers, judged beside the baselines.
    baselines : list of str
        Baselines of :func:`compare_classifiers` that may be used as well.
    """

    own: dict[str, Any]
    baselines: list[str]

    @property
    def names(self) -> list[str]:
        """All names."""
        return [*self.own, *self.baselines]

    def only(self, name: str) -> Choice:
        """Choose that one alone."""
        if name in self.own:
            return Choice({name: self.own[name]}, [])
        return Choice({}, [name])

    def make(self, name: str, X: pd.DataFrame, seed: int) -> Any:
        """Make the unfitted classifier of that name for a table."""
        found = self.own.get(name)
        model = clone(make_baselines(X, [name], "descriptors")[name] if found is None else found)
        seeds = [n for n in model.get_params() if n.rpartition("__")[2] == "random_state"]
        return model.set_params(**dict.fromkeys(seeds, seed))


def read_choice(models: Any, n_rows: int) -> Choice:
    """Bring what a user offers to one form; None offers all, but no slow one for many rows.

    Raises
    ------
    ValueError
        If a name is unknown.
    """
    if isinstance(models, Mapping):
        return Choice(dict(models), [])
    names = list(MODELS if models is None else models)
    unknown = [name for name in names if name not in MODELS]
    if unknown or isinstance(models, str):
        raise ValueError(
            f"The 'models' parameter of ExperimentReport must be a list out of {listed(MODELS)}, "
            f"or a dict of names and classifiers. Got {models!r} instead."
        )
    if models is None and n_rows > _MOST_ROWS_OF_PROCESS:
        names.remove(PROCESS)
    siamese = {SIAMESE: GraphFingerprintSiameseClassifier()} if SIAMESE in names else {}
    return Choice(siamese, [name for name in names if name != SIAMESE])


def add_model(choice: Choice, estimator: Any) -> tuple[Choice, str]:
    """Add the classifier of a campaign, and give its name."""
    inner = estimator.estimator if isinstance(estimator, FrozenEstimator) else estimator
    last = inner[-1] if isinstance(inner, Pipeline) else inner
    name = _OF_TYPES.get(type(last).__name__, type(last).__name__)
    others = [each for each in choice.baselines if each != name]
    return Choice({name: inner} | choice.own, others), name
