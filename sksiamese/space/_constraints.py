"""Constraints on whole rows that are declared: limits, and what goes with what."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from sksiamese._checks import shorten
from sksiamese.space._drawn_columns import is_number
from sksiamese.space._expressions import Term, evaluate, is_term, named_columns, term_text
from sksiamese.space._row_conditions import Condition, condition_text, read_condition, rows_where

_Bools: TypeAlias = npt.NDArray[np.bool_]

_SLACK = 1e-9  # relative; sums and ratios of decimal numbers are off by less


class Rule(ABC):
    """A constraint that is declared."""

    @abstractmethod
    def _uses(self) -> list[str]:
        """Columns that it looks at."""

    def _conditions(self) -> Iterator[Condition]:
        """Conditions that it consists of."""
        return iter(())

    @abstractmethod
    def _holds(self, frame: pd.DataFrame, kinds: Mapping[str, Any]) -> _Bools:
        """Which rows (n_rows,) are possible."""


Constraint: TypeAlias = Rule | Callable[[pd.DataFrame], Any]


@dataclass(frozen=True)
class Bound(Rule):
    """Limits of a column, or of what is computed from columns.

    Parameters
    ----------
    value : str or expression
        A column, or a Ratio, Sum or Product.
    low, high : float, str, expression or None, default=None
        Limits, both possible values themselves: numbers, other columns, or expressions.

    Raises
    ------
    TypeError
        If a part is not one of these.
    ValueError
        If there is no limit, or `low` is above `high`.

    See Also
    --------
    OnlyWith : Values that go with certain values of other columns.

    Notes
    -----
    Rows in which a column of `value` or of a limit does not apply (NaN), and which therefore cannot
    be computed, are possible. Numbers that differ by a billionth count as equal.

    Examples
    --------
    >>> from sksiamese.space import Bound, Ratio, Sum
    >>> print(Bound(Ratio("ligand_mM", "HAuCl4_mM"), 0.5, 8))
    0.5 <= ligand_mM / HAuCl4_mM <= 8
    >>> print(Bound("ligand_mM", high="solubility_mM"))
    ligand_mM <= solubility_mM
    """

    value: Term
    low: Term | None = None
    high: Term | None = None

    def __post_init__(self) -> None:
        parts = {"value": self.value, "low": self.low, "high": self.high}
        for name, part in parts.items():
            if not is_term(part) and not (name != "value" and part is None):
                raise TypeError(
                    f"The {name!r} parameter of Bound must be the name of a column, a number, or a "
                    f"Ratio, Sum or Product. Got {shorten(part)} instead."
                )
        if self.low is None and self.high is None:
            raise ValueError(f"Bound({self.value!r}) has no limit. Give low, high or both.")
        if is_number(self.low) and is_number(self.high) and self.low > self.high:  # type: ignore[operator]
            raise ValueError(
                f"The 'low' limit of Bound must not be above 'high'. Got {self.low!r} and "
                f"{self.high!r}."
            )

    def __str__(self) -> str:
        low, value, high = (
            "" if part is None else term_text(part) for part in (self.low, self.value, self.high)
        )
        if low == high:
            return f"{value} = {low}"
        return f"{low} <= {value} <= {high}".removeprefix(" <= ").removesuffix(" <= ")

    def _uses(self) -> list[str]:
        return named_columns(self.value, self.low, self.high)

    def _holds(self, frame: pd.DataFrame, kinds: Mapping[str, Any]) -> _Bools:
        values = evaluate(self.value, frame, self)
        holds = np.ones(len(frame), bool)
        for limit, sign in ((self.low, -1), (self.high, 1)):
            if limit is not None:
                ends = evaluate(limit, frame, self)
                absent = np.isnan(values) | np.isnan(ends)
                used = named_columns(self.value, limit)
                excused = absent & frame[used].isna().any(axis=1).to_numpy(bool)
                equal = np.isclose(values, ends, rtol=_SLACK, atol=0)
                holds &= excused | equal | (sign * values <= sign * ends)
        return holds


@dataclass(frozen=True)
class OnlyWith(Rule):
    """Values of some columns that are possible only with certain values of others.

    Parameters
    ----------
    condition : mapping of str to list or column
        Columns and their values: a list of them, or a :class:`Range`. Molecules may be spelled in
        any way, or called by their name in the space; None is an absent one.
    partner : mapping of str to list or column
        What the other columns must hold in rows in which all of `condition` holds.

    Raises
    ------
    TypeError
        If one of them is not such a mapping.

    See Also
    --------
    Bound : Limits of numbers.
    When : A column that applies to some rows only.

    Examples
    --------
    >>> from sksiamese.space import OnlyWith, Range
    >>> print(OnlyWith({"ligand": ["CCCCCCS", "CCCCCCCCS"]}, {"solvent": ["ClCCl"]}))
    ligand is 'CCCCCCS' or 'CCCCCCCCS' only where solvent is 'ClCCl'
    >>> print(OnlyWith({"temperature_C": Range(50, 100)}, {"reductant_mM": Range(52, 200)}))
    temperature_C is 50 to 100 only where reductant_mM is 52 to 200
    """

    condition: Condition
    partner: Condition

    def __post_init__(self) -> None:
        for name in ("condition", "partner"):
            value = read_condition("OnlyWith", name, getattr(self, name))
            object.__setattr__(self, name, value)

    def __str__(self) -> str:
        return f"{condition_text(self.condition)} only where {condition_text(self.partner)}"

    def _uses(self) -> list[str]:
        return list(dict.fromkeys([*self.condition, *self.partner]))

    def _conditions(self) -> Iterator[Condition]:
        return iter((self.condition, self.partner))

    def _holds(self, frame: pd.DataFrame, kinds: Mapping[str, Any]) -> _Bools:
        asked = rows_where(self.condition, frame, kinds, str(self))
        return ~asked | rows_where(self.partner, frame, kinds, str(self))
