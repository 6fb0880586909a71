"""Candidates for the next experiments, in chunks, also such as share a condition; the best."""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial, reduce
from itertools import chain, islice
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from joblib import Parallel, delayed, effective_n_jobs

from sksiamese._checks import listed
from sksiamese.exceptions import NoPossibleExperimentError
from sksiamese.space._dependent_columns import When, without_condition
from sksiamese.space._drawn_columns import Constant, DrawnColumn
from sksiamese.space._molecules import Molecules
from sksiamese.space._space import DesignSpace

_BLOCK = 2**16  # candidates made at once
_PART = 2**14  # candidates scored at once
_N_BEST = 10  # experiments that "optimize" starts from
_N_DRAWS = 1000  # that tell whether a value can be shared at all
_N_VALUES = 9  # of each column of numbers that a batch may share, evenly spread
_NO_FILTERS = (
    "`sklearn.utils.parallel.delayed` should be used with `sklearn.utils.parallel.Parallel`"
)

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
    left_out : Counter of str
        How many candidates were not possible or not new, by reason.
    """

    frame: pd.DataFrame
    keys: _Keys
    values: _Floats
    left_out: Counter[str]


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
            except NoPossibleExperimentError:  # of these rows
                continue


def explore(
    space: DesignSpace, past: pd.DataFrame, n: int, rng: np.random.RandomState
) -> Iterator[pd.DataFrame]:
    """Put other molecules into past experiments, up to half of n, and sample the whole space."""
    n_left = n
    for chunk in swap_molecules(space, past, n // 2):
        n_left -= len(chunk)
        yield chunk
    yield from space.iter_samples(n_left, random_state=rng)


def find_centres(space: DesignSpace, past: pd.DataFrame, merit: _Floats) -> pd.DataFrame:
    """Best past experiments within the space, by their merits."""
    inside = np.flatnonzero(space.contains(past))
    if not len(inside):
        raise NoPossibleExperimentError(
            "No past experiment lies within the design space, so that there is nothing to "
            "start from. Use mode='explore', or widen the space."
        )
    order = np.argsort(-merit[inside], kind="stable")
    return past.iloc[inside[order[:_N_BEST]]]


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


def list_shared(
    space: DesignSpace, names: list[str], centres: pd.DataFrame | None
) -> list[dict[str, Any]]:
    """Values that a batch may share: those of `centres`, or else all, of numbers nine.

    Raises
    ------
    ValueError
        If the constraints allow none of them.
    """
    if centres is None:
        columns = {name: without_condition(space.columns[name]) for name in names}
        centres = DesignSpace(columns).grid(names, _N_VALUES)
    distinct = centres[names].drop_duplicates().itertuples(index=False, name=None)
    found = [dict(zip(names, values, strict=True)) for values in distinct]
    possible = [values for values in found if _is_possible(fix_space(space, values))]
    if not possible:
        raise ValueError(
            f"None of {len(found)} values that a batch could share in {listed(names)} satisfies "
            "the constraints. Leave 'same' out, or loosen the constraints."
        )
    return possible


def _is_possible(space: DesignSpace) -> bool:
    """Whether constraints leave some of a thousand draws."""
    u = np.random.default_rng(0).random((_N_DRAWS, len(space._axes)))
    drawn = space._settle(space._values(u))
    return bool(space.contains(drawn).any())


def fix_space(space: DesignSpace, values: Mapping[str, Any]) -> DesignSpace:
    """Give the space in which some columns have one value, where they apply."""
    fixed = {}
    for name, value in values.items():
        column, constant = space.columns[name], Constant(value)
        fixed[name] = replace(column, column=constant) if isinstance(column, When) else constant
    return DesignSpace(space.columns | fixed, space.constraints)


def fix_rows(space: DesignSpace, rows: pd.DataFrame, values: Mapping[str, Any]) -> pd.DataFrame:
    """Give past experiments these values, and compute anew what follows from them."""
    drawn = [name for name, column in space.columns.items() if isinstance(column, DrawnColumn)]
    fixed = rows[drawn].assign(**values)
    for name in values:
        column = space.columns[name]
        if isinstance(column, When):
            fixed[name] = fixed[name].mask(rows[name].isin([column.otherwise]), rows[name])
    return space.complete(fixed)


def split_shared(given: pd.DataFrame, names: list[str]) -> Iterator[pd.DataFrame]:
    """Candidates in parts that share the values of some columns."""
    for _, rows in given.groupby(names, dropna=False, sort=False):
        yield rows


def keep_best(
    chunks: Iterable[pd.DataFrame],
    score: Callable[[pd.DataFrame], Pool],
    n_kept: int,
    n_jobs: int | None = None,
) -> Pool:
    """Keep the best distinct candidates; memory is that of a few chunks, whatever their number.

    Parameters
    ----------
    chunks : iterable of DataFrame
        Candidates, at least one chunk. Large ones are scored in parts.
    score : callable
        Gives the distinct candidates of a part, with their values.
    n_kept : int
        How many to keep.
    n_jobs : int or None
        Threads that score parts; the result does not depend on it.
    """
    parts = (
        chunk.iloc[start : start + _PART]
        for chunk in chunks
        for start in range(0, len(chunk), _PART)
    )
    with _kept_warning_filters():
        return reduce(partial(_merge, n_kept=n_kept), _score_all(parts, score, n_jobs))


def _score_all(
    parts: Iterator[pd.DataFrame], score: Callable[[pd.DataFrame], Pool], n_jobs: int | None
) -> Iterable[Pool]:
    """Score parts in their order; a single one, or without threads to do so, here."""
    if effective_n_jobs(n_jobs) == 1:
        return map(score, parts)
    first = list(islice(parts, 2))
    if len(first) == 1:
        return map(score, first)
    parallel = Parallel(n_jobs=n_jobs, prefer="threads", return_as="generator")
    found: Iterable[Pool] = parallel(map(delayed(score), chain(first, parts)))
    return found


@contextmanager
def _kept_warning_filters() -> Iterator[None]:
    """Leave the warning filters of the process as they were, and warn once all is scored.

    scikit-learn sets them anew around each task of a forest, say. Threads that do so at once mix
    them up, and each then warns that it finds none: that warning is not shown.
    """
    with warnings.catch_warnings(record=True) as caught:
        yield
    for found in caught:
        if not str(found.message).startswith(_NO_FILTERS):
            warnings.warn_explicit(found.message, found.category, found.filename, found.lineno)


def _merge(best: Pool, more: Pool, n_kept: int) -> Pool:
    """Keep the best of two sets of candidates, those in both once."""
    fresh = ~np.isin(more.keys, best.keys)
    left_out = best.left_out + more.left_out + Counter(repeated=int((~fresh).sum()))
    keys = np.concatenate([best.keys, more.keys[fresh]])
    values = np.concatenate([best.values, more.values[fresh]])
    order = np.argsort(-values, kind="stable")[:n_kept]
    frame = pd.concat([best.frame, more.frame[fresh]]).iloc[order]
    return Pool(frame, keys[order], values[order], left_out)
