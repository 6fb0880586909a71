r"""Gaussian process classification by Laplace's approximation, many members at once.

A latent function f with prior mean :math:`m` and covariance K is seen through labels,
:math:`p(y_i = 1 | f_i) = \sigma(f_i)`; a row of weight w counts as w equal rows. Several classes
are one function each, one class against the rest, under the same kernel. Equations and numbers in
brackets are those of Rasmussen and Williams, *Gaussian Processes for Machine Learning* (2006).

Shapes: M members, C functions (one for two classes), n rows, m support rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import logsigmoid

_JITTER = 1e-8  # of the variance of a row, that lets equal support rows have a Cholesky factor
_LEAST_CURVATURE = 1e-9
_MOST_STEPS = 20  # of Newton's method
_MODE_STEPS = 6  # in training: as many for all, so that members do not depend on each other
_HALVINGS = 2
_N_NODES = 20  # of the mean over latent values
_SLACK = 1e-8  # of a log posterior, below which a step counts as no worse


class Labels(NamedTuple):
    """What is known of some rows.

    Parameters
    ----------
    y : Tensor of shape (C, n)
        1 where a row is of the function's class, else 0.
    weight : Tensor of shape (n,)
        Sample weights.
    mean : Tensor of shape (C, 1)
        Prior mean of each function: the logit of the class's base rate.
    """

    y: Tensor
    weight: Tensor
    mean: Tensor


class Evidence(NamedTuple):
    """Log evidence of a kernel, and how it changes with each of its entries.

    Parameters
    ----------
    log_evidence : Tensor of shape (M,)
        Summed over the functions (eq. 3.32).
    gradient : Tensor of shape (M, n, n)
        Its derivative with respect to the kernel matrix.
    """

    log_evidence: Tensor
    gradient: Tensor


class Posterior(NamedTuple):
    """What labelled rows say of any other row.

    Parameters
    ----------
    coefficients : Tensor of shape (M, C, m)
        The mean of f at x is ``mean + k(x, support) @ coefficients``.
    reduction : Tensor of shape (M, C, m, m)
        Its variance is ``k(x, x) - k(x, support) @ reduction @ k(support, x)``.
    mean : Tensor of shape (C, 1)
        Prior means.
    """

    coefficients: Tensor
    reduction: Tensor
    mean: Tensor

    def proba(self, cross: Tensor, own: Tensor) -> Tensor:
        r"""Probability of each function's class.

        :math:`p = \sigma(m + (\mu - m) / \sqrt{1 + \pi v / 8})` for a latent value of mean
        :math:`\mu` and variance v. With a base rate of one half, m = 0, this is MacKay's average
        over the latent values (eq. 3.25); else doubt draws to the base rate instead of one half.

        Parameters
        ----------
        cross : Tensor of shape (M, n, m)
            Covariances of the rows with the support rows.
        own : Tensor of shape (M,)
            Variance of a row.

        Returns
        -------
        Tensor of shape (M, C, n)
            Probabilities.
        """
        moved, variance = self._latent(cross, own)
        return torch.sigmoid(self.mean + moved / torch.sqrt(1 + math.pi / 8 * variance))

    def variance(self, cross: Tensor, own: Tensor) -> Tensor:
        r"""Variance of that probability over the latent values that are possible.

        That of :math:`\sigma(f)` for :math:`f \sim N(\mu, v)`, by Gauss-Hermite quadrature.

        Parameters
        ----------
        cross, own : Tensor
            As in :meth:`proba`.

        Returns
        -------
        Tensor of shape (M, C, n)
            Variances, at most a quarter.
        """
        moved, variance = self._latent(cross, own)
        first, second = torch.zeros_like(moved), torch.zeros_like(moved)
        for node, weight in zip(*_quadrature(), strict=True):
            p = torch.sigmoid(self.mean + moved + node * variance.sqrt())
            first, second = first + weight * p, second + weight * p**2
        return (second - first**2).clamp(min=0)

    def _latent(self, cross: Tensor, own: Tensor) -> tuple[Tensor, Tensor]:
        """How far the mean of f is off the prior mean, and the variance of f, (M, C, n)."""
        each = cross.unsqueeze(1)  # (M, 1, n, m)
        moved = (each @ self.coefficients.unsqueeze(-1)).squeeze(-1)
        known = ((each @ self.reduction) * each).sum(-1)
        return moved, (own.view(-1, 1, 1) - known).clamp(min=0)


def _quadrature() -> tuple[list[float], list[float]]:
    """Nodes and weights of a mean over a standard normal variable."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(_N_NODES)
    return nodes.tolist(), (weights / weights.sum()).tolist()


