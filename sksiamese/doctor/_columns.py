"""Checks of single columns: cells, molecules, numbers, units and outcomes."""

from __future__ import annotations

import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sksiamese._checks import plain_label, shorten, some_of
from sksiamese.doctor._names_and_gaps import (
    check_category,
    check_gaps,
    check_name_beside,
    check_names,
)
from sksiamese.doctor._unit_groups import Suspects, find_suspects
from sksiamese.molecules._canonical import why_unreadable
from sksiamese.tables._column_kinds import LARGEST_NUMBER, cell_kind, column_kind, is_usable_number
from sksiamese.tables._labels import read_labels
from sksiamese.tables._read_column import TableColumn
from sksiamese.tables.encoding._encoder import OWN_MOLECULES
from sksiamese.tables.reading._cell_meaning import is_missing
from sksiamese.tables.reading._findings import Finding, describe_rows
from sksiamese.tables.reading._quantity_in_name import Quantity, find_quantity, neighbour_unit
from sksiamese.tables.reading._typed_numbers import advise_on_text

_RARE_GAPS = 0.2  # share of rows without a molecule up to which a gap may be a slip
_MOST_ODD = 0.2  # share of impossible numbers beyond which a column's name was misunderstood
_SMALL_CLASS = 0.1  # share of rows
_FEWEST = 5  # numbers that are judged together
_SHOWN = 5  # cells that a message lists
_CURES = 3  # of them

_Bools = npt.NDArray[np.bool_]
_Floats = npt.NDArray[np.float64]


def check_column(
    column: TableColumn, original: pd.Series, others: Sequence[TableColumn]
) -> Iterator[Finding]:
    """Check a column that the models take; `original` is the same as it came.

    `others` are the columns of molecules and names, which may say why it is empty.
    """
    if column.kind == "molecule":
        yield from _check_molecule_cells(column)
        yield from _check_spellings(column)
        yield from _check_recurrence(column)
        yield from check_names(column)
    if column.kind == "text":
        yield from check_category(column)
        yield from check_name_beside(column, [each for each in others if each.keys])
    if column.kind == "number":
        yield from _check_number_cells(column)
        yield from check_gaps(column, others)
        yield from check_quantity(column)
    yield from _check_variation(column)
    if column.kind == "molecule" and not column.strange.any():
        yield from _check_kind(column, original)
    if column.kind == "number" and not column.strange.any() and not column.is_text:
        yield from _check_kind(column, original)


def _check_molecule_cells(column: TableColumn) -> Iterator[Finding]:
    for row in np.flatnonzero(column.strange):
        cell = column.cells[row]
        yield column.finding(
            "invalid_smiles",
            "error",
            row,
            f"{shorten(cell)} cannot be read as SMILES{why_unreadable(cell)}.",
            "Correct the text, or leave the cell empty where there is no molecule.",
        )
    if 0 < column.missing.mean() <= _RARE_GAPS:
        for row in np.flatnonzero(column.missing):
            cure = "Fill it in; leave it empty if none was used."
            message = "There is no molecule, unlike in most rows."
            yield column.finding("missing", "warning", row, message, cure)


