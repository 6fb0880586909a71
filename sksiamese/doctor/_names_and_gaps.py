"""Checks of names, of gaps, and of molecules that are rather names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from sksiamese._checks import listed, shorten
from sksiamese.tables._does_not_apply import find_reason
from sksiamese.tables._read_column import TableColumn
from sksiamese.tables.reading._cell_meaning import is_abbreviation
from sksiamese.tables.reading._findings import Finding, describe_rows, plural

_TRUTH = {"yes", "no", "y", "n", "true", "false", "on", "off", "with", "without"}
_RATIO = re.compile(r"[0-9.]+\s*[:/]\s*[0-9.]+")
_METALS = {"[Li]", "[Na]", "[K]", "[Rb]", "[Cs]", "[Mg]", "[Ca]", "[Sr]", "[Ba]"}
_LEAST_RECURRING = 3  # names that stand beside their molecule in two rows or more
_MOST_ODD = 0.05  # share of the rows that may pair a name with another molecule
_SHOWN = 4  # values that a message lists


def check_category(column: TableColumn) -> Iterator[Finding]:
    """Say of names that the models know nothing of others; truth values have no others."""
    names = list(dict.fromkeys(str(cell) for cell in _present(column)))
    if {name.casefold() for name in names} <= _TRUTH or len(names) < 2:
        return
    message = f"{len(names)} names without a structure: nothing is known of a new one."
    cure = "Write SMILES, if they are molecules."
    if all(map(_RATIO.fullmatch, names)):
        message = f"Texts such as {shorten(names[0])} are names to the models, not numbers."
        cure = "Write a number, such as 0.5 for 1:2, if more and less of it should mean something."
    yield column.finding("no_structure", "warning", None, message, cure)


def check_names(column: TableColumn) -> Iterator[Finding]:
    """Find molecules that may be meant as names, or that lost their charges."""
    texts = dict.fromkeys(cell for cell in _present(column) if isinstance(cell, str))
    names = [text for text in texts if is_abbreviation(text)]
    if names:
        message = f"{listed(names[:_SHOWN])} can be read as SMILES, but may be an abbreviation."
        cure = "Write the structure, if so."
        yield column.finding("name_as_smiles", "warning", None, message, cure)
    rows = [row for row, key in enumerate(column.keys) if _has_neutral_metal(key)]
    if rows:
        where = describe_rows(column.labels[row] for row in rows)
        message = f"A neutral metal stands beside another molecule in {where}."
        cure = "Write a salt with its charges, such as [Na+].CC(=O)[O-]."
        yield column.finding("neutral_metal", "warning", None, message, cure)


def check_name_beside(column: TableColumn, others: Sequence[TableColumn]) -> Iterator[Finding]:
    """Find rows where a name and a molecule do not go together as they do in all others.

    `others` are the columns of molecules. A column names the molecules of another one if a name has
    its molecule, and a molecule its name, but for a few rows, and three such pairs recur.
    """
    names = [" ".join(str(cell).split()).casefold() for cell in column.cells]
    for molecules in others:
        rows = [row for row, key in enumerate(molecules.keys) if key and not column.missing[row]]
        pairs = {row: (names[row], molecules.keys[row]) for row in rows}
        counts = Counter(pairs.values())
        by_count = [pair for pair, _ in reversed(counts.most_common())]
        of_name, of_molecule = {pair[0]: pair for pair in by_count}, {p[1]: p for p in by_count}
        settled = {pair for pair in by_count if of_name[pair[0]] == pair == of_molecule[pair[1]]}
        odd = [row for row in rows if pairs[row] not in settled]
        n_recurring = sum(counts[pair] > 1 for pair in settled)
        if n_recurring < _LEAST_RECURRING or len(odd) > max(1, _MOST_ODD * len(rows)):
            continue
        example = {pair: row for row, pair in pairs.items()}
        for row in odd:
            name, key = pairs[row]
            usual = of_molecule[key] if of_molecule[key][0] != name else of_name[name]
            yield _describe_odd_pair(column, molecules, row, example[usual], counts[usual])


def _describe_odd_pair(
    column: TableColumn, molecules: TableColumn, row: int, example: int, n_usual: int
) -> Finding:
    """Describe a row by another one that has the same molecule, or else the same name."""
    is_same_molecule = molecules.keys[row] == molecules.keys[example]
    there = column if is_same_molecule else molecules
    message = (
        f"It stands beside {shorten(molecules.cells[row])} in {molecules.name!r}, and in "
        f"{plural(n_usual, 'other row')} that {'molecule' if is_same_molecule else 'name'} stands "
        f"beside {shorten(there.cells[example])}."
    )
    cure = "Correct the one or the other; while they differ, a plate may pair any of them."
    return column.finding("name_and_molecule", "warning", row, message, cure)


def _has_neutral_metal(key: str) -> bool:
    parts = set(key.split("."))
    return len(parts) > 1 and bool(parts & _METALS)


def _present(column: TableColumn) -> list[Any]:
    return [c for c, is_gap in zip(column.cells, column.missing, strict=True) if not is_gap]


def check_gaps(column: TableColumn, others: Sequence[TableColumn]) -> Iterator[Finding]:
    """Say what is made of cells without a number: "does not apply", or unknown."""
    rows = np.flatnonzero(column.missing)
    if not len(rows):
        return
    cells = [(each.name, each.values) for each in others if not each.strange.any()]
    reason = find_reason(column.missing, cells)
    if reason is not None:
        shown = ", ".join(shorten(value) if value else "empty" for value in reason.values[:_SHOWN])
        more = " ..." if len(reason.values) > _SHOWN else ""
        message = f"It is filled where {reason.column!r} is {shown}{more}, and nowhere else."
        cure = "Nothing to do, if it does not apply elsewhere."
        yield column.finding("does_not_apply", "warning", None, message, cure)
        return
    cure = "Fill it in or drop the row; the models take the mean, and a mark that it is unknown."
    if len(rows) == 1:
        yield column.finding("missing", "warning", rows[0], "There is no number.", cure)
        return
    where = describe_rows(column.labels[row] for row in rows.tolist())
    message = f"There is no number in {plural(len(rows), 'cell')}, {where}."
    yield column.finding("missing", "warning", None, message, cure)
