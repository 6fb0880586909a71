"""Comparing the embeddings of a siamese network, many pairs at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from sksiamese.models.readouts._protocol import ReadOut
from sksiamese.models.training._ensemble_net import EnsembleNet, last_layer
from sksiamese.nn._siamese import PairSimilarity, SiameseNetwork
from sksiamese.tables.encoding._encoder import Experiments

_CHUNK_PAIRS = 1_000_000  # pairs, times members, compared at once: what a cache holds


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


class SimilarityReadOut(ReadOut):
    """A read-out that compares embeddings by one learned similarity."""

    defaults: ClassVar[dict[str, Any]] = {
        "hidden_layer_sizes": (32,),
        "embedding_size": 8,
        "embedding_activation": "tanh",
        "activation": "tanh",
        "dropout": 0.0,
        "alpha": 0.001,
        "n_members": 10,
        "batch_size": 512,
        "max_epochs": 150,
        "lr": 0.01,
        "lr_schedule": "cosine",
        "tanimoto": "auto",
    }

    @torch.no_grad()
    def similarity(
        self, net: EnsembleNet, left: Experiments, right: Experiments
    ) -> npt.NDArray[np.float64]:
        """Mean of sigmoid(s) over the members, of all pairs, (n, m)."""
        similarity = cast(SiameseNetwork, net.module_).similarity
        first, second = last_layer(net, left), last_layer(net, right)
        alike = np.empty((first.shape[1], second.shape[1]))
        for rows in chunks(first, second.shape[1]):
            alike[rows] = torch.sigmoid(compare(similarity, first[:, rows], second)).mean(0)
        return alike

    @torch.no_grad()
    def embedding(self, net: EnsembleNet, experiments: Experiments) -> Tensor:
        """Embeddings times the weights of their dimensions, (n_members, n, size)."""
        similarity = cast(SiameseNetwork, net.module_).similarity
        return similarity.scale(last_layer(net, experiments).to(similarity.bias.device)).cpu()
