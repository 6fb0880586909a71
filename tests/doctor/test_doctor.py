"""The table doctor: planted faults at their cells, nothing on clean tables, files, exit codes."""

import datetime
import decimal
import json
import re
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sksiamese import InvalidSMILESError, check_experiments
from sksiamese._cli import _main as program
from sksiamese.datasets import load_cmet, load_perovskites, make_nanoclusters
from sksiamese.doctor import TableReport
from sksiamese.doctor._unit_groups import find_suspects
from sksiamese.exceptions import ConstantInputWarning
from sksiamese.model_selection import recipe_groups
from sksiamese.molecules._graph import graph_from_smiles
from sksiamese.tables.encoding._encoder import ExperimentEncoder
from sksiamese.tables.reading._files import read_table_file
from sksiamese.tables.reading._quantity_in_name import find_quantity
from sksiamese.tables.reading._typed_numbers import advise_on_text, plain_number

OUTCOME = "success"
N_ROWS = 24


def clean_table():
    """Experiments without any fault: molecules recur, recipes differ."""
    i = np.arange(N_ROWS)
    return pd.DataFrame(
        {
            "entry": [f"A{row}" for row in i],
            "ligand": np.array(["NCCS", "OCCS", "Sc1ccccc1", "CC(=O)O"], dtype=object)[i % 4],
            "solvent": np.array(["O", "CCO"], dtype=object)[i // 4 % 2],
            "ligand_mM": 5.0 + i,
            "gold [mM]": np.array([0.5, 1.0, 2.5])[i % 3],
            "temperature_C": np.array([25.0, 40.0, 60.0, 80.0, 95.0])[i % 5],
            "pH": np.array([7.0, 8.5, 10.0, 11.5, 13.0, 13.9, 14.2])[i % 7],
            "volume (mL)": np.array([5.0, 7.5, 10.0, 20.0, 50.0])[i % 5],
            "stirring time / min": np.array([0.0, 15.0, 30.0, 60.0, 120.0])[i % 5],
            "water_wt%": np.array([0.0, 2.5, 50.0, 100.0])[i % 4],
            OUTCOME: np.array([1, 0, 0])[i % 3],
        },
        index=i + 2,
    )


# (column, what is typed into a cell, the check that finds it). Each is found at its cell alone.
FAULTS = [
    ("ligand", "C(C", "invalid_smiles"),
    ("ligand", "ethanol", "invalid_smiles"),
    ("solvent", 5.0, "invalid_smiles"),
    ("solvent", "Ö", "invalid_smiles"),
    ("ligand", "C1=CC=CC=C1S", "two_spellings"),
    ("solvent", "OCC", "two_spellings"),
    ("solvent", None, "missing"),
    ("ligand_mM", np.nan, "missing"),
    ("pH", None, "missing"),
    ("ligand_mM", "ca. 5", "not_a_number"),
    ("ligand_mM", "5 mM", "not_a_number"),
    ("pH", "1,5", "not_a_number"),
    ("volume (mL)", "<0.1", "not_a_number"),
    ("temperature_C", "25", "not_a_number"),
    ("temperature_C", datetime.datetime(2024, 2, 1), "not_a_number"),
    ("ligand_mM", np.inf, "not_finite"),
    ("ligand_mM", -1e101, "not_finite"),
    ("ligand_mM", 0.012, "mixed_units"),
    ("ligand_mM", 0.000012, "mixed_units"),
    ("volume (mL)", 10_000.0, "mixed_units"),
    ("temperature_C", 298.15, "mixed_units"),
    ("temperature_C", 333.0, "mixed_units"),
    ("pH", 17.0, "out_of_range"),
    ("pH", -2.0, "out_of_range"),
    ("gold [mM]", -0.5, "out_of_range"),
    ("gold [mM]", 70_000.0, "out_of_range"),
    ("temperature_C", -300.0, "out_of_range"),
    ("temperature_C", 5_000.0, "out_of_range"),
    ("volume (mL)", -5.0, "out_of_range"),
    ("stirring time / min", -15.0, "out_of_range"),
    ("water_wt%", 120.0, "out_of_range"),
    ("water_wt%", -1.0, "out_of_range"),
    (OUTCOME, None, "missing"),
    (OUTCOME, "maybe", "mixed_labels"),
]


def plant(table, column, row, value):
    """Type a value into a cell, as a person does: the column may become one of objects."""
    table[column] = table[column].astype(object)
    table.loc[row, column] = value


def settled(table):
    """Give columns the types that pandas finds in them."""
    return table.infer_objects()


def places(report):
    """Return the check, column and row of each finding, sorted."""
    found = report.findings[["check", "column", "row"]]
    return sorted(found.itertuples(index=False, name=None), key=repr)


# -- Planted faults --------------------------------------------------------------------------------


def test_clean_table_has_no_findings():
    report = check_experiments(clean_table(), OUTCOME)
    assert report.ok
    assert places(report) == []
    assert report.columns == {
        "entry": "counter",
        "ligand": "molecule",
        "solvent": "molecule",
        **dict.fromkeys(clean_table().columns[3:-1], "number"),
        OUTCOME: "outcome",
    }


@settings(max_examples=150)
@given(fault=st.sampled_from(FAULTS), row=st.integers(2, N_ROWS + 1))
def test_a_fault_is_found_at_its_cell_and_nowhere_else(fault, row):
    column, value, check = fault
    table = clean_table()
    if check == "two_spellings":  # of the molecule that stands there, or it would be another one
        row = {"ligand": 4, "solvent": 6}[column] + (row - 2) // 8 * 8
    plant(table, column, row, value)
    report = check_experiments(settled(table), OUTCOME)
    assert places(report) == [(check, column, row)]
    shown, typed = report.findings["value"].iloc[0], settled(table).loc[row, column]
    assert shown == typed or (pd.isna(shown) and pd.isna(typed))


def dirty_table():
    """One of everything. Returns the table, and the check, column and row of each fault."""
    table = clean_table()
    table["stirred"] = "O"  # text that is SMILES: water in every row
    table["rpm"] = 300
    table["notes"] = None
    faults = [("constant", "stirred", None), ("constant", "rpm", None), ("empty", "notes", None)]
    for column, row, value, check in [
        ("ligand", 3, "C(C", "invalid_smiles"),
        ("ligand", 4, "C1=CC=CC=C1S", "two_spellings"),
        ("ligand", 5, "CS", None),
        ("ligand_mM", 6, "ca. 5", "not_a_number"),
        ("ligand_mM", 7, 0.012, "mixed_units"),
        ("gold [mM]", 8, -0.5, "out_of_range"),
        ("temperature_C", 9, 298.15, "mixed_units"),
        ("pH", 10, 17.0, "out_of_range"),
        ("pH", 11, None, "missing"),
        ("volume (mL)", 12, 10_000.0, "mixed_units"),
        ("stirring time / min", 13, "1,5", "not_a_number"),
        ("water_wt%", 14, 120.0, "out_of_range"),
        (OUTCOME, 15, None, "missing"),
    ]:
        plant(table, column, row, value)
        faults += [(check, column, row)] if check else []
    faults.append(("seen_once", "ligand", None))
    table.loc[17] = table.loc[16]
    table.loc[17, "solvent"] = "CCO" if table.loc[16, "solvent"] == "CCO" else "O"
    faults.append(("duplicate", None, None))
    inputs = [name for name in table if name not in ("entry", OUTCOME)]
    table.loc[19, inputs] = table.loc[18, inputs]
    table.loc[[18, 19], OUTCOME] = [1, 0]
    faults.append(("contradictory", OUTCOME, None))
    table[OUTCOME] = table[OUTCOME].replace({0: "no", 1: "yes"})
    table.loc[25, OUTCOME] = "Yes"
    faults.append(("small_class", OUTCOME, None))
    return settled(table), faults


def test_dirty_table_shows_every_planted_fault_and_nothing_else():
    table, faults = dirty_table()
    report = check_experiments(table, OUTCOME)
    assert places(report) == sorted(faults, key=repr)
    assert not report.ok
    assert list(report.findings["severity"]) == sorted(report.findings["severity"])
    assert (report.n_errors, report.n_warnings) == (7, 12)


def as_set(report):
    return sorted(map(repr, report.findings.itertuples(index=False, name=None)))


@settings(max_examples=20)
@given(order=st.permutations(range(N_ROWS)))
def test_order_of_rows_does_not_matter(order):
    table, _ = dirty_table()
    expected = as_set(check_experiments(table, OUTCOME))
    assert as_set(check_experiments(table.iloc[order], OUTCOME)) == expected


def test_report_in_words():
    table = pd.DataFrame(
        {
            "ligand": ["SCCN", "NCCS", "SC(C", "SCCN", "SCCN", "SCCO"],
            "pH": [7.0, 17.0, 8.5, 7.0, 7.0, 9.0],
            "acid": ["O=CO"] * 6,
            "operator": ["Ann", "Bo", "Ann", "Ann", "Ann", "Bo"],
            "success": [1, 0, 1, 0, 1, 0],
        },
        index=pd.RangeIndex(2, 8),
    )
    report = check_experiments(table, outcome="success")
    assert (
        str(report)
        == """\
6 experiments: 2 errors, 5 warnings
Outcome: success
Success: 1, 3 of 6 rows
Molecules: ligand, acid
Numbers: pH
Left out as notes: operator

error: invalid smiles, column 'ligand'
  row 4: 'SC(C' cannot be read as SMILES ('(' at position 3 is not closed).
  -> Correct the text, or leave the cell empty where there is no molecule.
error: out of range, column 'pH'
  row 3: 17 is not a valid pH (expected -1 to 15).
  -> Correct the value; if it is right, say in the column's name what it is.
warning: two spellings, column 'ligand'
  row 3: 'NCCS' is the same molecule as 'SCCN'.
  -> Write 'SCCN'; the models take both as one molecule.
warning: seen once, column 'ligand'
  1 of 2 molecules occurs once only: row 7.
  -> Trust predictions for them less, or repeat them under other conditions.
warning: constant, column 'acid'
  The column is 'O=CO' in every row.
  -> Leave it out or vary it; the models ignore it.
warning: contradictory, column 'success'
  The same recipe gave 0 in row 5 and 1 in rows 2 and 6.
  -> Check these rows. If they are right, add what differed as a column.
warning: duplicate
  The same in every column: rows 2 and 6.
  -> Delete the copies. Keep replicates that were really done, and give cross-validation their \
recipe as groups, with GroupKFold and groups=sksiamese.model_selection.recipe_groups(X)."""
    )


def test_report_as_a_table_in_a_notebook():
    table = pd.DataFrame({"<b>": ["C(C", "CC", "CO", "CO"]})
    html = check_experiments(table, smiles_columns="<b>")._repr_html_()
    assert html.startswith(
        "<p>4 experiments: 1 error, 2 warnings<br>Molecules: &lt;b&gt;</p><table"
    )
    assert "<b>" not in html


def test_report_as_json():
    table, _ = dirty_table()
    report = check_experiments(table, OUTCOME)
    written = json.loads(report.to_json())
    names = ["ok", "n_rows", "success", "n_errors", "n_warnings", "columns", "findings"]
    assert list(written) == names
    assert written["success"] == "'yes', 9 of 23 rows"
    assert (written["ok"], written["n_rows"], written["n_errors"]) == (False, N_ROWS, 7)
    assert written["columns"] == report.columns
    assert written["findings"][0] == {
        "check": "invalid_smiles",
        "severity": "error",
        "column": "ligand",
        "row": 3,
        "value": "C(C",
        "message": "'C(C' cannot be read as SMILES ('(' at position 2 is not closed).",
        "cure": "Correct the text, or leave the cell empty where there is no molecule.",
    }
    assert len(written["findings"]) == len(report.findings)
    missing = next(f for f in written["findings"] if f["column"] == "pH" and not f["value"])
    assert (missing["column"], missing["row"], missing["value"]) == ("pH", 11, None)


def test_many_cells_with_one_fault_are_one_finding():
    table = pd.DataFrame({"ligand": ["CC"] * 30 + [f"C({k}" for k in range(12)], "x": range(42)})
    report = check_experiments(table, smiles_columns=["ligand"])
    assert report.findings["message"].tolist() == [
        "12 cells: rows 30, 31, 32, 33, 34 and 7 more. The first: 'C(0' cannot be read as SMILES "
        "('(' at position 2 is not closed)."
    ]
    ten = check_experiments(table.drop(index=[30, 31]), smiles_columns=["ligand"])
    assert len(ten.findings) == 10
    assert "  and 5 more findings\n" in str(ten)


# -- Each check by itself --------------------------------------------------------------------------


def findings_of(name, cells, outcome=None):
    """Check, row, message and cure of what is found in one column of a table that is fine else."""
    table = pd.DataFrame({name: pd.Series(cells), "place": np.arange(len(cells)) + 0.5})
    report = check_experiments(table, outcome)
    mine = report.findings[report.findings["column"] == name]
    return list(mine[["check", "row", "message", "cure"]].itertuples(index=False, name=None))


DROP = "Write a number, or drop the row. Leave the column out if it is not a condition."
RETYPE = "Type the number again, in a cell of numbers: a spreadsheet made a date of it."
IMPUTE = "Fill it in or drop the row; the models take the mean, and a mark that it is unknown."
ODD = "Correct the value; if it is right, say in the column's name what it is."
UNLIKE = "is not a number, unlike most cells of the column."
FITS = "would fit the other values if it were"

CASES = [
    # column, cells, then the one finding: check, row, message, cure
    ("x_mM", [1.5, None], "missing", 1, "There is no number.", IMPUTE),
    (
        *("ligand", ["CC", "CC", "CO", "CO", "CO", " "], "missing", 5),
        *(
            "There is no molecule, unlike in most rows.",
            "Fill it in; leave it empty if none was used.",
        ),
    ),
    (
        "x",
        [1, 2, "3"],
        "not_a_number",
        2,
        f"'3' {UNLIKE}",
        "Make it the number 3; the cell holds text.",
    ),
    ("x", [1.5, 2, "dropped"], "not_a_number", 2, f"'dropped' {UNLIKE}", DROP),
    ("x", ["1.5", "2", "3a"], "not_a_number", 2, f"'3a' {UNLIKE}", DROP),
    (
        *("x", [1.5, 2, datetime.date(2024, 2, 1)], "not_a_number", 2),
        *(f"datetime.date(2024, 2, 1) {UNLIKE}", RETYPE),
    ),
    (
        *(
            "x",
            ["1.5", "2.5", "2.5"],
            "numbers_as_text",
            None,
            "The numbers of the column are text.",
        ),
        "Convert the column with pandas.to_numeric; leave it out if it is not a condition.",
    ),
    (
        *("x", [1.0, 2.0, -np.inf], "not_finite", 2, "-inf is infinite or more than 1e+100."),
        "Correct the number, or drop the row.",
    ),
    (
        *("a_mM", [10, 20, 30, 40, 45, 0.015], "mixed_units", 5),
        *(f"0.015 {FITS} 1,000 times larger: is it in M?", "If so, multiply it by 1,000."),
    ),
    (
        *("V [mL]", [1, 2, 3, 4, 4.5, 2000], "mixed_units", 5),
        *(f"2000 {FITS} 1,000 times smaller: is it in uL?", "If so, divide it by 1,000."),
    ),
    (
        *("concentration", [1, 2, 3, 4, 4.5, 2e6], "mixed_units", 5),
        f"2e+06 {FITS} 1,000,000 times smaller: is it in another unit?",
        "If so, divide it by 1,000,000.",
    ),
    (
        *("T / K", [298.15, 313.15, 25.0], "mixed_units", 2),
        *("25 looks like degC, unlike the other values.", "If so, add 273.15."),
    ),
    (
        *("Temp. (°C)", [298.15, 30.0, 25.0], "mixed_units", 0),
        *("298.15 looks like kelvin, unlike the other values.", "If so, subtract 273.15."),
    ),
    (
        *("temperature", [25.0, 40.0, 298.0], "mixed_units", 2),
        *("298 looks like kelvin, unlike the other values.", "If so, subtract 273.15."),
    ),
    ("pH", [7, 15.5, 8], "out_of_range", 1, "15.5 is not a valid pH (expected -1 to 15).", ODD),
    (*("T [K]", [300, 310, -5], "out_of_range", 2, "-5 lies below absolute zero, 0 K.", ODD),),
    (
        *("temperature", [20, 30, -500], "out_of_range", 2),
        *("-500 lies below absolute zero, -459.67.", ODD),
    ),
    (
        *("temp_C", [20, 30, 2500], "out_of_range", 2),
        *("2500 is more than 2000, improbable for a temperature in C.", ODD),
    ),
    (
        *("base_M", [0.1, 3, 70], "out_of_range", 2),
        *("70 is more than 60, improbable for a concentration in M.", ODD),
    ),
    ("t_h", [1, 2, -3], "out_of_range", 2, "-3 is negative, which a time cannot be.", ODD),
    (
        *("humidity [%]", [20, 30, 101], "out_of_range", 2),
        *("101 is more than 100, which a percentage cannot be.", ODD),
    ),
    (
        *("fraction water", [0.2, 0.3, 40], "out_of_range", 2),
        *("40 is more than 1, which a fraction cannot be.", ODD),
    ),
    (
        *("yield_%", [20, 30, 101], "out_of_range", 2),
        *("101 is more than 100, improbable for a percentage in %.", ODD),
    ),
    (
        *("ligand", ["CC", "CC", "CC"], "constant", None, "The column is 'CC' in every row."),
        "Leave it out or vary it; the models ignore it.",
    ),
    (
        *("ligand", [None, np.nan, ""], "empty", None, "Nothing stands in 'ligand'."),
        "Fill it in or leave it out; the models ignore it.",
    ),
    (
        *("ligand", ["CC"] * 3 + ["CO"] * 3 + ["CN", "CS"], "seen_once", None),
        "2 of 4 molecules occur once only: rows 6 and 7.",
        "Trust predictions for them less, or repeat them under other conditions.",
    ),
    (
        *("conversion (%)", [0.2, 0.3, 0.9, 0.45, 0.6], "fractions", None),
        "All numbers lie from 0 to 1, although the name says per cent.",
        "If they are fractions, multiply them by 100, or say so in the name.",
    ),
    (
        *("acid:amine", ["1:1", "1:2", "1:1", "2:1"], "no_structure", None),
        "Texts such as '1:1' are names to the models, not numbers.",
        "Write a number, such as 0.5 for 1:2, if more and less of it should mean something.",
    ),
]


@pytest.mark.parametrize(("name", "cells", "check", "row", "message", "cure"), CASES)
def test_message_and_cure(name, cells, check, row, message, cure):
    assert findings_of(name, cells) == [(check, row, message, cure)]


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("additive", ["CC", "CC", None, None]),  # nothing added is a choice
        ("ligand", ["CC", "CN", "CO", "CS"]),  # a molecule for each row: none recurs
        ("catalogue number", ["10", "27", "31"]),
        ("operator", ["Ann", "Bo", "Ann"]),
        ("day", pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"])),
        ("a_mM", [0.001, 0.01, 0.1, 1, 10, 100]),  # decades
        ("a_mM", [0.001, 0.001, 0.001, 1, 1, 1]),  # two levels
        ("a_nM", [1, 3.2, 10, 32, 100, 320, 1000, 3200, 10_000]),  # half decades
        ("a_mM", [0, 0, 0, 10, 20, 30]),
        ("temperature_C", [20, 25, 30, 300]),  # an annealing, not kelvin
        ("temperature_C", [20, 500, 650, 900]),
        ("T / K", [77, 298.15, 313.15]),  # liquid nitrogen
        ("temperature_F", [77, 298, 313]),
        ("charge_M", [-0.3, 0.2, -0.1, 0.5]),  # of a metal: the name is no unit
        ("temperature_min", [-20, -10, 0, 5]),
        ("n_C", [2, 5, 3000]),
        ("ee_%", [-20, 95, 99]),
        ("pH change", [-4, 2, 3]),
        ("pH_std", [0.1, 20, 0.3]),
        ("flag", [True, False, True]),
        ("fraction", [20, 30, 40]),
    ],
)
def test_no_false_alarm(name, cells):
    assert findings_of(name, cells) == []


