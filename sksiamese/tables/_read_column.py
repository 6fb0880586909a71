"""Columns of a table typed by hand: what each holds, and the cells that hold something else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from sksiamese.molecules._canonical import canonical_key, smiles_of_mols
from sksiamese.molecules._graph import MolGraph
from sksiamese.tables._column_kinds import (
    cell_kind,
    column_kind,
)
from sksiamese.tables.reading._cell_meaning import holds_molecules, is_missing
from sksiamese.tables.reading._findings import Finding
from sksiamese.tables.reading._typed_numbers import (
    advise_on_text,
    are_codes,
    is_number_text,
    plain_number,
)


class TableColumn(NamedTuple):
    """A column, read cell by cell.

    Parameters
    ----------
    name : str
        Its name.
    labels : sequence of length n_rows
        Labels of the rows.
    kind : {"molecule", "number", "text", "empty", "other", "outcome"}
        What it holds; the models take the first two, and leave out empty ones.
    cells : list of object of length n_rows
        The cells; text for MolGraphs.
    missing : ndarray of shape (n_rows,)
        Which cells hold nothing.
    strange : ndarray of shape (n_rows,)
        Which cells hold something that the column's kind forbids.
    keys : list of str of length n_rows
        Canonical SMILES of a molecule column; "" where there is no molecule or a strange one.
    numbers : ndarray of shape (n_rows,)
        Numbers of a numeric column, also those held as text; NaN where there is none.
    is_text : bool
        Whether a numeric column holds text alone, so that a number in text is not strange there.
    """

    name: str
    labels: Sequence[Any]
    kind: str
    cells: list[Any]
    missing: npt.NDArray[np.bool_]
    strange: npt.NDArray[np.bool_]
    keys: list[str]
    numbers: npt.NDArray[np.float64]
    is_text: bool

    @property
    def usable(self) -> npt.NDArray[np.bool_]:
        """Which cells (n_rows,) can be compared with others; no molecule is a recipe too."""
        gaps = self.kind == "number"
        return ~self.strange & ~(self.missing & gaps)

    @property
    def varies(self) -> bool:
        """Whether a column of molecules, numbers or names has two different values."""
        known = self.numbers[~np.isnan(self.numbers)]
        names = {str(cell) for cell in self.cells} if self.kind == "text" else ()
        return max(len({*self.keys}), len({*known.tolist()}), len(names)) > 1

    @property
    def values(self) -> list[Any]:
        """Molecules or names (n_rows,), "" where there is none."""
        names = zip(self.cells, self.missing, strict=True)
        return self.keys or ["" if is_gap else cell for cell, is_gap in names]

    def finding(
        self, check: str, severity: str, row: int | np.integer[Any] | None, message: str, cure: str
    ) -> Finding:
        """Make a finding at a place of the column, or about all of it where `row` is None."""
        label, cell = (None, None) if row is None else (self.labels[int(row)], self.cells[int(row)])
        return Finding(check, severity, self.name, label, cell, message, cure)


def read_column(column: pd.Series, labels: Sequence[Any], kind: str | None = None) -> TableColumn:
    """Read a column; find its kind out if none is given."""
    if kind in (None, "number") and column.dtype.kind in "iuf":
        return _read_numbers(column, labels)
    typed = smiles_of_mols(column.astype(object))
    cells = [cell.smiles if isinstance(cell, MolGraph) else cell for cell in typed]
    missing = np.fromiter(map(is_missing, cells), bool, len(cells))
    present = [cell for cell, is_gap in zip(cells, missing, strict=True) if not is_gap]
    kind = "empty" if not present else kind or _find_kind(column, present)
    strange = np.zeros(len(cells), bool)
    keys: list[str] = []
    numbers = np.full(len(cells), np.nan)
    is_text = kind == "number" and all(isinstance(cell, str) for cell in present)
    if kind == "molecule":
        found = [canonical_key(cell) for cell in cells]
        strange = np.array([key is None for key in found], bool)
        keys = [key or "" for key in found]
    elif kind == "number":
        numbers = np.array([_number(cell) for cell in cells], np.float64)
        plain = np.array([cell_kind(cell) == "number" for cell in cells], bool)
        strange = ~missing & ~plain & (np.isnan(numbers) | (not is_text))
    name = str(column.name)
    return TableColumn(name, labels, kind, cells, missing, strange, keys, numbers, is_text)


def _read_numbers(column: pd.Series, labels: Sequence[Any]) -> TableColumn:
    """Read a column whose type tells that it holds numbers."""
    numbers = column.to_numpy(np.float64, na_value=np.nan)
    missing = np.isnan(numbers)
    kind = "empty" if missing.all() else "number"
    strange = np.zeros(len(numbers), bool)
    cells = column.tolist()
    return TableColumn(str(column.name), labels, kind, cells, missing, strange, [], numbers, False)


def _number(cell: Any) -> float:
    if isinstance(cell, str):
        number = plain_number(cell)
        return np.nan if number is None else number
    return float(cell) if not is_missing(cell) and cell_kind(cell) == "number" else np.nan


def _find_kind(column: pd.Series, present: list[Any]) -> str:
    """Kind that :func:`column_kind` finds, or that most cells have where that refuses the column.

    It also calls names and numbers written as text "molecule", as the models read all text.
    """
    try:
        kind = column_kind(column)
    except ValueError:
        kind = "mixed"
    if kind == "number":
        return kind
    texts = [cell for cell in present if isinstance(cell, str)]
    n_numbers = sum(not isinstance(c, str) and cell_kind(c) == "number" for c in present)
    n_numbers += sum(map(is_number_text, texts))
    n_meant = sum(advise_on_text(text) is not None and not is_number_text(text) for text in texts)
    if 2 * n_numbers >= len(present) or (n_numbers and 2 * (n_numbers + n_meant) > len(present)):
        is_code = _are_identifiers(present) or (len(texts) == len(present) and are_codes(texts))
        return "text" if is_code else "number"
    if 2 * len(texts) < len(present):
        return "other"
    return "molecule" if holds_molecules(texts) else "text"


def _are_identifiers(present: list[Any]) -> bool:
    """Whether all cells are text, and different whole numbers, such as catalogue numbers."""
    texts = [cell for cell in present if isinstance(cell, str) and cell.strip().isdigit()]
    return len(set(texts)) == len(present) > 1
