"""Measured numbers as people write them: 44, "44 %", ">95", "<5"."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sksiamese._checks import shorten
from sksiamese.tables._column_kinds import LARGEST_NUMBER
from sksiamese.tables._labels import as_column
from sksiamese.tables.reading._censored_values import read_intervals

_TINY = np.finfo(np.float64).tiny


def read_numbers(y: Any, n_rows: int) -> npt.NDArray[np.float64]:
    """Bring outcomes, one for each of `n_rows`, to numbers; a bound counts as its limit.

    Parameters
    ----------
    y : array-like of shape (n_rows,)
        Numbers, or texts such as ``"44 %"``, ``">95"``, ``"<5"`` and ``"trace"``.
    n_rows : int
        Number of experiments.

    Returns
    -------
    ndarray of shape (n_rows,)
        Finite numbers: 95 for ``">95"``, and 5 for ``"<5"``.

    Raises
    ------
    ValueError
        If one is missing, infinite or no number, or if they are too many or few.

    Examples
    --------
    >>> from sksiamese.tables._measured_numbers import read_numbers
    >>> read_numbers([12, ">95", "<5", "44 %"], 4).tolist()
    [12.0, 95.0, 5.0, 44.0]
    """
    column = as_column(y, "y", "number", warn=True)
    if len(column) != n_rows:
        raise ValueError(
            f"y must hold one number for each row of X. Got {len(column)} for {n_rows} rows."
        )
    if column.dtype.kind in "iufb":
        numbers = column.astype(np.float64)
    else:
        numbers = _limits(pd.Series(column, dtype=object))
    bad = np.flatnonzero(~(np.abs(numbers) <= LARGEST_NUMBER))
    if len(bad):
        raise ValueError(
            f"y must hold a number for each row. Got {len(bad)} cell(s) that are missing, infinite "
            f"or none, the first {shorten(column[bad[0]])} at position {bad[0]}. Drop these rows "
            "or fill them in."
        )
    return np.asarray(numbers)


def _limits(cells: pd.Series) -> npt.NDArray[np.float64]:
    """Values, and the limits of those that are only known to lie above or below."""
    low, high = read_intervals(cells)
    numbers = np.where(np.isinf(low), high, low)
    for i in np.flatnonzero(np.isinf(low) ^ np.isinf(high)):
        # ">95" is read as the next number above 95, and "<0" as that below 0
        numbers[i] = float(f"{numbers[i]:.15g}") if abs(numbers[i]) > _TINY else 0.0
    return numbers
