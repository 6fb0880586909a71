"""Labelled experiments that predictions compare with, and probabilities read from them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from sksiamese._inputs import Experiments
from sksiamese._trees import LeafSupport
from sksiamese.nn.losses import MAX_LOGIT, kernel_proba, mean_proba
from sksiamese.nn.siamese import PairSimilarity

__all__ = ["SupportSet", "chunks", "compare"]

_CHUNK_PAIRS = 500_000  # pairs, times members, compared at once: what a cache holds
_MANY_PAIRS = 10_000_000  # pairs, times members, beyond which single precision compares them
_LARGE_WEIGHT = 1e6  # beyond it, sums might overflow single precision

_Float = npt.NDArray[np.float64]


def compare(similarity: PairSimilarity, g: Tensor, h: Tensor) -> Tensor:
    """Pair logits (n_members, n, m) of embeddings on the CPU, computed where the weights are."""
    device = similarity.bias.device
    return similarity(g.to(device), h.to(device)).cpu()


def chunks(embedding: Tensor, n_others: int) -> Iterator[slice]:
    """Rows of embeddings (n_members, n, d) to be compared at once with `n_others`."""
    n_members, n_rows, _ = embedding.shape
    step = max(1, _CHUNK_PAIRS // (n_others * n_members))
    for start in range(0, n_rows, step):
        yield slice(start, start + step)


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
    y: npt.NDArray[np.int64]
    weight: _Float
    labels: npt.NDArray[Any]
    prior: _Float
    readout: str
    leaves: LeafSupport | None

    def proba(
        self, similarity: PairSimilarity, embedding: Tensor, experiments: Experiments
    ) -> Tensor:
        """Class probabilities (n_members, n, n_classes) of embedded rows."""
        proba = self._network_proba(similarity, embedding)
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
        self, similarity: PairSimilarity, embedding: Tensor, experiments: Experiments
    ) -> tuple[_Float, _Float]:
        """Similarity and share of the evidence of each support row, (n, n_support) each."""
        logits = compare(similarity, embedding, torch.as_tensor(self.embedding))
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
