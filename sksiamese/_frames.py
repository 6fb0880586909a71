"""What users pass as X, brought to one frame; every message names column and row."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types as pandas_types

from sksiamese._checks import listed, shorten
from sksiamese._frame_libraries import as_pandas

_TEXT = pd.Series(["text"]).dtype  # str of pandas 3, object before


class InputTable(NamedTuple):
    """What a user passed as X, as a frame.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        Columns without names are called x0, x1 ...
    named : bool
        Whether the column names are the user's own.
    """

    frame: pd.DataFrame
    named: bool


class DistinctTexts(NamedTuple):
    """The distinct strings of a table.

    Parameters
    ----------
    texts : list of str of length n_distinct
        In the order in which they first occur, column after column.
    codes : ndarray of shape (n_rows, n_columns)
        Which text each cell holds; -1 where it holds none.
    strangers : list of tuple (row, column)
        Positions of cells that hold something that is neither text nor a missing value.
    """

    texts: list[str]
    codes: npt.NDArray[np.intp]
    strangers: list[tuple[int, int]]


def ensure_table(X: Any, least_rows: int = 1) -> InputTable:
    """Bring a table, a column, a 1-D list or array, or 2-D array to a frame with enough rows.

    Tables and columns may be those of pandas, polars or pyarrow.

    Raises
    ------
    TypeError
        If `X` is a sparse matrix, a single string or no array-like at all.
    ValueError
        If `X` has more than two dimensions, rows of unequal length, no rows, no columns or two
        columns of one name.
    """
    return ensure_plain_table(as_pandas(X), least_rows)


def ensure_plain_table(X: Any, least_rows: int = 1) -> InputTable:
    """Do the same with what :func:`sksiamese._frame_libraries.as_pandas` gave."""
    if isinstance(X, pd.DataFrame):
        table = InputTable(X, named=_has_own_names(X.columns))
    elif isinstance(X, pd.Series):
        table = InputTable(X.to_frame(), named=isinstance(X.name, str))
    else:
        table = InputTable(pd.DataFrame(_ensure_2d_array(X)), named=False)
    if not table.named:
        names = [f"x{i}" for i in range(table.frame.shape[1])]
        table = InputTable(table.frame.set_axis(names, axis=1), named=False)
    _require_cells(table.frame, least_rows)
    require_distinct_names(table.frame.columns)
    return table


def _has_own_names(columns: pd.Index) -> bool:
    """Whether any name is a string; as in scikit-learn, integers alone count as no names."""
    kinds = {isinstance(name, str) for name in columns}
    if kinds == {True, False}:
        others = [name for name in columns if not isinstance(name, str)]
        raise TypeError(
            f"Column names must be all strings or all without names; {others[0]!r} is "
            f"{type(others[0]).__name__}. Convert them with X.columns = X.columns.astype(str)."
        )
    return kinds == {True}


def _ensure_2d_array(X: Any) -> npt.NDArray[Any]:
    if isinstance(X, (str, bytes)):
        raise TypeError(
            f"X must be a table or a list of SMILES. Got the single text {shorten(X)}: "
            f"write [{shorten(X)}]."
        )
    if hasattr(X, "tocsr"):
        raise TypeError("X is a sparse matrix, which cannot hold SMILES. Pass a dense table.")
    if not hasattr(X, "__len__") and not hasattr(X, "__array__"):
        raise TypeError(
            f"X must be a DataFrame, a Series, a list or an array. Got {type(X).__name__}."
        )
    array = X if isinstance(X, np.ndarray) else np.asarray(X, dtype=object)
    if array.ndim == 1 and any(isinstance(cell, (list, tuple, np.ndarray)) for cell in array):
        raise ValueError("The rows of X differ in length. Give every row the same columns.")
    if array.ndim == 1:
        return array.reshape(-1, 1)
    if array.ndim != 2:
        raise ValueError(f"X must have one or two dimensions. Got an array of shape {array.shape}.")
    return array


def _require_cells(frame: pd.DataFrame, least_rows: int) -> None:
    n_rows, n_columns = frame.shape
    if n_columns == 0:
        raise ValueError(
            f"X has 0 feature(s) (shape=({n_rows}, 0)) while a minimum of 1 is required. "
            "Name at least one column."
        )
    if n_rows < least_rows:
        raise ValueError(
            f"X has 0 sample(s) (shape=(0, {n_columns})) while a minimum of 1 is required. "
            "Pass at least one row."
        )


def require_distinct_names(columns: pd.Index) -> None:
    """Refuse two columns of one name.

    Raises
    ------
    ValueError
        Naming the columns that stand more than once.
    """
    repeated = list(dict.fromkeys(columns[columns.duplicated()]))
    if repeated:
        raise ValueError(
            f"X has more than one column named {', '.join(map(repr, repeated))}. "
            "Rename or drop the repeated columns."
        )


def require_smiles_columns(frame: pd.DataFrame) -> None:
    """Refuse columns of numbers, dates or truth values; a column of missing values alone is legal.

    Raises
    ------
    ValueError
        Naming the columns and what they hold.
    """
    wrong = []
    for name, column in frame.items():
        is_category = isinstance(column.dtype, pd.CategoricalDtype)
        kind = column.cat.categories.dtype if is_category else column.dtype
        text = pandas_types.is_object_dtype(kind) or pandas_types.is_string_dtype(kind)
        if not text and not column.isna().all():
            wrong.append(f"{name!r} ({kind})")
    if wrong:
        raise ValueError(
            f"Only text can be read as SMILES. These columns hold something else: "
            f"{', '.join(wrong)}. Pass the SMILES columns alone, for example through a "
            "ColumnTransformer."
        )


def distinct_texts(frame: pd.DataFrame) -> DistinctTexts:
    """Find the distinct strings of a frame.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        Columns of object, string, category or Arrow dtype.

    Returns
    -------
    DistinctTexts
        Strings, their places, and the cells that hold something else.
    """
    n_rows, n_columns = frame.shape
    columns = [_cells_and_places(frame.iloc[:, j]) for j in range(n_columns)]
    flat = np.concatenate([cells for cells, _ in columns])
    is_strange = np.zeros(len(flat), bool)
    if pandas_types.infer_dtype(flat, skipna=True) not in ("string", "empty"):
        is_strange[_positions_of_strangers(flat)] = True
        flat[is_strange] = None
    numbers, texts = pd.factorize(flat)
    codes, strangers, start = np.empty((n_columns, n_rows), np.intp), [], 0
    for j, (cells, places) in enumerate(columns):
        part = slice(start, start + len(cells))
        codes[j] = np.append(numbers[part], -1)[places]
        rows = np.flatnonzero(np.append(is_strange[part], False)[places])
        strangers += [(row, j) for row in rows.tolist()]
        start += len(cells)
    return DistinctTexts(list(texts), codes.T, strangers)


def _cells_and_places(column: pd.Series) -> tuple[npt.NDArray[Any], Any]:
    """Cells of a column, and the place among them of each row's; -1 is a missing cell.

    Of a categorical column each category in use stands once, however many rows hold it.
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        places, categories = pd.factorize(column.array)
        return np.asarray(categories, dtype=object), places
    return column.to_numpy(dtype=object), slice(len(column))


