"""Measured values as intervals, so that "> 95" and "trace" count only where they decide."""

from __future__ import annotations

import operator
import re
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from sksiamese.tables.reading._cell_meaning import is_missing
from sksiamese.tables.reading._typed_numbers import plain_number

COMPARISONS = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
    "=": operator.eq,
}

_TRACE = 5.0  # per cent, below which a yield is called a trace
_WORDS = {
    **dict.fromkeys(["trace", "traces", "spuren"], ("<", _TRACE)),
    "quant": (">", 95.0),
}
_WORDS |= {"quant.": (">", 95.0), "quantitative": (">", 95.0)}
_SIGN = r"(?P<sign>[<>]=?|[≤≥~≈]|=|ca\.?)?"
_CELL = re.compile(rf"{_SIGN}\s*(?P<value>[+-]?[0-9.,]+(?:[eE][+-]?[0-9]+)?)\s*(?:%|\w{{1,4}})?")
_PLAIN_SIGNS = {"≤": "<=", "≥": ">=", "~": "=", "≈": "=", "ca": "=", "ca.": "=", "": "=", None: "="}


class Intervals(NamedTuple):
    """Between which bounds the values of a column lie, both included; NaN where nothing is known.

    Parameters
    ----------
    low, high : ndarray of shape (n_rows,)
        Bounds.
    """

    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]

    @property
    def are_exact(self) -> npt.NDArray[np.bool_]:
        """Which values (n_rows,) are known exactly."""
        return self.low == self.high


def read_intervals(column: pd.Series, signs: list[str] | None = None) -> Intervals:
    """Read a column of outcomes: numbers, ``44 %``, ``>95``, ``<5``, ``trace``.

    Parameters
    ----------
    column : Series of shape (n_rows,)
        Cells; what cannot be read is unknown.
    signs : list of str of length n_rows, optional
        Signs that stand in a column of their own.

    Examples
    --------
    >>> import pandas as pd
    >>> from sksiamese.tables.reading._censored_values import read_intervals
    >>> read_intervals(pd.Series(["44 %", "<5", "n.d."])).high.round(1).tolist()
    [44.0, 5.0, nan]
    """
    cells = column.tolist()
    has_commas = any(isinstance(c, str) and re.search(r"\d,\d{1,2}(?!\d)", c) for c in cells)
    read = [_read_cell(cell, has_commas) for cell in cells]
    own = signs or ["="] * len(read)
    bounds = [
        _bounds(sign if sign != "=" else s, value)
        for (sign, value), s in zip(read, own, strict=True)
    ]
    low, high = np.array(bounds, np.float64).reshape(-1, 2).T
    return Intervals(low, high)


def _read_cell(cell: Any, has_commas: bool) -> tuple[str, float]:
    """Sign and value of a cell; NaN where there is none."""
    if is_missing(cell) or isinstance(cell, bool | np.bool_):
        return "=", np.nan
    if not isinstance(cell, str):
        return ("=", float(cell)) if isinstance(cell, int | float | np.number) else ("=", np.nan)
    text = cell.strip().casefold().replace("\N{MINUS SIGN}", "-")
    if text in _WORDS:
        return _WORDS[text]
    match = _CELL.fullmatch(text)
    value = match and plain_number(match["value"].replace(",", "." if has_commas else ""))
    if match is None or value is None:
        return "=", np.nan
    return _PLAIN_SIGNS.get(match["sign"], match["sign"]), value


def _bounds(sign: str, value: float) -> tuple[float, float]:
    if sign == "=" or np.isnan(value):
        return value, value
    if sign.startswith(">"):
        return (value if sign == ">=" else np.nextafter(value, np.inf)), np.inf
    return -np.inf, (value if sign == "<=" else np.nextafter(value, -np.inf))


def compare(found: Intervals, sign: str, limit: float) -> npt.NDArray[np.float64]:
    """Whether values satisfy a comparison: 1, 0, or NaN where that is open, (n_rows,).

    Examples
    --------
    >>> import pandas as pd
    >>> from sksiamese.tables.reading._censored_values import compare, read_intervals
    >>> compare(read_intervals(pd.Series([">95", "<5", "<60"])), ">=", 50.0).tolist()
    [1.0, 0.0, nan]
    """
    if sign in ("=", "=="):
        outside = (found.low > limit) | (found.high < limit)
        answer = np.where(found.are_exact & (found.low == limit), 1.0, np.nan)
        return np.where(outside, 0.0, answer)
    ends = [COMPARISONS[sign](end, limit).astype(float) for end in found]
    unknown = np.isnan(found.low) | (ends[0] != ends[1])
    return np.where(unknown, np.nan, ends[0])


def read_signs(column: pd.Series) -> list[str] | None:
    """Read a column of signs alone, such as ``'>'``; None if it holds anything else."""
    cells = ["" if is_missing(c) else str(c).strip().strip("'\"").strip() for c in column]
    signs = [_PLAIN_SIGNS.get(cell, cell) for cell in cells]
    is_signs = set(signs) <= {"=", "<", ">", "<=", ">="} and any(cells)
    return [str(sign) for sign in signs] if is_signs else None
