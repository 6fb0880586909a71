"""The paper's read-out: mean similarity to the experiments of each class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from sksiamese.models.readouts._protocol import Evidence, kept_tensor
from sksiamese.models.readouts._similarity_readout import SimilarityReadOut, chunks, compare
from sksiamese.models.training._ensemble_net import EnsembleNet, descend, last_layer
from sksiamese.models.training._labelled_rows import Batch, LabelledExperiments, to_shares
from sksiamese.models.training._pairs import pair_weights
from sksiamese.nn._losses import mean_proba, pair_loss
from sksiamese.nn._siamese import PairSimilarity, SiameseNetwork
from sksiamese.tables.encoding._encoder import Experiments

_MANY_PAIRS = 10_000_000  # pairs, times members, beyond which single precision compares them
_LARGE_WEIGHT = 1e6  # beyond it, sums might overflow single precision

_Float = npt.NDArray[np.float64]
_Int = npt.NDArray[np.int64]
_Random = np.random.RandomState


@dataclass
class PairLoss:
    """Cross-entropy of "same class" over pairs; see :func:`~sksiamese.nn._losses.pair_loss`.

    Parameters
    ----------
    pairs_per_step : int or None
        Number of pairs that each step draws for the pair loss; None for all of them.
    """

    pairs_per_step: int | None

    @property
    def draws(self) -> bool:
        """Whether training draws pairs."""
        return self.pairs_per_step is not None

    def weigh(
        self, data: LabelledExperiments, rows: _Int, training: bool, random_state: _Random
    ) -> tuple[_Float, _Float]:
        """Weights of the pairs among some rows, (n_terms, n, n), and of the rows, (n,)."""
        y, groups = data.y[rows], data.groups[rows]
        known, query = data.weights(rows, training)
        pairs = pair_weights(y, known, groups, None if training else query)
        return pairs[None], to_shares(query)

    def __call__(self, network: SiameseNetwork, embedding: Tensor, batch: Batch) -> Tensor:
        """Loss of each member, (n_members,)."""
        logits = network.similarity(embedding, embedding)
        return pair_loss(logits, batch.target @ batch.target.T, batch.pairs[0])


class PairNet(EnsembleNet):
    """Skorch net that trains a :class:`~sksiamese.nn._siamese.SiameseNetwork` on pairs of rows."""

    def _step_losses(self, batch: Batch) -> Tensor:
        return self._drawn_losses(batch) if self.criterion_.draws else self._losses(batch)

    def tune(self, data: LabelledExperiments) -> None:
        """Fit the similarity to other labelled rows; the networks stay."""
        self._set_training(False)
        batch = self.make_batch(data, np.arange(len(data)), True, np.random.RandomState(0))
        network = cast(SiameseNetwork, self.module_)
        with torch.no_grad():
            embedding = network(*batch.inputs)
        descend(network.similarity, lambda: self.criterion_(network, embedding, batch))

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


class MeanSupport(NamedTuple):
    """Labelled experiments.

    Parameters
    ----------
    embedding : ndarray of shape (n_members, n_support, embedding_size)
        Embeddings.
    y : ndarray of shape (n_support,)
        Class numbers.
    weight : ndarray of shape (n_support,)
        Sample weights.
    prior : ndarray of shape (n_classes,)
        Prior probabilities, which classes without a row keep.
    """

    embedding: _Float
    y: _Int
    weight: _Float
    prior: _Float

    @property
    def threshold(self) -> _Float:
        """Decision threshold of each class: the same for all."""
        return np.ones(len(self.prior))

    @torch.no_grad()
    def proba(self, net: EnsembleNet, experiments: Experiments) -> Tensor:
        """Class probabilities (n_members, n, n_classes) of encoded rows."""
        similarity = cast(SiameseNetwork, net.module_).similarity
        return self.read_out(similarity, last_layer(net, experiments))

    @torch.no_grad()
    def read_out(self, similarity: PairSimilarity, embedding: Tensor) -> Tensor:
        """Class probabilities (n_members, n, n_classes) of embedded rows.

        Many pairs are compared in single precision, at an error of about 1e-7, in half the time.
        """
        n_members, n_rows, _ = embedding.shape
        is_large = n_members * n_rows * len(self.y) > _MANY_PAIRS
        is_large &= bool(similarity.weight.abs().max() < _LARGE_WEIGHT)
        dtype = torch.float32 if is_large else torch.float64
        support, prior = kept_tensor(self.embedding, dtype), kept_tensor(self.prior, dtype)
        matrix = self._matrix().to(dtype)
        # Made at once: small parts would lie between the large ones, whose space glibc then keeps.
        proba = torch.empty(n_members, n_rows, len(self.prior), dtype=torch.float64)
        for rows in chunks(embedding, len(self.y)):
            logits = compare(similarity, support, embedding[:, rows].to(dtype))
            proba[:, rows] = mean_proba(logits, matrix, prior).to(torch.float64)
        return proba

    def variance(self, net: EnsembleNet, experiments: Experiments) -> Tensor:
        """Variance of the class probabilities (n, n_classes) over the members."""
        return self.proba(net, experiments).var(0, correction=0)

    @torch.no_grad()
    def evidence(self, net: EnsembleNet, experiments: Experiments) -> Evidence:
        """Similarity of each support row, and its part of all similarity."""
        embedding = last_layer(net, experiments)
        logits = compare(net.module_.similarity, embedding, kept_tensor(self.embedding))
        alike = torch.sigmoid(logits)
        evidence = alike * self._matrix().sum(1)
        share = (evidence / evidence.sum(-1, keepdim=True)).mean(0).numpy()
        return Evidence(alike.mean(0).numpy(), share, {})

    def _matrix(self) -> Tensor:
        """Weight of each support row in the column of its class, (n_support, n_classes)."""
        matrix = np.eye(len(self.prior))[self.y] * self.weight[:, None]
        return torch.as_tensor(matrix / np.maximum(matrix.sum(0), np.finfo(float).tiny))


class MeanReadOut(SimilarityReadOut):
    """Mean similarity to the experiments of each class (arXiv 1811.02771, Fig. 3)."""

    pairs_per_step: ClassVar[int | None] = None
    """Pairs that each member draws in a step; None takes all."""
    signed: ClassVar[bool] = False
    """Whether the weights of the distances may be negative."""

    def make_net(self, data: LabelledExperiments, **shared: Any) -> EnsembleNet:
        """Make an untrained net that learns from pairs."""
        loss = PairLoss(self.pairs_per_step)
        return PairNet(SiameseNetwork, criterion=loss, module__signed=self.signed, **shared)

    def take_support(
        self, net: EnsembleNet, rows: LabelledExperiments, chosen: _Int
    ) -> MeanSupport:
        """Embed the chosen rows."""
        embedding = last_layer(net, rows.experiments.take(chosen)).numpy()
        return MeanSupport(embedding, rows.y[chosen], rows.weight[chosen], rows.prior)


class PaperReadOut(MeanReadOut):
    """The same as arXiv 1811.02771 trains it: a last dense layer, and 32 drawn pairs a step."""

    pairs_per_step = 32
    signed = True
