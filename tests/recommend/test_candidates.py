"""Candidates in chunks: threads, memory, warning filters."""

import re
import tracemalloc
import warnings

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
    SMILESFeaturizer,
)
from sksiamese.recommend import _candidates
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


# -- Recommendations -------------------------------------------------------------------------------


@pytest.mark.parametrize("n_jobs", [2, -1])
def test_threads_change_nothing(n_jobs):
    model = unit(n_candidates=150_000)  # three chunks
    plate = model.recommend(5)
    pd.testing.assert_frame_equal(plate, model.set_params(n_jobs=n_jobs).recommend(5))


def test_chunks_that_repeat_each_other():
    """Of few possible recipes, each is kept once, and none of the best is lost."""
    space = DesignSpace({"a": Levels([0.1, 0.2, 0.5, 0.9]), "b": Levels([0.0, 0.5])})
    past = pd.DataFrame({"a": [0.1, 0.9], "b": [0.0, 0.0]})
    model = recommender(Members(), space=space, n_candidates=200_000, diversity=0)
    plate = model.fit(past, [0, 1]).recommend(6)
    assert len(plate.drop_duplicates(["a", "b"])) == 6
    assert plate["a"].tolist()[:1] == [0.9]


class Careless(Members):
    """Does to warning filters what threads of scikit-learn's forests do to each other's."""

    def predict_members(self, X):
        if len(X) > 1000:  # candidates, not the plate
            warnings.warn("a black box speaks", stacklevel=1)
            warnings.warn(f"{_candidates._NO_FILTERS} to make it possible", stacklevel=1)
            warnings.resetwarnings()
        return super().predict_members(X)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_warning_filters_are_left_as_they_were(n_jobs):
    model = unit(Careless(), n_candidates=100_000, n_jobs=n_jobs)
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        before = list(warnings.filters)
        model.recommend(2)
        assert warnings.filters == before
    assert {str(warning.message) for warning in shown} == {"a black box speaks"}


@pytest.mark.parametrize(("n_jobs", "growth"), [(None, 1.4), (2, 2.5)])
def test_memory_does_not_grow_with_candidates(n_jobs, growth):
    peaks = []
    for n in (200_000, 1_000_000):  # a few blocks, and many
        model = unit(n_candidates=n, n_jobs=n_jobs)
        tracemalloc.start()
        model.recommend(4)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # Threads hold some parts more or less, by chance; what grew with candidates would grow by 5.
    assert peaks[1] < growth * peaks[0]


def test_successes_get_other_molecules_first():
    """With room for a few candidates, no failure is varied while a success waits."""
    model = recommender(n_candidates=2 * 6 * 4).fit(X, Y)
    swapped = next(model._make_candidates("explore", None, np.random.RandomState(0)))
    past = X[["mM", "runs", "stirrer"]].assign(outcome=Y)
    found = swapped.merge(past, on=["mM", "runs", "stirrer"])
    assert len(found) == len(swapped)
    assert set(found["outcome"]) == {"works"}


# -- Errors ----------------------------------------------------------------------------------------


def test_optimize_needs_an_experiment_within_the_space():
    far = DesignSpace({"a": Range(5, 6), "b": Range(5, 6)})
    model = recommender(Members(), space=far).fit(NUMBERS, LABELS)
    message = (
        "No past experiment lies within the design space, so that there is nothing to start from. "
        "Use mode='explore', or widen the space."
    )
    with check(ValueError, message):
        model.recommend(2, "optimize")
