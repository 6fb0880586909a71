"""A Gaussian process with a length for each column."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize
from sklearn.base import BaseEstimator, RegressorMixin

from sksiamese.tables.encoding._distances import RowDistances
from sksiamese.tables.encoding._encoder import ExperimentEncoder, Experiments

_CENTRES = 0.3, 0.0, -3.0  # of the priors: log lengths, log variance, log noise
_WIDTHS = 0.75, 0.7, 1.0

_Floats = npt.NDArray[np.float64]


class ColumnLengths(RegressorMixin, BaseEstimator):
    r"""Gaussian process with a length for each column: Matern 5/2 of :math:`\sum_j d_j / l_j^2`.

    :math:`d_j` is 1 - Tanimoto similarity, or the squared difference of standardised numbers.
    Lengths, variance and noise maximise the evidence times log-normal priors.
    """

    def fit(self, X: Any, y: Any) -> ColumnLengths:
        """Find lengths, variance and noise."""
        self.encoder_ = ExperimentEncoder(False, "standard", "never", keeps_constant=True)
        ones = np.ones(len(X))
        rows = self.encoder_.fit_encode(X, ones, np.zeros(len(X), np.int64))
        self.kept_ = RowDistances(rows)
        self.center_, self.scale_ = np.mean(y), np.std(y) + 1e-9
        z, apart = (np.asarray(y) - self.center_) / self.scale_, _measure(self.kept_, rows)
        centre = np.r_[np.full(len(apart), _CENTRES[0]), _CENTRES[1:]]
        width = np.r_[np.full(len(apart), _WIDTHS[0]), _WIDTHS[1:]]

        def loss(theta: _Floats) -> float:
            covariance = _matern(theta, apart) + np.exp(theta[-1]) * np.eye(len(z))
            factor = cho_factor(covariance + 1e-8 * np.eye(len(z)))
            half_log_det = np.log(np.diag(factor[0])).sum()
            misfit = ((theta - centre) / width) ** 2
            return float(z @ cho_solve(factor, z) / 2 + half_log_det + misfit.sum() / 2)

        bounds = [(c - 5, c + 5) for c in centre]
        self.theta_ = minimize(loss, centre, method="L-BFGS-B", bounds=bounds).x
        noisy = _matern(self.theta_, apart) + (np.exp(self.theta_[-1]) + 1e-8) * np.eye(len(z))
        self.factor_, self.z_ = cho_factor(noisy), z
        return self

    def predict(self, X: Any, return_std: bool = False, return_cov: bool = False) -> Any:
        """Predict, with standard deviations or covariances."""
        rows = self.encoder_.encode(X)
        cross = _matern(self.theta_, _measure(self.kept_, rows))
        seen = cho_solve(self.factor_, cross.T)
        mean = self.center_ + self.scale_ * (self.z_ @ seen)
        if return_cov:
            among = _matern(self.theta_, _measure(RowDistances(rows), rows))
            return mean, self.scale_**2 * (among - cross @ seen)
        variance = np.exp(self.theta_[-2]) - (cross * seen.T).sum(axis=1)
        return (mean, self.scale_ * np.sqrt(np.maximum(variance, 0))) if return_std else mean


def _measure(kept: RowDistances, rows: Experiments) -> _Floats:
    """Distances by columns, (n_columns, n, n_kept)."""
    parts = rows.molecules, rows.conditions, rows.categories
    roles, conditions = kept.of_rows(kept.of_molecules(rows), *parts)
    return np.concatenate([roles[:, 1], 2 * conditions])


def _matern(theta: _Floats, apart: _Floats) -> _Floats:
    r = np.sqrt(5 * np.tensordot(np.exp(-2 * theta[:-2]), apart, 1))
    return np.asarray(np.exp(theta[-2]) * (1 + r + r * r / 3) * np.exp(-r))
