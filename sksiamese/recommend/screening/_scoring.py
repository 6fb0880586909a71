"""What a worker does: the best rows of a piece, and the cells that cannot be used."""

from __future__ import annotations

import ctypes
import os
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from threadpoolctl import threadpool_limits

from sksiamese._checks import plain_label, shorten
from sksiamese.exceptions import BadCellsError, InvalidSMILESError
from sksiamese.molecules._canonical import why_unreadable
from sksiamese.tables.reading._cell_meaning import is_missing
from sksiamese.tables.reading._libraries import Piece

CHUNK = 1 << 14  # rows that a classifier is asked for together, on every engine
PIECE = 4 * CHUNK  # rows that an engine gets together
_PROBED = 1000  # rows that tell classifiers apart
_MOST_TRIALS = 1000  # predictions that search a chunk for rows that cannot be used
_LIBC = ctypes.CDLL(None) if os.name == "posix" else None
_SKIPPING = "To leave such rows out, and have them listed, pass on_error='skip'."

_Floats: TypeAlias = npt.NDArray[np.float64]


class BadCell(NamedTuple):
    """A cell that a row was left out for.

    Parameters
    ----------
    row : int
        Number of the row in its part.
    column : str or None
        Its column; None where the classifier does not tell.
    cell : str or None
        What it holds, shortened.
    problem : str
        What is wrong with it.
    """

    row: int
    column: str | None
    cell: str | None
    problem: str


class PieceResult(NamedTuple):
    """What is left of a piece once it is screened.

    Parameters
    ----------
    piece : tuple of int
        Part and number of the first row.
    n_rows : int
        Number of rows of the piece.
    best : DataFrame of shape (n_best or fewer, n_columns + 1)
        The best rows, labelled by their numbers, with their probabilities in the last column.
    n_skipped : int
        Rows that were left out.
    bad : list of BadCell
        Why they were.
    warned : dict of type to str
        The first warning of each kind.
    error : Exception or None
        What stopped the screening of the piece.
    """

    piece: tuple[int, int]
    n_rows: int
    best: pd.DataFrame
    n_skipped: int = 0
    bad: list[BadCell] = []  # noqa: RUF012 - never changed
    warned: dict[type[Warning], str] = {}  # noqa: RUF012
    error: Exception | None = None


@dataclass(frozen=True, eq=False)  # joblib's backend of Dask needs a hash
class Scorer:
    """Find the best rows of a piece; crosses over to workers, and takes the classifier with it.

    Parameters
    ----------
    model : classifier
        Has ``predict_proba``.
    names : list of str
        Columns that it takes.
    place : int
        Which of its classes is success.
    title : str
        Column of the probabilities.
    n_best : int
        How many rows to keep.
    skips : bool
        Whether rows that cannot be used are left out.
    chunk : int
        Rows that the classifier is asked for together.
    """

    model: Any
    names: list[str]
    place: int
    title: str
    n_best: int
    skips: bool
    chunk: int

    def __call__(self, piece: Piece) -> PieceResult:
        """Screen a piece. Errors are returned, so that every engine hands them over alike."""
        with threadpool_limits(1):
            result = self._screen(piece)
        _return_memory()
        return result

    def _screen(self, piece: Piece) -> PieceResult:
        key, best, bad, n_used = (piece.part, piece.first), [], list[BadCell](), 0
        with _recorded_warnings() as warned:
            try:
                frame = piece.read()
                for start in range(0, len(frame), self.chunk):
                    chunk = frame.iloc[start : start + self.chunk]
                    used, proba = self._predict(chunk, bad)
                    n_used += len(used)
                    best.append(best_rows(used.assign(**{self.title: proba}), self.n_best))
            except (OSError, TypeError, ValueError) as error:
                nothing = pd.DataFrame(columns=[*self.names, self.title])
                return PieceResult(key, piece.n_rows, nothing, error=_placed(error, piece.name))
        rows = best_rows(pd.concat(best), self.n_best)
        skipped = piece.n_rows - n_used
        return PieceResult(key, piece.n_rows, rows, skipped, bad, dict(warned))

    def probe(self, piece: Piece) -> list[float]:
        """Probabilities of the first usable rows of a piece, which tell classifiers apart.

        Raises
        ------
        BadCellsError
            Listing the cells that cannot be used, if such rows are not left out.
        ValueError
            If the rows cannot be read or predicted.
        """
        try:
            rows = piece.read().iloc[:_PROBED]
            with threadpool_limits(1), _recorded_warnings():
                _, proba = self._predict(rows, [])
        except (TypeError, ValueError) as error:
            raise _placed(error, piece.name) from error
        return proba.tolist()

    def _predict(self, rows: pd.DataFrame, bad: list[BadCell]) -> tuple[pd.DataFrame, _Floats]:
        """Rows that can be used, and their probabilities; to `bad` goes why others cannot."""
        while len(rows):
            try:
                return rows, self._ask(rows)
            except (TypeError, ValueError) as error:
                if not self.skips:
                    raise
                found = _read_cells(error, rows) or self._search(rows, error)
            bad += found
            rows = rows.drop(index=pd.unique(np.array([cell.row for cell in found])))
        return rows, np.empty(0)

    def _ask(self, rows: pd.DataFrame) -> _Floats:
        """Probabilities of success, (n_rows,)."""
        proba = np.asarray(self.model.predict_proba(rows[self.names].infer_objects()))
        found = proba[:, self.place].astype(np.float64)
        missing = rows.index[np.isnan(found)]
        if len(missing):
            raise ValueError(
                f"predict_proba gives NaN for {len(missing)} row(s), the first of which is row "
                f"{missing[0]}."
            )
        return found

    def _search(self, rows: pd.DataFrame, error: Exception) -> list[BadCell]:
        """Find the rows that cannot be predicted by halving, since the error does not name them."""
        found, waiting = list[BadCell](), [rows]
        for _ in range(_MOST_TRIALS):
            if not waiting:
                break
            part = waiting.pop()
            try:
                self._ask(part)
            except (TypeError, ValueError) as problem:
                if len(part) == 1:
                    text = str(problem).partition("\n")[0]
                    found.append(BadCell(int(part.index[0]), None, None, text))
                else:
                    half = len(part) // 2
                    waiting += [part.iloc[half:], part.iloc[:half]]
        if waiting or not found:
            raise error  # too many rows, or rows that cannot be predicted together
        return found


