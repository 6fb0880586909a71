"""Training through skorch: batches of experiments in, all their pairs compared in one pass."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from skorch import NeuralNet
from skorch.callbacks import Callback, PassthroughScoring
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import Dataset
from tqdm import tqdm

from sksiamese._inputs import Experiments
from sksiamese.batching import batch_graphs
from sksiamese.nn.fingerprint import GraphTensors
from sksiamese.nn.losses import pair_loss, support_loss
from sksiamese.nn.siamese import SiameseNetwork
from sksiamese.pairs import class_batches, pair_weights, support_weights

__all__ = [
    "Batch",
    "CosineSteps",
    "EpochBar",
    "Inputs",
    "LabelledExperiments",
    "PairLoss",
    "SiameseNet",
    "one_thread",
    "to_tensors",
]

_Float = npt.NDArray[np.float64]
_Int = npt.NDArray[np.int64]


class Inputs(NamedTuple):
    """Encoded rows as tensors; see :meth:`sksiamese.nn.siamese.SiameseNetwork.forward`."""

    numeric: Tensor
    molecules: Tensor
    graphs: nn.ModuleList


class Batch(NamedTuple):
    """Rows that are compared with each other in one step.

    Parameters
    ----------
    target : Tensor of shape (n, n_classes)
        One-hot classes.
    inputs : Inputs
        What the network takes.
    pairs : Tensor of shape (n_terms, n, n)
        Pair weights of each term of the loss.
    row_weight : Tensor of shape (n,)
        Weights of the rows as queries; they sum to one.
    """

    target: Tensor
    inputs: Inputs
    pairs: Tensor
    row_weight: Tensor


def to_tensors(experiments: Experiments, radius: int, device: str) -> Inputs:
    """Turn encoded rows into what the network takes."""
    graphs = nn.ModuleList(GraphTensors(batch_graphs(pool, radius)) for pool in experiments.graphs)
    return Inputs(
        torch.as_tensor(experiments.numeric).to(device),
        torch.as_tensor(experiments.molecules).to(device),
        graphs.to(device),
    )


@dataclass
class LabelledExperiments(Dataset):
    """Rows to train on.

    Parameters
    ----------
    experiments : Experiments
        Encoded rows.
    y, groups : ndarray of shape (n_rows,)
        Class and group numbers; pairs are formed within groups.
    weight : ndarray of shape (n_rows,)
        Sample weights.
    held_out : ndarray of shape (n_rows,), dtype bool
        Rows that only validate.
    n_classes : int
        Number of classes.
    """

    experiments: Experiments
    y: _Int
    groups: _Int
    weight: _Float
    held_out: npt.NDArray[np.bool_]
    n_classes: int

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.y)

    def molecule_blocks(self) -> _Int | None:
        """Name each row by its molecule, of the role with most; None if that tells nothing new."""
        sizes = [len(pool) for pool in self.experiments.graphs]
        if not sizes or max(sizes) == len(self.y):
            return None
        return self.experiments.molecules[:, int(np.argmax(sizes))]


@dataclass
class PairLoss:
    """The loss of a siamese network, as the read-out that it will predict with asks for.

    Parameters
    ----------
    readout : {"mean", "kernel"}
        Whether to train with :func:`~sksiamese.nn.losses.pair_loss` or
        :func:`~sksiamese.nn.losses.support_loss`.
    new_molecule_weight : float
        Share of the support loss in which support comes from other molecules alone.
    pairs_per_step : int or None
        Number of pairs that each step draws for the pair loss; None for all of them.
    prior : ndarray of shape (n_classes,)
        Prior probabilities of the classes.
    """

    readout: str
    new_molecule_weight: float
    pairs_per_step: int | None
    prior: _Float

    @property
    def draws(self) -> bool:
        """Whether training draws pairs."""
        return self.readout == "mean" and self.pairs_per_step is not None

    def weigh(self, data: LabelledExperiments, rows: _Int, training: bool) -> tuple[_Float, _Float]:
        """Weights of the pairs among some rows, (n_terms, n, n), and of the rows, (n,)."""
        y, groups, held_out = data.y[rows], data.groups[rows], data.held_out[rows]
        known = np.where(held_out, 0.0, data.weight[rows])
        query = known if training else data.weight[rows] - known
        row_weight = query / max(query.sum(), np.finfo(float).tiny)
        if self.readout == "mean":
            pairs = pair_weights(y, known, groups, None if training else query)
            return pairs[None], row_weight
        whole = np.bincount(data.groups, np.where(data.held_out, 0.0, data.weight))
        part = np.bincount(groups, known, len(whole))
        share = (whole / np.maximum(part, 1e-12))[groups]  # a batch stands for all rows
        blocks = data.molecule_blocks()
        terms = [support_weights(known, groups)]
        if blocks is not None and self.new_molecule_weight:
            terms.append(support_weights(known, groups, blocks[rows]))
        return np.stack(terms) * share, row_weight

    def __call__(self, logits: Tensor, batch: Batch) -> Tensor:
        """Loss of each member, (n_members,)."""
        if self.readout == "mean":
            same = batch.target @ batch.target.T
            return pair_loss(logits, same, batch.pairs[0])
        prior = torch.as_tensor(self.prior, device=logits.device)
        losses = support_loss(logits, batch.target, batch.pairs, batch.row_weight, prior)
        if len(losses) == 1:
            return losses[0]
        return torch.lerp(losses[0], losses[1], self.new_molecule_weight)


class SiameseNet(NeuralNet):
    """Skorch net that trains a :class:`~sksiamese.nn.siamese.SiameseNetwork` on pairs.

    Parameters
    ----------
    module : SiameseNetwork
        The network.
    criterion : PairLoss
        The loss.
    alpha : float
        Weight of the L1 and of the L2 penalty.
    batch_seed : int
        Seed of the order of batches.
    **kwargs
        Passed on to :class:`skorch.NeuralNet`.
    """

    def __init__(
        self,
        module: type[SiameseNetwork],
        criterion: PairLoss,
        alpha: float,
        batch_seed: int,
        **kwargs: Any,
    ) -> None:
        self.alpha = alpha
        self.batch_seed = batch_seed
        super().__init__(module, criterion=criterion, **kwargs)

    @property
    def _default_callbacks(self) -> list[tuple[str, Callback]]:
        return [("train_loss", PassthroughScoring("train_loss", on_train=True))]

    def initialize_criterion(self) -> SiameseNet:
        """Take the loss as it is: it has no parameters to learn."""
        self.criterion_ = self.criterion
        return self

    def get_split_datasets(self, X: LabelledExperiments, y: None = None, **_: Any) -> Any:
        """Train on the data set; validate on the same, where it holds rows out."""
        return X, (X if X.held_out.any() else None)

    def get_iterator(self, dataset: LabelledExperiments, training: bool = False) -> Any:
        """Give batches, always the same object's if one batch holds all rows."""
        random_state = np.random.RandomState(self.batch_seed)
        return _Batches(self, dataset, training, random_state)

    def train_step_single(self, batch: Batch, **_: Any) -> dict[str, Any]:
        """Compute the loss of all pairs of a batch, summed over members, and its gradient."""
        self._set_training(True)
        losses = self._drawn_losses(batch) if self.criterion_.draws else self._losses(batch)
        losses.sum().backward()
        self._add_penalty()
        return {"loss": losses.detach().mean(), "y_pred": None}

    @torch.no_grad()
    def _add_penalty(self) -> None:
        """Add the gradient of alpha (|w|_1 + |w|_2^2); cheaper than to have it derived."""
        if self.alpha:
            for weight in self.module_.penalized():
                weight.grad.add_(weight.sign().add_(weight, alpha=2), alpha=self.alpha)

    def validation_step(self, batch: Batch, **_: Any) -> dict[str, Any]:
        """Compute the loss of the held-out rows of a batch, compared with its other rows."""
        self._set_training(False)
        with torch.no_grad():
            return {"loss": self._losses(batch).mean(), "y_pred": None}

    def _losses(self, batch: Batch) -> Tensor:
        embedding = self.module_(*batch.inputs)
        return self.criterion_(self.module_.similarity(embedding, embedding), batch)

    def _drawn_losses(self, batch: Batch) -> Tensor:
        """Pair loss of each member over pairs that it draws, as many of each kind."""
        module, (pairs,) = self.module_, batch.pairs
        same = batch.target @ batch.target.T
        kinds = [kind for kind in (pairs * same, pairs * (1 - same)) if kind.any()]
        if not kinds:  # a batch of one row, or of rows of different groups
            return self._losses(batch)  # zero, with a zero gradient for every weight
        embedding = module(*batch.inputs)
        n_draws = -(-self.criterion_.pairs_per_step // len(kinds))
        ladders = [kind.cpu().flatten().cumsum(0) for kind in kinds]
        draws = [[_draw(rungs, n_draws, g) for rungs in ladders] for g in module.generators()]
        places = torch.stack([torch.cat(each) for each in draws]).to(pairs.device)
        first, second = places // len(same), places % len(same)
        member = torch.arange(len(places), device=pairs.device)[:, None]
        logits = module.similarity.of_pairs(embedding[member, first], embedding[member, second])
        return functional.binary_cross_entropy_with_logits(
            logits, same[first, second], reduction="none"
        ).mean(1)


def _draw(ladder: Tensor, n_draws: int, generator: torch.Generator) -> Tensor:
    """Draw places with the weights whose running sums are given, any number of them."""
    height = torch.rand(n_draws, generator=generator, dtype=ladder.dtype) * ladder[-1]
    return torch.searchsorted(ladder, height, right=True)


@dataclass
class _Batches:
    """Batches of a data set, to be gone through once an epoch."""

    net: SiameseNet
    data: LabelledExperiments
    training: bool
    random_state: np.random.RandomState
    whole: Batch | None = None

    def __iter__(self) -> Iterator[Batch]:
        if self.whole is not None:
            yield self.whole
            return
        data, net = self.data, self.net
        for rows in class_batches(data.y, data.groups, net.batch_size, self.random_state):
            batch = self._batch(rows)
            if len(rows) == len(data):
                self.whole = batch
            yield batch

    def _batch(self, rows: _Int) -> Batch:
        net, data = self.net, self.data
        pairs, row_weight = net.criterion_.weigh(data, rows, self.training)
        radius, device = net.module_.settings.radius, net.device
        return Batch(
            torch.as_tensor(np.eye(data.n_classes)[data.y[rows]]).to(device),
            to_tensors(data.experiments.take(rows), radius, device),
            torch.as_tensor(pairs).to(device),
            torch.as_tensor(row_weight).to(device),
        )


class CosineSteps(Callback):
    """Let the step size fall from the net's lr to zero along half a cosine.

    Unlike skorch's wrapper of a torch scheduler this costs nothing and holds no weights.
    """

    def on_epoch_end(self, net: NeuralNet, **_: Any) -> None:
        """Set the step size of the next epoch."""
        progress = len(net.history) / net.max_epochs
        for group in net.optimizer_.param_groups:
            group["lr"] = net.lr * (1 + math.cos(math.pi * progress)) / 2


class EpochBar(Callback):
    """Progress bar over the epochs of a fit."""

    def on_train_begin(self, net: NeuralNet, **_: Any) -> None:
        """Open the bar."""
        self.bar_ = tqdm(total=net.max_epochs, unit="epoch", desc="training")

    def on_epoch_end(self, net: NeuralNet, **_: Any) -> None:
        """Advance the bar."""
        self.bar_.update()

    def on_train_end(self, net: NeuralNet, **_: Any) -> None:
        """Close the bar."""
        self.bar_.close()
        del self.bar_


@dataclass
class _Threads:
    """What several fits in threads of one process have to agree on."""

    lock: threading.Lock
    n_fits: int = 0
    before: int = 1


_THREADS = _Threads(threading.Lock())


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread: its tasks here are small, and several fits may run side by side."""
    with _THREADS.lock:
        if not _THREADS.n_fits:
            _THREADS.before = torch.get_num_threads()
        _THREADS.n_fits += 1
        torch.set_num_threads(1)
    try:
        yield
    finally:
        with _THREADS.lock:
            _THREADS.n_fits -= 1
            if not _THREADS.n_fits:
                torch.set_num_threads(_THREADS.before)
