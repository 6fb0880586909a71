r"""What an experiment is worth where the largest number counts, and which to do together.

Shapes: n candidates, k pending experiments.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

_LEAST_STD = 1e-9  # as a share of the largest: an experiment of which all is known

_Floats: TypeAlias = npt.NDArray[np.float64]


def expected_improvement(mean: _Floats, std: _Floats, best: float) -> _Floats:
    r"""By how much a number is expected to exceed the best one.

    :math:`E[\max(f - b, 0)] = s \, (u \Phi(u) + \varphi(u))` for :math:`f \sim N(m, s^2)` and
    :math:`u = (m - b) / s`.

    Parameters
    ----------
    mean, std : ndarray of shape (n,)
        Predicted numbers, and how far they may be off.
    best : float
        The largest number so far.

    Returns
    -------
    ndarray of shape (n,)
        Values, at least 0.

    Examples
    --------
    >>> import numpy as np
    >>> from sksiamese.recommend.outcomes._expected_improvement import expected_improvement
    >>> mean, std = np.array([50.0, 50.0, 70.0]), np.array([1.0, 20.0, 0.0])
    >>> expected_improvement(mean, std, best=60.0).round(1)
    array([ 0.,  4., 10.])
    """
    std = _floored(std)
    u = (mean - best) / std
    return np.asarray(np.maximum(std * (u * norm.cdf(u) + norm.pdf(u)), 0))


def probability_of_improvement(mean: _Floats, std: _Floats, best: float) -> _Floats:
    """Probability that a number exceeds the best one.

    Parameters
    ----------
    mean, std, best
        As in :func:`expected_improvement`.

    Returns
    -------
    ndarray of shape (n,)
        Probabilities.
    """
    return np.asarray(norm.cdf((mean - best) / _floored(std)))


def choose_believing(
    mean: _Floats,
    covariance: _Floats,
    best: float,
    batch_size: int,
    n_pending: int = 0,
    value: Callable[[_Floats, _Floats, float], _Floats] = expected_improvement,
) -> list[int]:
    """Choose experiments one by one, each as if the others had given what is expected of them.

    Parameters
    ----------
    mean : ndarray of shape (k + n,)
        Predicted numbers of pending experiments and of candidates.
    covariance : ndarray of shape (k + n, k + n)
        How these predictions depend on each other.
    best : float
        The largest number so far.
    batch_size : int
        How many to choose, at most n.
    n_pending : int, default=0
        How many are pending, k: they are believed first.
    value : callable
        What numbers are worth, by mean, standard deviation and the largest number so far.

    Returns
    -------
    list of int of length batch_size
        Places among the candidates, the best first.

    Notes
    -----
    An outcome that is what was expected moves no prediction, but makes those that depend on it
    surer, and may be the best one from then on. After Ginsbourger et al., "Kriging is well-suited
    to parallelize optimization", 2010 ("kriging believer"), without noise.
    """
    rest = covariance.copy()
    for place in range(n_pending):
        rest = _believe(rest, place)
        best = max(best, mean[place])
    chosen: list[int] = []
    for _ in range(batch_size):
        std = np.sqrt(np.maximum(rest.diagonal(), 0))
        values = value(mean, std, best)[n_pending:]
        values[chosen] = -np.inf
        chosen.append(int(values.argmax()))
        place = n_pending + chosen[-1]
        rest = _believe(rest, place)
        best = max(best, mean[place])
    return chosen


def _believe(covariance: _Floats, place: int) -> _Floats:
    """Covariances once the number at a place is known."""
    own, column = covariance[place, place], covariance[:, place]
    if own <= _LEAST_STD * covariance.diagonal().max():
        return covariance
    return np.asarray(covariance - np.outer(column, column) / own)


def _floored(std: _Floats) -> _Floats:
    largest = std.max(initial=0.0)
    return np.asarray(np.maximum(std, _LEAST_STD * (largest or 1.0)))
