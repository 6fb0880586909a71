"""Columns of a design space as axes, along which effects are curves or bars."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.types import is_numeric_dtype
from scipy import sparse

from sksiamese.space._dependent_columns import without_condition
from sksiamese.space._drawn_columns import OneHot
from sksiamese.space._followers import Follower
from sksiamese.space._space import DesignSpace
from sksiamese.surrogate._readable_features import cell_keys, list_cells

_N_KNOTS, _N_COARSE = 19, 7
_MOST_NAMES = 300  # of a column; the rest share an effect
_OTHERS = ("another",)  # their key, which no cell has
_MOST_PAIRED = 40  # names of a column that takes part in pairs

_Floats = npt.NDArray[np.float64]


class Basis(NamedTuple):
    """Rows as weights of knots: of the two knots beside a number, or of one name.

    Parameters
    ----------
    places : ndarray of shape (n_rows, k)
        Numbers of the knots.
    weights : ndarray of shape (n_rows, k)
        Their weights, which sum up to 1; to 0 for a name or a gap that the axis does not have.
    size : int
        Number of knots.
    """

    places: npt.NDArray[np.intp]
    weights: _Floats
    size: int

    def matrix(self) -> sparse.csr_array:
        """Give the weights of all knots, (n_rows, size)."""
        rows = np.repeat(np.arange(len(self.places)), self.places.shape[1])
        entries = (self.weights.ravel(), (rows, self.places.ravel()))
        return sparse.csr_array(entries, shape=(len(self.places), self.size))

    def times(self, other: Basis) -> Basis:
        """Give the products of the weights of two axes; the second varies fastest."""
        places = self.places[:, :, None] * other.size + other.places[:, None, :]
        weights = self.weights[:, :, None] * other.weights[:, None, :]
        n = len(places)
        return Basis(places.reshape(n, -1), weights.reshape(n, -1), self.size * other.size)

    def nearest(self) -> npt.NDArray[np.intp]:
        """Give the heaviest knot of each row; -1 where there is none."""
        best = self.weights.argmax(axis=1)[:, None]
        places = np.take_along_axis(self.places, best, 1)[:, 0]
        return np.where(np.take_along_axis(self.weights, best, 1)[:, 0] > 0, places, -1)


class Axis(NamedTuple):
    """A column along which an effect is drawn.

    Parameters
    ----------
    name : str
        Its name.
    knots : tuple of float or None
        Numbers between which an effect is straight; None for names.
    keys, labels : tuple of str
        What a cell of names is known by, and the words for it; of numbers, the one of a gap if
        there are any.
    """

    name: str
    knots: tuple[float, ...] | None
    keys: tuple[Any, ...]
    labels: tuple[str, ...]

    @property
    def size(self) -> int:
        """Number of knots."""
        return len(self.knots or ()) + len(self.labels)

    @property
    def values(self) -> list[Any]:
        """What each knot stands for."""
        return [*(self.knots or ()), *self.labels]

    def along(self, frame: pd.DataFrame, space: DesignSpace) -> Basis:
        """Bring rows of a space to weights of the knots."""
        if self.name in space.columns:
            return self.basis(frame[self.name], space.columns[self.name])
        return self.basis(self.cells(frame, space), None)

    def cells(self, frame: pd.DataFrame, space: DesignSpace) -> pd.Series:
        """Give the cells of the column; of a choice in several columns, which of them is on."""
        if self.name in space.columns:
            return frame[self.name]
        on = space.columns[self.keys[0]].on  # type: ignore[union-attr]
        chosen = frame[list(self.keys)].isin([on]).to_numpy().argmax(axis=1)
        return pd.Series(np.array(self.keys, dtype=object)[chosen], index=frame.index)

    def basis(self, cells: pd.Series, column: Any) -> Basis:
        """Bring cells of the column to weights of the knots."""
        if self.knots is None:
            known = {key: place for place, key in enumerate(self.keys)}
            keys = cell_keys(without_condition(column), cells)
            places = [known.get(key, known.get(_OTHERS, -1)) for key in keys]
            found = np.array(places)[:, None]
            return Basis(np.maximum(found, 0), (found >= 0).astype(np.float64), self.size)
        numbers = pd.to_numeric(cells).to_numpy(np.float64, na_value=np.nan)
        return _hats(numbers, np.array(self.knots), self.size)

    def coarse(self) -> npt.NDArray[np.intp]:
        """Places of the knots that are kept in pairs: about every third of many numbers."""
        n_numbers = len(self.knots or ())
        if n_numbers <= _N_COARSE:
            return np.arange(self.size)
        kept = np.linspace(0, n_numbers - 1, _N_COARSE).round().astype(int)
        return np.r_[kept, np.arange(n_numbers, self.size)]

    def coarse_axis(self) -> Axis:
        """Give the axis with these knots alone."""
        if self.knots is None:
            return self
        kept = [place for place in self.coarse() if place < len(self.knots)]
        return self._replace(knots=tuple(self.knots[place] for place in kept))

    def spread(self) -> _Floats:
        """Give what a curve over the coarse knots is at the fine ones, (size, n_coarse)."""
        if self.knots is None:
            return np.eye(self.size)
        coarse = self.coarse_axis()
        n_gaps = len(self.labels)
        inner = _hats(np.array(self.knots), np.array(coarse.knots), coarse.size).matrix().toarray()
        last = np.eye(coarse.size)[coarse.size - n_gaps :]
        return np.vstack([inner, last])

    def is_paired(self) -> bool:
        """Whether the axis may take part in pairs."""
        return self.size <= _MOST_PAIRED


def find_axes(space: DesignSpace, frame: pd.DataFrame, measured: pd.DataFrame) -> list[Axis]:
    """Find the axes of a space: what varies in it, but not what belongs to a molecule or a name.

    Parameters
    ----------
    space : DesignSpace
        The space.
    frame : DataFrame of shape (n_samples, n_columns)
        Experiments drawn from it: the knots of a number are their quantiles.
    measured : DataFrame of shape (n_measured, n_columns)
        Past experiments, which decide on the names of a very long list that are told apart.
    """
    found = []
    for name, column in space.columns.items():
        inner = without_condition(column)
        if isinstance(inner, Follower):
            continue
        if isinstance(inner, OneHot):  # one choice, in several columns
            if name == inner.columns[0]:
                names = tuple(inner.columns)
                found.append(Axis("/".join(names), None, names, names))
            continue
        cells = list_cells(column)
        if len(cells) > 1:
            if len(cells) > _MOST_NAMES:
                counts = pd.Series(cell_keys(inner, measured[name])).value_counts()
                kept = set(counts.index[:_MOST_NAMES])
                cells = [cell for cell in cells if cell[0] in kept] + [(_OTHERS, *_OTHERS)]
            keys, labels = zip(*cells, strict=True)
            found.append(Axis(name, None, keys, labels))
        elif not cells and is_numeric_dtype(frame[name]):
            axis = _number_axis(name, frame[name])
            found += [axis] if axis.size > 1 else []
    return found


def _number_axis(name: str, cells: pd.Series) -> Axis:
    numbers = cells.to_numpy(np.float64, na_value=np.nan)
    there = numbers[~np.isnan(numbers)]
    distinct = np.unique(there)
    if len(distinct) > _N_KNOTS:
        distinct = np.unique(np.quantile(there, np.linspace(0, 1, _N_KNOTS)))
    gap = ("does not apply",) if len(there) < len(numbers) else ()
    return Axis(name, tuple(distinct.tolist()), gap, gap)


def _hats(numbers: _Floats, knots: _Floats, size: int) -> Basis:
    """Weights of the two knots beside each number; of a gap the one after them, if there is any."""
    last = max(len(knots) - 2, 0)
    left = np.clip(np.searchsorted(knots, numbers, side="right") - 1, 0, last)
    right = np.minimum(left + 1, len(knots) - 1)
    width = np.where(right > left, knots[right] - knots[left], 1.0)
    share = np.clip((numbers - knots[left]) / width, 0, 1)
    is_gap, known = np.isnan(numbers), float(size > len(knots))
    places = np.column_stack([np.where(is_gap, size - 1, left), right])
    weights = np.column_stack([np.where(is_gap, known, 1 - share), np.where(is_gap, 0.0, share)])
    return Basis(places, weights, size)
