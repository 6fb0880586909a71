"""How finely numbers are drawn, against decimal arithmetic."""

import os
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sksiamese import DesignSpace
from sksiamese.space import Levels, Range

SHARED = Path(os.environ.get("SKSIAMESE_SHARED", Path(__file__).parents[3] / "shared"))


def is_multiple(value, step):
    """Whether a number, as it is printed, is a multiple of a step; Decimal is exact."""
    return Decimal(str(value)) % Decimal(str(step)) == 0


def test_rows_at_a_limit_that_is_hardly_off_a_step_are_of_the_space():
    space = DesignSpace({"a": Range(6 + 5e-13, 7 - 5e-13)})
    rows = pd.concat([space.sample(5000, random_state=0), pd.DataFrame({"a": [5.999, 7.001]})])
    assert (rows["a"].iloc[:-2].min(), rows["a"].iloc[:-2].max()) == (6, 7)
    assert space.contains(rows).tolist() == [True] * 5000 + [False] * 2


# -- Steps that are given --------------------------------------------------------------------------


@st.composite
def stepped(draw):
    step = draw(st.sampled_from([0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10]))
    low = draw(st.floats(-200, 200))
    column = {"step": step, "high": low + step * draw(st.floats(3, 200))}
    if draw(st.booleans()):
        low, column["log"] = abs(low) + 0.1, True
        column["high"] = low + step * draw(st.floats(3, 200))
    return Range(low, **column)


@settings(max_examples=60, deadline=None)
@given(stepped(), st.integers(0, 100), st.floats(0, 1))
def test_every_row_is_a_multiple_of_the_step(column, seed, tolerance):
    space = DesignSpace({"a": column})
    drawn = space.sample(20, random_state=seed)
    near = space.around(drawn, tolerance, n=3, random_state=seed)
    points = np.random.RandomState(seed).uniform(column.low, column.high, 20)
    asked = space.from_skopt([[point] for point in points])
    for frame in (drawn, near, space.grid("a", 7), asked):
        assert all(is_multiple(value, column.step) for value in frame["a"])
        assert frame["a"].between(column.low - 1e-9, column.high + 1e-9).all()
    assert (np.abs(asked["a"] - points) <= column.step + 1e-9).all()
    width = column.high - column.low
    start = drawn["a"].repeat(3).to_numpy()
    if not column.log:
        assert (np.abs(near["a"] - start) <= tolerance * width + 1e-6).all()


def test_multiples_are_drawn_equally_often():
    counts = DesignSpace({"a": Range(0, 1, step=0.25)}).sample(5000, random_state=0)["a"]
    assert sorted(counts.unique()) == [0, 0.25, 0.5, 0.75, 1]
    assert counts.value_counts().between(900, 1100).all()


def test_whole_numbers_in_steps():
    drawn = DesignSpace({"a": Range(3, 21, integer=True, step=5)}).sample(100, random_state=0)["a"]
    assert drawn.dtype == np.int64
    assert sorted(drawn.unique()) == [5, 10, 15, 20]


def test_experiments_may_lie_between_the_steps():
    space = DesignSpace({"a": Range(0, 10, step=5)})
    assert space.contains(pd.DataFrame({"a": [2.2, 10.0, 11.0]})).tolist() == [True, True, False]
    odd = pd.DataFrame({"a": [2.2]})
    assert set(space.around(odd, {"a": 3}, n=50, random_state=0)["a"]) == {0.0, 5.0}
    assert space.around(odd, {"a": 1}, n=2)["a"].tolist() == [2.2, 2.2]


# -- Without a step --------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.floats(1e-4, 1e4), st.floats(1.001, 1e5), st.booleans(), st.integers(0, 100))
def test_numbers_can_be_weighed(low, factor, log, seed):
    """Four significant digits, of the largest number at least; more where a range is narrow.

    A limit such as 0.0030029999999999996 is met by 0.003003, as it would be written.
    """
    high = low * factor
    drawn = DesignSpace({"a": Range(low, high, log=log)}).sample(50, random_state=seed)["a"]
    np.testing.assert_allclose(drawn, drawn.clip(low, high), rtol=1e-12)
    digits = [len(Decimal(str(value)).normalize().as_tuple().digits) for value in drawn]
    narrow = max(0, np.ceil(np.log10(low / (high - low))))
    assert max(digits) <= 4 + narrow
    assert drawn.nunique() > 20


