"""What a user asks of a recommendation: its size, what is ruled out, experiments handed over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sksiamese._checks import listed, require_integer, require_option, shorten
from sksiamese._frame_libraries import as_pandas
from sksiamese.molecules._canonical import canonical_keys
from sksiamese.space._dependent_columns import without_condition
from sksiamese.space._molecules import Molecules
from sksiamese.space._space import DesignSpace


def check_request(batch_size: int, mode: str, n_later: int, acquisition: str) -> None:
    """Refuse arguments of ``recommend`` that cannot be used.

    Raises
    ------
    ValueError
        Naming the argument, and what it may be.
    """
    require_integer("recommend", "batch_size", batch_size, 1)
    require_option("recommend", "mode", mode, ("explore", "optimize"))
    require_integer("recommend", "n_later", n_later, 0)
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
    """
    if rows is None:
        return None
    rows = as_pandas(rows)
    if not isinstance(rows, pd.DataFrame):
        allowed = (
            "a dict of column to values, or a DataFrame"
            if name == "exclude"
            else "a DataFrame of experiments"
        )
        raise TypeError(f"{name!r} must be None, {allowed}. Got {shorten(rows)}.")
    return space.complete(rows) if len(rows) else None


def read_exclusions(
    space: DesignSpace, exclude: Any
) -> tuple[pd.DataFrame | None, dict[str, set[Any]]]:
    """Experiments that must not be recommended, and values that must not occur, by column."""
    if isinstance(exclude, Mapping):
        return None, _read_banned(space, exclude)
    return read_rows(space, "exclude", exclude), {}


def _read_banned(space: DesignSpace, exclude: Mapping[str, Iterable[Any]]) -> dict[str, set[Any]]:
    """Values that must not occur, by column; canonical SMILES of molecules.

    Raises
    ------
    TypeError
        If the values of a column are not listed.
    ValueError
        If the space lacks a column.
    """
    banned = {}
    for name, values in exclude.items():
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
        banned[name] = set(canonical_keys(cells) if _holds_molecules(space, name) else cells)
    return banned


def is_allowed(
    space: DesignSpace, frame: pd.DataFrame, banned: Mapping[str, set[Any]]
) -> npt.NDArray[np.bool_]:
    """Which experiments lie within the space and hold no banned value, (n_rows,)."""
    allowed = space.contains(frame).to_numpy(bool, copy=True)
    for name, values in banned.items():
        cells = frame[name]
        if _holds_molecules(space, name):
            cells = pd.Series(canonical_keys(cells))
        allowed &= ~cells.isin(values).to_numpy(bool)
    return allowed


def _holds_molecules(space: DesignSpace, name: str) -> bool:
    return isinstance(without_condition(space.columns[name]), Molecules)
