"""A folder of what was screened already, so that a killed process goes on where it was."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sksiamese._checks import import_extra, shorten
from sksiamese._frame_libraries import as_pandas
from sksiamese.persistence._replacing import replace_file
from sksiamese.recommend.screening._scoring import BadCell, PieceResult
from sksiamese.tables.reading._files import naming_what_is_damaged
from sksiamese.tables.reading._libraries import ParquetRows, Piece

_SETTINGS = "screening.json"
_META = b"sksiamese"
_TOLERANCE = 1e-6  # of probabilities, by another machine


class ResultsFolder:
    """Results of pieces in files, one for each piece.

    Parameters
    ----------
    path : str or Path
        The folder; it is made if it is absent.
    settings : mapping of str to object
        What the results depend on, such as "n_best".
    probe : list of float
        Probabilities of the first rows of the library, which tell classifiers apart.

    Raises
    ------
    FileExistsError
        If the folder holds results of another classifier, library or of other settings, or files of
        others.
    ImportError
        If pyarrow is not installed.
    """

    def __init__(
        self, path: str | os.PathLike[str], settings: Mapping[str, Any], probe: list[float]
    ) -> None:
        self._arrow = import_extra("pyarrow", "Keeping results of a screening", "scale")
        self._parquet = import_extra("pyarrow.parquet", "Keeping results of a screening", "scale")
        self.path = Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        file = self.path / _SETTINGS
        if file.exists():
            _require_same(self.path, json.loads(file.read_text("utf-8")), settings, probe)
        elif any(self.path.iterdir()):
            raise FileExistsError(
                f"The folder {str(self.path)!r} holds other files. Name an empty or a new one."
            )
        else:
            content = {"settings": dict(settings), "probe": probe}
            replace_file(file, json.dumps(content, indent=1).encode())

    def load(self, piece: Piece) -> PieceResult | None:
        """Give the result of a piece, None if it is not screened yet.

        Raises
        ------
        FileExistsError
            If the rows of the piece were others.
        ValueError
            If the file is damaged.
        """
        file = self._file_of(piece.part, piece.first)
        if not file.exists():
            return None
        cure = "Delete the file, and its rows are screened again."
        with naming_what_is_damaged(repr(str(file)), cure):
            table = self._parquet.read_table(file)
            meta = json.loads(table.schema.metadata[_META])
        if meta["stamp"] != _stamp(piece):
            raise FileExistsError(
                f"{piece.name} is not what it was when the results in {str(self.path)!r} were "
                "begun. Name another folder."
            )
        rows = as_pandas(table.replace_schema_metadata()).set_axis(meta["rows"])
        bad = [BadCell(*each) for each in meta["bad"]]
        key = piece.part, piece.first
        return PieceResult(key, meta["n_rows"], rows, meta["n_skipped"], bad)

    def as_kept(self, piece: Piece, rows: pd.DataFrame) -> pd.DataFrame:
        """Give rows as they are once they were kept, so that going on gives the same bits.

        Raises
        ------
        ValueError
            If a column mixes what no file can hold.
        """
        return as_pandas(self._table(piece, rows)).set_axis(rows.index)

    def save(self, piece: Piece, result: PieceResult) -> None:
        """Keep a result."""
        meta = {
            "stamp": _stamp(piece),
            "n_rows": result.n_rows,
            "n_skipped": result.n_skipped,
            "bad": result.bad,
            "rows": result.best.index.tolist(),
        }
        table = self._table(piece, result.best)
        content = io.BytesIO()
        self._parquet.write_table(table.replace_schema_metadata({_META: json.dumps(meta)}), content)
        replace_file(self._file_of(piece.part, piece.first), content.getvalue())

    def _table(self, piece: Piece, rows: pd.DataFrame) -> Any:
        cure = "Leave the column out of the library, or bring its cells to one type."
        with naming_what_is_damaged(f"{piece.name}", cure):
            table = self._arrow.Table.from_pandas(rows, preserve_index=False)
        return table.replace_schema_metadata()

    def _file_of(self, part: int, first: int) -> Path:
        return self.path / f"part-{part:06d}-row-{first:012d}.parquet"


def _require_same(
    path: Path, begun: dict[str, Any], settings: Mapping[str, Any], probe: list[float]
) -> None:
    changed = [
        f"{name} was {shorten(begun['settings'].get(name))} and is {shorten(value)}"
        for name, value in settings.items()
        if begun["settings"].get(name) != value
    ]
    before = np.array(begun["probe"])
    if not changed and (
        len(before) != len(probe) or not np.allclose(before, probe, rtol=0, atol=_TOLERANCE)
    ):
        changed = ["the classifier gives its first rows other probabilities"]
    if changed:
        raise FileExistsError(
            f"The folder {str(path)!r} holds results of another screening: {'; '.join(changed)}. "
            "Name another folder, or screen as before."
        )


def _stamp(piece: Piece) -> list[Any]:
    """Give what changes when rows do: size and time of their file, or sums over their cells."""
    if isinstance(piece.source, ParquetRows):
        status = os.stat(piece.source.path)
        return [piece.n_rows, status.st_size, status.st_mtime_ns]
    numeric = piece.source.select_dtypes("number")
    texts = piece.source.drop(columns=numeric.columns).astype(str)
    parts = [pd.util.hash_pandas_object(frame, index=True) for frame in (numeric, texts)]
    return [piece.n_rows, [int(part.sum()) for part in parts], list(map(str, piece.source))]
