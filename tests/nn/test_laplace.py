"""Laplace's approximation against the book's algorithms, finite differences and scikit-learn.

Numbers in brackets are those of Rasmussen and Williams, *Gaussian Processes for Machine Learning*.
"""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import expit, log_expit
from scipy.stats import norm
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process.kernels import RBF, ConstantKernel

from sksiamese.nn._laplace import Labels, condition, evidence_gradient, log_evidence

SEEDS = st.integers(0, 10**6)


def make_labels(y, weight=None, mean=0.0):
    """Labels of one function, or of several where y has two dimensions."""
    y = np.atleast_2d(np.asarray(y, float))
    weight = np.ones(y.shape[1]) if weight is None else np.asarray(weight, float)
    mean = np.broadcast_to(np.reshape(np.asarray(mean, float), (-1, 1)), (len(y), 1)).copy()
    return Labels(*(torch.as_tensor(each) for each in (y, weight, mean)))


def draw(seed, n=7, n_new=4, n_classes=1, scale=3.0):
    """Kernel of rows and new rows, outcomes, weights and prior means."""
    rng = np.random.RandomState(seed)
    points = rng.normal(size=(n + n_new, 3))
    apart = ((points[:, None] - points) ** 2).sum(-1)
    kernel = scale * np.exp(-apart / 4) + 0.3 * np.eye(n + n_new)
    y = rng.randint(2, size=(n_classes, n)).astype(float)
    return kernel, y, rng.uniform(0.2, 2, n), rng.normal(size=n_classes)


def blocks(kernel, n):
    """Covariances among rows, of the new rows with them, and the variances of the new rows."""
    return kernel[:n, :n], kernel[n:, :n], np.diag(kernel)[n:].copy()


def tensor(array):
    return torch.as_tensor(np.asarray(array, float))[None]


# -- The book, slowly ------------------------------------------------------------------------------


def slow_derivatives(f, y, weight):
    """First, second and third derivative of the log likelihood, row by row."""
    found = []
    for each, label, w in zip(f, y, weight, strict=True):
        p = 1 / (1 + math.exp(-each))
        found.append((w * (label - p), -w * p * (1 - p), -w * p * (1 - p) * (1 - 2 * p)))
    return np.array(found).T


def slow_mode(kernel, y, weight, mean):
    """Algorithm 3.1 with a prior mean: the mode f and the log evidence."""
    f, a = np.full(len(y), mean), np.zeros(len(y))
    for _ in range(200):
        first, second, _ = slow_derivatives(f, y, weight)
        root = np.diag(np.sqrt(-second))
        lower = np.linalg.cholesky(np.eye(len(y)) + root @ kernel @ root)
        b = -second * (f - mean) + first
        inner = np.linalg.solve(lower.T, np.linalg.solve(lower, root @ kernel @ b))
        a = b - root @ inner
        f = mean + kernel @ a
    likelihood = sum(
        w * math.log(expit(each if label else -each))
        for each, label, w in zip(f, y, weight, strict=True)
    )
    evidence = -a @ (f - mean) / 2 + likelihood - np.log(np.diag(lower)).sum()
    return f, evidence


def slow_gradient(kernel, y, weight, mean, change):
    """Algorithm 5.1: how the log evidence follows a change of the kernel."""
    f, _ = slow_mode(kernel, y, weight, mean)
    first, second, third = slow_derivatives(f, y, weight)
    root = np.diag(np.sqrt(-second))
    inner = np.linalg.inv(np.eye(len(y)) + root @ kernel @ root)
    precision = root @ inner @ root
    a = np.linalg.solve(kernel, f - mean)
    explicit = a @ change @ a / 2 - np.trace(precision @ change) / 2
    # The printed algorithm has the third derivative with the other sign, against (5.22).
    s2 = np.diag(kernel - kernel @ precision @ kernel) * third / 2
    b = change @ first
    return explicit + s2 @ (b - kernel @ precision @ b)


