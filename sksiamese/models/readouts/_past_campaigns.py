"""The read-out for past campaigns: what they suggest, corrected by a few rows of a new one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from sksiamese.models.readouts._protocol import Evidence, kept_tensor
from sksiamese.models.readouts._similarity_readout import SimilarityReadOut, chunks
from sksiamese.models.training._ensemble_net import EnsembleNet, descend, last_layer
from sksiamese.models.training._labelled_rows import Batch, LabelledExperiments, to_shares
from sksiamese.models.training._pairs import class_batches, draw_support, episode_batches
from sksiamese.nn._losses import cross_entropy_loss
from sksiamese.nn._siamese import SiameseNetwork
from sksiamese.tables._labels import TrainingTable
from sksiamese.tables.encoding._encoder import ExperimentEncoder, Experiments

_PRIOR_ROWS = 2.0  # rows that the class frequencies of past campaigns count as
_TINY = float(np.finfo(np.float64).tiny)

_Float = npt.NDArray[np.float64]
_Int = npt.NDArray[np.int64]
_Random = np.random.RandomState


@dataclass
class EpisodeLoss:
    """The loss of a network that learns from past campaigns how to take up a new one.

    In every step some rows of each campaign play the few that are labelled, and the campaign's
    others are predicted from them (see
    :class:`~sksiamese.nn._support_residual.SupportResidual`). Two more
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
        return (known * np.equal.outer(groups, groups))[None], to_shares(balanced)

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


class EpisodeNet(EnsembleNet):
    """Skorch net that trains a network on episodes: few rows of a campaign to predict others."""

    @property
    def redraws(self) -> bool:
        """Whether a batch of the same rows is another one the next time: its support is."""
        return True

    def batches(
        self, data: LabelledExperiments, training: bool, random_state: np.random.RandomState
    ) -> Iterator[_Int]:
        """Draw a few campaigns for each step; go through those with rows held out to validate."""
        if training:
            yield from episode_batches(data.groups, self.batch_size, random_state)
            return
        judged = np.flatnonzero(np.isin(data.groups, data.groups[data.held_out]))
        y, groups = data.y[judged], data.groups[judged]
        for rows in class_batches(y, groups, self.batch_size, random_state):
            yield judged[rows]

    def tune(self, data: LabelledExperiments) -> None:
        """Fit the trend to other labelled rows; the networks stay."""
        self._set_training(False)
        network = cast(SiameseNetwork, self.module_)
        points = last_layer(self, data.experiments).to(self.device)
        target = torch.as_tensor(np.eye(data.n_classes)[data.y]).to(self.device)
        weight = torch.as_tensor(data.weight / data.weight.sum()).to(self.device)
        descend(network.trend, lambda: cross_entropy_loss(network.trend(points), target, weight))


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