def test_a_column_that_the_models_refuse_as_a_whole_is_an_error():
    cells = [graph_from_smiles("CCO"), "CC", "CCO", "CCC"] * 2
    message = (
        "Column 'm' must hold SMILES, MolGraphs or numbers, one of them; row 0 holds "
        "MolGraph('CCO', 3 atoms, 2 bonds) (MolGraph) and row 1 holds 'CC' (str). Correct the "
        "column, encode it or drop it."
    )
    wanted = [("mixed_kinds", None, message, "Give the whole column one type.")]
    assert findings_of("m", cells) == wanted


def test_log_spread_concentrations_give_no_false_alarm():
    """Uniform on a logarithmic scale over up to three decades."""
    rng = np.random.default_rng(0)
    alarms = 0
    for _ in range(2000):
        n, decades = rng.integers(5, 60), rng.uniform(0.3, 3)
        cells = 10 ** rng.uniform(-2, decades - 2, n)
        alarms += find_suspects(cells, find_quantity("a_mM")) is not None
    assert alarms == 0


def find_mixed(name, cells):
    return [found for found in findings_of(name, cells) if found[0] == "mixed_units"]


def test_two_sheets_in_different_units_are_found_half_and_half():
    found = find_mixed("a_mM", [10, 20, 35, 50, 60, 0.012, 0.018, 0.03, 0.04, 0.05])
    assert [row for _, row, _, _ in found] == [5, 6, 7, 8, 9]


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        ([1, 0] * 8, []),
        (
            [1] * 4,
            [
                (
                    *("one_class", None, "All 4 outcomes are 1."),
                    "Add experiments with another outcome: a classifier needs two classes.",
                )
            ],
        ),
        (
            ["a"] * 19 + ["b"] * 2 + ["c"],
            [
                (
                    *("small_class", None, message),
                    "Add experiments with this outcome, and judge models by a score that heeds "
                    "rare classes, such as MCC.",
                )
                for message in ("2 of 22 outcomes are 'b'.", "1 of 22 outcomes is 'c'.")
            ],
        ),
        (
            [1, 0, None, 1, 0],
            [
                (
                    *("missing", 2, "There is no outcome."),
                    "Fill it in, or leave the row out until it is measured.",
                )
            ],
        ),
        (
            [1, 0, "?", 1, 0],
            [
                (
                    *("mixed_labels", 2, "'?' (str) is of another type than most labels."),
                    "Write it as the other rows do.",
                )
            ],
        ),
        (
            [0.25, 1.5, 3.5],
            [
                (
                    "no_classes",
                    None,
                    "Unknown label type: continuous. Maybe you are trying to fit a classifier, "
                    "which expects discrete classes on a regression target with continuous values.",
                    "Give each row one of a few labels of one type, such as 1 for success, else 0.",
                )
            ],
        ),
        (
            [None] * 3,
            [
                (
                    "empty",
                    None,
                    "The column of outcomes is empty.",
                    "Fill it in, or name another column.",
                )
            ],
        ),
    ],
)
def test_outcomes(labels, found):
    assert findings_of("y", labels, outcome="y") == found


