"""Seeds of a fit, and the rows that it holds out."""

import numpy as np
import pytest

from sksiamese.models.training._fitting import draw_seeds, hold_out


def test_a_member_has_the_same_seed_however_many_there_are():
    few, many = draw_seeds(3, 2), draw_seeds(3, 5)
    assert (few.batches, few.split) == (many.batches, many.split)
    assert few.members == many.members[:2]
    assert len({many.batches, many.split, *many.members}) == 7


def test_none_is_another_draw_each_time():
    assert draw_seeds(None, 1) != draw_seeds(None, 1)


@pytest.mark.parametrize(
    ("share", "held_out"),
    [(0.2, [2, 1, 0]), (0.5, [5, 2, 0]), (0.99, [9, 3, 0]), (1e-9, [1, 1, 0])],
)
def test_a_share_of_each_class_is_held_out(share, held_out):
    """Of 10, 4 and 1 rows: at least one, but never all of a class."""
    y = np.repeat([0, 1, 2], [10, 4, 1])
    for seed in range(3):
        assert np.bincount(y[hold_out(y, share, seed)], minlength=3).tolist() == held_out


def test_rows_held_out_are_drawn():
    y = np.zeros(50, int)
    assert (hold_out(y, 0.2, 0) != hold_out(y, 0.2, 1)).any()
    assert (hold_out(y, 0.2, 0) == hold_out(y, 0.2, 0)).all()


def test_nothing_is_held_out_without_early_stopping():
    assert not hold_out(np.array([0, 0, 1, 1]), 0.0, 0).any()
