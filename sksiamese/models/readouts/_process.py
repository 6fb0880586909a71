"""The default read-out: Gaussian processes whose kernels are siamese."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from sksiamese.models.readouts._campaigns import campaign_rate
from sksiamese.models.readouts._protocol import Evidence
from sksiamese.models.training._data import Inputs, LabelledExperiments, to_shares
from sksiamese.models.training._ensemble_net import EnsembleNet, descend, to_tensors
from sksiamese.models.training._pairs import class_batches
from sksiamese.nn._kernel import KernelTerm, PairDistances
from sksiamese.nn._laplace import Labels, Posterior, condition, log_evidence
from sksiamese.nn._process import ProcessNetwork, Views
from sksiamese.tables._labels import TrainingTable, class_shares
from sksiamese.tables.encoding._distances import RowDistances, distance_kinds
from sksiamese.tables.encoding._encoder import ExperimentEncoder, Experiments

_CHUNK_PAIRS = 400_000  # pairs, times members, compared at once
_MOST_SUPPORT = 400  # rows that predictions compare with; the cost of one is square in them
_MOST_NUMBERS = 5e7  # in the matrices of a support set: .4 GB
_CORRECTED = {"fixed": True, "fingerprint": True, "embedding": False}  # see `condition`

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
    """Minus the log evidence of all kernels, and minus the log prior of their parameters."""

    def __call__(self, network: ProcessNetwork, views: Views, batch: ProcessBatch) -> Tensor:
        """Loss of each member, (n_members,)."""
        n_members, total = len(network.seeds), torch.zeros((), dtype=torch.float64)
        for name, covariance in network.covariances(batch.pairs, views, views).items():
            evidence = log_evidence(covariance * batch.within, batch.labels)
            total = total - evidence * (len(evidence) / n_members)  # one member counts once
            total = total + network.kernel(name).penalty() / n_members
        return total.expand(n_members)


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
        prior = np.bincount(data.y, data.weight, data.n_classes) / data.weight.sum()
        labels = make_labels(data.y[rows], known, prior, prior)
        within = np.equal.outer(data.groups[rows], data.groups[rows]).astype(np.float64)
        return ProcessBatch(
            to_tensors(experiments, self.module_.settings.radius, self.device),
            make_pairs(kept, experiments, self.device),
            Labels(*(each.to(self.device) for each in labels)),
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
                posterior = condition(among, among, labels, _CORRECTED[name])
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


@dataclass
class ProcessSupport:
    """Labelled experiments under Gaussian processes.

    Parameters
    ----------
    distances : RowDistances
        Measures fixed distances to the support rows.
    embedding : ndarray of shape (n_members, n_support, embedding_size)
        Weighted embeddings of the support rows.
    fingerprints : list of ndarray of shape (n_members, n_molecules, fp_size)
        Weighted fingerprints of their molecules, role by role.
    posteriors : dict of str to tuple of ndarray
        Coefficients, reduction and mean of each kernel's posterior; see
        :class:`~sksiamese.nn._laplace.Posterior`.
    n_classes : int
        Number of classes.
    """

    distances: RowDistances
    embedding: _Float
    fingerprints: list[_Float]
    posteriors: dict[str, tuple[_Float, _Float, _Float]]
    n_classes: int

    @property
    def threshold(self) -> _Float:
        """Decision threshold of each class: the same for all."""
        return np.ones(self.n_classes)

    @torch.no_grad()
    def proba(self, net: EnsembleNet, experiments: Experiments) -> Tensor:
        """Class probabilities (n_members, n, n_classes) of encoded rows."""
        n_members, blocks = len(net.module_.seeds), []
        for processes in self._processes(net, experiments):
            found = [posterior.proba(*given) for posterior, *given in processes]
            wide = [each.expand(n_members, -1, -1) for each in found]
            blocks.append(torch.stack(wide).mean(0))
        p = torch.cat(blocks, dim=2).cpu()  # (n_members, n_functions, n)
        if self.n_classes == 2:
            return torch.stack([1 - p[:, 0], p[:, 0]], dim=-1)
        return (p / p.sum(1, keepdim=True)).transpose(1, 2)

    @torch.no_grad()
    def variance(self, net: EnsembleNet, experiments: Experiments) -> Tensor:
        """Variance of the class probabilities (n, n_classes) over members, kernels, latent values.

        By the law of total variance: that of the probabilities of all processes, plus the mean of
        what each of them is in doubt about.
        """
        n_members, blocks = len(net.module_.seeds), []
        for processes in self._processes(net, experiments):
            found = [posterior.proba(*given) for posterior, *given in processes]
            p = torch.cat([each.expand(n_members, -1, -1) for each in found])
            within = [posterior.variance(*given).mean(0) for posterior, *given in processes]
            variance = p.var(0, correction=0) + torch.stack(within).mean(0)  # (n_functions, n)
            if self.n_classes > 2:  # as the probabilities, which are made to add up to one
                variance = variance / p.mean(0).sum(0) ** 2
            blocks.append(variance.cpu())
        return torch.cat(blocks, dim=1).T.expand(-1, self.n_classes)

    @torch.no_grad()
    def evidence(self, net: EnsembleNet, experiments: Experiments) -> Evidence:
        """How much each support row moves the latent functions, and by which term of the kernel.

        A row j moves them by ``k(x, x_j) * |coefficient_j|``, and the terms of k add up. The prior
        mean and the constant of the kernel are what is known without any row.
        """
        network = cast(ProcessNetwork, net.module_)
        found: list[tuple[Tensor, dict[str, Tensor]]] = []
        for pairs, views in self._compare(net, experiments):
            right, alike = self._views(net), []
            moved: dict[str, Any] = {}
            base = torch.zeros((), dtype=torch.float64)
            for name in network.kernels:
                kernel = network.kernel(name)
                posterior = self._posterior(name, net)
                size = posterior.coefficients.abs().sum(1).unsqueeze(1)  # (M, 1, n_support)
                terms = kernel.terms(pairs, network.learned(name, views, right))
                for term in terms:
                    key = self._name(term)
                    moved[key] = moved.get(key, 0.0) + (term.value * size).mean(0)
                constant = kernel.log_constant.exp()
                total = sum(term.value for term in terms)
                alike.append((total / (kernel.own() - constant[:, 0]).view(-1, 1, 1)).mean(0))
                drawn = constant * posterior.coefficients.sum(-1).abs()  # (M, n_functions)
                known = posterior.mean.abs().squeeze(-1) + drawn
                base = base + known.sum(1).mean(0)
            whole = base + sum(moved.values()).sum(-1, keepdim=True)
            parts = {key: (each / whole).cpu() for key, each in moved.items()}
            found.append((torch.stack(alike).mean(0).cpu(), parts))
        parts = {key: torch.cat([each[1][key] for each in found]).numpy() for key in found[0][1]}
        similarity = torch.cat([each[0] for each in found]).numpy()
        return Evidence(similarity, np.sum(list(parts.values()), axis=0), parts)

    def _processes(
        self, net: EnsembleNet, experiments: Experiments
    ) -> Iterator[list[tuple[Posterior, Tensor, Tensor]]]:
        """Posterior, covariances with the support, and variance, by each kernel; block by block."""
        network = cast(ProcessNetwork, net.module_)
        posteriors = {name: self._posterior(name, net) for name in self.posteriors}
        support = self._views(net)
        for pairs, views in self._compare(net, experiments):
            yield [
                (posteriors[name], each, network.kernel(name).own())
                for name, each in network.covariances(pairs, views, support).items()
            ]

    def _name(self, term: KernelTerm) -> str:
        """Name a reason, by the place of its column where it has one."""
        return term.kind if term.place is None else f"{term.kind} {term.place}"

    def _posterior(self, name: str, net: EnsembleNet) -> Posterior:
        return Posterior(*(torch.as_tensor(a).to(net.device) for a in self.posteriors[name]))

    def _views(self, net: EnsembleNet) -> Views:
        """Give what the network made of the support rows."""
        return Views(
            torch.as_tensor(self.embedding).to(net.device),
            [torch.as_tensor(each).to(net.device) for each in self.fingerprints],
            torch.as_tensor(self.distances.molecules).to(net.device),
        )

    def _compare(
        self, net: EnsembleNet, experiments: Experiments
    ) -> Iterator[tuple[PairDistances, Views]]:
        """Look at rows, and measure their distances to the support, some after the others."""
        network = cast(ProcessNetwork, net.module_)
        views = network.eval()(*to_tensors(experiments, network.settings.radius, net.device))
        n_rows = len(experiments.molecules)
        n_columns = max(len(self.distances.molecules), 1) * len(network.seeds)
        step = max(1, _CHUNK_PAIRS // n_columns)
        each = self.distances.of_molecules(experiments)
        for start in range(0, n_rows, step):
            rows = slice(start, start + step)
            part = self.distances.of_rows(
                each,
                experiments.molecules[rows],
                experiments.conditions[rows],
                experiments.categories[rows],
            )
            pairs = PairDistances(*(torch.as_tensor(a).to(net.device) for a in part))
            yield pairs, Views(views.embedding[:, rows], views.fingerprints, views.molecules[rows])


class ProcessReadOut:
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

    def prior(self, table: TrainingTable) -> _Float:
        """Class frequencies that predictions start from."""
        return class_shares(table)

    def enrich(
        self,
        encoder: ExperimentEncoder,
        experiments: Experiments,
        table: TrainingTable,
        held_out: npt.NDArray[np.bool_],
        seed: int,
    ) -> Experiments:
        """Leave the rows as they are."""
        return experiments

    def make_net(self, data: LabelledExperiments, **shared: Any) -> EnsembleNet:
        """Make an untrained net; the kernels' parameters take the largest steps."""
        lr = shared["lr"]
        shared["optimizer__param_groups"] = [
            ("dense*", {"lr": lr / 4}),
            ("fingerprints*", {"lr": lr / 8}),
        ]
        return ProcessNet(
            ProcessNetwork,
            criterion=EvidenceLoss(),
            module__kinds=distance_kinds(data.experiments),
            module__n_conditions=data.experiments.conditions.shape[1],
            **shared,
        )

    def starts_empty(self, has_groups: bool) -> bool:
        """Whether there is no support row after a fit."""
        return False

    def most_rows(self, n_members: int, n_classes: int) -> int | None:
        """Largest number of support rows: what bounds the matrices and the time of a prediction."""
        n_functions = 1 if n_classes == 2 else n_classes
        bound = (_MOST_NUMBERS / ((2 * n_members + 1) * n_functions)) ** 0.5
        return max(n_classes, min(_MOST_SUPPORT, int(bound)))

    @torch.no_grad()
    def take_support(
        self, net: EnsembleNet, rows: LabelledExperiments, chosen: _Int
    ) -> ProcessSupport:
        """Condition the processes on labelled rows, all of which speak through the chosen ones."""
        network = cast(ProcessNetwork, net.module_)
        support = rows.experiments.take(chosen)
        kept = RowDistances(support)
        views = network.eval()(*to_tensors(support, network.settings.radius, net.device))
        plain = ProcessSupport(
            kept,
            views.embedding.cpu().numpy(),
            [each.cpu().numpy() for each in views.fingerprints],
            {},
            len(rows.prior),
        )
        rate = campaign_rate(rows.y, rows.weight, rows.prior)
        labels = make_labels(rows.y, rows.weight, rate, rows.prior)
        labels = Labels(*(each.to(net.device) for each in labels))
        among = network.covariances(make_pairs(kept, support, net.device), views, views)
        blocks = [
            network.covariances(pairs, part, views)
            for pairs, part in plain._compare(net, rows.experiments)
        ]
        for name, own in among.items():
            cross = torch.cat([block[name] for block in blocks], dim=1)
            each = [  # one member after the other: their matrices are large
                condition(*given, labels, _CORRECTED[name])
                for given in zip(own.split(1), cross.split(1), strict=True)
            ]
            coefficients, reduction = (
                torch.cat(part) for part in list(zip(*each, strict=True))[:2]
            )
            posterior = Posterior(coefficients, reduction, labels.mean)
            if not all(bool(each.isfinite().all()) for each in posterior):
                raise ValueError(
                    f"The support set of {len(rows.y)} rows cannot be taken up: its equations have "
                    "no finite solution. Look for extreme numbers in X and in sample_weight."
                )
            arrays = [part.cpu().numpy() for part in posterior]
            plain.posteriors[name] = arrays[0], arrays[1], arrays[2]
        return plain

    @torch.no_grad()
    def similarity(self, net: EnsembleNet, left: Experiments, right: Experiments) -> _Float:
        """Correlation of the latent outcomes of all pairs, their constant left out, (n, m)."""
        network = cast(ProcessNetwork, net.module_)
        kept = RowDistances(right)
        views = network.eval()(*to_tensors(right, network.settings.radius, net.device))
        support = ProcessSupport(
            kept,
            views.embedding.cpu().numpy(),
            [each.cpu().numpy() for each in views.fingerprints],
            {},
            2,
        )
        blocks = []
        for pairs, part in support._compare(net, left):
            found = []
            for name, each in network.covariances(pairs, part, views).items():
                kernel = network.kernel(name)
                constant = kernel.log_constant.exp()
                own = kernel.own().view(-1, 1, 1) - constant[..., None]
                found.append(((each - constant[..., None]) / own).mean(0))
            blocks.append(torch.stack(found).mean(0))
        return torch.cat(blocks).cpu().numpy()

    @torch.no_grad()
    def embedding(self, net: EnsembleNet, experiments: Experiments) -> Tensor:
        """Embeddings whose L1 distance is that of the learned term, (n_members, n, size)."""
        network = cast(ProcessNetwork, net.module_)
        inputs = to_tensors(experiments, network.settings.radius, net.device)
        return network.eval()(*inputs).embedding.cpu()


def make_labels(y: _Int, weight: _Float, rate: _Float, prior: _Float) -> Labels:
    """One latent function for each class, or one for two classes."""
    numbers = [1] if len(prior) == 2 else range(len(prior))
    target = np.stack([(y == number).astype(np.float64) for number in numbers])
    share = np.clip(rate[list(numbers)], 1e-6, 1 - 1e-6)
    mean = np.log(share / (1 - share))[:, None]
    return Labels(torch.as_tensor(target), torch.as_tensor(weight), torch.as_tensor(mean))


def make_pairs(kept: RowDistances, experiments: Experiments, device: str) -> PairDistances:
    """Measure the fixed distances of rows to those that are kept."""
    each = kept.of_molecules(experiments)
    rows = experiments.molecules, experiments.conditions, experiments.categories
    part = kept.of_rows(each, *rows)
    return PairDistances(*(torch.as_tensor(a).to(device) for a in part))