def test_nothing_varies():
    report = check_experiments(pd.DataFrame({"pH": [7.0, 7.0], "name": ["Ann", "Bo"]}))
    assert places(report) == [("constant", "pH", None), ("nothing_varies", None, None)]
    assert report.findings.iloc[0][["message", "cure"]].tolist() == [
        "No column of molecules, numbers or names varies: there is nothing to learn from.",
        "Add columns of what differed between the experiments.",
    ]


def test_replicates_are_compared_by_molecule_and_without_names_and_running_numbers():
    table = pd.DataFrame(
        {
            "run": [1, 2, 3, 4, 5, 6],
            "entry": list("abcdef"),
            "ligand": ["NCCS", "SCCN", "NCCS", "CC", "CC", "CC"],
            "mM": [1.0, 1.0 + 1e-9, 2.0, 3.0, 4.0, 4.0],
            "stirred": ["yes", "yes", "yes", "no", "yes", "no"],
            "y": [0, 1, 1, 0, 1, 0],
        }
    )
    report = check_experiments(table, "y")
    contradictions = report.findings[report.findings["check"] == "contradictory"]
    messages = ["The same recipe gave 0 in row 0 and 1 in row 1."]
    assert contradictions["message"].tolist() == messages
    assert "duplicate" not in set(report.findings["check"])


