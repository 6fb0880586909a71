"""The correction by a campaign's rows, against textbook formulas in NumPy."""

import numpy as np
import pytest
import torch
from scipy.linalg import block_diag

from sksiamese.models.readouts._past_campaigns import EpisodeLoss
from sksiamese.models.training._labelled_rows import Batch
from sksiamese.nn._fingerprint_network import NetworkSettings
from sksiamese.nn._siamese import SiameseNetwork
from sksiamese.nn._support_residual import SupportResidual

RNG = np.random.RandomState(0)
POINTS = RNG.standard_normal((7, 3))
TREND = RNG.standard_normal((7, 2))
TARGET = np.eye(2)[[0, 1, 1, 0, 1, 0, 0]]


def softplus(x):
    return np.log1p(np.exp(x))


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def slow_logits(first, second):
    return np.array([[0.3 - np.abs(a - b).sum() for b in second] for a in first])


def make_residual(level=-0.7, noise=0.4):
    residual = SupportResidual(1)
    residual.level.data.fill_(level)
    residual.noise.data.fill_(noise)
    return residual


def solve(residual, rows, weight=None, pairs=None):
    rows = list(rows)
    weight = np.ones(len(rows)) if weight is None else np.asarray(weight, float)
    arguments = slow_logits(POINTS[rows], POINTS[rows])[None], TREND[rows][None], TARGET[rows]
    tensors = [torch.as_tensor(each) for each in (*arguments, weight)]
    pairs = None if pairs is None else torch.as_tensor(pairs)
    return residual.solve(*tensors, pairs)[0].detach().numpy()


def predict(residual, rows, alpha, at=POINTS):
    logits = torch.as_tensor(slow_logits(at, POINTS[list(rows)]))[None]
    return residual.kernel(logits)[0].detach().numpy() @ alpha


def test_it_is_gaussian_process_regression_of_the_residuals():
    rows = [0, 1, 2, 3]
    kernel = np.exp(slow_logits(POINTS, POINTS)) + np.exp(-0.7)
    noise = (softplus(0.4) + 0.05) * np.eye(4)
    weights = kernel[:, rows] @ np.linalg.inv(kernel[np.ix_(rows, rows)] + noise)
    expected = weights @ (2 * (TARGET[rows] - softmax(TREND[rows])))
    residual = make_residual()
    found = predict(residual, rows, solve(residual, rows))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_a_weight_of_two_is_two_rows():
    residual = make_residual()
    weighted = predict(residual, [0, 1, 2], solve(residual, [0, 1, 2], weight=[1, 2, 1]))
    repeated = predict(residual, [0, 1, 1, 2], solve(residual, [0, 1, 1, 2]))
    np.testing.assert_allclose(weighted, repeated, rtol=0, atol=1e-12)


def test_campaigns_have_nothing_in_common():
    residual = make_residual()
    pairs = block_diag(np.ones((3, 3)), np.ones((2, 2)))
    together = solve(residual, range(5), pairs=pairs)
    apart = np.concatenate([solve(residual, [0, 1, 2]), solve(residual, [3, 4])])
    np.testing.assert_allclose(together, apart, rtol=0, atol=1e-12)


@pytest.mark.parametrize("weight", [[1, 1, 1, 1], [1, 2, 1, 3]])
def test_scores_held_out_are_those_without_one_of_the_equal_rows(weight):
    residual = make_residual()
    rows = np.repeat(np.arange(4), weight)
    logits = slow_logits(POINTS[:4], POINTS[:4])[None]
    given = logits, TREND[:4][None], TARGET[:4], np.asarray(weight, float)
    found = residual.held_out(*map(torch.as_tensor, given))[0].detach().numpy()
    for i in range(4):
        others = list(rows)
        others.remove(i)
        expected = TREND[i] + predict(residual, others, solve(residual, others), POINTS[[i]])[0]
        np.testing.assert_allclose(found[i], expected, rtol=0, atol=1e-10)


