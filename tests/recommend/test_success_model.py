"""The spread of a probability: members of a classifier, or clones on bootstrap samples."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier

from sksiamese import DesignSpace, ExperimentRecommender, SMILESFeaturizer
from sksiamese.space import Computed, Levels, Molecules, Range

RNG = np.random.RandomState(0)
LIGANDS = ["NCCS", "CCS", "CCCCS", "OCCS", "Sc1ccccc1"]
SPACE = DesignSpace(
    {
        "ligand": Molecules([*LIGANDS, "CC(C)S"]),
        "mM": Range(1, 20),
        "runs": Range(1, 8, integer=True),
        "stirrer": Levels(["bar", "cross"]),
        "dose": Computed(lambda frame: frame["mM"] * frame["runs"]),
    },
    {"dose below 100": lambda frame: frame["dose"] < 100},
)
X = SPACE.sample(40, random_state=0)[["ligand", "mM", "runs", "stirrer"]]
X.index = [f"run {i}" for i in range(40)]


def forest(n_trees=10):
    """A pipeline that reads SMILES by itself."""
    columns = make_column_transformer(
        (SMILESFeaturizer("descriptors"), ["ligand"]), ("passthrough", ["mM", "runs"])
    )
    return make_pipeline(columns, RandomForestClassifier(n_trees, random_state=0))


def recommender(estimator=None, **changes):
    defaults = {"space": SPACE, "acquisition": "ucb", "diversity": 1.0, "n_candidates": 400}
    defaults |= {"n_bootstrap": 3, "random_state": 0}
    return ExperimentRecommender(forest() if estimator is None else estimator, **defaults | changes)


class Members(ClassifierMixin, BaseEstimator):
    """Three opinions on the first column, which are known exactly."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_members(self, X):
        x = np.asarray(X)[:, 0].astype(float)
        success = np.array([x, x**2, np.sqrt(x)])
        return np.stack([1 - success, success], axis=2)

    def predict_proba(self, X):
        return self.predict_members(X).mean(axis=0)

    def predict_std(self, X):
        return self.predict_members(X).std(axis=0)


UNIT = DesignSpace({"a": Range(0, 1), "b": Range(0, 1)})
NUMBERS = pd.DataFrame(RNG.uniform(0, 0.8, (20, 2)), columns=["a", "b"])
LABELS = np.tile([0, 1], 10)


def unit(estimator=None, **changes):
    """Recommender on two numbers from 0 to 1."""
    estimator = Members() if estimator is None else estimator
    return recommender(estimator, **{"space": UNIT, **changes}).fit(NUMBERS, LABELS)


def test_spread_of_bootstrap_clones():
    model = unit(DecisionTreeClassifier(random_state=0), n_bootstrap=4)
    plate = model.recommend(6)
    members = [m.predict_proba(plate[["a", "b"]])[:, 1] for m in model._model._bootstrap]
    assert len(members) == 4
    assert plate["p_std"].to_numpy() == pytest.approx(np.std(members, axis=0))
    assert (plate["p_std"] > 0).any()


def test_frozen_classifier_is_kept_and_has_no_spread():
    inner = LogisticRegression().fit(NUMBERS, LABELS)
    model = unit(FrozenEstimator(inner), acquisition="probability")
    before = inner.coef_.copy()
    plate = model.recommend(3)
    assert plate["p_std"].isna().all()
    model.add_measurements(plate.assign(outcome=1))
    assert model.estimator_.estimator is inner
    assert (inner.coef_ == before).all()
    assert len(model.measured_) == 23


def test_members_at_the_end_of_a_pipeline():
    steps = make_pipeline(FunctionTransformer(lambda X: X / 2), Members())
    plate = unit(steps).recommend(3)
    members = Members().predict_members(plate[["a", "b"]] / 2)[:, :, 1]
    assert plate["p_std"].to_numpy() == pytest.approx(members.std(axis=0))


@pytest.mark.parametrize("freeze", [False, True])
def test_members_of_what_a_search_found(freeze):
    search = GridSearchCV(Members(), {}, scoring=lambda *_: 0.0, cv=2)
    search = FrozenEstimator(search.fit(NUMBERS, LABELS)) if freeze else search
    plate = unit(search).recommend(3)
    members = Members().predict_members(plate[["a", "b"]])[:, :, 1]
    assert plate["p_std"].to_numpy() == pytest.approx(members.std(axis=0))


def test_a_search_is_done_once():
    search = GridSearchCV(DecisionTreeClassifier(random_state=0), {"max_depth": [2]}, cv=2)
    members = unit(search, n_bootstrap=3)._model._bootstrap
    assert [type(member) for member in members] == [DecisionTreeClassifier] * 3
    assert {member.max_depth for member in members} == {2}
