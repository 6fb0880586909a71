"""Files as people keep them: encodings, separators, titles, units, merged cells, names."""

import re

import numpy as np
import pandas as pd
import pytest

from sksiamese.tables.reading._files import naming_what_is_damaged, read_table_file

ROWS = [["CCO", "60", "50.5", "1"], ["CCN", "80", "100.0", "0"], ["", "80", "7.5", "0"]]
NAMES = ["ligand", "temp (°C)", "conc (mM)", "success"]
CELLS = [["CCO", 60, 50.5, 1], ["CCN", 80, 100.0, 0], [None, 80, 7.5, 0]]
WRONG = "Nothing to do, if these rows are not experiments; say header= otherwise."


def text(rows, separator=","):
    return "".join(separator.join(row) + "\n" for row in rows)


def write(path, content, encoding="utf-8"):
    path.write_bytes(content.encode(encoding))
    return path


def cells(frame):
    return frame.astype(object).where(frame.notna(), None).to_numpy(object).tolist()


def found(table):
    return [(f.check, f.row, f.message, f.cure) for f in table.findings]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_text_is_read_in_any_encoding_with_any_separator(encoding, separator, tmp_path):
    path = write(tmp_path / "table.csv", text([NAMES, *ROWS], separator), encoding)
    table = read_table_file(path)
    assert list(table.frame.columns) == NAMES
    assert list(table.frame.index) == [2, 3, 4]
    assert cells(table.frame) == CELLS
    assert table.findings == []


TOPS = {
    "# screen 12, of 2024\n": "row 1 ('# screen 12') was skipped",
    "Project: Suzuki,,,\n,,,\nOperator: NN\n": (
        "rows 1 and 3 ('Project: Suzuki', 'Operator: NN') were skipped"
    ),
}


@pytest.mark.parametrize("top", TOPS)
@pytest.mark.parametrize("names", [[], ["success"]])
def test_lines_above_the_names_are_skipped_and_said(top, names, tmp_path):
    path = write(tmp_path / "table.csv", top + text([NAMES, *ROWS]))
    table = read_table_file(path, names=names)
    place = top.count("\n") + 1
    assert list(table.frame.columns) == NAMES
    assert list(table.frame.index) == [place + 1, place + 2, place + 3]
    message = f"The names stand in row {place}; {TOPS[top]}."
    assert found(table) == [("title_rows", None, message, WRONG)]


