"""What an experiment is worth, and batches chosen by it: by hand and by brute force."""

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sksiamese.recommend.outcomes._acquisition import acquire, choose_ahead, choose_batch

# -- Acquisition -----------------------------------------------------------------------------------


def test_acquisition_by_hand():
    members = np.array([[0.2, 0.5, 0.0], [0.8, 0.5, 1.0]])
    p = members.mean(axis=0)
    assert acquire("probability", p, None) is p
    assert acquire("entropy", np.array([0.5, 0.0, 1.0]), None) == pytest.approx([1, 0, 0])
    assert acquire("ucb", p, members.std(axis=0), beta=2) == pytest.approx(
        [0.5 + 2 * 0.3, 0.5, 0.5 + 2 * 0.5]
    )


# -- Batch -----------------------------------------------------------------------------------------


def test_choice_by_hand():
    """Of a pair of neighbours only the better one is taken, however good the other is."""
    places, values = np.array([0.0, 0.01, 5.0, 9.0]), np.array([1.0, 0.99, 0.5, 0.4])

    def choose(length, pending=()):
        away = np.abs(places[:, None] - np.array(pending)[None, :])
        return choose_batch(values, 3, lambda i: np.abs(places - places[i]), length, away)

    assert choose(1.0) == [0, 2, 3]
    assert choose(0.0) == [0, 1, 2]
    assert choose(1.0, pending=[5.0]) == [0, 3, 1]


def test_choice_never_repeats_when_nothing_is_worth_anything():
    zeros = np.zeros(4)
    chosen = choose_batch(zeros, 4, lambda _: np.zeros(4), 1.0, np.zeros((4, 1)))
    assert sorted(chosen) == [0, 1, 2, 3]


def ahead_by_hand(p, batch_size, n_later, n_judged, places, reach):
    """The rule of choose_ahead in plain loops."""
    p, chosen = dict(enumerate(p)), []
    for k in range(batch_size):
        n, values = n_later + batch_size - k - 1, {}
        for x in range(n_judged):
            others = [z for z in p if z not in (x, *chosen)]
            w = {z: 0.75 * math.exp(-(((places[x] - places[z]) / reach) ** 2)) for z in others}
            up = sorted(p[z] + (1 - p[z]) * w[z] for z in others)[-n:]
            down = sorted(p[z] * (1 - w[z]) for z in others)[-n:]
            values[x] = p[x] * (1 + sum(up)) + (1 - p[x]) * sum(down)
        left = [x for x in range(n_judged) if x not in chosen]
        chosen.append(max(left, key=lambda x: round(values[x], 9)))  # of a tie, the first
    return chosen


@settings(max_examples=40)
@example(950, 3, 2, 0.0625)  # a tie, but for rounding
@given(st.integers(0, 10_000), st.integers(1, 4), st.integers(1, 30), st.floats(0.05, 2))
def test_looking_ahead_by_brute_force(seed, batch_size, n_later, reach):
    rng = np.random.RandomState(seed)
    n, n_judged = rng.randint(6, 15), 6
    places, p = rng.uniform(0, 1, n), np.sort(rng.uniform(0, 1, n))[::-1]
    distance = np.abs(places[:n_judged, None] - places[None, :])
    none = np.empty((n, 0))
    found = choose_ahead(p, batch_size, n_later, distance, reach, 0.0, none)
    assert found == ahead_by_hand(p, batch_size, n_later, n_judged, places, reach)


def test_looking_ahead_prefers_what_opens_more():
    """One lone candidate, and three neighbours that are a little less probable."""
    places, p = np.array([0.0, 5.0, 5.1, 5.2]), np.array([0.5, 0.48, 0.47, 0.46])
    distance, none = np.abs(places[:, None] - places[None, :]), np.empty((4, 0))

    def choose(n_later, pending=none):
        return choose_ahead(p, 1, n_later, distance, 1.0, 0.5, pending)

    assert p.argmax() == 0
    assert choose(1) == [1]
    assert choose(1, pending=distance[:, [1]]) == [0]
