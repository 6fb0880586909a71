"""DesignSpace: rows against their definitions, spelled out anew."""

import copy
import itertools
import pickle
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from skopt import gp_minimize
from skopt.space import Categorical, Integer, Real

from sksiamese import DesignSpace, InvalidSMILESError
from sksiamese.molecules import graph_from_smiles
from sksiamese.space import Computed, Levels, Molecules, OfLevel, OfMolecule, Range, When
from tests.space.cases import allowed, in_water, lab, obeys, spaces

# -- Grid ------------------------------------------------------------------------------------------


def test_grid_is_the_product_of_the_columns():
    space = DesignSpace(
        {
            "solvent": Molecules(["O", "CCO"]),
            "a": Range(1, 100, log=True),
            "n": Range(1, 3, integer=True),
            "b": Range(0, 1),
        }
    )
    frame = space.grid(["a", "n", "solvent"], {"a": 3}, at={"b": 0.25})
    expected = itertools.product([1, 10, 100], [1, 2, 3], ["O", "CCO"])
    assert frame[["a", "n", "solvent"]].values.tolist() == [
        [pytest.approx(a), n, solvent] for a, n, solvent in expected
    ]
    assert set(frame["b"]) == {0.25}


@given(spaces(), st.integers(2, 5), st.integers(2, 5))
def test_grid_sizes(drawn, n_linear, n_log):
    space, limit = drawn
    frame = space.grid(["linear", "log", "level"], {"linear": n_linear, "log": n_log})
    linear = np.linspace(space.columns["linear"].low, space.columns["linear"].high, n_linear)
    n_levels = len(space.columns["level"].values)
    assert len(frame) == (linear >= limit).sum() * n_log * n_levels
    assert all(allowed(space, limit, frame))
    assert not frame.duplicated().any()


def test_grid_takes_the_middle_of_other_columns():
    row = lab().grid("runs", at={"solvent": "CCO"}).iloc[0]
    assert row["a"] == 7.071  # the square root of 50
    assert row["b"] == 2.75
    assert row["degC"] == 50
    assert row["dielectric"] == 25.3
    assert row["pH"] == 7.0


