"""Effects in the user's units: mean probabilities along each axis."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from sksiamese.surrogate._additive_axes import Axis, Basis
from sksiamese.surrogate._additive_terms import Sides, Terms

_BAND = (0.05, 0.95)  # of the functions

_Floats = npt.NDArray[np.float64]


def describe_effects(
    axes: list[Axis], terms: Terms, samples: Sides, few: Sides, measured: Sides
) -> pd.DataFrame:
    """Describe the effect of each axis, knot by knot.

    Parameters
    ----------
    axes : list of Axis
        The axes.
    terms : Terms
        The additive function, and others for the interval.
    samples, few, measured : Sides
        Samples whose shares are told, those that probabilities are averaged over, and measured
        experiments.
    """
    totals = [terms.start[m] + terms.parts(few, m).sum(axis=1) for m in range(len(terms.start))]
    parts = []
    for j, axis in enumerate(axes):
        curves = np.array([_mean_curve(axes, terms, few, j, m, s) for m, s in enumerate(totals)])
        low, high = np.quantile(curves, _BAND, axis=0)
        parts.append(
            pd.DataFrame(
                {
                    "column": axis.name,
                    "value": pd.Series(axis.values, dtype=object),
                    "log_odds": terms.mains[j][:, 0],
                    "probability": curves[0],
                    "low": np.minimum(low, curves[0]),
                    "high": np.maximum(high, curves[0]),
                    "share": samples.fine[j].matrix().mean(axis=0),
                    "n_measured": count_nearest(measured.fine[j]),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def count_nearest(basis: Basis) -> npt.NDArray[np.intp]:
    """Count the rows that are nearest to each knot."""
    places = basis.nearest()
    return np.bincount(places[places >= 0], minlength=basis.size)


def _mean_curve(
    axes: list[Axis], terms: Terms, rows: Sides, j: int, number: int, total: _Floats
) -> _Floats:
    """Mean probability (n_knots,) of rows with each knot of an axis, all else kept."""
    own = rows.fine[j].matrix() @ terms.mains[j][:, number]
    moved = np.tile(terms.mains[j][:, [number]], len(total))  # (n_knots, n_rows)
    for pair, table in zip(terms.pairs, terms.tables, strict=True):
        if j not in pair:
            continue
        values = table[..., number] if pair[0] == j else table[..., number].T
        other = rows.coarse[pair[1] if pair[0] == j else pair[0]].matrix()
        along = other @ values.T  # (n_rows, n_coarse)
        own = own + (rows.coarse[j].matrix().toarray() * along).sum(axis=1)
        moved = moved + axes[j].spread() @ along.T
    return expit(total - own + moved).mean(axis=1)


def describe_pairs(axes: list[Axis], terms: Terms, sides: Sides) -> pd.DataFrame:
    """List the pairs, and how much both columns together move the log-odds; the most first."""
    together = terms.parts(sides)[:, len(axes) :].std(axis=0)
    found = {
        "first": [axes[j].name for j, _ in terms.pairs],
        "second": [axes[k].name for _, k in terms.pairs],
        "strength": together,
    }
    return pd.DataFrame(found).sort_values("strength", ascending=False, ignore_index=True)
