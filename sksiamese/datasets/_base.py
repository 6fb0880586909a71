"""What the data sets share: building the Bunch, checking a table, downloading a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from sksiamese._frames import require_columns
from sksiamese.tables.reading._files import naming_what_is_damaged

# A Bunch, or the pair (data, target) where return_X_y=True asked for it.
Dataset: TypeAlias = Any


class RemoteFile(NamedTuple):
    """A public file that is downloaded once."""

    url: str
    """Where it lies."""

    sha256: str
    """Hexadecimal SHA-256 of its content."""

    file_name: str
    """Its name in the cache folder."""


def build_dataset(
    data: pd.DataFrame,
    target: pd.Series | pd.DataFrame,
    *,
    frame: pd.DataFrame,
    smiles_columns: Sequence[str],
    groups: pd.Series | None,
    name: str,
    descr: str,
    as_frame: bool,
    return_X_y: bool,
    **extra: Any,
) -> Dataset:
    """Pack the parts of a data set as scikit-learn's own loaders do.

    With ``as_frame=False``, `data` becomes an object array of shape (n_samples, n_features),
    `target` and `groups` arrays of as many rows, and `frame` None.
    """
    feature_names = [str(column) for column in data.columns]
    X: Any = data if as_frame else data.to_numpy(dtype=object)
    y: Any = target if as_frame else target.to_numpy()
    if return_X_y:
        return X, y
    return Bunch(
        data=X,
        target=y,
        frame=frame if as_frame else None,
        feature_names=feature_names,
        smiles_columns=list(smiles_columns),
        groups=groups if as_frame or groups is None else groups.to_numpy(dtype=object),
        name=name,
        DESCR=descr,
        **extra,
    )


def require_numbers(
    frame: pd.DataFrame, columns: Iterable[str], source: str, first_row: int | None = None
) -> pd.DataFrame:
    """Return `columns` of `frame` as float64, all finite.

    Errors name rows by their index label, or by position counted from `first_row` if given.
    """
    numbers = {}
    for column in columns:
        values = pd.to_numeric(frame[column], errors="coerce").to_numpy(dtype=np.float64)
        bad = np.flatnonzero(~np.isfinite(values))
        if bad.size:
            row = frame.index[bad[0]] if first_row is None else bad[0] + first_row
            raise ValueError(
                f"{source}: column {column!r} must hold finite numbers, but row {row} holds "
                f"{show_cell(frame[column].iloc[bad[0]])} ({bad.size} such row(s)). "
                "Correct these cells or leave the rows out."
            )
        numbers[column] = values
    return pd.DataFrame(numbers, index=frame.index)


def show_cell(value: Any) -> str:
    """Write a cell's content for an error message; an empty cell is "nothing"."""
    if isinstance(value, str):
        return repr(value)
    return "nothing" if pd.isna(value) else str(value)


def read_csv(path: str | Path, columns: Sequence[str], source: str) -> pd.DataFrame:
    """Read a csv file, plain or compressed, that must have `columns` and a row or more."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"{source}: the file {str(path)!r} does not exist. Give the path of an existing file."
        )
    cure = "The file is damaged or of another kind: get it again, or give the path of another copy."
    with naming_what_is_damaged(f"{source}: the file {str(path)!r}", cure):
        frame = pd.read_csv(path, low_memory=False)
    require_columns(frame.columns, columns, f"{source} ({path.name})")
    if frame.empty:
        raise ValueError(
            f"{source} ({path.name}) has a header and no rows. Give the path of a whole copy."
        )
    return frame


def download(file: RemoteFile, data_home: str | Path | None) -> Path:
    """Return the path of `file` in the cache, downloading it first if it is not there.

    The cache is `data_home`, or pooch's folder for "sksiamese" when that is None. What arrives
    with another SHA-256 is not kept.
    """
    try:
        import pooch
    except ImportError as error:
        raise ImportError(
            "Downloading a data set needs pooch. Install it with 'pip install pooch', "
            "or give the path of a local copy."
        ) from error
    folder = pooch.os_cache("sksiamese") if data_home is None else Path(data_home)
    try:
        found = pooch.retrieve(
            file.url, known_hash=f"sha256:{file.sha256}", fname=file.file_name, path=folder
        )
    except ValueError as error:
        raise ValueError(
            f"What {file.url} sent does not have the SHA-256 {file.sha256} and was not kept. "
            "Try again; if it stays so, the file has changed: give the path of a local copy."
        ) from error
    except OSError as error:
        raise OSError(
            f"{file.url} could not be downloaded into {str(folder)!r}. Check the connection and "
            "that the folder can be written, or give the path of a local copy."
        ) from error
    return Path(found)
