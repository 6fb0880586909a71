"""Conditions on rows: declared, as values of columns, or told by functions of users."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.types import is_bool_dtype

from sksiamese._checks import listed, plain_label, shorten
from sksiamese.molecules._canonical import canonical_key
from sksiamese.space._drawn_columns import Levels, PlainColumn
from sksiamese.space._molecules import Molecules

Wanted: TypeAlias = tuple[Any, ...] | PlainColumn
_Bools: TypeAlias = npt.NDArray[np.bool_]
Condition: TypeAlias = Mapping[str, Sequence[Any] | PlainColumn]

_SHOWN = 3  # values that a description shows
_COMBINE = "Combine conditions with & and |, each in brackets, not with 'and' and 'or'."


def read_condition(owner: str, name: str, condition: Any) -> dict[str, Wanted]:
    """Read a condition as a user declares it.

    Raises
    ------
    TypeError
        If it is not a mapping from columns to lists of values or kinds of columns.
    """
    if not isinstance(condition, Mapping) or not condition:
        raise TypeError(
            f"The {name!r} parameter of {owner} must be a dict of columns and what they hold, such "
            f'as {{"solvent": ["O"]}} or {{"pH": Range(7, 9)}}. Got {shorten(condition)} instead.'
        )
    return {str(column): _read_wanted(owner, name, column, w) for column, w in condition.items()}


def _read_wanted(owner: str, name: str, column: Any, wanted: Any) -> Wanted:
    if isinstance(wanted, PlainColumn):
        return wanted
    if isinstance(wanted, Iterable) and not isinstance(wanted, (str, Mapping)):
        values = [plain_label(value) for value in wanted]
        if values and all(isinstance(value, Hashable) for value in values):
            return tuple(dict.fromkeys(values))
    raise TypeError(
        f"The {name!r} parameter of {owner} must give a list of values, or a Range, for "
        f"{column!r}. Got {shorten(wanted)} instead."
    )


def rows_where(
    condition: Condition | Callable[[pd.DataFrame], Any],
    frame: pd.DataFrame,
    kinds: Mapping[str, Any],
    what: str,
) -> _Bools:
    """Tell the rows (n_rows,) of a frame in which a condition holds.

    Parameters
    ----------
    condition : mapping or callable
        As users give it.
    frame : DataFrame of shape (n_rows, n_columns)
        Experiments.
    kinds : mapping of str to column
        Kinds of the columns: of those that hold molecules, each may be spelled in any way or
        called by its name.
    what : str
        What has the condition, for messages.
    """
    if not isinstance(condition, Mapping):
        return ask_rows(condition, frame, what)
    holds = np.ones(len(frame), bool)
    for name, wanted in condition.items():
        holds &= wanted_column(wanted, kinds.get(name))._contains(frame[name])
    return holds


def wanted_column(wanted: Sequence[Any] | PlainColumn, kind: Any) -> PlainColumn:
    """Give the values that a condition asks for as a column of the same kind."""
    if isinstance(wanted, PlainColumn):
        return wanted
    if not isinstance(kind, Molecules):
        return Levels(wanted)
    called = dict(zip(kind.labels(), kind.smiles, strict=True))
    return Molecules([called.get(value, value) for value in wanted])


def require_known_values(
    wanted: Sequence[Any] | PlainColumn, name: str, kind: Any, what: str
) -> None:
    """Refuse values that a column cannot hold, such as misspelt names.

    Raises
    ------
    ValueError
        Naming the value, and what the column holds.
    """
    if isinstance(wanted, PlainColumn):
        return
    if isinstance(kind, Molecules):
        labels = kind.labels()
        bad = [v for v in wanted if v not in labels and canonical_key(v) is None]
        has = f"molecules, by SMILES or as {_quoted(labels)}"
    elif isinstance(kind, Levels):
        bad = [value for value in wanted if value not in kind.values]
        has = _quoted(kind.values)
    else:
        return
    if bad:
        raise ValueError(
            f"{what} asks for {shorten(bad[0])} in column {name!r}, which holds {has}. Correct it."
        )


def condition_text(condition: Any) -> str:
    """Show a condition in words."""
    if not isinstance(condition, Mapping):
        return function_name(condition)
    return " and ".join(f"{name} is {_wanted_text(w)}" for name, w in condition.items())


def _wanted_text(wanted: Sequence[Any] | PlainColumn) -> str:
    if isinstance(wanted, PlainColumn):
        return str(wanted)
    return _quoted(wanted, " or ")


def _quoted(values: Sequence[Any], joint: str = ", ") -> str:
    shown = ["absent" if v is None else shorten(v) for v in values[:_SHOWN]]
    more = [f"{len(values) - _SHOWN} more"] if len(values) > _SHOWN else []
    return joint.join(shown + more)


def call_function(function: Callable[[pd.DataFrame], Any], frame: pd.DataFrame, what: str) -> Any:
    """Call a function of a frame, which may change its copy; a Series comes back in row order.

    Raises
    ------
    ValueError
        If it asks for a column that is not there, or answers for other rows; `what` begins the
        message.
    """
    copy = frame.reset_index(drop=True)
    labels = copy.index
    try:
        answer = function(copy)
    except KeyError as error:
        asked = error.args[0] if error.args else None
        raise ValueError(
            f"{what} asks for {asked!r}, which is not there. Columns that it may use: "
            f"{listed(frame.columns)}."
        ) from error
    if not isinstance(answer, pd.Series) or answer.index.equals(labels):
        return answer
    if len(answer) == len(frame) and answer.index.is_unique and labels.isin(answer.index).all():
        return answer.loc[labels]
    raise ValueError(
        f"{what} must give one value for each row. Got a Series of {len(answer):,} rows, whose "
        f"labels are not those of the {len(frame):,} rows it was given."
    )


def ask_rows(function: Callable[[pd.DataFrame], Any], frame: pd.DataFrame, what: str) -> _Bools:
    """Call a function that says True or False of each row of a frame."""
    try:
        answer = call_function(function, frame, what)
    except ValueError as error:
        if "truth value" not in str(error):
            raise
        raise ValueError(f"{what} asks whether a whole column is true. {_COMBINE}") from error
    answer = answer if hasattr(answer, "dtype") else np.asarray(answer)
    if answer.shape != (len(frame),) or not is_bool_dtype(answer):
        raise ValueError(
            f"{what} must give True or False for each row. Got {answer.dtype} of shape "
            f"{answer.shape} for {len(frame)} rows. {_COMBINE}"
        )
    return pd.Series(answer).to_numpy(bool, na_value=False)


def function_name(function: Callable[..., Any]) -> str:
    """Name of a function, for texts."""
    return str(getattr(function, "__name__", repr(function)))
