"""Libraries of any length: frames and files in pieces, which a few at a time fit into memory."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from sksiamese._checks import import_extra, shorten
from sksiamese._frame_libraries import as_pandas
from sksiamese._frames import require_columns
from sksiamese.tables.reading._cell_meaning import is_missing
from sksiamese.tables.reading._files import (
    TEXT_SUFFIXES,
    find_separator,
    hold_numbers,
    naming_what_is_damaged,
)

_FIRST_LINE = 2  # of a text file's rows, as a spreadsheet numbers them
_SNIFFED = 1 << 16  # characters of a text file by which its separator is told
_TELLING = 1000  # cells by which a column of a text file is told to hold numbers


class ParquetRows(NamedTuple):
    """Rows of a Parquet file, not read yet.

    Parameters
    ----------
    path : str
        The file.
    start, stop : int
        Where the rows begin and end, counted from 0.
    """

    path: str
    start: int
    stop: int


class Piece(NamedTuple):
    """Some rows of a part of a library.

    Parameters
    ----------
    part : int
        Place of the part among the others.
    name : str
        What messages call the part.
    first : int
        Number of the first row; others follow.
    n_rows : int
        Number of rows.
    source : DataFrame or ParquetRows
        The rows, or where to read them.
    """

    part: int
    name: str
    first: int
    n_rows: int
    source: pd.DataFrame | ParquetRows

    def read(self) -> pd.DataFrame:
        """Give the rows, labelled with their numbers.

        Raises
        ------
        ValueError
            If the file can no longer be read, or has fewer rows than before.
        """
        frame = self.source
        if isinstance(frame, ParquetRows):
            frame = _read_parquet(frame)
            if len(frame) != self.n_rows:
                raise ValueError(f"{self.name} has other rows than before. Begin again.")
        return frame


def list_parts(parts: Any) -> Iterable[Any]:
    """Give the parts of a library; a path or a table alone is one part.

    Raises
    ------
    FileNotFoundError
        If one of the files that are listed is absent.
    TypeError
        If there are no parts to go through.
    """
    if isinstance(parts, str | os.PathLike | pd.DataFrame) or hasattr(parts, "slice"):
        parts = [parts]
    if not isinstance(parts, Iterable):
        raise TypeError(
            "The parts of a library must be tables or paths, or an iterable of such. Got "
            f"{shorten(parts)}."
        )
    if isinstance(parts, Sequence):
        for part in parts:
            if isinstance(part, str | os.PathLike):
                _find_file(part)
    return parts


def count_rows(parts: Iterable[Any]) -> int | None:
    """Count the rows of all parts, where that takes no reading; None elsewhere."""
    if not isinstance(parts, Sequence):
        return None
    n_rows = 0
    for part in parts:
        if hasattr(part, "shape") or hasattr(part, "num_rows"):
            n_rows += part.shape[0] if hasattr(part, "shape") else part.num_rows
        elif isinstance(part, str | os.PathLike) and Path(part).suffix.lower() == ".parquet":
            n_rows += _parquet_file(part).metadata.num_rows
        else:
            return None
    return n_rows


def iter_pieces(
    parts: Iterable[Any], columns: Sequence[str], n_rows: int, refused: Sequence[str] = ()
) -> Iterator[Piece]:
    """Cut a library into pieces; parts without rows have none.

    Parameters
    ----------
    parts : iterable of DataFrame, table or batch of pyarrow or polars, str or Path
        The parts, of any number of rows. Files are .parquet, or .csv, .tsv and .txt in UTF-8, with
        a header.
    columns : sequence of str
        Columns that each part must have. In text files, they alone are read as numbers, where most
        of their first cells are: other columns stay as they are written.
    n_rows : int
        Rows of a piece; the last one of a part may have fewer.
    refused : sequence of str, default=()
        Columns that no part may have.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ImportError
        If Parquet is to be read without pyarrow.
    TypeError
        If a part is neither a table nor a path.
    ValueError
        If a file cannot be read, or a part lacks a column.
    """
    for number, part in enumerate(parts):
        is_file = isinstance(part, str | os.PathLike)
        name = f"Part {number} ({Path(part).name!r})" if is_file else f"Part {number}"
        pieces = _open_part(part, name, columns, n_rows)
        for first, source, names in pieces:
            require_columns(names, columns, name)
            _require_absent(names, refused, name)
            rows = source.stop - source.start if isinstance(source, ParquetRows) else len(source)
            yield Piece(number, name, first, rows, source)


_Found = Iterator[tuple[int, "pd.DataFrame | ParquetRows", pd.Index]]


def _open_part(part: Any, name: str, columns: Sequence[str], n_rows: int) -> _Found:
    """Pieces of a part, each with the number of its first row and the columns that it has."""
    if isinstance(part, str | os.PathLike):
        path = _find_file(part)
        if path.suffix.lower() == ".parquet":
            return _cut_parquet(path, n_rows)
        return _cut_text(path, columns, n_rows)
    take = _taking(part)
    if take is None:
        raise TypeError(
            f"{name} must be a DataFrame, a table of pyarrow or polars, or a path. Got "
            f"{shorten(part)}."
        )
    n_all = part.shape[0] if hasattr(part, "shape") else part.num_rows
    return _cut_table(take, n_all, n_rows)


def _taking(part: Any) -> Callable[[int, int], Any] | None:
    """How a number of rows from one on are taken of a table, None of what is not a table."""
    if isinstance(part, pd.DataFrame):
        return lambda start, n: part.iloc[start : start + n]
    is_table = hasattr(part, "slice") and (hasattr(part, "num_rows") or hasattr(part, "shape"))
    return part.slice if is_table else None


def _cut_table(take: Callable[[int, int], Any], n_all: int, n_rows: int) -> _Found:
    for start in range(0, n_all, n_rows):
        frame = as_pandas(take(start, min(n_rows, n_all - start)))
        yield start, frame.set_axis(range(start, start + len(frame))), frame.columns


def _require_absent(names: pd.Index, refused: Sequence[str], what: str) -> None:
    taken = [name for name in refused if name in names]
    if taken:
        raise ValueError(
            f"{what} has a column {taken[0]!r}, which is what the result adds. Rename it."
        )


def _find_file(part: str | os.PathLike[str]) -> Path:
    """Path of a file that can be read in pieces."""
    path = Path(part)
    if path.suffix.lower() not in {*TEXT_SUFFIXES, ".parquet"}:
        raise ValueError(
            f"{path.name!r} is not a kind of file that is read in pieces: .parquet, .csv, .tsv or "
            ".txt. Save it as one of these."
        )
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {str(path)!r}. Give the path of a library.")
    return path


# -- Parquet ---------------------------------------------------------------------------------------


def _parquet_file(path: str | os.PathLike[str]) -> Any:
    parquet = import_extra("pyarrow.parquet", "Reading Parquet", "scale")
    with naming_what_is_damaged(repr(Path(path).name), "Write it with DataFrame.to_parquet."):
        return parquet.ParquetFile(path)


def _cut_parquet(path: Path, n_rows: int) -> _Found:
    with _parquet_file(path) as file:
        n_all, names = file.metadata.num_rows, pd.Index(file.schema_arrow.names)
    for start in range(0, n_all, n_rows):
        yield start, ParquetRows(str(path), start, min(start + n_rows, n_all)), names


def _read_parquet(rows: ParquetRows) -> pd.DataFrame:
    """Read rows out of the row groups that hold them."""
    import pyarrow

    with _parquet_file(rows.path) as file:
        groups, before, end = list[int](), 0, 0
        for group in range(file.num_row_groups):
            start, end = end, end + file.metadata.row_group(group).num_rows
            if start < rows.stop and end > rows.start:
                before = before if groups else start
                groups.append(group)
        parts = []
        for batch in file.iter_batches(rows.stop - rows.start, row_groups=groups):
            skipped = max(0, rows.start - before)
            if skipped < batch.num_rows:
                parts.append(batch.slice(skipped, rows.stop - before - skipped))
            before += batch.num_rows
            if before >= rows.stop:
                break
        table = pyarrow.Table.from_batches(parts, file.schema_arrow).replace_schema_metadata()
    frame = as_pandas(table)
    return frame.set_axis(range(rows.start, rows.start + len(frame)))


# -- Text ------------------------------------------------------------------------------------------


def _cut_text(path: Path, columns: Sequence[str], n_rows: int) -> _Found:
    """Read a text file in pieces; rows keep their numbers where blank ones are left out."""
    first, kinds = _FIRST_LINE, dict[str, bool]()
    with naming_what_is_damaged(repr(path.name), "Save it as CSV in UTF-8, with a header."):
        for frame in _read_text(path, n_rows):
            rows = frame.set_axis(range(first, first + len(frame)))
            first += len(frame)
            rows = rows.dropna(how="all")
            if len(rows):
                typed = {c: _typed(rows[c], kinds) for c in columns if c in rows}
                yield first - len(frame), rows.assign(**typed), rows.columns


def _read_text(path: Path, n_rows: int) -> Iterator[pd.DataFrame]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        head = file.read(_SNIFFED)
    mark = find_separator(head)
    header, *records = [*csv.reader(io.StringIO(head), delimiter=mark)][:-1] or [[]]
    wide = next((record for record in records if len(record) > len(header)), None)
    if wide is not None:
        raise ValueError(f"a row has {len(wide)} cells, and the header {len(header)}: {wide[0]!r}")
    with pd.read_csv(
        path,
        sep=mark,
        dtype=str,
        keep_default_na=False,
        na_values=[""],
        skip_blank_lines=False,
        encoding="utf-8-sig",
        chunksize=n_rows,
    ) as reader:
        yield from reader


def _typed(column: pd.Series, kinds: dict[str, bool]) -> pd.Series:
    """Read a column as numbers, if its first cells that are there are such; others stay text."""
    present = column[[not is_missing(cell) for cell in column]]
    if not len(present):
        return column
    name = str(column.name)
    if name not in kinds:
        kinds[name] = hold_numbers(present.iloc[:_TELLING].tolist())
    if not kinds[name]:
        return column
    numbers = pd.to_numeric(column, errors="coerce")
    unread = numbers.isna() & column.index.isin(present.index)
    return numbers if not unread.any() else numbers.astype(object).mask(unread, column)
