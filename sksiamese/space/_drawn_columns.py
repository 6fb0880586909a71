"""Columns of a design space that are drawn by themselves: numbers, levels, constants.

The methods with an underscore are what :class:`sksiamese.space.DesignSpace` asks of a column.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from sksiamese._checks import require_number, shorten
from sksiamese.space._steps import (
    SLACK,
    digits_for,
    multiples,
    multiples_within,
    round_digits,
    sensible_step,
)

_Floats: TypeAlias = npt.NDArray[np.float64]
_Bools: TypeAlias = npt.NDArray[np.bool_]
_SHOWN = 4  # values that a description lists


class DrawnColumn(ABC):
    """A column that is drawn by itself."""

    def _is_fixed(self) -> bool:
        """Whether it has a single value."""
        return False

    def _axis(self, name: str) -> str:
        """Name of what is drawn for a column of that name: itself, unless several move together."""
        return name

    def _cells(self, name: str, values: Any) -> Any:
        """Cells (n_rows,) of the column of that name, from values of its axis."""
        return values

    @abstractmethod
    def _take(self, u: _Floats) -> Any:
        """Values (n_rows,) at the places u, from 0 to below 1, of the axis's distribution."""

    @abstractmethod
    def _grid(self, n: int) -> Any:
        """At most n values of the axis, evenly spread; all values where they are a list."""

    def _near(self, values: pd.Series, tolerance: float, relative: bool, u: _Floats) -> Any:
        """Values within a tolerance of others; those that are not numbers stay as they are."""
        return values

    def _round(self, values: pd.Series) -> Any:
        """Values as they are drawn; those that are not numbers stay as they are."""
        return values

    @abstractmethod
    def _to_skopt(self, name: str) -> Any:
        """Give the same as a dimension of scikit-optimize."""


class PlainColumn(DrawnColumn):
    """A drawn column whose values need no look at other columns."""

    @abstractmethod
    def _contains(self, values: pd.Series) -> _Bools:
        """Which values belong to the column, (n_rows,)."""


