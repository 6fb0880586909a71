"""What the rows of a design space are: columns settled in order, and judged by constraints."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from sksiamese._checks import listed, plain_label, require_number
from sksiamese._frames import ensure_table, plain_frame, require_columns
from sksiamese.exceptions import NoPossibleExperimentError
from sksiamese.persistence._savable import Definition
from sksiamese.space._constraints import Constraint, Rule
from sksiamese.space._definition_checks import (
    Column,
    name_constraints,
    require_known_columns,
    require_sound_columns,
)
from sksiamese.space._dependent_columns import (
    Computed,
    DependentColumn,
    When,
    without_condition,
)
from sksiamese.space._drawn_columns import (
    DrawnColumn,
    Levels,
    OneHot,
    PlainColumn,
    Range,
    is_missing,
    is_number,
)
from sksiamese.space._followers import Follower, Known, OfSeveral
from sksiamese.space._molecules import Molecules
from sksiamese.space._row_conditions import ask_rows

_Floats: TypeAlias = npt.NDArray[np.float64]
_Bools: TypeAlias = npt.NDArray[np.bool_]


class SpaceRows(Definition):
    """Columns and constraints of a design space, and what they say of rows."""

    _instead = (
        'Declare them: Computed(Ratio("a", "b")), Sum or Product for a column, When({"a": ["x"]}, '
        "...) for a condition, Bound or OnlyWith for a constraint, a dict for OfMolecule or "
        "OfSeveral"
    )

    def __init__(
        self,
        columns: Mapping[str, Column],
        constraints: Sequence[Constraint] | Mapping[str, Constraint] = (),
    ) -> None:
        self.columns = dict(columns)
        self.constraints = name_constraints(constraints)
        require_sound_columns(self.columns)
        require_known_columns(self.columns, self.constraints)

    def complete(self, X: Any) -> pd.DataFrame:
        """Add the columns that a table lacks: constants, and those that follow from others.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            Experiments; the cells that are there stay as they are.

        Returns
        -------
        DataFrame of shape (n_samples, n_columns)
            The columns of the space, in its order, in NumPy's types.

        Raises
        ------
        ValueError
            If a column is absent that can be varied, or a column that follows from others has no
            value for what they hold.

        Examples
        --------
        >>> import pandas as pd
        >>> from sksiamese.space import Computed, DesignSpace, Range
        >>> space = DesignSpace(
        ...     {"a": Range(0, 1), "b": Range(1, 2), "a/b": Computed(lambda f: f["a"] / f["b"])}
        ... )
        >>> space.complete(pd.DataFrame({"a": [1.0], "b": [2.0]}))
             a    b  a/b
        0  1.0  2.0  0.5
        """
        return self._complete(X, strict=True)

    def _complete(self, X: Any, *, strict: bool) -> pd.DataFrame:
        """Add absent columns; unless `strict`, a combination without a value gets none."""
        frame = plain_frame(ensure_table(X, least_rows=0).frame)
        require_columns(frame.columns, self._free, "X")
        for name, column in self.columns.items():
            if name in frame:
                continue
            if isinstance(column, DependentColumn):
                compute = column._compute if strict else column._settle
                frame[name] = compute(frame, name, self._kinds)
            else:
                frame[name] = column._take(np.zeros(len(frame)))  # of a single value
        return frame[list(self.columns)]

    def contains(self, X: Any) -> pd.Series:
        """Tell which experiments lie within the space.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            Experiments; constants and columns that follow from others may be absent.

        Returns
        -------
        Series of bool of shape (n_samples,)
            True where all ranges, levels, molecules (in any spelling) and constraints hold, and
            what follows from a combination of columns has a value.

        Examples
        --------
        >>> import pandas as pd
        >>> from sksiamese.space import DesignSpace, Molecules
        >>> space = DesignSpace({"solvent": Molecules(["O", "CCO"])})
        >>> space.contains(pd.DataFrame({"solvent": ["OCC", "c1ccccc1"]})).tolist()
        [True, False]
        """
        frame = self._complete(X, strict=False)
        return pd.Series(self._allows(frame), index=frame.index)

    def require_columns(self, columns: pd.Index) -> None:
        """Refuse a table that the space does not describe.

        Parameters
        ----------
        columns : Index of str
            Columns of the table.

        Raises
        ------
        ValueError
            If the space lacks one of them, or has more columns that can be varied.
        """
        unknown = [name for name in columns if name not in self.columns]
        if unknown:
            raise ValueError(
                f"The design space lacks the column(s) {listed(unknown)} of X. It has: "
                f"{listed(self.columns)}. Add them, for example with DesignSpace.from_frame(X)."
            )
        require_columns(columns, self._free, "X")

    def _held_functions(self) -> dict[str, Callable[..., Any]]:
        """Functions of columns and constraints, by their place in words."""
        parts: dict[str, Any] = {
            f"column {name!r}": getattr(column, field)
            for name, column in self.columns.items()
            for kind, field in ((When, "condition"), (Computed, "function"), (Follower, "values"))
            if isinstance(column, kind)
        }
        parts |= {f"constraint {name!r}": rule for name, rule in self.constraints.items()}
        return {place: part for place, part in parts.items() if callable(part)}

    @property
    def _kinds(self) -> dict[str, Column]:
        """Kinds of the columns, of those that apply to some rows the kind that they have there."""
        return {name: without_condition(column) for name, column in self.columns.items()}

    @property
    def _drawn(self) -> dict[str, PlainColumn | When]:
        """Columns that are drawn by themselves."""
        kinds = (PlainColumn, When)
        return {name: column for name, column in self.columns.items() if isinstance(column, kinds)}

    @property
    def _free(self) -> list[str]:
        """Names of the columns that can be varied."""
        return [name for name, column in self._drawn.items() if not column._is_fixed()]

    @property
    def _axes(self) -> dict[str, list[str]]:
        """What is drawn by itself: columns that can be varied; of those that move together one."""
        found: dict[str, list[str]] = {}
        for name in self._free:
            found.setdefault(self._drawn[name]._axis(name), []).append(name)
        return found

    @property
    def _rules(self) -> dict[str, Constraint]:
        """Constraints, and that what follows from a combination of columns is known."""
        found: dict[str, Constraint] = dict(self.constraints)
        for name, column in self.columns.items():
            if isinstance(column, OfSeveral) and isinstance(column.values, Mapping):
                found[f"{name} is known"] = Known(name, column)
        return found

    def _values(self, u: _Floats) -> pd.DataFrame:
        """Turn points u (n_rows, n_axes) of the unit cube into drawn columns."""
        place = {axis: k for k, axis in enumerate(self._axes)}
        nothing = np.zeros(len(u))
        values = {}
        for name, column in self._drawn.items():
            axis = column._axis(name)
            taken = column._take(u[:, place[axis]] if axis in place else nothing)
            values[name] = column._cells(name, taken)
        return pd.DataFrame(values)

    def _put(self, frame: pd.DataFrame, name: str, value: Any) -> None:
        """Put a value into a column, and into those that move with it."""
        column = self._drawn[name]
        if isinstance(column, OneHot):
            column._put(frame, name, value)
        else:
            frame[name] = value

    def _settle(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Compute anew what follows from the drawn columns."""
        frame = frame[list(self._drawn)].copy()
        for name, column in self.columns.items():
            if isinstance(column, (When, DependentColumn)):
                frame[name] = column._settle(frame, name, self._kinds)
        return frame[list(self.columns)]

    def _judge(self, frame: pd.DataFrame) -> _Bools:
        """Which rules hold for which rows, (n_rows, n_rules)."""
        rules = self._rules
        answers = np.empty((len(frame), len(rules)), bool)
        for k, (name, constraint) in enumerate(rules.items()):
            if isinstance(constraint, Rule):
                answers[:, k] = constraint._holds(frame, self._kinds)
            else:
                answers[:, k] = ask_rows(constraint, frame, f"Constraint {name!r}")
        return answers

    def _keep_allowed(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Keep the rows that satisfy all constraints, of which there must be one."""
        answers = self._judge(frame)
        if not answers.all(axis=1).any():
            shares = zip(self._rules, answers.mean(axis=0), strict=True)
            each = ", ".join(f"{name!r} {share:.0%}" for name, share in shares)
            raise NoPossibleExperimentError(
                f"None of the {len(frame):,} rows satisfies all constraints. Share that satisfies "
                f"each: {each}. Loosen a constraint or choose other rows."
            )
        return frame[answers.all(axis=1)].reset_index(drop=True)

    def _allows(self, frame: pd.DataFrame, new_molecules: bool = False) -> _Bools:
        """Which completed rows are possible, (n_rows,), perhaps also with molecules not listed."""
        inside: _Bools = np.asarray(self._judge(frame).all(axis=1))
        for name in self._drawn:
            inside &= self._column_contains(name, frame, new_molecules)
        return inside

    def _column_contains(
        self, name: str, frame: pd.DataFrame, new_molecules: bool = False
    ) -> _Bools:
        column = self._drawn[name]
        if isinstance(column, OneHot):
            return column._one_is_on(frame)
        inside: _Bools = without_condition(column)._contains(frame[name])
        if new_molecules and isinstance(without_condition(column), Molecules):
            inside = inside | np.array([not is_missing(cell) for cell in frame[name]], bool)
        if isinstance(column, PlainColumn):
            return inside
        applies = column._applies(frame, name, self._kinds)
        return np.where(applies, inside, column._is_otherwise(frame[name]))

    def _followers_of(self, name: str) -> list[str]:
        """Names of the columns that belong to what a column holds."""
        columns = self.columns.items()
        return [n for n, c in columns if isinstance(c, Follower) and name in c._leaders]

    def _molecules(self, name: str) -> Molecules:
        column = self.columns.get(name)
        if not isinstance(column, Molecules):
            found = [n for n, kind in self.columns.items() if isinstance(kind, Molecules)]
            raise ValueError(
                f"{name!r} is not a molecule column of the design space. Molecule columns: "
                f"{listed(found)}."
            )
        return column

    def _require_drawn(self, names: Iterable[str]) -> None:
        """Refuse columns that follow from others, and columns of another table."""
        wrong = [name for name in names if name not in self._drawn]
        if wrong:
            raise ValueError(
                f"The column(s) {listed(wrong)} cannot be chosen. Columns that are drawn: "
                f"{listed(self._drawn)}."
            )

    def _require_inside(self, frame: pd.DataFrame, names: Iterable[str]) -> None:
        """Refuse values outside of their column."""
        for name in names:
            bad = np.flatnonzero(~self._column_contains(name, frame))
            if len(bad):
                value = plain_label(frame[name].iloc[bad[0]])
                raise ValueError(
                    f"Column {name!r}, row {plain_label(frame.index[bad[0]])!r} holds {value!r}, "
                    f"which is outside of the design space ({self.columns[name]}). Correct the "
                    f"value or {_widening(self.columns[name])}."
                )

    def _read_tolerance(self, tolerance: float | Mapping[str, float]) -> dict[str, float]:
        """Tolerance of each column of numbers that may move."""
        numeric = [name for name, column in self._drawn.items() if _holds_numbers(column)]
        if not isinstance(tolerance, Mapping):
            require_number("DesignSpace.around", "tolerance", tolerance, 0, 1)
            return dict.fromkeys(numeric, tolerance)
        wrong = [name for name in tolerance if name not in numeric]
        if wrong:
            raise ValueError(
                f"The column(s) {listed(wrong)} cannot have a tolerance. Columns of numbers that "
                f"can be varied: {listed(numeric)}."
            )
        for step in tolerance.values():
            require_number("DesignSpace.around", "tolerance", step, 0, np.inf, open_end=True)
        return dict(tolerance)


def _widening(column: Column) -> str:
    """How a user lets more values into a column."""
    inner = without_condition(column)
    if isinstance(inner, Molecules):
        return "add the molecule with DesignSpace.extend"
    if isinstance(inner, Levels):
        return "give the column more Levels"
    if isinstance(inner, OneHot):
        return f"let exactly one of {listed(inner.columns)} be {inner.on!r}"
    return "widen the column, for example with DesignSpace.from_frame(X, margin=...)"


def _holds_numbers(column: DrawnColumn) -> bool:
    inner = without_condition(column)
    return isinstance(inner, Range) or (
        isinstance(inner, Levels) and all(map(is_number, inner.values))
    )