def best_rows(frame: pd.DataFrame, n_best: int) -> pd.DataFrame:
    """Keep the rows with the highest values in the last column, the best first; ties in order."""
    values = frame.iloc[:, -1].to_numpy(np.float64)
    return frame.iloc[np.argsort(-values, kind="stable")[:n_best]]


def _read_cells(error: Exception, rows: pd.DataFrame) -> list[BadCell]:
    """Bad cells that an error lists; none if they are not where it says, as after a transformer."""
    if not isinstance(error, BadCellsError) or not _are_cells_of(rows, error.cells):
        return []
    is_text = isinstance(error, InvalidSMILESError)
    return [
        BadCell(
            int(row),  # type: ignore[call-overload]
            str(column),
            _show(cell),
            f"not readable as SMILES{why_unreadable(cell)}"
            if is_text
            else "not what the column held in fit",
        )
        for column, row, cell in error.cells
    ]


def _are_cells_of(rows: pd.DataFrame, cells: Sequence[tuple[Any, Any, Any]]) -> bool:
    """Whether cells stand in the columns and rows that are named."""
    for column, row, cell in cells:
        if column not in rows or row not in rows.index:
            return False
        held = rows.loc[row, column]
        if _show(held) != _show(cell):
            return False
    return True


def _show(cell: Any) -> str:
    return "nothing" if is_missing(cell) else shorten(plain_label(cell))


def _placed(error: Exception, name: str) -> Exception:
    """Say in which part of the library an error arose."""
    message = f"{name} cannot be screened. {error}"
    if isinstance(error, BadCellsError):
        return type(error)(f"{message}\n{_SKIPPING}", error.cells)
    return OSError(message) if isinstance(error, OSError) else ValueError(message)


@contextmanager
def _recorded_warnings() -> Iterator[dict[type[Warning], str]]:
    """Keep the first warning of each kind, for the main process to say once.

    Not in other threads than the main one: filters are those of the whole process, and threads
    that set them at once would mix them up.
    """
    found: dict[type[Warning], str] = {}
    if threading.current_thread() is not threading.main_thread():
        yield found
        return
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield found
    for each in caught:
        found.setdefault(each.category, str(each.message))


def _return_memory() -> None:
    """Give what is free back to the system: glibc keeps it, in blocks that grow with each piece."""
    trim = getattr(_LIBC, "malloc_trim", None)
    if trim is not None:
        trim(0)
