"""Tables as people keep them, from file to what a model can be fitted with."""

import os
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sksiamese import ExperimentRecommender, GraphFingerprintSiameseClassifier, read_experiments
from sksiamese._cli import _main as program
from sksiamese.doctor import ExperimentTable
from sksiamese.space import DesignSpace, Levels, Range

SHARED = Path(os.environ.get("SKSIAMESE_SHARED", Path(__file__).parents[3] / "shared"))
N = 24
ROWS = np.arange(N)
SMILES = np.array(["CP", "CN", "CO", "CCP"], dtype=object)[ROWS % 4]
OWN = pd.DataFrame(
    {
        "ligand": SMILES,
        "temp (°C)": np.array([60, 80, 100])[ROWS % 3],
        "conc (mM)": 50 + ROWS * 2.5,
        "success": np.array([1, 0, 0, 1, 0])[ROWS % 5],
    }
)


def roles_of(table):
    return {name: role.role for name, role in table.roles.items()}


def found(table, *checks):
    """Check, column, row and message of the findings, of some checks."""
    findings = table.report.findings
    findings = findings[findings["check"].isin(checks)] if checks else findings
    rows = findings[["check", "column", "row", "message"]]
    return list(rows.itertuples(index=False, name=None))


def kinds_of_findings(table):
    """Names of the checks that found something in the table, but for copies in it."""
    return set(table.report.findings["check"]) - {"contradictory", "duplicate"}


def write(path, frame, **options):
    frame.to_csv(path, index=False, **options)
    return path


def test_a_clean_table(tmp_path):
    table = read_experiments(write(tmp_path / "table.csv", OWN), "success")
    assert isinstance(table, ExperimentTable)
    assert table.ok
    assert found(table) == []
    assert list(table.X.columns) == ["ligand", "temp (°C)", "conc (mM)"]
    assert table.X.index.tolist() == list(range(2, N + 2))
    assert table.y.tolist() == OWN["success"].tolist()
    assert (table.positive, table.y.name, len(table.left_out)) == (1, "success", 0)
    assert str(table) == str(table.report)
    pd.testing.assert_frame_equal(read_experiments(OWN, "success").X, OWN.iloc[:, :3])


def test_numbers_as_they_are_typed(tmp_path):
    text = OWN.assign(**{"conc (mM)": OWN["conc (mM)"].astype(str).str.replace(".", ",")})
    table = read_experiments(
        write(tmp_path / "table.csv", text, sep=";", encoding="cp1252"), "success"
    )
    assert table.X["conc (mM)"].tolist() == OWN["conc (mM)"].tolist()
    message = "24 cells with a decimal comma were read as numbers."
    assert found(table) == [("decimal_commas", "conc (mM)", None, message)]


TYPED = [
    (
        *("time", ["2 h", "30 min", "1 d"], [2, 0.5, 24], "units_in_cells"),
        "24 cells such as '2 h', '30 min', '1 d' were read as hours.",
    ),
    (
        *("time (min)", ["2 h", "30 min", 45], [120, 30, 45], "units_in_cells"),
        "16 cells such as '2 h', '30 min' were read as min.",
    ),
    (
        *("volume", ["250 nL", "1 uL", "500 nL"], [250, 1000, 500], "units_in_cells"),
        "24 cells such as '250 nL', '1 uL', '500 nL' were read as nL.",
    ),
    (
        *("pressure_bar", ["1 bar", "2 bar", 5], [1, 2, 5], "units_in_cells"),
        "16 cells such as '1 bar', '2 bar' were read as bar.",
    ),
    (
        *("loading", ["1,200.5", "2", "3"], [1200.5, 2, 3], "thousands"),
        "8 cells with commas between thousands were read.",
    ),
]


