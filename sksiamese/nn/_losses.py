"""Losses over the pairs or the rows of a batch, and read-outs of pairs."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

__all__ = [
    "MAX_LOGIT",
    "cross_entropy_loss",
    "hinge_loss",
    "kernel_proba",
    "mean_proba",
    "pair_loss",
    "support_loss",
]

MAX_LOGIT = 50.0  # keeps the exponential finite


def pair_loss(logits: Tensor, same: Tensor, weight: Tensor) -> Tensor:
    r"""Binary cross-entropy of "same class" over pairs (arXiv 1811.02771, eq. 3-4).

    .. math:: L = \sum_{ij} v_{ij} \,
        \bigl[ -y_{ij} \log \sigma(s_{ij}) - (1 - y_{ij}) \log(1 - \sigma(s_{ij})) \bigr]

    The weights come from ``pair_weights``, half of them on pairs of the same
    class, so the loss is the expectation of the paper's, which samples half its pairs of each kind.

    Parameters
    ----------
    logits : Tensor of shape (n_members, n, n)
        Pair logits s.
    same : Tensor of shape (n, n)
        1 where both rows are of one class, else 0.
    weight : Tensor of shape (n, n)
        Pair weights v.

    Returns
    -------
    Tensor of shape (n_members,)
        The loss of each member.

    Examples
    --------
    >>> import torch
    >>> from sksiamese.nn import pair_loss
    >>> same = torch.eye(2)
    >>> weight = (1 - same) / 2  # the two pairs of different rows
    >>> pair_loss(torch.zeros(1, 2, 2), same, weight)  # log 2: nothing known
    tensor([0.6931])
    """
    target = same.expand_as(logits)
    loss = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    return (weight * loss).sum((1, 2))


def mean_proba(
    logits: Tensor, support: Tensor, prior: Tensor, sizes: list[int] | None = None
) -> Tensor:
    """Class probabilities from the mean similarity to each class (the paper's Fig. 3).

    Parameters
    ----------
    logits : Tensor of shape (n_members, n, n_support)
        Pair logits of rows against the support set.
    support : Tensor of shape (n_support, n_classes)
        Weight of each support row in its class; columns sum to one, or to zero for a class without
        support.
    prior : Tensor of shape (n_classes,)
        Prior probabilities, which classes without support keep.
    sizes : list of int, optional
        Number of support rows of each class, where they come class after class; saves time.

    Returns
    -------
    Tensor of shape (n_members, n, n_classes)
        Mean similarities, scaled to sum to one.

    Examples
    --------
    >>> import torch
    >>> from sksiamese.nn import mean_proba
    >>> support = torch.eye(2)  # one row of each class
    >>> mean_proba(torch.tensor([[[2.0, -2.0]]]), support, torch.tensor([0.5, 0.5]))
    tensor([[[0.8808, 0.1192]]])
    """
    score = _sum_by_class(torch.sigmoid(logits), support, sizes)
    score = score + torch.finfo(logits.dtype).tiny * prior
    absent = support.sum(0) == 0
    proba = score / score.sum(-1, keepdim=True)
    return torch.where(absent, prior, proba * (1 - prior[absent].sum()))


def kernel_proba(
    logits: Tensor, support: Tensor, prior: Tensor, sizes: list[int] | None = None
) -> Tensor:
    r"""Class probabilities from the support rows near by.

    Every support row is a piece of evidence for its class that counts the less the farther it is;
    the prior counts as one piece, so a row far from all others gets the prior:

    .. math:: p_c(x) = \frac{\pi_c + \sum_{j \in c} w_j \, e^{s(x, x_j)}}
                            {1 + \sum_j w_j \, e^{s(x, x_j)}}

    Parameters
    ----------
    logits : Tensor of shape (n_members, n, n_support)
        Pair logits s.
    support : Tensor of shape (n_support, n_classes)
        Weight w of each support row, in the column of its class.
    prior : Tensor of shape (n_classes,)
        Prior probabilities of the classes, which sum to one.
    sizes : list of int, optional
        Number of support rows of each class, where they come class after class; saves time.

    Returns
    -------
    Tensor of shape (n_members, n, n_classes)
        Probabilities.

    Examples
    --------
    >>> import torch
    >>> from sksiamese.nn import kernel_proba
    >>> support, prior = torch.eye(2), torch.tensor([0.5, 0.5])
    >>> logits = torch.tensor([[[0.0, -50.0], [-50.0, -50.0]]])  # near the first, far from both
    >>> kernel_proba(logits, support, prior)
    tensor([[[0.7500, 0.2500],
             [0.5000, 0.5000]]])
    """
    kernel = logits.clamp(max=MAX_LOGIT).exp_()
    evidence = _sum_by_class(kernel, support, sizes) + prior
    return evidence / evidence.sum(-1, keepdim=True)


def _sum_by_class(values: Tensor, support: Tensor, sizes: list[int] | None) -> Tensor:
    """Multiply with the support matrix; sums over slices are faster than a product so thin."""
    if sizes is None:
        return values @ support
    parts = (values * support.sum(-1)).split(sizes, dim=-1)
    return torch.stack([part.sum(-1) for part in parts], dim=-1)


class _KernelEvidence(torch.autograd.Function):
    """Evidence for each class, (n_members, n, n_classes) for each of several pair weights.

    Written by hand since it takes most of a training step: the kernel is kept once, whatever the
    number of weights, and nothing else of the size of all pairs.
    """

    @staticmethod
    def forward(ctx: Any, logits: Tensor, target: Tensor, weights: Tensor) -> Tensor:
        """Sum exp(logits) * weight over the rows of each class, (n_terms, members, n, classes)."""
        kernel = logits.clamp(max=MAX_LOGIT).exp_()
        ctx.save_for_backward(kernel, target, weights)
        return torch.stack([(kernel * weight) @ target for weight in weights])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        """Spread the gradient of each class over the rows of that class."""
        kernel, target, weights = ctx.saved_tensors
        total = torch.zeros_like(kernel)
        for grad, weight in zip(grads[0], weights, strict=True):
            total.addcmul_(grad @ target.T, weight)
        return total.mul_(kernel), None, None


def support_loss(
    logits: Tensor, target: Tensor, weights: Tensor, row_weight: Tensor, prior: Tensor
) -> Tensor:
    r"""Cross-entropy of each row, predicted by :func:`kernel_proba` from the other rows.

    .. math:: L = -\sum_i u_i \, \log \frac{\pi_{y_i} + \sum_{j: y_j = y_i} v_{ij} \, e^{s_{ij}}}
                                           {1 + \sum_j v_{ij} \, e^{s_{ij}}}

    Training and prediction so use one formula, which the paper's pair loss does not.

    Parameters
    ----------
    logits : Tensor of shape (n_members, n, n)
        Pair logits s.
    target : Tensor of shape (n, n_classes)
        One-hot classes.
    weights : Tensor of shape (n_terms, n, n)
        How much row j counts as support of row i, from ``support_weights``; the
        loss is computed for each term.
    row_weight : Tensor of shape (n,)
        Weights u of the rows; they sum to one.
    prior : Tensor of shape (n_classes,)
        Prior probabilities of the classes.

    Returns
    -------
    Tensor of shape (n_terms, n_members)
        The loss of each term and member.

    Examples
    --------
    >>> import torch
    >>> from sksiamese.nn import support_loss
    >>> others = 1 - torch.eye(2)  # each row is predicted from the other one
    >>> target, half = torch.eye(2), torch.tensor([0.5, 0.5])
    >>> support_loss(torch.zeros(1, 2, 2), target, others[None], half, half)  # log 4
    tensor([[1.3863]])
    """
    evidence = _KernelEvidence.apply(logits, target, weights) + prior
    own = (evidence * target).sum(-1)  # (n_terms, n_members, n)
    return -(row_weight * torch.log(own / evidence.sum(-1))).sum(-1)


def cross_entropy_loss(scores: Tensor, target: Tensor, row_weight: Tensor) -> Tensor:
    r"""Cross-entropy of the classes that a softmax over their scores predicts.

    .. math:: L = -\sum_i u_i \, \log \frac{e^{f_{i y_i}}}{\sum_c e^{f_{ic}}}

    Parameters
    ----------
    scores : Tensor of shape (n_members, n, n_classes)
        Scores f.
    target : Tensor of shape (n, n_classes)
        One-hot classes.
    row_weight : Tensor of shape (n,)
        Weights u of the rows; they sum to one.

    Returns
    -------
    Tensor of shape (n_members,)
        The loss of each member.

    Examples
    --------
    >>> import torch
    >>> from sksiamese.nn import cross_entropy_loss
    >>> cross_entropy_loss(torch.zeros(1, 2, 2), torch.eye(2), torch.tensor([0.5, 0.5]))  # log 2
    tensor([0.6931])
    """
    return -(row_weight * (torch.log_softmax(scores, -1) * target).sum(-1)).sum(-1)


def hinge_loss(scores: Tensor, target: Tensor, row_weight: Tensor) -> Tensor:
    r"""Multi-class hinge loss (Crammer and Singer 2001, J. Mach. Learn. Res. 2, 265).

    .. math:: L = \sum_i u_i \, \max\bigl(0, 1 - f_{i y_i} + \max_{c \ne y_i} f_{ic}\bigr)

    Keras' ``categorical_hinge``, in the paper's GCNN + SVM, is this where the largest other score
    is positive, and takes zero in its place where it is not.

    Parameters
    ----------
    scores : Tensor of shape (n_members, n, n_classes)
        Scores f.
    target : Tensor of shape (n, n_classes)
        One-hot classes.
    row_weight : Tensor of shape (n,)
        Weights u of the rows; they sum to one.

    Returns
    -------
    Tensor of shape (n_members,)
        The loss of each member.

    Examples
    --------
    >>> import torch
    >>> from sksiamese.nn import hinge_loss
    >>> scores = torch.tensor([[[3.0, 1.0], [0.5, 1.0]]])  # one far enough, one by half too little
    >>> hinge_loss(scores, torch.eye(2), torch.tensor([0.5, 0.5]))
    tensor([0.2500])
    """
    own = (scores * target).sum(-1)  # (n_members, n)
    other = scores.masked_fill(target > 0, -torch.inf).amax(-1)
    return (row_weight * functional.relu(1 - own + other)).sum(-1)
