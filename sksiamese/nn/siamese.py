"""Input vectors to embeddings, pairs of embeddings to similarities."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from sksiamese.nn.fingerprint import NeuralFingerprint
from sksiamese.nn.layers import ACTIVATIONS, MemberLinear, member_generators, member_normal

__all__ = ["NetworkSettings", "PairSimilarity", "SiameseNetwork"]


@dataclass(frozen=True)
class NetworkSettings:
    """Sizes and kinds of a network's parts; the estimators document them.

    Parameters
    ----------
    fp_size, conv_width, radius : int
        Length of the learned fingerprint, size of an atom's state, number of convolutions.
    hidden_layer_sizes : tuple of int
        Sizes of the hidden dense layers.
    embedding_size : int
        Size of the embedding.
    activation, embedding_activation : str
        Names of the activations of the hidden layers (and convolutions) and of the embedding.
    dropout : float
        Share of hidden values set to zero in training.

    Examples
    --------
    >>> from sksiamese.nn.siamese import NetworkSettings
    >>> NetworkSettings(10, 32, 2, (60,), 50, "leaky_relu", "sigmoid", 0.5).embedding_size
    50
    """

    fp_size: int
    conv_width: int
    radius: int
    hidden_layer_sizes: tuple[int, ...]
    embedding_size: int
    activation: str
    embedding_activation: str
    dropout: float


class PairSimilarity(nn.Module):
    r"""Logit that two experiments have the same outcome (arXiv 1811.02771, eq. 2 and Fig. 3).

    .. math:: s(x, z) = b - \sum_d w_d \, |G_d(x) - G_d(z)|

    Every :math:`w_d` is positive: a farther pair is never more alike. With ``signed=True`` the
    weights are free, as in the paper, :math:`s(x, z) = b + \sum_d w_d |G_d(x) - G_d(z)|`.

    Parameters
    ----------
    generators : sequence of torch.Generator of length n_members
        Source of the first weights.
    size : int
        Size of the embedding, d.
    signed : bool
        Whether the weights may have either sign.

    Examples
    --------
    >>> import torch
    >>> from sksiamese.nn.layers import member_generators
    >>> from sksiamese.nn.siamese import PairSimilarity
    >>> similarity = PairSimilarity(member_generators([0]), size=2, signed=False)
    >>> points = torch.tensor([[[0.0, 0.0], [1.0, 0.0], [3.0, 0.0]]], dtype=torch.float64)
    >>> logits = similarity(points, points)[0, 0]  # the first with all
    >>> bool(logits[0] > logits[1] > logits[2])
    True
    """

    def __init__(self, generators: Sequence[torch.Generator], size: int, signed: bool) -> None:
        super().__init__()
        self.signed = signed
        n_members = len(generators)
        if signed:
            first = (2 / (size + 1)) ** 0.5 * member_normal(generators, 1, size)
        else:  # distances of about one between two unrelated embeddings
            first = torch.full((n_members, 1, size), size**-0.5, dtype=torch.float64)
            first = first.expm1().log()  # inverse of softplus
        self.weight = nn.Parameter(first)
        self.bias = nn.Parameter(torch.zeros(n_members, 1, 1, dtype=torch.float64))

    def forward(self, g: Tensor, h: Tensor) -> Tensor:
        """Compare all pairs.

        Parameters
        ----------
        g : Tensor of shape (n_members, n, d)
            Embeddings.
        h : Tensor of shape (n_members, m, d)
            Embeddings to compare with.

        Returns
        -------
        Tensor of shape (n_members, n, m)
            Logits, in the precision of the embeddings.
        """
        if not self.signed:
            return self.bias.to(g.dtype) - torch.cdist(self.scale(g), self.scale(h), p=1)
        weight = self.weight.to(g.dtype)
        near, far = functional.relu(weight), functional.relu(-weight)
        alike = torch.cdist(g * near, h * near, p=1)
        return self.bias.to(g.dtype) + alike - torch.cdist(g * far, h * far, p=1)

    def of_pairs(self, g: Tensor, h: Tensor) -> Tensor:
        """Compare pair by pair.

        Parameters
        ----------
        g, h : Tensor of shape (n_members, n_pairs, d)
            Embeddings of the first and of the second of each pair.

        Returns
        -------
        Tensor of shape (n_members, n_pairs)
            Logits.
        """
        weight = self.weight if self.signed else -functional.softplus(self.weight)
        return self.bias.squeeze(-1) + (weight * (g - h).abs()).sum(-1)

    def scale(self, g: Tensor) -> Tensor:
        """Multiply embeddings with the size of the weights.

        Parameters
        ----------
        g : Tensor of shape (n_members, n, d)
            Embeddings.

        Returns
        -------
        Tensor of shape (n_members, n, d)
            Embeddings whose L1 distance is what the logit falls by, unless ``signed=True``.
        """
        size = self.weight.abs() if self.signed else functional.softplus(self.weight)
        return g * size.to(g.dtype)


class SiameseNetwork(nn.Module):
    r"""Graph fingerprints, joined with numbers, through one shared encoder, to an embedding.

    The intermediate input vector is :math:`X = V_1 \oplus ... \oplus V_k \oplus W` (eq. 1 of the
    paper): a learned fingerprint for each molecule role and the numeric columns. `similarity`
    compares embeddings.

    Parameters
    ----------
    settings : NetworkSettings
        Sizes and kinds of the parts.
    n_numeric : int
        Number of numeric inputs.
    n_roles : int
        Number of molecule roles.
    seeds : sequence of int of length n_members
        Seed of each member.
    signed : bool
        Passed on to :class:`PairSimilarity`.

    Examples
    --------
    >>> import torch
    >>> from torch import nn
    >>> from sksiamese.nn.siamese import NetworkSettings, SiameseNetwork
    >>> settings = NetworkSettings(10, 32, 2, (60,), 50, "leaky_relu", "sigmoid", 0.5)
    >>> network = SiameseNetwork(settings, n_numeric=3, n_roles=0, seeds=[0, 1], signed=True)
    >>> numbers = torch.rand(4, 3, dtype=torch.float64)
    >>> network(numbers, torch.empty(4, 0, dtype=torch.int64), nn.ModuleList()).shape
    torch.Size([2, 4, 50])
    """

    center: Tensor
    scale: Tensor

    def __init__(
        self,
        settings: NetworkSettings,
        n_numeric: int,
        n_roles: int,
        seeds: Sequence[int],
        signed: bool,
    ) -> None:
        super().__init__()
        self.settings, self.seeds = settings, tuple(seeds)
        self._generators: list[torch.Generator] | None = None  # made when first needed
        generators = member_generators(seeds)
        self.fingerprints = nn.ModuleList(
            NeuralFingerprint(
                generators,
                settings.fp_size,
                settings.conv_width,
                settings.radius,
                settings.activation,
            )
            for _ in range(n_roles)
        )
        n_inputs = n_numeric + n_roles * settings.fp_size
        sizes = [n_inputs, *settings.hidden_layer_sizes, settings.embedding_size]
        self.dense = nn.ModuleList(
            MemberLinear(generators, n_in, n_out) for n_in, n_out in itertools.pairwise(sizes)
        )
        self.similarity = PairSimilarity(generators, settings.embedding_size, signed)
        shape = (n_roles, len(seeds), 1, settings.fp_size)
        self.register_buffer("center", torch.zeros(shape, dtype=torch.float64))
        self.register_buffer("scale", torch.ones(shape, dtype=torch.float64))

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the generators, which not every version of torch can pickle."""
        return {**self.__dict__, "_generators": None}

    def generators(self) -> list[torch.Generator]:
        """Give each member's source of what is drawn in training.

        Returns
        -------
        list of torch.Generator
            The generators, which go on where they stopped.
        """
        if self._generators is None:
            self._generators = member_generators(self.seeds)
        return self._generators

    def fingerprint(self, graphs: nn.ModuleList) -> list[Tensor]:
        """Compute the learned fingerprints of all molecules.

        Parameters
        ----------
        graphs : ModuleList of GraphTensors of length n_roles
            The distinct molecules of each role.

        Returns
        -------
        list of Tensor of shape (n_members, n_molecules, fp_size)
            The fingerprints of each role.
        """
        return [network(batch) for network, batch in zip(self.fingerprints, graphs, strict=True)]

    @torch.no_grad()
    def standardize(self, graphs: nn.ModuleList, molecules: Tensor, weight: Tensor) -> None:
        """Fix centre and scale of the fingerprints by the untrained network on the training rows.

        A sum over atoms grows with the molecule; without this step it would drown the numeric
        columns, which are standardised.

        Parameters
        ----------
        graphs : ModuleList of GraphTensors of length n_roles
            The distinct molecules of each role.
        molecules : Tensor of shape (n, n_roles)
            Place of each row's molecules in `graphs`.
        weight : Tensor of shape (n,)
            Weight of each row.
        """
        share = (weight / weight.sum()).view(1, -1, 1)
        for role, values in enumerate(self.fingerprint(graphs)):
            rows = values[:, molecules[:, role]]  # (n_members, n, fp_size)
            mean = (share * rows).sum(1, keepdim=True)
            spread = (share * (rows - mean) ** 2).sum(1, keepdim=True).sqrt()
            self.center[role] = mean
            self.scale[role] = torch.where(spread > 1e-6, spread, 1.0)

    def forward(self, numeric: Tensor, molecules: Tensor, graphs: nn.ModuleList) -> Tensor:
        """Embed experiments.

        Parameters
        ----------
        numeric : Tensor of shape (n, n_numeric)
            Scaled numeric columns, W.
        molecules : Tensor of shape (n, n_roles)
            Place of each row's molecules in `graphs`.
        graphs : ModuleList of GraphTensors of length n_roles
            The distinct molecules of each role.

        Returns
        -------
        Tensor of shape (n_members, n, embedding_size)
            The embedding G(X).
        """
        parts = [numeric.expand(len(self.seeds), -1, -1)]
        for role, values in enumerate(self.fingerprint(graphs)):
            scaled = (values - self.center[role]) / self.scale[role]
            parts.append(scaled[:, molecules[:, role]])
        x = torch.cat(parts, dim=-1)  # (n_members, n, n_inputs)
        settings = self.settings
        for layer in self.dense[:-1]:
            x = self._drop(ACTIVATIONS[settings.activation](layer(x)))
        return ACTIVATIONS[settings.embedding_activation](self.dense[-1](x))

    def _drop(self, x: Tensor) -> Tensor:
        """Dropout from each member's own generator."""
        rate = self.settings.dropout
        if not (self.training and rate):
            return x
        shape = x.shape[1:]
        uniform = [torch.rand(shape, generator=g, dtype=x.dtype) for g in self.generators()]
        keep = (torch.stack(uniform) >= rate).to(x.device)
        return x * keep / (1 - rate)

    def penalized(self) -> list[nn.Parameter]:
        """List the weights under the L1 and L2 penalty: of dense layers and convolutions.

        Returns
        -------
        list of Parameter
            The weights, without biases; those of the similarity only if it is signed.
        """
        weights = [cast(MemberLinear, layer).weight for layer in self.dense]
        for network in self.fingerprints:
            network = cast(NeuralFingerprint, network)
            weights += [*network.hidden, *network.output]
        if self.similarity.signed:  # then it is the paper's last dense layer
            weights.append(self.similarity.weight)
        return weights