def evidence_gradient(kernel: Tensor, labels: Labels) -> Evidence:
    """Find the mode for a kernel, and the gradient of the log evidence in closed form.

    With g the gradient and W the curvature of the likelihood at the mode,
    ``R = (W^-1 + K)^-1``, and ``z`` the shift of the mode by the third derivative (algorithm 5.1):
    ``d log Z / dK = g g' / 2 - R / 2 + z g'``. No graph is built for the mode or the factors.

    Parameters
    ----------
    kernel : Tensor of shape (M, n, n)
        Covariances of the rows.
    labels : Labels
        Of the same rows.

    Returns
    -------
    Evidence
        NaN where a factor does not exist.
    """
    with torch.no_grad():
        covariance, seen = kernel.unsqueeze(1), _as_columns(labels)  # (M, 1, n, n)
        mode = _find_mode(covariance, seen)
        gradient, curvature = _derivatives(mode.f, seen)
        root = curvature.sqrt()
        factor = _factor_shifted(root * covariance * root.mT)
        precision = root * torch.cholesky_inverse(factor) * root.mT  # R
        reach = covariance @ precision  # K R
        variance = covariance.diagonal(dim1=-2, dim2=-1) - (reach * covariance).sum(-1)
        push = variance.unsqueeze(-1) * _third_derivative(mode.f, seen) / 2  # s2 of algorithm 5.1
        shift = push - reach.mT @ push  # z = (I - R K) s2
        slope = gradient * gradient.mT / 2 - precision / 2 + shift * gradient.mT
        half_log_det = factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)
        log_evidence = mode.value - half_log_det  # eq. 3.32
        return Evidence(log_evidence.sum(1), slope.sum(1))


class _LogEvidence(torch.autograd.Function):
    """Log evidence of a kernel whose gradient is known in closed form."""

    @staticmethod
    def forward(ctx: Any, kernel: Tensor, labels: Labels) -> Tensor:
        """Find the log evidence, (M, n, n) -> (M,)."""
        found = evidence_gradient(kernel, labels)
        ctx.save_for_backward(found.gradient)
        return found.log_evidence

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        """Pass on the gradient of each member."""
        (gradient,) = ctx.saved_tensors
        return grads[0].view(-1, 1, 1) * gradient, None


def log_evidence(kernel: Tensor, labels: Labels) -> Tensor:
    """Log evidence of a kernel, differentiable with respect to whatever made it.

    Parameters
    ----------
    kernel : Tensor of shape (M, n, n)
        Covariances of the rows.
    labels : Labels
        Of the same rows.

    Returns
    -------
    Tensor of shape (M,)
        The log evidence.

    Examples
    --------
    >>> import torch
    >>> from sksiamese.nn._laplace import Labels, log_evidence
    >>> given = torch.tensor([[1.0, 1.0, 0.0]]), torch.ones(3), torch.zeros(1, 1)
    >>> labels = Labels(*(each.double() for each in given))
    >>> alike = torch.tensor([[[4.0, 3.0, 0.0], [3.0, 4.0, 0.0], [0.0, 0.0, 4.0]]]).double()
    >>> unlike = 4 * torch.eye(3).double().unsqueeze(0)
    >>> bool(log_evidence(alike, labels) > log_evidence(unlike, labels))
    True
    """
    return _LogEvidence.apply(kernel, labels)


def condition(among: Tensor, cross: Tensor, labels: Labels, corrected: bool) -> Posterior:
    r"""Condition on labelled rows, all of which speak through the support rows.

    With :math:`K_{mm} = L L'`, each row is :math:`\phi = L^{-1} k_m(x)`, and :math:`f = m + \phi w`
    with a standard normal w: exact where the support rows are all rows, and else their projection,
    whose lost variance stays in the prediction. The mode of w lies nearer to 0 than its mean, since
    the likelihood is skewed; its first-order correction, :math:`A^{-1} \Phi' s` with s half the
    posterior variance of each row times the third derivative, makes probabilities as sure as they
    may be (without it they are timid).

    Parameters
    ----------
    among : Tensor of shape (M, m, m)
        Covariances of the support rows among themselves.
    cross : Tensor of shape (M, n, m)
        Covariances of the labelled rows with the support rows.
    labels : Labels
        Of the labelled rows.
    corrected : bool
        Whether to move from the mode to the mean. Not where the kernel is so large that an
        expansion about the mode fails.

    Returns
    -------
    Posterior
        NaN where a factor does not exist.
    """
    m = among.shape[-1]
    eye = torch.eye(m, dtype=among.dtype, device=among.device)
    size = among.diagonal(dim1=1, dim2=2).mean(1).view(-1, 1, 1)
    lower = _factor(among + _JITTER * size * eye)
    phi = torch.linalg.solve_triangular(lower, cross.mT, upper=False).mT.unsqueeze(1)
    seen = _as_columns(labels)

    def reach(w: Tensor) -> _Point:
        f = seen.mean + phi @ w
        return _Point(w, f, _log_likelihood(f, seen) - (w**2).sum((-2, -1)) / 2)

    point = reach(phi.new_zeros(len(among), len(labels.y), m, 1))
    for _ in range(_MOST_STEPS):
        gradient, curvature = _derivatives(point.f, seen)
        # w <- A^-1 phi' (W phi w + g), with A = I + phi' W phi
        factor = _factor_shifted(phi.mT @ (curvature * phi))
        right = phi.mT @ (curvature * (point.f - seen.mean) + gradient)
        before, point = point, _accept(point, torch.cholesky_solve(right, factor), reach)
        if bool((point.value - before.value < _SLACK).all()):
            break
    w, (_, curvature) = point.weights, _derivatives(point.f, seen)
    # The posterior of w is N(w, A^-1); with K = L L', k(x, s) L'^-1 takes w to f.
    covariance = torch.cholesky_inverse(_factor_shifted(phi.mT @ (curvature * phi)))
    if corrected:
        variance = ((phi @ covariance) * phi).sum(-1, keepdim=True)
        w = w + covariance @ (phi.mT @ (variance * _third_derivative(point.f, seen) / 2))
    back = torch.linalg.solve_triangular(lower, eye.expand_as(lower), upper=False).unsqueeze(1)
    reduction = back.mT @ (eye - covariance) @ back
    return Posterior((back.mT @ w).squeeze(-1), reduction, labels.mean)


