"""The best rows of all that came so far, in whatever order they come."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

_Order: TypeAlias = npt.NDArray[np.float64]


class TopRows:
    """Keep the rows with the highest values; of equal ones, those of the first part and row.

    Parameters
    ----------
    n_best : int
        How many to keep.
    """

    def __init__(self, n_best: int) -> None:
        self._n_best = n_best
        self._order: _Order = np.empty((0, 3))  # of the best: value turned round, part, row
        self._frames: dict[tuple[int, int], pd.DataFrame] = {}

    def add(self, piece: tuple[int, int], rows: pd.DataFrame) -> pd.DataFrame:
        """Take the best rows of a piece; give those that are among the best of all so far.

        Parameters
        ----------
        piece : tuple of int
            Part and first row of the piece.
        rows : DataFrame of shape (n_rows, n_columns + 1)
            Labelled by their numbers in the part; the last column is their value.
        """
        order = np.concatenate([self._order, _order_of(piece[0], rows)])
        self._order = order[np.lexsort(order.T[::-1])][: self._n_best]
        kept = self._surviving(piece, rows)
        if len(kept):
            self._frames[piece] = kept
        # A frame without a row as good as the last of the best has nothing more to give.
        last = -self._order[-1, 0] if len(self._order) else 0.0
        self._frames = {
            key: frame for key, frame in self._frames.items() if frame.iloc[:, -1].max() >= last
        }
        return kept

    def collect(self, columns: list[str]) -> pd.DataFrame:
        """Give the best rows, the best first, labelled by part and row.

        `columns` are those of a table without rows.
        """
        frames = []
        for piece, frame in sorted(self._frames.items()):
            rows = self._surviving(piece, frame)
            index = pd.MultiIndex.from_product([[piece[0]], rows.index], names=["part", "row"])
            frames += [rows.set_axis(index)] if len(rows) else []
        if not frames:
            index = pd.MultiIndex.from_arrays([[], []], names=["part", "row"])
            return pd.DataFrame(columns=columns, index=index)
        joined = pd.concat(frames)
        title = frames[0].columns[-1]
        joined = joined[[*joined.columns.drop(title), title]]
        parts, rows = (joined.index.get_level_values(level) for level in ("part", "row"))
        return joined.iloc[np.lexsort((rows, parts, -joined[title].to_numpy()))]

    def _surviving(self, piece: tuple[int, int], rows: pd.DataFrame) -> pd.DataFrame:
        """Those of some rows that are among the best."""
        if not len(self._order):
            return rows
        order = np.concatenate([_order_of(piece[0], rows), self._order[-1:]])
        sorted_ = np.lexsort(order.T[::-1])
        place_of_last = int(np.flatnonzero(sorted_ == len(rows))[0])
        return rows.iloc[np.sort(sorted_[:place_of_last])]


def _order_of(part: int, rows: pd.DataFrame) -> _Order:
    """Give what rows are sorted by, (n_rows, 3)."""
    values = rows.iloc[:, -1].to_numpy(np.float64)
    return np.column_stack([-values, np.full(len(rows), float(part)), rows.index.to_numpy(float)])