class CampaignSupport(NamedTuple):
    """Labelled experiments of a campaign, which correct what past campaigns suggest.

    Parameters
    ----------
    embedding : ndarray of shape (n_members, n_support, embedding_size)
        Embeddings.
    y : ndarray of shape (n_support,)
        Class numbers.
    weight : ndarray of shape (n_support,)
        Sample weights.
    threshold : ndarray of shape (n_classes,)
        Decision threshold of each class; the largest ratio to it is predicted.
    alpha : ndarray of shape (n_members, n_support, n_classes)
        Coefficients; see :class:`~sksiamese.nn._support_residual.SupportResidual`.
    """

    embedding: _Float
    y: _Int
    weight: _Float
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
        rate: _Float,
    ) -> CampaignSupport:
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
        return cls(embedding.numpy(), y, weight, threshold, alpha)

    @torch.no_grad()
    def proba(self, net: EnsembleNet, experiments: Experiments) -> Tensor:
        """Class probabilities (n_members, n, n_classes) of encoded rows."""
        network, embedding = cast(SiameseNetwork, net.module_), last_layer(net, experiments)
        proba = torch.empty(*embedding.shape[:2], self.alpha.shape[-1], dtype=torch.float64)
        for rows in chunks(embedding, len(self.y)):
            trend, kernel = self._compare(network, embedding[:, rows])
            proba[:, rows] = torch.softmax(trend + kernel @ kept_tensor(self.alpha), -1)
        return proba

    def variance(self, net: EnsembleNet, experiments: Experiments) -> Tensor:
        """Variance of the class probabilities (n, n_classes) over the members."""
        return self.proba(net, experiments).var(0, correction=0)

    @torch.no_grad()
    def evidence(self, net: EnsembleNet, experiments: Experiments) -> Evidence:
        """Similarity and share of the evidence of each support row.

        Evidence is how much a row moves the scores of all classes, beside how far the trend sets
        them apart.
        """
        network, embedding = cast(SiameseNetwork, net.module_), last_layer(net, experiments)
        trend, kernel = self._compare(network, embedding)
        logits = (kernel - network.residual.level.exp().cpu()).clamp(min=_TINY).log()
        moved = kernel * torch.as_tensor(np.abs(self.alpha).sum(-1))[:, None]
        apart = (trend - trend.mean(-1, keepdim=True)).abs().sum(-1, keepdim=True)
        share = moved / (apart + moved.sum(-1, keepdim=True)).clamp(min=_TINY)
        return Evidence(torch.sigmoid(logits).mean(0).numpy(), share.mean(0).numpy(), {})

    def _compare(self, network: SiameseNetwork, embedding: Tensor) -> tuple[Tensor, Tensor]:
        """Trend (n_members, n, n_classes) and kernel (n_members, n, n_support), on the CPU."""
        points = embedding.to(network.similarity.bias.device)
        support = kept_tensor(self.embedding).to(points.device)
        kernel = network.residual.kernel(network.similarity(points, support))
        return network.trend(points).cpu(), kernel.cpu()


class CampaignReadOut(SimilarityReadOut):
    """A trend over past campaigns, and a Gaussian process of how far a new one is off it."""

    def prior(self, table: TrainingTable) -> _Float:
        """Class frequencies, averaged over the campaigns."""
        counts = np.zeros((table.groups.max() + 1, len(table.classes)))
        np.add.at(counts, (table.groups, table.y), table.weight)
        counts = counts[counts.any(axis=1)]
        return np.asarray((counts / counts.sum(axis=1, keepdims=True)).mean(axis=0))

    def enrich(
        self,
        encoder: ExperimentEncoder,
        experiments: Experiments,
        table: TrainingTable,
        held_out: npt.NDArray[np.bool_],
        seed: int,
    ) -> Experiments:
        """Let outcomes of the same molecules in past campaigns join the numbers."""
        weight = np.where(held_out, 0.0, table.weight)  # rows that validate tell nothing
        labels = table.y, table.groups, weight, len(table.classes)
        return encoder.remember(experiments, *labels, seed)

    def make_net(self, data: LabelledExperiments, **shared: Any) -> EnsembleNet:
        """Make an untrained net that learns from episodes."""
        sizes = {
            "module__n_classes": data.n_classes,
            "module__n_groups": int(data.groups.max()) + 1,
            "module__signed": False,  # else it is not a covariance
        }
        return EpisodeNet(SiameseNetwork, criterion=EpisodeLoss(), **shared, **sizes)

    def starts_empty(self, has_groups: bool) -> bool:
        """Say so after a fit with groups: a new campaign has no rows yet."""
        return has_groups

    def take_support(
        self, net: EnsembleNet, rows: LabelledExperiments, chosen: _Int
    ) -> CampaignSupport:
        """See how far past campaigns are off on the chosen rows."""
        rate = campaign_rate(rows.y, rows.weight, rows.prior)
        embedding = last_layer(net, rows.experiments.take(chosen))
        given = embedding, rows.y[chosen], rows.weight[chosen], rate
        return CampaignSupport.of_rows(cast(SiameseNetwork, net.module_), *given)
