"""Numbers of one column that look as if they were written in two units."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sksiamese.tables.reading._quantity_in_name import Quantity, plain_unit

_Floats = npt.NDArray[np.float64]
_Bools = npt.NDArray[np.bool_]

_FACTORS = (1e3, 1e6)
_FEWEST = 5  # positive numbers of a column that are compared
_DISTINCT = 3  # different numbers that the larger group needs
_GAP = 1.5  # decades between the groups, at least
_CHANCE = 0.003  # of such a gap if the numbers were spread evenly on a logarithmic scale
_MARGIN = 2.0  # how far the smaller group, converted, may lie outside the larger one
_ZERO_C = 273.15
_COLDEST_K, _HOTTEST_C = 250.0, 200.0  # kelvin above and degC below these are told apart
_EQUAL = 1e-6
_PREFIXED = {"concentration", "mass concentration", "volume", "mass", "amount", "time"}


class Suspects(NamedTuple):
    """Values that fit the others once they are converted.

    Parameters
    ----------
    is_suspect : ndarray of shape (n_rows,)
        Which values.
    factor : float
        How many times smaller (above 1) or larger (below 1) they are than the others; 0 for
        temperatures, which differ by a difference.
    is_kelvin : bool
        Whether these are temperatures in kelvin among degC, and not the reverse.
    """

    is_suspect: _Bools
    factor: float
    is_kelvin: bool = False


def find_suspects(numbers: _Floats, quantity: Quantity) -> Suspects | None:
    """Find the values (n_rows,) that seem to be in another unit, None if there are none.

    Careful: concentrations may well be spread over decades, so the two groups must be narrower than
    the gap between them, and the smaller one must fall onto the larger one once it is converted.
    """
    if quantity.kind == "temperature":
        return _find_other_temperatures(numbers, plain_unit(quantity.unit))
    return _find_other_prefixes(numbers) if quantity.kind in _PREFIXED else None


def _find_other_prefixes(numbers: _Floats) -> Suspects | None:
    positive = np.sort(numbers[numbers > 0])
    if len(positive) < _FEWEST or positive[0] == positive[-1]:
        return None
    # 1. Cut the sorted numbers at the widest gap, counted in decades.
    places = np.log10(positive)
    cut = int(np.diff(places).argmax()) + 1
    low, high = positive[:cut], positive[cut:]
    gap = places[cut] - places[cut - 1]
    # 2. It must be wider than either side, and no accident: of n places drawn evenly, some two
    #    neighbours are at least the share g of the whole apart with a chance below n (1 - g)^(n-1).
    spread = max(places[cut - 1] - places[0], places[-1] - places[cut])
    chance = len(places) * (1 - gap / (places[-1] - places[0])) ** (len(places) - 1)
    if gap < max(_GAP, spread) or chance > _CHANCE:
        return None
    few, many, sign = (low, high, 1) if len(low) <= len(high) else (high, low, -1)
    if len(np.unique(many)) < _DISTINCT:
        return None
    # 3. Converted, the fewer numbers must fall among the many.
    for factor in _FACTORS:
        converted = few * factor**sign
        if converted[0] * _MARGIN >= many[0] and converted[-1] <= many[-1] * _MARGIN:
            return Suspects(np.isin(numbers, few), factor**sign)
    return None


def _find_other_temperatures(numbers: _Floats, unit: str) -> Suspects | None:
    """Find kelvin among degC, or degC among kelvin.

    A gap alone proves nothing, since 25 degC and 300 degC are both usual, and so are 77 K and
    298 K. So each suspect must show that it was converted, or was to be.
    """
    warm = numbers >= _COLDEST_K
    cold = (numbers < _HOTTEST_C) & (numbers > -_ZERO_C)
    if unit == "F" or not (warm | cold | np.isnan(numbers)).all():
        return None
    kelvin, celsius = numbers[warm], numbers[cold]
    if not len(kelvin) or not len(celsius):
        return None
    is_kelvin = unit == "C" if unit else len(kelvin) <= len(celsius)
    # Whether a value of one group and a value of the other are the same temperature.
    is_same = np.abs(kelvin[:, None] - celsius - [[[_ZERO_C]], [[273.0]]]).min(axis=0) < _EQUAL
    if is_kelvin:
        proven = is_same.any(axis=1) | _look_converted(kelvin, celsius)
    else:
        proven = is_same.any(axis=0)
    return Suspects(warm if is_kelvin else cold, 0.0, is_kelvin) if proven.all() else None


def _look_converted(kelvin: _Floats, celsius: _Floats) -> _Bools:
    """Which values end in .15 while those in degC do not, or lie 273 above a multiple of 5."""
    ends = np.abs(np.concatenate([kelvin, celsius]) % 1 - _ZERO_C % 1) < _EQUAL
    round_numbers = (kelvin - 273) % 5 == 0
    by_end = ends[: len(kelvin)] & ~ends[len(kelvin) :].any()
    return by_end | (round_numbers & (celsius % 5 == 0).all())
