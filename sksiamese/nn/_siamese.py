"""Pairs of embeddings to similarities."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from sksiamese.nn._distances import l1_distances
from sksiamese.nn._fingerprint_network import FingerprintNetwork, NetworkSettings
from sksiamese.nn._layers import MemberLinear, member_generators, member_normal
from sksiamese.nn._support_residual import SupportResidual


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
    >>> from sksiamese.nn._layers import member_generators
    >>> from sksiamese.nn._siamese import PairSimilarity
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
            scaled = self.scale(g)
            return self.bias.to(g.dtype) - l1_distances(scaled, scaled if g is h else self.scale(h))
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

    @torch.no_grad()
    def narrow(self, factor: float) -> None:
        """Multiply the weights, so that similarity falls off so many times as fast.

        Parameters
        ----------
        factor : float
            Positive factor.
        """
        if self.signed:
            self.weight.mul_(factor)
        else:
            self.weight.copy_((factor * functional.softplus(self.weight)).expm1().log())

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


class SiameseNetwork(FingerprintNetwork):
    """Network whose last layer is an embedding, shared by both experiments of a pair.

    `similarity` compares embeddings. With `n_classes`, `trend` scores the classes by the embedding
    alone, as past campaigns suggest, and `residual` corrects the scores by rows of the new one;
    each of `n_groups` past campaigns has scores of its own too, which only serve in training.

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
    n_classes : int, default=0
        Number of classes to score; 0 for no trend.
    n_groups : int, default=0
        Number of past campaigns with scores of their own.

    Examples
    --------
    >>> import torch
    >>> from sksiamese.nn import SiameseNetwork
    >>> from sksiamese.nn._fingerprint_network import NetworkSettings
    >>> settings = NetworkSettings(10, 32, 2, (60,), 50, "leaky_relu", "sigmoid", 0.5)
    >>> network = SiameseNetwork(settings, n_numeric=3, n_roles=0, seeds=[0, 1], signed=True)
    >>> numbers = torch.rand(4, 3, dtype=torch.float64)
    >>> embedding = network(numbers, torch.empty(4, 0, dtype=torch.int64), None)
    >>> network.similarity(embedding, embedding).shape
    torch.Size([2, 4, 4])
    """

    def __init__(
        self,
        settings: NetworkSettings,
        n_numeric: int,
        n_roles: int,
        seeds: Sequence[int],
        signed: bool,
        n_classes: int = 0,
        n_groups: int = 0,
    ) -> None:
        generators = member_generators(seeds)
        super().__init__(settings, n_numeric, n_roles, seeds, generators)
        size = settings.embedding_size
        self.similarity = PairSimilarity(generators, size, signed)
        if n_classes:
            self.similarity.narrow(2.0)  # what one row says of another is local
            self.trend = MemberLinear(generators, size, n_classes)
            self.residual = SupportResidual(len(seeds))
            shape = (len(seeds), n_groups, size + 1, n_classes)
            self.deviation = nn.Parameter(torch.zeros(shape, dtype=torch.float64))

    def group_scores(self, embedding: Tensor, groups: Tensor) -> Tensor:
        """Scores of rows of past campaigns: the trend, and how far their campaign is off it.

        Parameters
        ----------
        embedding : Tensor of shape (n_members, n, embedding_size)
            Embeddings.
        groups : Tensor of shape (n,)
            Number of each row's campaign.

        Returns
        -------
        Tensor of shape (n_members, n, n_classes)
            Scores.
        """
        padded = functional.pad(embedding, (0, 1), value=1.0).unsqueeze(-2)
        return self.trend(embedding) + (padded @ self.deviation[:, groups]).squeeze(-2)

    def penalized(self) -> list[nn.Parameter]:
        """List the weights under the L1 and L2 penalty: of dense layers and convolutions.

        Returns
        -------
        list of Parameter
            The weights, without biases; those of the similarity only if it is signed.
        """
        weights = super().penalized()
        if self.similarity.signed:  # then it is the paper's last dense layer
            weights.append(self.similarity.weight)
        return weights
