"""Ratios, sums and products of columns, declared without a function."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from sksiamese._checks import plain_label, shorten
from sksiamese.space._drawn_columns import is_number

_Floats: TypeAlias = npt.NDArray[np.float64]


class Expression(ABC):
    """A number that is computed from columns. Absent numbers are NaN."""

    @abstractmethod
    def _parts(self) -> tuple[Term, ...]:
        """Give what it is computed from."""

    @abstractmethod
    def _combine(self, values: list[_Floats]) -> _Floats:
        """Compute it, (n_rows,), from the values of its parts."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self._parts()))})"


Term: TypeAlias = str | float | Expression


@dataclass(frozen=True, repr=False)
class Ratio(Expression):
    """One number divided by another, such as ligand to gold.

    Parameters
    ----------
    numerator, denominator : str, float or expression
        Each a column, a number, or a Ratio, Sum or Product.

    Raises
    ------
    TypeError
        If a part is not one of these.

    See Also
    --------
    Bound : Limits of such a number.
    Computed : A column that holds it.

    Examples
    --------
    >>> from sksiamese.space import Ratio, Sum
    >>> print(Ratio("ligand_mM", Sum("HAuCl4_mM", "AgNO3_mM")))
    ligand_mM / (HAuCl4_mM + AgNO3_mM)
    """

    numerator: Term
    denominator: Term

    def __post_init__(self) -> None:
        _require_terms("Ratio", self._parts())

    def __str__(self) -> str:
        return f"{_text(self.numerator, Sum)} / {_text(self.denominator, Expression)}"

    def _parts(self) -> tuple[Term, ...]:
        return self.numerator, self.denominator

    def _combine(self, values: list[_Floats]) -> _Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            return values[0] / values[1]


@dataclass(frozen=True, repr=False, init=False)
class _Chain(Expression):
    """What is computed from any number of terms alike."""

    terms: tuple[Term, ...]

    def __init__(self, *terms: Term) -> None:
        _require_terms(type(self).__name__, terms)
        object.__setattr__(self, "terms", terms)

    def _parts(self) -> tuple[Term, ...]:
        return self.terms


class Sum(_Chain):
    """A sum, such as the total concentration. What is absent counts as nothing.

    Parameters
    ----------
    *terms : str, float or expression
        Two or more, each a column, a number, or a Ratio, Sum or Product.

    Raises
    ------
    TypeError
        If a term is not one of these, or there is only one.

    See Also
    --------
    Bound : Limits of such a number.
    Computed : A column that holds it.

    Examples
    --------
    >>> from sksiamese.space import Product, Sum
    >>> print(Sum("base_mM", Product(2, "acid_mM"), -1))
    base_mM + 2 * acid_mM - 1
    """

    def __str__(self) -> str:
        return " + ".join(map(_text, self.terms)).replace(" + -", " - ")

    def _combine(self, values: list[_Floats]) -> _Floats:
        stacked = np.array(values)
        absent = np.isnan(stacked).all(axis=0)
        return np.where(absent, np.nan, np.nansum(stacked, axis=0))


class Product(_Chain):
    """A product, such as a dose or a multiple.

    Parameters
    ----------
    *terms : str, float or expression
        Two or more, each a column, a number, or a Ratio, Sum or Product.

    Raises
    ------
    TypeError
        If a term is not one of these, or there is only one.

    See Also
    --------
    Bound : Limits of such a number.
    Computed : A column that holds it.

    Examples
    --------
    >>> from sksiamese.space import Product
    >>> print(Product("flow_mL_min", "time_min"))
    flow_mL_min * time_min
    """

    def __str__(self) -> str:
        return " * ".join(_text(term, Sum) for term in self.terms)

    def _combine(self, values: list[_Floats]) -> _Floats:
        return np.prod(values, axis=0)


def evaluate(term: Term, frame: pd.DataFrame, what: Any) -> _Floats:
    """Values (n_rows,) of a term for the rows of a frame; messages name `what` it is part of."""
    if isinstance(term, Expression):
        values = [evaluate(part, frame, what) for part in term._parts()]
        return term._combine(values)
    if isinstance(term, str):
        return _numbers(frame[term], what)
    return np.full(len(frame), float(term))


def named_columns(*terms: Term | None) -> list[str]:
    """Columns that terms are computed from, each once."""
    found: list[str] = []
    for term in terms:
        if isinstance(term, Expression):
            found += named_columns(*term._parts())
        elif isinstance(term, str):
            found.append(term)
    return list(dict.fromkeys(found))


def is_term(value: object) -> bool:
    """Whether a value is a column's name, a number or an expression."""
    return isinstance(value, (str, Expression)) or is_number(value)


def term_text(term: Term) -> str:
    """Show a term as people write it."""
    return f"{term:.6g}" if is_number(term) else str(term)


def _text(term: Term, in_brackets: type | None = None) -> str:
    text = term_text(term)
    return f"({text})" if in_brackets and isinstance(term, in_brackets) else text


def _numbers(cells: pd.Series, what: Any) -> _Floats:
    numbers = pd.to_numeric(cells, errors="coerce")
    wrong = np.flatnonzero(numbers.isna() & cells.notna())
    if len(wrong):
        row, cell = plain_label(cells.index[wrong[0]]), plain_label(cells.iloc[wrong[0]])
        raise ValueError(
            f"Column {cells.name!r}, row {row!r} holds {shorten(cell)}, which is not a number, and "
            f"'{what}' computes with it."
        )
    return numbers.to_numpy(np.float64, na_value=np.nan)


def _require_terms(owner: str, terms: tuple[Any, ...]) -> None:
    if len(terms) < 2:
        raise TypeError(f"{owner} takes two terms or more. Got {len(terms)}.")
    for term in terms:
        if not is_term(term):
            raise TypeError(
                f"{owner} takes names of columns, numbers, and Ratio, Sum or Product of them. Got "
                f"{shorten(term)}."
            )
