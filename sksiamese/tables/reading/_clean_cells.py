"""Cells as people type them, brought to numbers, names and gaps; each change is said once."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from pandas.api import types as pandas_types

from sksiamese._checks import listed
from sksiamese.molecules._canonical import smiles_of_mols
from sksiamese.tables.reading._cell_meaning import holds_molecules, is_missing, stands_for_nothing
from sksiamese.tables.reading._findings import Finding, plural
from sksiamese.tables.reading._quantity_in_name import convert, find_quantity, is_unit, plain_unit
from sksiamese.tables.reading._typed_numbers import advise_on_text, are_codes, plain_number

_SHOWN = 5  # texts that a message lists
_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")
_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+")
_GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+\.[0-9]+")
_WITH_UNIT = re.compile(r"(?P<value>[+-]?[0-9.,]+(?:[eE][+-]?[0-9]+)?)\s*(?P<unit>[^\d\s.,<>+-].*)")
_UNITS = {"equiv", "equiv.", "eq", "eq.", "mol%", "mol %", "rpm", "bar", "mbar", "psi", "atm", "Pa"}
_UNITS |= {
    "kPa",
    "MPa",
    "V",
    "mV",
    "A",
    "mA",
    "W",
    "kW",
    "nm",
    "mm",
    "cm",
    "Hz",
    "ppm",
    "x",
    "Torr",
}
_DEFAULT = {"time": "h"}  # unit of a column whose name has none


class _Changes(NamedTuple):
    """What was changed, for the findings: texts and their columns."""

    commas: Counter[str]
    groups: Counter[str]
    nothing: dict[str, Counter[str]]
    as_text: Counter[str]
    units: dict[str, str]
    spellings: dict[str, str]


def clean_cells(
    frame: pd.DataFrame, outcomes: Collection[str]
) -> tuple[pd.DataFrame, list[Finding]]:
    """Read the cells of a table.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        Cells as they stand in a file or come in a frame.
    outcomes : collection of str
        Columns of outcomes, which are left as they are but for gaps and blanks.

    Returns
    -------
    frame : DataFrame of shape (n_rows, n_columns)
        Gaps are None or NaN, numbers are numbers, molecules and names are text. Texts among numbers
        that could not be read are left, for the checks to find.
    findings : list of Finding
        One for each kind of change.
    """
    columns = {name: _plain(frame[name]) for name in frame.columns}
    has_commas = any(_has_decimal_commas(column) for column in columns.values())
    changes = _Changes(Counter(), Counter(), {}, Counter(), {}, {})
    cleaned = {
        name: _clean(column, name in outcomes, has_commas, changes)
        for name, column in columns.items()
    }
    return pd.DataFrame(cleaned, index=frame.index), list(_describe(changes))


def _plain(column: pd.Series) -> pd.Series:
    """Bring a column of any kind of text to objects, which are quick to go through."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.dtype.categories.dtype)
    is_text = pandas_types.is_string_dtype(column.dtype)
    return smiles_of_mols(column.astype(object) if is_text else column)


def _texts(column: pd.Series) -> Counter[str]:
    """Distinct texts of a column and how often each stands there."""
    if column.dtype.kind in "biufcmM":
        return Counter()
    return Counter(cell for cell in column if isinstance(cell, str))


def _has_decimal_commas(column: pd.Series) -> bool:
    texts = _texts(column)
    return any(_COMMA.fullmatch(t.strip()) and not _THOUSANDS.fullmatch(t.strip()) for t in texts)


def _clean(column: pd.Series, is_outcome: bool, has_commas: bool, changes: _Changes) -> pd.Series:
    texts = _texts(column)
    if not texts:
        return column
    name = str(column.name)
    gaps = {text for text in texts if stands_for_nothing(text, is_outcome)}
    if codes := Counter({text.strip(): texts[text] for text in gaps if text.strip()}):
        changes.nothing[name] = codes
    values: dict[str, Any] = {
        text: None if text in gaps else text if is_outcome else text.strip() for text in texts
    }
    present = {text: n for text, n in texts.items() if text not in gaps}
    if not is_outcome:
        numbers = _read_numbers(name, present, has_commas)
        others = [c for c in column if not isinstance(c, str) and not is_missing(c)]
        if _are_numbers(present, numbers, others):
            _note_numbers(name, present, numbers, changes)
            values |= {text: number for text, (number, _) in numbers.items()}
        elif {text.strip().casefold() for text in present} <= {"true", "false"}:
            values |= {text: text.strip().casefold() == "true" for text in present}
        elif not holds_molecules(present):
            values |= _merge_spellings(name, present, changes)
    cells = [values[cell] if isinstance(cell, str) else cell for cell in column]
    read = pd.Series(cells, column.index, dtype=object, name=column.name)
    return read.infer_objects()


