"""Experiments that a user gives to choose among: one table, or many that come one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any

import pandas as pd

from sksiamese._checks import require_boolean
from sksiamese._frame_libraries import as_pandas
from sksiamese.recommend._recipe_distances import RecipeGeometry
from sksiamese.recommend._requests import read_rows
from sksiamese.space._space import DesignSpace


class GivenCandidates:
    """Experiments to choose among, which can be gone through once.

    Parameters
    ----------
    space : DesignSpace
        Has their columns.
    geometry : RecipeGeometry
        Tells whether their molecules can be read.
    tables : DataFrame or iterable of DataFrame
        The experiments.

    Attributes
    ----------
    n_rows : int
        How many came so far.

    Raises
    ------
    ValueError
        If there is none.
    """

    def __init__(self, space: DesignSpace, geometry: RecipeGeometry, tables: Any) -> None:
        self.n_rows = 0
        parts = self._read(space, geometry, tables)
        first = list(islice(parts, 1))
        if not first:
            raise ValueError(
                "'candidates' has no rows. Leave it out, and candidates are made from the space."
            )
        self._parts = chain(first, parts)

    def __iter__(self) -> Iterator[pd.DataFrame]:
        return self._parts

    def _read(
        self, space: DesignSpace, geometry: RecipeGeometry, tables: Any
    ) -> Iterator[pd.DataFrame]:
        """Tables in the columns of the space, without those that have no rows."""
        for name, table in _name_tables(tables):
            rows = read_rows(space, name, table)
            if rows is not None:
                geometry.keys(rows)  # which names the cells that cannot be read
                self.n_rows += len(rows)
                yield rows


def read_candidates(
    space: DesignSpace, geometry: RecipeGeometry, tables: Any, new_molecules: bool
) -> GivenCandidates | None:
    """Experiments to choose among; None where candidates are to be made.

    Raises
    ------
    TypeError
        If they are not tables.
    ValueError
        If there is none, or new molecules are allowed in candidates that are made.
    """
    require_boolean("recommend", "new_molecules", new_molecules)
    if tables is not None:
        return GivenCandidates(space, geometry, tables)
    if new_molecules:
        raise ValueError(
            "new_molecules=True is for candidates that you give. Without them, add molecules to "
            "the space with DesignSpace.extend."
        )
    return None


def _name_tables(tables: Any) -> Iterator[tuple[str, Any]]:
    """Tables with their names in messages."""
    tables = as_pandas(tables)
    if isinstance(tables, pd.DataFrame | str) or not isinstance(tables, Iterable):
        yield "candidates", tables
        return
    for number, table in enumerate(tables):
        yield f"candidates[{number}]", table