def test_rows_with_faults_contradict_nobody():
    table = pd.DataFrame({"ligand": ["C(C", "C(C"], "mM": [None, None], "y": [0, 1]})
    table = pd.concat(
        [table, pd.DataFrame({"ligand": ["CC", "CO"], "mM": [1.0, 2.0], "y": [0, 1]})]
    )
    assert "contradictory" not in set(check_experiments(table, "y").findings["check"])


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("1,5", "Write 1.5, with a decimal point."),
        ("0,125", "Write 0.125, with a decimal point."),
        ("1,500", "Write 1.500, or 1500 if the comma separates thousands."),
        ("92,000.50", "Write 92000.50, without commas."),
        ("ca. 5", "Write 5, and put the doubt into a column of notes."),
        ("~ 5.5 mM", "Write 5.5, and put the doubt into a column of notes."),
        (
            "<0.1",
            "Write a number by one rule for the whole column, such as the limit 0.1.",
        ),
        ("5 ± 0.1", "Write 5, and put the uncertainty into a column of its own."),
        ("5-10", "Write one number, such as the middle, 7.5."),
        (
            "5 mM",
            "Write 5, converted if mM is not the column's unit. The unit belongs into the column's "
            "name.",
        ),
        (
            "25°C",
            "Write 25, converted if °C is not the column's unit. The unit belongs into the "
            "column's name.",
        ),
        ("\N{MINUS SIGN}5", "Make it the number -5; the cell holds text."),
        ("n.d.", "Leave the cell empty, then fill it in or drop the row."),
        ("3a", None),
        ("CCO", None),
        ("2024-01-05", None),
    ],
)
def test_advice_on_texts_among_numbers(text, advice):
    assert advise_on_text(text) == advice


