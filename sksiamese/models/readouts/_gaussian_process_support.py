"""The support set of the default read-out, and what it says of any other row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from sksiamese.models.readouts._protocol import Evidence, Reason, kept_tensor
from sksiamese.models.training._ensemble_net import EnsembleNet, to_tensors
from sksiamese.nn._gaussian_process_network import ProcessNetwork, Views
from sksiamese.nn._kernel import PairDistances, SiameseKernel
from sksiamese.nn._kernel_rows import ReadyKernels
from sksiamese.nn._laplace import Posterior
from sksiamese.tables.encoding._distances import RowDistances
from sksiamese.tables.encoding._encoder import Experiments

_CHUNK_PAIRS = 200_000  # pairs, times members, compared at once: so many fit the cache
_MANY_PAIRS = 1_000_000  # pairs, times members, beyond which single precision compares them
_MOST_VARIANCE = 50.0  # of a row, beyond which single precision rounds too much

_Float = npt.NDArray[np.float64]


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
        n_members, blocks = net.module_.n_members, []
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
        n_members, blocks = net.module_.n_members, []
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
        r"""How much each support row moves the latent functions, and by which term of the kernel.

        The share of the row j, with the coefficients :math:`\alpha` of the posterior, its mean m
        and the constant c of the kernel, summed over functions and kernels, averaged over members:

        .. math::

            \frac{k(x, x_j) \, |\alpha_j|}
            {|m| + |\sum_i c \, \alpha_i| + \sum_i k(x, x_i) \, |\alpha_i|}

        The terms of k add up, and so do the parts of a share. What m and c say is known without any
        row.
        """
        network = cast(ProcessNetwork, net.module_)
        posteriors = {name: self._posterior(name, net) for name in network.kernels}
        known = torch.stack(
            [_known_anyway(network.kernel(name), each) for name, each in posteriors.items()]
        ).sum()
        blocks = []
        for pairs, views in compare_with(self.distances, net, experiments):
            alike, moved = self._moved(network, posteriors, pairs, views)
            whole = known + torch.stack(list(moved.values())).sum(0).sum(-1, keepdim=True)
            blocks.append((alike.cpu(), {key: (m / whole).cpu() for key, m in moved.items()}))
        parts = {key: torch.cat([part[key] for _, part in blocks]).numpy() for key in blocks[0][1]}
        similarity = torch.cat([block for block, _ in blocks]).numpy()
        return Evidence(similarity, np.sum(list(parts.values()), axis=0), parts)

    def _moved(
        self,
        network: ProcessNetwork,
        posteriors: dict[str, Posterior],
        pairs: PairDistances,
        views: Views,
    ) -> tuple[Tensor, dict[Reason, Tensor]]:
        """Similarity to each support row, and how far it moves the functions, (n, n_support)."""
        support, moved, alike = self._views(network), dict[Reason, Tensor](), []
        for name, posterior in posteriors.items():
            kernel = network.kernel(name)
            size = posterior.coefficients.abs().sum(1).unsqueeze(1)  # (M, 1, n_support)
            terms = kernel.terms(pairs, network.learned_distance(name, views, support))
            for term in terms:
                reason = term.kind, term.place
                by_term = (term.value * size).mean(0)
                moved[reason] = moved[reason] + by_term if reason in moved else by_term
            largest = kernel.own() - kernel.log.constant.exp()[:, 0]
            total = torch.stack([term.value for term in terms]).sum(0)
            alike.append((total / largest.view(-1, 1, 1)).mean(0))
        return torch.stack(alike).mean(0), moved

    def _processes(
        self, net: EnsembleNet, experiments: Experiments
    ) -> Iterator[list[tuple[Posterior, Tensor, Tensor]]]:
        """Posterior, covariances with the support, and variance, by each kernel; block by block."""
        network = cast(ProcessNetwork, net.module_)
        posteriors = {name: self._posterior(name, net) for name in self.posteriors}
        own = {name: network.kernel(name).own() for name in posteriors}
        n_pairs = len(experiments.molecules) * len(self.distances.molecules) * network.n_members
        dtype = torch.float64
        if n_pairs > _MANY_PAIRS and _stands_rounding(posteriors, own):
            dtype = torch.float32
            own = {name: each.to(dtype) for name, each in own.items()}
            posteriors = {
                name: Posterior(*(part.to(dtype) for part in each))
                for name, each in posteriors.items()
            }
        given = self.distances, net, self._views(network), experiments, dtype
        for found in cross_covariances(*given):
            yield [(posteriors[name], each, own[name]) for name, each in found.items()]

    def _posterior(self, name: str, net: EnsembleNet) -> Posterior:
        return Posterior(*(kept_tensor(a).to(net.device) for a in self.posteriors[name]))

    def _views(self, network: ProcessNetwork) -> Views:
        """Give what the network made of the support rows."""
        device = network.input_scale.device
        return Views(
            kept_tensor(self.embedding).to(device),
            [kept_tensor(each).to(device) for each in self.fingerprints],
            kept_tensor(self.distances.molecules).to(device),
        )


def _known_anyway(kernel: SiameseKernel, posterior: Posterior) -> Tensor:
    """How far the prior mean and the kernel's constant alone move the functions."""
    drawn = kernel.log.constant.exp() * posterior.coefficients.sum(-1)  # (M, n_functions)
    return (posterior.mean.abs().squeeze(-1) + drawn.abs()).sum(1).mean(0)