def _positions_of_strangers(cells: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    text = np.fromiter((isinstance(cell, str) for cell in cells), bool, len(cells))
    # pandas reads a list or an array in a cell element by element, hence is_scalar.
    gaps = (pandas_types.is_scalar(cell) and pd.isna(cell) for cell in cells)
    return np.flatnonzero(~text & ~np.fromiter(gaps, bool, len(cells)))


def require_columns(columns: pd.Index, names: Iterable[Any], what: str) -> None:
    """Refuse a table that lacks some columns, or has them more than once.

    Raises
    ------
    ValueError
        Naming these columns and those there are; `what` begins the sentence.
    """
    needed = list(names)
    missing = [name for name in needed if name not in columns]
    if missing:
        raise ValueError(
            f"{what} lacks the column(s) {listed(missing)}. It has: {listed(columns)}. Add or "
            "rename them."
        )
    repeated = [name for name in needed if list(columns).count(name) > 1]
    if repeated:
        raise ValueError(
            f"{what} has more than one column called {listed(repeated)}. Keep one of each or "
            "rename the others."
        )


def plain_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Give a frame with the same cells in NumPy's types, and texts as pandas holds them by default.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        Experiments.

    Returns
    -------
    DataFrame of shape (n_rows, n_columns)
        Numbers with gaps are floats, and truth values with gaps are objects.

    Examples
    --------
    >>> import pandas as pd
    >>> from sksiamese._frames import plain_frame
    >>> plain_frame(pd.DataFrame({"a": pd.array([1, None], "Int64")}))["a"].tolist()
    [1.0, nan]
    """
    return pd.DataFrame({name: plain_column(column) for name, column in frame.items()}, frame.index)


def plain_column(column: pd.Series) -> pd.Series:
    """Give a column with the same cells in a type of NumPy, or of pandas' texts."""
    dtype = column.dtype
    if isinstance(dtype, np.dtype) or dtype == _TEXT:
        return column
    if isinstance(dtype, pd.CategoricalDtype):
        cells = pd.Series(dtype.categories).reindex(column.cat.codes)  # there is no -1, a gap
        return plain_column(cells.set_axis(column.index).rename(column.name))
    column = as_pandas(column)
    if pandas_types.is_numeric_dtype(column.dtype) and column.hasnans:
        numbers = column.to_numpy(np.float64, na_value=np.nan)
        return pd.Series(numbers, column.index, name=column.name)
    if isinstance(column.dtype, np.dtype):
        return column
    return column.astype(object).where(column.notna(), None).infer_objects()
