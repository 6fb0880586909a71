"""Tables of experiments in files, with the rows as a spreadsheet numbers them."""

from __future__ import annotations

import codecs
import io
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import pandas as pd

from sksiamese.tables._columns import is_missing
from sksiamese.tables._number_texts import is_number_text, plain_number

__all__ = ["open_workbook", "read_table_file"]

_WORKBOOKS = {".xlsx", ".xlsm"}
_TEXTS = {".csv", ".tsv", ".txt"}


def read_table_file(path: str | Path) -> pd.DataFrame:
    """Read a table with one header row from CSV, TSV or the first sheet of an Excel workbook.

    Parameters
    ----------
    path : str or Path
        A file .csv, .tsv, .txt, .xlsx or .xlsm. Columns of text files are separated by commas,
        semicolons or tabs, by whichever the header has most of.

    Returns
    -------
    DataFrame of shape (n_rows, n_columns)
        Rows have the numbers that a spreadsheet gives them: the header is row 1. Blank rows, and
        blank columns without a name, are left out. Only blank cells are missing; text such as "NA"
        stays.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ImportError
        If a workbook is to be read without openpyxl.
    ValueError
        If the file is no table.

    Examples
    --------
    >>> from sksiamese.tables._files import read_table_file
    >>> read_table_file("experiments.csv").index[0]  # doctest: +SKIP
    2
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {str(path)!r}. Give the path of a table.")
    kind = path.suffix.lower()
    if kind in _WORKBOOKS:
        return _name_columns(_read_workbook(path), path)
    if kind in _TEXTS:
        return _name_columns(_read_text(path), path).apply(_with_numbers)
    raise ValueError(
        f"{path.name!r} is no kind of table that is read: .csv, .tsv, .txt or .xlsx. Save it as "
        "one of these."
    )


# Only an empty cell is missing: 'NA' or 'None' could be a name or a mistake. The header is read as
# a row, since pandas would rename the second of two equal names.
_AS_TYPED: dict[str, Any] = {
    "header": None,
    "dtype": object,
    "keep_default_na": False,
    "na_values": [""],
}


def _read_workbook(path: Path) -> pd.DataFrame:
    with open_workbook(path) as workbook:
        return pd.read_excel(workbook, sheet_name=0, **_AS_TYPED)


def _read_text(path: Path) -> pd.DataFrame:
    text = _decode(path)
    header = text.splitlines()[0] if text.strip() else ""
    separator = max(",;\t", key=header.count)
    try:
        return pd.read_csv(io.StringIO(text), sep=separator, skip_blank_lines=False, **_AS_TYPED)
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise ValueError(
            f"{path.name!r} cannot be read as a table: {str(error).strip()}. Start with a header, "
            "and give no line more cells than that has."
        ) from error


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
    raise ValueError(f"{path.name!r} is no text. Save the table as CSV in UTF-8.")


def _name_columns(cells: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Take the first row as the names; one without is called by its place."""
    cells = cells.astype(object)
    cells.index = pd.RangeIndex(1, len(cells) + 1)
    blank = cells.map(is_missing)
    cells = cells.loc[~blank.all(axis=1), ~blank.all(axis=0)]
    if 1 not in cells.index or len(cells) < 2:
        raise ValueError(
            f"{path.name!r} holds no table. It needs a header in row 1, and below it one row for "
            "each experiment."
        )
    names = [
        f"column {place + 1}" if is_missing(name) else str(name).strip()
        for place, name in cells.loc[1].items()
    ]
    return cells.loc[2:].set_axis(names, axis=1)


def _with_numbers(column: pd.Series) -> pd.Series:
    """Turn text into numbers in a column of a text file of which most cells are numbers."""
    texts = [cell for cell in column if not is_missing(cell)]
    if 2 * sum(map(is_number_text, texts)) < len(texts):
        return column
    return pd.Series(
        [_typed(cell) for cell in column], column.index, name=column.name
    ).infer_objects()


def _typed(cell: Any) -> Any:
    """Turn a text that is a number into it, whole if written so; blank text into NaN."""
    if is_missing(cell):
        return np.nan
    number = plain_number(cell)
    if number is None:
        return cell
    return int(cell) if cell.strip().lstrip("+-").isdecimal() else number


def open_workbook(path: Path) -> pd.ExcelFile:
    """Open an .xlsx file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ImportError
        If openpyxl is not installed.
    ValueError
        If the file is no workbook.
    """
    try:
        from openpyxl.utils.exceptions import InvalidFileException
    except ImportError as error:
        raise ImportError(
            "Reading a workbook needs openpyxl. Install it with 'pip install openpyxl'."
        ) from error
    if not path.is_file():
        raise FileNotFoundError(
            f"There is no workbook {str(path)!r}. Give the path of an existing .xlsx file."
        )
    try:
        return pd.ExcelFile(path, engine="openpyxl")
    except (BadZipFile, InvalidFileException, KeyError) as error:
        raise ValueError(
            f"{path.name!r} is not an .xlsx workbook. Save it as 'Excel workbook (.xlsx)'."
        ) from error
