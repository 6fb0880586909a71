"""Tables of experiments in files, with the rows as a spreadsheet numbers them."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import is_zipfile

import pandas as pd

from sksiamese._checks import import_extra, listed
from sksiamese.tables.reading._cell_meaning import is_missing
from sksiamese.tables.reading._findings import Finding, plural
from sksiamese.tables.reading._table_start import Grid, frame_of, holds_names
from sksiamese.tables.reading._typed_numbers import are_codes, is_number_text, plain_number

_WORKBOOKS = {".xlsx", ".xlsm"}
TEXT_SUFFIXES = {".csv", ".tsv", ".txt"}
"""Endings of text files with separators."""

_TYPED = {".parquet", ".json"}
TABLE_SUFFIXES = _WORKBOOKS | TEXT_SUFFIXES | _TYPED
"""Endings of the files that are read."""

_SEPARATORS = ",;\t|"
WORKBOOK_CURE = (
    "The file is damaged or no workbook: get it again, or save it anew in a spreadsheet program."
)
_SNIFFED = 200  # records that the separator is told by


class TableFile(NamedTuple):
    """A table as it stands in a file.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        Its cells. Rows of text files and workbooks have the numbers that a spreadsheet gives them.
    findings : list of Finding
        What was passed over, filled in or chosen on the way.
    """

    frame: pd.DataFrame
    findings: list[Finding]


def read_table_file(
    path: str | Path,
    *,
    sheet: str | int | None = None,
    header: int | str | None = "infer",
    names: Sequence[str] = (),
) -> TableFile:
    """Read a table from CSV, TSV, an Excel workbook, Parquet or JSON.

    Parameters
    ----------
    path : str or Path
        A file .csv, .tsv, .txt, .xlsx, .xlsm, .parquet or .json. Cells of text files may be
        separated by commas, semicolons, tabs or bars, in UTF-8, UTF-16 or Windows-1252.
    sheet : str, int or None, default=None
        Name of a workbook's sheet, or its place from 0; None takes the first that has the columns
        in `names`.
    header : int, "infer" or None, default="infer"
        Row of the column names, as a spreadsheet counts it; "infer" looks for it; None is a file
        without names, whose columns are called "column 1", "column 2" ...
    names : sequence of str, default=()
        Columns that the table must have, by which sheet and header are known.

    Returns
    -------
    TableFile
        The cells, and what was done to find them. Blank rows, and blank columns without a name,
        are left out. Only blank cells are missing; text such as "NA" stays.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ImportError
        If a workbook is to be read without openpyxl, or Parquet without pyarrow.
    ValueError
        If the file is not a table, has no header or two columns of one name.

    Examples
    --------
    >>> from sksiamese.tables.reading._files import read_table_file
    >>> read_table_file("experiments.csv").frame.index[0]  # doctest: +SKIP
    2
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {str(path)!r}. Give the path of a table.")
    kind = path.suffix.lower()
    if kind in _WORKBOOKS:
        return _read_workbook(path, sheet, header, names)
    if sheet is not None:
        raise ValueError(f"{path.name!r} has no sheets. Leave sheet={sheet!r} out.")
    if kind in TEXT_SUFFIXES:
        frame, findings = frame_of(_read_text(path), path.name, header, names)
        return TableFile(frame.apply(_with_numbers), findings)
    if kind in _TYPED:
        return TableFile(_read_records(path), [])
    raise ValueError(
        f"{path.name!r} is not a kind of table that is read: .csv, .tsv, .txt, .xlsx, .parquet or "
        ".json. Save it as one of these."
    )


def _read_text(path: Path) -> Grid:
    text = _decode(path)
    with naming_what_is_damaged(repr(path.name), "Save the table as CSV in UTF-8."):
        mark = find_separator(text)
        rows = list(csv.reader(io.StringIO(text), delimiter=mark))
    return [[cell if cell.strip() else None for cell in row] for row in rows]


def find_separator(text: str) -> str:
    r"""Find what separates the cells of a text: the mark by which its records are most even.

    Examples
    --------
    >>> from sksiamese.tables.reading._files import find_separator
    >>> find_separator("ligand;mM\nCCO;1,5\n")
    ';'
    """
    heads = {
        mark: list(islice(csv.reader(io.StringIO(text), delimiter=mark), _SNIFFED))
        for mark in _SEPARATORS
    }
    return max(heads, key=lambda mark: _evenness(heads[mark]))


def _evenness(rows: list[list[str]]) -> tuple[int, int]:
    """How many records have the most frequent number of cells, and that number."""
    widths = Counter(len(row) for row in rows if len(row) > 1)
    if not widths:
        return 0, 0
    width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
    return count, width


