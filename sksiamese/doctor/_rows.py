"""Checks that compare whole rows: copies, and replicates that contradict each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sksiamese._checks import plain_label, shorten
from sksiamese.tables._read_column import TableColumn
from sksiamese.tables._recipes import recipe_cells, whole_cells
from sksiamese.tables.reading._findings import Finding, describe_rows, plural

_Groups = Iterable[list[int]]

_AS_GROUPS = (
    "give cross-validation their recipe as groups, with GroupKFold and "
    "groups=sksiamese.model_selection.recipe_groups(X)"
)


def check_copies(columns: Sequence[TableColumn]) -> Iterator[Finding]:
    """Find rows that are the same in every column; molecules may be spelled in two ways."""
    parts = [whole_cells(column) for column in columns]
    labels = columns[0].labels
    blank = np.all([column.missing for column in columns], axis=0)
    for rows in _groups(parts, np.flatnonzero(~blank)):
        message = f"The same in every column: {describe_rows(labels[row] for row in rows)}."
        cure = f"Delete the copies. Keep replicates that were really done, and {_AS_GROUPS}."
        yield Finding("duplicate", "warning", None, None, None, message, cure)


def check_replicates(
    columns: Sequence[TableColumn], outcome: TableColumn, table: Sequence[TableColumn]
) -> Iterator[Finding]:
    """Find rows of one recipe, with different outcomes or the same; not rows with faults.

    Rows that are the same in every column of the `table` are copies, which another check finds.
    """
    recipe = list(columns)
    usable = np.all([~outcome.missing, *(column.usable for column in recipe)], axis=0)
    parts = [recipe_cells(column) for column in recipe]
    agreeing, whole = [], list(zip(*map(whole_cells, table), strict=True))
    for rows in _groups(parts, np.flatnonzero(usable)) if recipe else ():
        given: defaultdict[str, list[Any]] = defaultdict(list)
        for row in rows:
            given[shorten(plain_label(outcome.cells[row]))].append(outcome.labels[row])
        if len(given) == 1:
            agreeing += [rows] if len({whole[row] for row in rows}) > 1 else []
            continue
        story = " and ".join(f"{label} in {describe_rows(given[label])}" for label in sorted(given))
        message = f"The same recipe gave {story}."
        cure = "Check these rows. If they are right, add what differed as a column."
        yield outcome.finding("contradictory", "warning", None, message, cure)
    if agreeing:
        yield _describe_replicates(agreeing, outcome.labels)


def _describe_replicates(groups: list[list[int]], labels: Sequence[Any]) -> Finding:
    """Say that folds of single rows would test on recipes that they trained on."""
    n_rows = sum(map(len, groups))
    message = (
        f"{n_rows:,} rows repeat {plural(len(groups), 'recipe')} with the same outcome; the first "
        f"are {describe_rows(labels[row] for row in groups[0])}. Folds that part them test on what "
        "they trained on, and scores come out too high."
    )
    cure = f"{_AS_GROUPS[0].upper()}{_AS_GROUPS[1:]}."
    return Finding("replicates", "warning", None, None, None, message, cure)


def _groups(parts: Sequence[Sequence[Hashable]], rows: npt.NDArray[np.intp]) -> _Groups:
    """Rows that are equal in all parts, in groups of two or more."""
    found: defaultdict[tuple[Hashable, ...], list[int]] = defaultdict(list)
    cells = list(zip(*parts, strict=True))
    for row in rows.tolist():
        found[cells[row]].append(row)
    return [group for group in found.values() if len(group) > 1]
