"""Values of new rows that training says nothing of."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sksiamese._checks import plain_label, shorten, some_of
from sksiamese.exceptions import NewValueWarning
from sksiamese.molecules._canonical import canonical_key
from sksiamese.molecules._graph import MolGraph

_SHOWN = 10  # names, and columns, that a message lists


def names_of(column: pd.Series) -> npt.NDArray[np.object_]:
    """Names (n_rows,) without blanks around them, "" where there is none."""
    cells = column.astype(object)
    return np.array([c.strip() if isinstance(c, str) else "" for c in cells], dtype=object)


def find_constants(table: pd.DataFrame, columns: Sequence[str]) -> dict[str, Any]:
    """Give the value of columns that hold but one."""
    return {name: _plain(table[name].dropna().iloc[0]) for name in columns}


def find_others(table: pd.DataFrame, constants: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Find what columns hold now that held one value alone in training.

    Parameters
    ----------
    table : DataFrame of shape (n_rows, n_columns)
        New rows.
    constants : mapping of str to object
        Columns and their values, by :func:`find_constants`.

    Returns
    -------
    dict of str to (object, object)
        Columns with another value: that of training, and the first other one. A molecule may be
        written in another way; a missing cell is not another value.
    """
    found = {name: (value, _first_other(table[name], value)) for name, value in constants.items()}
    return {name: pair for name, pair in found.items() if pair[1] is not None}


def find_new_names(column: pd.Series, known: Sequence[str]) -> list[str]:
    """Find the names of a column that are not among the known ones, in their order."""
    cells = names_of(column)
    return list(dict.fromkeys(cells[pd.Index(known, dtype=object).get_indexer(cells) < 0]))


def warn_of_new_values(
    new: Mapping[str, list[str]], others: Mapping[str, tuple[Any, Any]], stacklevel: int
) -> None:
    """Warn once of all values that training says nothing of.

    Parameters
    ----------
    new : mapping of str to list of str
        Columns of names, and the names in them that training did not hold.
    others : mapping of str to (object, object)
        Columns that never varied, which a model therefore leaves out, by :func:`find_others`.
    stacklevel : int
        As in :func:`warnings.warn`, counted from the caller.

    Warns
    -----
    NewValueWarning
        Naming the columns and values.
    """
    told = [
        f"{name!r}: {some_of([*map(repr, cells)], _SHOWN)}" for name, cells in new.items() if cells
    ]
    changed = [
        f"{name!r} held {_show(value)} and now {_show(other)}"
        for name, (value, other) in others.items()
    ]
    sentences = []
    if told:
        sentences.append(
            "These names did not stand in the training table, which says nothing of them: "
            f"{'; '.join(told)}. Their rows are predicted from the other columns."
        )
    if changed:
        sentences.append(
            "These columns never varied in the training table, so that no prediction depends on "
            f"them: {some_of(changed, _SHOWN, '; ')}."
        )
    if sentences:
        warnings.warn(" ".join(sentences), NewValueWarning, stacklevel=stacklevel + 1)


def _first_other(column: pd.Series, value: Any) -> Any:
    """Give the first value of a column that is another one, or None."""
    distinct = map(_plain, pd.unique(column.dropna()))
    return next((cell for cell in distinct if cell != value and _differ(cell, value)), None)


def _differ(cell: Any, value: Any) -> bool:
    """Whether two values are more than two spellings of a number or molecule."""
    if isinstance(cell, str) != isinstance(value, str):
        return bool(pd.to_numeric(cell, errors="coerce") != pd.to_numeric(value, errors="coerce"))
    key = canonical_key(value) if isinstance(value, str) else None
    return key is None or canonical_key(cell) != key


def _plain(cell: Any) -> Any:
    if isinstance(cell, MolGraph):
        return cell.smiles
    return cell.strip() if isinstance(cell, str) else plain_label(cell)


def _show(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else shorten(value)