@pytest.mark.parametrize(("name", "cells", "numbers", "check", "message"), TYPED)
def test_quantities_in_cells(name, cells, numbers, check, message):
    column = np.array(cells, dtype=object)[ROWS % 3]
    table = read_experiments(OWN.assign(**{name: column}), "success")
    assert table.ok
    assert table.X[name].tolist() == np.array(numbers)[ROWS % 3].tolist()
    assert found(table, check) == [(check, name, None, message)]


UNREAD = [
    (
        ["overnight", 2, 16],
        "8 cells are not numbers",
        "'overnight'",
        "Write the hours, such as 16.",
    ),
    (["rt", 60, 80], "8 cells are not numbers", "'rt'", "Write the temperature, such as 25."),
    (
        *(["reflux", 60, 80], "8 cells are not numbers", "'reflux'"),
        "Write the temperature, that at which the solvent boils.",
    ),
    (
        *(["1,200", 5, 10], "8 cells are not numbers", "'1,200'"),
        "Write 1.200, or 1200 if the comma separates thousands.",
    ),
]


@pytest.mark.parametrize(("cells", "start", "shown", "cure"), UNREAD)
def test_texts_among_numbers_are_one_error_with_a_cure(cells, start, shown, cure):
    table = read_experiments(
        OWN.assign(x=np.array(cells, dtype=object)[ROWS % 3]), "success", roles={"x": "number"}
    )
    assert not table.ok
    message = f"{start}, in rows 0, 3, 6, 9, 12 and 3 more: {shown}."
    assert found(table, "not_a_number") == [("not_a_number", "x", None, message)]
    assert table.report.findings["cure"].iloc[0] == cure


def test_codes_commas_and_truth_values_are_read_from_a_file_as_from_its_frame(tmp_path):
    others = {
        "batch code": np.array(["0012", "0450", "0007"])[ROWS % 3],
        "dry": np.array([True, None], dtype=object)[ROWS % 2],
        "success": np.array([0.0, 1.0])[ROWS % 2],
    }
    frame = OWN.assign(**others)
    text = frame.map(lambda cell: str(cell).replace(".", ",") if type(cell) is float else cell)
    path = write(tmp_path / "table.csv", text, sep=";")
    table, expected = read_experiments(path, "success"), read_experiments(frame, "success")
    assert table.ok
    assert roles_of(table) == roles_of(expected)
    assert (roles_of(table)["batch code"], roles_of(table)["dry"]) == ("category", "category")
    assert table.X["batch code"].iloc[0] == "0012"
    assert table.X["dry"].tolist() == expected.X["dry"].tolist() == [True, None] * 12
    assert table.y.tolist() == [0, 1] * 12


def test_codes_for_nothing_are_one_finding_and_absent_molecules():
    cells = np.array(["None", "CO", "n/a", "CN"], dtype=object)[ROWS % 4]
    table = read_experiments(OWN.assign(additive=cells), "success")
    assert table.X["additive"].isna().sum() == 12
    assert roles_of(table)["additive"] == "molecule"
    message = "12 cells such as 'None', 'n/a' were read as empty."
    assert found(table) == [("missing_codes", "additive", None, message)]


def test_names_are_categories_with_one_warning_each():
    cells = np.array(["PPh3", "XPhos", "pph3", "NBS"], dtype=object)[ROWS % 4]
    table = read_experiments(OWN.assign(dry=ROWS % 2 == 0, reagent=cells), "success")
    assert table.ok
    assert roles_of(table)["reagent"] == "category"
    assert sorted(set(table.X["reagent"])) == ["NBS", "XPhos", "pph3"]
    assert found(table) == [
        ("spellings", "reagent", None, "These were taken as one: 'PPh3', 'pph3'."),
        (
            *("no_structure", "reagent", None),
            "3 names without a structure: nothing is known of a new one.",
        ),
    ]


