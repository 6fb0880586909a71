"""Columns of pandas' own types, Arrow's among them, in the types that a space draws."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandas.api import types as pandas_types


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
    >>> from sksiamese.space._plain_types import plain_frame
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
        return plain_column(column.astype(dtype.categories.dtype))
    has_gaps = bool(column.isna().any())
    if pandas_types.is_bool_dtype(dtype):
        return _objects(column) if has_gaps else column.astype(bool)
    if pandas_types.is_integer_dtype(dtype) and not has_gaps:
        return column.astype(np.int64)
    if pandas_types.is_numeric_dtype(dtype):
        return pd.Series(
            column.to_numpy(np.float64, na_value=np.nan), column.index, name=column.name
        )
    return _objects(column).infer_objects()


_TEXT = pd.Series(["text"]).dtype  # str of pandas 3, object before


def _objects(column: pd.Series) -> pd.Series:
    cells = [None if gap else cell for cell, gap in zip(column, column.isna(), strict=True)]
    return pd.Series(cells, column.index, dtype=object, name=column.name)
