"""Declared conditions, constraints and columns, against rows judged one by one."""

import math
import re
import tempfile

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sksiamese import DesignSpace, load_model, save_model
from sksiamese.datasets import make_nanoclusters
from sksiamese.space import (
    Bound,
    Computed,
    Constant,
    Levels,
    Molecules,
    OfLevel,
    OfMolecule,
    OnlyWith,
    Product,
    Range,
    Ratio,
    Sum,
    When,
)

SOLVENTS = {"water": "O", "ethanol": "CCO", "dichloromethane": "ClCCl"}


def says(text):
    return f"^{re.escape(text)}$"


# -- Numbers ---------------------------------------------------------------------------------------

FRAME = pd.DataFrame({"a": [1.0, 2.0, np.nan, 0.0], "b": [4.0, 0.0, 3.0, 0.0]})


@pytest.mark.parametrize(
    ("expression", "text", "expected"),
    [
        (Ratio("a", "b"), "a / b", [0.25, np.inf, np.nan, np.nan]),
        (Sum("a", "b"), "a + b", [5.0, 2.0, 3.0, 0.0]),
        (Product("a", "b"), "a * b", [4.0, 0.0, np.nan, 0.0]),
        (Sum("a", Product(-2, "b"), -1), "a - 2 * b - 1", [-8.0, 1.0, -7.0, -1.0]),
        (Ratio(Sum("a", 1), Product("b", 2)), "(a + 1) / (b * 2)", [0.25, np.inf, 1 / 6, np.inf]),
        (Product(Ratio("b", "a"), 100), "b / a * 100", [400.0, 0.0, np.nan, np.nan]),
    ],
)
def test_expressions(expression, text, expected):
    assert str(expression) == text
    space = DesignSpace(
        {"a": Range(0, 9), "b": Range(0, 9), "c": Computed(expression)}, [Bound("c", -99)]
    )
    assert str(space.columns["c"]) == text
    np.testing.assert_array_equal(space.complete(FRAME)["c"], expected)
    assert eval(repr(expression)) == expression  # a repr is code


def test_an_absent_sum_is_absent():
    space = DesignSpace({"a": Range(0, 9), "c": Computed(Sum("a", "a"))})
    assert space.complete(FRAME[["a"]])["c"].isna().tolist() == [False, False, True, False]


# -- Bounds ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bound", "text", "expected"),
    [
        (Bound("a", 1), "1 <= a", [True, True, True, False]),
        (Bound("b", high="a"), "b <= a", [False, True, True, True]),
        (Bound(Ratio("a", "b"), high=8), "a / b <= 8", [True, False, True, False]),
        (Bound(Sum("a", "b"), 2, 4), "2 <= a + b <= 4", [False, True, True, False]),
        (Bound("a", 0, 0), "a = 0", [False, False, True, True]),
        (Bound("b", Sum("a", 1)), "a + 1 <= b", [True, False, True, False]),
    ],
)
def test_bounds(bound, text, expected):
    """A row that lacks what is needed is possible; 0 / 0 lacks nothing, and is no number."""
    assert str(bound) == text
    space = DesignSpace({"a": When({"b": Range(-9, 9)}, Range(0, 9)), "b": Range(0, 9)}, [bound])
    judged = [bound._holds(FRAME, space.columns).tolist()]
    assert judged == [expected]
    assert list(space.constraints) == [text]


def test_a_bound_forgives_what_floats_cannot_hold():
    space = DesignSpace({"a": Levels([0.1, 0.3])}, [Bound(Sum("a", 0.2), 0.3, 0.3)])
    assert space.contains(pd.DataFrame({"a": [0.1, 0.3]})).tolist() == [True, False]


# -- What goes with what ---------------------------------------------------------------------------


