"""Expected improvement against draws, and batches against a process that is fitted again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sksiamese.recommend.outcomes._expected_improvement import (
    choose_believing,
    expected_improvement,
    probability_of_improvement,
)

NUMBERS = st.floats(-100, 100)


@given(NUMBERS, st.floats(0.1, 30), NUMBERS)
def test_it_is_the_mean_of_draws(mean, std, best):
    points = np.linspace(-8, 8, 20_001)
    weight = np.exp(-(points**2) / 2)
    weight /= weight.sum()
    draws = mean + std * points
    found = expected_improvement(np.array([mean]), np.array([std]), best)[0]
    assert found == pytest.approx(weight @ np.maximum(draws - best, 0), abs=1e-4 * std)
    found = probability_of_improvement(np.array([mean]), np.array([std]), best)[0]
    assert found == pytest.approx(weight @ (draws > best), abs=1e-3)


def test_what_is_known_exactly():
    mean, std = np.array([1.0, 3.0]), np.zeros(2)
    np.testing.assert_allclose(expected_improvement(mean, std, 2.0), [0, 1], atol=1e-8)
    np.testing.assert_allclose(probability_of_improvement(mean, std, 2.0), [0, 1], atol=1e-8)


def covariances(A, B):
    return np.exp(-((A[:, None] - B[None]) ** 2).sum(-1))


def slow_batch(past, y, candidates, pending, batch_size):
    """Fit a process anew for each choice, with what it expects of those chosen before."""
    points, values, chosen = past, y, []

    def predict(rows):
        known = covariances(points, points) + 1e-8 * np.eye(len(points))
        cross = covariances(rows, points)
        mean = cross @ np.linalg.solve(known, values)
        variance = 1 - (cross * np.linalg.solve(known, cross.T).T).sum(1)
        return mean, np.sqrt(np.maximum(variance, 1e-12))

    believed = [pending[[i]] for i in range(len(pending))]
    while len(chosen) < batch_size:
        if believed:
            row = believed.pop(0)
        else:
            worth = expected_improvement(*predict(candidates), values.max())
            worth[chosen] = -1
            chosen.append(int(worth.argmax()))
            row = candidates[[chosen[-1]]]
        expected = predict(row)[0]
        points, values = np.vstack([points, row]), np.append(values, expected)
    return chosen


@pytest.mark.parametrize("n_pending", [0, 3])
@pytest.mark.parametrize("seed", range(5))
def test_a_batch_is_that_of_processes_fitted_one_after_the_other(seed, n_pending):
    rng = np.random.RandomState(seed)
    past, candidates, pending = (rng.uniform(-2, 2, (n, 2)) for n in (6, 30, n_pending))
    y = np.sin(past[:, 0]) + past[:, 1]
    rows = np.vstack([pending, candidates])
    known = covariances(past, past) + 1e-8 * np.eye(6)
    cross = covariances(rows, past)
    mean = cross @ np.linalg.solve(known, y)
    covariance = covariances(rows, rows) - cross @ np.linalg.solve(known, cross.T)
    found = choose_believing(mean, covariance, y.max(), 4, n_pending)
    assert found == slow_batch(past, y, candidates, pending, 4)


def test_copies_of_a_chosen_experiment_come_last():
    mean, std = np.array([5.0, 5.0, 1.0]), np.array([2.0, 2.0, 2.0])
    covariance = np.outer(std, std) * np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1.0]])
    assert choose_believing(mean, covariance, 4.0, 3) == [0, 2, 1]


def test_the_input_stays_as_it_was():
    covariance = np.eye(3)
    choose_believing(np.arange(3.0), covariance, 0.0, 2, n_pending=1)
    np.testing.assert_array_equal(covariance, np.eye(3))
