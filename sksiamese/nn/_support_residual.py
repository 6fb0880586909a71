"""What a new campaign's labelled rows add to what past campaigns suggest."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

_LEAST_NOISE = 0.05  # keeps the system of equations well conditioned
_LEAST_WEIGHT = 1e-12
_SLOPE = 2.0  # scores that a probability of 0.5 is off by, for each unit that it is off


class SupportResidual(nn.Module):
    r"""Correction of class scores by labelled rows: a Gaussian process over the embedding.

    Past campaigns suggest scores t(x), the trend. How far they are off on the labelled rows of a
    new campaign, :math:`r_{jc} = 1[y_j = c] - \mathrm{softmax}_c\,t(x_j)`, is passed on to rows
    alike, by the pair similarity s:

    .. math::

        f_c(x) = t_c(x) + \sum_j k(x, x_j)\,\alpha_{jc}, \quad
        \alpha = 2\,(K + \mathrm{diag}(\sigma^2 / w))^{-1} r, \quad
        k(x, z) = e^{s(x, z)} + e^{l}

    The level l, the noise :math:`\sigma^2` and the similarity are learnt from past campaigns, of
    which some rows play the new one's labelled rows. Without labelled rows f is the trend.

    Parameters
    ----------
    n_members : int
        Number of networks of the ensemble.

    References
    ----------
    .. [1] Patacchiola et al., "Bayesian meta-learning for the few-shot setting via deep kernels",
       NeurIPS 2020.

    Examples
    --------
    >>> import torch
    >>> from sksiamese.nn._support_residual import SupportResidual
    >>> alike = torch.zeros(
    ...     1, 1, 1, dtype=torch.float64
    ... )  # logit of the one support row with itself
    >>> trend = torch.zeros(1, 1, 2, dtype=torch.float64)
    >>> target = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    >>> residual = SupportResidual(1)
    >>> alpha = residual.solve(alike, trend, target, torch.ones(1, dtype=torch.float64))
    >>> scores = trend + residual.kernel(alike) @ alpha
    >>> bool(scores[0, 0, 0] > 0 > scores[0, 0, 1])
    True
    """

    def __init__(self, n_members: int) -> None:
        super().__init__()
        shape = (n_members, 1, 1)
        self.level = nn.Parameter(torch.full(shape, -1.2, dtype=torch.float64))
        self.noise = nn.Parameter(torch.zeros(shape, dtype=torch.float64))

    def kernel(self, logits: Tensor, pairs: Tensor | None = None) -> Tensor:
        """Covariance of the scores of two sets of rows.

        Parameters
        ----------
        logits : Tensor of shape (n_members, n, m)
            Pair logits s.
        pairs : Tensor of shape (n, m), optional
            1 for pairs within a campaign, 0 for others, which have nothing in common.

        Returns
        -------
        Tensor of shape (n_members, n, m)
            k, in the precision of the logits.
        """
        covariance = logits.exp() + self.level.exp().to(logits.dtype)
        return covariance if pairs is None else covariance * pairs

    def solve(
        self,
        logits: Tensor,
        trend: Tensor,
        target: Tensor,
        weight: Tensor,
        pairs: Tensor | None = None,
    ) -> Tensor:
        """Coefficients of the support rows.

        Parameters
        ----------
        logits : Tensor of shape (n_members, m, m)
            Pair logits of the support rows among themselves.
        trend : Tensor of shape (n_members, m, n_classes)
            Their scores by past campaigns.
        target : Tensor of shape (m, n_classes)
            One-hot classes.
        weight : Tensor of shape (m,)
            Sample weights, positive; a row of weight 2 counts as two equal rows.
        pairs : Tensor of shape (m, m), optional
            As in :meth:`kernel`.

        Returns
        -------
        Tensor of shape (n_members, m, n_classes)
            alpha.
        """
        factor, target = self._system(logits, trend, target, weight, pairs)
        return torch.cholesky_solve(target, factor)

    def held_out(self, logits: Tensor, trend: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        r"""Scores of support rows, each as if it had not been there itself.

        Of a row of weight w one of w equal rows is left out, in closed form: with the targets z of
        the regression and :math:`C = (K + \mathrm{diag}(\sigma^2 / w))^{-1}`,
        :math:`f_i = t_i + z_i - w_i \alpha_i / (w_i (w_i - 1) / \sigma^2 + C_{ii})`.

        Parameters
        ----------
        logits, trend, target, weight : Tensor
            As in :meth:`solve`.

        Returns
        -------
        Tensor of shape (n_members, m, n_classes)
            Scores.
        """
        factor, goal = self._system(logits, trend, target, weight)
        alpha = torch.cholesky_solve(goal, factor)
        inverse = torch.cholesky_inverse(factor).diagonal(dim1=-2, dim2=-1).unsqueeze(-1)
        copies = weight.clamp(min=1.0).unsqueeze(-1)
        return trend + goal - copies * alpha / (copies * (copies - 1) / self._noise() + inverse)

    def _noise(self) -> Tensor:
        return functional.softplus(self.noise) + _LEAST_NOISE

    def _system(
        self,
        logits: Tensor,
        trend: Tensor,
        target: Tensor,
        weight: Tensor,
        pairs: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Cholesky factor of the system, NaN where there is none, and its right-hand side."""
        noise = torch.diag_embed(1 / weight.clamp(min=_LEAST_WEIGHT)) * self._noise()
        factor, failed = torch.linalg.cholesky_ex(self.kernel(logits, pairs) + noise)
        factor = torch.where(failed.view(-1, 1, 1) == 0, factor, torch.nan)
        return factor, _SLOPE * (target - torch.softmax(trend, -1))
