"""A Gaussian process on a measured number, trained by its evidence."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from sksiamese.nn._gaussian_regression import (
    Measured,
    Posterior,
    condition,
    log_evidence,
    noise_variance,
)
from sksiamese.nn._kernel import OF_NUMBERS, PairDistances, SiameseKernel
from sksiamese.nn._layers import member_generators
from sksiamese.tables.encoding._distances import RowDistances, distance_kinds
from sksiamese.tables.encoding._encoder import Experiments

_CHUNK_PAIRS = 400_000  # pairs compared at once
_STEPS = 200  # of L-BFGS, at most
_LEAST_SLOPE = 1e-9
_FIRST_NOISE = math.exp(-3.0)  # variance, of standardised outcomes

_ALL = slice(None)

_Float = npt.NDArray[np.float64]


class NumberProcess:
    """Gaussian process with the fixed siamese kernel on standardised numbers.

    Its parameters and the variance of the noise are those of largest evidence and prior together.

    Parameters
    ----------
    experiments : Experiments
        Encoded rows.
    y : ndarray of shape (n_rows,)
        Standardised numbers.
    weight : ndarray of shape (n_rows,)
        Sample weights, positive.

    Attributes
    ----------
    log_noise : float
        Logarithm of the variance of the noise, but for its least value.
    noise : float
        That variance.
    log_evidence : float
        What the training reached, its prior left out.

    Raises
    ------
    ValueError
        If the equations have no finite solution.
    """

    def __init__(self, experiments: Experiments, y: _Float, weight: _Float) -> None:
        self.kept = RowDistances(experiments)
        self._kinds = distance_kinds(experiments)
        kernel, log_noise = self._start()
        pairs = measure(self.kept, experiments)
        measured = Measured(torch.as_tensor(y), torch.as_tensor(weight))
        _maximise(kernel, log_noise, pairs, measured)
        with torch.no_grad():
            among = kernel(pairs)[0]
            self.log_evidence = float(log_evidence(among, log_noise, measured))
            lower, white = condition(among, log_noise, measured)
        if not (lower.isfinite().all() and white.isfinite().all()):
            raise ValueError(
                f"No Gaussian process can be fitted to these {len(y)} rows: its equations have no "
                "finite solution. Look for extreme numbers in X, y and sample_weight."
            )
        self._lower, self._white = lower.numpy(), white.numpy()
        self._parameters = {k: v.detach().numpy() for k, v in kernel.named_parameters()}
        self.log_noise = float(log_noise.detach())
        self.noise = float(noise_variance(log_noise).detach())

    @torch.no_grad()
    def marginal(self, experiments: Experiments) -> tuple[_Float, _Float]:
        """Mean and variance of the expected outcomes of other rows, (n,) each."""
        kernel, posterior = self.kernel(), self._posterior()
        own = kernel.own()[0]
        found = [
            posterior.marginal(kernel(pairs)[0].mT, own) for pairs in self._compare(experiments)
        ]
        mean, variance = (torch.cat(parts).numpy() for parts in zip(*found, strict=True))
        return mean, variance

    @torch.no_grad()
    def joint(self, experiments: Experiments) -> tuple[_Float, _Float]:
        """Mean (n,) and covariance (n, n) of the expected outcomes of other rows."""
        kernel = self.kernel()
        cross = torch.cat([kernel(pairs)[0] for pairs in self._compare(experiments)])
        among = kernel(measure(RowDistances(experiments), experiments))[0]
        mean, covariance = self._posterior().joint(cross.mT, among)
        return mean.numpy(), covariance.numpy()

    def kernel(self) -> SiameseKernel:
        """Give the trained kernel."""
        kernel, _ = self._start()
        parameters: dict[str, Any] = {k: torch.tensor(v) for k, v in self._parameters.items()}
        kernel.load_state_dict(parameters, strict=False)
        return kernel

    def _start(self) -> tuple[SiameseKernel, nn.Parameter]:
        """Kernel and noise before training."""
        kinds = torch.tensor(self._kinds).reshape(-1, 3)
        n_conditions = self.kept.conditions.shape[1]
        generators = member_generators([0])  # without effect: nothing is drawn for fixed terms
        kernel = SiameseKernel(generators, kinds, n_conditions, None, 0, OF_NUMBERS)
        return kernel, nn.Parameter(torch.tensor(math.log(_FIRST_NOISE), dtype=torch.float64))

    def _posterior(self) -> Posterior:
        return Posterior(torch.as_tensor(self._lower), torch.as_tensor(self._white))

    def _compare(self, experiments: Experiments) -> Iterator[PairDistances]:
        """Distances of rows to those of training, some thousands of pairs at a time."""
        n_rows, step = len(experiments.molecules), max(1, _CHUNK_PAIRS // len(self.kept.molecules))
        each = self.kept.of_molecules(experiments)
        for start in range(0, n_rows, step):
            yield measure(self.kept, experiments, each, slice(start, start + step))


def measure(
    kept: RowDistances,
    experiments: Experiments,
    each: list[_Float] | None = None,
    rows: slice = _ALL,
) -> PairDistances:
    """Measure the distances of rows to those that are kept; `each` holds those of molecules."""
    found = kept.of_rows(
        kept.of_molecules(experiments) if each is None else each,
        experiments.molecules[rows],
        experiments.conditions[rows],
        experiments.categories[rows],
    )
    return PairDistances(*map(torch.as_tensor, found))


def _maximise(
    kernel: SiameseKernel, log_noise: Tensor, pairs: PairDistances, measured: Measured
) -> None:
    """Maximise log evidence and log prior together."""
    parameters = [*kernel.parameters(), log_noise]
    first = log_noise.detach().clone()
    optimizer = torch.optim.LBFGS(
        parameters,
        max_iter=_STEPS,
        tolerance_grad=_LEAST_SLOPE,
        tolerance_change=0.0,
        line_search_fn="strong_wolfe",
    )

    def loss() -> Tensor:
        optimizer.zero_grad()
        prior = kernel.penalty() + (log_noise - first) ** 2 / 2
        value = prior - log_evidence(kernel(pairs)[0], log_noise, measured)
        value.backward()
        return value

    optimizer.step(loss)