def test_gaps_that_another_column_explains_do_not_apply():
    pH = np.where(ROWS % 4 == 0, 7 + ROWS / 10, np.nan)
    gaps = np.where(ROWS == 5, np.nan, ROWS % 5)
    table = read_experiments(OWN.assign(pH=pH, x=gaps), "success")
    assert table.ok
    assert found(table) == [
        (
            *("does_not_apply", "pH", None),
            "It is filled where 'ligand' is 'CP', and nowhere else.",
        ),
        ("missing", "x", 5, "There is no number."),
    ]


def test_rows_without_an_outcome_are_left_out_and_listed():
    cells = OWN["success"].astype(object).where(ROWS != 3, "PENDING").where(ROWS != 4, None)
    table = read_experiments(OWN.assign(success=cells), "success")
    assert table.ok
    assert table.left_out.to_dict() == {3: "'success' is 'PENDING'", 4: "'success' is empty"}
    assert sorted([*table.X.index, *table.left_out.index]) == list(range(N))
    assert len(table.frame) == table.report.n_rows == N


def test_columns_that_are_no_condition_are_left_out_and_said():
    others = {
        "entry": ROWS + 1,
        "yield (%)": OWN["success"] * 50 + ROWS % 7,
        "run date": [f"2024-03-{row + 1:02}" for row in ROWS],
        "comment": "fine",
        "x": OWN["success"] * 5 + ROWS % 4,
        "nothing": None,
    }
    table = read_experiments(OWN.assign(**others), "success")
    assert list(table.X.columns) == ["ligand", "temp (°C)", "conc (mM)"]
    assert [role.role for role in table.roles.values()][4:] == [
        *("counter", "result", "date", "note", "result", "empty")
    ]
    alone = "It alone all but decides the outcome (AUC 1.00), and was left out as a result."
    assert found(table) == [
        ("decides_alone", "yield (%)", None, alone),
        ("decides_alone", "x", None, alone),
        ("empty", "nothing", None, "Nothing stands in 'nothing'."),
    ]
    kept = read_experiments(OWN.assign(**others), "success", inputs=["ligand", "entry"])
    assert list(kept.X.columns) == ["ligand", "entry"]
    kept = read_experiments(
        OWN.assign(**others), "success", roles={"x": "number"}, ignore=["ligand"]
    )
    assert list(kept.X.columns) == ["temp (°C)", "conc (mM)", "x"]


MIXTURES = [
    ("[Na].CC(=O)O", "neutral_metal", "A neutral metal stands beside another molecule in row 3."),
    ("NBS", "name_as_smiles", "'NBS' can be read as SMILES, but may be an abbreviation."),
]


@pytest.mark.parametrize(("cell", "check", "message"), MIXTURES)
def test_molecules_that_may_be_meant_otherwise(cell, check, message):
    cells = OWN["ligand"].where(ROWS != 3, cell)
    table = read_experiments(OWN.assign(ligand=cells), "success")
    assert [each[3] for each in found(table, check)] == [message]


NAMED = pd.DataFrame({"ligand": ["CP", "CN", "CO"] * 8, "name": ["phos", "amine", "alcohol"] * 8})
NAMED["T"], NAMED["success"] = range(24), [0, 1, 1, 0] * 6


@pytest.mark.parametrize(
    ("column", "cell", "message"),
    [
        (
            "name",
            "amine",
            "'CP' in 'ligand', and in 7 other rows that molecule stands beside 'phos'",
        ),
        (
            "name",
            "silane",
            "'CP' in 'ligand', and in 7 other rows that molecule stands beside 'phos'",
        ),
        ("ligand", "CS", "'CS' in 'ligand', and in 7 other rows that name stands beside 'CP'"),
    ],
)
def test_a_name_and_a_molecule_that_do_not_go_together(column, cell, message):
    cells = NAMED[column].where(NAMED.index != 3, cell)
    table = read_experiments(NAMED.assign(**{column: cells}), "success")
    assert found(table, "name_and_molecule") == [
        ("name_and_molecule", "name", 3, f"It stands beside {message}.")
    ]


