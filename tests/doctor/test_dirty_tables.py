"""Ten tables as dirty as people keep them: each is read as its description says, in Python and by
the command line.
"""

import datetime
import re

import numpy as np
import pandas as pd
import pytest

from sksiamese import read_experiments
from sksiamese._cli import _main as program
from sksiamese.space import DesignSpace, When

N = 24
ROWS = np.arange(N)
MOLECULES = np.array(["CP", "CN", "CO", "CCP"], dtype=object)[ROWS % 4]
TEMPERATURES = np.array([60, 80, 100])[ROWS % 3]
WORKS = np.array([1, 0, 0, 1, 0])[ROWS % 5]  # 10 of 24


def cycle(*values):
    return np.array(values, dtype=object)[ROWS % len(values)]


def write_lines(path, lines, encoding="utf-8"):
    path.write_text("\n".join(lines) + "\n", encoding=encoding)


def plate_reader(path):
    """Lines of settings above the table, decimal commas, a raw signal, wells."""
    lines = ["Instrument;Reader 7", "Operator;AB", "", "Well;Ligand;Conc (µM);Signal;Call"]
    for i in ROWS:
        call = ("hit", "miss")[i % 2]
        lines.append(f"{'ABC'[i // 8]}{i % 8 + 1};{MOLECULES[i]};{i + 0.5};{i % 7}000;{call}")
    write_lines(path, [line.replace(".", ",") for line in lines], "cp1252")


def german_notebook(path):
    """German words, `ja` and `nein`, wavelengths and per cent with a comma, a total below."""
    lines = ["Nr.;Datum;Lösungsmittel;Temperatur (°C);Ausbeute [%];gelungen"]
    for i in ROWS:
        word = ("ja", "nein", "Nein ")[i % 3]
        lines.append(f"{i + 1};{i + 1:02}.03.2024;{cycle('THF', 'DMF')[i]};{60 + i};{i},5;{word}")
    write_lines(path, [*lines, "Summe;;;;276,0;"], "cp1252")


def ranges_and_doubts(path):
    """Ranges, tolerances, guesses and words where numbers belong."""
    table = pd.DataFrame(
        {
            "ligand": MOLECULES,
            "temp (°C)": cycle("60-80", 70, 80, 90),
            "time (h)": cycle(2, "~3", 4, 5),
            "conc (mM)": cycle(5, 6, "7 ± 1", 8),
            "works": WORKS,
        }
    )
    table.to_csv(path, index=False)


def dates_by_mistake(path):
    """Ratios of which the spreadsheet made dates."""
    date = datetime.datetime(2024, 2, 1)
    table = pd.DataFrame(
        {"ligand": MOLECULES, "equiv": cycle(1.5, 2, date, 3), "temp": TEMPERATURES, "works": WORKS}
    )
    table.to_excel(path, index=False)


def assay(path):
    """Limits of detection in the cells of the outcome, and a result made of it."""
    table = pd.DataFrame(
        {
            "Compound ID": [f"CPD-{i:04}" for i in ROWS],
            "smiles": MOLECULES,
            "buffer": cycle("HEPES", "Tris", "hepes"),
            "IC50 (nM)": cycle("<10", "45.5", ">1000", "230", "~ 20", "n.d."),
            "pIC50": 9 - np.log10(ROWS + 1),
            "Hill slope": 1 + ROWS % 3 / 10,
        }
    )
    table.to_csv(path, sep="\t", index=False)


def checkboxes(path):
    """An `x` where something was added, and outcomes in colours."""
    table = pd.DataFrame(
        {
            "ligand": MOLECULES,
            "water added": cycle("x", None),
            "temp": TEMPERATURES,
            "colour": cycle("red", "clear", "red"),
        }
    )
    table.to_csv(path, index=False)


