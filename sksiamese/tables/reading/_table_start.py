"""Where a table begins within the cells of a file: title lines, names, a row of units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from sksiamese._checks import listed, shorten
from sksiamese.tables.reading._cell_meaning import is_missing
from sksiamese.tables.reading._findings import Finding, describe_rows
from sksiamese.tables.reading._quantity_in_name import is_unit
from sksiamese.tables.reading._typed_numbers import is_number_text

Grid: TypeAlias = list[list[Any]]

_SEARCHED = 50  # rows in which the header is looked for
_UNITLESS = {"-", "smiles", "text", "name", "0/1", "equiv", "eq", "mol%", "rpm", "bar", "a.u."}


def frame_of(
    grid: Grid, file: str, header: int | str | None, names: Sequence[str]
) -> tuple[pd.DataFrame, list[Finding]]:
    """Find the table in the cells of a file.

    Parameters
    ----------
    grid : list of list
        Rows of cells, from row 1 of a spreadsheet on; they may differ in length.
    file : str
        The file's name, for messages.
    header : int, "infer" or None
        Row of the names, as in :func:`sksiamese.tables.reading._files.read_table_file`.
    names : sequence of str
        Names that the header must have.

    Returns
    -------
    frame : DataFrame of shape (n_rows, n_columns)
        Rows have the numbers that a spreadsheet gives them.
    findings : list of Finding
        What was passed over.
    """
    place = _find_header(grid, file, header, names)
    findings = []
    if skipped := [row for row in range(place) if not _is_blank(grid[row])]:
        message = f"The names stand in row {place + 1}; {_describe(grid, skipped)} skipped."
        cure = "Nothing to do, if these rows are not experiments; say header= otherwise."
        findings.append(Finding("title_rows", "warning", None, None, None, message, cure))
    body = {row + 1: grid[row] for row in range(place + 1, len(grid)) if not _is_blank(grid[row])}
    top = [] if place < 0 else grid[place]
    units: dict[int, str] = {}
    if body and header is not None and (found := _read_units(body[min(body)])):
        row = min(body)
        units, message = found, f"Row {row} holds units, and became part of the names."
        del body[row]
        findings.append(
            Finding("unit_row", "warning", None, row, None, message, "Nothing to do, if so.")
        )
    if not body:
        raise ValueError(
            f"{file!r} holds no table. It needs a row of names, and below it one row for each "
            "experiment."
        )
    units = {i: unit for i, unit in units.items() if str(top[i]).strip() not in names}
    return _make_frame(top, body, units, file), findings


def holds_names(grid: Grid, names: Sequence[str]) -> bool:
    """Whether a row near the top has all these names; without names, whether a table is there."""
    if not names:
        return sum(_n_filled(row) > 1 for row in grid) > 1
    return any(set(names) <= _texts(row) for row in grid[:_SEARCHED])


def _find_header(grid: Grid, file: str, header: int | str | None, names: Sequence[str]) -> int:
    """Place of the row of names in the grid; -1 where there is none."""
    if header is None:
        return -1
    if isinstance(header, int):
        if not 1 <= header <= len(grid):
            raise ValueError(
                f"header={header} is not a row of {file!r}, which has the rows 1 to {len(grid)}. "
                "Give the row of the column names."
            )
        return header - 1
    for place, row in enumerate(grid[:_SEARCHED]):
        if names and set(names) <= _texts(row):
            return place
    usual = float(np.median([_n_filled(row) for row in grid if not _is_blank(row)] or [0]))
    for place, row in enumerate(grid):
        is_title = _n_filled(row) == 1 and usual > 1 and not is_missing(row[0])
        if not (is_title or _is_comment(row)) and _n_filled(row) >= max(usual / 2, 1):
            _require_names(row, place, file)
            return place
    raise ValueError(
        f"{file!r} holds no table. It needs a row of names, and below it one row for each "
        "experiment."
    )


def _require_names(row: Sequence[Any], place: int, file: str) -> None:
    """Refuse a header that has a number in it."""
    numbers = [
        c for c in row if not is_missing(c) and (not isinstance(c, str) or is_number_text(c))
    ]
    if numbers:
        cells = ", ".join(shorten(cell) for cell in row[:4])
        raise ValueError(
            f"Row {place + 1} of {file!r} looks like data, not like column names: {cells}. Add a "
            "row of names above it, or say header=None, and the columns are called 'column 1', "
            "'column 2' ..."
        )


def _read_units(row: Sequence[Any]) -> dict[int, str]:
    """Units by place, if a row holds nothing else; else nothing."""
    texts = {i: str(cell).strip() for i, cell in enumerate(row) if not is_missing(cell)}
    bare = {i: text.strip("[]() ") for i, text in texts.items()}
    is_row = all(is_unit(text) or text.casefold() in _UNITLESS for text in bare.values())
    units = {i: text for i, text in bare.items() if is_unit(text)}
    return units if is_row and units else {}


def _make_frame(
    top: Sequence[Any], body: dict[int, list[Any]], units: dict[int, str], file: str
) -> pd.DataFrame:
    width = max(len(top), *(_last_filled(row) for row in body.values()))
    if top and width > len(top):
        row = next(number for number, cells in body.items() if _last_filled(cells) > len(top))
        raise ValueError(
            f"Row {row} of {file!r} has {_last_filled(body[row])} cells, more than the "
            f"{len(top)} columns of the header. Add the names, or put cells with commas into "
            "quotation marks."
        )
    cells = [(row + [None] * width)[:width] for row in body.values()]
    frame = pd.DataFrame(cells, index=list(body), dtype=object)
    blank = frame.map(is_missing).all()
    heads = ["" if is_missing(name) else str(name) for name in [*top, *[None] * width][:width]]
    kept = [place for place in range(width) if heads[place] or not blank[place]]
    taken = {heads[place].strip() for place in kept if not blank[place]}
    names = []
    for place in kept:
        name = heads[place].strip() or f"column {place + 1}"
        if blank[place] and name in taken:
            name = heads[place] if heads[place] != name else f"{name} (column {place + 1})"
        if place in units and units[place] not in name:
            name = f"{name} ({units[place]})"
        names.append(name)
    require_one_of_each(names, [place + 1 for place in kept], repr(file))
    return frame[kept].set_axis(names, axis=1)


def require_one_of_each(names: Sequence[str], places: Sequence[int], table: str) -> None:
    """Refuse two columns of one name, and say where they stand.

    Raises
    ------
    ValueError
        Naming the column and its places.
    """
    for name in names:
        where = [str(place) for place, other in zip(places, names, strict=True) if other == name]
        if len(where) > 1:
            raise ValueError(
                f"{table} has {len(where)} columns named {name!r}: the columns "
                f"{', '.join(where[:-1])} and {where[-1]}. Rename them, or delete one."
            )


def _describe(grid: Grid, rows: list[int]) -> str:
    texts = [str(next(c for c in grid[row] if not is_missing(c))) for row in rows]
    verb = "was" if len(rows) == 1 else "were"
    return f"{describe_rows(row + 1 for row in rows)} ({listed(texts)}) {verb}"


def _texts(row: Sequence[Any]) -> set[str]:
    return {str(cell).strip() for cell in row if not is_missing(cell)}


def _is_blank(row: Sequence[Any]) -> bool:
    return not _n_filled(row)


def _n_filled(row: Sequence[Any]) -> int:
    return sum(not is_missing(cell) for cell in row)


def _last_filled(row: Sequence[Any]) -> int:
    return max((i + 1 for i, cell in enumerate(row) if not is_missing(cell)), default=0)


def _is_comment(row: Sequence[Any]) -> bool:
    first = next((cell for cell in row if not is_missing(cell)), "")
    return str(first).lstrip().startswith("#") and len(str(first).strip()) > 1