def slow_prediction(kernel, y, weight, mean, cross, own, corrected):
    """Mean and variance of the latent function at new rows (3.21, 3.24)."""
    f, _ = slow_mode(kernel, y, weight, mean)
    first, second, third = slow_derivatives(f, y, weight)
    inner = np.linalg.inv(kernel + np.diag(-1 / second))
    alpha = first
    if corrected:
        posterior = np.linalg.inv(np.linalg.inv(kernel) + np.diag(-second))
        moved = f + posterior @ (np.diag(posterior) * third / 2)
        alpha = np.linalg.solve(kernel, moved - mean)
    variance = np.array([k - c @ inner @ c for k, c in zip(own, cross, strict=True)])
    return mean + cross @ alpha, variance


def latent(posterior, cross, own):
    """Mean and variance of a posterior of one member, (n_functions, n_new) each."""
    coefficients, reduction, mean = (each.numpy() for each in posterior)
    latent_mean = mean + np.einsum("ij,cj->ci", cross, coefficients[0])
    return latent_mean, own - np.einsum("ij,cjk,ik->ci", cross, reduction[0], cross)


# -- Evidence --------------------------------------------------------------------------------------


@settings(max_examples=30)
@given(SEEDS)
def test_log_evidence_is_that_of_algorithm_3_1(seed):
    kernel, y, weight, mean = draw(seed, n_new=0)
    found = log_evidence(tensor(kernel), make_labels(y, weight, mean)).item()
    assert found == pytest.approx(slow_mode(kernel, y[0], weight, mean[0])[1], abs=1e-6)


@settings(max_examples=20)
@given(SEEDS)
def test_gradient_is_that_of_algorithm_5_1(seed):
    kernel, y, weight, mean = draw(seed, n_new=0)
    found = evidence_gradient(tensor(kernel), make_labels(y, weight, mean)).gradient[0].numpy()
    change = np.random.RandomState(seed).normal(size=kernel.shape)
    change = change + change.T
    slow = slow_gradient(kernel, y[0], weight, mean[0], change)
    assert (found * change).sum() == pytest.approx(slow, rel=1e-4, abs=1e-4)


@settings(max_examples=20)
@given(SEEDS)
def test_gradient_is_the_central_difference_of_the_evidence(seed):
    kernel, y, weight, mean = draw(seed, n_new=0, n_classes=2)
    labels, step = make_labels(y, weight, mean), 1e-5
    found = evidence_gradient(tensor(kernel), labels).gradient[0].numpy()
    change = np.random.RandomState(seed).normal(size=kernel.shape)
    change = change + change.T
    ends = [
        sum(
            slow_mode(kernel + sign * step * change, y[c], weight, mean[c])[1]
            for c in range(len(y))
        )
        for sign in (1, -1)
    ]
    slow = (ends[0] - ends[1]) / (2 * step)
    assert (found * change).sum() == pytest.approx(slow, rel=1e-4, abs=1e-4)


def test_autograd_passes_the_gradient_of_each_member_on():
    """A kernel of one parameter for each member: its amplitude."""
    kernel, y, weight, mean = draw(0, n_new=0)
    amplitude = torch.tensor([0.5, 2.0]).double().requires_grad_()
    labels = make_labels(y, weight, mean)
    value = log_evidence(amplitude.exp().view(-1, 1, 1) * tensor(kernel), labels)
    (value * torch.tensor([3.0, -1.0])).sum().backward()
    for member, factor in enumerate((3.0, -1.0)):
        ends = [
            slow_mode(math.exp(amplitude[member].item() + step) * kernel, y[0], weight, mean[0])[1]
            for step in (1e-5, -1e-5)
        ]
        slow = factor * (ends[0] - ends[1]) / 2e-5
        assert amplitude.grad[member].item() == pytest.approx(slow, rel=1e-3, abs=1e-5)