@given(st.text())
def test_only_plain_decimal_numbers_are_numbers(text):
    number = plain_number(text)
    if re.fullmatch(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?", text.strip()):
        assert number == float(text)
    else:
        assert number is None
    advise_on_text(text)


@pytest.mark.parametrize(
    ("name", "kind", "unit", "low"),
    [
        ("ligand_mM", "concentration", "mM", 0),
        ("HAuCl4 (mM)", "concentration", "mM", 0),
        ("base [µM]", "concentration", "µM", 0),
        ("NaOH / mol/L", "concentration", "mol/L", 0),
        ("protein mg/mL", "mass concentration", "mg/mL", 0),
        ("temperature_C", "temperature", "C", -273.15),
        ("_rxn_temperature_c", "temperature", "c", -273.15),
        ("Temp. (°C)", "temperature", "°C", -273.15),
        ("T [K]", "temperature", "K", 0),
        ("melting_point_degC", "temperature", "degC", -273.15),
        ("temperature", "temperature", "", -459.67),
        ("pH", "pH", "", -1),
        ("initial pH", "pH", "", -1),
        ("time_s", "time", "s", 0),
        ("_rxn_reactiontime_s", "time", "s", 0),
        ("aging [h]", "time", "h", 0),
        ("volume_uL", "volume", "uL", 0),
        ("weight (g)", "mass", "g", 0),
        ("Au_mmol", "amount", "mmol", 0),
        ("water vol%", "percentage", "vol%", 0),
        ("pH_mV", None, None, None),
        ("charge_C", None, None, None),
        ("class_h", None, None, None),
        ("pH difference", None, None, None),
        ("log concentration", None, None, None),
        ("Ph", "pH", "", -1),
        ("n_Ph", None, None, None),
        ("x", None, None, None),
        ("", None, None, None),
    ],
)
def test_quantity_of_a_name(name, kind, unit, low):
    found = find_quantity(name)
    assert (found and (found.kind, found.unit, found.low)) == (kind and (kind, unit, low))


# -- Real tables -----------------------------------------------------------------------------------


def test_perovskites_have_two_constant_columns_and_no_fault():
    expected = [("constant", "acid", None), ("constant", "time_s", None)]
    perovskites = load_perovskites()
    table = perovskites.data.assign(y=perovskites.target)
    assert places(check_experiments(table, "y")) == expected
    names = ("no_structure", "ammonium_name", None)
    found = places(check_experiments(perovskites.frame, "large_crystal"))
    assert found == sorted([*expected, names], key=repr)


def test_inhibitors_have_no_fault():
    assert places(check_experiments(load_cmet().frame, "active")) == []


@pytest.mark.parametrize("seed", range(5))
def test_nanoclusters_have_no_fault_but_molecules_seen_once(seed):
    simulated = make_nanoclusters(54, random_state=seed)
    table = simulated.data.assign(success=simulated.target)
    report = check_experiments(table, "success")
    assert {check for check, _, _ in places(report)} <= {"seen_once"}
    for column, message in report.findings[["column", "message"]].itertuples(index=False):
        counts = table[column].value_counts()
        assert message.startswith(f"{(counts == 1).sum()} of {len(counts)} molecules occur")


# -- The same checks as the estimators -------------------------------------------------------------


@st.composite
def almost_clean(draw):
    """Molecules and numbers in which some cells are faulty."""
    n = draw(st.integers(2, 6))
    smiles = st.sampled_from(["CC", "CO", "C", "", None, "C(C", "ethanol", 5, "5", "é"])
    number = st.sampled_from([1.0, 2.0, 3.5, -1.0, np.nan, np.inf, 1e99, 1e101])
    return pd.DataFrame(
        {
            "ligand": draw(st.lists(smiles, min_size=n, max_size=n)),
            "acid": draw(st.lists(st.sampled_from(["CC", "CO", ""]), min_size=n, max_size=n)),
            "x": draw(st.lists(number, min_size=n, max_size=n)),
        }
    )


@settings(max_examples=200)
@given(almost_clean())
def test_errors_are_what_the_estimators_refuse(table):
    # To an estimator, numbers alone are not molecules, nor are texts of which none is SMILES.
    assume(table["ligand"].isin(["CC", "CO", "C"]).any())
    report = check_experiments(table, smiles_columns=["ligand", "acid"])
    encoder = ExperimentEncoder(descriptors=False, scaling="standard", tanimoto="never")
    refusal = None
    try:
        encoder.fit_encode(table, np.ones(len(table)), np.zeros(len(table), int))
    except (ValueError, ConstantInputWarning) as error:
        refusal = error
    assert report.ok == (refusal is None), refusal
    if isinstance(refusal, InvalidSMILESError):
        found = report.findings[report.findings["check"] == "invalid_smiles"]
        cells = list(found[["column", "row", "value"]].itertuples(index=False, name=None))
        assert cells == list(refusal.cells)


# -- Any frame -------------------------------------------------------------------------------------

CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.just(10**400),
    st.floats(),
    st.complex_numbers(),
    st.text(max_size=8),
    st.sampled_from(["CC", "OCC", "CCO", "C(C", "5 mM", "1,5", "<0.1", "1e999", "NA", "7.5"]),
    st.binary(max_size=3),
    st.dates(),
    st.datetimes(),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=1),
    st.sampled_from(
        [
            *(pd.NA, pd.NaT, np.float32(2), np.int8(3), np.complex64(1j), np.bool_(True)),
            *(decimal.Decimal("1.5"), object, np.arange(2), graph_from_smiles("CC"), {1}, (1, "a")),
        ]
    ),
)
NAMES = st.sampled_from(
    ["ligand", "pH", "a_mM", "b [mM]", "temperature_C", "T [K]", "x", "y", "é", "", "fraction", "%"]
)
DTYPES = ["category", "string", "Int64", "boolean", "datetime64[ns]", "float32", "complex", "bytes"]


