"""Checks of the measurements that come back from the laboratory."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sksiamese._checks import listed, plain_label
from sksiamese.space._dependent_columns import When, without_condition
from sksiamese.space._drawn_columns import ListedColumn
from sksiamese.space._molecules import Molecules
from sksiamese.space._space import DesignSpace
from sksiamese.tables._outcome_rules import MOST_CLASSES, is_open
from sksiamese.tables._positive_label import choose_positive, plain_outcome
from sksiamese.tables.reading._cell_meaning import is_missing
from sksiamese.tables.reading._findings import describe_rows

READ_AS_EMPTY = {"", "NA", "N/A", "n/a", "None", "NULL", "null", "NaN", "nan", "<NA>", "#N/A"}
"""Texts in a file that pandas takes for an empty cell."""


def join_spellings(outcomes: pd.Series) -> pd.Series:
    """Take the spellings of one label, such as "Yes" and "yes", as one, the most frequent.

    Warns
    -----
    UserWarning
        Naming what was joined.
    """
    usual: dict[Any, Any] = {}
    joined: dict[Any, Any] = {}
    for label in outcomes.value_counts().index:
        if plain_outcome(label) in usual:
            joined[label] = usual[plain_outcome(label)]
        usual.setdefault(plain_outcome(label), label)
    if not joined:
        return outcomes
    told = "; ".join(f"{plain_label(a)!r} as {plain_label(b)!r}" for a, b in joined.items())
    warnings.warn(f"Spellings of one label in y were taken as one: {told}.", stacklevel=3)
    return outcomes.replace(joined)


def choose_success(classes: npt.NDArray[Any], positive: Any) -> Any:
    """Class that counts as success: the one asked for, or one that says so itself.

    Raises
    ------
    ValueError
        If the classes do not tell which of them is success, or `positive` is not one of them.
    """
    if positive is None and len(classes) > MOST_CLASSES and classes.dtype.kind in "iuf":
        middle = plain_label(classes[len(classes) // 2])
        raise ValueError(
            f"y holds {len(classes)} different numbers, from {plain_label(classes[0])} to "
            f"{plain_label(classes[-1])}, which are hardly classes. Say what counts as success, "
            f"for example with y = y >= {middle}, or name the class of success with positive=; or "
            "look for the largest number with goal='maximize' and a regressor."
        )
    return choose_positive("y", classes, positive)


def require_own_name(columns: pd.Index, name: Any) -> None:
    """Refuse outcomes that are called as a column of X is: ``X["pH"] > 7`` keeps that name.

    Raises
    ------
    ValueError
        Naming the outcomes.
    """
    if name in columns:
        raise ValueError(
            f"y has the name {name!r}, as a column of X has, so that a table of measurements could "
            "not hold both. Give y a name of its own, for example with y.rename('outcome')."
        )


def require_free(columns: pd.Index, names: list[Any]) -> None:
    """Refuse columns named as what a recommendation adds."""
    clashing = [name for name in columns if name in names]
    if clashing:
        raise ValueError(
            f"X has the column(s) {listed(clashing)}, which a recommendation or the outcomes "
            "would overwrite. Rename them."
        )


def return_levels(space: DesignSpace, frame: pd.DataFrame) -> pd.DataFrame:
    """Give levels back what a file or a hand made of them: 1 for "001", an empty cell for "None".

    Cells that are not a level in any spelling stay as they are.
    """
    columns = {}
    for name in frame:
        column = space.columns.get(name)
        inner = without_condition(column)
        if isinstance(inner, ListedColumn) and not isinstance(inner, Molecules):
            values = [*inner._listed(), *([column.otherwise] if isinstance(column, When) else [])]
            columns[name] = _to_levels(frame[name], values)
    return frame.assign(**columns)


def _to_levels(cells: pd.Series, levels: list[Any]) -> pd.Series:
    spellings: dict[Any, list[Any]] = {}
    for level in levels:
        spellings.setdefault(_plain_level(level), []).append(level)
    empty = [level for level in levels if is_missing(level) or level in READ_AS_EMPTY]

    def find(cell: Any) -> Any:
        if cell in levels:
            return levels[levels.index(cell)]
        found = empty if is_missing(cell) else spellings.get(_plain_level(cell), [])
        return found[0] if len(found) == 1 else cell

    return pd.Series([find(cell) for cell in cells], cells.index, dtype=object).infer_objects()


def _plain_level(level: Any) -> Any:
    return None if is_missing(level) else plain_outcome(level)


def read_outcomes(outcomes: pd.Series, classes: npt.NDArray[Any]) -> pd.Series:
    """Bring outcomes to the classes that they spell; None where one is not known yet.

    Raises
    ------
    ValueError
        If one is of no known class, or empty where that may be a class.
    """
    spellings = {plain_outcome(label): label for label in classes}
    found = outcomes.map(lambda cell: spellings.get(plain_outcome(cell)))
    wrong = outcomes[found.isna() & ~outcomes.map(is_open)]
    if len(wrong):
        raise ValueError(
            f"Column {outcomes.name!r} must hold one of {listed(classes)}, or nothing where the "
            f"outcome is not known yet. Got {len(wrong)} other(s), {show_cells(wrong)}. Correct "
            "these cells, or call fit with all experiments for a new class."
        )
    blank = outcomes[found.isna() & outcomes.isna()]
    unsafe = [label for label in classes if label in READ_AS_EMPTY]
    if len(blank) and unsafe:
        raise ValueError(
            f"Column {outcomes.name!r} holds {len(blank)} empty cell(s), {show_cells(blank)}, and "
            f"pandas reads the label {unsafe[0]!r} of a file as empty, too. Read the file with "
            "keep_default_na=False, so that the two differ."
        )
    return found


def show_cells(cells: pd.Series) -> str:
    """Show the first three cells, each with its row, for a message."""
    return ", ".join(
        f"row {plain_label(row)!r}: {plain_label(cell)!r}" for row, cell in cells[:3].items()
    )


def require_new(labels: pd.Index, keys: npt.NDArray[Any], past: pd.Series) -> None:
    """Refuse experiments that are measured already, or stand twice among those that come.

    Parameters
    ----------
    labels : Index of shape (n_rows,)
        Labels of the rows that come.
    keys : ndarray of shape (n_rows,)
        What tells them apart.
    past : Series of shape (n_measured,)
        Keys of past experiments.
    """
    known = np.isin(keys, past)
    repeated = labels[known | pd.Series(keys).duplicated().to_numpy()]
    if not len(repeated):
        return
    rows = describe_rows(map(plain_label, repeated))
    old = past.index[np.isin(past, keys)]
    where = "repeat others of this table"
    if len(old):
        where = f"are measured already ({describe_rows(map(plain_label, old))})"
    raise ValueError(
        f"The same experiment twice: {rows} of {len(keys)} {where}. Leave out what was added "
        "before, or say repeats=True (on the command line --repeats) if they were done again."
    )


def continue_index(taken: pd.Index, new: pd.Index) -> pd.Index:
    """Labels of added rows: their own, or numbers that go on where these are taken."""
    if not new.isin(taken).any():
        return new
    if pd.api.types.is_integer_dtype(new):
        numbers = [label for label in taken if isinstance(label, (int, float, np.number))]
        first = math.floor(max([*numbers, new.max()])) + 1
        return pd.RangeIndex(first, first + len(new))
    repeated = list(new[new.isin(taken)][:3])
    raise ValueError(
        f"The index of the measurements repeats {listed(repeated)} of the past experiments. Give "
        "the rows labels of their own."
    )


def warn_of_pending(n_open: int, n_rows: int, n_pending: int, stacklevel: int) -> None:
    """Warn of experiments without an outcome."""
    warnings.warn(
        f"{n_open} of {n_rows} experiments have no outcome yet and stay pending; {n_pending} are "
        "in pending_.",
        stacklevel=stacklevel,
    )