def _check_spellings(column: TableColumn) -> Iterator[Finding]:
    """Find the rarer spellings of molecules that are written in several ways."""
    rows_of: defaultdict[str, defaultdict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for row, key in enumerate(column.keys):
        if key:
            rows_of[key][column.cells[row].strip()].append(row)
    for key, spellings in rows_of.items():
        # Of equally frequent spellings RDKit's own is taken, or the first in the alphabet.
        usual = min(spellings, key=lambda text: (-len(spellings[text]), text != key, text))
        others = [row for text, rows in spellings.items() if text != usual for row in rows]
        for row in sorted(others):
            yield column.finding(
                "two_spellings",
                "warning",
                row,
                f"{shorten(column.cells[row])} is the same molecule as {shorten(usual)}.",
                f"Write {shorten(usual)}; the models take both as one molecule.",
            )


def _check_recurrence(column: TableColumn) -> Iterator[Finding]:
    counts = Counter(key for key in column.keys if key)
    single = [row for row, key in enumerate(column.keys) if counts[key] == 1]
    if not single or len(counts) >= OWN_MOLECULES * counts.total():
        return
    occur = "occurs" if len(single) == 1 else "occur"
    yield column.finding(
        "seen_once",
        "warning",
        None,
        f"{len(single)} of {len(counts)} molecules {occur} once only: "
        f"{describe_rows(column.labels[row] for row in single)}.",
        "Trust predictions for them less, or repeat them under other conditions.",
    )


def _check_number_cells(column: TableColumn) -> Iterator[Finding]:
    yield from _check_strange_cells(column)
    if column.is_text and not column.strange.any():
        yield column.finding(
            "numbers_as_text",
            "error",
            None,
            "The numbers of the column are text.",
            "Convert the column with pandas.to_numeric; leave it out if it is not a condition.",
        )
    infinite = ~np.isnan(column.numbers) & ~is_usable_number(column.numbers) & ~column.strange
    for row in np.flatnonzero(infinite):
        yield column.finding(
            "not_finite",
            "error",
            row,
            f"{column.numbers[row]:g} is infinite or more than {LARGEST_NUMBER:g}.",
            "Correct the number, or drop the row.",
        )


def _check_strange_cells(column: TableColumn) -> Iterator[Finding]:
    """Find what stands among numbers: one finding, whatever the number of cells."""
    rows = np.flatnonzero(column.strange).tolist()
    texts = list(dict.fromkeys(shorten(plain_label(column.cells[row])) for row in rows))
    cures = list(dict.fromkeys(_advise(column.cells[row]) for row in rows))
    if len(rows) == 1:
        message = f"{texts[0]} is not a number, unlike most cells of the column."
        yield column.finding("not_a_number", "error", rows[0], message, cures[0])
    elif len(rows):
        where = describe_rows(column.labels[row] for row in rows)
        message = f"{len(rows)} cells are not numbers, in {where}: {some_of(texts, _SHOWN)}."
        cure = " ".join(cures[:_CURES])
        yield column.finding("not_a_number", "error", None, message, cure)


def _advise(cell: Any) -> str:
    if isinstance(cell, date | np.datetime64):
        return "Type the number again, in a cell of numbers: a spreadsheet made a date of it."
    advice = advise_on_text(cell) if isinstance(cell, str) else None
    return (
        advice or "Write a number, or drop the row. Leave the column out if it is not a condition."
    )


def check_quantity(column: TableColumn) -> Iterator[Finding]:
    """Compare numbers with what the column's name says that they are."""
    quantity = find_quantity(column.name)
    if quantity is None:
        return
    known = is_usable_number(column.numbers) & ~column.strange
    numbers = np.where(known, column.numbers, np.nan)
    if quantity.kind == "percentage" and _are_fractions(numbers[known]):
        message = "All numbers lie from 0 to 1, although the name says per cent."
        cure = "If they are fractions, multiply them by 100, or say so in the name."
        yield column.finding("fractions", "warning", None, message, cure)
    suspects = find_suspects(numbers, quantity)
    if suspects is not None:
        message, cure = _describe_suspects(suspects, quantity)
        for row in np.flatnonzero(suspects.is_suspect):
            yield column.finding(
                "mixed_units",
                "warning",
                row,
                f"{numbers[row]:.6g} {message}",
                cure,
            )
        numbers = np.where(suspects.is_suspect, np.nan, numbers)
    high = quantity.high
    if quantity.kind == "fraction" and np.nanmedian([0.0, *numbers]) <= 1:
        high = 1.0
    impossible = (numbers < quantity.low) | (numbers > high)
    improbable = (numbers > quantity.sane) & ~impossible
    for severity, is_odd in (("error", impossible), ("warning", improbable)):
        if is_odd.sum() > max(1.0, _MOST_ODD * known.sum()):
            continue
        for row in np.flatnonzero(is_odd):
            yield column.finding(
                "out_of_range",
                severity,
                row,
                _describe_odd(float(numbers[row]), quantity._replace(high=high)),
                "Correct the value; if it is right, say in the column's name what it is.",
            )


def _are_fractions(numbers: _Floats) -> bool:
    """Whether per cent look like fractions of one."""
    within = bool(((numbers >= 0) & (numbers <= 1)).all())
    return within and len(numbers) >= _FEWEST and bool((numbers % 1 != 0).any())


def _describe_suspects(suspects: Suspects, quantity: Quantity) -> tuple[str, str]:
    """Say what is suspicious, behind the number, and how to mend it."""
    if not suspects.factor:
        unit = "kelvin" if suspects.is_kelvin else "degC"
        action = "subtract 273.15" if suspects.is_kelvin else "add 273.15"
        return f"looks like {unit}, unlike the other values.", f"If so, {action}."
    size = max(suspects.factor, 1 / suspects.factor)
    larger, action = ("larger", "multiply") if suspects.factor > 1 else ("smaller", "divide")
    unit = neighbour_unit(quantity, suspects.factor) or "another unit"
    return (
        f"would fit the other values if it were {size:,.0f} times {larger}: is it in {unit}?",
        f"If so, {action} it by {size:,.0f}.",
    )


def _describe_odd(number: float, quantity: Quantity) -> str:
    low, high, sane = quantity.low, quantity.high, quantity.sane
    shown = f"{number:.6g}"
    if quantity.kind == "pH":
        return f"{shown} is not a valid pH (expected {low:g} to {high:g})."
    if quantity.kind == "temperature" and number < low:
        return f"{shown} lies below absolute zero, {low:g} {quantity.unit}".rstrip() + "."
    if number < low:
        return f"{shown} is negative, which a {quantity.kind} cannot be."
    if number > high:
        return f"{shown} is more than {high:g}, which a {quantity.kind} cannot be."
    return f"{shown} is more than {sane:g}, improbable for a {quantity.kind}" + (
        f" in {quantity.unit}." if quantity.unit else "."
    )


def _check_variation(column: TableColumn) -> Iterator[Finding]:
    rows = np.flatnonzero(column.usable)
    if len(rows) > 1 and not column.varies and not column.strange.any():
        cell = shorten(plain_label(column.cells[rows[0]]))
        message = f"The column is {cell} in every row."
        cure = "Leave it out or vary it; the models ignore it."
        if len(rows) < len(column.cells):
            message = f"The column is {cell} in every row that is filled; gaps are not values."
            cure = "Write what was done into the empty cells, such as 0; the models ignore it else."
        yield column.finding("constant", "warning", None, message, cure)


def _check_kind(column: TableColumn, original: pd.Series) -> Iterator[Finding]:
    """Find what the models refuse although each cell by itself can be read."""
    try:
        column_kind(original)
    except ValueError as error:
        cure = "Give the whole column one type."
        yield column.finding("mixed_kinds", "error", None, str(error), cure)


def check_outcome(outcome: TableColumn, original: pd.Series) -> Iterator[Finding]:
    """Check the outcomes as a classifier does, and how often each of them occurs."""
    if outcome.kind == "empty":
        cure = "Fill it in, or name another column."
        yield outcome.finding("empty", "error", None, "The column of outcomes is empty.", cure)
        return
    for row in np.flatnonzero(outcome.missing):
        cure = "Fill it in, or leave the row out until it is measured."
        yield outcome.finding("missing", "error", row, "There is no outcome.", cure)
    kinds = Counter(cell_kind(c) for c in outcome.cells if not is_missing(c))
    usual = max(kinds, key=lambda kind: (kinds[kind], kind))
    if len(kinds) > 1:
        yield from _check_label_kinds(outcome, usual)
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # many classes show below, as small ones
            labels = read_labels(original[~outcome.missing])
            classes, counts = np.unique(labels, return_counts=True)
    except (TypeError, ValueError) as error:
        cure = "Give each row one of a few labels of one type, such as 1 for success, else 0."
        yield outcome.finding("no_classes", "error", None, str(error), cure)
        return
    yield from _check_classes(outcome, [plain_label(label) for label in classes], counts.tolist())


def _check_label_kinds(outcome: TableColumn, usual: str) -> Iterator[Finding]:
    """Find the labels of another type than most; such labels cannot be sorted."""
    for row, cell in enumerate(outcome.cells):
        if not is_missing(cell) and cell_kind(cell) != usual:
            message = (
                f"{shorten(cell)} ({type(cell).__name__}) is of another type than most labels."
            )
            yield outcome.finding(
                "mixed_labels", "error", row, message, "Write it as the other rows do."
            )


def _check_classes(
    outcome: TableColumn, classes: list[Any], counts: list[int]
) -> Iterator[Finding]:
    n = sum(counts)
    if len(classes) == 1:
        message = f"All {n:,} outcomes are {shorten(classes[0])}."
        cure = "Add experiments with another outcome: a classifier needs two classes."
        yield outcome.finding("one_class", "error", None, message, cure)
        return
    cure = (
        "Add experiments with this outcome, and judge models by a score that heeds rare classes, "
        "such as MCC."
    )
    for label, count in zip(classes, counts, strict=True):
        if count == 1 or count < _SMALL_CLASS * n:
            are = "is" if count == 1 else "are"
            message = f"{count:,} of {n:,} outcomes {are} {shorten(label)}."
            yield outcome.finding("small_class", "warning", None, message, cure)
