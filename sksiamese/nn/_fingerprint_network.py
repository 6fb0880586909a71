"""Input vectors through dense layers: what siamese networks and plain classifiers share."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn

from sksiamese.nn._fingerprint import NeuralFingerprint
from sksiamese.nn._graph_tensors import GraphTensors
from sksiamese.nn._layers import ACTIVATIONS, MemberLinear, member_generators

_BLOCK = 4096  # rows that go through the dense layers together, but in training


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
        Size of the last layer: an embedding, or one score for each class.
    activation, embedding_activation : str
        Names of the activations of the hidden layers (and convolutions) and of the last layer.
    dropout : float
        Share of hidden values set to zero in training.

    Examples
    --------
    >>> from sksiamese.nn._fingerprint_network import NetworkSettings
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


class FingerprintNetwork(nn.Module):
    r"""Graph fingerprints, joined with numbers, through dense layers.

    The intermediate input vector is :math:`X = V_1 \oplus ... \oplus V_k \oplus W` (arXiv
    1811.02771, eq. 1): a learned fingerprint for each molecule role and the numeric columns. The
    last layer gives the scores of a classifier, or the embedding of a siamese network.

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
    generators : sequence of torch.Generator of length n_members, optional
        Source of the first weights, for whoever draws more from it; made from `seeds` otherwise.
    joined : bool, default=True
        Whether the fingerprints join the numbers as inputs of the dense layers.

    Examples
    --------
    >>> import torch
    >>> from sksiamese.nn._fingerprint_network import FingerprintNetwork, NetworkSettings
    >>> settings = NetworkSettings(10, 32, 2, (60,), 50, "leaky_relu", "sigmoid", 0.5)
    >>> network = FingerprintNetwork(settings, n_numeric=3, n_roles=0, seeds=[0, 1])
    >>> numbers = torch.rand(4, 3, dtype=torch.float64)
    >>> network(numbers, torch.empty(4, 0, dtype=torch.int64), None).shape
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
        generators: Sequence[torch.Generator] | None = None,
        joined: bool = True,
    ) -> None:
        super().__init__()
        self.settings, self.seeds = settings, tuple(seeds)
        self._generators: list[torch.Generator] | None = None  # made when first needed
        generators = generators or member_generators(seeds)
        self.fingerprints = None
        if n_roles:
            self.fingerprints = NeuralFingerprint(
                generators,
                n_roles,
                settings.fp_size,
                settings.conv_width,
                settings.radius,
                settings.activation,
            )
        n_inputs = n_numeric + (n_roles * settings.fp_size if joined else 0)
        sizes = [n_inputs, *settings.hidden_layer_sizes, settings.embedding_size]
        self.dense = nn.ModuleList(
            MemberLinear(generators, n_in, n_out) for n_in, n_out in itertools.pairwise(sizes)
        )
        shape = (len(seeds), 1, n_roles * settings.fp_size)
        self.register_buffer("center", torch.zeros(shape, dtype=torch.float64))
        self.register_buffer("scale", torch.ones(shape, dtype=torch.float64))

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the generators, which not every version of torch can pickle."""
        return {**self.__dict__, "_generators": None}

    @property
    def n_members(self) -> int:
        """Number of networks of the ensemble."""
        return len(self.seeds)

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

    def fingerprint(self, graphs: GraphTensors | None) -> list[Tensor]:
        """Compute the learned fingerprints of all molecules.

        Parameters
        ----------
        graphs : GraphTensors or None
            The distinct molecules of all roles; None if there is no role.

        Returns
        -------
        list of Tensor of shape (n_members, n_molecules, fp_size)
            The fingerprints of each role.
        """
        if self.fingerprints is None or graphs is None:
            return []
        return list(self.fingerprints(graphs).split(graphs.n_molecules, dim=1))

    @torch.no_grad()
    def standardize(self, graphs: GraphTensors, molecules: Tensor, weight: Tensor) -> None:
        """Fix centre and scale of the fingerprints by the untrained network on the training rows.

        A sum over atoms grows with the molecule; without this step it would drown the numeric
        columns. A fingerprint as a whole gets unit variance, as a single numeric column has.

        Parameters
        ----------
        graphs : GraphTensors
            The distinct molecules of all roles.
        molecules : Tensor of shape (n, n_roles)
            Place of each row's molecules among those of their role.
        weight : Tensor of shape (n,)
            Weight of each row.
        """
        each = self._scaled_fingerprints(graphs)
        rows = _spread(each, molecules + graphs.starts)  # (n_members, n, n_roles * fp_size)
        share = (weight / weight.sum()).view(1, -1, 1)
        mean = (share * rows).sum(1, keepdim=True)
        spread = (share * (rows - mean) ** 2).sum(1, keepdim=True).sqrt()
        spread = spread * self.settings.fp_size**0.5
        self.center = mean
        self.scale = torch.where(spread > 1e-6, spread, 1.0)

    def forward(self, numeric: Tensor, molecules: Tensor, graphs: GraphTensors | None) -> Tensor:
        """Map experiments to the last layer.

        Parameters
        ----------
        numeric : Tensor of shape (n, n_numeric)
            Scaled numeric columns, W.
        molecules : Tensor of shape (n, n_roles)
            Place of each row's molecules among those of their role.
        graphs : GraphTensors or None
            The distinct molecules of all roles; None if there is no role.

        Returns
        -------
        Tensor of shape (n_members, n, embedding_size)
            Embeddings G(X), or scores of classes, in the precision of `numeric`.
        """
        each, places = None, molecules
        if graphs is not None:
            each = self._scaled_fingerprints(graphs).to(numeric.dtype)
            places = molecules + graphs.starts
        step = len(numeric) if self.training else _BLOCK
        parts = zip(numeric.split(step), places.split(step), strict=True)
        found = [self._through_layers(w, each, rows) for w, rows in parts]
        return found[0] if len(found) == 1 else torch.cat(found, dim=1)

    def _through_layers(self, numeric: Tensor, each: Tensor | None, places: Tensor) -> Tensor:
        """Last layer of some rows, out of their numbers and the fingerprints of all molecules."""
        settings = self.settings
        learnt = [] if each is None else [_spread(each, places)]
        x = self.dense[0](numeric.expand(self.n_members, -1, -1), *learnt)
        for layer in self.dense[1:]:
            x = self._drop(ACTIVATIONS[settings.activation](x), numeric)
            x = layer(x)
        return ACTIVATIONS[settings.embedding_activation](x)

    def _scaled_fingerprints(self, graphs: GraphTensors) -> Tensor:
        """Scaled fingerprints of the molecules of all roles, (n_members, n_molecules, fp_size)."""
        n_members, size = self.n_members, self.settings.fp_size
        center = self.center.view(n_members, -1, size).index_select(1, graphs.roles)
        scale = self.scale.view(n_members, -1, size).index_select(1, graphs.roles)
        return (cast(NeuralFingerprint, self.fingerprints)(graphs) - center) / scale

    def _drop(self, x: Tensor, numeric: Tensor) -> Tensor:
        """Dropout from each member's own generator; `numeric` are the inputs of the rows."""
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
            The weights, without biases.
        """
        weights = [cast(MemberLinear, layer).weight for layer in self.dense]
        if self.fingerprints is not None:
            weights += [*self.fingerprints.hidden, *self.fingerprints.output]
        return weights


def _spread(each: Tensor, places: Tensor) -> Tensor:
    """Give rows the fingerprints of their molecules, role beside role: (n_members, n, size)."""
    rows = each.index_select(1, places.flatten())
    return rows.reshape(len(each), len(places), places.shape[1] * each.shape[-1])
