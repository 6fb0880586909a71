"""Columns of a design space that depend on others: on a condition, a molecule, or numbers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from sksiamese._checks import shorten
from sksiamese.molecules._canonical import canonical_key, canonical_keys
from sksiamese.space._columns import DrawnColumn, PlainColumn, is_missing
from sksiamese.space._conditions import (
    Condition,
    call_function,
    condition_text,
    function_name,
    read_condition,
    rows_where,
)
from sksiamese.space._expressions import Expression, evaluate

_Floats: TypeAlias = npt.NDArray[np.float64]
_Bools: TypeAlias = npt.NDArray[np.bool_]


class DependentColumn(ABC):
    """A column that follows from others."""

    @abstractmethod
    def _compute(self, frame: pd.DataFrame, name: str) -> Any:
        """Values (n_rows,) for the rows of a frame."""


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


class _LookUp(DependentColumn):
    """A column whose value belongs to what one other column holds."""

    column: str

    def __str__(self) -> str:
        return f"follows from {self.column!r}"

    def _compute(self, frame: pd.DataFrame, name: str) -> Any:
        codes, cells = pd.factorize(frame[self.column], use_na_sentinel=False)
        return pd.Series([self._value(cell, name) for cell in cells]).to_numpy()[codes]

    @abstractmethod
    def _value(self, cell: Any, name: str) -> Any:
        """Value of the column `name` beside a cell of the other one."""


@dataclass(frozen=True)
class OfMolecule(_LookUp):
    """A value that belongs to a molecule, such as a solvent's dielectric constant.

    Parameters
    ----------
    column : str
        The molecule column.
    values : mapping of str to object, callable or None, default=None
        Value by SMILES, in any spelling; or a function of a SMILES. None reads the values from
        the table given to :meth:`DesignSpace.from_frame`.

    Raises
    ------
    InvalidSMILESError
        Listing all texts of a mapping that cannot be read as molecules.
    TypeError
        If `values` is not one of these.

    Examples
    --------
    >>> from sksiamese.descriptors import dielectric_constant
    >>> from sksiamese.space import OfMolecule
    >>> print(OfMolecule("solvent", dielectric_constant))
    follows from 'solvent'
    """

    column: str
    values: Mapping[str, Any] | Callable[[str], Any] | None = None

    def __post_init__(self) -> None:
        if isinstance(self.values, Mapping):
            keys = canonical_keys(self.values)
            object.__setattr__(self, "values", dict(zip(keys, self.values.values(), strict=True)))
        elif self.values is not None and not callable(self.values):
            raise TypeError(
                "The 'values' parameter of OfMolecule must be a function. Got "
                f"{shorten(self.values)} instead."
            )

    def _value(self, cell: Any, name: str) -> Any:
        if not isinstance(self.values, Mapping):
            return self.values(cell)  # type: ignore[misc]
        key = canonical_key(cell)
        if key is None or key not in self.values:
            raise ValueError(
                f"Column {name!r} has no value for {cell!r} in column {self.column!r}. Add it to "
                f"the values of OfMolecule, or give OfMolecule a function."
            )
        return self.values[key]

    def _read_from(self, frame: pd.DataFrame, name: str) -> OfMolecule:
        """Take the values from a table."""
        keys = canonical_keys(frame[self.column])
        found: dict[str, Any] = {}
        for key, text, value in zip(keys, frame[self.column], frame[name], strict=True):
            if found.setdefault(key, value) != value and not (
                pd.isna(value) and pd.isna(found[key])
            ):
                raise ValueError(
                    f"Column {name!r} does not follow from {self.column!r}: for {text!r} it holds "
                    f"{found[key]!r} and {value!r}. Correct the cells, or let the column be drawn."
                )
        return OfMolecule(self.column, found)


@dataclass(frozen=True)
class OfLevel(_LookUp):
    """A value that belongs to a level of another column, such as a vendor's purity.

    Parameters
    ----------
    column : str
        A column of Levels.
    values : mapping of object to object
        Value by level; None is an absent one.

    Raises
    ------
    TypeError
        If `values` is no mapping.

    See Also
    --------
    OfMolecule : The same for molecules, which may be spelled in any way.

    Examples
    --------
    >>> from sksiamese.space import OfLevel
    >>> print(OfLevel("ligand", {"PPh3": 145.0, "XPhos": 256.0}))
    follows from 'ligand'
    """

    column: str
    values: Mapping[Any, Any]

    def __post_init__(self) -> None:
        if not isinstance(self.values, Mapping):
            raise TypeError(
                "The 'values' parameter of OfLevel must be a dict of levels and values. Got "
                f"{shorten(self.values)} instead."
            )
        object.__setattr__(self, "values", dict(self.values))

    def __getstate__(self) -> dict[str, Any]:
        """Give the state as pairs: a saved dict has keys of text alone."""
        return {"column": self.column, "values": list(self.values.items())}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the state of :meth:`__getstate__`."""
        self.__dict__.update(column=state["column"], values=dict(state["values"]))

    def _value(self, cell: Any, name: str) -> Any:
        key = None if is_missing(cell) else cell
        if key not in self.values:
            raise ValueError(
                f"Column {name!r} has no value for {shorten(key)} in column {self.column!r}. Add "
                "it to the values of OfLevel."
            )
        return self.values[key]


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

    def _compute(self, frame: pd.DataFrame, name: str) -> Any:
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
