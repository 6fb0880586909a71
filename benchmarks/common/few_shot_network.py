"""A multi-task network: an encoder that all tasks share, and a head for each past task."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn

from common.few_shot_tasks import Data, Labels, Positions, Prediction

HIDDEN, EMBEDDING, DROPOUT = 256, 64, 0.3
BATCH, STEP = 128, 1e-3
EPOCHS = {True: 10, False: 40}  # molecules, experiments: the latter are twenty times fewer

Array = npt.NDArray[Any]


class _Targets(NamedTuple):
    """Labels of each row and head, 0 where there is none; and whether there is one."""

    y: torch.Tensor
    is_known: torch.Tensor


class MultiTaskNetwork:
    """Embeds rows; a new task gets a logistic regression on its rows' embeddings.

    Without rows of both classes it predicts the mean of the past tasks' heads; its threshold is the
    one that calls as many of the past rows positive as there were.
    """

    has_history = True

    def fit(self, data: Data, history: Labels) -> Self:
        """Train encoder and heads, then embed all rows."""
        rows, place = np.unique(history.rows, return_inverse=True)
        _, head = np.unique(history.groups, return_inverse=True)
        targets = _targets(place, head, history.y, len(rows))
        numbers = data.numbers.astype(np.float32)
        if not data.is_bits:
            spread = numbers[rows].std(axis=0)
            numbers = (numbers - numbers[rows].mean(axis=0)) / np.where(spread > 0, spread, 1)
        inputs = torch.from_numpy(numbers)
        with torch.random.fork_rng():
            torch.manual_seed(0)
            encoder, heads = _make_network(inputs.shape[1], targets.y.shape[1])
            _train(encoder, heads, inputs[torch.from_numpy(rows)], targets, EPOCHS[data.is_bits])
        with torch.no_grad():
            embedding = encoder.eval()(inputs)
            self.zero_shot_ = torch.sigmoid(heads(embedding)).mean(dim=1).numpy()
        past = self.zero_shot_[history.rows]
        self.threshold_ = float(np.quantile(past, 1 - history.y.mean()))
        center, spread = embedding[rows].mean(dim=0), embedding[rows].std(dim=0)
        self.embedding_ = ((embedding - center) / spread.clamp(min=1e-6)).numpy()
        return self

    def few_shot(self, data: Data, support: Positions, y: Array, query: Positions) -> Prediction:
        """Fit a strongly penalised head to the support."""
        if len(np.unique(y)) < 2:
            proba = self.zero_shot_[query]
            return Prediction(proba, (proba > self.threshold_).astype(np.int64))
        head = LogisticRegression(C=0.01, class_weight="balanced", max_iter=1000)
        head.fit(self.embedding_[support], y)
        proba = head.predict_proba(self.embedding_[query])[:, 1]
        return Prediction(proba, (proba > 0.5).astype(np.int64))


def _targets(place: Array, head: Array, y: Array, n_rows: int) -> _Targets:
    shape = (n_rows, int(head.max()) + 1)
    sums, counts = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    np.add.at(sums, (place, head), y)
    np.add.at(counts, (place, head), 1)
    means = torch.from_numpy(sums / np.maximum(counts, 1))
    return _Targets(means, torch.from_numpy(counts).clamp(max=1))


def _make_network(n_inputs: int, n_heads: int) -> tuple[nn.Sequential, nn.Linear]:
    encoder = nn.Sequential(
        nn.Linear(n_inputs, HIDDEN),
        nn.ReLU(),
        nn.Dropout(DROPOUT),
        nn.Linear(HIDDEN, EMBEDDING),
        nn.ReLU(),
    )
    return encoder, nn.Linear(EMBEDDING, n_heads)


def _train(
    encoder: nn.Module, heads: nn.Module, inputs: torch.Tensor, targets: _Targets, epochs: int
) -> None:
    """Minimise the cross-entropy of the labels there are; those of a task weigh by its balance."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)  # layers are small: threads that wait for each other cost more
    known = targets.is_known.sum(dim=0)
    positive = (targets.y * targets.is_known).sum(dim=0)
    weight = ((known - positive) / positive.clamp(min=1)).clamp(1, 30)
    loss = nn.BCEWithLogitsLoss(reduction="none", pos_weight=weight)
    parameters = [*encoder.parameters(), *heads.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=STEP, weight_decay=1e-5, fused=True)
    for _ in range(epochs):
        for batch in torch.randperm(len(inputs)).split(BATCH):
            losses = loss(heads(encoder(inputs[batch])), targets.y[batch])
            mean = (losses * targets.is_known[batch]).sum() / targets.is_known[batch].sum()
            optimizer.zero_grad()
            mean.backward()
            optimizer.step()
    torch.set_num_threads(n_threads)