@st.composite
def columns_of_anything(draw, n):
    cells = draw(st.lists(CELLS, min_size=n, max_size=n))
    column = pd.Series(np.empty(n, object))
    for row, cell in enumerate(cells):
        column.array[row] = cell
    dtype = draw(st.sampled_from([None, None, *DTYPES]))
    if dtype is None:
        return column
    try:
        return column.astype(dtype)
    except Exception:  # such cells do not fit this type
        return column


@st.composite
def frames_of_anything(draw):
    n = draw(st.integers(0, 6))
    names = draw(st.lists(NAMES, max_size=4, unique=draw(st.booleans())))
    columns = [draw(columns_of_anything(n)) for _ in names]
    frame = pd.concat(columns, axis=1) if columns else pd.DataFrame(index=range(n))
    frame.columns = names
    labels = st.one_of(st.integers(0, 3), st.text(max_size=2), st.floats(), st.none())
    frame.index = pd.Index(draw(st.lists(labels, min_size=n, max_size=n)), dtype=object)
    return frame


@settings(max_examples=300)
@given(frames_of_anything(), st.one_of(st.none(), NAMES), st.lists(NAMES, max_size=2))
def test_any_frame_ends_in_a_report_or_one_of_our_errors(frame, outcome, smiles):
    try:
        report = check_experiments(frame, outcome, smiles)
    except ValueError as error:
        known = ("X has ", "The table of experiments lacks the column(s) ", "The column ")
        if not str(error).startswith(known):
            raise
        return
    assert isinstance(report, TableReport)
    assert str(report).startswith(f"{len(frame)} experiment")
    assert "<table" in report._repr_html_()
    assert len(json.loads(report.to_json())["findings"]) == len(report.findings)
    assert set(report.findings["severity"]) <= {"error", "warning"}


