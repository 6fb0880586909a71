"""Training through skorch: batches of experiments in, all members of an ensemble in one pass."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load, save
from skorch import NeuralNet
from skorch.callbacks import Callback, PassthroughScoring
from skorch.history import History
from torch import Tensor, nn
from tqdm import tqdm

from sksiamese.models.training._labelled_rows import Batch, Inputs, LabelledExperiments
from sksiamese.models.training._pairs import class_batches
from sksiamese.molecules._graph_batch import batch_graphs
from sksiamese.nn._fingerprint_network import FingerprintNetwork
from sksiamese.nn._graph_tensors import GraphTensors
from sksiamese.tables.encoding._encoder import Experiments

_Int = npt.NDArray[np.int64]
_Random = np.random.RandomState

LARGEST_WEIGHT = 1e15
"""Beyond it, a dozen layers overflow, and probabilities would be NaN."""

_HEAD_STEPS, _HEAD_LR, _HEAD_PULL = 50, 0.02, 0.1
_KEPT = {
    "alpha",
    "batch_seed",
    "lr",
    "max_epochs",
    "batch_size",
    "optimizer__param_groups",
}  # in a copy of a net


def to_tensors(experiments: Experiments, radius: int, device: str) -> Inputs:
    """Turn encoded rows into what the network takes."""
    batches = [batch_graphs(pool, radius) for pool in experiments.graphs]
    return Inputs(
        torch.as_tensor(experiments.numeric).to(device),
        torch.as_tensor(experiments.molecules).to(device),
        GraphTensors(batches).to(device) if batches else None,
    )


@torch.no_grad()
def last_layer(net: EnsembleNet, experiments: Experiments, single: bool = False) -> Tensor:
    """Put encoded rows through the networks: (n_members, n_rows, size), on the CPU.

    With `single`, dense layers compute in single precision, at an error of about 1e-7, unless
    numbers are too large for it.
    """
    numbers, molecules, graphs = to_tensors(experiments, net.module_.settings.radius, net.device)
    dtype = torch.float32 if single else torch.float64
    found = net.module_.eval()(numbers.to(dtype), molecules, graphs).cpu()
    if single and not found.isfinite().all():
        return last_layer(net, experiments)
    return found.to(torch.float64)


class _StoppedByCallback(KeyboardInterrupt):
    """What a callback raised to end the training."""


class EnsembleNet(NeuralNet):
    """Skorch net that trains all members of a network at once, batch by batch.

    A copy of a trained one (by pickle, joblib or skops) has its weights and its history; callbacks
    and the state of the optimizer stay behind, as every fit makes a net of its own.

    Parameters
    ----------
    module : type of FingerprintNetwork
        The network.
    criterion : callable
        The loss of each member, by network, outputs and batch; and what it weighs a batch by.
    alpha : float
        Weight of the L1 and of the L2 penalty.
    batch_seed : int
        Seed of the order of batches.
    **kwargs
        Passed on to :class:`skorch.NeuralNet`.
    """

    def __init__(
        self,
        module: type[FingerprintNetwork],
        criterion: Any,
        alpha: float,
        batch_seed: int,
        **kwargs: Any,
    ) -> None:
        self.alpha = alpha
        self.batch_seed = batch_seed
        super().__init__(
            module,
            criterion=criterion,
            optimizer=torch.optim.Adam,
            optimizer__fused=True,
            train_split=None,
            verbose=0,
            **kwargs,
        )

    def __getstate__(self) -> dict[str, Any]:
        """Give all that predictions need, without anything of torch's or skorch's own."""
        weights = {
            name: each.cpu().contiguous() for name, each in self.module_.state_dict().items()
        }
        names = [name for name in vars(self) if name in _KEPT or name.startswith("module__")]
        return {
            "module": self.module,
            "criterion": self.criterion,
            "settings": {name: getattr(self, name) for name in names},
            "device": str(self.device),
            "weights": save(weights),
            "history": json.dumps(list(self.history)),
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Build the network anew, and give it the weights."""
        device = _device_here(state["device"])
        EnsembleNet.__init__(
            self, state["module"], state["criterion"], **state["settings"], device=device
        )
        self.initialize()
        self.module_.load_state_dict(load(state["weights"]))
        self.history_ = History(json.loads(state["history"]))

    @property
    def redraws(self) -> bool:
        """Whether a batch of the same rows is another one the next time."""
        return False

    @property
    def _default_callbacks(self) -> list[tuple[str, Callback]]:
        return [("train_loss", PassthroughScoring("train_loss", on_train=True))]

    def train(self, data: LabelledExperiments) -> bool:
        """Train, and tell whether all weights are numbers still, none too large to compute with.

        Skorch's own fit ends quietly when it is interrupted. Here a callback alone ends it so; any
        other interruption goes on, and also stops a cross-validation.
        """
        self.notify("on_train_begin", X=data, y=None)
        try:
            self.fit_loop(data)
        except _StoppedByCallback:
            pass
        finally:
            self.notify("on_train_end", X=data, y=None)
        weights = self.module_.parameters()
        return all(bool((weight.abs() <= LARGEST_WEIGHT).all()) for weight in weights)  # not NaN

    def notify(self, method_name: str, **kwargs: Any) -> None:
        """Call the callbacks, and tell where one ends the training as skorch's do."""
        try:
            super().notify(method_name, **kwargs)
        except KeyboardInterrupt as interruption:
            raise _StoppedByCallback from interruption

    def initialize_criterion(self) -> EnsembleNet:
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

    def batches(
        self, data: LabelledExperiments, training: bool, random_state: np.random.RandomState
    ) -> Iterator[_Int]:
        """Split the rows of an epoch."""
        return class_batches(data.y, data.groups, self.batch_size, random_state)

    def prepare(self, data: LabelledExperiments, standard: bool) -> None:
        """Fix the scale of the fingerprints by the untrained network, if it is to be standard."""
        if standard and data.experiments.graphs:
            network = self.module_
            inputs = to_tensors(data.experiments, network.settings.radius, self.device)
            weight = torch.as_tensor(data.weight).to(self.device)
            network.standardize(inputs.graphs, inputs.molecules, weight)

    def make_batch(
        self, data: LabelledExperiments, rows: _Int, training: bool, random_state: _Random
    ) -> Any:
        """Put some rows together."""
        pairs, row_weight = self.criterion_.weigh(data, rows, training, random_state)
        return Batch(
            torch.as_tensor(np.eye(data.n_classes)[data.y[rows]]).to(self.device),
            to_tensors(data.experiments.take(rows), self.module_.settings.radius, self.device),
            torch.as_tensor(pairs).to(self.device),
            torch.as_tensor(row_weight).to(self.device),
            torch.as_tensor(data.groups[rows]).to(self.device),
        )

    def train_step_single(self, batch: Any, **_: Any) -> dict[str, Any]:
        """Compute the loss of a batch, summed over members, and its gradient."""
        self._set_training(True)
        losses = self._step_losses(batch)
        losses.sum().backward()
        self._add_penalty()
        return {"loss": losses.detach().mean(), "y_pred": None}

    @torch.no_grad()
    def _add_penalty(self) -> None:
        """Add the gradient of alpha (|w|_1 + |w|_2^2); cheaper than to have it derived."""
        if self.alpha:
            for weight in self.module_.penalized():
                if weight.grad is None:  # all molecules of a role are absent from this batch
                    weight.grad = torch.zeros_like(weight)
                weight.grad.add_(weight.sign().add_(weight, alpha=2), alpha=self.alpha)

    def validation_step(self, batch: Any, **_: Any) -> dict[str, Any]:
        """Compute the loss of the held-out rows of a batch."""
        self._set_training(False)
        with torch.no_grad():
            return {"loss": self._losses(batch).mean(), "y_pred": None}

    def _losses(self, batch: Any) -> Tensor:
        """Loss of each member, (n_members,)."""
        return self.criterion_(self.module_, self.module_(*batch.inputs), batch)

    def _step_losses(self, batch: Any) -> Tensor:
        """Losses to train on, which may draw from the batch."""
        return self._losses(batch)