def lab():
    """The conditions and constraints of a synthesis of nanoclusters, none of them a function."""
    return DesignSpace(
        {
            "ligand": Molecules({"cysteamine": "NCCS", "octanethiol": "CCCCCCCCS"}),
            "solvent": Molecules(SOLVENTS),
            "pH": When({"solvent": ["water"]}, Range(7, 14), 7.0),
            "ligand_mM": Range(0.5, 45, log=True),
            "HAuCl4_mM": Range(0.5, 5),
            "reductant_mM": Range(1, 200),
            "temperature_C": Range(0, 100),
            "ligand:Au": Computed(Ratio("ligand_mM", "HAuCl4_mM")),
            "solubility_mM": OfMolecule("ligand", {"NCCS": 40.0, "CCCCCCCCS": 20.0}),
        },
        {
            "ratio": Bound("ligand:Au", 0.5, 9),
            "total": Bound(Sum("ligand_mM", "HAuCl4_mM", "reductant_mM"), high=180),
            "saturation": Bound("ligand_mM", high="solubility_mM"),
            "soluble": OnlyWith(
                {"ligand": ["octanethiol"]}, {"solvent": ["OCC", "dichloromethane"]}
            ),
            "cold": OnlyWith({"reductant_mM": Range(1, 52)}, {"temperature_C": Range(0, 50)}),
        },
    )


def possible(row):
    """Whether a row is of `lab`, told without it."""
    pH = 7 <= row.pH <= 14 if row.solvent == "O" else row.pH == 7.0
    ratio = row.ligand_mM / row.HAuCl4_mM
    total = row.ligand_mM + row.HAuCl4_mM + row.reductant_mM
    saturated = row.ligand_mM <= {"NCCS": 40.0, "CCCCCCCCS": 20.0}[row.ligand]
    dissolves = row.ligand == "NCCS" or row.solvent in ("CCO", "ClCCl")
    cold = row.reductant_mM > 52 or row.temperature_C <= 50
    return pH and 0.5 <= ratio <= 9 and total <= 180 and saturated and dissolves and cold


def test_a_laboratory_without_a_function_is_printed():
    assert str(lab()) == (
        "DesignSpace of 9 columns\n"
        "  ligand         2 molecules: cysteamine, octanethiol\n"
        "  solvent        3 molecules: water, ethanol, dichloromethane\n"
        "  pH             7 to 14 when solvent is 'water', otherwise 7.0\n"
        "  ligand_mM      0.5 to 45, log\n"
        "  HAuCl4_mM      0.5 to 5\n"
        "  reductant_mM   1 to 200\n"
        "  temperature_C  0 to 100\n"
        "  ligand:Au      ligand_mM / HAuCl4_mM\n"
        "  solubility_mM  follows from 'ligand'\n"
        "  constraint     ratio: 0.5 <= ligand:Au <= 9\n"
        "  constraint     total: ligand_mM + HAuCl4_mM + reductant_mM <= 180\n"
        "  constraint     saturation: ligand_mM <= solubility_mM\n"
        "  constraint     soluble: ligand is 'octanethiol' only where solvent is 'OCC' or "
        "'dichloromethane'\n"
        "  constraint     cold: reductant_mM is 1 to 52 only where temperature_C is 0 to 50"
    )


@settings(max_examples=10, deadline=None)
@given(st.sampled_from(["uniform", "lhs", "sobol"]), st.integers(0, 1000))
def test_samples_obey_what_is_declared(method, seed):
    frame = lab().sample(50, method, random_state=seed)
    assert all(map(possible, frame.itertuples()))
    mixed = frame.assign(
        **{
            name: frame[name].sample(frac=1, random_state=seed).to_numpy()
            for name in ("solvent", "ligand_mM", "temperature_C")
        }
    )
    judged = lab().contains(mixed.drop(columns=["ligand:Au", "solubility_mM"]))
    assert judged.tolist() == list(map(possible, mixed.itertuples()))


def test_molecules_of_a_condition_may_be_spelled_in_any_way_or_named():
    for water in ("O", "[OH2]", "water"):
        space = DesignSpace(
            {"solvent": Molecules(SOLVENTS), "pH": When({"solvent": [water]}, Range(8, 9), 7.0)}
        )
        drawn = space.sample(40, random_state=0)
        assert ((drawn["solvent"] == "O") == (drawn["pH"] > 7)).all()
        spelled = pd.DataFrame({"solvent": ["[OH2]", "OCC"], "pH": [8.5, 7.0]})
        assert space.contains(spelled).all()


def test_a_condition_on_several_columns_and_on_what_is_absent():
    space = DesignSpace(
        {
            "additive": Levels(["salt", None]),
            "degC": Range(0, 100),
            "mM": When({"additive": [None], "degC": Range(50, 100)}, Range(1, 2)),
        }
    )
    assert str(space.columns["mM"]) == (
        "1 to 2 when additive is absent and degC is 50 to 100, otherwise nan"
    )
    drawn = space.sample(200, random_state=0)
    expected = drawn["additive"].isna() & (drawn["degC"] >= 50)
    assert (drawn["mM"].notna() == expected).all()
    assert 20 < expected.sum() < 80