def _read_numbers(
    name: str, texts: Iterable[str], has_commas: bool
) -> dict[str, tuple[float | int, str]]:
    """Numbers by text, with the way they were written: "", "comma", "groups" or a unit."""
    found: dict[str, tuple[float | int, str]] = {}
    measured: dict[str, tuple[float, str]] = {}
    for text in texts:
        bare = text.strip().replace("\N{MINUS SIGN}", "-")
        if (number := plain_number(bare)) is not None:
            found[text] = (int(bare) if bare.lstrip("+-").isdecimal() else number, "")
        elif has_commas and _COMMA.fullmatch(bare):
            found[text] = (float(bare.replace(",", ".")), "comma")
        elif _GROUPED.fullmatch(bare):
            found[text] = (float(bare.replace(",", "")), "groups")
        elif match := _WITH_UNIT.fullmatch(bare):
            value = match["value"].replace(",", ".") if has_commas else match["value"]
            if plain_number(value) is not None and _is_unit(match["unit"]):
                measured[text] = (float(value), match["unit"].strip())
    target = _target_unit(name, [unit for _, unit in measured.values()])
    for text, (number, unit) in measured.items():
        converted = number if unit == target else convert(number, unit, target)
        if converted is not None:
            found[text] = (converted, target)
    return found


def _is_unit(text: str) -> bool:
    return is_unit(text) or text.strip() in _UNITS


def _target_unit(name: str, units: list[str]) -> str:
    """Find the unit to bring a column to: that of its name, or the most frequent one."""
    quantity = find_quantity(name)
    if quantity is not None and quantity.unit:
        return quantity.unit
    if not units:
        return ""
    usual = Counter(units).most_common(1)[0][0]
    return next((u for u in _DEFAULT.values() if convert(1.0, usual, u) is not None), usual)


def _are_numbers(texts: Mapping[str, int], numbers: Mapping[str, Any], others: list[Any]) -> bool:
    """Whether most cells of a column are numbers, or were meant as such."""
    n_other = sum(isinstance(cell, int | float | np.number) for cell in others)
    n_numbers = sum(n for text, n in texts.items() if text in numbers) + n_other
    meant = [t for t in texts if t not in numbers and advise_on_text(t) is not None]
    n_meant = sum(texts[text] for text in meant)
    n_cells = sum(texts.values()) + len(others)
    if not others and are_codes(texts):
        return False
    return 2 * n_numbers >= n_cells > 0 or (n_numbers > 0 and 2 * (n_numbers + n_meant) > n_cells)


def _note_numbers(
    name: str, texts: Mapping[str, int], numbers: Mapping[str, tuple[Any, str]], changes: _Changes
) -> None:
    of_way: defaultdict[str, list[str]] = defaultdict(list)
    for text, (_, way) in numbers.items():
        of_way[way].append(text)
    for way, noted in (
        ("comma", changes.commas),
        ("groups", changes.groups),
        ("", changes.as_text),
    ):
        if of_way[way]:
            noted[name] = sum(texts[text] for text in of_way.pop(way))
    for way in [way for way in of_way if of_way[way]]:
        count = sum(texts[text] for text in of_way[way])
        unit = {"h": "hours"}.get(plain_unit(way), way)
        shown = listed(of_way[way][:_SHOWN])
        changes.units[name] = f"{plural(count, 'cell')} such as {shown} were read as {unit}."


def _merge_spellings(name: str, texts: Mapping[str, int], changes: _Changes) -> dict[str, str]:
    """Take names that differ in capitals and blanks alone as the most frequent of them."""
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for text in texts:
        groups[" ".join(text.split()).casefold()].append(text)
    usual = {
        text: max(same, key=lambda t: (texts[t], t)).strip()
        for same in groups.values()
        for text in same
    }
    merged = [listed(same) for same in groups.values() if len(same) > 1]
    if merged:
        changes.spellings[name] = "; ".join(merged[:_SHOWN])
    return usual


# -- What is said ----------------------------------------------------------------------------------


def _describe(changes: _Changes) -> Iterable[Finding]:
    if changes.commas:
        yield _about(
            *("decimal_commas", changes.commas, "{} with a decimal comma were read as numbers."),
            "Look at one of them; nothing to do, if it is right.",
        )
    if changes.groups:
        yield _about(
            *("thousands", changes.groups, "{} with commas between thousands were read."),
            "Look at one of them; nothing to do, if it is right.",
        )
    if changes.as_text:
        yield _about(
            *("numbers_as_text", changes.as_text, "{} with numbers as text were read as numbers."),
            "Nothing to do, if it is right.",
        )
    if changes.nothing:
        codes = sorted({code for counts in changes.nothing.values() for code in counts})
        counts = Counter({name: sum(codes.values()) for name, codes in changes.nothing.items()})
        message = f"{{}} such as {listed(codes[:_SHOWN])} were read as empty."
        cure = "Leave such cells empty; if it is a name, write it out."
        yield _about("missing_codes", counts, message, cure)
    for name, message in changes.units.items():
        cure = "Look at one of them. The unit belongs into the column's name."
        yield Finding("units_in_cells", "warning", name, None, None, message, cure)
    for name, texts in changes.spellings.items():
        message = f"These were taken as one: {texts}."
        cure = "Write each name in one way, or give different things names that differ."
        yield Finding("spellings", "warning", name, None, None, message, cure)


def _about(check: str, counts: Mapping[str, int], message: str, cure: str) -> Finding:
    """Make one finding about some columns."""
    cells = plural(sum(counts.values()), "cell")
    if len(counts) == 1:
        name = next(iter(counts))
        return Finding(check, "warning", name, None, None, message.format(cells), cure)
    where = f"{cells} (in {listed(counts)})"
    return Finding(check, "warning", None, None, None, message.format(where), cure)
