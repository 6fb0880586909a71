"""The one place that decides what a column of a table is, and why."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types as pandas_types
from scipy.stats import rankdata

from sksiamese._checks import listed
from sksiamese._frames import require_columns
from sksiamese.tables._column_kinds import are_truth_values
from sksiamese.tables._read_column import TableColumn
from sksiamese.tables._roles_by_name import role_by_name
from sksiamese.tables.reading._cell_meaning import is_date, is_reaction
from sksiamese.tables.reading._quantity_in_name import find_quantity

INPUTS = ("molecule", "category", "number")  # roles of which the models take the columns
ROLES = (*INPUTS, "outcome", "result", "counter", "identifier", "date", "note", "empty", "ignored")

DECIDES = 0.95  # area under the ROC curve from which on a column all but decides the outcome
_FEWEST_ROWS = 12  # that an AUC is trusted for
_FEWEST_OF_CLASS = 4
_FEWEST_VALUES = 5
_FEWEST_COUNTED = 5  # rows of a running number
_NO_NAME = re.compile(r"column [0-9]+|Unnamed: [0-9]+")  # as files and pandas call such columns
_OWN = 0.75  # different texts for a row from which on they name the rows


class Role(NamedTuple):
    """What a column is.

    Parameters
    ----------
    role : str
        "molecule", "category" and "number" are what the models take; "outcome" is what they learn;
        "result", "counter", "identifier", "date", "note", "empty" and "ignored" are left out.
    reason : str
        Why, in words.
    """

    role: str
    reason: str


def find_roles(
    columns: Mapping[str, TableColumn],
    outcomes: Mapping[str, str],
    success: npt.NDArray[np.float64] | None = None,
    inputs: Collection[str] | None = None,
    ignore: Collection[str] | None = None,
    roles: Mapping[str, str] | None = None,
) -> dict[str, Role]:
    """Decide what each column of a table is.

    Parameters
    ----------
    columns : mapping of str to TableColumn
        The columns.
    outcomes : mapping of str to str
        Columns of the outcome, and how it rests on them.
    success : ndarray of shape (n_rows,) or None
        1 where an experiment succeeded, 0 where not, NaN where that is open.
    inputs : collection of str or None
        Columns for the models; all others are left out. None finds them out.
    ignore : collection of str or None
        Columns to leave out.
    roles : mapping of str to str or None
        Roles by name, where what is found is wrong.

    Returns
    -------
    dict of str to Role
        The role of each column.

    Raises
    ------
    ValueError
        If a column is absent, or a role unknown.
    """
    given = _read_wishes(columns, inputs, ignore, roles)
    found: dict[str, Role] = {}
    for name, column in columns.items():
        if name in outcomes:
            found[name] = Role("outcome", outcomes[name])
        elif name in given:
            found[name] = given[name]
        elif inputs is not None:
            found[name] = _by_content(column) if name in inputs else _NOT_NAMED
        else:
            found[name] = _find_role(column, success)
    return found


_NOT_NAMED = Role("ignored", "not among the inputs that you named")


def _read_wishes(
    columns: Mapping[str, TableColumn],
    inputs: Collection[str] | None,
    ignore: Collection[str] | None,
    roles: Mapping[str, str] | None,
) -> dict[str, Role]:
    """Roles that the user gave."""
    table = pd.Index(list(columns))
    for names, word in ((inputs, "inputs"), (ignore, "ignore"), (roles, "roles")):
        if isinstance(names, str):
            raise TypeError(f"{word} must be a list of columns. Got {names!r}: write [{names!r}].")
        require_columns(table, names or (), f"The table that {word}= speaks of")
    given = {name: Role(role, "as you said") for name, role in (roles or {}).items()}
    unknown = {name: role for name, (role, _) in given.items() if role not in ROLES}
    if unknown:
        raise ValueError(
            f"There is no role {next(iter(unknown.values()))!r}, as roles= gives for "
            f"{next(iter(unknown))!r}. Give one of: {listed(ROLES)}."
        )
    return given | {name: Role("ignored", "as you said") for name in ignore or ()}


def _find_role(column: TableColumn, success: npt.NDArray[np.float64] | None) -> Role:
    if column.kind == "empty":
        return Role("empty", "holds nothing")
    if _holds_dates(column):
        return Role("date", "holds dates")
    content = _by_content(column)
    by_name = None if content.role == "molecule" else role_by_name(column.name)
    if by_name is not None and _agrees(by_name[0], column):
        return Role(by_name[0], f"the name says {by_name[1]!r}")
    if content.role != "number":
        return content
    if _is_running(column) and find_quantity(column.name) is None:
        return Role("counter", "counts the rows")
    alone = auc_alone(column, success)
    if alone >= DECIDES and find_quantity(column.name) is None:
        return Role("result", f"it alone all but decides the outcome (AUC {alone:.2f})")
    return content


def _agrees(role: str, column: TableColumn) -> bool:
    """Whether what a column holds can be what its name says."""
    if role == "date":
        return column.kind != "number"
    if role == "identifier":
        return _names_rows(column)
    return True


def _by_content(column: TableColumn) -> Role:
    """Decide by what the cells are alone."""
    if column.kind == "molecule":
        return Role("molecule", "holds SMILES")
    if column.kind == "number" and are_truth_values(_present(column)):
        return Role("category", "holds truth values")
    if column.kind == "number":
        return Role("number", "holds numbers")
    if column.kind == "empty":
        return Role("empty", "holds nothing")
    texts = [cell for cell in column.cells if isinstance(cell, str) and cell.strip()]
    if column.kind == "other" or not texts:
        return Role("note", "holds neither text nor numbers")
    if 2 * sum(map(is_reaction, set(texts))) > len(set(texts)):
        return Role("note", "holds reactions; give each molecule a column of its own")
    if _names_rows(column):
        long = any(len(text.split()) > 2 for text in texts)
        kind, what = ("note", "sentences") if long else ("identifier", "names")
        return Role(kind, f"holds {what} that hardly recur")
    return Role("category", "holds names that recur")


def _present(column: TableColumn) -> list[Any]:
    return [c for c, gap in zip(column.cells, column.missing, strict=True) if not gap]


def _names_rows(column: TableColumn) -> bool:
    """Whether almost every row has a text or number of its own."""
    present = _present(column)
    return len(present) > 1 and len(set(map(str, present))) > _OWN * len(present)


def _holds_dates(column: TableColumn) -> bool:
    if column.kind == "number" and not column.is_text and not column.strange.any():
        return False
    cells = _present(column)
    if pandas_types.infer_dtype(cells) in ("date", "datetime", "datetime64", "time", "timedelta"):
        return True
    texts = [cell for cell in cells if isinstance(cell, str)]
    return 2 * sum(map(is_date, texts)) > len(cells)


def _is_running(column: TableColumn) -> bool:
    """Whether numbers go up by one from row to row: from 0 or 1, or from any if without a name."""
    numbers = column.numbers
    if len(numbers) < _FEWEST_COUNTED:
        return False
    if numbers[0] not in (0, 1) and not _NO_NAME.fullmatch(column.name):
        return False
    return bool((numbers == numbers[0] + np.arange(len(numbers))).all())


def auc_alone(column: TableColumn, success: npt.NDArray[np.float64] | None) -> float:
    """Area under the ROC curve of a column of numbers by itself, in the better direction.

    NaN where it has too few numbers to tell.
    """
    if success is None or column.kind != "number":
        return np.nan
    known = ~np.isnan(column.numbers) & ~np.isnan(success)
    numbers, hits = column.numbers[known], success[known] == 1
    n_hits, n_others = int(hits.sum()), int((~hits).sum())
    enough = len(hits) >= _FEWEST_ROWS and min(n_hits, n_others) >= _FEWEST_OF_CLASS
    if not enough or len(np.unique(numbers)) < _FEWEST_VALUES:
        return np.nan
    area = (rankdata(numbers)[hits].sum() - n_hits * (n_hits + 1) / 2) / (n_hits * n_others)
    return float(max(area, 1 - area))
