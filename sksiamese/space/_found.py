"""What kinds of columns a table of experiments has."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types as pandas_types

from sksiamese._checks import plain_label, shorten
from sksiamese.exceptions import InvalidSMILESError
from sksiamese.molecules._canonical import canonical_key
from sksiamese.space._columns import (
    Constant,
    DrawnColumn,
    Levels,
    Range,
)
from sksiamese.space._molecules import Molecules

__all__ = ["find_column"]


def find_column(cells: pd.Series, margin: float) -> DrawnColumn:
    """Tell the kind of a column by what it holds.

    Parameters
    ----------
    cells : Series of shape (n_rows,)
        A column; its name is used in messages.
    margin : float
        How far a range reaches beyond the numbers on either side, by its width.

    Returns
    -------
    Range, Levels, Molecules or Constant
        Numbers that vary are a Range, of whole numbers where the column's type is integer; truth
        values and texts that are no SMILES are Levels; SMILES are Molecules.

    Raises
    ------
    InvalidSMILESError
        If some texts are SMILES and others are not.
    ValueError
        If the column holds infinity, or neither numbers nor text.
    """
    dtype = cells.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        cells = cells.astype(dtype.categories.dtype)
    present = cells.dropna()
    if present.empty:
        return Constant(cells.iloc[0])
    if pandas_types.is_bool_dtype(present.dtype):
        return _find_levels(present)
    if present.dtype == object:
        present = present.infer_objects()
    if pandas_types.is_numeric_dtype(present.dtype) and present.dtype.kind != "c":
        return _find_range(present, margin)
    if all(isinstance(cell, str) for cell in present):
        return _find_texts(cells)
    row, cell = next((r, c) for r, c in present.items() if not isinstance(c, str))
    raise ValueError(
        f"Column {cells.name!r} must hold numbers, truth values or text; row {plain_label(row)!r} "
        f"holds {shorten(cell)} ({type(cell).__name__}). Drop the column, or give the table as it "
        "was before a pipeline changed it."
    )


def _find_levels(present: pd.Series) -> DrawnColumn:
    values = sorted(present.unique().tolist())
    return Levels(values) if len(values) > 1 else Constant(values[0])


def _find_range(present: pd.Series, margin: float) -> DrawnColumn:
    low, high = present.min().item(), present.max().item()
    if not np.isfinite([low, high]).all():
        raise ValueError(
            f"Column {present.name!r} holds infinity. Correct these cells or drop the rows."
        )
    if low == high:
        return Constant(low)
    integer = pandas_types.is_integer_dtype(present.dtype)
    step = margin * (high - low)
    # What is nowhere negative, such as a concentration, stays so.
    wide_low = max(low - step, 0.0) if low >= 0 else low - step
    wide_high = min(high + step, 0.0) if high <= 0 else high + step
    if integer:
        return Range(round(wide_low), round(wide_high), integer=True)
    return Range(wide_low, wide_high)


def _find_texts(cells: pd.Series) -> DrawnColumn:
    """Molecules if all texts are SMILES, levels if none is."""
    texts: list[Any] = [None if pd.isna(cell) else cell for cell in cells.unique()]
    written = [text for text in texts if text is not None]
    bad = [text for text in written if canonical_key(text) is None]
    if not bad:
        return Molecules(texts)
    if len(bad) == len(written):
        return Levels(texts) if len(texts) > 1 else Constant(texts[0])
    places = [(cells.name, row, cell) for row, cell in cells.items() if cell in bad]
    listed = "\n".join(f"  row {plain_label(row)!r}: {shorten(cell)}" for _, row, cell in places)
    raise InvalidSMILESError(
        f"Column {cells.name!r} holds SMILES, but {len(places)} of its cells cannot be read:\n"
        f"{listed}\nCorrect them. If the column holds no molecules, say so with "
        f"columns={{{cells.name!r}: Levels([...])}}.",
        places,
    )