# -- Saving ----------------------------------------------------------------------------------------


@st.composite
def declared_spaces(draw):
    """Spaces of declared parts only, satisfied by at least a part of the draws."""
    ratio = draw(st.floats(1, 10))
    wanted = draw(st.lists(st.sampled_from(list(SOLVENTS)), min_size=1, unique=True))
    total = draw(st.floats(8, 20))
    level = draw(st.sampled_from(["slow", True, 3, 2.5, None]))
    columns = {
        "solvent": Molecules(SOLVENTS),
        "stirring": Levels([level, "fast"]),
        "a": Range(1, draw(st.floats(2, 9)), log=draw(st.booleans())),
        "b": Range(0.5, 4.0),
        "n": Range(1, 4, integer=True),
        "pH": When({"solvent": wanted, "n": Range(2, 4)}, Range(7, 14)),
        "a/b": Computed(Ratio("a", "b")),
        "dose": Computed(Product("n", Sum("a", "b"))),
        "fixed": Constant(draw(st.sampled_from([1, 2.5, "x", None, False]))),
    }
    rules = [
        Bound("a/b", high=ratio),
        Bound(Sum("a", "b"), high=total),
        OnlyWith({"solvent": wanted}, {"stirring": [level]}),
    ]
    return DesignSpace(columns, rules), (ratio, wanted, total, level)


@settings(max_examples=10, deadline=None)
@given(declared_spaces(), st.integers(0, 1000))
def test_a_declared_space_comes_back_from_its_file(drawn, seed):
    space, (ratio, wanted, total, level) = drawn
    frame = space.sample(30, random_state=seed)
    smiles = [SOLVENTS[name] for name in wanted]
    for row in frame.to_dict("records"):
        assert row["a"] / row["b"] <= ratio * (1 + 1e-8)
        assert row["a"] + row["b"] <= total * (1 + 1e-8)
        same = pd.isna(row["stirring"]) if level is None else row["stirring"] == level
        assert row["solvent"] not in smiles or same
        assert math.isnan(row["pH"]) != (row["solvent"] in smiles and row["n"] >= 2)
        assert row["dose"] == pytest.approx(row["n"] * (row["a"] + row["b"]))
    assert space.contains(frame).all()
    with tempfile.TemporaryDirectory() as folder:
        copy = load_model(save_model(space, f"{folder}/space.skm"))
    assert repr(copy) == repr(space)
    pd.testing.assert_frame_equal(copy.sample(30, random_state=seed), frame)


def test_a_laboratory_is_saved_and_loaded(tmp_path):
    copy = load_model(save_model(lab(), tmp_path / "space.skm"))
    assert repr(copy) == repr(lab())
    for method in ("uniform", "lhs", "sobol"):
        pd.testing.assert_frame_equal(
            copy.sample(200, method, random_state=1), lab().sample(200, method, random_state=1)
        )


def test_the_solubility_of_the_simulated_table_is_declared():
    """Which ligand dissolves in which solvent, read from a table, as one rule for each solvent."""
    simulated = make_nanoclusters(300, descriptors=True, noise=0, random_state=0)
    X = simulated.data.drop(
        columns=[
            c
            for c in simulated.data
            if c.startswith("ligand_") and c not in ("ligand_mM", "ligand_solubility")
        ]
    )
    good = X[X["ligand_solubility"] == 1].groupby("solvent")["ligand"].unique()
    space = DesignSpace.from_frame(
        X.drop(columns="ligand_solubility"),
        constraints=[OnlyWith({"solvent": [s]}, {"ligand": list(v)}) for s, v in good.items()],
    )
    dissolved = space.contains(X)
    assert dissolved.tolist() == (X["ligand_solubility"] == 1).tolist()
    assert 30 < dissolved.sum() < 300


# -- What is refused -------------------------------------------------------------------------------

COLUMNS = {"solvent": Molecules(SOLVENTS), "a": Range(0, 1), "mode": Levels(["batch", "flow"])}