def test_classes_and_members_add_up():
    kernel, y, weight, mean = draw(1, n_new=0, n_classes=3)
    both = torch.cat([tensor(kernel), 2 * tensor(kernel)])
    found = evidence_gradient(both, make_labels(y, weight, mean))
    for member in range(2):
        alone = [
            evidence_gradient(both[[member]], make_labels(y[c], weight, mean[c])) for c in range(3)
        ]
        total = sum(each.log_evidence for each in alone)
        torch.testing.assert_close(found.log_evidence[[member]], total, rtol=1e-7, atol=1e-7)
        slope = sum(each.gradient for each in alone)
        torch.testing.assert_close(found.gradient[[member]], slope, rtol=1e-6, atol=1e-7)


@settings(max_examples=20)
@given(SEEDS, st.lists(st.integers(0, 3), min_size=7, max_size=7).filter(any))
def test_a_weight_is_a_number_of_equal_rows(seed, times):
    kernel, y, _, mean = draw(seed)
    among, cross, own = blocks(kernel, 7)
    rows = np.repeat(np.arange(7), times)
    weighted, repeated = make_labels(y, times, mean), make_labels(y[:, rows], None, mean)

    once = evidence_gradient(tensor(among), weighted)
    often = evidence_gradient(tensor(among[np.ix_(rows, rows)]), repeated)
    assert once.log_evidence.item() == pytest.approx(often.log_evidence.item(), abs=1e-7)
    gather = np.eye(7)[rows]
    summed = gather.T @ often.gradient[0].numpy() @ gather
    np.testing.assert_allclose(once.gradient[0].numpy(), summed, rtol=0, atol=1e-6)

    for corrected in (False, True):
        first = condition(tensor(among), tensor(among), weighted, corrected)
        second = condition(tensor(among), tensor(among[rows]), repeated, corrected)
        for one, two in zip(first, second, strict=True):
            torch.testing.assert_close(one, two, rtol=1e-6, atol=1e-6)
        third = condition(tensor(among[np.ix_(rows, rows)]), tensor(among[rows][:, rows]),
                          repeated, corrected)  # fmt: skip
        expected = first.proba(tensor(cross), torch.as_tensor(own[:1]))
        found = third.proba(tensor(cross[:, rows]), torch.as_tensor(own[:1]))
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)


# -- Posterior -------------------------------------------------------------------------------------


@settings(max_examples=30)
@given(SEEDS, st.booleans())
def test_all_rows_as_support_give_the_function_space_solution(seed, corrected):
    kernel, y, weight, mean = draw(seed, n_classes=3)
    among, cross, own = blocks(kernel, 7)
    posterior = condition(tensor(among), tensor(among), make_labels(y, weight, mean), corrected)
    found_mean, found_variance = latent(posterior, cross, own)
    proba = posterior.proba(tensor(cross), torch.as_tensor(own[:1]))[0].numpy()
    for c in range(3):
        slow = slow_prediction(among, y[c], weight, mean[c], cross, own, corrected)
        np.testing.assert_allclose(found_mean[c], slow[0], rtol=0, atol=1e-5)
        np.testing.assert_allclose(found_variance[c], slow[1], rtol=0, atol=1e-5)
        moved = (slow[0] - mean[c]) / np.sqrt(1 + math.pi * slow[1] / 8)
        expected = expit(mean[c] + moved)
        np.testing.assert_allclose(proba[c], expected, rtol=0, atol=1e-6)


def test_coefficients_at_the_mode_are_the_gradient_of_the_likelihood():
    kernel, y, weight, mean = draw(3, n_new=0)
    posterior = condition(tensor(kernel), tensor(kernel), make_labels(y, weight, mean), False)
    alpha = posterior.coefficients[0, 0].numpy()
    p = expit(mean[0] + kernel @ alpha)
    np.testing.assert_allclose(alpha, weight * (y[0] - p), rtol=0, atol=1e-6)


