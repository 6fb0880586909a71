"""What a column holds, told by its type and its cells."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types as pandas_types

from sksiamese._checks import plain_label, shorten
from sksiamese.molecules._graph import MolGraph
from sksiamese.tables.reading._cell_meaning import holds_molecules

_Float = npt.NDArray[np.float64]

LARGEST_NUMBER = 1e100  # squares of larger numbers, and their sums, may overflow
KIND_TEXT = {
    "molecule": "molecules",
    "category": "names",
    "number": "numbers",
    "empty": "nothing",
}


def is_usable_number(numbers: _Float) -> npt.NDArray[np.bool_]:
    """Tell which numbers are neither NaN nor infinite nor too large."""
    return np.abs(numbers) <= LARGEST_NUMBER


def column_kind(column: pd.Series) -> str:
    """Tell whether a column holds molecules, names, numbers or nothing at all.

    Raises
    ------
    ValueError
        If it holds something else or a mixture; the message shows a cell.
    """
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        dtype = dtype.categories.dtype
    if pandas_types.is_bool_dtype(dtype) or pandas_types.is_numeric_dtype(dtype):
        if pandas_types.is_complex_dtype(dtype):
            raise ValueError(f"Complex data not supported: column {column.name!r} is {dtype}.")
        return "empty" if column.isna().all() else "number"  # pandas reads gaps alone as floats
    column = one_of_each(column)
    if is_text(column):
        return _kind_of_texts(column)
    present = column[column.notna()]
    kinds = {cell_kind(cell) for cell in present}
    if not kinds:
        return "empty"
    if kinds == {"number"}:
        return "number"
    if kinds == {"text"}:
        return _kind_of_texts(column)
    if kinds == {"graph"}:
        return "molecule"
    shown: dict[str, str] = {}  # the first cell of each kind
    for row, cell in present.items():
        text = f"row {plain_label(row)!r} holds {shorten(cell)} ({type(cell).__name__})"
        shown.setdefault(cell_kind(cell), text)
    cells = shown["other"] if "other" in shown else " and ".join(shown.values())
    raise ValueError(
        f"Column {column.name!r} must hold SMILES, MolGraphs or numbers, one of them; {cells}. "
        "Correct the column, encode it or drop it."
    )


def _kind_of_texts(column: pd.Series) -> str:
    """Tell molecules from names."""
    texts = column.dropna().unique()
    if holds_molecules(texts):
        return "molecule"
    return "category" if any(map(str.strip, texts)) else "empty"


def are_truth_values(cells: Iterable[Any]) -> bool:
    """Whether numbers are truth values, and so names of two things rather than amounts."""
    return all(isinstance(cell, bool | np.bool_) for cell in cells)


def cell_kind(cell: Any) -> str:
    """Tell whether a cell is "text", a "graph", "number" or "other"."""
    if isinstance(cell, (str, MolGraph)):
        return "text" if isinstance(cell, str) else "graph"
    if isinstance(cell, int) and abs(cell) > sys.float_info.max:
        return "other"  # no float can hold it
    is_real = isinstance(cell, (int, float, Decimal, np.bool_, np.integer, np.floating))
    return "number" if is_real else "other"


def one_of_each(column: pd.Series) -> pd.Series:
    """First row of each category of a categorical column; any other column as it is."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.drop_duplicates().astype(object)
    return column


def is_text(column: pd.Series) -> bool:
    """Whether all cells but missing ones are text, of which there is some; quick."""
    column = one_of_each(column)
    return pandas_types.infer_dtype(column) == "string" and bool(column.notna().any())
