"""What an experiment is worth doing for, and which to do together."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import entr

ACQUISITIONS = ("probability", "ucb", "entropy")
NEED_STD = frozenset({"ucb"})

_Floats: TypeAlias = npt.NDArray[np.float64]

_RELIANCE = 0.75  # how far an outcome settles that of an equal experiment
_TOLD_APART = 9  # decimals of values; sums that differ by rounding alone are a tie


def acquire(name: str, p: _Floats, std: _Floats | None, beta: float = 1.0) -> _Floats:
    """Value of experiments, at least 0.

    Parameters
    ----------
    name : str
        One of ``ACQUISITIONS``.
    p : ndarray of shape (n_samples,)
        Probabilities of success.
    std : ndarray of shape (n_samples,) or None
        Their standard deviations; None where `name` needs none.
    beta : float
        Standard deviations that "ucb" adds.

    Returns
    -------
    ndarray of shape (n_samples,)
        Values; "entropy" in bits.
    """
    if name == "probability":
        return p
    if name == "entropy":
        return np.asarray((entr(p) + entr(1 - p)) / np.log(2))
    assert std is not None
    return p + beta * std


def choose_batch(
    values: _Floats,
    batch_size: int,
    distances_to: Callable[[int], _Floats],
    length: float,
    pending_distance: _Floats,
) -> list[int]:
    """Choose experiments one by one, each time the best after local penalisation.

    Parameters
    ----------
    values : ndarray of shape (n_samples,)
        Values of the experiments, at least 0.
    batch_size : int
        How many to choose, at most n_samples.
    distances_to : callable
        Distances (n_samples,) of all experiments to the one at a place.
    length : float
        Distance at which a chosen neighbour takes away 37 % of a value; 0 chooses by value alone.
    pending_distance : ndarray of shape (n_samples, n_pending)
        Distances to experiments that count as chosen before.

    Returns
    -------
    list of int of length batch_size
        Places, the best first.

    Notes
    -----
    A value is multiplied by ``1 - exp(-(d / length) ** 2)`` for each chosen experiment at the
    distance d, after Gonzalez et al., "Batch Bayesian optimization via local penalization", 2016.
    """
    left = values * _penalty(pending_distance, length).prod(axis=1)
    chosen: list[int] = []
    for _ in range(batch_size):
        chosen.append(int(left.argmax()))
        left *= _penalty(distances_to(chosen[-1]), length)
        left[chosen] = -1.0  # below every value
    return chosen


def choose_ahead(
    p: _Floats,
    batch_size: int,
    n_later: int,
    distance: _Floats,
    reach: float,
    length: float,
    pending_distance: _Floats,
) -> list[int]:
    r"""Choose experiments one by one for the successes that they and later ones will bring.

    Parameters
    ----------
    p : ndarray of shape (n_samples,)
        Probabilities of success.
    batch_size : int
        How many to choose, at most n_judged.
    n_later : int
        How many will be chosen after this batch, at least 1.
    distance : ndarray of shape (n_judged, n_samples)
        Distances of the first n_judged experiments, from which to choose, to all.
    reach : float
        Distance at which an outcome tells 37 % of what it tells about an equal experiment.
    length : float
        As in :func:`choose_batch`.
    pending_distance : ndarray of shape (n_samples, n_pending)
        As in :func:`choose_batch`.

    Returns
    -------
    list of int of length batch_size
        Places, the best first.

    Notes
    -----
    With the weight :math:`w_{xz} = 0.75 \exp(-(d_{xz} / reach)^2)`, a success of x is taken to lift
    the probability of z to :math:`p_z + (1 - p_z) w_{xz}`, a failure to lower it to
    :math:`p_z (1 - w_{xz})`. The value of x is its own probability, plus the expected sum of the
    largest probabilities that are left for all experiments after it. So an experiment counts for
    more where a success opens many others. After Jiang et al., "Efficient nonmyopic active search",
    2017, with distances in place of a model trained again.
    """
    # What penalties and earlier choices leave of a value
    keep = _penalty(pending_distance, length).prod(axis=1)
    weight = _RELIANCE * np.exp(-((distance / reach) ** 2))
    rows, chosen = np.arange(len(distance)), list[int]()
    for n_after in range(n_later + batch_size - 1, n_later - 1, -1):
        n_top = min(n_after, len(p))
        success, failure = keep * (p + (1 - p) * weight), keep * p * (1 - weight)
        success[rows, rows] = failure[rows, rows] = 0
        own = p[rows]
        later = own * _sum_largest(success, n_top) + (1 - own) * _sum_largest(failure, n_top)
        value = keep[rows] * own + later
        value[chosen] = -1  # below every value
        chosen.append(int(value.round(_TOLD_APART).argmax()))  # of a tie, the first
        keep *= _penalty(distance[chosen[-1]], length)
        keep[chosen] = 0
    return chosen


def _sum_largest(values: _Floats, n: int) -> _Floats:
    """Sum of the n largest of each row."""
    return np.asarray(np.partition(values, values.shape[1] - n)[:, -n:].sum(axis=1))


def _penalty(distance: _Floats, length: float) -> _Floats:
    return np.ones_like(distance) if length == 0 else -np.expm1(-((distance / length) ** 2))
