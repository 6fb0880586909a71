"""The default read-out: Gaussian processes whose kernels are siamese."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, NamedTuple, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from sksiamese.models.readouts._gaussian_process_support import (
    ProcessSupport,
    cross_covariances,
    look,
)
from sksiamese.models.readouts._past_campaigns import campaign_rate
from sksiamese.models.readouts._protocol import ReadOut
from sksiamese.models.training._ensemble_net import EnsembleNet, descend, to_tensors
from sksiamese.models.training._labelled_rows import Inputs, LabelledExperiments, to_shares
from sksiamese.models.training._pairs import class_batches
from sksiamese.nn._gaussian_process_network import ProcessNetwork, Views
from sksiamese.nn._kernel import PairDistances
from sksiamese.nn._laplace import Labels, Posterior, condition, log_evidence
from sksiamese.tables.encoding._distances import RowDistances, distance_kinds
from sksiamese.tables.encoding._encoder import Experiments

_MOST_SUPPORT = 400  # rows that predictions compare with; the cost of one is square in them
_MOST_NUMBERS = 5e7  # in the matrices of a support set: .4 GB
_STEP_COPIES = 12  # matrices of a batch that a step holds at once, for each kernel and function
_ROW_COPIES = 6  # of rows by support rows, for each function, while a support set is made
_STEPS = {"dense*": 1 / 4, "fingerprints*": 1 / 8}  # of the learning rate of the kernels

_Float = npt.NDArray[np.float64]
_Int = npt.NDArray[np.int64]


class ProcessBatch(NamedTuple):
    """Rows of one step.

    Parameters
    ----------
    inputs : Inputs
        What the network takes.
    pairs : PairDistances
        Fixed distances of the rows among themselves.
    labels : Labels
        What is known; rows held out weigh nothing.
    query : Tensor of shape (n,)
        Weights of the rows that are predicted in validation; they sum to one.
    within : Tensor of shape (n, n)
        1 for rows of one group, 0 for others, which have nothing in common.
    """

    inputs: Inputs
    pairs: PairDistances
    labels: Labels
    query: Tensor
    within: Tensor


class EvidenceLoss:
    r"""Minus the log evidence of all kernels, and minus the log prior of their parameters.

    :math:`\sum_k (P_k - \sum_m \log Z_{km})` over kernels k and members m, spread evenly, since a
    training step adds up what each member is given. The fixed kernel has one member.
    """

    def __call__(self, network: ProcessNetwork, views: Views, batch: ProcessBatch) -> Tensor:
        """Loss of each member, (n_members,)."""
        covariances = network.covariances(batch.pairs, views, views)
        evidence = log_evidence(torch.cat([*covariances.values()]) * batch.within, batch.labels)
        total = torch.zeros(network.n_members, dtype=torch.float64, device=batch.query.device)
        sizes = [len(covariance) for covariance in covariances.values()]
        for name, each in zip(covariances, evidence.split(sizes), strict=True):
            penalty = network.kernel(name).penalty() / network.n_members
            total = total - each * len(each) / network.n_members + penalty
        return total


class ProcessNet(EnsembleNet):
    """Skorch net that trains a :class:`ProcessNetwork` by the evidence of labelled rows."""

    def prepare(self, data: LabelledExperiments, standard: bool) -> None:
        """Fix the scale of the fingerprints and of the embedding's inputs."""
        super().prepare(data, standard=True)
        numeric = torch.as_tensor(data.experiments.numeric).to(self.device)
        weight = torch.as_tensor(data.weight).to(self.device)
        cast(ProcessNetwork, self.module_).scale_inputs(numeric, weight)

    def batches(
        self, data: LabelledExperiments, training: bool, random_state: np.random.RandomState
    ) -> Iterator[_Int]:
        """Draw one batch an epoch, every class in its share; all rows where they fit."""
        rows = class_batches(data.y, np.zeros_like(data.groups), self.batch_size, random_state)
        if training:
            yield next(rows)
        else:
            yield from rows

    def make_batch(
        self,
        data: LabelledExperiments,
        rows: _Int,
        training: bool,
        random_state: np.random.RandomState,
    ) -> Any:
        """Put some rows together, with their distances."""
        experiments = data.experiments.take(rows)
        kept = RowDistances(experiments)
        known, query = data.weights(rows, training)
        rate = campaign_rate(data.y, data.weight, data.prior)
        within = np.equal.outer(data.groups[rows], data.groups[rows]).astype(np.float64)
        return ProcessBatch(
            to_tensors(experiments, self.module_.settings.radius, self.device),
            make_pairs(kept, experiments, self.device),
            make_labels(data.y[rows], known, rate, self.device),
            torch.as_tensor(to_shares(query)).to(self.device),
            torch.as_tensor(within).to(self.device),
        )

    def validation_step(self, batch: Any, **_: Any) -> dict[str, Any]:
        """Compute the log loss of the held-out rows, predicted from the others."""
        self._set_training(False)
        network = cast(ProcessNetwork, self.module_)
        with torch.no_grad():
            views = network(*batch.inputs)
            known = batch.labels.weight > 0
            labels = batch.labels._replace(
                y=batch.labels.y[:, known], weight=batch.labels.weight[known]
            )
            found = []
            for name, covariance in network.covariances(batch.pairs, views, views).items():
                each = covariance * batch.within
                among = each[:, known][:, :, known]
                posterior = condition(among, among, labels, network.kernel(name).corrected)
                proba = posterior.proba(each[:, :, known], network.kernel(name).own())
                found.append(proba.mean(0))
            p = torch.stack(found).mean(0)  # (n_functions, n)
            of_own = torch.where(batch.labels.y > 0, p, 1 - p).clamp(min=1e-12)
            return {"loss": -(batch.query * of_own.log()).sum(), "y_pred": None}

    def tune(self, data: LabelledExperiments) -> None:
        """Fit the parameters of the kernels to other labelled rows; the networks stay."""
        self._set_training(False)
        batch = self.make_batch(data, np.arange(len(data)), True, np.random.RandomState(0))
        network = cast(ProcessNetwork, self.module_)
        descend(network.kernels, lambda: self._losses(batch))