def test_complex_numbers_are_no_numbers():
    column = pd.Series([1.0, 2.0, np.complex64(3j)], dtype=object)
    assert [found[:2] for found in findings_of("x", column)] == [("not_a_number", 2)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (pd.DataFrame({"a": [1], "b": [2]}), "c"),
            "The table of experiments lacks the column(s) 'c'. It has: 'a', 'b'. Add or "
            "rename them.",
        ),
        (
            (pd.DataFrame({"a": [1]}), None, ["a", "smiles"]),
            "The table of experiments lacks the column(s) 'smiles'. It has: 'a'. Add or "
            "rename them.",
        ),
        (
            (pd.DataFrame({"a": [1]}), "a", "a"),
            "The column 'a' cannot hold both the outcomes and SMILES. Name another one.",
        ),
        (
            (pd.DataFrame({"a": []}),),
            "X has 0 sample(s) (shape=(0, 1)) while a minimum of 1 is required. Pass at least one "
            "row.",
        ),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        check_experiments(*arguments)


# -- Files -----------------------------------------------------------------------------------------


def write(path, table):
    """Write a table as a file of the path's kind."""
    if path.suffix == ".xlsx":
        pytest.importorskip("openpyxl")
        table.to_excel(path, index=False)
    else:
        table.to_csv(path, index=False, sep="\t" if path.suffix in (".tsv", ".txt") else ",")
    return str(path)


@pytest.mark.parametrize("kind", [".csv", ".tsv", ".txt", ".xlsx"])
def test_file_has_the_findings_of_the_frame_at_the_rows_of_a_spreadsheet(kind, tmp_path, capsys):
    table, faults = dirty_table()
    path = write(tmp_path / f"table{kind}", table)  # its index counts rows as a spreadsheet does
    assert program.main(["check", path, "--outcome", OUTCOME, "--json"]) == 1
    printed = capsys.readouterr()
    written = json.loads(printed.out)["findings"]
    found = [(f["check"], f["column"], f["row"]) for f in written]
    # What can be read is read, and said.
    read = {
        ("not_a_number", "stirring time / min", 13): (
            "decimal_commas",
            "stirring time / min",
            None,
        ),
        ("missing", OUTCOME, 15): ("no_outcome", OUTCOME, None),
        ("small_class", OUTCOME, None): ("label_spellings", OUTCOME, None),
    }
    faults = [read.get(fault, fault) for fault in faults]
    assert sorted(found, key=repr) == sorted(faults, key=repr)
    assert printed.err == ""


@pytest.mark.parametrize("kind", [".csv", ".tsv", ".xlsx"])
def test_clean_file(kind, tmp_path, capsys):
    path = write(tmp_path / f"table{kind}", clean_table())
    assert program.main(["check", path, "--outcome", OUTCOME]) == 0
    assert capsys.readouterr().out == (
        "24 experiments: 0 errors, 0 warnings\n"
        "Outcome: success\n"
        "Success: 1, 8 of 24 rows\n"
        "Molecules: ligand, solvent\n"
        "Numbers: ligand_mM, gold [mM], temperature_C, pH, volume (mL), stirring time / min, "
        "water_wt%\n"
        "Left out as counters: entry\n"
    )


def test_warnings_alone_leave_the_exit_status_0(tmp_path, capsys):
    path = tmp_path / "table.csv"
    path.write_text("ligand,pH\nCC,7\nCC,8\n")
    assert program.main(["check", str(path)]) == 0
    assert "warning: constant, column 'ligand'" in capsys.readouterr().out


def test_named_smiles_columns_are_checked_as_such(tmp_path, capsys):
    path = tmp_path / "table.csv"
    path.write_text("solvent,pH\nwater,7\nethanol,8\n")
    assert program.main(["check", str(path)]) == 0
    assert program.main(["check", str(path), "--smiles", "solvent"]) == 1
    assert (
        "'ethanol' cannot be read as SMILES ('e' at position 1 is not part of SMILES)."
        in capsys.readouterr().out
    )