@pytest.mark.parametrize("step", [1, 5, 24])
def test_names_of_their_molecules_and_of_other_things_are_no_finding(step):
    other = [("water", "DMF", "THF")[row // step % 3] for row in range(24)]
    table = read_experiments(NAMED.assign(name=other), "success")
    assert not found(table, "name_and_molecule")


def test_molecules_of_rdkit():
    from rdkit import Chem

    mols = [Chem.MolFromSmiles(text) for text in SMILES]
    table = read_experiments(OWN.assign(ligand=mols), "success")
    assert table.X["ligand"].tolist() == SMILES.tolist()


REFUSED = [
    (
        (5, "y"),
        {},
        "source must be a DataFrame (of pandas, polars or pyarrow) or the path of a file. Got 5: "
        "make a frame of it with "
        "pandas.DataFrame.",
    ),
    ((OWN, 5), {}, "outcome must be the name of a column, or a rule such as 'yield >= 50'. Got 5."),
    (
        (OWN.set_axis([1] * N), "success"),
        {},
        "Two rows are labelled 1. Give each row a label of its "
        "own, for example with frame.reset_index(drop=True).",
    ),
    (
        (pd.concat([OWN, OWN], axis=1), "success"),
        {},
        "The table has 2 columns named 'ligand': the columns 1 and 5. Rename them, or delete one.",
    ),
    (
        (OWN, "yield"),
        {},
        "The table of experiments lacks the column(s) 'yield'. It has: 'ligand', "
        "'temp (°C)', 'conc (mM)', 'success'. Add or rename them.",
    ),
]


@pytest.mark.parametrize(("arguments", "options", "message"), REFUSED)
def test_what_is_no_table(arguments, options, message):
    with pytest.raises((TypeError, ValueError), match=f"^{re.escape(message)}$"):
        read_experiments(*arguments, **options)


# -- The files of shape seen in use ----------------------------------------------------------------

OUTCOMES = {
    "pct_text.csv": "yield >= 50",
    "yield_bad.csv": "yield >= 50",
    "chembl.csv": "Standard Value <= 100",
}


def read_case(name, **options):
    path = SHARED / "cases" / name
    if not path.is_file():
        pytest.skip(f"{path} is not here; SKSIAMESE_SHARED may name its folder")
    return read_experiments(path, OUTCOMES.get(name, "success"), **options)


# Shape of X, rows of success, checks that find something, columns that are no input.
CASES = {
    "eln_de.csv": ((24, 3), 11, {"decimal_commas"}, {}),
    "utf16.csv": ((24, 3), 11, set(), {}),
    "title.csv": ((24, 3), 11, {"title_rows"}, {}),
    "comment.csv": ((24, 3), 11, {"title_rows"}, {}),
    "unitsrow.csv": ((24, 3), 11, {"unit_row"}, {}),
    "trail.csv": ((24, 3), 11, {"empty"}, {"ligand ": "empty", "x": "empty"}),
    "multi.xlsx": ((24, 3), 11, {"sheet"}, {}),
    "merged.xlsx": ((12, 2), 6, {"merged_cells"}, {}),
    "entry.csv": ((40, 3), 20, {"decides_alone"}, {"entry": "counter"}),
    "leak.csv": ((40, 3), 20, {"decides_alone", "replicates"}, {"yield_percent": "result"}),
    "frac.csv": ((40, 3), 19, {"fractions", "replicates"}, {"conversion (%)": "result"}),
    "pct_text.csv": ((40, 3), 22, {"replicates"}, {}),
    "yesno.csv": ((24, 3), 12, {"label_spellings"}, {}),
    "names.csv": ((24, 4), 11, {"no_structure"}, {}),
    "none.csv": ((32, 2), 16, {"missing_codes"}, {}),
    "inchi.csv": ((24, 3), 11, set(), {}),
    "rxn.csv": ((24, 3), 11, {"reactions", "two_spellings"}, {"rxn": "note"}),
    "chembl.csv": (
        *((25, 4), 8, {"constant", "empty", "no_outcome", "replicates"}),
        {
            "Molecule ChEMBL ID": "identifier",
            "Molecule Name": "empty",
            "pChEMBL Value": "result",
        },
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_case_is_read(name):
    shape, n_success, checks, others = CASES[name]
    table = read_case(name)
    assert table.ok
    assert table.X.shape == shape
    assert (table.y == table.positive).sum() == n_success
    assert kinds_of_findings(table) == checks
    of_models = ("molecule", "category", "number", "outcome")
    assert {n: r for n, r in roles_of(table).items() if r not in of_models} == others
    assert len(table.X) + len(table.left_out) == table.report.n_rows


def test_cases_have_the_right_values():
    assert read_case("eln_de.csv").X["conc (µM)"].tolist()[:4] == [50.0, 100.0, 150.5, 200.0]
    assert read_case("title.csv").X.index[0] == 5
    assert list(read_case("unitsrow.csv").X.columns) == ["ligand", "temp (°C)", "conc (mM)"]
    assert read_case("merged.xlsx").X["temp (°C)"].tolist() == [60] * 4 + [80] * 4 + [100] * 4
    assert read_case("none.csv").X["additive"].isna().sum() == 16
    assert read_case("inchi.csv").roles["ligand_inchi"].role == "molecule"
    assert read_case("chembl.csv").left_out.index.tolist() == [3, 10, 12, 24, 25]
    spelled = read_case("yesno.csv").report.findings.iloc[0]["message"]
    assert spelled == (
        "Spellings of one label were taken as one: 'YES', 'Yes', 'yes' as 'yes'; 'n', 'no', 'no ' "
        "as 'no'."
    )
    assert read_case("multi.xlsx", sheet="Data").X.shape == (24, 3)


ERRORS = {
    "yield_bad.csv": [("out_of_range", "yield", 5), ("out_of_range", "yield", 9)],
    "smi_name.csv": [("invalid_smiles", "ligand", row) for row in (2, 7, 12, 17, 22)],
    "dummy.csv": [("invalid_smiles", "ligand", 11)],
    "words.csv": [("not_a_number", name, None) for name in ("temp", "time", "additive_mM")],
}


@pytest.mark.parametrize("name", ERRORS)
def test_case_with_errors(name):
    findings = read_case(name).report.findings
    errors = findings[findings["severity"] == "error"]
    assert (
        list(errors[["check", "column", "row"]].itertuples(index=False, name=None))
        == (ERRORS[name])
    )


def test_words_have_a_role_and_a_cure_each():
    table = read_case("words.csv")
    assert roles_of(table) == {
        "ligand": "molecule",
        "temp (°C)": "number",
        "conc (mM)": "number",
        "success": "outcome",
        "temp": "number",
        "time": "number",
        "dry": "category",
        "ratio": "category",
        "date": "date",
        "additive_mM": "number",
    }
    assert table.X["time"].iloc[[1, 3, 8]].tolist() == [2.0, 16.0, 0.5]
    left = read_case("words.csv", ignore=["temp", "time", "additive_mM"])
    assert left.ok


def test_cases_that_are_refused():
    message = (
        "'dup.csv' has 2 columns named 'temp (°C)': the columns 2 and 5. Rename them, or delete "
        "one."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read_case("dup.csv")
    with pytest.raises(ValueError, match=r"^Row 1 of 'nohead.csv' looks like data, .* header=None"):
        read_case("nohead.csv")
    path = SHARED / "cases" / "nohead.csv"
    assert read_experiments(path, "column 4", header=None).X.shape == (24, 3)


def test_names_can_be_fitted_drawn_and_recommended():
    table = read_case("names.csv")
    assert isinstance(DesignSpace.from_frame(table.X).columns["ligand"], Levels)
    model = GraphFingerprintSiameseClassifier(n_members=1, max_epochs=2, random_state=0)
    space = DesignSpace.from_frame(table.X, columns={"temp (°C)": Range(60, 100)})
    recommender = ExperimentRecommender(model, space, n_candidates=100, random_state=0)
    plate = recommender.fit(table.X, table.y).recommend(3)
    assert set(plate["ligand"]) <= {"PPh3", "XPhos", "SPhos", "CPhos"}


REACTIONS = {
    "amidation": (960, ["base", "solvent", "activator", "nucleophile"], 100),
    "direct_arylation": (
        *(1728, ["base", "ligand", "solvent", "concentration_M", "temperature_C"]),
        239,
    ),
    "nickel_suzuki": (
        576,
        ["base", "catalyst", "ligand", "solvent", "cosolvent", "temperature_C", "solvent_fraction"],
        168,
    ),
}


@pytest.mark.parametrize("name", REACTIONS)
def test_reactions_with_all_their_columns(name):
    path = SHARED / "data" / "reactions" / f"{name}.csv.gz"
    if not path.is_file():
        pytest.skip(f"{path} is not here; SKSIAMESE_SHARED may name its folder")
    n_rows, inputs, n_success = REACTIONS[name]
    table = read_experiments(pd.read_csv(path), "yield_percent >= 50")
    assert table.ok
    assert table.X.shape == (n_rows, len(inputs))
    assert list(table.X.columns) == inputs
    assert table.y.sum() == n_success
    assert roles_of(table).get("plate", "counter") == "counter"


# -- The command line ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*CASES, *ERRORS])
def test_check_finds_the_same_as_python(name, capsys):
    report = read_case(name).report
    path = str(SHARED / "cases" / name)
    outcome = OUTCOMES.get(name, "success")
    assert program.main(["check", path, "--outcome", outcome]) == (0 if report.ok else 1)
    assert capsys.readouterr().out == f"{report}\n"


@pytest.mark.parametrize("name", ["dup.csv", "nohead.csv"])
def test_check_refuses_the_same_as_python(name, capsys):
    with pytest.raises(ValueError, match=name) as refusal:
        read_case(name)
    path = str(SHARED / "cases" / name)
    assert program.main(["check", path, "--outcome", "success"]) == 2
    assert capsys.readouterr().err == f"error: {refusal.value}\n"


def test_check_takes_success_a_sheet_and_no_outcome(tmp_path, capsys):
    pytest.importorskip("openpyxl")
    path = str(tmp_path / "table.xlsx")
    with pd.ExcelWriter(path) as writer:
        for title, column in (("One", "success"), ("Two", "colour")):
            frame = OWN.assign(success=OWN["success"].map({0: "red", 1: "blue"}))
            table = frame.rename(columns={"success": column})
            table.to_excel(writer, sheet_name=title, index=False)
    assert program.main(["check", path, "--outcome", "colour"]) == 2
    assert "Which label of the column 'colour' is success?" in capsys.readouterr().err
    options = ["--outcome", "colour", "--positive", "blue", "--sheet", "Two"]
    assert program.main(["check", path, *options]) == 0
    assert program.main(["check", path]) == 0
    assert "'One' was read, the first that is a table." in capsys.readouterr().out


def test_a_column_of_reactions_is_left_out_and_said():
    table = pd.DataFrame(
        {
            "reaction": ["CC(=O)O.CN>>CC(=O)NC", "CC(=O)O.CCN>>CC(=O)NCC"] * 6,
            "pH": np.linspace(3, 9, 12),
            "works": ["yes", "no", "no"] * 4,
        }
    )
    found = read_experiments(table, "works")
    assert list(found.X) == ["pH"]
    told = found.report.findings.set_index("check").loc["reactions"]
    assert (told["column"], told["message"], told["cure"]) == (
        "reaction",
        "It holds reactions, and was left out.",
        "Give each molecule that differs between the rows a column of its own.",
    )
    assert found._repr_html_() == found.report._repr_html_()