class _Columns(NamedTuple):
    """Labels in columns, so that matrices multiply them: y and side, 1 or -1, (C, n, 1) ..."""

    y: Tensor
    side: Tensor
    weight: Tensor
    mean: Tensor


def _as_columns(labels: Labels) -> _Columns:
    y, weight, mean = (part.unsqueeze(-1) for part in labels)
    return _Columns(y, 2 * y - 1, weight, mean)


class _Point(NamedTuple):
    """A place that Newton's method reached.

    Parameters
    ----------
    weights : Tensor of shape (M, C, m, 1)
        What the mode is sought in: w of ``f = m + phi w``, or the dual weights of ``f = m + K w``.
    f : Tensor of shape (M, C, n, 1)
        Latent values.
    value : Tensor of shape (M, C)
        Log likelihood and log prior, up to a constant.
    """

    weights: Tensor
    f: Tensor
    value: Tensor


def _find_mode(covariance: Tensor, seen: _Columns) -> _Point:
    """Newton's method for the mode (algorithm 3.1), in dual weights of f = m + K dual."""

    def reach(dual: Tensor) -> _Point:
        moved = covariance @ dual
        f = seen.mean + moved
        return _Point(dual, f, _log_likelihood(f, seen) - (moved * dual).sum((-2, -1)) / 2)

    n_members, _, n, _ = covariance.shape
    point = reach(covariance.new_zeros(n_members, len(seen.y), n, 1))
    for _ in range(_MODE_STEPS):
        gradient, curvature = _derivatives(point.f, seen)
        root = curvature.sqrt()
        factor = _factor_shifted(root * covariance * root.mT)
        right = curvature * (point.f - seen.mean) + gradient
        solved = torch.cholesky_solve(root * (covariance @ right), factor)
        point = _accept(point, right - root * solved, reach)
    return point


def _accept(before: _Point, step: Tensor, reach: Callable[[Tensor], _Point]) -> _Point:
    """Take a Newton step, or half or a quarter of it where a whole one makes things worse.

    A quarter is taken even if it is worse still.
    """
    after = reach(step)
    for _ in range(_HALVINGS):
        worse = after.value < before.value - _SLACK
        if not worse.any():
            return after
        halved = (before.weights + after.weights) / 2
        after = reach(torch.where(worse[..., None, None], halved, after.weights))
    return after


def _derivatives(f: Tensor, seen: _Columns) -> tuple[Tensor, Tensor]:
    """First and minus the second derivative of the log likelihood, (M, C, n, 1) each."""
    p = torch.sigmoid(f)
    return seen.weight * (seen.y - p), seen.weight * p * (1 - p) + _LEAST_CURVATURE


def _third_derivative(f: Tensor, seen: _Columns) -> Tensor:
    """Third derivative of the log likelihood, (M, C, n, 1)."""
    p = torch.sigmoid(f)
    return -seen.weight * p * (1 - p) * (1 - 2 * p)


def _log_likelihood(f: Tensor, seen: _Columns) -> Tensor:
    return (seen.weight * logsigmoid(seen.side * f)).sum((-2, -1))


def _factor(matrix: Tensor) -> Tensor:
    """Cholesky factors, NaN where there is none."""
    factor, failed = torch.linalg.cholesky_ex(matrix)
    if failed.any():
        factor = torch.where(failed.view(*failed.shape, 1, 1) == 0, factor, torch.nan)
    return factor


def _factor_shifted(matrix: Tensor) -> Tensor:
    """Cholesky factors of I + a matrix of no further use."""
    matrix.diagonal(dim1=-2, dim2=-1).add_(1)
    return _factor(matrix)
