"""A training from start to end: its seeds, the rows held out, and a second try if it diverges."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning

from sksiamese._checks import make_generator
from sksiamese.models.training._ensemble_net import LARGEST_WEIGHT, EnsembleNet
from sksiamese.models.training._labelled_rows import LabelledExperiments
from sksiamese.models.training._threads import one_thread


class Seeds(NamedTuple):
    """What is random in a fit: batches, rows held out, and each member."""

    batches: int
    split: int
    members: list[int]


def draw_seeds(random_state: Any, n_members: int) -> Seeds:
    """Draw all seeds of a fit; member k's is the k-th, however many there are."""
    generator = make_generator(random_state)
    batches, split, *members = generator.randint(2**31 - 1, size=2 + n_members).tolist()
    return Seeds(batches, split, members)


def hold_out(y: npt.NDArray[np.int64], share: float, seed: int) -> npt.NDArray[np.bool_]:
    """Choose a share of the rows of every class of two rows or more, at least one; none of 0."""
    held_out = np.zeros(len(y), bool)
    if share:
        order = np.random.RandomState(seed).permutation(len(y))
        for number in np.unique(y):
            rows = order[y[order] == number]
            n_held_out = max(1, int(share * len(rows)))
            held_out[rows[: min(n_held_out, len(rows) - 1)]] = True
    return held_out


def train(
    make_net: Callable[..., EnsembleNet], data: LabelledExperiments, lr: float, standard: bool
) -> EnsembleNet:
    """Train a net, and once more with smaller steps if its weights leave all bounds."""
    for each in (lr, lr / 10):
        net = make_net(lr=each)
        with one_thread():
            net.initialize()
            net.prepare(data, standard)
            if net.train(data):
                return net
        if each == lr:
            warnings.warn(
                f"Training with lr={lr:g} diverged: weights became NaN or larger than "
                f"{LARGEST_WEIGHT:g}. It starts again with lr={lr / 10:g}.",
                ConvergenceWarning,
                stacklevel=4,
            )
    raise ValueError(
        f"Training diverged with lr={lr:g}, and again with lr={lr / 10:g}: weights "
        f"became NaN or larger than {LARGEST_WEIGHT:g}. Lower lr, and look for extreme numbers "
        "in X and sample_weight."
    )
