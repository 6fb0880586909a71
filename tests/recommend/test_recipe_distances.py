"""Distances between recipes."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import pairwise_distances
from sklearn.pipeline import make_pipeline

from sksiamese import DesignSpace, ExperimentRecommender, SMILESFeaturizer
from sksiamese.recommend._recipe_distances import RecipeGeometry
from sksiamese.space import Computed, Constant, Levels, Molecules, Range, When

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


def test_distances_by_hand():
    space = DesignSpace(
        {
            "solvent": Molecules(["O", "CCO", None]),
            "mM": Range(1, 100, log=True),
            "pH": When(lambda f: f["solvent"] == "O", Range(7, 14), np.nan),
            "stirrer": Levels(["bar", "cross"]),
            "time": Levels([10, 30]),
            "fixed": Constant(5.0),
        }
    )
    rows = pd.DataFrame(
        {
            "solvent": ["O", "O", "OCC", None],
            "mM": [1.0, 10.0, 1.0, 1.0],
            "pH": [7.0, 14.0, np.nan, np.nan],
            "stirrer": ["bar", "cross", "bar", "bar"],
            "time": [10, 30, 10, 10],
            "fixed": [5.0, 5.0, 5.0, 10.0],
        }
    )
    found = RecipeGeometry(space).distances(rows, rows) ** 2
    assert found[0, 1] == pytest.approx(0.5**2 + 1 + 1 + 1)
    assert found[0, 2] == pytest.approx(1 + 0.5**2 + 1)  # water has no atom environment of ethanol
    assert found[2, 3] == pytest.approx(1 + 1)
    assert np.diag(found) == pytest.approx(0)
    assert found == pytest.approx(found.T)


def test_domain_and_nearest_by_brute_force():
    model = unit(n_candidates=200)
    plate = model.recommend(60)
    away = pairwise_distances(plate[["a", "b"]], NUMBERS)
    own = pairwise_distances(NUMBERS)
    np.fill_diagonal(own, np.inf)
    assert plate["nearest_experiment"].tolist() == away.argmin(axis=1).tolist()
    assert plate["distance"].to_numpy() == pytest.approx(away.min(axis=1))
    inside = away.min(axis=1) <= np.quantile(own.min(axis=1), 0.95)
    assert plate["in_domain"].tolist() == np.where(inside, 1, -1).tolist()
    assert set(plate["in_domain"]) == {1, -1}
