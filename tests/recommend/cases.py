"""Experiments with a ligand, and experiments of two numbers, for recommenders."""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline

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
Y = np.where((X["ligand"] != "Sc1ccccc1") & (X["mM"] < 12), "works", "fails")

# Recipes whose outcome is a number.
NUMBERED = DesignSpace(
    {
        "ligand": Molecules(["CCN", "CCO", "CCCCS", "Sc1ccccc1"]),
        "base": Levels(["KOAc", "K2CO3"]),
        "temperature": Range(20, 120),
    }
)


def forest(n_trees=10):
    """A pipeline that reads SMILES by itself."""
    columns = make_column_transformer(
        (SMILESFeaturizer("descriptors"), ["ligand"]), ("passthrough", ["mM", "runs"])
    )
    return make_pipeline(columns, RandomForestClassifier(n_trees, random_state=0))


def recommender(estimator=None, **changes):
    defaults = {"space": SPACE, "acquisition": "ucb", "diversity": 1.0, "n_candidates": 400}
    defaults |= {"n_bootstrap": 3, "n_folds": 0, "random_state": 0}
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
ROUNDED = 5.1e-4  # half of the last decimal that a plate shows


def unit(estimator=None, **changes):
    """Recommender on two numbers from 0 to 1."""
    estimator = Members() if estimator is None else estimator
    return recommender(estimator, **{"space": UNIT, **changes}).fit(NUMBERS, LABELS)
