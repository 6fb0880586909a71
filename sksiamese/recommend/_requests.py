"""What a user asks of a recommendation: its size, what is ruled out, experiments handed over."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from sksiamese._checks import (
    listed,
    plain_label,
    require_integer,
    require_option,
    shorten,
    some_of,
)
from sksiamese._frame_libraries import as_pandas
from sksiamese._frames import require_columns
from sksiamese.exceptions import TooFewCandidatesError
from sksiamese.molecules._canonical import canonical_key, canonical_keys, why_unreadable
from sksiamese.recommend._check_measurements import return_levels
from sksiamese.recommend._recipe_distances import RecipeGeometry
from sksiamese.space._dependent_columns import When, without_condition
from sksiamese.space._drawn_columns import DrawnColumn, OneHot, PlainColumn
from sksiamese.space._molecules import Molecules
from sksiamese.space._space import DesignSpace

_SHOWN = 10  # molecules or values that a message lists
_ALLOWED = {
    "exclude": "a dict of column to values, or a DataFrame",
    "candidates": "a DataFrame of experiments, or an iterable of such",
}

_Keys: TypeAlias = npt.NDArray[np.uint64]


class Request(NamedTuple):
    """What is asked for, checked.

    Parameters
    ----------
    batch_size, mode, n_later
        As in ``recommend``.
    same : list of str
        Columns that the experiments of a batch share.
    given : iterable of DataFrame or None
        Experiments to choose among, in the columns of the space.
    new_molecules : bool
        Whether these may hold molecules that the space does not list.
    waiting : DataFrame of shape (n_waiting, n_space_columns) or None
        Experiments that count as chosen before.
    banned : dict of str to set
        Values that must not occur, by column.
    taken : dict of str to ndarray
        Keys of experiments that must not be recommended, by reason.
    """

    batch_size: int
    mode: str
    n_later: int
    same: list[str]
    given: Iterable[pd.DataFrame] | None
    new_molecules: bool
    waiting: pd.DataFrame | None
    banned: dict[str, set[Any]]
    taken: dict[str, _Keys]


def check_request(
    batch_size: int, mode: str, n_later: int, goal: str | None, acquisition: str
) -> None:
    """Refuse arguments of ``recommend`` that cannot be used.

    Raises
    ------
    ValueError
        Naming the argument, and what it may be.
    """
    require_integer("recommend", "batch_size", batch_size, 1)
    require_option("recommend", "mode", mode, ("explore", "optimize"))
    require_integer("recommend", "n_later", n_later, 0)
    if n_later and goal is not None:
        raise ValueError(
            f"n_later is of classes. Got {n_later} with goal={goal!r}: leave n_later out."
        )
    if n_later and acquisition != "probability":
        raise ValueError(
            f"n_later needs the acquisition 'probability'. Got {n_later} with {acquisition!r}: "
            "leave n_later out, or set acquisition='probability'."
        )


def read_rows(space: DesignSpace, name: str, rows: Any) -> pd.DataFrame | None:
    """Experiments that a user gave, in the columns of the space; None where there are none.

    Raises
    ------
    TypeError
        Naming the parameter `name`, if the rows are not a DataFrame.
    ValueError
        Naming it, if a column is absent that can be varied.
    """
    if rows is None:
        return None
    rows = as_pandas(rows)
    if not isinstance(rows, pd.DataFrame):
        allowed = _ALLOWED.get(name, "a DataFrame of experiments")
        raise TypeError(f"{name!r} must be None, {allowed}. Got {shorten(rows)}.")
    if not len(rows):
        return None
    require_columns(rows.columns, space._free, repr(name))
    return space.complete(return_levels(space, rows))


def read_same(space: DesignSpace, same: Any) -> list[str]:
    """Columns that a batch shares, with those that move with them.

    Raises
    ------
    TypeError
        If they are not listed.
    ValueError
        If one of them cannot be chosen.
    """
    if isinstance(same, str) or not isinstance(same, Sequence):
        raise TypeError(f"'same' must be a list of columns. Got {same!r}: write [{same!r}].")
    drawn = [name for name, column in space.columns.items() if isinstance(column, DrawnColumn)]
    wrong = [name for name in same if name not in drawn]
    if wrong:
        raise ValueError(
            f"'same' names the column(s) {listed(wrong)}, which cannot be chosen. Columns that are "
            f"drawn: {listed(drawn)}."
        )
    groups = [
        column.columns for column in map(space.columns.get, same) if isinstance(column, OneHot)
    ]
    return list(dict.fromkeys([*same, *(name for group in groups for name in group)]))


def read_exclusions(
    space: DesignSpace, exclude: Any
) -> tuple[pd.DataFrame | None, dict[str, set[Any]]]:
    """Experiments that must not be recommended, and values that must not occur, by column."""
    if isinstance(exclude, Mapping):
        return None, {name: _read_banned(space, name, values) for name, values in exclude.items()}
    return read_rows(space, "exclude", exclude), {}


def _read_banned(space: DesignSpace, name: Any, values: Any) -> set[Any]:
    """Values of a column that must not occur; canonical SMILES of molecules.

    Raises
    ------
    TypeError
        If the values are not listed.
    ValueError
        If the space lacks the column, or the column a value.
    """
    if name not in space.columns:
        raise ValueError(
            f"'exclude' names the column {name!r}, which the design space lacks. It has: "
            f"{listed(space.columns)}."
        )
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise TypeError(
            f"'exclude' must give a list of values for column {name!r}. Got "
            f"{shorten(values)}: write [{shorten(values)}]."
        )
    cells = pd.Series(list(values), dtype=object, name=name)
    column = space.columns[name]
    inner = without_condition(column)
    if isinstance(inner, Molecules):
        banned = {_find_molecule(name, inner, cell) for cell in cells}
        known = banned & set(canonical_keys(inner.smiles))
    else:
        cells = return_levels(space, cells.to_frame())[name]
        banned = set(cells)
        known = set(cells[inner._contains(cells)]) if isinstance(inner, PlainColumn) else banned
    if isinstance(column, When):
        known |= banned & set(_as_keys(inner, [column.otherwise]))
    for value in [value for value in banned if value not in known]:
        raise ValueError(
            f"'exclude' bans {plain_label(value)!r} in column {name!r}, where it cannot occur, so "
            f"that nothing would be excluded. The column holds: {_describe(column)}."
        )
    return banned


def _find_molecule(name: Any, column: Molecules, cell: Any) -> str:
    """Canonical SMILES of a molecule that is named, or spelled in any way."""
    for key, known in column.names.items():
        if known == cell:
            return key
    found = canonical_key(cell)
    if found is None:
        named = f" ({listed(list(column.names.values())[:_SHOWN])})" if column.names else ""
        raise ValueError(
            f"'exclude' bans {shorten(cell)} in column {name!r}, which is neither the name of one "
            f"of its molecules{named} nor readable as SMILES{why_unreadable(cell)}."
        )
    return found


def _as_keys(column: Any, values: list[Any]) -> list[Any]:
    return list(canonical_keys(values)) if isinstance(column, Molecules) else values


def _describe(column: Any) -> str:
    inner = without_condition(column)
    if not isinstance(inner, Molecules):
        return str(column)
    labels = [
        label if label == text or text is None else f"{label} ({text})"
        for label, text in zip(inner.labels(), inner.smiles, strict=True)
    ]
    return some_of(labels, _SHOWN)


def sift(
    space: DesignSpace, geometry: RecipeGeometry, chunk: pd.DataFrame, request: Request
) -> tuple[pd.DataFrame, _Keys, Counter[str]]:
    """Keep the candidates that are possible, distinct and new, and count the others by reason."""
    inside = space._allows(
        space._complete(chunk, strict=request.new_molecules), request.new_molecules
    )
    left_out = Counter({"outside of the design space": int((~inside).sum())})
    frame = chunk[inside]
    banned = _is_banned(space, frame, request.banned)
    left_out["excluded"] = int(banned.sum())
    frame = frame[~banned]
    keys = geometry.keys(frame)
    repeated = pd.Series(keys).duplicated().to_numpy()
    left_out["repeated"] = int(repeated.sum())
    frame, keys = frame[~repeated], keys[~repeated]
    for reason, known in request.taken.items():
        is_taken = np.isin(keys, known)
        left_out[reason] += int(is_taken.sum())
        frame, keys = frame[~is_taken], keys[~is_taken]
    return frame, keys, left_out


def _is_banned(
    space: DesignSpace, frame: pd.DataFrame, banned: Mapping[str, set[Any]]
) -> npt.NDArray[np.bool_]:
    """Which experiments hold a value that must not occur, (n_rows,)."""
    found = np.zeros(len(frame), bool)
    for name, values in banned.items():
        cells = frame[name]
        if isinstance(without_condition(space.columns[name]), Molecules):
            cells = pd.Series(canonical_keys(cells))
        found |= cells.isin(values).to_numpy(bool)
    return found


def tell_left_out(left_out: Counter[str]) -> str:
    """Write how many candidates were left out, and why.

    Examples
    --------
    >>> from collections import Counter
    >>> from sksiamese.recommend._requests import tell_left_out
    >>> tell_left_out(Counter(measured=3, excluded=0, repeated=1))
    '4 left out: 3 measured, 1 repeated'
    """
    parts = [f"{n:,} {reason}" for reason, n in left_out.most_common() if n]
    return f"{left_out.total():,} left out: {', '.join(parts)}" if parts else "none left out"


def warn_of_left_out(n_given: int, left_out: Counter[str]) -> None:
    """Tell a user which of the candidates that were given could not be chosen."""
    if left_out.total():
        warnings.warn(f"Of {n_given:,} candidates, {tell_left_out(left_out)}.", stacklevel=3)


def require_enough(n_left: int, batch_size: int, left_out: Counter[str], is_shared: bool) -> None:
    """Refuse a batch that is larger than what is left to choose from.

    Raises
    ------
    TooFewCandidatesError
        Telling what happened to the other candidates.
    """
    if n_left < batch_size:
        shared = ", share fewer columns" if is_shared else ""
        raise TooFewCandidatesError(
            f"Only {n_left} distinct experiment(s) are left for a batch of {batch_size}. Of the "
            f"candidates, {tell_left_out(left_out)}. Lower batch_size, exclude less{shared}, or "
            "give more n_candidates, a wider space or the other mode.",
            n_left,
        )