@dataclass(frozen=True)
class Range(PlainColumn):
    """Numbers from `low` to `high`, both included.

    Parameters
    ----------
    low, high : float
        Limits, in the column's unit.
    log : bool, default=False
        Whether values are spread evenly on a logarithmic scale.
    integer : bool, default=False
        Whether only whole numbers occur.
    step : float or None, default=None
        Numbers that are drawn are multiples of it. By default it is a power of ten that leaves the
        largest number four significant digits, and a hundred steps at least; on a logarithmic scale
        each number has four significant digits. Experiments may lie between the steps.

    Raises
    ------
    ValueError
        If a limit is not a finite number, `low` is not below `high`, a logarithmic range reaches 0,
        a limit or the step of an integer range is not whole, or the range does not hold two
        multiples of the step.

    Examples
    --------
    >>> from sksiamese.space import Range
    >>> print(Range(0.1, 10, log=True), "|", Range(20, 80, step=5))
    0.1 to 10, log | 20 to 80, in steps of 5
    """

    low: float
    high: float
    log: bool = False
    integer: bool = False
    step: float | None = None

    def __post_init__(self) -> None:
        for name in ("low", "high"):
            require_number(
                "Range", name, getattr(self, name), -np.inf, np.inf, open_start=True, open_end=True
            )
        if not self.low < self.high:
            raise ValueError(
                f"The 'low' limit of Range must be below 'high'. Got {self.low!r} and "
                f"{self.high!r}. For a single value use Constant."
            )
        if self.log and self.low <= 0:
            raise ValueError(
                f"A logarithmic Range must lie above 0. Got low={self.low!r}. Raise it, or leave "
                "log=True out."
            )
        if self.integer and (self.low % 1 or self.high % 1):
            raise ValueError(
                f"An integer Range needs whole limits. Got {self.low!r} and {self.high!r}."
            )
        if self.step is not None:
            self._require_step(self.step)

    def _require_step(self, step: float) -> None:
        require_number("Range", "step", step, 0, np.inf, open_start=True, open_end=True)
        if self.integer and step % 1:
            raise ValueError(f"An integer Range needs a whole step. Got {step!r}.")
        first, last = multiples_within(self.low, self.high, step)
        if last <= first:
            raise ValueError(
                f"Range from {self.low!r} to {self.high!r} does not hold two multiples of the step "
                f"{step!r}. Lower the step or widen the range."
            )

    def __str__(self) -> str:
        kinds = [", log"] * self.log + [", whole numbers"] * self.integer
        if self.step is not None:
            kinds.append(f", in steps of {self.step:.6g}")
        return f"{self.low:.6g} to {self.high:.6g}{''.join(kinds)}"

    def _take(self, u: _Floats) -> Any:
        return self._between(u, np.float64(self.low), np.float64(self.high))

    def _between(self, u: _Floats, low: Any, high: Any) -> Any:
        """Values between limits, which may differ from row to row."""
        step = self._fineness()
        if step is None:
            values = np.exp(np.log(low) + u * (np.log(high) - np.log(low)))
            return round_digits(values, low, high, digits_for(self.low, self.high))
        first, last = multiples_within(low, high, step)
        if self.log:  # each multiple owns the interval up to the next
            steps = np.exp(np.log(first) + u * (np.log(last + 1) - np.log(first)))
        else:
            steps = first + u * (last + 1 - first)
        return self._multiples(np.clip(np.floor(steps), first, last))

    def _fineness(self) -> float | None:
        """Step of the numbers; None where they are rounded to significant digits."""
        if self.step is not None or self.integer:
            return self.step or 1.0
        return None if self.log else sensible_step(self.low, self.high)

    def _multiples(self, steps: Any) -> Any:
        values = multiples(steps, self._fineness() or 1.0)
        return values.astype(np.int64) if self.integer else values

    def _round(self, values: pd.Series) -> Any:
        numbers, step = values.to_numpy(np.float64), self._fineness()
        if step is None:
            return round_digits(numbers, self.low, self.high, digits_for(self.low, self.high))
        first, last = multiples_within(self.low, self.high, step)
        return self._multiples(np.clip(np.rint(numbers / step), first, last))

    def _grid(self, n: int) -> Any:
        values = (np.geomspace if self.log else np.linspace)(self.low, self.high, n)
        values = np.clip(values, self.low, self.high)
        exact = self.step is None and not self.integer
        return values if exact else np.unique(self._round(pd.Series(values)))

    def _contains(self, values: pd.Series) -> _Bools:
        numbers = pd.to_numeric(values, errors="coerce").to_numpy(np.float64, na_value=np.nan)
        slack = SLACK * (self._fineness() or 0.0)  # as multiples at the ends have
        inside = (numbers >= self.low - slack) & (numbers <= self.high + slack)
        return inside & (numbers % 1 == 0) if self.integer else inside

    def _near(self, values: pd.Series, tolerance: float, relative: bool, u: _Floats) -> Any:
        numbers = pd.to_numeric(values).to_numpy(np.float64)
        if relative and self.log:
            factor = (self.high / self.low) ** tolerance
            low, high = numbers / factor, numbers * factor
        else:
            reach = tolerance * (self.high - self.low) if relative else tolerance
            low, high = numbers - reach, numbers + reach
        low, high = np.maximum(low, self.low), np.minimum(high, self.high)
        step = self._fineness()
        if step is None:
            return self._between(u, low, high)
        first, last = multiples_within(low, high, step)
        stays = last < first  # no multiple lies near enough
        moved = self._between(u, np.where(stays, self.high, low), np.where(stays, self.high, high))
        return np.where(stays, numbers, moved).astype(moved.dtype)

    def _to_skopt(self, name: str) -> Any:
        from skopt.space import Integer, Real

        prior = "log-uniform" if self.log else "uniform"
        kind = Integer if self.integer else Real
        return kind(self.low, self.high, prior=prior, name=name)


class ListedColumn(PlainColumn):
    """A column whose values are listed."""

    @abstractmethod
    def _listed(self) -> list[Any]:
        """All values."""

    def _is_fixed(self) -> bool:
        return len(self._listed()) == 1

    def _take(self, u: _Floats) -> Any:
        cells = pd.Series(self._listed())
        return cells.array.take((u * len(cells)).astype(np.intp))

    def _grid(self, n: int) -> Any:
        return pd.Series(self._listed()).array

    def _contains(self, values: pd.Series) -> _Bools:
        present = [value for value in self._listed() if not is_missing(value)]
        inside = values.astype(object).isin(present)
        if len(present) < len(self._listed()):
            inside |= values.isna()
        return inside.to_numpy(bool)

    def _to_skopt(self, name: str) -> Any:
        from skopt.space import Categorical

        return Categorical(self._listed(), name=name)


@dataclass(frozen=True)
class Levels(ListedColumn):
    """One of some values: numbers, texts or truth values.

    Parameters
    ----------
    values : sequence
        The values, all different.

    Raises
    ------
    ValueError
        If there is no value, or one stands twice.

    Examples
    --------
    >>> from sksiamese.space import Levels
    >>> print(Levels([70, 105, 120]))
    70, 105, 120
    """

    values: Sequence[Any]

    def __post_init__(self) -> None:
        if isinstance(self.values, str) or not isinstance(self.values, Iterable):
            raise ValueError(
                f"The 'values' parameter of Levels must be a list of values. Got "
                f"{self.values!r} instead."
            )
        object.__setattr__(self, "values", tuple(self.values))
        for value in self.values:
            if not isinstance(value, Hashable):
                raise ValueError(
                    "The 'values' parameter of Levels must hold numbers, texts or truth values. "
                    f"Got {shorten(value)} among them."
                )
        if not self.values or len(set(self.values)) < len(self.values):
            raise ValueError(
                f"The 'values' parameter of Levels must hold at least one value, and each once. "
                f"Got {list(self.values)!r} instead."
            )

    def __str__(self) -> str:
        return enumerate_values(self.values)

    def _listed(self) -> list[Any]:
        return list(self.values)

    def _near(self, values: pd.Series, tolerance: float, relative: bool, u: _Floats) -> Any:
        if not all(map(is_number, self.values)):
            return values
        levels = np.sort(np.array(self.values))
        step = tolerance * (levels[-1] - levels[0]) if relative else tolerance
        numbers = values.to_numpy(levels.dtype)
        first = np.searchsorted(levels, numbers - step, side="left")
        count = np.searchsorted(levels, numbers + step, side="right") - first
        return levels[first + (u * count).astype(np.intp)]


