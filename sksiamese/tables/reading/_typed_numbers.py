"""Texts that people type where a number belongs, and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from sksiamese.tables.reading._quantity_in_name import is_unit

_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_PLAIN = re.compile(_NUMBER)
_CODE = re.compile(r"0[0-9]+")
_DECIMAL_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")
_HOURS = "Write the hours, such as 16."
_WARMTH = "Write the temperature, such as 25."
_WORDS = {
    **dict.fromkeys(["overnight", "over night", "o/n", "o.n.", "über nacht"], _HOURS),
    **dict.fromkeys(["rt", "r.t.", "room temperature", "ambient", "raumtemperatur"], _WARMTH),
    **dict.fromkeys(["inf", "-inf", "infinity"], "Write a finite number, or leave the cell empty."),
    "reflux": "Write the temperature, that at which the solvent boils.",
}
_NO_VALUE = {"na", "n/a", "n.a.", "nan", "nd", "n.d.", "none", "null", "-", "--", "?", "tbd"}


def plain_number(text: str) -> float | None:
    """Read a text that is a decimal number and nothing else; None for any other.

    Stricter than ``float``, which also takes "nan", "1_000" and the digits of other scripts.

    Examples
    --------
    >>> from sksiamese.tables.reading._typed_numbers import plain_number
    >>> plain_number(" 2.5e-3 "), plain_number("1_000")
    (0.0025, None)
    """
    return float(text) if _PLAIN.fullmatch(text.strip()) else None


def is_number_text(text: str) -> bool:
    """Whether a text is a number, with a decimal point or a decimal comma."""
    return plain_number(text) is not None or bool(_DECIMAL_COMMA.fullmatch(text.strip()))


def are_codes(texts: Iterable[str]) -> bool:
    """Whether some texts begin with zeros that belong to them, as catalogue numbers do.

    Examples
    --------
    >>> from sksiamese.tables.reading._typed_numbers import are_codes
    >>> are_codes(["0012", "450"]), are_codes(["0", "0.5"])
    (True, False)
    """
    return any(_CODE.fullmatch(text.strip()) for text in texts)


def advise_on_text(text: str) -> str | None:
    """Say what to write instead of a text that was meant as a number; None if it was not.

    Examples
    --------
    >>> from sksiamese.tables.reading._typed_numbers import advise_on_text
    >>> advise_on_text("1,5")
    'Write 1.5, with a decimal point.'
    """
    text = text.strip().replace("\N{MINUS SIGN}", "-")
    if text.casefold() in _WORDS:
        return _WORDS[text.casefold()]
    if text.casefold() in _NO_VALUE:
        return "Leave the cell empty, then fill it in or drop the row."
    for pattern, advise in _ADVICE:
        match = pattern.fullmatch(text)
        if match and is_unit(match.groupdict().get("unit") or "%"):
            return advise(match)
    return None


def _advise_on_number(match: re.Match[str]) -> str:
    return f"Make it the number {match['value']}; the cell holds text."


def _advise_on_comma(match: re.Match[str]) -> str:
    whole, digits = match["whole"], match["digits"]
    if len(digits) == 3 and whole.lstrip("+-0"):
        return f"Write {whole}.{digits}, or {whole}{digits} if the comma separates thousands."
    return f"Write {whole}.{digits}, with a decimal point."


def _advise_on_thousands(match: re.Match[str]) -> str:
    return f"Write {match[0].replace(',', '')}, without commas."


def _advise_on_guess(match: re.Match[str]) -> str:
    return f"Write {match['value']}, and put the doubt into a column of notes."


def _advise_on_limit(match: re.Match[str]) -> str:
    return f"Write a number by one rule for the whole column, such as the limit {match['value']}."


def _advise_on_uncertainty(match: re.Match[str]) -> str:
    return f"Write {match['value']}, and put the uncertainty into a column of its own."


def _advise_on_range(match: re.Match[str]) -> str:
    middle = (float(match["low"]) + float(match["high"])) / 2
    return f"Write one number, such as the middle, {middle:.6g}."


def _advise_on_unit(match: re.Match[str]) -> str:
    return (
        f"Write {match['value']}, converted if {match['unit']} is not the column's unit. The unit "
        "belongs into the column's name."
    )


_VALUE = rf"(?P<value>{_NUMBER})"
_UNIT = r"(?:\s*(?P<unit>[^\d\s.,<>+-].*))?"
_ADVICE: list[tuple[re.Pattern[str], Callable[[re.Match[str]], str]]] = [
    (re.compile(pattern, re.IGNORECASE), advise)
    for pattern, advise in [
        (_VALUE, _advise_on_number),
        (r"(?P<whole>[+-]?[0-9]+),(?P<digits>[0-9]+)", _advise_on_comma),
        (r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]+", _advise_on_thousands),
        (rf"(?:ca\.?|circa|about|approx\.?|~|≈)\s*{_VALUE}{_UNIT}", _advise_on_guess),
        (rf"[<>≤≥]=?\s*{_VALUE}{_UNIT}", _advise_on_limit),
        (rf"{_VALUE}\s*(?:±|\+/-|\+-)\s*{_NUMBER}{_UNIT}", _advise_on_uncertainty),
        (r"(?P<low>[0-9]+\.?[0-9]*)\s*(?:-|–|to)\s*(?P<high>[0-9]+\.?[0-9]*)", _advise_on_range),
        (rf"{_VALUE}{_UNIT}", _advise_on_unit),
    ]
]
