"""A training from start to end: its seeds, the rows held out, and a second try if it diverges."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning
from skorch.callbacks import Callback, EarlyStopping, PassthroughScoring

from sksiamese._checks import make_generator
from sksiamese.models.training._ensemble_net import (
    LARGEST_WEIGHT,
    CosineSteps,
    EnsembleNet,
    EpochBar,
)
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


def make_callbacks(
    validates: bool, lr_schedule: str, patience: int, verbose: int, more: Sequence[Any] | None
) -> list[Any]:
    """List what happens after each step and epoch, the user's own callbacks last.

    Parameters
    ----------
    validates : bool
        Whether rows are held out, so that training stops early.
    lr_schedule : {"constant", "cosine"}
        How the learning rate falls.
    patience : int
        Epochs without a better loss of the rows held out, after which training stops.
    verbose : int
        Whether a bar shows the epochs.
    more : sequence of skorch callbacks or None
        Those of the user.

    Returns
    -------
    list of skorch callbacks
        As ``NeuralNet(callbacks=...)`` takes them.
    """
    found: list[Callback] = []
    if lr_schedule == "cosine":
        found.append(CosineSteps())
    if validates:
        found.append(PassthroughScoring("valid_loss"))
        found.append(EarlyStopping(patience=patience, load_best=True, sink=_print_nothing))
    if verbose:
        found.append(EpochBar())
    return [*found, *(more or [])]


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


def _print_nothing(*_: Any) -> None:
    """Take what skorch would print."""