@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("size", [0.5, 4.0])
@pytest.mark.parametrize("mean", [0.0, -1.0])
def test_one_row_by_hand(label, size, mean):
    """The mode solves (f - m) / k = y - sigma(f); all else follows from it."""
    f = brentq(lambda f: (f - mean) / size - (label - expit(f)), -30, 30, xtol=1e-14)
    p = expit(f)
    curvature = p * (1 - p)
    evidence = log_expit(f if label else -f) - (f - mean) ** 2 / (2 * size)
    evidence -= math.log(1 + size * curvature) / 2
    labels, kernel = make_labels([label], mean=mean), tensor([[size]])
    assert log_evidence(kernel, labels).item() == pytest.approx(evidence, abs=1e-8)

    variance = 1 / (1 / size + curvature)
    skew = -curvature * (1 - 2 * p)
    plain, moved = (condition(kernel, kernel, labels, corrected) for corrected in (False, True))
    for posterior, centre in ((plain, f), (moved, f + variance * variance * skew / 2)):
        found = latent(posterior, np.array([[size]]), np.array([size]))
        assert found[0].item() == pytest.approx(centre, abs=1e-6)
        assert found[1].item() == pytest.approx(variance, abs=1e-6)
        proba = posterior.proba(kernel, torch.tensor([size]).double()).item()
        moved_by = (centre - mean) / math.sqrt(1 + math.pi * variance / 8)
        assert proba == pytest.approx(expit(mean + moved_by))


@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("mean", [0.0, 0.7])
def test_the_correction_goes_from_the_mode_to_the_mean(label, mean):
    """The true mean of one latent value, by quadrature, is much nearer to the corrected one."""
    size = 1.5

    def density(f):
        return expit(f if label else -f) * math.exp(-((f - mean) ** 2) / (2 * size))

    true = quad(lambda f: f * density(f), -30, 30)[0] / quad(density, -30, 30)[0]
    labels, kernel = make_labels([label], mean=mean), tensor([[size]])
    mode, moved = (
        latent(condition(kernel, kernel, labels, corrected), np.array([[size]]), size)[0].item()
        for corrected in (False, True)
    )
    assert abs(moved - true) < abs(mode - true) / 3


def test_far_from_all_rows_the_base_rate():
    kernel, y, weight, _ = draw(2, n_new=0, n_classes=3)
    rate = np.array([0.6, 0.3, 0.1])
    mean = np.log(rate / (1 - rate))
    posterior = condition(tensor(kernel), tensor(kernel), make_labels(y, weight, mean), True)
    far = posterior.proba(torch.zeros(1, 2, 7).double(), torch.zeros(1).double())[0].numpy()
    np.testing.assert_allclose(far, np.tile(rate[:, None], 2), rtol=1e-12)
    # However unsure a latent value is, without a word of the data it is the base rate.
    unsure = posterior.proba(torch.zeros(1, 2, 7).double(), torch.tensor([3.0]).double())[0]
    np.testing.assert_allclose(unsure[:, 0], rate, rtol=1e-12)


def test_some_rows_as_support_are_a_projection():
    """All rows speak through the support: the kernel is that of Nystroem, what it lacks stays."""
    kernel, y, weight, mean = draw(5)
    among, cross, own = blocks(kernel, 7)
    chosen = [0, 2, 5]
    few = among[np.ix_(chosen, chosen)]
    posterior = condition(tensor(few), tensor(among[:, chosen]), make_labels(y, weight, mean), True)
    projected = among[:, chosen] @ np.linalg.solve(few, among[chosen])
    new = cross[:, chosen] @ np.linalg.solve(few, among[chosen])
    grown = projected + 1e-9 * np.eye(7)  # of rank three, which the slow version cannot take
    slow_mean, slow_variance = slow_prediction(grown, y[0], weight, mean[0], new, own, True)
    found_mean, found_variance = latent(posterior, cross[:, chosen], own)
    np.testing.assert_allclose(found_mean[0], slow_mean, rtol=0, atol=1e-4)
    np.testing.assert_allclose(found_variance[0], slow_variance, rtol=0, atol=1e-4)


def test_members_and_functions_are_conditioned_apart():
    kernel, y, weight, mean = draw(6, n_new=0, n_classes=3)
    both = torch.cat([tensor(kernel), 3 * tensor(kernel)])
    found = condition(both, both, make_labels(y, weight, mean), True)
    for member in range(2):
        for c in range(3):
            one = both[[member]]
            alone = condition(one, one, make_labels(y[c], weight, mean[c]), True)
            coefficients, reduction = found.coefficients[member, c], found.reduction[member, c]
            torch.testing.assert_close(coefficients, alone.coefficients[0, 0], rtol=0, atol=1e-7)
            torch.testing.assert_close(reduction, alone.reduction[0, 0], rtol=0, atol=1e-7)


