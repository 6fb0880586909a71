"""A kernel for scikit-learn's Gaussian processes on tables of molecules and conditions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist
from sklearn.gaussian_process.kernels import Hyperparameter, Kernel

_Floats = npt.NDArray[np.float64]


class RoleKernel(Kernel):
    r"""One term for each role that a molecule plays, and one for the conditions.

    With b_r the bits of the molecule in role r and u the conditions of an experiment,

    .. math::
        k(x, x') = \sum_{r=1}^{R} w_r \frac{b_r \cdot b_r'}{|b_r| + |b_r'| - b_r \cdot b_r'}
        + w_{R+1} \exp\left(-\frac{|u - u'|^2}{2 l^2}\right)

    in which |b| counts bits. Two molecules without a bit have the similarity 1. Without roles or
    conditions, their terms are left out or constant.

    Parameters
    ----------
    weights : sequence of float of length n_roles + 1
        The weights w, to be fitted.
    length : float, default=1.0
        The length l, to be fitted.
    fp_size : int, default=2048
        Bits of each role. A row is the bits of all roles, then the conditions.

    Examples
    --------
    >>> import numpy as np
    >>> from sksiamese.model_selection._baseline_kernel import RoleKernel
    >>> X = np.array([[1, 1, 0, 0.0], [1, 0, 1, 0.0]])  # three bits and a condition
    >>> RoleKernel(weights=(3.0, 1.0), fp_size=3)(X)
    array([[4., 2.],
           [2., 4.]])
    """

    def __init__(self, weights: Sequence[float], length: float = 1.0, fp_size: int = 2048) -> None:
        self.weights = weights
        self.length = length
        self.fp_size = fp_size

    @property
    def hyperparameter_length(self) -> Hyperparameter:
        """Length, with its bounds."""
        return Hyperparameter("length", "numeric", (1e-2, 1e2))

    @property
    def hyperparameter_weights(self) -> Hyperparameter:
        """Weights, with their bounds."""
        return Hyperparameter("weights", "numeric", (1e-3, 1e3), len(np.atleast_1d(self.weights)))

    def __call__(self, X: _Floats, Y: _Floats | None = None, eval_gradient: bool = False) -> Any:
        """Give the kernel (n_x, n_y), and if asked its gradient by the logarithms of `theta`."""
        other = X if Y is None else Y
        weights = np.atleast_1d(self.weights)  # scikit-learn makes a number of a single one
        n_bits = (len(weights) - 1) * self.fp_size
        squared = cdist(X[:, n_bits:], other[:, n_bits:], "sqeuclidean") / self.length**2
        terms = [
            _tanimoto(X[:, start : start + self.fp_size], other[:, start : start + self.fp_size])
            for start in range(0, n_bits, self.fp_size)
        ]
        terms.append(np.exp(-squared / 2))
        weighted = [weight * term for weight, term in zip(weights, terms, strict=True)]
        total = np.sum(weighted, axis=0)
        if not eval_gradient:
            return total
        return total, np.stack([weighted[-1] * squared, *weighted], axis=-1)  # in theta's order

    def diag(self, X: _Floats) -> _Floats:
        """Give the kernel of each row with itself, (n_x,)."""
        return np.full(len(X), float(np.sum(self.weights)))

    def is_stationary(self) -> bool:
        """Say that it depends on more than a difference."""
        return False


def _tanimoto(first: _Floats, second: _Floats) -> _Floats:
    """Bits that two molecules share, by those that either has, (n_first, n_second)."""
    shared = first @ second.T
    either = first.sum(axis=1)[:, None] + second.sum(axis=1) - shared
    return np.where(either > 0, shared / np.maximum(either, 1), 1.0)