def no_ligand_no_equivalents(path):
    """Empty where it does not apply, `-` where there is no molecule."""
    ligand = cycle("CP", "-", "CN")
    table = pd.DataFrame(
        {
            "Ligand": ligand,
            "Ligand equiv.": np.where(ligand == "-", "", cycle("1.0", "0", "2.0", "1.5")),
            "T [K]": 300 + ROWS * 5,
            "Outcome": cycle("Success", "FAIL", "fail", "success "),
        }
    )
    table.to_csv(path, index=False)


def records(path):
    """JSON of a notebook: truth values, nothing, numbers as text."""
    frame = pd.DataFrame(
        {
            "base": cycle("CC[NH-]", None, "CCO"),
            "dry": cycle(True, False, None),
            "loading (mol%)": cycle("5", "10", "2.5"),
            "ok": cycle(True, False, False),
        }
    )
    frame.to_json(path, orient="records")


def grouped_headings(path):
    """A heading over several columns, names, units, and a merged block below."""
    book = pytest.importorskip("openpyxl").Workbook()
    sheet = book.active
    sheet.append(["Conditions", None, None, "Result"])
    sheet.merge_cells("A1:C1")
    sheet.append(["ligand", "temp", "time", "yield"])
    sheet.append([None, "°C", "h", "%"])
    for i in ROWS:
        sheet.append([MOLECULES[i], 60 if i < 12 else 80, float(i % 5 + 1), float(i * 4)])
    sheet.merge_cells("B4:B15")
    book.save(path)


def long_notes(path):
    """Notes with commas, quotes and line breaks, and an unnamed first column of numbers."""
    table = pd.DataFrame(
        {
            "solvent": cycle("O", "CCO"),
            "pH": np.where(ROWS % 2, np.nan, 4 + ROWS % 5),
            "remarks": [f'turned "black",\nafter {i} h, then clear' for i in ROWS],
            "result": cycle("positive", "negative", "negative"),
        },
        index=range(100, 100 + N),
    )
    table.to_csv(path)


# File, outcome, shape of X, label and rows of success, checks that find something, roles.
READ = [
    (
        *(plate_reader, "csv", "Call", (24, 2), "hit", 12, {"title_rows", "decimal_commas"}),
        "Well identifier; Ligand molecule; Conc (µM) number; Signal result; Call outcome",
    ),
    (
        *(german_notebook, "csv", "gelungen", (24, 2), "ja", 8),
        {"decimal_commas", "label_spellings", "no_outcome", "no_structure"},
        "Nr. counter; Datum date; Lösungsmittel category; Temperatur (°C) number; "
        "Ausbeute [%] result; gelungen outcome",
    ),
    (
        *(assay, "tsv", "IC50 (nM) <= 50", (20, 2), 1, 12),
        {"missing_codes", "spellings", "no_outcome", "no_structure"},
        "Compound ID identifier; smiles molecule; buffer category; IC50 (nM) outcome; "
        "pIC50 result; Hill slope result",
    ),
    (
        *(no_ligand_no_equivalents, "csv", "Outcome", (24, 3), "success", 12),
        {"missing_codes", "label_spellings", "does_not_apply"},
        "Ligand molecule; Ligand equiv. number; T [K] number; Outcome outcome",
    ),
    (
        *(records, "json", "ok", (24, 3), True, 8, {"numbers_as_text", "does_not_apply"}),
        "base molecule; dry category; loading (mol%) number; ok outcome",
    ),
    (
        *(grouped_headings, "xlsx", "yield >= 50", (24, 3), 1, 11),
        {"title_rows", "unit_row", "merged_cells"},
        "ligand molecule; temp (°C) number; time (h) number; yield outcome",
    ),
    (
        *(long_notes, "csv", "result", (24, 2), "positive", 8, {"does_not_apply"}),
        "column 1 counter; solvent molecule; pH number; remarks note; result outcome",
    ),
]
WRONG = [
    (
        *(ranges_and_doubts, "csv"),
        {
            "temp (°C)": "Write one number, such as the middle, 70.",
            "time (h)": "Write 3, and put the doubt into a column of notes.",
            "conc (mM)": "Write 7, and put the uncertainty into a column of its own.",
        },
    ),
    (
        *(dates_by_mistake, "xlsx"),
        {"equiv": "Type the number again, in a cell of numbers: a spreadsheet made a date of it."},
    ),
]


