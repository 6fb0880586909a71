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
from sksiamese.descriptors import dielectric_constant
from sksiamese.space import Computed, Constant, Levels, Molecules, OfMolecule, Range, When

SMILES = ["O", "CCO", "CC#N", "ClCCl", "Cc1ccccc1"]
METHODS = ["uniform", "lhs", "sobol"]


def ratio(frame):
    return frame["a"] / frame["b"]


def in_water(frame):
    return frame["solvent"] == "O"


def lab(**changes):
    """A space with every kind of column."""
    columns = {
        "solvent": Molecules({"water": "O", "ethanol": "CCO", "toluene": "Cc1ccccc1"}),
        "dielectric": OfMolecule("solvent", dielectric_constant),
        "a": Range(1.0, 50.0, log=True),
        "b": Range(0.5, 5.0),
        "a/b": Computed(ratio),
        "runs": Range(1, 6, integer=True),
        "degC": Levels([20, 50, 80]),
        "stirrer": Levels(["cross", "bar"]),
        "pH": When(in_water, Range(7.0, 14.0), 7.0),
        "hours": Constant(12.5),
    }
    return DesignSpace(columns | changes, {"a/b below 20": lambda frame: frame["a/b"] < 20})


def obeys(frame):
    """Whether the rows are of the space `lab`, told without it."""
    epsilon = {"O": 80.1, "CCO": 25.3, "Cc1ccccc1": 2.38}
    inside = frame["solvent"].isin(list(epsilon)) & (frame["hours"] == 12.5)
    inside &= frame["dielectric"] == frame["solvent"].map(epsilon)
    inside &= frame["a"].between(1, 50) & frame["b"].between(0.5, 5)
    inside &= frame["a/b"] == frame["a"] / frame["b"]
    inside &= (frame["a/b"] < 20) & frame["runs"].isin(range(1, 7))
    inside &= frame["degC"].isin([20, 50, 80]) & frame["stirrer"].isin(["cross", "bar"])
    in_range = frame["pH"].between(7, 14)
    return inside & np.where(frame["solvent"] == "O", in_range, frame["pH"] == 7.0)


@st.composite
def spaces(draw):
    """Spaces of few columns, with a constraint that at least a fifth of a range satisfies."""
    low = draw(st.floats(-100, 100))
    width = draw(st.floats(0.1, 1000))
    first = draw(st.integers(-5, 5))
    bottom = draw(st.floats(1e-3, 10))
    numbers = st.floats(-50, 50)
    columns = {
        "linear": Range(low, low + width),
        "log": Range(bottom, bottom * draw(st.floats(1.5, 1e4)), log=True),
        "whole": Range(first, first + draw(st.integers(1, 9)), integer=True),
        "level": Levels(draw(st.lists(numbers, min_size=1, max_size=5, unique=True))),
        "text": Levels(draw(st.lists(st.sampled_from("abc"), min_size=1, unique=True))),
        "molecule": Molecules(draw(st.lists(st.sampled_from(SMILES), min_size=1))),
    }
    limit = low + draw(st.floats(0, 0.8)) * width
    return DesignSpace(columns, {"high": lambda frame: frame["linear"] >= limit}), limit


def allowed(space, limit, frame):
    """Whether each row satisfies columns and constraint, told value by value."""
    columns = space.columns

    def row_is(row):
        log, whole = columns["log"], columns["whole"]
        return (
            max(columns["linear"].low, limit) <= row.linear <= columns["linear"].high
            and log.low <= row.log <= log.high
            and whole.low <= row.whole <= whole.high
            and row.whole == int(row.whole)
            and row.level in columns["level"].values
            and row.text in columns["text"].values
            and row.molecule in columns["molecule"].smiles
        )

    return [row_is(row) for row in frame.itertuples()]


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
