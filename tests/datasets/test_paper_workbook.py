"""Reaction workbooks, built here in the layout of the paper's supplementary data."""

import datetime
import re
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sksiamese.datasets import read_reaction_workbook

openpyxl = pytest.importorskip("openpyxl")

NUMBERS = [["pH", "temperature"], [13.2, 22], [9, 50.5], [11.5, 80]]
MOLECULES = [
    ["solvent", "ligand", "reducing agent"],
    ["O", " NCCS ", "[BH4-].[Na+]"],
    ["O", "OC(=O)CCS", None],
    ["CO", "SCCc1ccccc1", "[BH4-].[Na+]"],
]
LABELS = [["success"], [1], [0], [1]]


def build(folder, numbers=NUMBERS, molecules=MOLECULES, labels=LABELS, **others):
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    sheets = {"features_c": numbers, "features_d": molecules, "labels": labels, **others}
    for name, rows in sheets.items():
        if rows is not None:
            sheet = workbook.create_sheet(name)
            for row in rows:
                sheet.append(row)
    if not workbook.worksheets:
        workbook.create_sheet("df")
    path = folder / "reactions.xlsx"
    workbook.save(path)
    return path


def fails(error, message, path, **options):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        read_reaction_workbook(path, **options)


def test_reads_the_three_sheets_and_leaves_the_others_alone(tmp_path):
    found = read_reaction_workbook(build(tmp_path, df=[["anything"], [1], [2]]), groups="ligand")
    assert found.feature_names == ["solvent", "ligand", "reducing agent", "pH", "temperature"]
    assert found.smiles_columns == ["solvent", "ligand", "reducing agent"]
    assert found.data["ligand"].tolist() == ["NCCS", "OC(=O)CCS", "SCCc1ccccc1"]
    assert found.data["reducing agent"].tolist() == ["[BH4-].[Na+]", None, "[BH4-].[Na+]"]
    assert found.data["temperature"].tolist() == [22, 50.5, 80]
    assert found.data["pH"].dtype == np.float64
    assert found.target.tolist() == [1, 0, 1]
    assert found.target.dtype == np.int64
    assert found.groups.tolist() == found.data["ligand"].tolist()
    assert list(found.frame.columns) == [*found.feature_names, "success"]
    assert found.name == "reactions"
    assert "3 experiments" in found.DESCR
    assert "success, 1 in 2 experiments" in found.DESCR


def test_arrays_pair_and_no_groups(tmp_path):
    path = build(tmp_path)
    found = read_reaction_workbook(path, as_frame=False)
    assert (found.data.shape, found.data.dtype, found.groups) == ((3, 5), object, None)
    X, y = read_reaction_workbook(str(path), return_X_y=True)
    assert isinstance(X, pd.DataFrame)
    assert y.tolist() == [1, 0, 1]


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 1), st.floats(-1e9, 1e9), st.sampled_from(["O", "CCO", "NA", ""])),
        min_size=1,
        max_size=5,
    )
)
def test_what_was_written_is_read(tmp_path_factory, rows):
    path = build(
        tmp_path_factory.mktemp("workbook"),
        numbers=[["pH"], *([number] for _, number, _ in rows)],
        molecules=[["n", "ligand"], *(["O", smiles or None] for *_, smiles in rows)],
        labels=[["success"], *([label] for label, *_ in rows)],
    )
    found = read_reaction_workbook(path)
    assert found.target.tolist() == [label for label, *_ in rows]
    np.testing.assert_allclose(found.data["pH"], [number for _, number, _ in rows], rtol=1e-14)
    assert found.data["ligand"].tolist() == [smiles or None for *_, smiles in rows]


@pytest.mark.parametrize(
    ("sheets", "message"),
    [
        (
            {"labels": None, "numbers": None, "df": [["a"], [1]]},
            "The workbook 'reactions.xlsx' lacks the sheet(s) features_c, labels. It has: "
            "features_d, df. Needed are features_c (numbers), features_d (SMILES) and labels "
            "(0/1).",
        ),
        (
            {"labels": [["yield", "size"], [0.1, 25], [0.2, 18], [0.3, 25]]},
            "Sheet 'labels' must have one column of 0 and 1, but it has 2: yield, size. A "
            "regression set with several label columns cannot be used; keep one column and turn it "
            "into success (1) or failure (0).",
        ),
        (
            {"labels": [["success"], [1], [0.5], [1]]},
            "Sheet 'labels', column 'success': every label must be 0 or 1, but row 3 holds 0.5.",
        ),
        (
            {"labels": [["success"], [1], [0], ["yes"]]},
            "Sheet 'labels', column 'success': every label must be 0 or 1, but row 4 holds 'yes'.",
        ),
        (
            {"labels": [["success"], [1], [0]]},
            "The sheets must have one row for each experiment, but features_c has 3, features_d "
            "has 3, labels has 2. Remove blank or surplus rows, or add the missing ones.",
        ),
        (
            {"numbers": [["pH"], [1], ["acid"], [2]]},
            "Sheet 'features_c': column 'pH' must hold finite numbers, but row 3 holds 'acid' "
            "(1 such row(s)). Correct these cells or leave the rows out.",
        ),
        (
            {"numbers": [["pH", "T"], [1, 1], [1, None], [2, None]]},
            "Sheet 'features_c': column 'T' must hold finite numbers, but row 3 holds nothing "
            "(2 such row(s)). Correct these cells or leave the rows out.",
        ),
        (
            {"numbers": [["pH"], [1], [2], [datetime.datetime(2020, 7, 2)]]},
            "Sheet 'features_c': column 'pH' must hold finite numbers, but row 4 holds "
            "2020-07-02 00:00:00 (1 such row(s)). Correct these cells or leave the rows out.",
        ),
        (
            {"molecules": [["ligand"], ["CS"], ["CCS"], [7.5]]},
            "Sheet 'features_d', column 'ligand': every cell must be a SMILES or empty, but row 4 "
            "holds 7.5. Numeric columns belong in sheet 'features_c'.",
        ),
        (
            {"molecules": [["pH"], ["CS"], ["CCS"], ["CCCS"]]},
            "The column(s) pH occur in more than one sheet. Give every column a name of its own.",
        ),
        (
            {"labels": [["success"]]},
            "Sheet 'labels' has 0 row(s) and 1 column(s). It needs a header row and below it one "
            "row for each experiment.",
        ),
    ],
)
def test_unusable_workbooks(tmp_path, sheets, message):
    fails(ValueError, message, build(tmp_path, **sheets))


def test_unknown_group_column(tmp_path):
    message = (
        "groups must be a column of sheet 'features_d': solvent, ligand, reducing agent. "
        "Got 'salt' instead."
    )
    fails(ValueError, message, build(tmp_path), groups="salt")


def test_no_such_file(tmp_path):
    message = (
        f"There is no workbook {str(tmp_path / 'no.xlsx')!r}. "
        "Give the path of an existing .xlsx file."
    )
    fails(FileNotFoundError, message, tmp_path / "no.xlsx")


def test_not_a_workbook(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("ligand,label\nCS,1\n")
    message = "'table.csv' is not an .xlsx workbook. Save it as 'Excel workbook (.xlsx)'."
    fails(ValueError, message, path)


def test_without_openpyxl(tmp_path, monkeypatch):
    path = build(tmp_path)
    for name in [name for name in sys.modules if name.split(".")[0] == "openpyxl"]:
        monkeypatch.setitem(sys.modules, name, None)
    fails(
        ImportError,
        "Reading a workbook needs openpyxl. Install it with pip install 'sksiamese[excel]'.",
        path,
    )
