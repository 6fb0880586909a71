"""Kinds of columns that a table is found to have."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sksiamese import DesignSpace, InvalidSMILESError
from sksiamese.datasets import make_nanoclusters
from sksiamese.descriptors import dielectric_constant
from sksiamese.space import Computed, Levels, OfMolecule, Range
from tests.space.cases import SMILES, lab


def test_from_frame_finds_the_kinds():
    X = pd.DataFrame(
        {
            "ligand": ["NCCS", "SCCN", "CCS", None],
            "order": ["first", "second", "first", "first"],
            "mM": [1.0, 2.0, np.nan, 3.0],
            "runs": [1, 5, 2, 2],
            "dry": [True, False, True, True],
            "hours": [2.0, 2.0, 2.0, 2.0],
            "solvent": ["O", "O", "O", "O"],
            "nothing": [None, None, None, None],
            "old": pd.array([7, None, 9, 9], dtype="Int64"),
            "kind": pd.Categorical(["CCO", "O", "O", "O"]),
        }
    )
    found = {name: str(column) for name, column in DesignSpace.from_frame(X).columns.items()}
    assert found == {
        "ligand": "3 molecules: NCCS, CCS, no molecule",
        "order": "first, second",
        "mM": "1 to 3, in steps of 0.1",
        "runs": "1 to 5, whole numbers",
        "dry": "False, True",
        "hours": "always 2.0",
        "solvent": "1 molecule: O",
        "nothing": "always None",
        "old": "7 to 9, whole numbers",
        "kind": "2 molecules: CCO, O",
    }


def test_from_frame_of_an_array():
    space = DesignSpace.from_frame(np.array([["O", 1.0], ["CCO", 2.5]], dtype=object))
    assert {name: str(column) for name, column in space.columns.items()} == {
        "x0": "2 molecules: O, CCO",
        "x1": "1 to 2.5, in steps of 0.1",
    }


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([10.0, 20.0], (5.0, 25.0)),
        ([1.0, 11.0], (0.0, 16.0)),
        ([-11.0, -1.0], (-16.0, 0.0)),
        ([-2.0, 2.0], (-4.0, 4.0)),
        ([10, 15], (8, 18)),
        ([0, 4], (0, 6)),
    ],
)
def test_margin(values, expected):
    column = DesignSpace.from_frame(pd.DataFrame({"a": values}), margin=0.5).columns["a"]
    assert (column.low, column.high) == expected


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=8), st.floats(0, 3))
def test_a_space_contains_the_table_it_comes_from(values, margin):
    assume(max(values) > min(values))
    X = pd.DataFrame({"a": values, "solvent": [SMILES[i % 5] for i in range(len(values))]})
    space = DesignSpace.from_frame(X, margin)
    assert space.contains(X).all()
    if isinstance(space.columns["a"], Range):
        assert space.columns["a"].low <= min(values) <= max(values) <= space.columns["a"].high


def test_from_frame_with_columns_known_better():
    X = make_nanoclusters(40, descriptors=True, random_state=0).data
    space = DesignSpace.from_frame(
        X,
        columns={
            **{
                c: OfMolecule("ligand")
                for c in X
                if c.startswith("ligand_") and c[7:] not in ("mM", "solubility")
            },
            "solvent_dielectric": OfMolecule("solvent"),
            "reductant_redox_V": OfMolecule("reductant", dict.fromkeys(X["reductant"], 0.0)),
            "ligand:Au": Computed(lambda f: f["ligand_mM"] / f["HAuCl4_mM"]),
        },
    )
    assert list(space.columns) == [*X.columns, "ligand:Au"]
    rows = space.sample(500, random_state=0)
    by_ligand = X.drop_duplicates("ligand").set_index("ligand")
    assert rows["ligand_tpsa"].tolist() == rows["ligand"].map(by_ligand["ligand_tpsa"]).tolist()
    by_solvent = rows["solvent"].map(dielectric_constant)
    assert rows["solvent_dielectric"].tolist() == by_solvent.tolist()
    assert (rows["reductant_redox_V"] == 0).all()
    assert space.contains(X.drop(columns=["ligand_tpsa"])).sum() == 40


def test_from_frame_refuses_a_column_that_does_not_follow():
    X = pd.DataFrame({"solvent": ["O", "CCO", "[OH2]"], "epsilon": [80.1, 25.3, 79.0]})
    message = (
        "Column 'epsilon' does not follow from 'solvent': for '[OH2]' it holds 80.1 and 79.0. "
        "Correct the cells, or let the column be drawn."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        DesignSpace.from_frame(X, columns={"epsilon": OfMolecule("solvent")})


@pytest.mark.parametrize(
    ("cells", "error", "message"),
    [
        (
            ["O", "CCO", "C(C"],
            InvalidSMILESError,
            "Column 'a' holds SMILES, but 1 of its cells cannot be read:\n"
            "  row 2: 'C(C' ('(' at position 2 is not closed)\nCorrect them. If "
            "the column holds no molecules, say so with columns={'a': Levels([...])}.",
        ),
        (
            [1.0, np.inf, 2.0],
            ValueError,
            "Column 'a' holds infinity. Correct these cells or drop the rows.",
        ),
        (
            ["O", 2, "CCO"],
            ValueError,
            "Column 'a' must hold SMILES, MolGraphs or numbers, one of them; row 0 holds 'O' (str) "
            "and row 1 holds 2 (int). Correct the column, encode it or drop it.",
        ),
    ],
)
def test_from_frame_refuses(cells, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        DesignSpace.from_frame(pd.DataFrame({"a": cells}))


def test_from_frame_refuses_a_negative_margin():
    message = (
        "The 'margin' parameter of DesignSpace.from_frame must be a number in [0, inf). Got -0.1 "
        "instead."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        DesignSpace.from_frame([[1.0]], margin=-0.1)


def test_extend():
    longer = lab().extend("solvent", {"acetonitrile": "CC#N", "water": "[OH2]"})
    assert longer.columns["solvent"].labels() == ["water", "ethanol", "toluene", "acetonitrile"]
    assert set(longer.sample(200, random_state=0)["solvent"]) == {"O", "CCO", "Cc1ccccc1", "CC#N"}
    assert len(lab().columns["solvent"].smiles) == 3
    message = "The name 'water' stands for 'O' and for 'CCCO'. Give one of them another name."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        lab().extend("solvent", {"water": "CCCO"})


# -- Found in tables with gaps and names -----------------------------------------------------------


def test_a_number_that_another_column_explains_applies_when_that_says_so():
    X = pd.DataFrame(
        {
            "solvent": ["O", "CCO", "[OH2]", None, "O"],
            "ligand": ["PPh3", None, "XPhos", "PPh3", None],
            "pH": [7.0, None, 9.0, None, 8.0],
            "equiv": [1.0, None, 2.0, 1.5, None],
        }
    )
    X = pd.concat([X, X], ignore_index=True)
    X["x"] = [None, 1.0, 2.0, None, 3.0, 1.0, 2.0, None, 3.0, 1.0]
    space = DesignSpace.from_frame(X)
    assert {name: str(column) for name, column in space.columns.items()} == {
        "solvent": "3 molecules: O, CCO, no molecule",
        "ligand": "PPh3, None, XPhos",
        "pH": "7 to 9, in steps of 0.1 when solvent is 'O', otherwise nan",
        "equiv": "1 to 2, in steps of 0.1 when ligand is 'PPh3' or 'XPhos', otherwise nan",
        "x": "1 to 3, in steps of 0.1",
    }
    drawn = space.sample(200, random_state=0)
    assert (drawn["pH"].notna() == (drawn["solvent"] == "O")).all()
    assert (drawn["equiv"].notna() == drawn["ligand"].notna()).all()
    assert space.contains(drawn).all()
    assert space.contains(X.dropna(subset="x")).all()


def test_truth_values_with_gaps_are_levels():
    X = pd.DataFrame({"dry": [True, None, False], "x": [1.0, 2.0, 3.0]})
    assert DesignSpace.from_frame(X).columns["dry"] == Levels([False, True])


def test_a_column_of_which_some_texts_are_smiles_holds_molecules():
    X = pd.DataFrame({"ligand": ["CCO", "CCO + O", "CC(C)(C)(C)C"]})
    message = (
        "Column 'ligand' holds SMILES, but 2 of its cells cannot be read:\n"
        "  row 1: 'CCO + O' (text behind it: '+ O'; give that a column of its own)\n"
        "  row 2: 'CC(C)(C)(C)C' (explicit valence for atom # 1 C, 5, is greater than permitted)\n"
        "Correct them. If the column holds no molecules, say so with columns={'ligand': "
        "Levels([...])}."
    )
    with pytest.raises(InvalidSMILESError, match=f"^{re.escape(message)}$"):
        DesignSpace.from_frame(X)
