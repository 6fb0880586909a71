"""Pair weights against double loops; batches and episodes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sksiamese.models.training._pairs import (
    class_batches,
    draw_support,
    episode_batches,
    pair_weights,
)


@st.composite
def tables(draw, integer_weights=False):
    """Classes, groups and weights of a few rows."""
    n = draw(st.integers(1, 9))

    def column(values):
        return np.array(draw(st.lists(values, min_size=n, max_size=n)))

    weights = st.integers(0, 3) if integer_weights else st.floats(0, 4)
    numbers = st.integers(0, 2)
    return column(numbers), column(numbers), column(weights).astype(float)


def slow_pairs(y, weight, groups):
    out = np.zeros((len(y), len(y)))
    for i in range(len(y)):
        for j in range(len(y)):
            if groups[i] == groups[j]:
                out[i, j] = weight[i] * (max(weight[i] - 1, 0) if i == j else weight[j])
    return halved(out, y)


def halved(out, y):
    """Scale same-class and different-class pairs to a half each, or to one if alone."""
    sums = dict.fromkeys((True, False), 0.0)
    for i in range(len(y)):
        for j in range(len(y)):
            sums[bool(y[i] == y[j])] += out[i, j]
    n_kinds = sum(total > 0 for total in sums.values())
    for i in range(len(y)):
        for j in range(len(y)):
            if out[i, j]:
                out[i, j] /= sums[bool(y[i] == y[j])] * n_kinds
    return out


@pytest.mark.filterwarnings("ignore:overflow")  # NumPy 1.26 warns of 5e-324 / 1e-323
@given(tables())
def test_pair_weights(table):
    y, groups, weight = table
    found = pair_weights(y, weight, groups)
    # Products of tiny weights keep few digits.
    np.testing.assert_allclose(found, slow_pairs(y, weight, groups), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found, found.T, rtol=1e-12)


@given(tables(integer_weights=True))
def test_halves(table):
    y, groups, weight = table
    found = pair_weights(y, weight, groups)
    same = y[:, None] == y
    rows = np.repeat(np.arange(len(y)), weight.astype(int))
    kinds = {
        bool(y[i] == y[j])
        for a, i in enumerate(rows)
        for b, j in enumerate(rows)
        if a != b and groups[i] == groups[j]
    }
    half = 1 / max(len(kinds), 1)
    assert found[same].sum() == pytest.approx(half if True in kinds else 0)
    assert found[~same].sum() == pytest.approx(half if False in kinds else 0)


@given(tables(integer_weights=True))
def test_a_weight_is_a_number_of_equal_rows(table):
    y, groups, weight = table
    rows = np.repeat(np.arange(len(y)), weight.astype(int))
    ones = np.ones(len(rows))
    gather = np.eye(len(y))[rows]  # (n_repeated, n)
    repeated = pair_weights(y[rows], ones, groups[rows])
    np.testing.assert_allclose(
        pair_weights(y, weight, groups), gather.T @ repeated @ gather, atol=1e-12
    )


@pytest.mark.filterwarnings("ignore:overflow")
@given(tables(), st.integers(0, 2**9 - 1))
def test_pair_weights_of_held_out_rows(table, mask):
    y, groups, weight = table
    held_out = np.array([bool(mask >> i & 1) for i in range(len(y))])
    query, known = np.where(held_out, weight, 0), np.where(held_out, 0, weight)
    slow = np.zeros((len(y), len(y)))
    for i in range(len(y)):
        for j in range(len(y)):
            if groups[i] == groups[j]:
                slow[i, j] = query[i] * known[j]
    found = pair_weights(y, known, groups, query)
    np.testing.assert_allclose(found, halved(slow, y), rtol=1e-9, atol=1e-12)
    assert not found[~held_out].any()
    assert not found[:, held_out].any()


def test_weights_leave_their_arguments_alone():
    y, weight, groups = np.array([0, 1, 1]), np.array([1.0, 2.0, 3.0]), np.array([0, 0, 0])
    pair_weights(y, weight, groups)
    assert (y.tolist(), weight.tolist(), groups.tolist()) == ([0, 1, 1], [1, 2, 3], [0, 0, 0])


@given(tables(), st.integers(2, 9), st.integers(0, 5))
def test_batches_hold_every_row_once_and_each_class_in_its_share(table, batch_size, seed):
    y, groups, _ = table
    batches = list(class_batches(y, groups, batch_size, np.random.RandomState(seed)))
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(y)))
    if len(y) <= batch_size:
        assert len(batches) == 1
    assert all(0 < len(rows) <= batch_size for rows in batches)
    assert all(rows.tolist() == sorted(rows.tolist()) for rows in batches)
    if len(batches) == 1:
        return
    for group in set(groups.tolist()):
        own = [rows for rows in batches if groups[rows[0]] == group]
        assert all(set(groups[rows].tolist()) == {group} for rows in own)
        assert len(own) == -(-(groups == group).sum() // batch_size)
        counts = np.array([np.bincount(y[rows], minlength=3) for rows in own])
        assert np.ptp(counts, axis=0).max() <= 1  # a class is spread evenly


def test_one_batch_keeps_the_order_and_draws_nothing():
    random_state = np.random.RandomState(0)
    (rows,) = class_batches(np.array([1, 0, 1]), np.array([0, 1, 0]), 3, random_state)
    assert rows.tolist() == [0, 1, 2]
    assert random_state.randint(1000) == np.random.RandomState(0).randint(1000)


def test_batches_change_from_epoch_to_epoch_and_repeat_with_the_seed():
    y, groups = np.arange(40) % 2, np.zeros(40, int)

    def epochs():
        random_state = np.random.RandomState(3)
        return [
            [rows.tolist() for rows in class_batches(y, groups, 10, random_state)] for _ in range(2)
        ]

    first, second = epochs()
    assert sorted(map(tuple, first)) != sorted(map(tuple, second))
    assert epochs() == [first, second]


# -- Episodes --------------------------------------------------------------------------------------


def test_episode_batches_hold_a_few_groups_each():
    sizes = [96, 96, 96, 96, 40, 96, 96, 3]
    groups = np.repeat(np.arange(8), sizes)
    counts = np.zeros(8)
    for seed in range(30):
        batches = list(episode_batches(groups, 500, np.random.RandomState(seed)))
        assert len(batches) == 2  # 619 rows
        for rows in batches:
            assert len(np.unique(rows)) == len(rows) <= 500
            found = np.bincount(groups[rows], minlength=8)
            assert np.count_nonzero(found) == 5  # whole groups of 96
            assert all(n in (0, size) for n, size in zip(found, sizes, strict=True))
            counts += found > 0
    assert (np.abs(counts / 60 - 5 / 8) < 0.2).all()  # each as often as another


def test_episode_batches_take_parts_of_large_groups():
    groups = np.repeat(np.arange(9), 1000)
    batches = list(episode_batches(groups, 100, np.random.RandomState(0)))
    assert len(batches) == 90
    for rows in batches:
        assert sorted(np.bincount(groups[rows], minlength=9)) == [0] * 5 + [25] * 4


@given(groups=st.lists(st.integers(0, 5), min_size=2, max_size=40), seed=st.integers(0, 99))
def test_any_groups_make_batches_and_supports(groups, seed):
    groups = np.unique(groups, return_inverse=True)[1]
    generator = np.random.RandomState(seed)
    for rows in episode_batches(groups, 8, generator):
        assert 0 < len(rows) <= 8
    drawn = draw_support(groups, generator)
    for group in np.unique(groups):
        size = np.sum(groups == group)
        n_drawn = drawn[groups == group].sum()
        assert (1 if size > 1 else 0) <= n_drawn <= 3 * size // 4


def test_supports_are_of_every_size():
    groups, generator = np.zeros(96, int), np.random.RandomState(0)
    sizes = np.array([draw_support(groups, generator).sum() for _ in range(2000)])
    shares = [np.mean(sizes <= limit) for limit in (1, 8, 72)]
    expected = np.log(np.array([2, 9, 73])) / np.log(73)  # every order of magnitude as likely
    np.testing.assert_allclose(shares, expected, rtol=0, atol=0.04)