def _decode(path: Path) -> str:
    data = path.read_bytes()
    is_utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if is_utf16 else ("utf-8-sig", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise ValueError(f"{path.name!r} is not text. Save the table as CSV in UTF-8.")


def _read_records(path: Path) -> pd.DataFrame:
    """Read a file whose columns have types and names."""
    cure = "Write it with DataFrame.to_parquet, or DataFrame.to_json(orient='records')."
    with naming_what_is_damaged(repr(path.name), cure):
        if path.suffix.lower() == ".parquet":
            return pd.read_parquet(path)
        return pd.DataFrame(json.loads(path.read_text("utf-8")))


def _with_numbers(column: pd.Series) -> pd.Series:
    """Turn text into numbers in a column of a text file of which most cells are numbers."""
    if not hold_numbers([cell for cell in column if not is_missing(cell)]):
        return column
    return pd.Series(
        [_typed(cell) for cell in column], column.index, name=column.name, dtype=object
    ).infer_objects()


def hold_numbers(texts: Sequence[str]) -> bool:
    """Whether half of some texts or more are numbers, and none is a code such as "007"."""
    return 2 * sum(map(is_number_text, texts)) >= len(texts) and not are_codes(texts)


def _typed(cell: Any) -> Any:
    """Turn a text that is a number into it, whole if written so."""
    number = None if is_missing(cell) else plain_number(cell)
    if number is None:
        return cell
    return int(cell) if cell.strip().lstrip("+-").isdecimal() else number


# -- Workbooks -------------------------------------------------------------------------------------


def _read_workbook(
    path: Path, sheet: str | int | None, header: int | str | None, names: Sequence[str]
) -> TableFile:
    with open_workbook(path, merged=True) as workbook:
        title, findings = _choose_sheet(workbook, path, sheet, names)
        with naming_what_is_damaged(repr(path.name), WORKBOOK_CURE):
            grid, n_filled = _read_sheet(workbook.book[title])
    if n_filled:
        message = f"{plural(n_filled, 'cell')} below merged ones were filled from them."
        cure = "Look whether each row should have that value; better write it into every cell."
        findings.append(Finding("merged_cells", "warning", None, None, None, message, cure))
    frame, more = frame_of(grid, path.name, header, names)
    return TableFile(frame.apply(pd.Series.infer_objects), findings + more)


def _choose_sheet(
    workbook: pd.ExcelFile, path: Path, sheet: str | int | None, names: Sequence[str]
) -> tuple[str, list[Finding]]:
    titles = [str(title) for title in workbook.sheet_names]
    if isinstance(sheet, int) and -len(titles) <= sheet < len(titles):
        return titles[sheet], []
    if sheet is not None and sheet not in titles:
        raise ValueError(
            f"{path.name!r} has no sheet {sheet!r}. It has: {listed(titles)}. Name one of these."
        )
    if sheet is not None:
        return str(sheet), []
    if len(titles) == 1:
        return titles[0], []
    holding = [t for t in titles if holds_names(_read_sheet(workbook.book[t])[0], names)]
    if not holding:
        raise ValueError(
            f"No sheet of {path.name!r} has the column(s) {listed(names)}. Its sheets are: "
            f"{listed(titles)}. Choose one with sheet=, and name a column that it has."
        )
    message = f"Of the sheets {listed(titles)}, {holding[0]!r} was read"
    message += ", the first that has the outcome." if names else ", the first that is a table."
    cure = "Choose another one with sheet=, if that is wrong."
    return holding[0], [Finding("sheet", "warning", None, None, None, message, cure)]


def _read_sheet(worksheet: Any) -> tuple[Grid, int]:
    """Cells of a sheet, merged ones filled down; and how many were filled."""
    grid = [list(row) for row in worksheet.iter_rows(min_row=1, min_col=1, values_only=True)]
    n_filled = 0
    for merged in worksheet.merged_cells.ranges:
        if merged.max_row == merged.min_row:
            continue  # a title or a heading over several columns
        top = grid[merged.min_row - 1][merged.min_col - 1]
        for row in grid[merged.min_row - 1 : merged.max_row]:
            row[merged.min_col - 1 : merged.max_col] = [top] * (merged.max_col - merged.min_col + 1)
        n_filled += merged.size["rows"] * merged.size["columns"] - 1
    return grid, n_filled


def open_workbook(path: Path, merged: bool = False) -> pd.ExcelFile:
    """Open an .xlsx file; with `merged`, such that its merged cells are known.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ImportError
        If openpyxl is not installed.
    ValueError
        If the file is not a workbook.
    """
    import_extra("openpyxl", "Reading a workbook", "excel")
    if not path.is_file():
        raise FileNotFoundError(
            f"There is no workbook {str(path)!r}. Give the path of an existing .xlsx file."
        )
    if not is_zipfile(path):
        raise ValueError(
            f"{path.name!r} is not an .xlsx workbook. Save it as 'Excel workbook (.xlsx)'."
        )
    with naming_what_is_damaged(repr(path.name), WORKBOOK_CURE):
        return pd.ExcelFile(path, engine="openpyxl", engine_kwargs={"read_only": not merged})


@contextmanager
def naming_what_is_damaged(what: str, cure: str) -> Iterator[None]:
    """Name the file that a library stumbles over, whatever it raises then.

    Raises
    ------
    ValueError
        Naming the file `what`, what the library says, and the `cure`.
    """
    try:
        yield
    except (ImportError, MemoryError, PermissionError):
        raise
    except Exception as error:
        said = f"{type(error).__name__}: {error}".strip(" :.\n")
        raise ValueError(f"{what} cannot be read as a table ({said}). {cure}") from error