class ProcessReadOut(ReadOut):
    """Gaussian processes whose kernels are siamese, read out by Laplace's approximation."""

    defaults: ClassVar[dict[str, Any]] = {
        "hidden_layer_sizes": (40,),
        "embedding_size": 20,
        "embedding_activation": "sigmoid",
        "activation": "leaky_relu",
        "dropout": 0.5,
        "alpha": 0.002,
        "n_members": 4,
        "batch_size": 200,
        "max_epochs": 50,
        "lr": 0.15,
        "lr_schedule": "constant",
        "tanimoto": "always",
    }

    def make_net(self, data: LabelledExperiments, **shared: Any) -> EnsembleNet:
        """Make an untrained net; the kernels' parameters take the largest steps."""
        shared["optimizer__param_groups"] = [
            (part, {"lr": shared["lr"] * share}) for part, share in _STEPS.items()
        ]
        return ProcessNet(
            ProcessNetwork,
            criterion=EvidenceLoss(),
            module__kinds=distance_kinds(data.experiments),
            module__n_conditions=data.experiments.conditions.shape[1],
            **shared,
        )

    def most_rows(self, n_members: int, n_classes: int) -> int | None:
        """Largest number of support rows: what bounds the matrices and the time of a prediction."""
        n_functions = 1 if n_classes == 2 else n_classes
        bound = (_MOST_NUMBERS / ((2 * n_members + 1) * n_functions)) ** 0.5
        return max(n_classes, min(_MOST_SUPPORT, int(bound)))

    def room(
        self, n_rows: int, n_support: int, n_members: int, n_classes: int, batch_size: int
    ) -> float:
        """Bytes that a fit takes at most: a step of training, or the support set in the making."""
        n_functions = 1 if n_classes == 2 else n_classes
        step = _STEP_COPIES * (n_members + 1) * min(batch_size, n_rows) ** 2
        pairs = n_rows * n_support
        kept = (2 * n_members + 2) * n_support**2 + _ROW_COPIES * pairs
        return 8.0 * max(n_functions * step, n_functions * kept + 2 * n_members * pairs)

    @torch.no_grad()
    def take_support(
        self, net: EnsembleNet, rows: LabelledExperiments, chosen: _Int
    ) -> ProcessSupport:
        """Condition the processes on labelled rows, all of which speak through the chosen ones."""
        support = rows.experiments.take(chosen)
        kept, views = RowDistances(support), look(net, support)
        network = cast(ProcessNetwork, net.module_)
        among = network.covariances(make_pairs(kept, support, net.device), views, views)
        blocks = list(cross_covariances(kept, net, views, rows.experiments))
        rate = campaign_rate(rows.y, rows.weight, rows.prior)
        labels = make_labels(rows.y, rows.weight, rate, net.device)
        posteriors = {}
        for name, own in among.items():
            cross = torch.cat([block[name] for block in blocks], dim=1)
            posterior = _condition_members(own, cross, labels, network.kernel(name).corrected)
            coefficients, reduction, mean = (part.cpu().numpy() for part in posterior)
            posteriors[name] = coefficients, reduction, mean
        return ProcessSupport(
            kept,
            views.embedding.cpu().numpy(),
            [each.cpu().numpy() for each in views.fingerprints],
            posteriors,
            len(rows.prior),
        )

    @torch.no_grad()
    def similarity(self, net: EnsembleNet, left: Experiments, right: Experiments) -> _Float:
        """Correlation of the latent outcomes of all pairs, their constant left out, (n, m)."""
        network = cast(ProcessNetwork, net.module_)
        kept, others, blocks = RowDistances(right), look(net, right), []
        for covariances in cross_covariances(kept, net, others, left):
            found = []
            for name, covariance in covariances.items():
                kernel = network.kernel(name)
                constant = kernel.log.constant.exp().unsqueeze(-1)  # (n_members, 1, 1)
                largest = kernel.own().view(-1, 1, 1) - constant
                found.append(((covariance - constant) / largest).mean(0))
            blocks.append(torch.stack(found).mean(0))
        return torch.cat(blocks).cpu().numpy()

    @torch.no_grad()
    def embedding(self, net: EnsembleNet, experiments: Experiments) -> Tensor:
        """Embeddings whose L1 distance is that of the learned term, (n_members, n, size)."""
        return look(net, experiments).embedding.cpu()