# -- Steps that are found --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([7.0, 9.25, 13.22], "7 to 13.22, in steps of 0.01"),
        ([5.0, 22.0, 78.0], "5 to 78, in steps of 1"),
        ([5, 22, 78], "5 to 78, whole numbers"),
        ([600, 12600, 21600], "600 to 21600, whole numbers, in steps of 100"),
        ([10, 20, 40], "10 to 40, whole numbers"),
        ([1.0, 2.0, 3.0], "1 to 3, in steps of 0.1"),
        ([0.6603, 9.2951, 12.4532], "0.6603 to 12.4532, in steps of 0.01"),
        ([0.1 + 0.2, 1 / 3, 2 / 3], "0.3 to 0.666667, in steps of 0.0001"),
        ([1000.012, 1000.5, 1000.9], "1000.01 to 1000.9, in steps of 0.001"),
        (np.array([0.1, 0.25, 2.0], np.float32), "0.1 to 2, in steps of 0.01"),
        ([0.0, 5e-324], "0 to 4.94066e-324"),
        ([-5e-5, 1e-5, 3e-4], "-5e-05 to 0.0003, in steps of 1e-05"),
    ],
)
def test_the_step_is_the_last_digit_that_is_written(values, expected):
    assert str(DesignSpace.from_frame(pd.DataFrame({"a": values})).columns["a"]) == expected


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(-9999, 9999), min_size=6, max_size=20, unique=True),
    st.integers(-3, 2),
    st.floats(0, 1),
)
def test_a_found_space_holds_the_table_and_goes_on_in_its_digits(whole, exponent, margin):
    values = [float(Decimal(number).scaleb(exponent)) for number in whole]
    assume(max(values) - min(values) >= 100 * 10.0**exponent)
    X = pd.DataFrame({"a": values})
    space = DesignSpace.from_frame(X, margin)
    assert space.contains(X).all()
    step = Decimal(1).scaleb(exponent)
    drawn = space.sample(20, random_state=0)["a"]
    assert all(is_multiple(value, step) for value in drawn)


def test_few_numbers_that_recur_are_levels():
    X = pd.DataFrame(
        {
            "three": [70, 105, 120] * 8,
            "odd": [70.0] * 12 + [105.0] * 11 + [120.0],
            "six": [1.5, 2.5, 3.5, 4.5, 5.5, 6.5] * 4,
            "tight": [0.75, 2.0] * 12,
        }
    )
    found = DesignSpace.from_frame(X, margin=0.1).columns
    assert found["three"] == Levels([70, 105, 120])
    assert found["odd"] == Levels([70.0, 105.0, 120.0])
    assert str(found["six"]) == "1 to 7, in steps of 0.1"
    assert found["tight"] == Levels([0.75, 2.0])
    gaps = X.assign(tight=X["tight"].where(X["three"] > 70), gas=X["three"].map(str))
    assert str(DesignSpace.from_frame(gaps).columns["tight"]) == (
        "0.75, 2.0 when gas is '105' or '120', otherwise nan"
    )
    few = DesignSpace.from_frame(X[:7]).columns
    assert str(few["three"]) == "70 to 120, whole numbers"


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the tables that SKSIAMESE_SHARED names")
@pytest.mark.parametrize(
    ("file", "levels"),
    [
        ("reactions/direct_arylation.csv.gz", {"concentration_M", "temperature_C"}),
        ("reactions/ligand_screen.csv.gz", {"time_h"}),
        ("reactions/nickel_suzuki.csv.gz", {"temperature_C"}),
        ("perovskite_crystallization.csv", {"temperature_C"}),
    ],
)
def test_levels_of_measured_tables_and_no_others(file, levels):
    """Plates of fifty rows of any of them show the same."""
    table = pd.read_csv(SHARED / "data" / file).drop(
        columns=["yield_percent", "plate", "crystal_score"], errors="ignore"
    )
    numbers = table.select_dtypes("number")
    for seed in range(5):
        found = DesignSpace.from_frame(numbers.sample(54, random_state=seed)).columns
        assert {name for name, column in found.items() if isinstance(column, Levels)} == levels
