r"""Gaussian process regression: evidence and posterior of numbers measured with noise.

A function f with prior mean 0 and covariance K is seen through :math:`y_i = f_i + e_i` with
Gaussian noise of variance :math:`\sigma^2`; a row of weight w counts as w equal rows. Equations in
brackets are those of Rasmussen and Williams, *Gaussian Processes for Machine Learning* (2006).

Shapes: n measured rows, m other rows.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

_LEAST_NOISE = 1e-4  # of standardised numbers: no measurement is better, and equal rows are solved


class Measured(NamedTuple):
    """Numbers that were measured.

    Parameters
    ----------
    y : Tensor of shape (n,)
        Numbers, their prior mean subtracted.
    weight : Tensor of shape (n,)
        Sample weights, positive.
    """

    y: Tensor
    weight: Tensor


def log_evidence(kernel: Tensor, log_noise: Tensor, measured: Measured) -> Tensor:
    r"""Log density of the measured numbers, up to a constant (eq. 2.30).

    .. math::

        -\tfrac{1}{2} y^T C^{-1} y - \tfrac{1}{2} \log |C|
            - \tfrac{1}{2} \log \sigma^2 \sum_i (w_i - 1), \quad
        C = K + \sigma^2 W^{-1}

    The last term is what w equal rows have beyond a row whose noise is w times smaller.

    Parameters
    ----------
    kernel : Tensor of shape (n, n)
        Covariances of the rows.
    log_noise : Tensor of shape ()
        Logarithm of the variance of the noise.
    measured : Measured
        Of the same rows.

    Returns
    -------
    Tensor of shape ()
        The log evidence, NaN where there is no Cholesky factor.

    Examples
    --------
    >>> import torch
    >>> from sksiamese.nn._gaussian_regression import Measured, log_evidence
    >>> measured = Measured(torch.tensor([1.0, 1.1, -1.0]).double(), torch.ones(3).double())
    >>> alike = torch.tensor([[1.0, 0.9, 0.0], [0.9, 1.0, 0.0], [0.0, 0.0, 1.0]]).double()
    >>> noise = torch.tensor(-3.0).double()
    >>> unlike = log_evidence(torch.eye(3).double(), noise, measured)
    >>> bool(log_evidence(alike, noise, measured) > unlike)
    True
    """
    lower = _factor(kernel, log_noise, measured.weight)
    white = _solve(lower, measured.y)
    repeated = noise_variance(log_noise).log() * (measured.weight - 1).sum() / 2
    return -(white**2).sum() / 2 - lower.diagonal().log().sum() - repeated


class Posterior(NamedTuple):
    """What measured rows say of any other row.

    Parameters
    ----------
    lower : Tensor of shape (n, n)
        Cholesky factor of the covariance of the measured numbers.
    white : Tensor of shape (n,)
        The measured numbers, seen through it.
    """

    lower: Tensor
    white: Tensor

    def marginal(self, cross: Tensor, own: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance of f (eq. 2.25, 2.26).

        Parameters
        ----------
        cross : Tensor of shape (n, m)
            Covariances of the measured rows with others.
        own : Tensor of shape ()
            Variance of a row.

        Returns
        -------
        tuple of Tensor of shape (m,)
            Means, and variances without the noise of a measurement.
        """
        seen = _solve(self.lower, cross)
        return self.white @ seen, (own - (seen**2).sum(0)).clamp(min=0)

    def joint(self, cross: Tensor, among: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and covariance of f.

        Parameters
        ----------
        cross : Tensor of shape (n, m)
            Covariances of the measured rows with others.
        among : Tensor of shape (m, m)
            Covariances of these others.

        Returns
        -------
        tuple of Tensor of shape (m,) and (m, m)
            Means, and covariances without the noise of a measurement.
        """
        seen = _solve(self.lower, cross)
        return self.white @ seen, among - seen.mT @ seen


def condition(kernel: Tensor, log_noise: Tensor, measured: Measured) -> Posterior:
    """Condition on measured rows.

    Parameters
    ----------
    kernel, log_noise, measured
        As in :func:`log_evidence`.

    Returns
    -------
    Posterior
        NaN where there is no Cholesky factor.
    """
    lower = _factor(kernel, log_noise, measured.weight)
    return Posterior(lower, _solve(lower, measured.y))


def noise_variance(log_noise: Tensor) -> Tensor:
    """Variance of a measurement by its logarithm, never less than a ten thousandth.

    Parameters
    ----------
    log_noise : Tensor of shape ()
        The logarithm.

    Returns
    -------
    Tensor of shape ()
        The variance.
    """
    return log_noise.exp() + _LEAST_NOISE


def _factor(kernel: Tensor, log_noise: Tensor, weight: Tensor) -> Tensor:
    """Cholesky factor of the covariance of measured numbers."""
    factor, failed = torch.linalg.cholesky_ex(
        kernel + torch.diag(noise_variance(log_noise) / weight)
    )
    return torch.where(failed == 0, factor, torch.nan)


def _solve(lower: Tensor, right: Tensor) -> Tensor:
    """Solve L x = b, for a vector or the columns of a matrix."""
    columns = right.reshape(len(right), -1)
    return torch.linalg.solve_triangular(lower, columns, upper=False).reshape(right.shape)