def test_what_has_no_factor_is_nan():
    kernel, labels = tensor([[1.0, 2.0], [2.0, 1.0]]), make_labels([0, 1])
    assert condition(kernel, kernel, labels, True).coefficients.isnan().all()
    assert log_evidence(tensor([[1.0, np.nan], [np.nan, 1.0]]), labels).isnan().all()


@settings(max_examples=20)
@given(SEEDS)
def test_variance_of_a_probability_is_that_over_latent_values(seed):
    kernel, y, weight, mean = draw(seed, n_classes=2)
    among, cross, own = blocks(kernel, 7)
    own = own[:1]  # rows that are as uncertain as one of them
    posterior = condition(
        tensor(among), tensor(among), make_labels(y, weight, mean), corrected=False
    )
    found = posterior.variance(tensor(cross), torch.as_tensor(own))[0].numpy()
    means, variances = latent(posterior, cross, np.repeat(own, len(cross)))
    for m, v, each in zip(means.ravel(), variances.ravel(), found.ravel(), strict=True):
        of = norm(m, math.sqrt(max(v, 1e-12))).expect
        assert each == pytest.approx(of(lambda f: expit(f) ** 2) - of(expit) ** 2, abs=1e-4)


@pytest.mark.parametrize("size", [1e-6, 1e3])
def test_equal_rows_and_kernels_of_any_size(size):
    """Newton's method takes halves of its steps where whole ones overshoot."""
    rng = np.random.RandomState(0)
    rows = rng.randint(8, size=30)
    kernel = size * np.exp(-((rows[:, None] - rows) ** 2) / 2.0)
    labels = make_labels(rng.randint(2, size=30), mean=2.0)
    for corrected in (False, True):
        posterior = condition(tensor(kernel), tensor(kernel), labels, corrected)
        proba = posterior.proba(tensor(kernel), torch.tensor([size]).double())
        assert proba.isfinite().all()
    assert evidence_gradient(tensor(kernel), labels).gradient.isfinite().all()


# -- scikit-learn ----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_scikit_learn_finds_the_same_mode(seed):
    rng = np.random.RandomState(seed)
    points, new = rng.normal(size=(15, 2)), rng.normal(size=(5, 2))
    y = (points[:, 0] + rng.normal(size=15) > 0).astype(int)
    formula = ConstantKernel(3.0) * RBF(1.2)
    oracle = GaussianProcessClassifier(formula, optimizer=None, max_iter_predict=1000)
    inner = oracle.fit(points, y).base_estimator_
    among, cross = formula(points), formula(new, points)

    labels = make_labels(y)
    evidence = log_evidence(tensor(among), labels).item()
    assert evidence == pytest.approx(oracle.log_marginal_likelihood_value_, abs=1e-6)
    posterior = condition(tensor(among), tensor(among), labels, False)
    mean, variance = latent(posterior, cross, np.full(5, 3.0))
    np.testing.assert_allclose(mean[0], cross @ (y - inner.pi_), rtol=0, atol=1e-5)
    v = np.linalg.solve(inner.L_, inner.W_sr_[:, None] * cross.T)
    np.testing.assert_allclose(variance[0], 3.0 - (v**2).sum(0), rtol=0, atol=1e-5)

    # The gradient after the logarithms of size and length.
    theta = torch.tensor(formula.theta, requires_grad=True)
    apart = torch.as_tensor(((points[:, None] - points) ** 2).sum(-1))
    kernel = theta[0].exp() * torch.exp(-apart / (2 * torch.exp(2 * theta[1])))
    log_evidence(kernel[None], labels).sum().backward()
    _, expected = oracle.log_marginal_likelihood(formula.theta, eval_gradient=True)
    np.testing.assert_allclose(theta.grad.numpy(), expected, rtol=1e-3, atol=1e-4)
