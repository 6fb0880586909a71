"""Tables of polars, pyarrow and pandas, brought to pandas columns of the types that NumPy has."""

from __future__ import annotations

import decimal
import sys
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype


def as_pandas(X: Any) -> Any:
    """Bring a table or a column of any known library to pandas; anything else stays as it came.

    A column has the same type whatever library it comes from: whole numbers with gaps are Int64,
    other numbers are NumPy's, decimals are floats, truth values with gaps are objects, dictionaries
    are categorical. A frame whose columns have such types already is not copied.

    Examples
    --------
    >>> import pandas as pd
    >>> from sksiamese._frame_libraries import as_pandas
    >>> frame = pd.DataFrame({"pH": [7.0, None], "n": [1, 2], "dry": [True, None]}).convert_dtypes()
    >>> as_pandas(frame).dtypes.astype(str).tolist()
    ['Int64', 'int64', 'object']
    """
    if _is_of(X, "polars", "DataFrame"):
        X = pd.DataFrame({each.name: _of_polars(each) for each in X.get_columns()})
    elif _is_of(X, "polars", "Series"):
        X = _of_polars(X)
    elif _is_of(X, "pyarrow", "Table", "RecordBatch", "Array", "ChunkedArray"):
        X = X.to_pandas(types_mapper=pd.ArrowDtype)
    if isinstance(X, pd.Series):
        return _plain_column(X)
    if isinstance(X, pd.DataFrame):
        columns = [X.iloc[:, i] for i in range(X.shape[1])]
        plain = [_plain_column(column) for column in columns]
        if any(new is not old for new, old in zip(plain, columns, strict=True)):
            return pd.concat(plain, axis=1).set_axis(X.columns, axis=1)
    return X


def _is_of(X: Any, library: str, *kinds: str) -> bool:
    """Whether an object is of some classes of a library, which is not imported for that."""
    module = sys.modules.get(library)
    return module is not None and isinstance(X, tuple(getattr(module, kind) for kind in kinds))


def _of_polars(series: Any) -> pd.Series:
    dtype, values = series.dtype, None
    if dtype.is_integer() and series.null_count():
        values = pd.array(
            series.to_list(), dtype="Int64" if dtype.is_signed_integer() else "UInt64"
        )
    elif str(dtype).startswith(("Categorical", "Enum")):
        values = pd.Categorical(series.to_list())
    elif dtype.is_decimal():
        values = np.array(series.to_list(), dtype=np.float64)
    else:
        values = series.to_numpy()
    return pd.Series(values, name=series.name or None, copy=True)


def _plain_column(column: pd.Series) -> pd.Series:
    """Give a column of decimals, or of a nullable or Arrow type, one of the types of NumPy."""
    dtype = column.dtype
    if isinstance(dtype, np.dtype):
        is_decimal = dtype.kind == "O" and infer_dtype(column, skipna=True) == "decimal"
        return column.where(column.notna(), np.nan).astype(np.float64) if is_decimal else column
    if not hasattr(dtype, "numpy_dtype"):
        return column
    if dtype.kind in "iu":
        whole = {"i": "Int64", "u": "UInt64"}[dtype.kind] if column.hasnans else dtype.numpy_dtype
        return column.astype(whole)
    if dtype.kind == "f" or dtype.type is decimal.Decimal:
        numbers = column.to_numpy(np.float64, na_value=np.nan)
        return pd.Series(numbers, column.index, name=column.name)
    if dtype.kind == "b":
        plain = column.astype(object)
        return plain.where(column.notna(), None) if column.hasnans else column.astype(bool)
    import pyarrow  # there is a column of its own

    cells = pyarrow.array(column).to_pandas()  # of text, dictionaries, times
    return cells.set_axis(column.index).rename(column.name)