def test_grid_of_a_column_that_applies_to_some_rows():
    frame = lab().grid(["solvent", "pH"], 5)
    assert frame.groupby("solvent")["pH"].count().to_dict() == {"O": 5, "CCO": 1, "Cc1ccccc1": 1}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (["a/b"],),
            "The column(s) 'a/b' cannot be chosen. Columns that are drawn: 'solvent', 'a', 'b', "
            "'runs', 'degC', 'stirrer', 'pH', 'hours'.",
        ),
        (
            ("b", 1),
            "The 'n' parameter of DesignSpace.grid must be an integer of at least 2. Got 1 "
            "instead.",
        ),
        (
            (["a", "b"], 4000),
            "The grid would have 16,000,000 rows, and at most 10,000,000 are made. Choose fewer "
            "columns or a smaller n, or use sample.",
        ),
        (
            ("a", 3, {"b": 9.0}),
            "Column 'b', row 0 holds 9.0, which is outside of the design space (0.5 to 5). Correct "
            "the value or widen the column, for example with DesignSpace.from_frame(X, "
            "margin=...).",
        ),
        (
            ("runs", 3, {"a": 50.0, "b": 0.5}),
            "None of the 3 rows satisfies all constraints. Share that satisfies each: "
            "'a/b below 20' 0%. Loosen a constraint or choose other rows.",
        ),
    ],
)
def test_grid_refuses(arguments, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        lab().grid(*arguments)


# -- Around ----------------------------------------------------------------------------------------


@settings(max_examples=50)
@given(spaces(), st.floats(0, 1), st.integers(0, 1000))
def test_around_stays_within_tolerance_and_range(drawn, tolerance, seed):
    space, limit = drawn
    X = space.sample(4, random_state=seed)
    near = space.around(X, tolerance, n=3, random_state=seed)
    assert len(near) == 12
    assert all(allowed(space, limit, near))
    start = X.iloc[np.repeat(np.arange(4), 3)].reset_index(drop=True)
    linear, log, whole = (space.columns[name] for name in ("linear", "log", "whole"))
    levels = space.columns["level"].values
    slack = 1e-9
    step = (near["linear"] - start["linear"]).abs()
    assert (step <= tolerance * (linear.high - linear.low) * (1 + slack) + slack).all()
    factor = np.abs(np.log(near["log"] / start["log"]))
    assert (factor <= tolerance * np.log(log.high / log.low) + slack).all()
    step = (near["whole"] - start["whole"]).abs()
    assert (step <= tolerance * (whole.high - whole.low) + slack).all()
    moved = (near["level"] - start["level"]).abs()
    assert (moved <= tolerance * (max(levels) - min(levels)) + slack).all()
    assert near["text"].tolist() == start["text"].tolist()
    assert near["molecule"].tolist() == start["molecule"].tolist()


def test_around_with_tolerances_in_units():
    X = lab().sample(20, random_state=0)
    near = lab().around(X, {"b": 0.2, "degC": 30, "runs": 1}, n=50, random_state=0)
    start = X.iloc[np.repeat(np.arange(20), 50)].reset_index(drop=True)
    assert obeys(near).all()
    assert ((near["b"] - start["b"]).abs() <= 0.2 + 1e-9).all()
    assert set((near["degC"] - start["degC"]).abs()) == {0, 30}
    assert set((near["runs"] - start["runs"]).abs()) == {0, 1}
    for name in ("solvent", "dielectric", "a", "stirrer", "pH", "hours"):
        assert near[name].tolist() == start[name].tolist()


def test_around_reaches_the_whole_of_its_interval():
    space = DesignSpace({"a": Range(0, 10), "n": Range(0, 9, integer=True)})
    near = space.around(pd.DataFrame({"a": [9.5], "n": [5]}), {"a": 1, "n": 2}, n=2000)
    assert stats.kstest(near["a"], stats.uniform(8.5, 1.5).cdf).pvalue > 1e-6
    assert near["n"].value_counts().gt(300).loc[[3, 4, 5, 6, 7]].all()


def test_around_keeps_the_value_where_a_column_does_not_apply():
    X = lab().sample(50, random_state=0)
    near = lab().around(X, 0.05, n=2, random_state=0)
    assert (near.loc[near["solvent"] != "O", "pH"] == 7.0).all()
    moved = near["pH"] - X["pH"].repeat(2).to_numpy()
    assert (moved.abs() <= 0.05 * 7 + 1e-9).all()
    assert (moved[near["solvent"] == "O"] != 0).mean() > 0.9


def test_around_refuses_rows_outside():
    X = lab().sample(3, random_state=0).set_index(pd.Index(["r1", "r2", "r3"]))
    X.loc["r2", "b"] = 77.0
    message = (
        "Column 'b', row 'r2' holds 77.0, which is outside of the design space (0.5 to 5). Correct "
        "the value or widen the column, for example with DesignSpace.from_frame(X, margin=...)."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        lab().around(X)


def test_around_gives_up():
    space = DesignSpace({"a": Range(0, 1)}, [lambda f: f["a"] > 0.5])
    message = (
        "No neighbour of row 1 satisfied the constraints in 1,000 draws. Give a larger tolerance, "
        "loosen the constraints or leave the row out."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        space.around(pd.DataFrame({"a": [0.9, 0.1]}), 0.1)


@pytest.mark.parametrize(
    ("tolerance", "message"),
    [
        (
            {"solvent": 1.0},
            "The column(s) 'solvent' cannot have a tolerance. Columns of numbers that can be "
            "varied: 'a', 'b', 'runs', 'degC', 'pH'.",
        ),
        (
            2.0,
            "The 'tolerance' parameter of DesignSpace.around must be a number in [0, 1]. Got 2.0 "
            "instead.",
        ),
        (
            {"b": -1.0},
            "The 'tolerance' parameter of DesignSpace.around must be a number in [0, inf). Got "
            "-1.0 instead.",
        ),
    ],
)
def test_around_refuses_tolerances(tolerance, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        lab().around(lab().sample(1), tolerance)


# -- Swap ------------------------------------------------------------------------------------------


@given(spaces(), st.integers(0, 1000), st.booleans())
def test_swap_changes_one_column_only(drawn, seed, unseen):
    space, _ = drawn
    X = space.sample(3, random_state=seed)
    molecules = ["NCCS", "CCCCS"] if unseen else None
    swapped = space.swap(X, "molecule", molecules)
    put_in = molecules or list(space.columns["molecule"].smiles)
    assert swapped["molecule"].tolist() == put_in * 3
    rest = X.drop(columns="molecule").iloc[np.repeat(np.arange(3), len(put_in))]
    pd.testing.assert_frame_equal(
        swapped.drop(columns="molecule"), rest.reset_index(drop=True), check_dtype=False
    )


def test_swap_moves_what_depends_on_the_molecule():
    X = lab().sample(30, random_state=0)
    swapped = lab().swap(X, "solvent")
    assert len(swapped) == 90
    assert obeys(swapped).all()
    same = ["a", "b", "a/b", "runs", "degC", "stirrer", "hours"]
    start = X.iloc[np.repeat(np.arange(30), 3)].reset_index(drop=True)
    pd.testing.assert_frame_equal(swapped[same], start[same])


def test_swap_gives_a_value_where_a_column_starts_to_apply():
    space = DesignSpace(
        {"solvent": Molecules(["O", "CCO"]), "pH": When(in_water, Range(7, 14), None)}
    )
    swapped = space.swap(pd.DataFrame({"solvent": ["CCO", "O"], "pH": [None, 8.0]}), "solvent")
    np.testing.assert_array_equal(swapped["pH"], [10.5, np.nan, 8.0, np.nan])


def test_swap_leaves_out_what_constraints_forbid():
    space = DesignSpace(
        {"solvent": Molecules(["O", "CCO"]), "pH": Range(7, 14)},
        {"pH only in water": lambda f: (f["solvent"] == "O") | (f["pH"] == 7)},
    )
    swapped = space.swap(pd.DataFrame({"solvent": ["O", "O"], "pH": [7.0, 9.0]}), "solvent")
    assert swapped.values.tolist() == [["O", 7.0], ["CCO", 7.0], ["O", 9.0]]


def test_swap_refuses():
    X = lab().sample(2, random_state=0)
    message = "'a' is not a molecule column of the design space. Molecule columns: 'solvent'."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        lab().swap(X, "a")
    message = (
        "Not readable as SMILES (1 in all):\n"
        "  position 1: 'water' ('w' at position 1 is not part of SMILES)\nCorrect these texts."
    )
    with pytest.raises(InvalidSMILESError, match=f"^{re.escape(message)}$"):
        lab().swap(X, "solvent", ["O", "water"])
    space = lab(dielectric=OfMolecule("solvent", {"O": 80.1, "OCC": 25.3, "Cc1ccccc1": 2.38}))
    message = (
        "Column 'dielectric' has no value for 'CC#N' in column 'solvent'. Add it to the values of "
        "OfMolecule, in extend with followers={'dielectric': ...}, or give OfMolecule a function."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        space.swap(X, "solvent", ["CC#N"])


# -- scikit-optimize -------------------------------------------------------------------------------


def test_skopt_dimensions():
    dimensions = lab().to_skopt()
    assert [d.name for d in dimensions] == ["solvent", "a", "b", "runs", "degC", "stirrer", "pH"]
    kinds = [Categorical, Real, Real, Integer, Categorical, Categorical, Real]
    assert [type(d) for d in dimensions] == kinds
    assert (dimensions[1].prior, dimensions[2].prior) == ("log-uniform", "uniform")
    assert dimensions[0].categories == ("O", "CCO", "Cc1ccccc1")


def test_skopt_points_are_experiments():
    points = [["CCO", 2.0, 1.0, 3, 50, "bar", 9.0], ["O", 2.0, 1.0, 3, 50, "bar", 9.0]]
    frame = lab().from_skopt(points)
    assert obeys(frame).all()
    assert frame["pH"].tolist() == [7.0, 9.0]


def test_skopt_search_within_constraints():
    space = DesignSpace(
        {"a": Range(0.0, 1.0), "b": Range(0.0, 1.0), "a+b": Computed(lambda f: f["a"] + f["b"])},
        {"at most 1": lambda f: f["a+b"] <= 1},
    )

    def cost(point):
        return -float(space.from_skopt([point])["a"].iloc[0])

    found = gp_minimize(
        cost,
        space.to_skopt(),
        n_calls=8,
        n_initial_points=5,
        n_points=100,
        random_state=0,
        space_constraint=lambda p: bool(space.contains(space.from_skopt([p])).all()),
    )
    assert space.contains(space.from_skopt(found.x_iters)).all()


# -- Definition ------------------------------------------------------------------------------------


def test_repr():
    assert repr(lab()) == (
        "DesignSpace of 10 columns\n"
        "  solvent     3 molecules: water, ethanol, toluene\n"
        "  dielectric  follows from 'solvent'\n"
        "  a           1 to 50, log\n"
        "  b           0.5 to 5\n"
        "  a/b         computed by ratio\n"
        "  runs        1 to 6, whole numbers\n"
        "  degC        20, 50, 80\n"
        "  stirrer     cross, bar\n"
        "  pH          7 to 14 when in_water, otherwise 7.0\n"
        "  hours       always 12.5\n"
        "  constraint  a/b below 20"
    )


def test_copies():
    space = DesignSpace({"a": Range(0, 1), "s": Molecules(["O", "CCO"])}, [in_water_or_not])
    for other in (pickle.loads(pickle.dumps(space)), copy.deepcopy(space)):
        assert repr(other) == repr(space)
        pd.testing.assert_frame_equal(
            other.sample(5, random_state=0), space.sample(5, random_state=0)
        )


def in_water_or_not(frame):
    return frame["a"] >= 0


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: Range(2, 2),
            ValueError,
            "The 'low' limit of Range must be below 'high'. Got 2 and 2. For a single value use "
            "Constant.",
        ),
        (
            lambda: Range(0, np.inf),
            ValueError,
            "The 'high' parameter of Range must be a number in (-inf, inf). Got inf instead.",
        ),
        (
            lambda: Range(0, 1, log=True),
            ValueError,
            "A logarithmic Range must lie above 0. Got low=0. Raise it, or leave log=True out.",
        ),
        (
            lambda: Range(0, 1.5, integer=True),
            ValueError,
            "An integer Range needs whole limits. Got 0 and 1.5.",
        ),
        (
            lambda: Range(0, 10, step=0),
            ValueError,
            "The 'step' parameter of Range must be a number in (0, inf). Got 0 instead.",
        ),
        (
            lambda: Range(0, 10, integer=True, step=2.5),
            ValueError,
            "An integer Range needs a whole step. Got 2.5.",
        ),
        (
            lambda: Range(7, 14, step=10),
            ValueError,
            "Range from 7 to 14 does not hold two multiples of the step 10. Lower the step or "
            "widen the range.",
        ),
        (
            lambda: Levels("abc"),
            ValueError,
            "The 'values' parameter of Levels must be a list of values. Got 'abc' instead.",
        ),
        (
            lambda: Levels([1, 2, 1]),
            ValueError,
            "The 'values' parameter of Levels must hold at least one value, and each once. Got "
            "[1, 2, 1] instead.",
        ),
        (
            lambda: Levels([[1, 2], [3]]),
            ValueError,
            "The 'values' parameter of Levels must hold numbers, texts or truth values. Got [1, 2] "
            "among them.",
        ),
        (
            lambda: Molecules([]),
            ValueError,
            "The 'molecules' parameter of Molecules must be a list of at least one SMILES, or a "
            "dict of names and SMILES. Got [] instead.",
        ),
        (
            lambda: When(True, Range(0, 1), 0),
            TypeError,
            "The 'condition' parameter of When must be a dict of columns and what they hold, such "
            'as {"solvent": ["O"]} or {"pH": Range(7, 9)}. Got True instead.',
        ),
        (
            lambda: When(in_water, OfMolecule("a"), 0),
            TypeError,
            "The 'column' parameter of When must be a Range, Levels, Molecules or Constant. Got "
            "OfMolecule(column='a', values=None) instead.",
        ),
        (
            lambda: Computed("a / b"),
            TypeError,
            "The 'function' parameter of Computed must be a Ratio, Sum, Product or function. Got "
            "'a / b' instead.",
        ),
        (
            lambda: DesignSpace({}),
            ValueError,
            "A DesignSpace needs at least one column. Got none.",
        ),
        (
            lambda: DesignSpace({"pH": (7, 14)}),
            TypeError,
            "Column 'pH' of a DesignSpace must be a Range, Levels, Molecules, Constant, OneHot, "
            "When, OfMolecule, OfLevel, OfSeveral or Computed. Got (7, 14) instead.",
        ),
        (
            lambda: DesignSpace({"e": OfMolecule("solvent", len)}),
            ValueError,
            "Column 'e' follows from 'solvent', which is not a molecule column of the design "
            "space.",
        ),
        (
            lambda: DesignSpace({"s": Molecules(["O"]), "e": OfMolecule("s")}),
            ValueError,
            "Column 'e' has no values. Give OfMolecule a dict or a function, or let "
            "DesignSpace.from_frame read them from a table.",
        ),
        (
            lambda: DesignSpace({"a": Range(0, 1), "b": OfLevel("a", {})}),
            ValueError,
            "Column 'b' follows from 'a', which is not a column of Levels of the design space.",
        ),
        (
            lambda: OfLevel("a", [1]),
            TypeError,
            "The 'values' parameter of OfLevel must be a dict of levels and values. Got [1] "
            "instead.",
        ),
        (
            lambda: DesignSpace({"a": Range(0, 1)}, ["a > 1"]),
            TypeError,
            "A constraint of DesignSpace must be a Bound, an OnlyWith or a function of a frame. "
            "Got 'a > 1' instead.",
        ),
        pytest.param(
            lambda: DesignSpace({"a": Range(0, 1)}, in_water),
            TypeError,
            "The 'constraints' of DesignSpace must be a list or a dict of constraints. Got "
            f"{in_water!r} instead.",
            id="a function",  # whose address differs from process to process
        ),
    ],
)
def test_definitions_that_are_refused(make, error, message):
    with pytest.raises(error) as caught:
        make()
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("at", "message"),
    [
        (
            {"s": "CCC", "l": "x"},
            "Column 's', row 0 holds 'CCC', which is outside of the design space (2 molecules: O, "
            "CCO). Correct the value or add the molecule with DesignSpace.extend.",
        ),
        (
            {"s": "O", "l": "z"},
            "Column 'l', row 0 holds 'z', which is outside of the design space (x, y). Correct the "
            "value or give the column more Levels.",
        ),
    ],
)
def test_a_message_says_how_a_column_takes_more(at, message):
    columns = {"a": Range(0, 1), "s": Molecules(["O", "CCO"]), "l": Levels(["x", "y"])}
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        DesignSpace(columns).grid("a", 3, at=at)


def test_graphs_are_no_column_of_a_space():
    graphs = [graph_from_smiles("CO"), graph_from_smiles("CCO")]
    message = (
        "Column 'g' must hold numbers, truth values or text; row 0 holds MolGraph('CO', 2 atoms, 1 "
        "bonds) (MolGraph). Drop the column, or give the table as it was before a pipeline changed "
        "it."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        DesignSpace.from_frame(pd.DataFrame({"g": graphs, "a": [1.0, 2.0]}))
