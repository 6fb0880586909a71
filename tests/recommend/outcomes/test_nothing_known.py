"""Batches that represent all candidates."""

from itertools import combinations

import numpy as np
import pytest

from sksiamese.recommend.outcomes._nothing_known import choose_representative


@pytest.mark.parametrize("seed", range(4))
def test_a_batch_comes_within_63_per_cent_of_the_best(seed):
    points = np.random.RandomState(seed).uniform(size=(12, 2))
    distance = np.linalg.norm(points[:, None] - points, axis=2)
    start = np.full(12, 2.0)

    def lowered(chosen):
        return 2.0 - distance[list(chosen)].min(axis=0).mean()

    chosen = choose_representative(distance, start, 3)
    best = max(map(lowered, combinations(range(12), 3)))
    assert lowered(chosen) >= (1 - 1 / np.e) * best
    first = min(range(12), key=lambda place: distance[place].mean())
    assert chosen[0] == first


def test_what_was_chosen_before_stands_for_its_neighbours():
    x = np.array([0.0, 0.1, 5.0, 5.1])
    distance = np.abs(x[:, None] - x)
    assert choose_representative(distance, np.abs(x - 5.0), 1)[0] in (0, 1)
    assert sorted(choose_representative(distance, np.full(4, 6.0), 4)) == [0, 1, 2, 3]
