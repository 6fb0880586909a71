r"""An additive function of axes and pairs of axes: fitted by weighted least squares, and centred.

.. math:: s(x) = s_0 + \sum_j f_j(x_j) + \sum_{jk} f_{jk}(x_j, x_k)

Each :math:`f_j` is straight between the knots of its axis, each :math:`f_{jk}` bilinear between
coarser ones, and all have mean 0 over the samples, the latter along either axis.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import linalg, sparse

from sksiamese.surrogate._additive_axes import Axis, Basis

_RIDGE = 0.2  # in samples: what little is known of a knot pulls it to 0

_Floats = npt.NDArray[np.float64]


class Sides(NamedTuple):
    """Rows along all axes.

    Parameters
    ----------
    fine, coarse : list of Basis
        For each axis, with all its knots and with those of pairs.
    """

    fine: list[Basis]
    coarse: list[Basis]


class Terms(NamedTuple):
    """An additive function, or several of the same shape.

    Parameters
    ----------
    start : ndarray of shape (n_functions,)
        Their means.
    mains : list of ndarray of shape (n_knots, n_functions)
        Of each axis.
    pairs : list of (int, int)
        Axes that act together.
    tables : list of ndarray of shape (n_knots_first, n_knots_second, n_functions)
        Of each pair, over coarse knots.
    """

    start: _Floats
    mains: list[_Floats]
    pairs: list[tuple[int, int]]
    tables: list[_Floats]

    def parts(self, sides: Sides, number: int = 0) -> _Floats:
        """Give the terms (n_rows, n_axes + n_pairs) of one of the functions at some rows."""
        mains = [
            basis.matrix() @ values[:, number]
            for basis, values in zip(sides.fine, self.mains, strict=True)
        ]
        pairs = [
            sides.coarse[j].times(sides.coarse[k]).matrix() @ table[..., number].ravel()
            for (j, k), table in zip(self.pairs, self.tables, strict=True)
        ]
        return np.column_stack([*mains, *pairs])


def choose_pairs(
    axes: list[Axis], sides: Sides, target: _Floats, weight: _Floats, most: int
) -> list[tuple[int, int]]:
    """Find the pairs of axes that explain most of what single axes leave, the best first.

    Parameters
    ----------
    axes : list of Axis
        The axes.
    sides : Sides
        Rows along them.
    target, weight : ndarray of shape (n_rows,)
        What is to be told, and how much each row counts.
    most : int
        Pairs at most.
    """
    able = [j for j, axis in enumerate(axes) if axis.is_paired()]
    design = sparse.hstack([basis.matrix() for basis in sides.fine], format="csr")
    left = target - np.average(target, weights=weight)
    left = left - design @ _solve(design, left[:, None], weight)[:, 0]
    gains = {}
    for j, k in itertools.combinations(able, 2):
        both = sides.coarse[j].times(sides.coarse[k]).matrix()
        rest = left - both @ _solve(both, left[:, None], weight)[:, 0]
        gains[j, k] = weight @ (left**2 - rest**2)
    return sorted(gains, key=lambda pair: -gains[pair])[:most]


def fit_terms(
    axes: list[Axis],
    sides: Sides,
    pairs: list[tuple[int, int]],
    targets: _Floats,
    weight: _Floats,
) -> Terms:
    """Fit additive functions of the same shape to several targets.

    Parameters
    ----------
    axes : list of Axis
        The axes.
    sides : Sides
        Rows along them.
    pairs : list of (int, int)
        Which of them act together.
    targets : ndarray of shape (n_rows, n_functions)
        What each function is to tell.
    weight : ndarray of shape (n_rows,)
        How much each row counts.
    """
    bases = [*sides.fine, *(sides.coarse[j].times(sides.coarse[k]) for j, k in pairs)]
    design = sparse.hstack([basis.matrix() for basis in bases], format="csr")
    start = np.average(targets, axis=0, weights=weight)
    found = _solve(design, targets - start, weight)
    parts = np.split(found, np.cumsum([basis.size for basis in bases])[:-1])
    mains = parts[: len(axes)]
    tables = [
        part.reshape(sides.coarse[j].size, sides.coarse[k].size, -1)
        for (j, k), part in zip(pairs, parts[len(axes) :], strict=True)
    ]
    return _centre(axes, sides, Terms(start, mains, pairs, tables))


def _solve(design: sparse.csr_array, targets: _Floats, weight: _Floats) -> _Floats:
    """Weighted ridge regression: coefficients (n_knots, n_functions)."""
    scaled = design.multiply(weight[:, None]).tocsr()
    normal = (design.T @ scaled).toarray()
    normal[np.diag_indices_from(normal)] += _RIDGE * weight.mean()
    return linalg.solve(normal, scaled.T @ targets, assume_a="pos")


def _centre(axes: list[Axis], sides: Sides, terms: Terms) -> Terms:
    """Move means of pairs to their axes and those of axes to the start; the sum stays the same."""
    mains = [main.copy() for main in terms.mains]
    tables, start = [], terms.start.copy()
    fine, coarse = (
        [basis.matrix().mean(axis=0) for basis in bases] for bases in (sides.fine, sides.coarse)
    )
    for (j, k), table in zip(terms.pairs, terms.tables, strict=True):
        of_first = np.einsum("abm,b->am", table, coarse[k])
        table = table - of_first[:, None]
        of_second = np.einsum("abm,a->bm", table, coarse[j])
        tables.append(table - of_second[None])
        mains[j] += axes[j].spread() @ of_first
        mains[k] += axes[k].spread() @ of_second
    for main, shares in zip(mains, fine, strict=True):
        mean = shares @ main
        main -= mean
        start += mean
    return Terms(start, mains, terms.pairs, tables)


def side_by_side(found: Sequence[Terms]) -> Terms:
    """Put the functions of several terms, which have the same pairs, beside each other."""
    mains = zip(*(terms.mains for terms in found), strict=True)
    tables = zip(*(terms.tables for terms in found), strict=True)
    return Terms(
        np.concatenate([terms.start for terms in found]),
        [np.hstack(each) for each in mains],
        found[0].pairs,
        [np.concatenate(each, axis=2) for each in tables],
    )
