"""Labelled experiments that predictions compare with, and probabilities read from them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from sksiamese.models._pairs import central_rows
from sksiamese.models._trees import LeafSupport
from sksiamese.nn._losses import MAX_LOGIT, kernel_proba, mean_proba
from sksiamese.nn._siamese import PairSimilarity, SiameseNetwork
from sksiamese.tables._encoder import Experiments

__all__ = [
    "ResidualSupport",
    "SupportSet",
    "campaign_rate",
    "choose_support",
    "chunks",
    "compare",
    "find_threshold",
]

_CHUNK_PAIRS = 500_000  # pairs, times members, compared at once: what a cache holds
_MANY_PAIRS = 10_000_000  # pairs, times members, beyond which single precision compares them
_PRIOR_ROWS = 2.0  # rows that the class frequencies of past campaigns count as
_TINY = float(np.finfo(np.float64).tiny)
_LARGE_WEIGHT = 1e6  # beyond it, sums might overflow single precision

_Float = npt.NDArray[np.float64]
_Int = npt.NDArray[np.int64]


def compare(similarity: PairSimilarity, g: Tensor, h: Tensor) -> Tensor:
    """Pair logits (n_members, n, m) of embeddings on the CPU, computed where the weights are."""
    device = similarity.bias.device
    return similarity(g.to(device), h.to(device)).cpu()


def chunks(embedding: Tensor, n_others: int) -> Iterator[slice]:
    """Rows of embeddings (n_members, n, d) to be compared at once with `n_others`."""
    n_members, n_rows, _ = embedding.shape
    step = max(1, _CHUNK_PAIRS // max(1, n_others * n_members))
    for start in range(0, n_rows, step):
        yield slice(start, start + step)


def choose_support(
    points: _Float, y: _Int, weight: _Float, size: int, central: bool, seed: int
) -> _Int:
    """Choose so many rows, of each class in its share and at least one: drawn, or k-medoids."""
    random_state, chosen = np.random.RandomState(seed), []
    for number in np.unique(y):
        rows = np.flatnonzero(y == number)
        share = max(1, int(size * len(rows) / len(y)))
        if central:
            chosen.append(rows[central_rows(points[rows], share, random_state)])
        else:
            odds = weight[rows] / weight[rows].sum()
            chosen.append(random_state.choice(rows, share, replace=False, p=odds))
    return np.sort(np.concatenate(chosen))


def campaign_rate(y: _Int, weight: _Float, prior: _Float) -> _Float:
    """Class frequencies of a campaign so far; those of past ones count as two rows."""
    counts = np.bincount(y, weight, len(prior)) + _PRIOR_ROWS * prior
    return np.asarray(counts / counts.sum())


def find_threshold(proba: _Float, weight: _Float, rate: _Float) -> _Float:
    """Probability of each class that as many support rows exceed as there are of the class.

    The probabilities (n_support, n_classes) are those of rows that did not know their own label,
    so the threshold is on the scale of the predictions, however timid they are. With few rows the
    rate itself counts too, as two rows.
    """
    if not len(proba):
        return rate
    threshold = np.empty(len(rate))
    for number, column in enumerate(proba.T):
        order = np.argsort(column, kind="stable")
        share = (np.cumsum(weight[order]) - weight[order] / 2) / weight.sum()
        threshold[number] = np.interp(1 - rate[number], share, column[order])
    total = weight.sum() + _PRIOR_ROWS
    blend = (weight.sum() * threshold + _PRIOR_ROWS * rate) / total
    return np.maximum(blend, _TINY)


class SupportSet(NamedTuple):
    """Labelled experiments, class after class, which makes their sums quick.

    Where there are trees, they vote on rows of known molecules, and the probability is the mean of
    theirs and the networks'.

    Parameters
    ----------
    embedding : ndarray of shape (n_members, n_support, embedding_size)
        Embeddings.
    y : ndarray of shape (n_support,)
        Class numbers, ascending.
    weight : ndarray of shape (n_support,)
        Sample weights.
    labels : ndarray of shape (n_support,)
        Labels of the rows in the user's table.
    prior : ndarray of shape (n_classes,)
        Prior probabilities of the classes.
    readout : {"kernel", "mean"}
        How similarities become probabilities.
    leaves : LeafSupport or None
        The same experiments in the leaves of trees.
    """

    embedding: _Float
    y: _Int
    weight: _Float
    labels: npt.NDArray[Any]
    prior: _Float
    readout: str
    leaves: LeafSupport | None

    @property
    def threshold(self) -> _Float:
        """What probabilities are divided by before the largest is predicted, (n_classes,)."""
        return np.ones(len(self.prior))

    def proba(self, network: SiameseNetwork, embedding: Tensor, experiments: Experiments) -> Tensor:
        """Class probabilities (n_members, n, n_classes) of embedded rows."""
        proba = self._network_proba(network.similarity, embedding)
        rows = np.flatnonzero(experiments.is_known)
        if self.leaves is not None and len(rows):
            votes = torch.as_tensor(self.leaves.proba(experiments.numeric[rows], len(proba)))
            proba[:, rows] = (proba[:, rows] + votes) / 2
        return proba

    @torch.no_grad()
    def _network_proba(self, similarity: PairSimilarity, embedding: Tensor) -> Tensor:
        """Class probabilities by the networks, chunk by chunk.

        Many pairs are compared in single precision, at an error of about 1e-7, in half the time.
        """
        n_members, n_rows, _ = embedding.shape
        is_large = n_members * n_rows * len(self.y) > _MANY_PAIRS
        is_large &= self.weight.max() < _LARGE_WEIGHT
        is_large &= bool(similarity.weight.abs().max() < _LARGE_WEIGHT)
        dtype = torch.float32 if is_large else torch.float64
        support, matrix = torch.as_tensor(self.embedding, dtype=dtype), self._matrix().to(dtype)
        prior = torch.as_tensor(self.prior, dtype=dtype)
        read_out = kernel_proba if self.readout == "kernel" else mean_proba
        fixed = matrix, prior, np.bincount(self.y, minlength=len(self.prior)).tolist()
        blocks = [
            read_out(compare(similarity, embedding[:, rows].to(dtype), support), *fixed)
            for rows in chunks(embedding, len(self.y))
        ]
        return torch.cat(blocks, dim=1).to(torch.float64)

    @torch.no_grad()
    def shares(
        self, network: SiameseNetwork, embedding: Tensor, experiments: Experiments
    ) -> tuple[_Float, _Float]:
        """Similarity and share of the evidence of each support row, (n, n_support) each."""
        logits = compare(network.similarity, embedding, torch.as_tensor(self.embedding))
        alike = torch.sigmoid(logits)
        weight = self._matrix().sum(1)
        if self.readout == "kernel":
            evidence = torch.exp(logits.clamp(max=MAX_LOGIT)) * weight
            share = evidence / (1 + evidence.sum(-1, keepdim=True))
        else:
            evidence = alike * weight
            share = evidence / evidence.sum(-1, keepdim=True)
        shares = share.mean(0).numpy()
        rows = np.flatnonzero(experiments.is_known)
        if self.leaves is not None and len(rows):
            votes = self.leaves.shares(experiments.numeric[rows], len(logits))
            shares[rows] = (shares[rows] + votes) / 2
        return alike.mean(0).numpy(), shares

    def _matrix(self) -> Tensor:
        """Weight of each support row in the column of its class, (n_support, n_classes)."""
        matrix = np.eye(len(self.prior))[self.y] * self.weight[:, None]
        if self.readout == "mean":
            matrix /= np.maximum(matrix.sum(0), np.finfo(float).tiny)
        return torch.as_tensor(matrix)


class ResidualSupport(NamedTuple):
    """Labelled experiments of a campaign, which correct what past campaigns suggest.

    Parameters
    ----------
    embedding : ndarray of shape (n_members, n_support, embedding_size)
        Embeddings.
    y : ndarray of shape (n_support,)
        Class numbers.
    weight : ndarray of shape (n_support,)
        Sample weights.
    labels : ndarray of shape (n_support,)
        Labels of the rows in the user's table.
    threshold : ndarray of shape (n_classes,)
        What probabilities are divided by before the largest is predicted.
    alpha : ndarray of shape (n_members, n_support, n_classes)
        Coefficients; see :class:`~sksiamese.nn._residual.SupportResidual`.
    """

    embedding: _Float
    y: _Int
    weight: _Float
    labels: npt.NDArray[Any]
    threshold: _Float
    alpha: _Float

    @classmethod
    @torch.no_grad()
    def of_rows(
        cls,
        network: SiameseNetwork,
        embedding: Tensor,
        y: _Int,
        weight: _Float,
        labels: npt.NDArray[Any],
        rate: _Float,
    ) -> ResidualSupport:
        """See how far past campaigns are off on embedded rows (n_members, n_support, size)."""
        points = embedding.to(network.similarity.bias.device)
        given = (
            network.similarity(points, points),
            network.trend(points),
            torch.as_tensor(np.eye(len(rate))[y]).to(points.device),
            torch.as_tensor(weight).to(points.device),
        )
        alpha = network.residual.solve(*given).cpu().numpy()
        proba = torch.softmax(network.residual.held_out(*given), -1).mean(0).cpu().numpy()
        if not (np.isfinite(alpha).all() and np.isfinite(proba).all()):
            raise ValueError(
                f"The support set of {len(y)} rows cannot be taken up: its equations have no "
                "finite solution. Look for extreme numbers in X and in sample_weight."
            )
        threshold = find_threshold(proba, weight, rate)
        return cls(embedding.numpy(), y, weight, labels, threshold, alpha)

    @torch.no_grad()
    def proba(self, network: SiameseNetwork, embedding: Tensor, experiments: Experiments) -> Tensor:
        """Class probabilities (n_members, n, n_classes) of embedded rows."""
        blocks = []
        for rows in chunks(embedding, len(self.y)):
            trend, kernel = self._compare(network, embedding[:, rows])
            blocks.append(torch.softmax(trend + kernel @ torch.as_tensor(self.alpha), -1))
        return torch.cat(blocks, dim=1)

    @torch.no_grad()
    def shares(
        self, network: SiameseNetwork, embedding: Tensor, experiments: Experiments
    ) -> tuple[_Float, _Float]:
        """Similarity and share of the evidence of each support row, (n, n_support) each.

        Evidence is how much a row moves the scores of all classes, beside how far the trend sets
        them apart.
        """
        trend, kernel = self._compare(network, embedding)
        logits = (kernel - network.residual.level.exp().cpu()).clamp(min=_TINY).log()
        moved = kernel * torch.as_tensor(np.abs(self.alpha).sum(-1))[:, None]
        apart = (trend - trend.mean(-1, keepdim=True)).abs().sum(-1, keepdim=True)
        share = moved / (apart + moved.sum(-1, keepdim=True)).clamp(min=_TINY)
        return torch.sigmoid(logits).mean(0).numpy(), share.mean(0).numpy()

    def _compare(self, network: SiameseNetwork, embedding: Tensor) -> tuple[Tensor, Tensor]:
        """Trend (n_members, n, n_classes) and kernel (n_members, n, n_support), on the CPU."""
        points = embedding.to(network.similarity.bias.device)
        support = torch.as_tensor(self.embedding).to(points.device)
        kernel = network.residual.kernel(network.similarity(points, support))
        return network.trend(points).cpu(), kernel.cpu()