def test_support_pulls_towards_its_class_and_least_far_away():
    residual = make_residual(level=-9.0)
    alpha = solve(residual, [1])  # of class 1
    near, far = predict(residual, [1], alpha, at=np.stack([POINTS[1], POINTS[1] + 3]))
    assert near[1] > far[1] > 0 > far[0] > near[0]


# -- The loss --------------------------------------------------------------------------------------


def make_network():
    settings = NetworkSettings(4, 5, 1, (6,), 3, "tanh", "tanh", 0.0)
    network = SiameseNetwork(settings, 3, 0, [0, 1], False, n_classes=2, n_groups=2)
    network.deviation.data.normal_(generator=torch.Generator().manual_seed(0))
    return network


GROUPS = np.array([0, 0, 0, 1, 1, 1, 1])
SUPPORT = np.array([2.0, 0, 0, 1, 1, 0, 0])  # weights


def make_batch(support=SUPPORT):
    query = np.where(support > 0, 0.0, 1.0)
    pairs = (support * np.equal.outer(GROUPS, GROUPS))[None]
    arrays = TARGET, pairs, query / query.sum(), GROUPS
    target, pairs, row_weight, groups = map(torch.as_tensor, arrays)
    numbers = torch.as_tensor(POINTS)
    inputs = numbers, torch.empty(7, 0, dtype=torch.int64), None
    return Batch(target, inputs, pairs, row_weight, groups)


def slow_loss(network, embedding, member, support):
    """Episode by episode, row by row."""
    trend = embedding @ network.trend.weight[member].numpy() + network.trend.bias[member].numpy()
    deviation = network.deviation[member].numpy()
    scale = softplus(network.similarity.weight[member].numpy())
    level = np.exp(network.residual.level[member].item())
    noise = softplus(network.residual.noise[member].item()) + 0.05
    losses, queries = [], np.flatnonzero(support == 0)
    for i in queries:
        rows = [j for j in np.flatnonzero(support) if GROUPS[j] == GROUPS[i]]
        own = trend[i] + np.append(embedding[i], 1) @ deviation[GROUPS[i]]
        scaled = embedding * scale
        k = np.exp(-np.abs(scaled[:, None] - scaled).sum(-1)) + level
        system = k[np.ix_(rows, rows)] + np.diag(noise / support[rows])
        residual = 2 * (TARGET[rows] - softmax(trend[rows]))
        corrected = trend[i] + k[i, rows] @ np.linalg.solve(system, residual)
        losses += [-np.log(softmax(f)[TARGET[i].argmax()]) for f in (trend[i], own, corrected)]
    return np.mean(losses)


def test_the_loss_of_an_episode():
    network, batch = make_network(), make_batch()
    embedding = network(*batch.inputs)
    found = EpisodeLoss()(network, embedding, batch).detach().numpy()
    with torch.no_grad():
        points = embedding.numpy()
        expected = [slow_loss(network, points[member], member, SUPPORT) for member in (0, 1)]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_gradients_of_the_loss_are_right():
    network, batch = make_network(), make_batch()
    embedding = network(*batch.inputs).detach().requires_grad_()
    assert torch.autograd.gradcheck(lambda e: EpisodeLoss()(network, e, batch), embedding)


def test_without_support_the_loss_is_of_trend_and_own_scores():
    network, batch = make_network(), make_batch(np.zeros(7))
    embedding = network(*batch.inputs)
    scores = network.trend(embedding), network.group_scores(embedding, batch.groups)
    target = torch.as_tensor(TARGET)
    expected = sum(-(torch.log_softmax(s, -1) * target).sum(-1).mean(-1) for s in scores) / 2
    found = EpisodeLoss()(network, embedding, batch)
    np.testing.assert_allclose(found.detach(), expected.detach(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["similarity.weight", "residual.noise", "trend.weight"])
def test_every_part_learns(name):
    network, batch = make_network(), make_batch()
    EpisodeLoss()(network, network(*batch.inputs), batch).sum().backward()
    assert network.get_parameter(name).grad.abs().max() > 0
