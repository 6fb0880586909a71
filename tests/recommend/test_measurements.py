"""Measurements that come back from the laboratory."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline

from sksiamese import (
    DesignSpace,
    ExperimentRecommender,
    InvalidSMILESError,
    SMILESFeaturizer,
)
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


def check(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


# -- Closing the loop ------------------------------------------------------------------------------


def test_measurements_are_as_good_as_a_fit():
    y = pd.Series(Y, X.index, name="result")
    model = recommender().fit(X[:30], y[:30])
    model.add_measurements(X[30:].assign(result=y[30:], note="ok"))
    whole = recommender().fit(X, y)
    pd.testing.assert_frame_equal(model.measured_, whole.measured_)
    pd.testing.assert_series_equal(model.outcomes_, whole.outcomes_)
    pd.testing.assert_frame_equal(model.recommend(4), whole.recommend(4))


def test_labels_of_added_rows_go_on():
    model = unit()
    plate = model.recommend(3)
    model.add_measurements(plate.assign(outcome=1))
    assert model.measured_.index.tolist() == list(range(23))
    again = model.recommend(3)
    assert not again["a"].isin(plate["a"]).any()


def test_outcomes_keep_their_type():
    """A column of a CSV that is half filled in holds 1.0 and 0.0."""
    model = unit()
    plate = model.recommend(2).assign(outcome=[1.0, 0.0])
    model.add_measurements(plate)
    assert model.outcomes_.dtype == LABELS.dtype
    assert model.outcomes_.tolist()[20:] == [1, 0]
    assert model.classes_.tolist() == [0, 1]


@pytest.mark.parametrize("label", [float, lambda i: i + 0.5])
def test_labels_go_on_beside_fractions(label):
    past = NUMBERS.set_axis([label(i) for i in range(20)])
    model = recommender(Members(), space=UNIT).fit(past, LABELS)
    for _ in range(2):
        model.add_measurements(model.recommend(2).assign(outcome=1))
    assert model.measured_.index.is_unique
    assert len(model.measured_) == 24


def test_labels_go_on_beside_text():
    past = NUMBERS.set_axis([f"E{i}" for i in range(20)])
    model = recommender(Members(), space=UNIT).fit(past, LABELS)
    for plate in range(3):
        model.add_measurements(model.recommend(2).assign(outcome=1))
        assert model.measured_.index.tolist()[20:] == list(range(2 * plate + 2))


# -- Errors ----------------------------------------------------------------------------------------


def test_bad_measurements_change_nothing():
    model = recommender().fit(X, Y)
    rows = X.head(2).set_axis(["new 1", "new 2"])
    message = (
        "The table of measurements lacks the column(s) 'outcome'. It has: 'ligand', 'mM', 'runs', "
        "'stirrer'. Add or rename them."
    )
    with check(ValueError, message):
        model.add_measurements(rows)
    message = (
        "Column 'outcome' must hold one of 'fails', 'works' in each row. Got 2 other(s), row "
        "'new 1': 'wroks', row 'new 2': nan. Leave rows out that are not measured yet, or call "
        "fit with all experiments for a new class."
    )
    with check(ValueError, message):
        model.add_measurements(rows.assign(outcome=["wroks", np.nan]))
    message = (
        "The index of the measurements repeats 'run 0', 'run 1' of the past experiments. Give the "
        "rows labels of their own."
    )
    with check(ValueError, message):
        model.add_measurements(X.head(2).assign(outcome="works"))
    with check(TypeError, "add_measurements takes a DataFrame. Got 3."):
        model.add_measurements(3)
    broken = rows.assign(outcome="works", ligand=["C(C", "NCCS"])
    with pytest.raises(InvalidSMILESError):
        model.add_measurements(broken)
    assert len(model.measured_) == 40
    assert len(model.recommend(2)) == 2
