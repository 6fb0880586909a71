"""The best rows of a library that does not fit into memory."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from itertools import chain, islice
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from sksiamese._checks import (
    require_integer,
    require_n_jobs,
    require_option,
    require_probabilities,
    require_verbose,
)
from sksiamese.recommend.screening._engines import Engine, Guarded, joblib_engine
from sksiamese.recommend.screening._results_folder import ResultsFolder
from sksiamese.recommend.screening._scoring import CHUNK, PIECE, BadCell, PieceResult, Scorer
from sksiamese.recommend.screening._top_rows import TopRows
from sksiamese.tables._positive_label import choose_positive, name_of_success, plain_outcome
from sksiamese.tables.reading._libraries import Piece, count_rows, iter_pieces, list_parts

_MOST_LISTED = 1000  # bad cells


class Screening(NamedTuple):
    """What :func:`screen` finds.

    Attributes
    ----------
    best : DataFrame of shape (n_best or fewer, n_columns + 1)
        The best rows, the best first, in all columns of the library, and their probability of
        success. The index has the levels "part" and "row".
    n_rows : int
        Rows of the library.
    n_skipped : int
        Those that were left out.
    bad_cells : DataFrame of shape (n_bad, 5)
        Why they were: "part", "row", "column", "cell" and "problem" of the first thousand such
        cells. Where a classifier does not tell which cell it is, column and cell are None.

    Examples
    --------
    >>> from sksiamese.recommend import Screening
    >>> Screening._fields
    ('best', 'n_rows', 'n_skipped', 'bad_cells')
    """

    best: pd.DataFrame
    n_rows: int
    n_skipped: int
    bad_cells: pd.DataFrame


def screen(
    model: Any,
    parts: Any,
    n_best: int,
    *,
    positive: Any = None,
    map: Engine | None = None,
    on_error: Literal["raise", "skip"] = "raise",
    folder: str | os.PathLike[str] | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> Screening:
    """Find the rows of a library that most probably succeed.

    The library may be longer than memory: some pieces of 65,536 rows are held at a time.

    Parameters
    ----------
    model : classifier with predict_proba
        Fitted with named columns.
    parts : DataFrame, table of pyarrow or polars, str or Path, or an iterable of these
        The library, in parts of any number of rows; those without rows are passed over. Paths are
        Parquet, or text (.csv, .tsv, .txt) in UTF-8 with a header. Each part has the columns of
        the model, in any order; further columns stay with the best rows.
    n_best : int
        How many rows to keep. Of equal probabilities, those of the first part and row are kept.
    positive : label or None, default=None
        The class that is success. None takes True, 1 (of 0 and 1, or -1 and 1), or a word such as
        "yes" or "hit"; of any other classes success is never guessed.
    map : callable or None, default=None
        An engine of your own, called as ``map(function, pieces)``, which yields
        ``function(piece)`` of each piece, in any order; see the page on screening for Dask and Ray.
        None is joblib, on the backend that it is set to.
    on_error : {"raise", "skip"}, default="raise"
        What is done about rows that the classifier refuses, for a cell that is not a molecule, say:
        an error that names them, or to leave them out, and count and list them.
    folder : str, Path or None, default=None
        Where to keep what is found, piece by piece. Called again after an interruption, `screen`
        goes on where it was. A folder of another classifier, library or setting is refused.
    n_jobs : int or None, default=None
        Processes, as in joblib; of no effect with `map`.
    verbose : int, default=0
        1 shows a progress bar.

    Returns
    -------
    Screening
        The best rows, and what was left out. It is the same, bit by bit, on every engine.

    Raises
    ------
    BadCellsError
        Listing the cells that cannot be used, if the classifier tells.
    FileExistsError
        If `folder` holds something else.
    FileNotFoundError
        If there is no such file.
    ImportError
        If pyarrow is needed, for Parquet or a `folder`, and not installed.
    TypeError
        If the classifier has no ``predict_proba``, or the parts are neither tables nor paths.
    ValueError
        If an argument cannot be used, the classifier was fitted without names of columns, a part
        lacks a column of it, or rows cannot be predicted.

    See Also
    --------
    sksiamese.ExperimentRecommender : Choose a plate of different recipes among the best rows.

    Notes
    -----
    A classifier is always asked for the same 16,384 rows together, whatever the engine, by one
    thread. Parquet is read by whoever screens a piece, so that all of them must see the files; text
    is read by the calling process.

    Examples
    --------
    >>> import pandas as pd
    >>> from sksiamese import GraphFingerprintSiameseClassifier, screen
    >>> X = pd.DataFrame({"pH": [6.0, 7.0, 11.0, 12.0], "ligand": ["CCS", "CCN", "CCS", "CCN"]})
    >>> model = GraphFingerprintSiameseClassifier(n_members=2, max_epochs=30, random_state=0)
    >>> model = model.fit(X, ["no", "no", "yes", "yes"])
    >>> library = pd.DataFrame(
    ...     {"vial": ["a", "b", "c"], "ligand": ["CCS", "CCCN", "C("], "pH": [12.0, 6.5, 9.0]}
    ... )
    >>> found = screen(model, [library], n_best=1, on_error="skip")
    >>> found.best["vial"].tolist(), found.n_rows, found.n_skipped
    (['a'], 3, 1)
    >>> found.bad_cells["problem"].tolist()
    ["not readable as SMILES ('(' at position 2 is not closed)"]
    """
    require_integer("screen", "n_best", n_best, 1)
    require_option("screen", "on_error", on_error, ("raise", "skip"))
    require_n_jobs("screen", n_jobs)
    require_verbose("screen", verbose)
    scorer = _make_scorer(model, positive, n_best, on_error)
    parts = list_parts(parts)
    pieces = iter_pieces(parts, scorer.names, PIECE, [scorer.title])
    kept = None
    if folder is not None:
        first = list(islice(pieces, 1))
        pieces = chain(first, pieces)
        kept = ResultsFolder(
            folder, _settings(scorer, first), scorer.probe(first[0]) if first else []
        )
    search = _Search(scorer, kept, count_rows(parts) if verbose else None, bool(verbose))
    with threadpool_limits(1):  # the pools that threads share; workers limit their own
        return search.run(pieces, joblib_engine(n_jobs) if map is None else map)


def _make_scorer(model: Any, positive: Any, n_best: int, on_error: str) -> Scorer:
    require_probabilities("screen", model, name="model")
    check_is_fitted(model)
    names = getattr(model, "feature_names_in_", None)
    if names is None:
        raise ValueError(
            f"{type(model).__name__} was fitted without names of columns, so that those of a "
            "library cannot be matched with them. Fit it with a DataFrame."
        )
    classes = list(model.classes_)
    success = choose_positive("the classifier", classes, positive)
    place = [plain_outcome(label) for label in classes].index(plain_outcome(success))
    title = f"p({name_of_success(success)})"
    return Scorer(model, list(names), place, title, n_best, on_error == "skip", CHUNK)


def _settings(scorer: Scorer, first: list[Piece]) -> dict[str, Any]:
    """Give what results depend on, besides the probabilities and the rows themselves."""
    return {
        "first piece": [[piece.name, piece.first, piece.n_rows] for piece in first],
        "sksiamese": version("sksiamese"),
        "classifier": type(scorer.model).__name__,
        "columns": scorer.names,
        "success": scorer.title,
        "n_best": scorer.n_best,
        "on_error": "skip" if scorer.skips else "raise",
        "rows of a piece": [PIECE, scorer.chunk],
    }


class _Search:
    """The search through a library, as the results of its pieces come in."""

    def __init__(
        self, scorer: Scorer, folder: ResultsFolder | None, n_rows: int | None, shown: bool
    ) -> None:
        self._scorer = scorer
        self._folder = folder
        self._top = TopRows(scorer.n_best)
        self._sent: dict[tuple[int, int], Piece] = {}  # pieces whose results are to be kept
        self._loaded: list[PieceResult] = []
        self._n_rows = self._n_skipped = 0
        self._bad: list[tuple[int, BadCell]] = []
        self._warned: dict[type[Warning], tuple[tuple[int, int], str]] = {}
        self._bar = _progress_bar(n_rows, shown)

    def run(self, pieces: Iterable[Piece], engine: Engine) -> Screening:
        """Screen all pieces."""
        waiting = Guarded(self._unknown(pieces))
        results = engine(self._scorer, waiting)
        with self._bar:
            try:
                for result in results:
                    self._take_loaded()
                    self._take(result)
            finally:
                getattr(results, "close", int)()  # of a generator: drop the pieces on their way
            self._take_loaded()
        if waiting.failure is not None:
            raise waiting.failure
        return self._finish()

    def _unknown(self, pieces: Iterable[Piece]) -> Iterator[Piece]:
        """Pieces without a result in the folder; those with one are set aside."""
        for piece in pieces:
            if self._folder is None:
                yield piece
            elif (known := self._folder.load(piece)) is not None:
                self._loaded.append(known)
            else:
                self._sent[piece.part, piece.first] = piece
                yield piece

    def _take_loaded(self) -> None:
        while self._loaded:
            self._add(self._loaded.pop())

    def _take(self, result: PieceResult) -> None:
        """Take a result in, and keep it in the folder."""
        if result.error is not None:
            raise result.error
        if self._folder is None:
            self._add(result)
            return
        piece = self._sent.pop(result.piece)
        result = result._replace(best=self._folder.as_kept(piece, result.best))
        self._folder.save(piece, result._replace(best=self._add(result)))

    def _add(self, result: PieceResult) -> pd.DataFrame:
        """Take a result in; give those of its rows that are among the best so far."""
        self._n_rows += result.n_rows
        self._n_skipped += result.n_skipped
        part = result.piece[0]
        self._bad += [(part, cell) for cell in result.bad]
        self._bad = sorted(self._bad, key=lambda each: (each[0], each[1].row))[:_MOST_LISTED]
        for kind, text in result.warned.items():
            first = self._warned.get(kind, (result.piece, text))
            self._warned[kind] = min(first, (result.piece, text))
        self._bar.update(result.n_rows)
        return self._top.add(result.piece, result.best)

    def _finish(self) -> Screening:
        for kind, (_, text) in self._warned.items():
            warnings.warn(text, kind, stacklevel=4)
        columns = ["part", "row", "column", "cell", "problem"]
        listed = [(part, *cell) for part, cell in self._bad]
        bad = pd.DataFrame(listed, columns=columns, dtype=object)  # keeps None
        bad = bad.astype({"part": np.int64, "row": np.int64})
        best = self._top.collect([*self._scorer.names, self._scorer.title])
        return Screening(best, self._n_rows, self._n_skipped, bad)


def _progress_bar(n_rows: int | None, shown: bool) -> Any:
    from tqdm import tqdm

    return tqdm(total=n_rows, unit=" rows", unit_scale=True, disable=not shown)