def _condition_members(among: Tensor, cross: Tensor, labels: Labels, corrected: bool) -> Posterior:
    """Posterior of all members, one after the other, since their matrices are large.

    Raises
    ------
    ValueError
        If the equations have no finite solution.
    """
    found = [
        condition(*given, labels, corrected)
        for given in zip(among.split(1), cross.split(1), strict=True)
    ]
    coefficients = torch.cat([each.coefficients for each in found])
    reduction = torch.cat([each.reduction for each in found])
    if not (coefficients.isfinite().all() and reduction.isfinite().all()):
        raise ValueError(
            f"The support set of {cross.shape[1]} rows cannot be taken up: its equations have no "
            "finite solution. Look for extreme numbers in X and in sample_weight."
        )
    return Posterior(coefficients, reduction, labels.mean)


def make_labels(y: _Int, weight: _Float, rate: _Float, device: str) -> Labels:
    """One latent function for each class, or one for two classes; far from all rows, the rate."""
    numbers = [1] if len(rate) == 2 else range(len(rate))
    target = np.stack([(y == number).astype(np.float64) for number in numbers])
    share = np.clip(rate[list(numbers)], 1e-6, 1 - 1e-6)
    mean = np.log(share / (1 - share))[:, None]
    return Labels(*(torch.as_tensor(part).to(device) for part in (target, weight, mean)))


def make_pairs(kept: RowDistances, experiments: Experiments, device: str) -> PairDistances:
    """Measure the fixed distances of rows to those that are kept."""
    each = kept.of_molecules(experiments)
    rows = experiments.molecules, experiments.conditions, experiments.categories
    part = kept.of_rows(each, *rows)
    return PairDistances(*(torch.as_tensor(a).to(device) for a in part))
