"""Gaps that mean "does not apply", because another column says so."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

_FEWEST = 2  # gaps, and rows without one


class Reason(NamedTuple):
    """Where a column applies.

    Parameters
    ----------
    column : str
        The column that says so.
    values : list
        Its values in the rows where the other column applies.
    """

    column: str
    values: list[Any]


def find_reason(
    missing: npt.NDArray[np.bool_], others: Iterable[tuple[str, list[Any]]]
) -> Reason | None:
    """Find the column whose values tell exactly where another one is empty.

    Parameters
    ----------
    missing : ndarray of shape (n_rows,)
        Where it is empty.
    others : iterable of (str, list of length n_rows)
        Names and values of the columns of molecules and names; "" for none.

    Returns
    -------
    Reason or None
        Of several columns the one with fewest values.

    Examples
    --------
    >>> import numpy as np
    >>> from sksiamese.tables._does_not_apply import find_reason
    >>> solvents = ["O", "CCO", "O", "CCO"]
    >>> find_reason(np.array([False, True, False, True]), [("solvent", solvents)])
    Reason(column='solvent', values=['O'])
    """
    if min(missing.sum(), (~missing).sum()) < _FEWEST:
        return None
    best: Reason | None = None
    fewest = len(missing) // 2 + 1
    for name, cells in others:
        empty = {cell for cell, is_gap in zip(cells, missing, strict=True) if is_gap}
        filled = {cell for cell, is_gap in zip(cells, missing, strict=True) if not is_gap}
        if not empty & filled and len(empty | filled) < fewest:
            fewest = len(empty | filled)
            best = Reason(name, sorted(filled, key=str))
    return best
