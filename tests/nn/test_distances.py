"""Distances against plain loops, and their gradients against finite differences."""

import numpy as np
import pytest
import torch

from sksiamese.nn._distances import l1_distances


def rows(seed, n):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(2, n, 3, generator=generator, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize("same", [True, False])
def test_distances_and_gradients(same):
    g = rows(0, 4)
    h = g if same else rows(1, 5)
    found = l1_distances(g, h).detach().numpy()
    first, second = g.detach().numpy(), h.detach().numpy()
    for m, i, j in np.ndindex(found.shape):
        slow = sum(abs(a - b) for a, b in zip(first[m, i], second[m, j], strict=True))
        assert found[m, i, j] == pytest.approx(slow, abs=1e-12)
    mix = torch.randn(found.shape, generator=torch.Generator().manual_seed(2)).double()  # lopsided
    given = (g,) if same else (g, h)
    assert torch.autograd.gradcheck(lambda *ends: l1_distances(ends[0], ends[-1]) * mix, given)


def test_equal_rows_have_a_gradient_of_zero():
    g = torch.zeros(1, 3, 2, dtype=torch.float64, requires_grad=True)
    l1_distances(g, g).sum().backward()
    assert not g.grad.any()
