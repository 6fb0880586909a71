"""What a space says of rows: completed, within it or not, judged by constraints."""

import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sksiamese import DesignSpace
from sksiamese.space import Computed, Molecules, Range
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