def make(write, kind, folder):
    path = folder / f"table.{kind}"
    write(path)
    return path


@pytest.mark.parametrize(
    ("write", "kind", "outcome", "shape", "positive", "n_success", "checks", "roles"),
    READ,
    ids=lambda value: getattr(value, "__name__", None),
)
def test_table_is_read(
    write, kind, outcome, shape, positive, n_success, checks, roles, tmp_path, capsys
):
    path = make(write, kind, tmp_path)
    table = read_experiments(path, outcome)
    assert table.ok
    assert table.X.shape == shape
    assert (table.positive, (table.y == positive).sum()) == (positive, n_success)
    assert (
        set(table.report.findings["check"]) - {"duplicate", "contradictory", "replicates"} == checks
    )
    assert "; ".join(f"{name} {role.role}" for name, role in table.roles.items()) == roles
    assert len(table.X) + len(table.left_out) == len(table.frame)
    assert program.main(["check", str(path), "--outcome", outcome]) == 0
    assert capsys.readouterr().out == f"{table}\n"


@pytest.mark.parametrize(("write", "kind", "cures"), WRONG)
def test_wrong_cells_are_one_error_for_each_column(write, kind, cures, tmp_path, capsys):
    path = make(write, kind, tmp_path)
    table = read_experiments(path, "works")
    errors = table.report.findings[table.report.findings["severity"] == "error"]
    assert dict(zip(errors["column"], errors["cure"], strict=True)) == cures
    assert errors["message"].str.startswith("6 cells are not numbers, in rows ").all()
    assert program.main(["check", str(path), "--outcome", "works"]) == 1
    assert capsys.readouterr().out == f"{table}\n"


def test_which_colour_is_success_is_asked_for(tmp_path, capsys):
    path = make(checkboxes, "csv", tmp_path)
    message = (
        "Which label of the column 'colour' is success? It has: 'clear', 'red'. Say it with "
        "positive=, for example positive='red'."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read_experiments(path, "colour")
    assert program.main(["check", str(path), "--outcome", "colour"]) == 2
    assert capsys.readouterr().err == f"error: {message}\n"
    table = read_experiments(path, "colour", positive="clear")
    assert table.ok
    assert table.X["water added"].isna().sum() == 12
    assert "Success: 'clear', 8 of 24 rows" in str(table)


def test_values_are_those_that_were_meant(tmp_path):
    read = {
        write.__name__: read_experiments(make(write, kind, tmp_path), outcome)
        for write, kind, outcome, *_ in READ
    }
    assert read["plate_reader"].X["Conc (µM)"].tolist() == (ROWS + 0.5).tolist()
    assert read["german_notebook"].left_out.to_dict() == {26: "'gelungen' is empty"}
    assert read["assay"].left_out.index.tolist() == [7, 13, 19, 25]
    assert sorted(set(read["assay"].X["buffer"])) == ["Tris", "hepes"]
    equivalents = read["no_ligand_no_equivalents"].X["Ligand equiv."]
    assert equivalents.isna().tolist() == [i % 3 == 1 for i in ROWS]
    space = DesignSpace.from_frame(read["no_ligand_no_equivalents"].X)
    assert isinstance(space.columns["Ligand equiv."], When)
    assert isinstance(DesignSpace.from_frame(read["long_notes"].X).columns["pH"], When)
    assert read["records"].X["loading (mol%)"].tolist()[:3] == [5.0, 10.0, 2.5]
    assert read["grouped_headings"].X["temp (°C)"].tolist() == [60] * 12 + [80] * 12
    assert read["grouped_headings"].X.index[0] == 4
