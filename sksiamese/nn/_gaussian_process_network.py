"""The siamese network under a Gaussian process: three kernels, of which two learn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from sksiamese.nn._distances import l1_distances
from sksiamese.nn._fingerprint_network import FingerprintNetwork, NetworkSettings
from sksiamese.nn._graph_tensors import GraphTensors
from sksiamese.nn._kernel import N_KINDS, PairDistances, SiameseKernel, compare
from sksiamese.nn._layers import member_generators

_DIGITS = 1e4  # of a sine: those that follow are as good as random
_VARIANCE = 7.0  # of all inputs of the embedding together
_CLIP = 3.0  # standard deviations, of inputs and of fingerprints


class Views(NamedTuple):
    """What the network makes of rows: both halves of a pair go through the same weights.

    Parameters
    ----------
    embedding : Tensor of shape (n_members, n, embedding_size)
        Embeddings G, each dimension times its weight in the similarity.
    fingerprints : list of Tensor of shape (n_members, n_molecules, fp_size)
        Fingerprints V of the distinct molecules of each role, likewise.
    molecules : Tensor of shape (n, n_roles)
        Place of each row's molecules among those of their role.
    """

    embedding: Tensor
    fingerprints: list[Tensor]
    molecules: Tensor


class ProcessNetwork(FingerprintNetwork):
    r"""Embedding and fingerprints of experiments, and the kernels that compare them.

    Three Gaussian processes predict, and their probabilities are averaged: one with the fixed terms
    of :class:`~sksiamese.nn._kernel.SiameseKernel` alone, one to which learned graph fingerprints
    are a further distance of molecules, and one with the learned embedding of the numbers. Apart
    they say more than in one kernel.

    Parameters
    ----------
    settings : NetworkSettings
        Sizes and kinds of the parts.
    n_numeric : int
        Number of numeric inputs of the embedding.
    n_roles : int
        Number of molecule roles.
    seeds : sequence of int of length n_members
        Seed of each member.
    kinds : list of list of float, of shape (n_all_roles, N_KINDS)
        1 for each fixed distance that a role has, else 0; molecule roles come first.
    n_conditions : int
        Number of conditions.

    Examples
    --------
    >>> import torch
    >>> from sksiamese.nn._fingerprint_network import NetworkSettings
    >>> from sksiamese.nn._gaussian_process_network import ProcessNetwork
    >>> settings = NetworkSettings(10, 16, 2, (40,), 20, "tanh", "sigmoid", 0.5)
    >>> network = ProcessNetwork(settings, 2, 0, [0, 1], [], 2)
    >>> views = network(torch.rand(4, 2).double(), torch.empty(4, 0, dtype=torch.int64), None)
    >>> views.embedding.shape
    torch.Size([2, 4, 20])
    """

    input_scale: Tensor

    def __init__(
        self,
        settings: NetworkSettings,
        n_numeric: int,
        n_roles: int,
        seeds: Sequence[int],
        kinds: list[list[float]],
        n_conditions: int,
    ) -> None:
        generators = member_generators(seeds)
        super().__init__(settings, n_numeric, n_roles, seeds, generators, joined=False)
        given = torch.tensor(kinds).reshape(-1, N_KINDS), n_conditions
        self.kernels = nn.ModuleDict()
        self.kernels["fixed"] = SiameseKernel(generators[:1], *given, None, 0)
        if n_roles:
            size = settings.fp_size
            self.kernels["fingerprint"] = SiameseKernel(generators, *given, "fingerprint", size)
        size = settings.embedding_size
        self.kernels["embedding"] = SiameseKernel(generators, *given, "embedding", size)
        self.register_buffer("input_scale", torch.ones((), dtype=torch.float64))

    @torch.no_grad()
    def scale_inputs(self, numeric: Tensor, weight: Tensor) -> None:
        """Fix the scale of the embedding's inputs, so that all together have a variance of seven.

        Parameters
        ----------
        numeric : Tensor of shape (n, n_numeric)
            Scaled numbers of the training rows.
        weight : Tensor of shape (n,)
            Weight of each row.
        """
        share, clipped = (weight / weight.sum())[:, None], numeric.clamp(-_CLIP, _CLIP)
        variance = (share * (clipped - (share * clipped).sum(0)) ** 2).sum()
        self.input_scale = torch.where(variance > 0, (_VARIANCE / variance).sqrt(), 1.0)

    def forward(  # type: ignore[override]
        self, numeric: Tensor, molecules: Tensor, graphs: GraphTensors | None
    ) -> Views:
        """Look at experiments.

        Parameters
        ----------
        numeric : Tensor of shape (n, n_numeric)
            Scaled numbers.
        molecules : Tensor of shape (n, n_roles)
            Place of each row's molecules among those of their role.
        graphs : GraphTensors or None
            The distinct molecules of all roles; None if there is no role.

        Returns
        -------
        Views
            Embeddings and fingerprints.
        """
        inputs = numeric.clamp(-_CLIP, _CLIP) * self.input_scale
        embedding = self._through_layers(inputs, None, molecules)
        scale = self.kernel("embedding").part("scale").exp().to(embedding.dtype)
        embedding = embedding * scale[:, None]
        fingerprints = []
        if graphs is not None:
            clipped = self._scaled_fingerprints(graphs).clamp(-_CLIP, _CLIP)
            scale = self.kernel("fingerprint").part("scale").exp()  # (n_members, n_roles * fp_size)
            parts = clipped.split(graphs.n_molecules, dim=1)
            scales = scale.unsqueeze(1).split(self.settings.fp_size, dim=-1)
            fingerprints = [part * each for part, each in zip(parts, scales, strict=True)]
        return Views(embedding, fingerprints, molecules)

    def _drop(self, x: Tensor, numeric: Tensor) -> Tensor:
        """Dropout that depends on what a row holds, and so drops the same of equal rows.

        Thus a row of weight two is as two rows, and the order of rows says nothing. The digits of a
        sine of a random projection of the inputs are as good as random.
        """
        rate = self.settings.dropout
        if not (self.training and rate):
            return x
        shape = numeric.shape[1] + 1, x.shape[-1]
        draws = [torch.randn(shape, generator=g, dtype=x.dtype) for g in self.generators()]
        direction = torch.stack(draws).to(x.device)  # (n_members, n_numeric + 1, n_hidden)
        angle = numeric @ direction[:, :-1] + direction[:, -1:]
        keep = torch.frac(_DIGITS * torch.sin(angle)).abs() >= rate
        return x * keep / (1 - rate)

    def kernel(self, name: str) -> SiameseKernel:
        """Give a kernel by name.

        Parameters
        ----------
        name : {"fixed", "fingerprint", "embedding"}
            The kernel.

        Returns
        -------
        SiameseKernel
            It; without molecules there is no "fingerprint".
        """
        return cast(SiameseKernel, self.kernels[name])

    def covariances(self, pairs: PairDistances, left: Views, right: Views) -> dict[str, Tensor]:
        """Compare two sets of rows by each kernel.

        Parameters
        ----------
        pairs : PairDistances
            Their fixed distances.
        left, right : Views
            What the network makes of them.

        Returns
        -------
        dict of str to Tensor of shape (1 or n_members, n, m)
            Covariances by the kernel's name: "fixed", "fingerprint", "embedding".
        """
        kernels = [self.kernel(name) for name in self.kernels]
        learned = [self.learned_distance(name, left, right) for name in self.kernels]
        sizes = [len(kernel.theta) for kernel in kernels]
        found = compare(kernels, pairs, learned).split(sizes)
        return dict(zip(self.kernels, found, strict=True))

    def learned_distance(self, name: str, left: Views, right: Views) -> Tensor | None:
        """Give the learned distance of two sets of rows that a kernel takes.

        Parameters
        ----------
        name : {"fixed", "fingerprint", "embedding"}
            The kernel.
        left, right : Views
            What the network makes of the rows.

        Returns
        -------
        Tensor or None
            Of shape (n_members, n_roles, n, m), 0 to 1, (n_members, n, m), or None.
        """
        if name == "embedding":
            return l1_distances(left.embedding, right.embedding)
        if name == "fixed":
            return None
        found = []
        for r, (v, w) in enumerate(zip(left.fingerprints, right.fingerprints, strict=True)):
            rows = left.molecules[:, r]
            if v.shape[1] > len(rows):  # of a block of rows, which holds few of the molecules
                v, rows = v[:, rows], torch.arange(len(rows), device=rows.device)
            each = 1 - torch.exp(-l1_distances(v, w))  # of distinct molecules
            found.append(each[:, rows][:, :, right.molecules[:, r]])
        return torch.stack(found, 1)
