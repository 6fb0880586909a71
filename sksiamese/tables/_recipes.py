"""Which rows of a table are the same experiment."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sksiamese._checks import plain_label
from sksiamese._frames import ensure_table
from sksiamese.tables._read_column import TableColumn, read_column
from sksiamese.tables.reading._cell_meaning import is_missing


def recipe_groups(X: Any) -> npt.NDArray[np.intp]:
    """Give each recipe of a table a number, so that folds can keep its repeats together.

    Rows are of one recipe where they agree in all columns: numbers to six digits, molecules however
    they are spelled, gaps as gaps.

    Parameters
    ----------
    X : DataFrame or array of shape (n_samples, n_columns)
        Experiments.

    Returns
    -------
    ndarray of shape (n_samples,)
        Number of the recipe of each row, 0, 1 ... in the order in which they first occur.

    Examples
    --------
    >>> import pandas as pd
    >>> from sksiamese.model_selection import recipe_groups
    >>> X = pd.DataFrame({"ligand": ["SCCN", "CCO", "NCCS"], "pH": [7.0, 7.0, 7.0]})
    >>> recipe_groups(X)
    array([0, 1, 0])
    """
    frame = ensure_table(X).frame
    columns = [read_column(frame[name], range(len(frame))) for name in frame]
    rows = list(zip(*map(recipe_cells, columns), strict=True))
    distinct = {row: number for number, row in enumerate(dict.fromkeys(rows))}
    return np.array([distinct[row] for row in rows], np.intp)


def recipe_cells(column: TableColumn) -> Sequence[Hashable]:
    """Cells as they count in a recipe: six digits of a number.

    Steps of a millionth of the column's range, as candidates are compared with, would not do here:
    one slip of a unit makes the range a thousand times wider.
    """
    if column.kind == "number":
        return [f"{number + 0.0:.6g}" for number in column.numbers]  # -0.0 is 0.0
    return whole_cells(column)


def whole_cells(column: TableColumn) -> Sequence[Hashable]:
    """Cells as they stand, but for the spelling of molecules."""
    texts = [_text(cell) for cell in column.cells]
    if column.kind == "molecule":
        return [key or text for key, text in zip(column.keys, texts, strict=True)]
    return texts


def _text(cell: Any) -> str:
    """Text that is equal for equal cells, whatever they are."""
    if is_missing(cell):
        return ""
    return repr(cell.strip() if isinstance(cell, str) else plain_label(cell))