def test_text_files_as_spreadsheets_write_them(tmp_path):
    path = tmp_path / "table.csv"
    text = "name;T (°C);x;;y\r\n\r\nA;1,5;2;;0\r\n;;;;\r\nB µ;2;NA;;1\r\n"
    for encoding in ("utf-8", "utf-8-sig", "cp1252", "utf-16"):
        path.write_bytes(text.encode(encoding))
        table = read_table_file(path).frame
        assert list(table.columns) == ["name", "T (°C)", "x", "y"]
        assert list(table.index) == [3, 5]
        assert table.to_numpy(object).tolist() == [["A", "1,5", 2, 0], ["B µ", 2, "NA", 1]]


BAD_FILES = [
    ("absent.csv", None, "There is no file {path!r}. Give the path of a table."),
    (
        *("table.pdf", b"%PDF"),
        "'table.pdf' is not a kind of table that is read: .csv, .tsv, .txt, .xlsx, .parquet or "
        ".json. Save it as one of these.",
    ),
    (
        *("empty.csv", b""),
        "'empty.csv' holds no table. It needs a row of names, and below it one row for each "
        "experiment.",
    ),
    (
        *("ragged.csv", b"a,b\n1,2,3\n"),
        "Row 2 of 'ragged.csv' has 3 cells, more than the 2 columns of the header. Add the names, "
        "or put cells with commas into quotation marks.",
    ),
    (
        *("header.csv", b"a,b\n"),
        "'header.csv' holds no table. It needs a row of names, and below it one row for each "
        "experiment.",
    ),
    ("picture.csv", b"\x89PNG\0", "'picture.csv' is not text. Save the table as CSV in UTF-8."),
    (
        "twice.csv",
        b"a,a\n1,2\n",
        "'twice.csv' has 2 columns named 'a': the columns 1 and 2. Rename them, or delete one.",
    ),
    (
        *("text.xlsx", b"a,b\n1,2\n"),
        "'text.xlsx' is not an .xlsx workbook. Save it as 'Excel workbook (.xlsx)'.",
    ),
]


@pytest.mark.parametrize(("name", "content", "message"), BAD_FILES)
def test_unreadable_file(name, content, message, tmp_path, capsys):
    path = tmp_path / name
    if name.endswith(".xlsx"):
        pytest.importorskip("openpyxl")
    if content is not None:
        path.write_bytes(content)
    assert program.main(["check", str(path)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == f"error: {message.format(path=str(path))}\n"


def test_workbook_without_openpyxl(tmp_path, monkeypatch, capsys):
    path = write(tmp_path / "table.xlsx", clean_table())
    for name in [name for name in sys.modules if name.split(".")[0] == "openpyxl"]:
        monkeypatch.setitem(sys.modules, name, None)
    assert program.main(["check", path]) == 2
    assert capsys.readouterr().err == (
        "error: Reading a workbook needs openpyxl. Install it with pip install "
        "'sksiamese[excel]'.\n"
    )


def test_unknown_column_on_the_command_line(tmp_path, capsys):
    path = write(tmp_path / "table.csv", clean_table()[["pH", OUTCOME]])
    assert program.main(["check", path, "--outcome", "yield"]) == 2
    assert capsys.readouterr().err == (
        "error: The table of experiments lacks the column(s) 'yield'. It has: 'pH', 'success'. "
        "Add or rename them.\n"
    )


def test_a_file_is_required(capsys):
    with pytest.raises(SystemExit) as stop:
        program.main(["check"])
    assert stop.value.code == 2
    assert "the following arguments are required: FILE" in capsys.readouterr().err


def test_copies_are_one_finding_for_each_group():
    table = pd.DataFrame({"ligand": ["CC", "CO", "CN"] * 2, "mM": [1.0, 2.0, 3.0] * 2})
    report = check_experiments(table)
    messages = [f"The same in every column: rows {i} and {i + 3}." for i in range(3)]
    assert report.findings["message"].tolist() == messages
    many = pd.DataFrame({"ligand": ["CC", "CO"] * 12, "mM": [*range(1, 13)] * 2})
    assert check_experiments(many).findings["message"].tolist() == [
        "12 groups of rows. The first: The same in every column: rows 0 and 12."
    ]


def test_replicates_with_the_same_outcome_are_to_be_kept_in_one_fold():
    table = pd.DataFrame(
        {
            "ligand": ["NCCS", "SCCN", "CCS", "CCS", "CCO"],
            "pH": [7.0, 7.0, 8.0, 8.0, 9.0],
            "yield": [80.0, 84.0, 10.0, 12.0, 60.0],
            "success": [1, 1, 0, 0, 1],
        }
    )
    found = check_experiments(table, outcome="success").findings
    message, cure = found.loc[found["check"] == "replicates", ["message", "cure"]].iloc[0]
    assert message == (
        "4 rows repeat 2 recipes with the same outcome; the first are rows 0 and 1. Folds that "
        "part them test on what they trained on, and scores come out too high."
    )
    assert cure == (
        "Give cross-validation their recipe as groups, with GroupKFold and "
        "groups=sksiamese.model_selection.recipe_groups(X)."
    )
    assert recipe_groups(table[["ligand", "pH"]]).tolist() == [0, 0, 1, 1, 2]
