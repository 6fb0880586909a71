"""Losses and read-outs against pairwise loops and finite differences."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import hinge_loss as sklearn_hinge_loss
from sklearn.metrics import log_loss

from sksiamese.models.training._pairs import pair_weights
from sksiamese.molecules._graph import graph_from_smiles
from sksiamese.molecules._graph_batch import batch_graphs
from sksiamese.nn._fingerprint_network import NetworkSettings
from sksiamese.nn._graph_tensors import GraphTensors
from sksiamese.nn._losses import cross_entropy_loss, hinge_loss, mean_proba, pair_loss
from sksiamese.nn._siamese import SiameseNetwork

N_CLASSES = 3
PRIOR = np.array([0.5, 0.3, 0.2])


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def tensors(*arrays):
    return [torch.as_tensor(np.asarray(array, float)) for array in arrays]


def draw(seed, n=6, m=None, n_members=2):
    random = np.random.RandomState(seed)
    logits = 3 * random.standard_normal((n_members, n, m or n))
    return random, logits, random.randint(N_CLASSES, size=n), random.rand(n) * 2


def slow_pair_loss(logits, y, weights):
    losses = []
    for s in logits:
        total = 0.0
        for i in range(len(y)):
            for j in range(len(y)):
                p = sigmoid(s[i, j])
                total -= weights[i, j] * math.log(p if y[i] == y[j] else 1 - p)
        losses.append(total)
    return losses


@given(st.integers(0, 10**6))
def test_pair_loss(seed):
    random, logits, y, weight = draw(seed)
    pairs = pair_weights(y, weight, random.randint(2, size=len(y)))
    found = pair_loss(*tensors(logits, y[:, None] == y, pairs))
    np.testing.assert_allclose(found, slow_pair_loss(logits, y, pairs), rtol=1e-10)


@given(st.integers(0, 10**6), st.lists(st.integers(1, 3), min_size=5, max_size=5))
def test_a_weight_is_a_number_of_equal_rows(seed, times):
    _, logits, y, _ = draw(seed, n=5)
    logits = logits + logits.transpose(0, 2, 1)
    rows = np.repeat(np.arange(5), times)
    wide, groups = logits[:, rows][:, :, rows], np.zeros(5, int)
    weight, ones = np.array(times, float), np.ones(len(rows))

    same = y[:, None] == y
    weighted = pair_loss(*tensors(logits, same, pair_weights(y, weight, groups)))
    pairs = pair_weights(y[rows], ones, groups[rows])
    repeated = pair_loss(*tensors(wide, same[rows][:, rows], pairs))
    np.testing.assert_allclose(weighted, repeated, rtol=1e-10)


@given(st.integers(0, 10**6), st.integers(1, N_CLASSES))
def test_mean_proba(seed, n_present):
    """Classes from `n_present` on have no support; they keep their prior."""
    random, logits, _, _ = draw(seed, n=4, m=7)
    y = np.concatenate([np.arange(n_present), random.randint(n_present, size=7 - n_present)])
    weight = random.rand(7) + 0.1
    matrix = np.eye(N_CLASSES)[y] * weight[:, None]
    matrix /= np.maximum(matrix.sum(0), 1e-300)
    found = mean_proba(*tensors(logits.transpose(0, 2, 1), matrix, PRIOR)).numpy()
    for member in range(2):
        for i in range(4):
            mean = [
                sum(weight[j] * sigmoid(logits[member, i, j]) for j in range(7) if y[j] == c)
                / sum(weight[j] for j in range(7) if y[j] == c)
                for c in range(n_present)
            ]
            share = np.array(mean) / sum(mean) * PRIOR[:n_present].sum()
            np.testing.assert_allclose(found[member, i, :n_present], share, rtol=1e-10)
            np.testing.assert_allclose(found[member, i, n_present:], PRIOR[n_present:])
    np.testing.assert_allclose(found.sum(-1), 1, rtol=1e-12)


@pytest.mark.parametrize("size", [60.0, 1e4])
def test_huge_logits_give_finite_values_and_gradients(size):
    n = 4
    y = np.array([0, 1, 2, 0])
    target, same = np.eye(N_CLASSES)[y], y[:, None] == y
    pairs = pair_weights(y, np.ones(n), np.zeros(n, int))
    signs = np.where(np.random.RandomState(0).rand(1, n, n) < 0.5, -1, 1)
    for sign in (signs, np.ones_like(signs), -np.ones_like(signs)):
        logits = torch.as_tensor(size * sign).requires_grad_()
        values = [
            pair_loss(logits, *tensors(same, pairs)),
            mean_proba(logits, *tensors(target / target.sum(0), PRIOR)),
        ]
        for value in values:
            assert torch.isfinite(value).all()
            (gradient,) = torch.autograd.grad(value.sum(), logits)
            assert torch.isfinite(gradient).all()


def test_gradients_of_the_formulas():
    _, logits, y, weight = draw(0, n=5)
    groups, target = np.zeros(5, int), np.eye(N_CLASSES)[y]
    (free,) = tensors(logits)
    free.requires_grad_()
    same, pairs, target, prior = tensors(
        y[:, None] == y, pair_weights(y, weight, groups), target, PRIOR
    )
    assert torch.autograd.gradcheck(lambda s: pair_loss(s, same, pairs), free)
    matrix = target / target.sum(0).clamp(min=1)
    assert torch.autograd.gradcheck(lambda s: mean_proba(s, matrix, prior), free)


@pytest.mark.parametrize("signed", [False, True])
def test_gradients_through_the_whole_network(signed):
    """Molecules and numbers to embedding, to similarity, to loss: central differences."""
    settings = NetworkSettings(3, 4, 2, (5,), 3, "tanh", "tanh", 0.0)
    network = SiameseNetwork(settings, n_numeric=2, n_roles=1, seeds=(1, 2), signed=signed)
    smiles = ["CCO", "c1ccccc1", "[Na+].[Cl-]", "", "CCO", "FS(F)(F)(F)(F)F"]
    graphs = [graph_from_smiles(text) for text in dict.fromkeys(smiles)]
    molecules = torch.as_tensor([list(dict.fromkeys(smiles)).index(text) for text in smiles])
    pool = GraphTensors([batch_graphs(graphs, 2)])
    y, weight = np.array([0, 1, 2, 0, 1, 0]), np.array([1, 2, 1, 0.5, 1, 3])
    groups = np.zeros(6, int)
    (numeric,) = tensors(np.random.RandomState(0).standard_normal((6, 2)))
    same, pairs = tensors(y[:, None] == y, pair_weights(y, weight, groups))

    def value():
        g = network(numeric, molecules[:, None], pool)
        return pair_loss(network.similarity(g, g), same, pairs).sum()

    value().backward()
    random = np.random.RandomState(1)
    for name, p in network.named_parameters():
        gradient, flat = p.grad.flatten(), p.data.view(-1)
        largest = int(gradient.abs().argmax())
        for i in {largest, *random.choice(len(flat), min(2, len(flat)), replace=False).tolist()}:
            kept, ends = flat[i].item(), []
            for sign in (1, -1):
                flat[i] = kept + sign * 1e-6
                ends.append(value().item())
            flat[i] = kept
            numeric_gradient = (ends[0] - ends[1]) / 2e-6
            assert gradient[i].item() == pytest.approx(numeric_gradient, rel=1e-4, abs=1e-7), name


# Losses of class scores


def draw_scores(seed, n_classes=N_CLASSES, n=6):
    random = np.random.RandomState(seed)
    scores = 2 * random.standard_normal((2, n, n_classes))
    y = random.permutation(np.arange(n) % n_classes)
    return scores, y, random.rand(n) * 2


def slow_cross_entropy(f, y):
    return -math.log(math.exp(f[y]) / sum(math.exp(score) for score in f))


def slow_hinge(f, y):
    return max(0.0, 1 - f[y] + max(score for c, score in enumerate(f) if c != y))


CLASS_LOSSES = [(cross_entropy_loss, slow_cross_entropy), (hinge_loss, slow_hinge)]


@pytest.mark.parametrize(("loss", "slow"), CLASS_LOSSES)
@given(st.integers(0, 10**6), st.integers(2, 4))
def test_class_losses_row_by_row(loss, slow, seed, n_classes):
    scores, y, weight = draw_scores(seed, n_classes)
    found = loss(*tensors(scores, np.eye(n_classes)[y], weight))
    for member, value in zip(scores, found.tolist(), strict=True):
        total = sum(weight[i] * slow(member[i], y[i]) for i in range(len(y)))
        assert value == pytest.approx(total, rel=1e-10)


@given(st.integers(0, 10**6), st.integers(2, 4))
def test_class_losses_are_those_of_scikit_learn(seed, n_classes):
    scores, y, weight = draw_scores(seed, n_classes)
    inputs = tensors(scores[:1], np.eye(n_classes)[y], weight / weight.sum())
    decision = scores[0, :, 1] - scores[0, :, 0] if n_classes == 2 else scores[0]
    expected = sklearn_hinge_loss(y, decision, sample_weight=weight)
    assert hinge_loss(*inputs).item() == pytest.approx(expected, rel=1e-10)
    proba = np.exp(scores[0]) / np.exp(scores[0]).sum(1, keepdims=True)
    expected = log_loss(y, proba, sample_weight=weight)
    assert cross_entropy_loss(*inputs).item() == pytest.approx(expected, rel=1e-10)


@given(st.integers(0, 10**6))
def test_hinge_loss_beside_that_of_keras(seed):
    """Keras multiplies the scores with 1 - target and takes the maximum, so zero is among them."""
    scores, y, _ = draw_scores(seed)
    target = np.eye(N_CLASSES)[y]
    keras = np.maximum(((1 - target) * scores).max(-1) - (target * scores).sum(-1) + 1, 0)
    other = np.where(target > 0, -np.inf, scores).max(-1)
    found = [
        hinge_loss(*tensors(scores[:, [i]], target[[i]], np.ones(1))).numpy() for i in range(len(y))
    ]
    for ours, theirs, largest in zip(np.transpose(found).flat, keras.flat, other.flat, strict=True):
        assert ours <= theirs + 1e-12
        if largest >= 0:
            assert ours == pytest.approx(theirs, rel=1e-10)


@pytest.mark.parametrize(("loss", "slow"), CLASS_LOSSES)
def test_gradients_of_the_class_losses(loss, slow):
    scores, y, weight = draw_scores(0)
    free, target, weight = tensors(scores, np.eye(N_CLASSES)[y], weight)
    assert torch.autograd.gradcheck(lambda f: loss(f, target, weight), free.requires_grad_())


@pytest.mark.parametrize("loss", [cross_entropy_loss, hinge_loss])
@pytest.mark.parametrize("size", [60.0, 1e4])
def test_huge_scores_give_finite_values_and_gradients(loss, size):
    target = np.eye(N_CLASSES)[[0, 1, 2, 0]]
    for sign in (target - 0.5, 0.5 - target, np.ones_like(target)):
        scores = torch.as_tensor(size * sign[None]).requires_grad_()
        value = loss(scores, *tensors(target, np.full(4, 0.25)))
        (gradient,) = torch.autograd.grad(value.sum(), scores)
        assert torch.isfinite(value).all()
        assert torch.isfinite(gradient).all()
