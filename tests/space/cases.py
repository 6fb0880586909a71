"""A space with every kind of column, and spaces drawn at random."""

import numpy as np
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
    low = round(draw(st.floats(-100, 100)), 6)  # limits may be off a step by a billionth of it
    width = round(draw(st.floats(0.1, 1000)), 6)
    first = draw(st.integers(-5, 5))
    bottom = draw(st.floats(1e-3, 10))
    numbers = st.floats(-50, 50)
    columns = {
        "linear": Range(low, round(low + width, 6)),
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
