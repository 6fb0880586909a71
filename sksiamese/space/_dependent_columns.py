"""Columns of a design space that depend on others: on a condition, or on numbers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from sksiamese._checks import shorten
from sksiamese.space._drawn_columns import DrawnColumn, PlainColumn
from sksiamese.space._expressions import Expression, evaluate
from sksiamese.space._row_conditions import (
    Condition,
    call_function,
    condition_text,
    function_name,
    read_condition,
    rows_where,
)

_Floats: TypeAlias = npt.NDArray[np.float64]
_Bools: TypeAlias = npt.NDArray[np.bool_]


class DependentColumn(ABC):
    """A column that follows from others."""

    @abstractmethod
    def _compute(self, frame: pd.DataFrame, name: str, kinds: Mapping[str, Any]) -> Any:
        """Values (n_rows,) for the rows of a frame.

        Raises
        ------
        ValueError
            If a row has none.
        """

    def _settle(self, frame: pd.DataFrame, name: str, kinds: Mapping[str, Any]) -> Any:
        """Compute the values (n_rows,) of rows that were drawn, which may turn out impossible."""
        return self._compute(frame, name, kinds)


@dataclass(frozen=True)
class When(DrawnColumn):
    """A column that applies to some experiments only, such as pH in water.

    Parameters
    ----------
    condition : mapping of str to list or column, or callable
        The rows to which it applies: values of other columns, as a list or a :class:`Range`.
        Molecules may be spelled in any way, or called by their name in the space; None is an absent
        one. Or a function that takes a frame of experiments and gives True for each such row; a
        space with a function cannot be saved by :func:`sksiamese.save_model`.
    column : Range, Levels, Molecules or Constant
        What is drawn for those rows.
    otherwise : object, default=NaN
        The value in all other rows; NaN says that there is none.

    Raises
    ------
    TypeError
        If `condition` is neither, or `column` is not a column that is drawn.

    See Also
    --------
    OnlyWith : The same as a constraint, for columns that always have a value.

    Examples
    --------
    >>> from sksiamese.space import Range, When
    >>> print(When({"solvent": ["O"]}, Range(7, 14), otherwise=7.0))
    7 to 14 when solvent is 'O', otherwise 7.0
    """

    condition: Condition | Callable[[pd.DataFrame], Any]
    column: PlainColumn
    otherwise: Any = np.nan

    def __post_init__(self) -> None:
        if not callable(self.condition):
            condition = read_condition("When", "condition", self.condition)
            object.__setattr__(self, "condition", condition)
        if not isinstance(self.column, PlainColumn):
            raise TypeError(
                "The 'column' parameter of When must be a Range, Levels, Molecules or Constant. "
                f"Got {self.column!r} instead."
            )

    def __str__(self) -> str:
        return f"{self.column} when {condition_text(self.condition)}, otherwise {self.otherwise!r}"

    def _take(self, u: _Floats) -> Any:
        return self.column._take(u)

    def _grid(self, n: int) -> Any:
        return self.column._grid(n)

    def _near(self, values: pd.Series, tolerance: float, relative: bool, u: _Floats) -> Any:
        near = pd.Series(self.column._take(u), index=values.index)  # where it did not apply before
        inside = self.column._contains(values)
        if inside.any():
            near[inside] = self.column._near(values[inside], tolerance, relative, u[inside])
        return near

    def _round(self, values: pd.Series) -> Any:
        return self.column._round(values)

    def _to_skopt(self, name: str) -> Any:
        return self.column._to_skopt(name)

    def _applies(self, frame: pd.DataFrame, name: str, kinds: Mapping[str, Any]) -> _Bools:
        """Which rows (n_rows,) it applies to."""
        return rows_where(self.condition, frame, kinds, f"The condition of column {name!r}")

    def _settle(self, frame: pd.DataFrame, name: str, kinds: Mapping[str, Any]) -> pd.Series:
        """Values of a column, where it applies; a row without one gets the middle value."""
        applies = self._applies(frame, name, kinds)
        values = frame[name]
        if (values.isna() & applies).any():
            values = values.fillna(self.column._take(np.array([0.5]))[0])
        return values.where(applies, self.otherwise)

    def _is_otherwise(self, values: pd.Series) -> _Bools:
        return values.isin([self.otherwise]).to_numpy(bool)


@dataclass(frozen=True)
class Computed(DependentColumn):
    """A value computed from other columns, such as the ratio of ligand to gold.

    Parameters
    ----------
    function : Ratio, Sum, Product or callable
        What is computed; or a function that takes a frame of experiments, which holds all drawn
        columns and the dependent columns before this one, and gives one value for each row. The
        frame is a copy, and a Series is put in its order by its index. A space with a function
        cannot be saved by :func:`sksiamese.save_model`.

    Raises
    ------
    TypeError
        If `function` is neither.

    Examples
    --------
    >>> from sksiamese.space import Computed, Ratio
    >>> print(Computed(Ratio("ligand_mM", "HAuCl4_mM")))
    ligand_mM / HAuCl4_mM
    """

    function: Expression | Callable[[pd.DataFrame], Any]

    def __post_init__(self) -> None:
        if not isinstance(self.function, Expression) and not callable(self.function):
            raise TypeError(
                "The 'function' parameter of Computed must be a Ratio, Sum, Product or function. "
                f"Got {shorten(self.function)} instead."
            )

    def __str__(self) -> str:
        if isinstance(self.function, Expression):
            return str(self.function)
        return f"computed by {function_name(self.function)}"

    def _compute(self, frame: pd.DataFrame, name: str, kinds: Mapping[str, Any]) -> Any:
        if isinstance(self.function, Expression):
            return evaluate(self.function, frame, self)
        values = call_function(self.function, frame, f"The function of column {name!r}")
        if np.shape(values) != (len(frame),):
            raise ValueError(
                f"The function of column {name!r} must give one value for each row. Got the shape "
                f"{np.shape(values)} for {len(frame)} rows."
            )
        return np.asarray(values)


def without_condition(column: Any) -> Any:
    """Give the column inside a When; any other is returned as it is."""
    return column.column if isinstance(column, When) else column
