"""Losses over the pairs or the rows of a batch, and read-outs of pairs."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


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


def mean_proba(logits: Tensor, support: Tensor, prior: Tensor) -> Tensor:
    """Class probabilities from the mean similarity to each class (the paper's Fig. 3).

    Support rows come first, so that their sums by class are one product with a small matrix.

    Parameters
    ----------
    logits : Tensor of shape (n_members, n_support, n)
        Pair logits of the support set against rows.
    support : Tensor of shape (n_support, n_classes)
        Weight of each support row in its class; columns sum to one, or to zero for a class without
        support.
    prior : Tensor of shape (n_classes,)
        Prior probabilities, which classes without support keep.

    Returns
    -------
    Tensor of shape (n_members, n, n_classes)
        Mean similarities, scaled to sum to one.

    Examples
    --------
    >>> import torch
    >>> from sksiamese.nn import mean_proba
    >>> support = torch.eye(2)  # one row of each class
    >>> mean_proba(torch.tensor([[[2.0], [-2.0]]]), support, torch.tensor([0.5, 0.5]))
    tensor([[[0.8808, 0.1192]]])
    """
    score = support.T @ torch.sigmoid(logits) + torch.finfo(logits.dtype).tiny * prior[:, None]
    proba = (score / score.sum(1, keepdim=True)).mT
    absent = support.sum(0) == 0
    return torch.where(absent, prior, proba * (1 - prior[absent].sum()))


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
