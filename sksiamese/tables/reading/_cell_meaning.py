"""What cells of a table stand for: molecules or names, nothing, dates."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import pandas as pd
from pandas.api import types as pandas_types

from sksiamese.molecules._canonical import canonical_key

_NOTHING = {"", "na", "n/a", "n.a.", "#n/a", "nan", "nd", "n.d.", "null", "?", "tbd", "<na>"}
_NOTHING |= {"\N{EM DASH}", "\N{EN DASH}"}
_NONE = {"none", "-", "--"}  # in a column of labels these may be one

# Abbreviations of reagents that RDKit reads as SMILES.
_ABBREVIATIONS = {"NBS", "NCS", "NIS", "NFSI", "PCC", "BOP", "PBS", "CBS", "CSF", "SO", "RT"}
_CODE = re.compile(r"[A-Za-z]{1,2}-?[0-9]{0,3}|I{1,3}")  # letters and numbers of things in a list

_DATE = re.compile(
    r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})"
    r"|\d{1,2}[- ](?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?[- ]\d{2,4})"
    r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?",
    re.IGNORECASE,
)
_REACTION = re.compile(r"\S*>\S*>\S*")


def holds_molecules(texts: Iterable[str]) -> bool:
    """Whether texts are molecules: one of them is SMILES or InChI, and not by chance alone.

    Names such as NBS are SMILES too, and so are the letters B and C: they show nothing where other
    texts, or letters, are none.

    Examples
    --------
    >>> from sksiamese.tables.reading._cell_meaning import holds_molecules
    >>> holds_molecules(["CCO", "C(C"]), holds_molecules(["PPh3", "NBS"])
    (True, False)
    >>> holds_molecules(["A", "B", "C"])
    False
    """
    distinct = [text.strip() for text in dict.fromkeys(texts)]
    good = [text for text in distinct if canonical_key(text) and not is_abbreviation(text)]
    bad = [text for text in distinct if canonical_key(text) is None]
    if bad and all(map(_CODE.fullmatch, bad)):
        return any(not _CODE.fullmatch(text) for text in good)
    return bool(good) or (not bad and any(map(is_abbreviation, distinct)))


def is_abbreviation(text: str) -> bool:
    """Whether a text is the abbreviation of a reagent, although it can be read as SMILES."""
    return text.strip() in _ABBREVIATIONS


def is_missing(cell: Any) -> bool:
    """Whether a cell holds nothing: None, NaN, NA or blank text."""
    if isinstance(cell, str):
        return not cell.strip()
    # pandas reads a list or an array in a cell element by element, hence is_scalar.
    return bool(pandas_types.is_scalar(cell) and pd.isna(cell))


def stands_for_nothing(text: str, is_label: bool = False) -> bool:
    """Whether a text is a code for an empty cell; a label may be called "none" or "-"."""
    word = text.strip().casefold()
    return word in _NOTHING or (not is_label and word in _NONE)


def is_date(text: str) -> bool:
    """Whether a text is a date, with or without a time."""
    return bool(_DATE.fullmatch(text.strip()))


def is_reaction(text: str) -> bool:
    """Whether a text is reaction SMILES.

    Examples
    --------
    >>> from sksiamese.tables.reading._cell_meaning import is_reaction
    >>> is_reaction("CCBr.OC>>CCOC"), is_reaction("<5")
    (True, False)
    """
    match = _REACTION.fullmatch(text.strip())
    return bool(match) and any(map(canonical_key, text.strip().split(">")))
