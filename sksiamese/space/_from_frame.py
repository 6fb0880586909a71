"""What kinds of columns a table of experiments has."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types as pandas_types

from sksiamese._checks import plain_label, shorten
from sksiamese._frames import plain_column, plain_frame
from sksiamese.exceptions import InvalidSMILESError
from sksiamese.molecules._canonical import canonical_key, smiles_of_mols, ten_lines, why_unreadable
from sksiamese.space._definition_checks import Column
from sksiamese.space._dependent_columns import When
from sksiamese.space._drawn_columns import (
    Constant,
    DrawnColumn,
    Levels,
    OneHot,
    PlainColumn,
    Range,
    is_number,
)
from sksiamese.space._followers import Follower, OfLevel, OfMolecule, OfSeveral
from sksiamese.space._molecules import Molecules
from sksiamese.space._steps import multiples, multiples_within, written_step
from sksiamese.tables._column_kinds import are_truth_values, column_kind
from sksiamese.tables._does_not_apply import find_reason
from sksiamese.tables._doubtful_columns import warn_of_doubts
from sksiamese.tables.encoding._molecule_column import holds_graphs
from sksiamese.tables.reading._cell_meaning import is_missing

_MOST_LEVELS = 5  # numbers that are levels; measured amounts in tables of this size have dozens
_ROWS_EACH = 4  # on average
_FEW = 5  # values that several molecules may share by plan, such as temperatures
_FEWEST_RECURRING = 3  # values of another column that stand in two rows or more
_FEWEST_PAIRS = 5  # the same of pairs of values, of which there are many
_FEWEST_ROWS = 8  # that tell a group of columns, of which one is 1, from chance

_Codes: TypeAlias = npt.NDArray[np.intp]


def find_columns(
    frame: pd.DataFrame, margin: float, given: Mapping[str, Column]
) -> dict[str, DrawnColumn | Follower]:
    """Tell the kinds of all columns, which follow from others, and where those with gaps apply.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        Past experiments.
    margin : float
        As in :func:`find_column`.
    given : mapping of str to column
        Columns whose kind is known; others may follow from them.

    Returns
    -------
    dict of str to column
        The others. A column that belongs to those of molecules or names follows from them. Columns
        of which exactly one is 1 are OneHot. One of numbers that is empty exactly where a column of
        molecules or names says so is a When of that.
    """
    frame = frame.apply(smiles_of_mols)
    own = frame[[name for name in frame if name not in given]]
    kinds = {str(name): column_kind(own[name]) for name in own}
    taken = "All became columns of the space, to be varied."
    warn_of_doubts(own, kinds, None, taken, stacklevel=3)
    found = {name: find_column(own[name], kind, margin) for name, kind in kinds.items()}
    known = {name: given.get(name, found.get(name)) for name in frame}
    listed = {n: c for n, c in known.items() if _holds_names(c)}
    values = {n: _values(frame[n], isinstance(c, Molecules)) for n, c in listed.items()}
    plain = plain_frame(frame)
    groups = find_groups(plain, found)
    followers = find_followers(plain, found, known, values, groups)
    _warn_of_pairs(followers, known)
    for name, column in found.items():
        if name in followers or name in listed or not isinstance(column, PlainColumn):
            continue
        reason = find_reason(frame[name].isna().to_numpy(bool), values.items())
        if reason is not None:
            cells = dict(zip(values[reason.column], plain[reason.column], strict=True))
            wanted = [cells[value] if value else None for value in reason.values]
            found[name] = When({reason.column: wanted}, column)
    return found | groups | followers


def _holds_names(column: Any) -> bool:
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


# -- Columns that belong to others -----------------------------------------------------------------


def find_groups(frame: pd.DataFrame, columns: Mapping[str, DrawnColumn]) -> dict[str, OneHot]:
    """Find neighbouring columns of which exactly one is 1, and the others 0, in eight unlike rows.

    Columns that never vary may stand among them.
    """
    unlike = frame[~frame.duplicated()]
    found: dict[str, OneHot] = {}
    run: list[str] = []
    for name, column in columns.items() if len(unlike) >= _FEWEST_ROWS else ():
        if isinstance(column, Constant):
            continue
        is_binary = isinstance(column, Levels) and set(column.values) == {0, 1}
        run = [*run, name] if is_binary and frame[name].notna().all() else []
        for start in range(len(run) - 1):
            part = run[start:]
            if (frame[part].astype(int).sum(axis=1) == 1).all():
                found |= dict.fromkeys(part, OneHot(part, *columns[name].values))  # type: ignore[attr-defined]
                run = []
                break
    return found


def find_followers(
    frame: pd.DataFrame,
    columns: Mapping[str, DrawnColumn],
    known: Mapping[str, Any],
    texts: Mapping[str, Sequence[str]],
    groups: Mapping[str, OneHot],
) -> dict[str, Follower]:
    """Find the columns that follow from one or two columns of molecules or names.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        Past experiments, in NumPy's types.
    columns : mapping of str to DrawnColumn
        Kinds of the columns that may follow.
    known : mapping of str to column
        Kinds of all columns.
    texts : mapping of str to sequence of str of length n_rows
        Values of the columns of molecules, in one spelling, and of names.
    groups : mapping of str to OneHot
        Columns that move together.

    Returns
    -------
    dict of str to OfMolecule, OfLevel or OfSeveral
        A column follows if it always has the same value beside the same molecule or name, of which
        three recur in unlike rows, and if it has a value for each of them or more than five. So
        descriptors follow, and three temperatures of five ligands do not. Of two columns that
        follow from each other, molecules lead before names, and the first leads. A column follows
        from two others, and from neither alone, if five pairs recur, and if it has more than five
        values, and as many as either of them.
    """
    kinds = {name: column for name, column in known.items() if _may_lead(column)}
    leaders = sorted(kinds, key=lambda name: isinstance(kinds[name], Levels))
    unlike = ~frame.duplicated().to_numpy()
    codes = {name: _codes(pd.Series(list(texts[name]), dtype=object)[unlike]) for name in kinds}
    own = {
        name: codes.get(name, _own_codes(name, frame[unlike], groups))
        for name, column in columns.items()
        if not isinstance(column, Constant)
    }
    tell = {
        n: [lead for lead in leaders if lead != n and _follows(own[n], codes[lead])] for n in own
    }
    found: dict[str, Follower] = {}
    for name, pair in _find_pairs(own, codes, leaders, tell).items():
        found[name] = _look_up_pair(frame, name, pair)
    for name, leading in tell.items():
        for leader in leading:
            if leader in found or name in found:
                continue
            if name in leaders and not _leads(name, leader, leaders, codes):
                continue
            found[name] = _look_up(frame, name, leader, kinds[leader])
        paired = [lead for lead in leading if isinstance(found.get(lead), OfSeveral)]
        if paired and name not in found and name not in leaders:
            found[name] = _look_up_pair(frame, name, found[paired[0]]._leaders)
    return found


def _own_codes(name: str, cells: pd.DataFrame, groups: Mapping[str, OneHot]) -> _Codes:
    """Which value a column holds, (n_rows,); of a group of columns, which of them is 1."""
    if name in groups:
        return cells[list(groups[name].columns)].astype(int).to_numpy().argmax(axis=1)
    return _codes(cells[name])


def _codes(cells: pd.Series) -> _Codes:
    return pd.factorize(cells, use_na_sentinel=False)[0]


def _may_lead(column: Any) -> bool:
    if isinstance(column, Levels):
        return all(isinstance(value, str) or is_missing(value) for value in column.values)
    return isinstance(column, Molecules)


def _follows(own: _Codes, other: _Codes) -> bool:
    n_own, n_other = own.max() + 1, other.max() + 1
    recurring = (np.bincount(other) > 1).sum()
    if recurring < _FEWEST_RECURRING or (n_own != n_other and n_own <= _FEW):
        return False
    return bool(len(np.unique(other * n_own + own)) == n_other)


def _leads(name: str, leader: str, leaders: list[str], codes: Mapping[str, _Codes]) -> bool:
    """Whether the other one leads although the column itself could lead too."""
    return leaders.index(leader) < leaders.index(name) or not _follows(codes[leader], codes[name])


def _find_pairs(
    own: Mapping[str, _Codes],
    codes: Mapping[str, _Codes],
    leaders: list[str],
    tell: Mapping[str, list[str]],
) -> dict[str, tuple[str, str]]:
    """Find columns that follow from two others, and from none alone."""
    found: dict[str, tuple[str, str]] = {}
    free = [name for name, leading in tell.items() if not leading]
    for pair in combinations(leaders, 2):
        one, other = (codes[name] for name in pair)
        both = _codes(pd.Series(one * (other.max() + 1) + other))
        if (np.bincount(both) > 1).sum() < _FEWEST_PAIRS:
            continue
        fewest = max(one.max() + 1, other.max() + 1, _FEW + 1)
        for name in free:
            n_own = own[name].max() + 1
            if name in pair or name in found or n_own < fewest or set(pair) & set(found):
                continue
            if len(np.unique(both * n_own + own[name])) == both.max() + 1:
                found[name] = pair
    return found


def _warn_of_pairs(followers: Mapping[str, Follower], known: Mapping[str, Any]) -> None:
    """Tell users that only combinations that they tried are drawn."""
    for name, column in followers.items():
        if isinstance(column, OfSeveral) and isinstance(column.values, Mapping):
            n_all = math.prod(len(known[leader]._listed()) for leader in column.columns)
            both = " and ".join(map(repr, column.columns))
            warnings.warn(
                f"Column {name!r} follows from {both} together: of their {n_all:,} combinations, "
                f"the {len(column.values):,} in the table have a value, and only these are "
                f"possible. For others give more values, or a function, with columns={{{name!r}: "
                f"OfSeveral({list(column.columns)!r}, ...)}}; or leave the column out.",
                stacklevel=4,
            )


def _look_up(frame: pd.DataFrame, name: str, leader: str, kind: Any) -> OfMolecule | OfLevel:
    if isinstance(kind, Molecules):
        return OfMolecule(leader)._read_from(frame, name)
    cells: list[Any] = [None if is_missing(cell) else cell for cell in frame[leader]]
    return OfLevel(leader, dict(zip(cells, frame[name].tolist(), strict=True)))


def _look_up_pair(frame: pd.DataFrame, name: str, pair: Sequence[str]) -> OfSeveral:
    """Take the values of a column beside two others from a table."""
    columns = [[None if is_missing(cell) else cell for cell in frame[each]] for each in pair]
    first = dict(zip(zip(*columns, strict=True), frame[name].tolist(), strict=True))
    return OfSeveral(pair, first)
