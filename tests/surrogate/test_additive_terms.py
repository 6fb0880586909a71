"""The additive function: against closed forms, dense least squares and its own sum."""

import numpy as np
import pandas as pd
import pytest

from sksiamese.space import Range
from sksiamese.surrogate._additive_axes import Axis
from sksiamese.surrogate._additive_terms import Sides, Terms, _centre, choose_pairs, fit_terms

KNOTS = tuple(np.linspace(0, 1, 19))
AXES = [Axis(name, KNOTS, (), ()) for name in "abc"]
X = pd.DataFrame(np.random.RandomState(0).uniform(size=(4000, 3)), columns=list("abc"))
ONES = np.ones(len(X))


def along(frame, axes=AXES):
    return Sides(
        *(
            [axis.basis(frame[axis.name], Range(0, 1)) for axis in each]
            for each in (axes, [axis.coarse_axis() for axis in axes])
        )
    )


def test_effects_of_a_sum_are_known_in_closed_form():
    """1 + 3 a - 2 |b - 1/2|: the effects are the parts, less their means."""
    target = 1 + 3 * X["a"] - 2 * (X["b"] - 0.5).abs()
    terms = fit_terms(AXES, along(X), [], target.to_numpy()[:, None], ONES)
    grid = np.array(KNOTS)
    np.testing.assert_allclose(terms.mains[0][:, 0], 3 * grid - 3 * X["a"].mean(), atol=0.03)
    bent = -2 * np.abs(grid - 0.5)
    mean = (-2 * (X["b"] - 0.5).abs()).mean()
    np.testing.assert_allclose(terms.mains[1][:, 0], bent - mean, atol=0.03)
    np.testing.assert_allclose(terms.mains[2][:, 0], 0, atol=0.03)
    assert terms.start[0] == pytest.approx(target.mean(), abs=0.01)


def test_a_product_is_found_as_a_pair_and_keeps_no_main_effect():
    """(a - 1/2) (c - 1/2) has mean 0 along either axis."""
    target = 8 * (X["a"] - 0.5) * (X["c"] - 0.5) + X["b"]
    sides = along(X)
    pairs = choose_pairs(AXES, sides, target.to_numpy(), ONES, 1)
    assert pairs == [(0, 2)]
    terms = fit_terms(AXES, sides, pairs, target.to_numpy()[:, None], ONES)
    grid = np.linspace(0, 1, 7)
    expected = 8 * np.outer(grid - 0.5, grid - 0.5)
    assert np.abs(terms.tables[0][..., 0] - expected).max() < 0.1
    assert np.abs(terms.mains[0]).max() < 0.1
    np.testing.assert_allclose(terms.start[0] + terms.parts(sides).sum(axis=1), target, atol=0.05)


def test_weights_against_dense_least_squares():
    rng = np.random.RandomState(1)
    axes, frame = AXES[:2], X[:400]
    sides, weight = along(frame, axes), rng.uniform(0.2, 2, 400)
    targets = rng.normal(size=(400, 2))
    terms = fit_terms(axes, sides, [(0, 1)], targets, weight)
    both = sides.coarse[0].times(sides.coarse[1])
    design = np.hstack([b.matrix().toarray() for b in [*sides.fine, both]])
    start = (weight[:, None] * targets).sum(axis=0) / weight.sum()
    root = np.sqrt(weight)[:, None]
    stacked = np.vstack([root * design, np.sqrt(0.2 * weight.mean()) * np.eye(design.shape[1])])
    wanted = np.vstack([root * (targets - start), np.zeros((design.shape[1], 2))])
    said = start + design @ np.linalg.lstsq(stacked, wanted, rcond=None)[0]
    for number in range(2):
        total = terms.start[number] + terms.parts(sides, number).sum(axis=1)
        np.testing.assert_allclose(total, said[:, number], atol=1e-9)


def test_centring_moves_means_and_keeps_the_sum():
    rng = np.random.RandomState(2)
    sides = along(X[:300])
    raw = Terms(
        rng.normal(size=1),
        [rng.normal(size=(19, 1)) for _ in AXES],
        [(0, 1), (1, 2)],
        [rng.normal(size=(7, 7, 1)) for _ in range(2)],
    )
    done = _centre(AXES, sides, raw)
    before, after = (t.start[0] + t.parts(sides).sum(axis=1) for t in (raw, done))
    np.testing.assert_allclose(after, before, atol=1e-12)
    for basis, main in zip(sides.fine, done.mains, strict=True):
        assert (basis.matrix() @ main).mean() == pytest.approx(0, abs=1e-12)
    for (j, k), table in zip(done.pairs, done.tables, strict=True):
        first, second = (sides.coarse[i].matrix().mean(axis=0) for i in (j, k))
        np.testing.assert_allclose(table[..., 0] @ second, 0, atol=1e-12)
        np.testing.assert_allclose(first @ table[..., 0], 0, atol=1e-12)
