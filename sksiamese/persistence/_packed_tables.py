"""Tables among the attributes of an object, as plain arrays and text in its pickled state."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from sksiamese._checks import plain_label

_DATE, _ZONE = "date", "zone"


class PackedTable(NamedTuple):
    """A DataFrame, a Series or an Index without anything of pandas' own.

    Parameters
    ----------
    kind : {"frame", "series", "index", "levels"}
        What it was; "levels" is an Index of several levels.
    names : object
        Name of a Series or of an Index; column names (packed) of a frame.
    index : PackedTable or None
        Row labels.
    columns : tuple
        Type and values of each column; of the one column of a Series or an Index.
    """

    kind: str
    names: Any
    index: Any
    columns: tuple[tuple[str, Any], ...]


def pack(value: Any) -> Any:
    """Pack a table; anything else is returned as it is.

    Columns of what is neither number, truth value, text, date nor interval stay Series.
    """
    if isinstance(value, pd.DataFrame):
        columns = tuple(_pack_cells(column) for _, column in value.items())
        return PackedTable("frame", pack(value.columns), pack(value.index), columns)
    if isinstance(value, pd.Series):
        return PackedTable("series", value.name, pack(value.index), (_pack_cells(value),))
    if isinstance(value, pd.MultiIndex):
        levels = (value.get_level_values(i).to_series() for i in range(value.nlevels))
        return PackedTable("levels", list(value.names), None, tuple(map(_pack_cells, levels)))
    if isinstance(value, pd.Index):
        return PackedTable("index", value.name, None, (_pack_cells(value.to_series()),))
    return value


def unpack(value: Any) -> Any:
    """Give back the table; anything that was not packed is returned as it is."""
    if not isinstance(value, PackedTable):
        return value
    cells = [_unpack_cells(*column) for column in value.columns]
    if value.kind == "levels":
        return pd.MultiIndex.from_arrays(cells, names=value.names)
    if value.kind == "index":
        return pd.Index(cells[0], name=value.names)
    index = unpack(value.index)
    if value.kind == "series":
        return cells[0].set_axis(index).rename(value.names)
    frame = pd.DataFrame(dict(enumerate(cells)), range(len(index)))
    return frame.set_axis(index).set_axis(unpack(value.names), axis=1)


def _pack_cells(column: pd.Series) -> tuple[str, Any]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        categories = _pack_cells(column.cat.categories.to_series())
        return "category", (column.cat.codes.to_numpy(), categories, column.cat.ordered)
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return str(column.dtype), column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
    if isinstance(column.dtype, pd.PeriodDtype):
        return str(column.dtype), column.array.asi8
    if isinstance(column.dtype, pd.IntervalDtype):
        cells = pd.Index(column)
        ends = (_pack_cells(end.to_series()) for end in (cells.left, cells.right))
        return "interval", (*ends, cells.closed)
    if isinstance(column.dtype, np.dtype) and column.dtype != object:
        return str(column.dtype), column.to_numpy()
    cells = [None if cell is pd.NA else plain_label(cell) for cell in column.tolist()]
    if any(isinstance(cell, tuple) for cell in cells):  # JSON would make lists of them
        return str(column.dtype), column.reset_index(drop=True)
    try:
        return str(column.dtype), json.dumps(cells, default=_date_as_text)
    except TypeError:
        return str(column.dtype), column.reset_index(drop=True)


def _unpack_cells(dtype: str, cells: Any) -> pd.Series:
    if dtype == "category":
        codes, categories, ordered = cells
        values = pd.Index(_unpack_cells(*categories))
        return pd.Series(pd.Categorical.from_codes(codes, values, ordered=ordered))
    if dtype == "interval":
        left, right = (pd.Index(_unpack_cells(*end)) for end in cells[:2])
        return pd.Series(pd.IntervalIndex.from_arrays(left, right, closed=cells[2]))
    if isinstance(cells, str):
        return pd.Series(json.loads(cells, object_hook=_text_as_date), dtype=dtype)
    if dtype.startswith("datetime64[") and "," in dtype:
        return pd.Series(cells).dt.tz_localize("UTC").astype(dtype)
    if dtype.startswith("period["):
        return pd.Series(pd.PeriodIndex.from_ordinals(cells, freq=dtype[7:-1]))
    return pd.Series(cells, dtype=dtype)


def _date_as_text(cell: Any) -> dict[str, str | None]:
    """Give a date among other labels in a form that JSON has."""
    if isinstance(cell, datetime):
        moment = pd.Timestamp(cell)
        zone = None if moment.tz is None else str(moment.tz)
        return {
            _DATE: (moment if zone is None else moment.tz_convert("UTC")).isoformat(),
            _ZONE: zone,
        }
    if isinstance(cell, date):
        return {_DATE: cell.isoformat()}
    raise TypeError


def _text_as_date(cell: dict[str, str | None]) -> Any:
    text = str(cell[_DATE])
    if _ZONE not in cell:
        return date.fromisoformat(text)
    return pd.Timestamp(text).tz_convert(cell[_ZONE]) if cell[_ZONE] else pd.Timestamp(text)


class EstimatorOfTables(BaseEstimator):
    """Estimator whose attributes may be tables, which any file format then can hold."""

    def __getstate__(self) -> dict[str, Any]:
        """Give the attributes, tables packed."""
        return {name: pack(value) for name, value in super().__getstate__().items()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the attributes, tables unpacked."""
        super().__setstate__({name: unpack(value) for name, value in state.items()})
