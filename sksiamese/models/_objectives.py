"""What is trained on and for: labelled rows, batches of them, losses of a batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import Dataset

from sksiamese.models._pairs import draw_support, pair_weights, support_weights
from sksiamese.nn._fingerprint import GraphTensors
from sksiamese.nn._losses import cross_entropy_loss, pair_loss, support_loss
from sksiamese.nn._siamese import SiameseNetwork
from sksiamese.tables._encoder import Experiments

__all__ = ["Batch", "ClassLoss", "EpisodeLoss", "Inputs", "LabelledExperiments", "PairLoss"]

_Float = npt.NDArray[np.float64]
_Int = npt.NDArray[np.int64]
_Random = np.random.RandomState


class Inputs(NamedTuple):
    """Encoded rows as tensors; see :meth:`sksiamese.nn._network.FingerprintNetwork.forward`."""

    numeric: Tensor
    molecules: Tensor
    graphs: GraphTensors | None


class Batch(NamedTuple):
    """Rows of one step.

    Parameters
    ----------
    target : Tensor of shape (n, n_classes)
        One-hot classes.
    inputs : Inputs
        What the network takes.
    pairs : Tensor of shape (n_terms, n, n)
        Pair weights of each term of a loss over pairs.
    row_weight : Tensor of shape (n,)
        Weights of the rows as queries; they sum to one.
    groups : Tensor of shape (n,)
        Group numbers.
    """

    target: Tensor
    inputs: Inputs
    pairs: Tensor
    row_weight: Tensor
    groups: Tensor


@dataclass
class LabelledExperiments(Dataset):
    """Rows to train on.

    Parameters
    ----------
    experiments : Experiments
        Encoded rows.
    y, groups : ndarray of shape (n_rows,)
        Class and group numbers; a batch holds rows of one group, pairs are formed within it.
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

    def weights(self, rows: _Int, training: bool) -> tuple[_Float, _Float]:
        """Weights of some rows as what is known and as what is predicted, (n,) each."""
        weight = self.weight[rows]
        known = np.where(self.held_out[rows], 0.0, weight)
        return known, (known if training else weight - known)

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
        Whether to train with :func:`~sksiamese.nn._losses.pair_loss` or
        :func:`~sksiamese.nn._losses.support_loss`.
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

    def weigh(
        self, data: LabelledExperiments, rows: _Int, training: bool, random_state: _Random
    ) -> tuple[_Float, _Float]:
        """Weights of the pairs among some rows, (n_terms, n, n), and of the rows, (n,)."""
        y, groups = data.y[rows], data.groups[rows]
        known, query = data.weights(rows, training)
        row_weight = _shares(query)
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


@dataclass
class ClassLoss:
    """The loss of a network that scores classes; no row is compared with another.

    Parameters
    ----------
    formula : callable
        :func:`~sksiamese.nn._losses.cross_entropy_loss` or
        :func:`~sksiamese.nn._losses.hinge_loss`.
    """

    formula: Callable[[Tensor, Tensor, Tensor], Tensor]

    def weigh(
        self, data: LabelledExperiments, rows: _Int, training: bool, random_state: _Random
    ) -> tuple[_Float, _Float]:
        """No pairs, (0, n, n), and the weights of the rows, (n,)."""
        _, query = data.weights(rows, training)
        return np.empty((0, len(rows), len(rows))), _shares(query)

    def __call__(self, scores: Tensor, batch: Batch) -> Tensor:
        """Loss of each member, (n_members,)."""
        return self.formula(scores, batch.target, batch.row_weight)


@dataclass
class EpisodeLoss:
    """The loss of a network that learns from past campaigns how to take up a new one.

    In every step some rows of each campaign play the few that are labelled, and the campaign's
    others are predicted from them (see :class:`~sksiamese.nn._residual.SupportResidual`). Two more
    terms of equal weight: the same rows predicted by the trend, and by their campaign's own scores.
    """

    def weigh(
        self, data: LabelledExperiments, rows: _Int, training: bool, random_state: _Random
    ) -> tuple[_Float, _Float]:
        """Weight of each row as support of its campaign, (1, n, n), and as query, (n,)."""
        groups = data.groups[rows]
        known, query = data.weights(rows, training)
        if training:
            plays = draw_support(groups, random_state) & (known > 0)
            known, query = known * plays, query * ~plays
        total = np.bincount(groups, query)[groups]
        balanced = query / np.maximum(total, np.finfo(float).tiny)  # each campaign counts the same
        return (known * np.equal.outer(groups, groups))[None], _shares(balanced)

    def __call__(self, network: SiameseNetwork, embedding: Tensor, batch: Batch) -> Tensor:
        """Loss of each member, (n_members,)."""
        trend, weight = network.trend(embedding), batch.pairs[0].amax(0)
        support = weight.nonzero().squeeze(-1)
        scores = [trend, network.group_scores(embedding, batch.groups)]
        if len(support):
            pairs = (batch.pairs[0][:, support] > 0).to(trend.dtype)
            logits = network.similarity(embedding, embedding[:, support])
            alpha = network.residual.solve(
                logits[:, support],
                trend[:, support],
                batch.target[support],
                weight[support],
                pairs[support],
            )
            scores.append(trend + network.residual.kernel(logits, pairs) @ alpha)
        losses = [cross_entropy_loss(each, batch.target, batch.row_weight) for each in scores]
        return torch.stack(losses).mean(0)


def _shares(weight: _Float) -> _Float:
    """Scale weights to sum to one, or to zero if all are zero."""
    return weight / max(weight.sum(), np.finfo(float).tiny)
