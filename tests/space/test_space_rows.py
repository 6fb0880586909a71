"""What a space says of rows: completed, within it or not, judged by constraints."""

import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sksiamese import DesignSpace
from sksiamese.space import Computed, Constant, Molecules, Range, When
from tests.space.cases import SMILES, allowed, lab, spaces

# -- Tables ----------------------------------------------------------------------------------------


@given(spaces(), st.integers(0, 100), st.data())
def test_contains_against_brute_force(drawn, seed, data):
    space, limit = drawn
    frame = space.sample(8, random_state=seed)
    name = data.draw(st.sampled_from(["linear", "log", "whole", "level"]))
    frame[name] = frame[name].astype(float)
    frame.loc[3, name] += data.draw(st.sampled_from([0.5, -1e4, 1e4]))
    frame.loc[5, "molecule"] = data.draw(st.sampled_from(SMILES))
    assert space.contains(frame).tolist() == allowed(space, limit, frame)


def test_contains_knows_every_spelling_and_absent_molecules():
    space = DesignSpace({"additive": Molecules(["CCO", None])})
    X = pd.DataFrame({"additive": ["OCC", None, "", "CCC"]})
    assert space.contains(X).tolist() == [True, True, True, False]
    assert space.sample(50, random_state=0)["additive"].isna().any()


def test_complete_adds_what_is_absent_and_changes_nothing():
    X = lab().sample(10, random_state=0)
    given_columns = X[["solvent", "a", "b", "runs", "degC", "stirrer", "pH"]].assign(more=1)
    pd.testing.assert_frame_equal(lab().complete(given_columns), X)
    odd = X.assign(dielectric=1.0)
    pd.testing.assert_frame_equal(lab().complete(odd), odd)


def test_complete_takes_a_table_without_rows():
    space = DesignSpace({"a": Range(0, 1), "b": Constant("x")})
    found = space.complete(pd.DataFrame({"a": [0.5]})[:0])
    assert (list(found.columns), len(found)) == (["a", "b"], 0)


def test_complete_refuses_a_table_without_a_column():
    X = lab().sample(10, random_state=0)[["solvent", "a", "b", "runs"]]
    message = (
        "X lacks the column(s) 'degC', 'stirrer', 'pH'. It has: 'solvent', "
        "'a', 'b', 'runs'. Add or rename them."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        lab().complete(X)


# -- Definition ------------------------------------------------------------------------------------


def test_names_of_constraints():
    def dry(frame):
        return frame["a"] > 0

    space = DesignSpace({"a": Range(0, 1)}, [dry, lambda f: f["a"] < 1, dry])
    assert list(space.constraints) == ["dry", "constraint 2", "constraint 3"]


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (
            lambda _: True,
            "Constraint 'c' must give True or False for each row. Got bool of shape () for 4 rows. "
            "Combine conditions with & and |, each in brackets, not with 'and' and 'or'.",
        ),
        (
            lambda frame: frame["a"],
            "Constraint 'c' must give True or False for each row. Got float64 of shape (4,) for 4 "
            "rows. Combine conditions with & and |, each in brackets, not with 'and' and 'or'.",
        ),
        (
            lambda frame: frame["a"] > 0 and frame["a"] < 1,
            "Constraint 'c' asks whether a whole column is true. Combine conditions with & and |, "
            "each in brackets, not with 'and' and 'or'.",
        ),
    ],
)
def test_constraints_that_say_something_else(function, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        DesignSpace({"a": Range(0, 1)}, {"c": function}).sample(4)


def test_nullable_answers_are_fine():
    space = DesignSpace({"a": Range(0, 1)}, [lambda f: f["a"].astype("Float64") > 0.5])
    assert (space.sample(10, random_state=0)["a"] > 0.5).all()


def test_a_computed_column_of_another_length():
    space = DesignSpace({"a": Range(0, 1), "b": Computed(lambda _: [1, 2])})
    message = (
        "The function of column 'b' must give one value for each row. Got the shape (2,) for 4 "
        "rows."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        space.sample(4)


# -- Functions of users ----------------------------------------------------------------------------


def test_a_function_that_changes_its_frame_changes_no_sample():
    def careless(frame):
        frame["a"] = frame["a"] * 100
        frame.loc[0, "b"] = -5.0
        del frame["b"]
        return frame["a"] > 50

    def doubled(frame):
        frame["b"] = 7.0
        return frame["a"] * 2

    def is_low(frame):
        frame["b"] = 8.0
        return frame["a"] < 0.75

    columns = {"a": Range(0, 1), "b": Range(0, 1)}
    columns |= {"c": Computed(doubled), "d": When(is_low, Range(2, 3), 0.0)}
    drawn = DesignSpace(columns, [careless]).sample(50, random_state=0)
    assert (drawn["a"] > 0.5).all()
    assert drawn["b"].between(0, 1).all()
    assert (drawn["c"] == 2 * drawn["a"]).all()
    assert ((drawn["d"] >= 2) == (drawn["a"] < 0.75)).all()


def test_a_series_in_another_order_is_put_in_order():
    columns = {"a": Range(0, 1), "c": Computed(lambda f: f["a"].sort_values() * 2)}
    space = DesignSpace(columns, [lambda f: (f["a"] > 0.5).sort_values()])
    drawn = space.sample(50, random_state=0)
    assert (drawn["a"] > 0.5).all()
    assert (drawn["c"] == 2 * drawn["a"]).all()
    labelled = pd.DataFrame({"a": [0.9, 0.1, 0.8]}, index=["x", "x", "y"])
    assert space.contains(labelled).tolist() == [True, False, True]


def test_a_series_of_other_rows_is_refused():
    space = DesignSpace({"a": Range(0, 1)}, {"c": lambda f: (f["a"] > 0.5).iloc[:-1]})
    message = (
        "Constraint 'c' must give one value for each row. Got a Series of 3 rows, whose labels are "
        "not those of the 4 rows it was given."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        space.sample(4)


@pytest.mark.parametrize(
    ("columns", "constraints", "what"),
    [
        ({}, {"few": lambda f: f["A"] < 1}, "Constraint 'few'"),
        ({"c": Computed(lambda f: f["A"])}, {}, "The function of column 'c'"),
        ({"c": When(lambda f: f["A"] < 1, Range(0, 1))}, {}, "The condition of column 'c'"),
    ],
)
def test_a_function_that_asks_for_a_wrong_column(columns, constraints, what):
    names = ["a", *columns] if isinstance(columns.get("c"), When) else ["a"]
    message = (
        f"{what} asks for 'A', which is not there. Columns that it may use: "
        f"{', '.join(map(repr, names))}."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        DesignSpace({"a": Range(0, 1)} | columns, constraints).sample(4)
