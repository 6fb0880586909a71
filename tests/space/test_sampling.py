"""Rows drawn from a space: rules, distributions, chunks, narrow constraints."""

import re
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sksiamese import DesignSpace
from sksiamese.space import Constant, Levels, Molecules, Range
from tests.space.cases import allowed, lab, obeys, spaces

METHODS = ["uniform", "lhs", "sobol"]


# -- Sampling --------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_samples_obey_every_rule(method):
    frame = lab().sample(3000, method, random_state=0)
    assert frame.shape == (3000, 10)
    assert list(frame.columns) == list(lab().columns)
    assert frame.index.tolist() == list(range(3000))
    assert obeys(frame).all()
    assert set(frame["runs"]) == {1, 2, 3, 4, 5, 6}
    assert frame["runs"].dtype == np.int64
    assert set(frame["degC"]) == {20, 50, 80}
    assert set(frame["solvent"]) == {"O", "CCO", "Cc1ccccc1"}


@settings(max_examples=50)
@given(spaces(), st.sampled_from(METHODS), st.integers(0, 1000), st.integers(1, 60))
def test_samples_satisfy_ranges_levels_and_constraints(drawn, method, seed, n):
    space, limit = drawn
    frame = space.sample(n, method, random_state=seed)
    assert len(frame) == n
    assert all(allowed(space, limit, frame))
    assert space.contains(frame).all()
    pd.testing.assert_frame_equal(frame, space.sample(n, method, random_state=seed))


@pytest.mark.parametrize("method", METHODS)
def test_distributions(method):
    space = DesignSpace(
        {"a": Range(1, 50, log=True), "b": Range(-3, 5), "n": Range(1, 4, integer=True)}
    )
    frame = space.sample(2000, method, random_state=0)
    assert stats.kstest(frame["a"], stats.loguniform(1, 50).cdf).pvalue > 0.01
    assert stats.kstest(frame["b"], stats.uniform(-3, 8).cdf).pvalue > 0.01
    counts = frame["n"].value_counts().loc[[1, 2, 3, 4]]
    assert stats.chisquare(counts).pvalue > 0.01


def test_latin_hypercube_has_one_row_in_each_part_of_each_column():
    space = DesignSpace({"a": Range(0, 10), "b": Range(1, 1024, log=True)})
    frame = space.sample(10, "lhs", random_state=0)
    assert sorted(np.floor(frame["a"])) == list(range(10))
    assert sorted(np.floor(np.log2(frame["b"]))) == list(range(10))


def test_sobol_has_as_many_rows_in_each_box():
    space = DesignSpace({"a": Range(0, 4), "b": Range(0, 4)})
    frame = space.sample(64, "sobol", random_state=0)
    boxes = np.floor(frame).value_counts()
    assert boxes.tolist() == [4] * 16


@pytest.mark.parametrize("method", ["uniform", "sobol"])
def test_a_smaller_sample_is_the_start_of_a_larger_one(method):
    small, large = (lab().sample(n, method, random_state=3) for n in (7, 500))
    pd.testing.assert_frame_equal(small, large.head(7))


@pytest.mark.parametrize("method", METHODS)
def test_chunks_are_the_sample(method):
    space = DesignSpace({"a": Range(0, 1), "b": Range(0, 1)}, [lambda frame: frame["a"] > 0.5])
    chunks = list(space.iter_samples(150_000, method, random_state=0))
    assert max(map(len, chunks)) <= 65_536
    whole = space.sample(150_000, method, random_state=0)
    pd.testing.assert_frame_equal(pd.concat(chunks), whole, check_index_type=False)


def test_random_states():
    space = DesignSpace({"a": Range(0, 1)})
    assert not space.sample(5).equals(space.sample(5))
    state = np.random.RandomState(0)
    first, second = space.sample(5, random_state=state), space.sample(5, random_state=state)
    assert not first.equals(second)
    assert first.equals(space.sample(5, random_state=np.random.RandomState(0)))


def test_a_space_of_constants():
    space = DesignSpace({"a": Constant(1.0), "solvent": Molecules(["O"])})
    for method in METHODS:
        assert space.sample(2, method).values.tolist() == [[1.0, "O"]] * 2


def test_a_large_space_costs_nothing():
    columns = {f"c{i}": Levels(range(100)) for i in range(50)}
    start = time.perf_counter()
    space = DesignSpace(columns)
    assert len(space.sample(5, random_state=0)) == 5
    assert "c49" in repr(space)
    assert time.perf_counter() - start < 1


def test_a_constraint_that_never_holds():
    columns = {"a": Range(0, 1), "b": Range(0, 1)}
    never = {"never": lambda f: f["a"] > 2, "half": lambda f: f["b"] > 0.5}
    with pytest.raises(ValueError, match=r"^Only 0 of ") as caught:
        DesignSpace(columns, never).sample(1000, random_state=0)
    n_drawn, share = re.search(r"of ([\d,]+) .* 'half' ([\d.]+)%", str(caught.value)).groups()
    assert 1_000_000 <= int(n_drawn.replace(",", "")) < 1_100_000
    assert float(share) == pytest.approx(50, abs=0.5)
    assert str(caught.value) == (
        f"Only 0 of {n_drawn} experiments drawn from the space satisfied all constraints. Share "
        f"that satisfied each: 'never' 0.00%, 'half' {share}%. Loosen a constraint, narrow the "
        "ranges to where it holds, or use When for a column that applies to some rows only."
    )


def test_a_constraint_that_hardly_ever_holds():
    space = DesignSpace({"a": Range(0, 1)}, [lambda f: f["a"] > 0.9999])
    with pytest.raises(ValueError, match=r"^Only \d+ of [\d,]+ experiments drawn from the space"):
        space.sample(5000, random_state=0)
    assert (space.sample(5, random_state=0)["a"] > 0.9999).all()


def test_a_rare_constraint_is_met():
    space = DesignSpace({"a": Range(0, 1)}, [lambda f: f["a"] > 0.99])
    assert (space.sample(2000, "sobol", random_state=0)["a"] > 0.99).all()


# -- Definition ------------------------------------------------------------------------------------


def test_sample_refuses():
    message = (
        "The 'method' parameter of DesignSpace.sample must be one of 'uniform', 'lhs', 'sobol'. "
        "Got 'halton' instead."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        lab().iter_samples(5, "halton")
    message = (
        "The 'n' parameter of DesignSpace.sample must be an integer of at least 1. Got 0 instead."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        lab().iter_samples(0)
