"""Checks of what a design space is defined by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from sksiamese._checks import listed, shorten
from sksiamese.space._constraints import Constraint, Rule
from sksiamese.space._dependent_columns import (
    Computed,
    DependentColumn,
    When,
    without_condition,
)
from sksiamese.space._drawn_columns import DrawnColumn, Levels, OneHot
from sksiamese.space._expressions import Expression, named_columns
from sksiamese.space._followers import Follower, OfLevel, OfMolecule
from sksiamese.space._molecules import Molecules
from sksiamese.space._row_conditions import Condition, function_name, require_known_values

Column: TypeAlias = DrawnColumn | DependentColumn


def name_constraints(
    constraints: Sequence[Constraint] | Mapping[str, Constraint],
) -> dict[str, Constraint]:
    """Give each constraint a name: its key, its text, the function's name or its number.

    Raises
    ------
    TypeError
        If one is neither declared nor a function.
    """
    if callable(constraints) or isinstance(constraints, Rule):
        raise TypeError(
            "The 'constraints' of DesignSpace must be a list or a dict of constraints. Got "
            f"{shorten(constraints)} instead."
        )
    named: dict[str, Constraint] = {}
    by_name = isinstance(constraints, Mapping)
    items = constraints.items() if isinstance(constraints, Mapping) else enumerate(constraints, 1)
    for key, constraint in items:
        if not callable(constraint) and not isinstance(constraint, Rule):
            raise TypeError(
                "A constraint of DesignSpace must be a Bound, an OnlyWith or a function of a "
                f"frame. Got {shorten(constraint)} instead."
            )
        name = str(key) if by_name else _own_name(constraint)
        if not by_name and (name == "<lambda>" or name in named):
            name = f"constraint {key}"
        named[name] = constraint
    return named


def _own_name(constraint: Constraint) -> str:
    return str(constraint) if isinstance(constraint, Rule) else function_name(constraint)


def require_sound_columns(columns: Mapping[str, Column]) -> None:
    """Refuse what is not a column.

    Raises
    ------
    TypeError
        If a column is of no known kind.
    ValueError
        If there is none, or one follows from molecules that are not there.
    """
    if not columns:
        raise ValueError("A DesignSpace needs at least one column. Got none.")
    for name, column in columns.items():
        if not isinstance(column, (DrawnColumn, DependentColumn)):
            raise TypeError(
                f"Column {name!r} of a DesignSpace must be a Range, Levels, Molecules, Constant, "
                "OneHot, When, OfMolecule, OfLevel, OfSeveral or Computed. Got "
                f"{shorten(column)} instead."
            )
        if isinstance(column, OneHot):
            _require_group(name, column, columns)
        if isinstance(column, Follower):
            _require_leaders(name, column, columns)
            column._require_values(name, columns)


def _require_group(name: str, column: OneHot, columns: Mapping[str, Column]) -> None:
    wrong = [other for other in (*column.columns, name) if columns.get(other) != column]
    if wrong or name not in column.columns:
        raise ValueError(
            f"Column {name!r} is a OneHot of {listed(column.columns)}, which must all be columns "
            f"with that same OneHot; {listed(wrong or [name])} is not. Write dict.fromkeys(names, "
            "OneHot(names))."
        )


def _require_leaders(name: str, column: Follower, columns: Mapping[str, Column]) -> None:
    kinds: tuple[tuple[type, ...], str] = (
        (Molecules, Levels, OneHot),
        "column of Molecules, Levels or OneHot",
    )
    if isinstance(column, OfMolecule):
        kinds = (Molecules,), "molecule column"
    elif isinstance(column, OfLevel):
        kinds = (Levels,), "column of Levels"
    for leader in column._leaders:
        if not isinstance(columns.get(leader), kinds[0]):
            raise ValueError(
                f"Column {name!r} follows from {leader!r}, which is not a {kinds[1]} of the design "
                "space."
            )
    if column.values is None:
        raise ValueError(
            f"Column {name!r} has no values. Give OfMolecule a dict or a function, or let "
            "DesignSpace.from_frame read them from a table."
        )


def require_known_columns(
    columns: Mapping[str, Column], constraints: Mapping[str, Constraint]
) -> None:
    """Refuse what is declared of columns, or of their values, that do not exist.

    Raises
    ------
    ValueError
        Naming column or constraint, and what it asks for.
    """
    order = list(columns)
    for name, column in columns.items():
        what = f"Column {name!r}"
        used = _used_by(column)
        _require_existing(used, columns, what)
        late = [n for n in used if _follows(columns[n]) and order.index(n) >= order.index(name)]
        if late:
            raise ValueError(
                f"{what} asks for {listed(late)}, which follows from others and does not stand "
                "before it. Put it before."
            )
        if isinstance(column, When) and isinstance(column.condition, Mapping):
            _require_values(column.condition, columns, what)
    for name, constraint in constraints.items():
        if isinstance(constraint, Rule):
            _require_existing(constraint._uses(), columns, f"Constraint {name!r}")
            for condition in constraint._conditions():
                _require_values(condition, columns, f"Constraint {name!r}")


def _used_by(column: Column) -> list[str]:
    """Columns that a declared one depends on."""
    if isinstance(column, When) and isinstance(column.condition, Mapping):
        return list(column.condition)
    if isinstance(column, Computed) and isinstance(column.function, Expression):
        return named_columns(column.function)
    return []


def _follows(column: Column) -> bool:
    return isinstance(column, (When, DependentColumn))


def _require_existing(used: Sequence[str], columns: Mapping[str, Column], what: str) -> None:
    missing = [name for name in used if name not in columns]
    if missing:
        raise ValueError(
            f"{what} asks for the column(s) {listed(missing)}, which the design space lacks. It "
            f"has: {listed(columns)}."
        )


def _require_values(condition: Condition, columns: Mapping[str, Column], what: str) -> None:
    for name, wanted in condition.items():
        kind = columns[name]
        if not isinstance(kind, When):  # it also holds what it has otherwise
            require_known_values(wanted, name, without_condition(kind), what)
