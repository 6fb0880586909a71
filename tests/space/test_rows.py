"""What a space says of rows: completed, within it or not, judged by constraints."""

import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sksiamese import DesignSpace
from sksiamese.descriptors import dielectric_constant
from sksiamese.space import Computed, Constant, Levels, Molecules, OfMolecule, Range, When

SMILES = ["O", "CCO", "CC#N", "ClCCl", "Cc1ccccc1"]


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
