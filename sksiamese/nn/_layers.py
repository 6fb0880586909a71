"""Dense layers of an ensemble whose members train together as one batched tensor."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "identity": nn.Identity(),
    "leaky_relu": functional.leaky_relu,
    "relu": functional.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
}
"""Activation functions by the name that the estimators take."""


def member_generators(seeds: Sequence[int]) -> list[torch.Generator]:
    """Make a random generator for each member, so that it depends on its own seed alone.

    Parameters
    ----------
    seeds : sequence of int of length n_members
        The seeds.

    Returns
    -------
    list of torch.Generator
        The generators.

    Examples
    --------
    >>> from sksiamese.nn._layers import member_generators
    >>> len(member_generators([0, 1]))
    2
    """
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def member_normal(generators: Sequence[torch.Generator], *shape: int) -> Tensor:
    """Draw standard normal numbers, a member's from its own generator.

    Parameters
    ----------
    generators : sequence of torch.Generator of length n_members
        The sources.
    *shape : int
        Shape of the numbers of one member.

    Returns
    -------
    Tensor of shape (n_members, *shape), float64
        The numbers.

    Examples
    --------
    >>> from sksiamese.nn._layers import member_generators, member_normal
    >>> member_normal(member_generators([0, 1]), 3, 4).shape
    torch.Size([2, 3, 4])
    """
    return torch.stack([torch.randn(shape, generator=g, dtype=torch.float64) for g in generators])


class MemberLinear(nn.Module):
    """Affine map with weights of its own for each member: ``x @ weight + bias``.

    Weights start with the Glorot normal distribution, drawn from each member's generator; biases
    start at zero.

    Parameters
    ----------
    generators : sequence of torch.Generator of length n_members
        Source of the first weights.
    n_in, n_out : int
        Numbers of inputs and outputs.

    Examples
    --------
    >>> import torch
    >>> from sksiamese.nn._layers import MemberLinear, member_generators
    >>> layer = MemberLinear(member_generators([0, 1, 2]), n_in=4, n_out=2)
    >>> layer(torch.ones(3, 5, 4, dtype=torch.float64)).shape
    torch.Size([3, 5, 2])
    """

    def __init__(self, generators: Sequence[torch.Generator], n_in: int, n_out: int) -> None:
        super().__init__()
        scale = (2 / (n_in + n_out)) ** 0.5
        self.weight = nn.Parameter(scale * member_normal(generators, n_in, n_out))
        self.bias = nn.Parameter(torch.zeros(len(generators), 1, n_out, dtype=torch.float64))

    def forward(self, *x: Tensor) -> Tensor:
        """Map rows.

        Parameters
        ----------
        *x : Tensor of shape (n_members, n, any)
            Inputs of each member, in parts that stand side by side; no gradient is derived for
            those that are fixed.

        Returns
        -------
        Tensor of shape (n_members, n, n_out)
            Outputs, in the precision of the inputs.
        """
        total = self.bias.to(x[0].dtype)
        weights = self.weight.to(x[0].dtype).split([part.shape[-1] for part in x], dim=1)
        for part, weight in zip(x, weights, strict=True):
            total = torch.baddbmm(total, part, weight)
        return total
