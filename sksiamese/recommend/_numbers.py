"""Measured numbers as they come from the laboratory: open, failed, bounded, or plain."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sksiamese.recommend._check_measurements import show_cells
from sksiamese.tables._labels import as_column
from sksiamese.tables._measured_numbers import read_numbers
from sksiamese.tables._outcome_rules import is_open

_FAILED = {"failed", "fail", "fails", "failure", "no reaction", "no product", "n.r.", "decomposed"}


def read_measured(y: Any, n_rows: int, worst: float, name: Any) -> pd.Series:
    """Read outcomes, one for each of `n_rows`; NaN where one is not known yet.

    Parameters
    ----------
    y : array-like of shape (n_rows,)
        Numbers; texts such as ``"44 %"``, ``">95"`` and ``"trace"``; words such as "failed"; or
        nothing, or "pending", where the outcome is not known yet.
    n_rows : int
        How many there must be.
    worst : float
        What stands for a failed experiment: an infinity, worse than every number.
    name : object
        What the outcomes are called.

    Raises
    ------
    ValueError
        If they are too many or few, or one is neither a number nor failed nor open.
    """
    if isinstance(y, list | tuple):
        y = np.array(y, dtype=object)  # else numbers beside a text become texts
    cells = y if isinstance(y, pd.Series) else pd.Series(as_column(y, "y", "number", warn=True))
    if len(cells) != n_rows:
        raise ValueError(
            f"y must hold one number for each row of X. Got {len(cells)} for {n_rows} rows."
        )
    found = pd.Series(np.nan, cells.index, name=name)
    wrong = []
    for place, cell in enumerate(cells):
        if _means_failed(cell):
            found.iloc[place] = worst
        elif not (is_open(cell) or pd.isna(cell)):
            try:
                found.iloc[place] = read_numbers([cell], 1)[0]
            except ValueError:
                wrong.append(place)
    if wrong:
        raise ValueError(
            f"Column {name!r} must hold numbers, 'failed', or nothing where the outcome is not "
            f"known yet. Got {len(wrong)} other(s), {show_cells(cells.iloc[wrong])}. Correct these "
            "cells."
        )
    return found


def _means_failed(cell: Any) -> bool:
    return isinstance(cell, str) and " ".join(cell.split()).casefold() in _FAILED