@pytest.mark.parametrize(
    ("columns", "constraints", "message"),
    [
        (
            {},
            [Bound(Ratio("a", "b"), high=2)],
            "Constraint 'a / b <= 2' asks for the column(s) 'b', which the design space lacks. It "
            "has: 'solvent', 'a', 'mode'.",
        ),
        (
            {},
            {"dry": OnlyWith({"a": Range(0, 1)}, {"Solvent": ["O"]})},
            "Constraint 'dry' asks for the column(s) 'Solvent', which the design space lacks. It "
            "has: 'solvent', 'a', 'mode'.",
        ),
        (
            {"pH": When({"solvent": ["watr"]}, Range(7, 14))},
            [],
            "Column 'pH' asks for 'watr' in column 'solvent', which holds molecules, by SMILES or "
            "as 'water', 'ethanol', 'dichloromethane'. Correct it.",
        ),
        (
            {"pH": When({"mode": ["Flow"]}, Range(7, 14))},
            [],
            "Column 'pH' asks for 'Flow' in column 'mode', which holds 'batch', 'flow'. Correct "
            "it.",
        ),
        (
            {"pH": When({"c": Range(0, 1)}, Range(7, 14)), "c": Computed(Sum("a", 1))},
            [],
            "Column 'pH' asks for 'c', which follows from others and does not stand before it. Put "
            "it before.",
        ),
        (
            {"c": Computed(Sum("a", "c"))},
            [],
            "Column 'c' asks for 'c', which follows from others and does not stand before it. Put "
            "it before.",
        ),
    ],
)
def test_what_does_not_exist_is_refused(columns, constraints, message):
    with pytest.raises(ValueError, match=says(message)):
        DesignSpace(COLUMNS | columns, constraints)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: Ratio("a", None),
            TypeError,
            "Ratio takes names of columns, numbers, and Ratio, Sum or Product of them. Got None.",
        ),
        (lambda: Sum("a"), TypeError, "Sum takes two terms or more. Got 1."),
        (lambda: Bound("a"), ValueError, "Bound('a') has no limit. Give low, high or both."),
        (
            lambda: Bound("a", 2, 1),
            ValueError,
            "The 'low' limit of Bound must not be above 'high'. Got 2 and 1.",
        ),
        (
            lambda: Bound("a", [1]),
            TypeError,
            "The 'low' parameter of Bound must be the name of a column, a number, or a Ratio, Sum "
            "or Product. Got [1] instead.",
        ),
        (
            lambda: OnlyWith({"a": "O"}, {"b": [1]}),
            TypeError,
            "The 'condition' parameter of OnlyWith must give a list of values, or a Range, for "
            "'a'. Got 'O' instead.",
        ),
        (
            lambda: When({"a": []}, Range(0, 1)),
            TypeError,
            "The 'condition' parameter of When must give a list of values, or a Range, for 'a'. "
            "Got [] instead.",
        ),
        (
            lambda: OnlyWith({"a": [1]}, {}),
            TypeError,
            "The 'partner' parameter of OnlyWith must be a dict of columns and what they hold, "
            'such as {"solvent": ["O"]} or {"pH": Range(7, 9)}. Got {} instead.',
        ),
    ],
)
def test_declarations_that_are_refused(make, error, message):
    with pytest.raises(error, match=says(message)):
        make()


def test_text_is_not_computed_with():
    space = DesignSpace(COLUMNS, [Bound(Sum("a", "mode"), high=1)])
    message = (
        "Column 'mode', row 0 holds 'flow', which is not a number, and 'a + mode <= 1' computes "
        "with it."
    )
    with pytest.raises(ValueError, match=says(message)):
        space.contains(pd.DataFrame({"solvent": ["O"], "a": [0.5], "mode": ["flow"]}))


def test_values_of_absent_and_true_levels_are_saved(tmp_path):
    values = {"x": 1.0, None: 0.5, True: 2.0, 3: 4.0, 2.5: 8.0}
    space = DesignSpace({"a": Levels(list(values)), "b": OfLevel("a", values)})
    save_model(space, tmp_path / "space.skm")
    loaded = load_model(tmp_path / "space.skm")
    assert loaded.columns["b"].values == values
    pd.testing.assert_frame_equal(
        loaded.sample(20, random_state=0), space.sample(20, random_state=0)
    )
