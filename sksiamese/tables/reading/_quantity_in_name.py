"""What the name of a column says of its numbers: quantity, unit, and which values make sense."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np


class Quantity(NamedTuple):
    """A physical quantity in a unit.

    Parameters
    ----------
    kind : str
        Such as "temperature"; "a pH" for pH.
    unit : str
        As the column's name writes it; "" where it names none.
    low, high : float
        No value can lie beyond these.
    sane : float
        Values above this one are improbable.
    """

    kind: str
    unit: str
    low: float
    high: float = np.inf
    sane: float = np.inf


# Scales of units in the unit of their kind.
_SCALES: dict[str, dict[str, float]] = {
    "concentration": {
        **{"M": 1.0, "mM": 1e-3, "uM": 1e-6, "nM": 1e-9, "pM": 1e-12},
        **{"mol/L": 1.0, "mmol/L": 1e-3, "umol/L": 1e-6, "nmol/L": 1e-9},
    },
    "mass concentration": {
        **{"g/L": 1.0, "mg/L": 1e-3, "ug/L": 1e-6, "ng/L": 1e-9},
        **{"g/mL": 1e3, "mg/mL": 1.0, "ug/mL": 1e-3, "ng/mL": 1e-6},
    },
    "volume": {"L": 1.0, "mL": 1e-3, "uL": 1e-6, "nL": 1e-9},
    "mass": {"kg": 1e3, "g": 1.0, "mg": 1e-3, "ug": 1e-6},
    "amount": {"mol": 1.0, "mmol": 1e-3, "umol": 1e-6, "nmol": 1e-9},
    "time": {"s": 1.0, "ms": 1e-3, "min": 60.0, "h": 3600.0, "d": 86400.0},
}
_SPELLINGS = {
    **{"sec": "s", "second": "s", "seconds": "s", "minute": "min", "minutes": "min", "mins": "min"},
    **{"hr": "h", "hrs": "h", "hour": "h", "hours": "h", "day": "d", "days": "d"},
    **{"ml": "mL", "ul": "uL", "nl": "nL", "l": "L", "mol/l": "mol/L", "mmol/l": "mmol/L"},
    **{"g/l": "g/L", "mg/l": "mg/L", "mg/ml": "mg/mL", "ug/ml": "ug/mL", "molar": "M"},
    **{"degC": "C", "°C": "C", "deg C": "C", "celsius": "C", "Celsius": "C", "c": "C"},
    **{"kelvin": "K", "Kelvin": "K", "k": "K", "degF": "F", "°F": "F", "f": "F"},
    **{"pct": "%", "percent": "%", "wt%": "%", "vol%": "%", "at%": "%", "w%": "%", "v%": "%"},
    **{"wt.%": "%", "vol.%": "%", "at.%": "%"},
}
_KIND_OF = {unit: kind for kind, units in _SCALES.items() for unit in units}
_TEMPERATURES = {"C": (-273.15, 2000.0), "K": (0.0, 2300.0), "F": (-459.67, 3600.0)}
_MOST_MOLAR = 60.0  # mol/L; water in water has 55
_WORDS = {
    "temperature": {"temperature", "temp", "T"},
    "time": {"time", "duration", "t", "reactiontime", "age", "ageing", "aging", "incubation"},
    "volume": {"volume", "vol", "v"},
    "mass": {"mass", "weight", "m"},
    "concentration": {"concentration", "conc"},
}
# Names with these are derived from a quantity, so its limits do not hold.
_DERIVED = {
    *("delta", "diff", "difference", "change", "shift", "slope", "rate", "ratio", "std", "sd"),
    *("sem", "error", "err", "log", "log10", "ln", "residual", "offset", "relative", "scaled"),
    *(
        "normalized",
        "normalised",
        "norm",
        "z",
        "zscore",
        "coefficient",
        "inverse",
        "potential",
        "mv",
    ),
}
_UNBOUNDED_PERCENT = {"ee", "de", "inhibition", "activity", "recovery", "mol", "growth", "gain"}
_MEASURED_PERCENT = {"yield", "conversion", "purity", "efficiency"}
_PERCENT_BY_NAME = {"yield", "conversion", "ausbeute", "umsatz"}  # per cent whatever the unit
_LEAST_PERCENT, _MOST_PERCENT = -5.0, 120.0  # that a measurement of 0 or 100 % may give

_BRACKETS = re.compile(r"[\[(]\s*([^\[\]()]+?)\s*[\])]\s*$")
_SLASH = re.compile(r"\s/\s*(\S+(?:/\S+)?)\s*$")


def find_quantity(name: str) -> Quantity | None:
    """Tell the quantity and the unit that a column's name states, None where it states none.

    Examples
    --------
    >>> from sksiamese.tables.reading._quantity_in_name import find_quantity
    >>> find_quantity("temperature_C").low
    -273.15
    >>> find_quantity("HAuCl4 [mM]").kind, find_quantity("n_C")
    ('concentration', None)
    """
    match = _BRACKETS.search(name) or _SLASH.search(name)
    rest = name[: match.start()] if match else name
    tokens = [token for token in re.split(r"[\s_,;:\-]+", rest) if token]
    written = match[1] if match else tokens.pop() if len(tokens) > 1 else ""
    words = {token if len(token) == 1 else token.casefold() for token in tokens}  # T is not t
    if (words | {written.casefold()}) & _DERIVED or "Δ" in name:
        return None
    # Short units are signs of other things too; those in brackets and M, for mol/L, hardly.
    is_short = len(written) == 1 and written != "M"
    is_certain = bool(match) or not (is_short or written == "min")
    if not match and len(tokens) == 1 and len(name) > 1 and name != "min" and is_unit(name):
        written = tokens.pop()  # such as mM or degC alone
    found = _with_unit(plain_unit(written), words, is_certain)
    if found is not None:
        return found._replace(unit=written)
    return _without_unit({*tokens} if match else {*tokens, written} - {""})


def is_unit(text: str) -> bool:
    """Whether a text is one of the units known here, in any of their spellings."""
    unit = plain_unit(text)
    return unit == "%" or unit in _KIND_OF or unit in _TEMPERATURES


def convert(number: float, unit: str, target: str) -> float | None:
    """Bring a number from one unit to another; None where they measure different things.

    Examples
    --------
    >>> from sksiamese.tables.reading._quantity_in_name import convert
    >>> convert(30.0, "min", "h"), convert(1.0, "h", "mL")
    (0.5, None)
    """
    own, other = plain_unit(unit), plain_unit(target)
    if own == other:
        return number
    if own not in _KIND_OF or _KIND_OF[own] != _KIND_OF.get(other):
        return None
    scales = _SCALES[_KIND_OF[own]]
    return float(f"{number * (scales[own] / scales[other]):.12g}")


def plain_unit(text: str) -> str:
    """Bring a unit to the spelling of the tables, if it stands there."""
    unit = text.strip().replace("\N{MICRO SIGN}", "u").replace("\N{GREEK SMALL LETTER MU}", "u")
    return _SPELLINGS.get(unit, unit)


def _with_unit(unit: str, words: set[str], is_certain: bool) -> Quantity | None:
    kind = "temperature" if unit in _TEMPERATURES else _KIND_OF.get(unit)
    if unit == "%" and not words & _UNBOUNDED_PERCENT:
        return _percentage(words)
    if kind is None or not (is_certain or words & _WORDS[kind]):
        return None
    if kind == "temperature":
        low, sane = _TEMPERATURES[unit]
        return Quantity(kind, unit, low, sane=sane)
    most = _MOST_MOLAR / _SCALES[kind][unit] if kind == "concentration" else np.inf
    return Quantity(kind, unit, 0.0, sane=most)


def _percentage(words: set[str]) -> Quantity:
    if words & _MEASURED_PERCENT:
        return Quantity("percentage", "%", _LEAST_PERCENT, _MOST_PERCENT, sane=100.0)
    return Quantity("percentage", "%", 0.0, 100.0)


def _without_unit(tokens: set[str]) -> Quantity | None:
    if tokens & {"pH", "PH", "ph"} or tokens == {"Ph"}:
        return Quantity("pH", "", -1.0, 15.0)
    words = {token.casefold() for token in tokens}
    if words & _PERCENT_BY_NAME:
        return _percentage({"yield"})
    if words & {"temperature", "temp"}:
        return Quantity("temperature", "", _TEMPERATURES["F"][0], sane=_TEMPERATURES["F"][1])
    if words & {"fraction"}:
        return Quantity("fraction", "", 0.0, 100.0)
    for kind in ("concentration", "volume", "time"):
        if words & {word for word in _WORDS[kind] if len(word) > 1}:
            return Quantity(kind, "", 0.0)
    return None


def neighbour_unit(quantity: Quantity, factor: float) -> str | None:
    """Name the unit that is `factor` times as large as a quantity's own, None if there is none."""
    scales = _SCALES.get(quantity.kind, {})
    own = plain_unit(quantity.unit)
    style = "/" in own
    for unit, scale in scales.items():
        same_style = ("/" in unit) == style and unit.split("/")[1:] == own.split("/")[1:]
        if own in scales and same_style and np.isclose(scale / scales[own], factor):
            return unit
    return None
