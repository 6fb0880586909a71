"""Experiments of which a rule is known, and black boxes."""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline

from sksiamese import SMILESFeaturizer, SurrogateTreeExplainer

RNG = np.random.RandomState(0)
LIGANDS = ["NCCS", "CCS", "CCCCS", "OC(=O)CS", "OCCS", "CC(C)S", "SCCCO"]
AROMATIC = ["Sc1ccccc1", "SCc1ccccc1", "Cc1ccc(S)cc1", "Oc1ccc(S)cc1", "Sc1ccc2ccccc2c1"]
X = pd.DataFrame(
    {
        "ligand": [(LIGANDS + AROMATIC)[i % 12] for i in range(80)],
        "mM": RNG.uniform(1, 20, 80),
        "gold_mM": RNG.uniform(1, 5, 80),
        "runs": RNG.randint(1, 9, 80),
    },
    index=[f"run {i}" for i in range(80)],
)
Y = np.where(~X["ligand"].isin(AROMATIC) & (X["mM"] < 12), "works", "fails")


def forest():
    """A pipeline that reads SMILES by itself."""
    columns = make_column_transformer(
        (SMILESFeaturizer("descriptors"), ["ligand"]), remainder="passthrough"
    )
    return make_pipeline(columns, RandomForestClassifier(30, random_state=0))


def explainer(estimator=None, **changes):
    return SurrogateTreeExplainer(
        forest() if estimator is None else estimator,
        **{"n_samples": 1500, "random_state": 0, **changes},
    )


class Rule(ClassifierMixin, BaseEstimator):
    """Black box that follows a function; the labels of fit are its classes."""

    def __init__(self, rule, n_classes=2):
        self.rule = rule
        self.n_classes = n_classes

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        return np.eye(self.n_classes)[np.asarray(self.rule(X), int)]


def numbers(n_rows=60, seed=0):
    return np.random.RandomState(seed).uniform(size=(n_rows, 3))
