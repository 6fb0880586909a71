"""Candidates for the next experiments, in chunks, and the best of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial, reduce
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from joblib import Parallel, delayed

from sksiamese._molecule_columns import Molecules
from sksiamese.space import DesignSpace

__all__ = ["Pool", "keep_best", "split_chunks", "swap_molecules", "vary_numbers"]

_BLOCK = 2**16  # candidates made at once

_Floats: TypeAlias = npt.NDArray[np.float64]
_Keys: TypeAlias = npt.NDArray[np.uint64]


class Pool(NamedTuple):
    """The best of some candidates.

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
    score: Callable[[pd.DataFrame], Pool],
    n_kept: int,
    n_jobs: int | None = None,
) -> Pool:
    """Keep the best distinct candidates; memory is that of a few chunks for each thread.

    Parameters
    ----------
    chunks : iterable of DataFrame
        Candidates, at least one chunk.
    score : callable
        Gives the distinct candidates of a chunk, with their values.
    n_kept : int
        How many to keep.
    n_jobs : int or None
        Threads that score chunks; the result does not depend on it.
    """
    parallel = Parallel(n_jobs=n_jobs, prefer="threads", return_as="generator")
    return reduce(partial(_merge, n_kept=n_kept), parallel(map(delayed(score), chunks)))


def _merge(best: Pool, more: Pool, n_kept: int) -> Pool:
    """Keep the best of two sets of candidates, those in both once."""
    fresh = ~np.isin(more.keys, best.keys)
    keys = np.concatenate([best.keys, more.keys[fresh]])
    values = np.concatenate([best.values, more.values[fresh]])
    order = np.argsort(-values, kind="stable")[:n_kept]
    frame = pd.concat([best.frame, more.frame[fresh]]).iloc[order]
    return Pool(frame, keys[order], values[order])
