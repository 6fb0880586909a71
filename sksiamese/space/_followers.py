"""Columns that belong to another one: a product to its reactant, a HOMO to its ligand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from sksiamese.space._columns import Constant, DrawnColumn, Levels, is_missing
from sksiamese.space._dependent_columns import OfLevel, OfMolecule
from sksiamese.space._molecules import Molecules

_Codes: TypeAlias = npt.NDArray[np.intp]

_FEW = 5  # values that several molecules may share by plan, such as temperatures
_FEWEST_RECURRING = 3  # values of the other column that stand in two rows or more


def find_followers(
    frame: pd.DataFrame, columns: Mapping[str, DrawnColumn], texts: Mapping[str, Sequence[str]]
) -> dict[str, OfMolecule | OfLevel]:
    """Find the columns that follow from a column of molecules or names.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        Past experiments, in NumPy's types.
    columns : mapping of str to DrawnColumn
        Kinds of the columns.
    texts : mapping of str to sequence of str of length n_rows
        Values of the columns of molecules, in one spelling, and of names.

    Returns
    -------
    dict of str to OfMolecule or OfLevel
        A column follows if it always has the same value beside the same molecule or name, of which
        three recur in unlike rows, and if it has a value for each of them or more than five. So
        descriptors follow, and three temperatures of five ligands do not. Of two columns that
        follow from each other, molecules lead before names, and the first leads.
    """
    kinds = {name: column for name, column in columns.items() if _may_lead(column)}
    leaders = sorted(kinds, key=lambda name: isinstance(kinds[name], Levels))
    unlike = ~frame.duplicated().to_numpy()
    codes = {name: _codes(pd.Series(list(texts[name]), dtype=object)[unlike]) for name in kinds}
    found: dict[str, OfMolecule | OfLevel] = {}
    for name, column in columns.items():
        if isinstance(column, Constant):
            continue
        own = codes.get(name, _codes(frame[name][unlike]))
        for leader in leaders:
            if leader == name or leader in found or not _follows(own, codes[leader]):
                continue
            if name in leaders and not _leads(name, leader, leaders, codes):
                continue
            found[name] = _look_up(frame, name, leader, kinds[leader])
            break
    return found


def _codes(cells: pd.Series) -> _Codes:
    return pd.factorize(cells, use_na_sentinel=False)[0]


def _may_lead(column: DrawnColumn) -> bool:
    if isinstance(column, Levels):
        return all(isinstance(value, str) or is_missing(value) for value in column.values)
    return isinstance(column, Molecules)


def _follows(own: _Codes, other: _Codes) -> bool:
    n_own, n_other = own.max() + 1, other.max() + 1
    recurring = (np.bincount(other) > 1).sum()
    if recurring < _FEWEST_RECURRING or (n_own != n_other and n_own <= _FEW):
        return False
    return len(np.unique(other * n_own + own)) == n_other


def _leads(name: str, leader: str, leaders: list[str], codes: Mapping[str, _Codes]) -> bool:
    """Whether the other one leads although the column itself could lead too."""
    return leaders.index(leader) < leaders.index(name) or not _follows(codes[leader], codes[name])


def _look_up(
    frame: pd.DataFrame, name: str, leader: str, kind: DrawnColumn
) -> OfMolecule | OfLevel:
    if isinstance(kind, Molecules):
        return OfMolecule(leader)._read_from(frame, name)
    cells: list[Any] = [None if is_missing(cell) else cell for cell in frame[leader]]
    return OfLevel(leader, dict(zip(cells, frame[name].tolist(), strict=True)))
