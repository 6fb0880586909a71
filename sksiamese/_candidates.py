"""Candidates for the next experiments, in chunks, and the best of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from sksiamese._molecule_columns import Molecules
from sksiamese.space import DesignSpace

__all__ = ["Pool", "keep_best", "split_chunks", "swap_molecules", "vary_numbers"]

_BLOCK = 2**16  # candidates made at once

_Floats: TypeAlias = npt.NDArray[np.float64]
_Keys: TypeAlias = npt.NDArray[np.uint64]


class Pool(NamedTuple):
    """The best candidates so far.

    Parameters
    ----------
    frame : DataFrame of shape (n_kept, n_columns)
        Columns of the space.
    keys : ndarray of shape (n_kept,)
        What tells them apart.
    values : ndarray of shape (n_kept,)
        Acquisition, falling.
    """

    frame: pd.DataFrame
    keys: _Keys
    values: _Floats


def swap_molecules(space: DesignSpace, past: pd.DataFrame, n: int) -> Iterator[pd.DataFrame]:
    """Put every molecule of each column into past experiments, at most n candidates in all."""
    choices = {
        name: len(column.smiles)
        for name, column in space.columns.items()
        if isinstance(column, Molecules) and len(column.smiles) > 1
    }
    for name, n_molecules in choices.items():
        n_rows = min(n // len(choices) // n_molecules, len(past))
        step = max(1, _BLOCK // n_molecules)
        for start in range(0, n_rows, step):
            try:
                yield space.swap(past.iloc[start : min(start + step, n_rows)], name)
            except ValueError:  # none of these rows satisfies the constraints
                continue


def vary_numbers(
    space: DesignSpace,
    centres: pd.DataFrame,
    tolerance: float | Mapping[str, float],
    n: int,
    rng: np.random.RandomState,
) -> Iterator[pd.DataFrame]:
    """Vary the numbers of experiments, n candidates or a few more."""
    n_each = math.ceil(n / len(centres))
    step = max(1, _BLOCK // len(centres))
    for start in range(0, n_each, step):
        yield space.around(centres, tolerance, min(step, n_each - start), random_state=rng)


def split_chunks(frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Split a table into chunks."""
    for start in range(0, len(frame), _BLOCK):
        yield frame.iloc[start : start + _BLOCK]


def keep_best(
    chunks: Iterable[pd.DataFrame],
    is_allowed: Callable[[pd.DataFrame], npt.NDArray[np.bool_]],
    find_keys: Callable[[pd.DataFrame], _Keys],
    taken: _Keys,
    value: Callable[[pd.DataFrame], _Floats],
    n_kept: int,
) -> Pool | None:
    """Keep the best distinct candidates; memory is that of a chunk.

    Parameters
    ----------
    chunks : iterable of DataFrame
        Candidates.
    is_allowed : callable
        Tells which rows of a frame are possible.
    find_keys : callable
        Gives the keys of a frame.
    taken : ndarray of uint64
        Keys of experiments that are not wanted.
    value : callable
        Gives the acquisition of a frame.
    n_kept : int
        How many to keep.

    Returns
    -------
    Pool or None
        None if no candidate is possible.
    """
    best: Pool | None = None
    for chunk in chunks:
        allowed = chunk[is_allowed(chunk)]
        keys = find_keys(allowed)
        known = taken if best is None else np.concatenate([taken, best.keys])
        fresh = ~pd.Series(keys).duplicated().to_numpy() & ~np.isin(keys, known)
        if not fresh.any():
            continue
        frame = allowed[fresh]
        pool = Pool(frame, keys[fresh], value(frame))
        if best is not None:
            pool = Pool(
                pd.concat([best.frame, pool.frame]),
                np.concatenate([best.keys, pool.keys]),
                np.concatenate([best.values, pool.values]),
            )
        order = np.argsort(-pool.values, kind="stable")[:n_kept]
        best = Pool(pool.frame.iloc[order], pool.keys[order], pool.values[order])
    return best
