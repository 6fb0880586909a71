"""What kinds of columns a table of experiments has."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types as pandas_types

from sksiamese._checks import plain_label, shorten
from sksiamese._frames import plain_column, plain_frame
from sksiamese.exceptions import InvalidSMILESError
from sksiamese.molecules._canonical import canonical_key, smiles_of_mols, ten_lines, why_unreadable
from sksiamese.space._columns import Constant, DrawnColumn, Levels, PlainColumn, Range, is_number
from sksiamese.space._dependent_columns import OfLevel, OfMolecule, When
from sksiamese.space._followers import find_followers
from sksiamese.space._molecules import Molecules
from sksiamese.space._steps import multiples, multiples_within, written_step
from sksiamese.tables._column_kinds import are_truth_values, column_kind
from sksiamese.tables._does_not_apply import find_reason
from sksiamese.tables._doubtful_columns import warn_of_doubts
from sksiamese.tables.encoding._molecule_column import holds_graphs
from sksiamese.tables.reading._cell_meaning import is_missing

_MOST_LEVELS = 5  # numbers that are levels; measured amounts in tables of this size have dozens
_ROWS_EACH = 4  # on average


def find_columns(
    frame: pd.DataFrame, margin: float
) -> dict[str, DrawnColumn | OfMolecule | OfLevel]:
    """Tell the kinds of all columns, which follow from others, and where those with gaps apply.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        Past experiments.
    margin : float
        As in :func:`find_column`.

    Returns
    -------
    dict of str to column
        A column that belongs to one of molecules or names follows from it. One of numbers that is
        empty exactly where a column of molecules or names says so is a When of that.
    """
    frame = frame.apply(smiles_of_mols)
    kinds = {str(name): column_kind(frame[name]) for name in frame}
    taken = "All became columns of the space, to be varied."
    warn_of_doubts(frame, kinds, None, taken, stacklevel=3)
    found = {name: find_column(frame[name], kind, margin) for name, kind in kinds.items()}
    listed = {n: c for n, c in found.items() if _holds_names(c)}
    values = {n: _values(frame[n], isinstance(c, Molecules)) for n, c in listed.items()}
    plain = plain_frame(frame)
    followers = find_followers(plain, found, values)
    for name, column in found.items():
        if name in followers or name in listed or not isinstance(column, PlainColumn):
            continue
        reason = find_reason(frame[name].isna().to_numpy(bool), values.items())
        if reason is not None:
            cells = dict(zip(values[reason.column], plain[reason.column], strict=True))
            wanted = [cells[value] if value else None for value in reason.values]
            found[name] = When({reason.column: wanted}, column)
    return found | followers


def _holds_names(column: DrawnColumn) -> bool:
    """Whether a column holds molecules, names or truth values."""
    if isinstance(column, Levels):
        return not all(map(is_number, column.values))
    return isinstance(column, Molecules)


def _values(column: pd.Series, are_molecules: bool) -> list[str]:
    """Values (n_rows,) as text, molecules in one spelling, "" where there is none."""
    if are_molecules:
        return [canonical_key(cell) or "" for cell in column]
    return ["" if is_missing(cell) else str(cell) for cell in column]


def find_column(cells: pd.Series, kind: str, margin: float) -> DrawnColumn:
    """Tell the kind of a column by what it holds.

    Parameters
    ----------
    cells : Series of shape (n_rows,)
        A column; its name is used in messages.
    kind : str
        What it holds, by :func:`sksiamese.tables._column_kinds.column_kind`.
    margin : float
        How far a range reaches beyond the numbers on either side, by its width.

    Returns
    -------
    Range, Levels, Molecules or Constant
        Numbers that vary are a Range, of whole numbers where the column's type is integer, or
        Levels where a few recur; truth values and texts that are not SMILES are Levels; SMILES are
        Molecules.

    Raises
    ------
    InvalidSMILESError
        If some texts are SMILES and others are not.
    ValueError
        If the column holds infinity, or neither numbers nor text.
    """
    present = plain_column(cells.dropna()).infer_objects()
    cells = plain_column(cells)
    if kind == "empty":
        return Constant(cells.iloc[0])
    if kind == "number":
        are_levels = are_truth_values(present) or _recur(present)
        return _find_levels(present) if are_levels else _find_range(present, margin)
    if holds_graphs(cells):
        row, cell = next((r, c) for r, c in present.items() if not isinstance(c, str))
        raise ValueError(
            f"Column {cells.name!r} must hold numbers, truth values or text; row "
            f"{plain_label(row)!r} holds {shorten(cell)} ({type(cell).__name__}). Drop the column, "
            "or give the table as it was before a pipeline changed it."
        )
    return _find_molecules(cells) if kind == "molecule" else _find_names(cells)


def _find_levels(present: pd.Series) -> DrawnColumn:
    values = sorted(present.unique().tolist())
    return Levels(values) if len(values) > 1 else Constant(values[0])


def _recur(present: pd.Series) -> bool:
    """Whether numbers are so few, and recur so often, that they are levels of a plan."""
    n_levels = present.nunique()
    return 1 < n_levels <= _MOST_LEVELS and len(present) >= _ROWS_EACH * n_levels


def _find_range(present: pd.Series, margin: float) -> DrawnColumn:
    present = pd.to_numeric(present)
    integer = pandas_types.is_integer_dtype(present.dtype)
    low, high = ((int if integer else float)(end) for end in (present.min(), present.max()))
    if not np.isfinite([low, high]).all():
        raise ValueError(
            f"Column {present.name!r} holds infinity. Correct these cells or drop the rows."
        )
    if low == high:
        return Constant(low)
    step = max(written_step(present), float(integer))
    low, high = _widen(low, high, margin * (high - low), step)
    if integer:
        return Range(round(low), round(high), integer=True, step=int(step) if step > 1 else None)
    first, last = multiples_within(low, high, step)
    return Range(low, high, step=step if first < last else None)


def _widen(low: float, high: float, by: float, step: float) -> tuple[float, float]:
    """Move limits outwards, to multiples of the step; what is nowhere negative stays so."""
    if not by:
        return low, high
    wide_low = max(low - by, 0.0) if low >= 0 else low - by
    wide_high = min(high + by, 0.0) if high <= 0 else high + by
    tidy_low, tidy_high = multiples(np.rint(np.array([wide_low, wide_high]) / step), step).tolist()
    return min(low, tidy_low), max(high, tidy_high)


def _find_names(cells: pd.Series) -> DrawnColumn:
    texts = [None if pd.isna(cell) else cell for cell in cells.unique()]
    return Levels(texts) if len(texts) > 1 else Constant(texts[0])


def _find_molecules(cells: pd.Series) -> DrawnColumn:
    texts: list[Any] = [None if pd.isna(cell) else cell for cell in cells.unique()]
    bad = {t: why_unreadable(t) for t in texts if t is not None and canonical_key(t) is None}
    if not bad:
        return Molecules(texts)
    places = [(cells.name, row, cell) for row, cell in cells.items() if cell in bad]
    lines = [f"  row {plain_label(row)!r}: {shorten(c)}{bad[c]}" for _, row, c in places]
    raise InvalidSMILESError(
        f"Column {cells.name!r} holds SMILES, but {len(places)} of its cells cannot be read:\n"
        f"{ten_lines(lines)}\nCorrect them. If the column holds no molecules, say so with "
        f"columns={{{cells.name!r}: Levels([...])}}.",
        places,
    )