def _stands_rounding(posteriors: dict[str, Posterior], own: dict[str, Tensor]) -> bool:
    """Whether single precision moves probabilities by less than a millionth."""
    largest = max(float(each.max()) for each in own.values())
    parts = [part for each in posteriors.values() for part in each[:2]]
    return largest < _MOST_VARIANCE and all(bool(part.abs().max() <= 1) for part in parts)


def look(net: EnsembleNet, experiments: Experiments, dtype: torch.dtype = torch.float64) -> Views:
    """Give what the network makes of rows."""
    network = cast(ProcessNetwork, net.module_)
    numeric, *others = to_tensors(experiments, network.settings.radius, net.device)
    return network.eval()(numeric.to(dtype), *others)


def cross_covariances(
    kept: RowDistances,
    net: EnsembleNet,
    support: Views,
    experiments: Experiments,
    dtype: torch.dtype = torch.float64,
) -> Iterator[dict[str, Tensor]]:
    """Covariances (n_members, n, n_support) with rows that are kept, by kernel, block by block."""
    network, views = cast(ProcessNetwork, net.module_), look(net, experiments, dtype)
    support = support._replace(embedding=support.embedding.to(dtype))
    kernels = ReadyKernels([network.kernel(name) for name in network.kernels], dtype)
    each = kept.of_molecules(experiments)
    names = np.hstack([experiments.molecules, experiments.categories])
    combination = np.unique(names, axis=0, return_inverse=True)[1]
    for rows in _blocks(len(names), len(kept.molecules) * network.n_members):
        _, first, place = np.unique(combination[rows], return_index=True, return_inverse=True)
        one = first + rows.start  # row of each combination
        molecules, categories = experiments.molecules[one], experiments.categories[one]
        pairs = kept.of_rows(each, molecules, experiments.conditions[rows], categories)
        part = Views(views.embedding[:, rows], views.fingerprints, views.molecules[one])
        found = kernels(
            PairDistances(*(torch.as_tensor(distance).to(net.device) for distance in pairs)),
            [network.learned_distance(name, part, support) for name in network.kernels],
            torch.as_tensor(place).to(net.device),
        )
        blocks = [found[members] for members in kernels.members]
        yield dict(zip(network.kernels, blocks, strict=True))


def _blocks(n_rows: int, n_others: int) -> Iterator[slice]:
    """Rows to be compared at once with `n_others`."""
    step = max(1, _CHUNK_PAIRS // max(n_others, 1))
    for start in range(0, n_rows, step):
        yield slice(start, start + step)


def compare_with(
    kept: RowDistances, net: EnsembleNet, experiments: Experiments
) -> Iterator[tuple[PairDistances, Views]]:
    """Look at rows, and measure their distances to those that are kept, block by block."""
    views, each = look(net, experiments), kept.of_molecules(experiments)
    for rows in _blocks(len(views.molecules), len(kept.molecules) * net.module_.n_members):
        pairs = kept.of_rows(
            each,
            experiments.molecules[rows],
            experiments.conditions[rows],
            experiments.categories[rows],
        )
        yield (
            PairDistances(*(torch.as_tensor(part).to(net.device) for part in pairs)),
            Views(views.embedding[:, rows], views.fingerprints, views.molecules[rows]),
        )
