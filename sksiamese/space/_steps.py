"""How finely numbers are drawn, so that they can be weighed in and set."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

_Floats: TypeAlias = npt.NDArray[np.float64]

_DIGITS = 4  # significant ones, of the largest number of a range
_FEWEST = 100  # steps that a range has at least
_FEWEST_WRITTEN = 10  # the same where a table is coarser
_SMALLEST = 1e-320  # step; floats end soon below it
SLACK = 1e-9  # of a step; quotients of decimal numbers are off by less


def sensible_step(low: float, high: float) -> float:
    """Power of ten that leaves the largest number four significant digits, and 100 steps at least.

    Examples
    --------
    >>> from sksiamese.space._steps import sensible_step
    >>> sensible_step(7, 14), sensible_step(0.5, 250), sensible_step(1000, 1001)
    (0.01, 0.1, 0.01)
    """
    largest = math.floor(math.log10(max(abs(low), abs(high)))) - _DIGITS + 1
    return _power(min(largest, _exponent(low, high, _FEWEST)))


def written_step(values: pd.Series) -> float:
    """Power of ten of which all numbers are multiples: the last digit that anyone wrote.

    It is not finer than the sensible step, and leaves the range ten steps at least.

    Examples
    --------
    >>> import pandas as pd
    >>> from sksiamese.space._steps import written_step
    >>> written_step(pd.Series([0.5, 1.25, 18.0])), written_step(pd.Series([600, 900, 7200]))
    (0.01, 100.0)
    """
    low, high = float(values.min()), float(values.max())
    texts = [str(value) for value in values.unique() if value]
    exponent = min(int(Decimal(text).normalize().as_tuple().exponent) for text in texts)
    coarsest = _exponent(low, high, _FEWEST_WRITTEN)
    return max(_power(min(exponent, coarsest)), sensible_step(low, high))


def _exponent(low: float, high: float, fewest: int) -> int:
    """Exponent of the largest power of ten that leaves a range some steps."""
    return math.floor(math.log10(max(high / fewest - low / fewest, _SMALLEST)))


def _power(exponent: int) -> float:
    return max(float(f"1e{exponent}"), _SMALLEST)


def multiples_within(low: Any, high: Any, step: float) -> tuple[Any, Any]:
    """First and last whole number whose multiple of the step lies within limits."""
    return np.ceil(low / step - SLACK), np.floor(high / step + SLACK)


def multiples(numbers: Any, step: float) -> _Floats:
    """Multiples of a step, without the digits that floats add to decimal numbers."""
    exponent = Decimal(str(step)).normalize().as_tuple().exponent
    return np.round(np.asarray(numbers, np.float64) * step, max(0, -int(exponent)))


def round_digits(values: Any, low: Any, high: Any, digits: int) -> _Floats:
    """Round positive numbers to significant digits, within limits."""
    unit = 10.0 ** (np.floor(np.log10(values)) - digits + 1)
    rounded = np.rint(values / unit)
    rounded += (rounded * unit < low).astype(float) - (rounded * unit > high)
    places = np.maximum(0, -np.rint(np.log10(unit))).astype(int)
    tidy = [round(value, place) for value, place in zip(rounded * unit, places, strict=True)]
    return np.clip(np.array(tidy, np.float64), low, high)


def digits_for(low: float, high: float) -> int:
    """Significant digits that tell positive numbers of a range apart, four at least."""
    return max(_DIGITS, math.ceil(math.log10(low / (high - low))) + 3)
