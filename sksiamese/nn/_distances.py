"""L1 distances of all pairs of rows."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


class _Among(torch.autograd.Function):
    """Distances of rows among themselves; as both rows of a pair move, its gradient is one pass."""

    @staticmethod
    def forward(ctx: Any, g: Tensor) -> Tensor:
        """Compare all pairs, (n_members, n, d) -> (n_members, n, n)."""
        distance = torch.cdist(g, g, p=1)
        ctx.save_for_backward(g, distance)
        return distance

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        """Add up what a row has to do with as the first of a pair and as the second."""
        g, distance = ctx.saved_tensors
        both = grads[0] + grads[0].mT
        return torch.ops.aten._cdist_backward(both, g, g, 1.0, distance)


def l1_distances(g: Tensor, h: Tensor) -> Tensor:
    """Sum of the absolute differences of all pairs of rows.

    Parameters
    ----------
    g : Tensor of shape (n_members, n, d)
        Rows.
    h : Tensor of shape (n_members, m, d)
        Rows to compare with; where it is `g` itself, the gradient costs half.

    Returns
    -------
    Tensor of shape (n_members, n, m)
        The distances.

    Examples
    --------
    >>> import torch
    >>> from sksiamese.nn._distances import l1_distances
    >>> l1_distances(torch.tensor([[[0.0, 0.0]]]), torch.tensor([[[1.0, 2.0], [0.0, 1.0]]]))
    tensor([[[3., 1.]]])
    """
    return _Among.apply(g) if g is h else torch.cdist(g, h, p=1)
