"""Pairs of experiments: their weights in the losses, and batches to form them in."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

_Float = npt.NDArray[np.float64]
_Int = npt.NDArray[np.int64]


def _multiplicity(weight: _Float) -> _Float:
    """Count the pairs if row i stood w_i times: w_i w_j, and w_i (w_i - 1) with itself."""
    pairs = np.outer(weight, weight)
    np.fill_diagonal(pairs, weight * np.maximum(weight - 1, 0))
    return pairs


def pair_weights(
    y: _Int, weight: _Float, groups: _Int, query_weight: _Float | None = None
) -> _Float:
    """Weights of all pairs in the pair loss, half of them on pairs of the same class.

    A row of weight w counts as w equal rows: a pair of i and j weighs ``w_i w_j``, a row with
    itself ``w_i (w_i - 1)``. Pairs across groups weigh nothing.

    Parameters
    ----------
    y : ndarray of shape (n,)
        Class numbers.
    weight : ndarray of shape (n,)
        Sample weights, not negative.
    groups : ndarray of shape (n,)
        Group numbers.
    query_weight : ndarray of shape (n,), optional
        Weights of the rows as the first of a pair, when other rows stand there than in the second,
        as in validation; no row may have both weights.

    Returns
    -------
    ndarray of shape (n, n)
        Weights that sum to one; same-class and different-class pairs have one half each
        (or one kind has all, where the other does not occur).

    Examples
    --------
    >>> import numpy as np
    >>> from sksiamese.models.training._pairs import pair_weights
    >>> pair_weights(np.array([0, 0, 1]), np.ones(3), np.zeros(3, int))
    array([[0.   , 0.25 , 0.125],
           [0.25 , 0.   , 0.125],
           [0.125, 0.125, 0.   ]])
    """
    pairs = _multiplicity(weight) if query_weight is None else np.outer(query_weight, weight)
    pairs *= np.equal.outer(groups, groups)
    same = np.equal.outer(y, y)
    kinds = [pairs * same, pairs * ~same]
    present = [kind / kind.sum() for kind in kinds if kind.sum() > 0]
    return sum(present, np.zeros_like(pairs)) / max(len(present), 1)


def class_batches(
    y: _Int, groups: _Int, batch_size: int, random_state: np.random.RandomState
) -> Iterator[_Int]:
    """Split the rows into batches that hold every class in its share, one group at a time.

    Parameters
    ----------
    y, groups : ndarray of shape (n,)
        Class and group numbers.
    batch_size : int
        Largest number of rows in a batch.
    random_state : numpy.random.RandomState
        Source of the order.

    Yields
    ------
    ndarray of shape (at most batch_size,)
        Row numbers, ascending; each row stands in one batch. All rows come as they are if one batch
        holds them.

    Examples
    --------
    >>> import numpy as np
    >>> from sksiamese.models.training._pairs import class_batches
    >>> y = np.array([0, 0, 0, 0, 1, 1])
    >>> batches = class_batches(y, np.zeros(6, int), 3, np.random.RandomState(0))
    >>> [y[rows].tolist() for rows in batches]
    [[0, 0, 1], [0, 0, 1]]
    """
    if len(y) <= batch_size:
        yield np.arange(len(y))
        return
    batches = []
    for group in np.unique(groups):
        rows = np.flatnonzero(groups == group)
        n_batches = -(-len(rows) // batch_size)
        shuffled = random_state.permutation(rows)
        by_class = shuffled[np.argsort(y[shuffled], kind="stable")]
        batches += [np.sort(by_class[start::n_batches]) for start in range(n_batches)]
    for place in random_state.permutation(len(batches)):
        yield batches[place]


def episode_batches(
    groups: _Int, batch_size: int, random_state: np.random.RandomState
) -> Iterator[_Int]:
    """Draw batches of a few groups each, any group as likely as another.

    Parameters
    ----------
    groups : ndarray of shape (n,)
        Group numbers, from 0 on.
    batch_size : int
        Largest number of rows in a batch.
    random_state : numpy.random.RandomState
        Source of the draws.

    Yields
    ------
    ndarray of shape (at most batch_size,)
        Row numbers, ascending: of as many whole groups as fit, of at least four, or of all. There
        are as many batches as it takes to hold every row once.

    Examples
    --------
    >>> import numpy as np
    >>> from sksiamese.models.training._pairs import episode_batches
    >>> groups = np.repeat(np.arange(6), 10)
    >>> batches = list(episode_batches(groups, 20, np.random.RandomState(0)))
    >>> len(batches), np.bincount(groups[batches[0]]).tolist()
    (3, [0, 5, 5, 5, 0, 5])
    """
    rows_of = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    n_whole = batch_size // int(np.median([len(rows) for rows in rows_of]))
    n_chosen = min(len(rows_of), batch_size, max(4, n_whole))
    for _ in range(-(-len(groups) // batch_size)):
        chosen = random_state.choice(len(rows_of), n_chosen, replace=False)
        parts = [random_state.permutation(rows_of[i])[: batch_size // n_chosen] for i in chosen]
        yield np.sort(np.concatenate(parts))


def draw_support(groups: _Int, random_state: np.random.RandomState) -> npt.NDArray[np.bool_]:
    """Let some rows of each group play the few that are labelled in a new one.

    Parameters
    ----------
    groups : ndarray of shape (n,)
        Group numbers.
    random_state : numpy.random.RandomState
        Source of the draws.

    Returns
    -------
    ndarray of shape (n,), dtype bool
        Which rows were drawn: from one to three quarters of a group, every order of magnitude as
        likely. A group of one row gives none.

    Examples
    --------
    >>> import numpy as np
    >>> from sksiamese.models.training._pairs import draw_support
    >>> groups = np.repeat([0, 1], 8)
    >>> np.bincount(groups, draw_support(groups, np.random.RandomState(0)))
    array([2., 3.])
    """
    drawn = np.zeros(len(groups), bool)
    for group in np.unique(groups):
        rows = random_state.permutation(np.flatnonzero(groups == group))
        most = 3 * len(rows) // 4
        if most:
            size = int(np.exp(random_state.uniform(0, np.log(most + 1))))
            drawn[rows[:size]] = True
    return drawn
