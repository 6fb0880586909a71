"""Columns that a model or a space was given as conditions, and that look like none."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from sksiamese._checks import listed, some_of
from sksiamese.exceptions import DoubtfulColumnWarning
from sksiamese.tables._read_column import read_column
from sksiamese.tables._roles import INPUTS, find_roles

_SHOWN = 5  # columns that a message lists
_CELLS = {"number": "number", "category": "text"}  # of a column, by its kind


def warn_of_doubts(
    table: pd.DataFrame,
    kinds: Mapping[str, str],
    success: npt.NDArray[np.float64] | None,
    taken: str,
    stacklevel: int,
) -> None:
    """Warn once of all counters, identifiers, notes and results among given columns.

    Parameters
    ----------
    table : DataFrame of shape (n_rows, n_columns)
        Experiments.
    kinds : mapping of str to str
        What each column holds, by :func:`sksiamese.tables._column_kinds.column_kind`. Molecules are
        conditions, whatever their names.
    success : ndarray of shape (n_rows,) or None
        1 where an experiment succeeded, 0 where not; a column that all but tells it is a result.
    taken : str
        What becomes of the columns, for the message.
    stacklevel : int
        As in :func:`warnings.warn`, counted from the caller.

    Warns
    -----
    DoubtfulColumnWarning
        Naming the columns, with their roles and the reasons.
    """
    judged = [name for name in table.columns if kinds.get(name) in _CELLS]
    labels = range(len(table))
    columns = {n: read_column(table[n], labels, _CELLS[kinds[n]]) for n in judged}
    roles = find_roles(columns, {}, success)
    doubts = {n: r for n, r in roles.items() if r.role not in (*INPUTS, "empty")}
    if not doubts:
        return
    shown = some_of([f"{n!r} ({r.role}: {r.reason})" for n, r in doubts.items()], _SHOWN)
    warnings.warn(
        f"Not every column looks like a condition: {shown}. {taken} If they are "
        f"none, leave them out, with X.drop(columns=[{listed(list(doubts)[:_SHOWN])}]) or "
        "read_experiments.",
        DoubtfulColumnWarning,
        stacklevel=stacklevel + 1,
    )
