"""Checks that compare whole rows: copies, and replicates that contradict each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sksiamese._checks import plain_label, shorten
from sksiamese.tables._read_column import TableColumn
from sksiamese.tables.reading._cell_meaning import is_missing
from sksiamese.tables.reading._findings import Finding, describe_rows

_Groups = Iterable[list[int]]


def check_copies(columns: Sequence[TableColumn]) -> Iterator[Finding]:
    """Find rows that are the same in every column; molecules may be spelled in two ways."""
    parts = [_whole_cells(column) for column in columns]
    labels = columns[0].labels
    blank = np.all([column.missing for column in columns], axis=0)
    for rows in _groups(parts, np.flatnonzero(~blank)):
        message = f"The same in every column: {describe_rows(labels[row] for row in rows)}."
        cure = "Delete the copies; keep replicates that were really done."
        yield Finding("duplicate", "warning", None, None, None, message, cure)


def check_replicates(columns: Sequence[TableColumn], outcome: TableColumn) -> Iterator[Finding]:
    """Find rows of one recipe with different outcomes; rows with faults are left out."""
    recipe = list(columns)
    usable = np.all([~outcome.missing, *(column.usable for column in recipe)], axis=0)
    parts = [_recipe_cells(column) for column in recipe]
    for rows in _groups(parts, np.flatnonzero(usable)) if recipe else ():
        given: defaultdict[str, list[Any]] = defaultdict(list)
        for row in rows:
            given[shorten(plain_label(outcome.cells[row]))].append(outcome.labels[row])
        if len(given) == 1:
            continue
        story = " and ".join(f"{label} in {describe_rows(given[label])}" for label in sorted(given))
        message = f"The same recipe gave {story}."
        cure = "Check these rows. If they are right, add what differed as a column."
        yield outcome.finding("contradictory", "warning", None, message, cure)


def _groups(parts: Sequence[Sequence[Hashable]], rows: npt.NDArray[np.intp]) -> _Groups:
    """Rows that are equal in all parts, in groups of two or more."""
    found: defaultdict[tuple[Hashable, ...], list[int]] = defaultdict(list)
    cells = list(zip(*parts, strict=True))
    for row in rows.tolist():
        found[cells[row]].append(row)
    return [group for group in found.values() if len(group) > 1]


def _recipe_cells(column: TableColumn) -> Sequence[Hashable]:
    """Cells as they count in a recipe: six digits of a number.

    Steps of a millionth of the column's range, as candidates are compared with, would not do here:
    one slip of a unit makes the range a thousand times wider.
    """
    if column.kind == "numeric":
        return [f"{number:.6g}" for number in column.numbers]
    return column.keys if column.kind == "molecule" else [_text(c) for c in column.cells]


def _whole_cells(column: TableColumn) -> Sequence[Hashable]:
    texts = [_text(cell) for cell in column.cells]
    if column.kind == "molecule":
        return [key or text for key, text in zip(column.keys, texts, strict=True)]
    return texts


def _text(cell: Any) -> str:
    """Text that is equal for equal cells, whatever they are."""
    if is_missing(cell):
        return ""
    return repr(cell.strip() if isinstance(cell, str) else plain_label(cell))