def test_the_row_of_the_names_can_be_told(tmp_path):
    path = write(tmp_path / "table.csv", "a,b,c,d\n" + text([NAMES, *ROWS]))
    assert list(read_table_file(path).frame.columns) == ["a", "b", "c", "d"]
    table = read_table_file(path, header=2)
    assert list(table.frame.columns) == NAMES
    assert list(table.frame.index) == [3, 4, 5]
    message = (
        "header=9 is not a row of 'table.csv', which has the rows 1 to 5. Give the row of the "
        "column names."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read_table_file(path, header=9)


def test_units_below_the_names_become_part_of_them(tmp_path):
    rows = [["ligand", "temp (°C)", "conc", "success"], ["", "°C", "[mM]", ""], *ROWS]
    table = read_table_file(write(tmp_path / "table.csv", text(rows)))
    assert list(table.frame.columns) == ["ligand", "temp (°C)", "conc (mM)", "success"]
    assert cells(table.frame) == CELLS
    assert found(table) == [
        (
            *("unit_row", 2, "Row 2 holds units, and became part of the names."),
            "Nothing to do, if so.",
        )
    ]


def test_a_file_without_names(tmp_path):
    path = write(tmp_path / "table.csv", text(ROWS))
    message = (
        "Row 1 of 'table.csv' looks like data, not like column names: 'CCO', '60', '50.5', '1'. "
        "Add a row of names above it, or say header=None, and the columns are called 'column 1', "
        "'column 2' ..."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read_table_file(path, names=["success"])
    table = read_table_file(path, header=None)
    assert list(table.frame.columns) == ["column 1", "column 2", "column 3", "column 4"]
    assert cells(table.frame) == CELLS


def test_two_columns_of_one_name(tmp_path):
    path = write(tmp_path / "table.csv", "a,b,a \n1,2,3\n")
    message = (
        "'table.csv' has 2 columns named 'a': the columns 1 and 3. Rename them, or delete one."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read_table_file(path)


def test_empty_columns_may_share_a_name_up_to_blanks(tmp_path):
    path = write(tmp_path / "table.csv", "a,b,a ,b,,\n1,2,,,,\n3,4,,,,\n")
    table = read_table_file(path).frame
    assert list(table.columns) == ["a", "b", "a ", "b (column 4)"]
    assert table[["a ", "b (column 4)"]].isna().all(axis=None)


def test_columns_without_a_name_are_called_by_their_place(tmp_path):
    table = read_table_file(write(tmp_path / "table.csv", ",x\n0,1.5\n1,2.5\n")).frame
    assert list(table.columns) == ["column 1", "x"]
    assert table["x"].dtype == np.float64


def test_a_row_longer_than_the_header(tmp_path):
    path = write(tmp_path / "table.csv", "a,b\n1,2,3\n")
    message = (
        "Row 2 of 'table.csv' has 3 cells, more than the 2 columns of the header. Add the names, "
        "or put cells with commas into quotation marks."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read_table_file(path, names=["a"])


# -- Workbooks and typed files ---------------------------------------------------------------------


@pytest.fixture
def workbook(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.title = "README"
    for row in [["Sheet", "What"], ["Data", "runs"]]:
        book.active.append(row)
    data = book.create_sheet("Data")
    for row in [["My screen"], NAMES, *CELLS, ["CCC", None, 2.5, 1]]:
        data.append(row)
    data["B5"] = None
    data.merge_cells("A1:D1")
    data.merge_cells("B4:B6")
    book.save(tmp_path / "book.xlsx")
    return tmp_path / "book.xlsx"


def test_the_sheet_with_the_outcome_is_read_and_merged_cells_are_filled(workbook):
    table = read_table_file(workbook, names=["success"])
    assert list(table.frame.index) == [3, 4, 5, 6]
    assert table.frame["temp (°C)"].tolist() == [60, 80, 80, 80]
    assert [(f.check, f.message) for f in table.findings] == [
        (
            "sheet",
            "Of the sheets 'README', 'Data', 'Data' was read, the first that has the outcome.",
        ),
        ("merged_cells", "2 cells below merged ones were filled from them."),
        ("title_rows", "The names stand in row 2; row 1 ('My screen') was skipped."),
    ]


@pytest.mark.parametrize("sheet", ["Data", 1, -1])
def test_a_sheet_can_be_chosen(workbook, sheet):
    assert list(read_table_file(workbook, sheet=sheet).frame.columns) == NAMES


NO_SHEET = [
    (
        {"sheet": "Runs"},
        "'book.xlsx' has no sheet 'Runs'. It has: 'README', 'Data'. Name one of these.",
    ),
    (
        {"names": ["yield"]},
        "No sheet of 'book.xlsx' has the column(s) 'yield'. Its sheets are: 'README', 'Data'. "
        "Choose one with sheet=, and name a column that it has.",
    ),
]


@pytest.mark.parametrize(("options", "message"), NO_SHEET)
def test_no_such_sheet(workbook, options, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read_table_file(workbook, **options)


def test_text_has_no_sheets(tmp_path):
    path = write(tmp_path / "table.csv", text([NAMES, *ROWS]))
    message = "'table.csv' has no sheets. Leave sheet='Data' out."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read_table_file(path, sheet="Data")


@pytest.mark.parametrize("kind", ["parquet", "json"])
def test_files_with_types(kind, tmp_path):
    frame = pd.DataFrame(CELLS, columns=NAMES)
    path = tmp_path / f"table.{kind}"
    if kind == "parquet":
        pytest.importorskip("pyarrow")
        frame.to_parquet(path)
    else:
        frame.to_json(path, orient="records")
    table = read_table_file(path)
    assert cells(table.frame) == CELLS
    path.write_text("{nothing")
    with pytest.raises(
        ValueError, match=rf"^'table.{kind}' cannot be read as a table \(.*\)\. Write "
    ):
        read_table_file(path)


@pytest.mark.parametrize("error", [ImportError, MemoryError, PermissionError])
def test_what_is_no_damage_is_not_called_so(error):
    with pytest.raises(error, match=r"^as it was$"), naming_what_is_damaged("'a.csv'", "Mend it."):
        raise error("as it was")