def _device_here(name: str) -> str:
    """Name of a device, or of the CPU where torch does not have it."""
    try:
        torch.empty(0, device=name)
    except (AssertionError, RuntimeError):  # what torch raises, by device
        warnings.warn(
            f"This model was on the device {name!r}; here it is on the CPU.", stacklevel=3
        )
        return "cpu"
    return name


def descend(head: nn.Module, losses: Callable[[], Tensor]) -> None:
    """Lower the losses, and a penalty on how far the weights move."""
    weights = list(head.parameters())
    before = [weight.detach().clone() for weight in weights]
    optimizer = torch.optim.Adam(weights, lr=_HEAD_LR)
    for _ in range(_HEAD_STEPS):
        optimizer.zero_grad()
        moved = [((w - b) ** 2).sum() for w, b in zip(weights, before, strict=True)]
        (losses().sum() + _HEAD_PULL * torch.stack(moved).sum()).backward()
        optimizer.step()


@dataclass
class _Batches:
    """Batches of a data set, to be gone through once an epoch."""

    net: EnsembleNet
    data: LabelledExperiments
    training: bool
    random_state: np.random.RandomState
    whole: Any = None

    def __iter__(self) -> Iterator[Any]:
        if self.whole is not None:
            yield self.whole
            return
        data, net = self.data, self.net
        for rows in net.batches(data, self.training, self.random_state):
            batch = net.make_batch(data, rows, self.training, self.random_state)
            if len(rows) == len(data) and not net.redraws:
                self.whole = batch
            yield batch


class CosineSteps(Callback):
    """Let the step size fall from the net's lr to zero along half a cosine.

    Unlike skorch's wrapper of a torch scheduler this costs nothing and holds no weights.
    """

    def on_epoch_end(self, net: NeuralNet, **_: Any) -> None:
        """Set the step size of the next epoch."""
        progress = len(net.history) / net.max_epochs
        for group in net.optimizer_.param_groups:
            first = group.setdefault("initial_lr", group["lr"])
            group["lr"] = first * (1 + math.cos(math.pi * progress)) / 2


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
