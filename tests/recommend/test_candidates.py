"""Candidates in chunks: threads, memory, warning filters."""

import re
import tracemalloc
import warnings

import pandas as pd
import pytest

from sksiamese import DesignSpace
from sksiamese.recommend import _candidates
from sksiamese.space import Levels, Range
from tests.recommend.cases import LABELS, NUMBERS, SPACE, Members, X, Y, recommender, unit


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
    request = model._read_request(1, "explore", 0, None, None, None, ())
    swapped = next(model._make_candidates(request, SPACE, X, model.n_candidates))
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
