"""What a check of a table finds, cell by cell or column by column."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

_SHOWN = 5  # rows that a message lists


class Finding(NamedTuple):
    """One fault, or one doubt.

    Parameters
    ----------
    check : str
        Name of the check.
    severity : {"error", "warning"}
        An error is what the models refuse, or what cannot be; a warning is to be looked at.
    column : str or None
        Where; None for a whole row.
    row : object
        Label of the row; None for a whole column.
    value : object
        What stands there; None where it is not a single cell.
    message : str
        What is wrong.
    cure : str
        How to mend it.
    """

    check: str
    severity: str
    column: str | None
    row: Any
    value: Any
    message: str
    cure: str


def describe_rows(labels: Iterable[Any]) -> str:
    """Write "row 3" or "rows 3, 5 and 7", sorted, a few of them.

    Examples
    --------
    >>> from sksiamese.tables.reading._findings import describe_rows
    >>> describe_rows([7, 3, 5])
    'rows 3, 5 and 7'
    """
    ordered = _sort_labels(list(labels))
    shown = [repr(label) for label in ordered[:_SHOWN]]
    if len(ordered) == 1:
        return f"row {shown[0]}"
    if len(ordered) > _SHOWN:
        return f"rows {', '.join(shown)} and {len(ordered) - _SHOWN} more"
    return f"rows {', '.join(shown[:-1])} and {shown[-1]}"


def _sort_labels(labels: Sequence[Any]) -> list[Any]:
    kinds = {type(label) for label in labels}
    return sorted(labels, key=None if kinds in ({int}, {str}) else repr)


def plural(number: int, word: str) -> str:
    """Write "1 row" or "2 rows"."""
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"
