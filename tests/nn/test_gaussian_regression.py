"""Evidence and posterior against SciPy's normal density and dense linear algebra."""

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal

from sksiamese.nn._gaussian_regression import Measured, condition, log_evidence

RNG = np.random.RandomState(0)
POINTS = RNG.normal(size=(6, 2))
Y = RNG.normal(size=6)
NOISE = 0.1


def covariances(A, B):
    return np.exp(-((A[:, None] - B[None]) ** 2).sum(-1) / 2)


def tensors(*arrays):
    return [torch.as_tensor(np.asarray(a, dtype=float)) for a in arrays]


def evidence(points, y, weight):
    kernel, log_noise, y, weight = tensors(covariances(points, points), np.log(NOISE), y, weight)
    return float(log_evidence(kernel, log_noise, Measured(y, weight)))


def test_evidence_is_the_density_of_the_numbers():
    covariance = covariances(POINTS, POINTS) + (NOISE + 1e-4) * np.eye(6)
    density = multivariate_normal(np.zeros(6), covariance).logpdf(Y)
    assert evidence(POINTS, Y, np.ones(6)) == pytest.approx(density + 3 * np.log(2 * np.pi))


def test_a_row_of_weight_three_is_three_rows():
    weight = np.array([1, 3, 1, 2, 1, 1])
    other = POINTS + 0.3
    for y in (Y, 2 * Y):
        more = evidence(POINTS, y, weight) - evidence(other, y, weight)
        rows = np.repeat(np.arange(6), weight)
        repeated = [evidence(p[rows], y[rows], np.ones(9)) for p in (POINTS, other)]
        assert more == pytest.approx(repeated[0] - repeated[1], abs=1e-4)


def test_the_noise_of_weighted_rows_is_learnt_as_that_of_repeated_ones():
    weight = np.array([1, 3, 1, 2, 1, 1])
    rows = np.repeat(np.arange(6), weight)
    slopes = []
    for points, y, w in ((POINTS, Y, weight), (POINTS[rows], Y[rows], np.ones(9))):
        kernel, log_noise, y, w = tensors(covariances(points, points), np.log(NOISE), y, w)
        log_noise.requires_grad_()
        log_evidence(kernel, log_noise, Measured(y, w)).backward()
        slopes.append(float(log_noise.grad))
    assert slopes[0] == pytest.approx(slopes[1], abs=1e-4)


def test_posterior_is_that_of_dense_linear_algebra():
    new = RNG.normal(size=(4, 2))
    weight = np.array([1.0, 2.0, 1.0, 1.0, 0.5, 1.0])
    noisy = covariances(POINTS, POINTS) + np.diag((1e-4 + NOISE) / weight)
    cross, among = covariances(POINTS, new), covariances(new, new)
    mean = cross.T @ np.linalg.solve(noisy, Y)
    covariance = among - cross.T @ np.linalg.solve(noisy, cross)
    kernel, log_noise, y, w, *others = tensors(
        covariances(POINTS, POINTS), np.log(NOISE), Y, weight, cross, among, 1.0
    )
    posterior = condition(kernel, log_noise, Measured(y, w))
    found = posterior.joint(*others[:2])
    np.testing.assert_allclose(found[0], mean, atol=1e-9)
    np.testing.assert_allclose(found[1], covariance, atol=1e-9)
    found = posterior.marginal(others[0], others[2])
    np.testing.assert_allclose(found[0], mean, atol=1e-9)
    np.testing.assert_allclose(found[1], np.diag(covariance), atol=1e-9)


def test_a_matrix_without_factor_gives_nan():
    kernel, log_noise, y, weight = tensors([[1.0, 2.0], [2.0, 1.0]], -9.0, [0.0, 1.0], [1.0, 1.0])
    assert np.isnan(float(log_evidence(kernel, log_noise, Measured(y, weight))))