@dataclass(frozen=True)
class Constant(ListedColumn):
    """The same value in every experiment.

    Parameters
    ----------
    value : object
        The value.

    Examples
    --------
    >>> from sksiamese.space import Constant
    >>> print(Constant(12600.0))
    always 12600.0
    """

    value: Any

    def __str__(self) -> str:
        return f"always {self.value!r}"

    def _listed(self) -> list[Any]:
        return [self.value]


@dataclass(frozen=True)
class OneHot(ListedColumn):
    """One of several columns of which exactly one is 1, and the others 0: they move together.

    Parameters
    ----------
    columns : sequence of str
        All columns of the group. The space has this for each of them.
    off, on : object, default=0 and 1
        What the columns hold; False and True where they hold truth values.

    Raises
    ------
    TypeError
        If `columns` is not a list.
    ValueError
        If there are fewer than two columns.

    See Also
    --------
    Levels : The same choice in a single column.

    Examples
    --------
    >>> from sksiamese.space import DesignSpace, OneHot, Range
    >>> solvents = ["water", "ethanol", "toluene"]
    >>> space = DesignSpace(dict.fromkeys(solvents, OneHot(solvents)) | {"pH": Range(7, 9)})
    >>> space.grid("ethanol", at={"pH": 8.0})
       water  ethanol  toluene   pH
    0      1        0        0  8.0
    1      0        1        0  8.0
    2      0        0        1  8.0
    """

    columns: Sequence[str]
    off: Any = 0
    on: Any = 1

    def __post_init__(self) -> None:
        if isinstance(self.columns, str) or not isinstance(self.columns, Sequence):
            raise TypeError(
                "The 'columns' parameter of OneHot must be a list of columns. Got "
                f"{shorten(self.columns)} instead."
            )
        object.__setattr__(self, "columns", tuple(self.columns))
        if len(set(self.columns)) < max(2, len(self.columns)):
            raise ValueError(
                "The 'columns' parameter of OneHot must name two or more columns, each once. Got "
                f"{list(self.columns)!r}."
            )

    def __str__(self) -> str:
        return f"{self.on!r} in one of {enumerate_values(self.columns)}"

    def _listed(self) -> list[Any]:
        return [self.off, self.on]

    def _axis(self, name: str) -> str:
        return self.columns[0]

    def _cells(self, name: str, values: Any) -> Any:
        return np.where(np.asarray(values) == name, self.on, self.off)

    def _take(self, u: _Floats) -> Any:
        return np.array(self.columns, object)[(u * len(self.columns)).astype(np.intp)]

    def _grid(self, n: int) -> Any:
        return pd.Series(list(self.columns)).array

    def _one_is_on(self, frame: pd.DataFrame) -> _Bools:
        """Which rows (n_rows,) have exactly one of the group on, and the others off."""
        cells = frame[list(self.columns)]
        return (cells.isin([self.on]).sum(axis=1).to_numpy() == 1) & cells.isin(self._listed()).all(
            axis=1
        ).to_numpy(bool)

    def _most_frequent(self, frame: pd.DataFrame) -> str:
        """Name of the column that is on in most rows."""
        return str(frame[list(self.columns)].isin([self.on]).sum().idxmax())

    def _put(self, frame: pd.DataFrame, name: str, value: Any) -> None:
        """Put a value into a column of the group, and move the others with it."""
        others = [other for other in self.columns if other != name]
        if value == self.on:
            frame[others] = self.off
        elif (frame[name] == self.on).any():
            frame[others[0]] = np.where(frame[name] == self.on, self.on, frame[others[0]])
        frame[name] = value

    def _to_skopt(self, name: str) -> Any:
        from skopt.space import Categorical

        return Categorical(list(self.columns), name=name)


def is_number(value: object) -> bool:
    """Whether a value is a real number, and no truth value."""
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def is_missing(value: object) -> bool:
    """Whether a value is None, NaN or NA."""
    return bool(pd.api.types.is_scalar(value) and pd.isna(value))


def enumerate_values(values: Sequence[Any]) -> str:
    shown = ", ".join(map(str, values[:_SHOWN]))
    return f"{shown} ..." if len(values) > _SHOWN else shown
