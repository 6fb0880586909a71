"""Effects in the user's units: mean probabilities along each axis, and the cut that tells most."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from sksiamese.plotting._drawing import split_unit
from sksiamese.surrogate._additive_axes import Axis, Basis
from sksiamese.surrogate._additive_terms import Sides, Terms
from sksiamese.surrogate._tree_words import Feature, show_number

_BAND = (0.05, 0.95)  # of the functions
_BAND_GAIN = 0.15  # of a curve's variance, that two limits must explain more than one

_Floats = npt.NDArray[np.float64]


class Cut(NamedTuple):
    """The part of an axis that differs most from the rest.

    Parameters
    ----------
    words : str
        Its words: "temperature above 50 °C".
    limits : (float, float)
        Between which it lies; of names, in the order of their probability.
    points : float
        Its mean probability minus that of the rest, in percentage points.
    inside : ndarray of bool of shape (n_knots,)
        Which knots belong to it.
    """

    words: str
    limits: tuple[float, float]
    points: float
    inside: npt.NDArray[np.bool_]


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


def find_cut(axis: Axis, effect: pd.DataFrame, feature: Feature | None) -> Cut | None:
    """Find the part of an axis that differs most from the rest, or None where all is the same.

    Parameters
    ----------
    axis : Axis
        The axis.
    effect : DataFrame of shape (n_knots, n_columns)
        Its rows of :func:`describe_effects`.
    feature : Feature or None
        Words for the names of the axis.
    """
    n = len(axis.knots) if axis.knots is not None else axis.size
    curve, share = effect["probability"].to_numpy()[:n], effect["share"].to_numpy()[:n]
    order = np.arange(n) if axis.knots is not None else np.argsort(curve, kind="stable")
    if n < 2 or np.ptp(curve) == 0:
        return None
    gains = {limits: _gain(curve[order], share[order], *limits) for limits in _candidates(axis, n)}
    best = max((limits for limits in gains if limits[1] == n), key=lambda each: gains[each])
    band = max(gains, key=lambda each: gains[each])
    total = share @ (curve - np.average(curve, weights=share)) ** 2
    start, stop = band if gains[band] > gains[best] + _BAND_GAIN * total else best
    inside = np.zeros(axis.size, bool)
    inside[order[start:stop]] = True
    means = [np.average(curve[side], weights=share[side]) for side in (inside[:n], ~inside[:n])]
    limits = _limits(axis, start, stop, n)
    words = _words(axis, feature, limits, order, n)
    return Cut(words, limits, float(100 * (means[0] - means[1])), inside)


def _candidates(axis: Axis, n: int) -> list[tuple[int, int]]:
    """Give the first place of a part and the one after its last; names need no second limit."""
    cuts = [(start, n) for start in range(1, n)]
    if axis.knots is None:
        return cuts
    return cuts + [(start, stop) for start in range(1, n) for stop in range(start + 1, n)]


def _gain(curve: _Floats, share: _Floats, start: int, stop: int) -> float:
    """Give the variance of a curve that is explained by setting a part of it apart."""
    inside = np.zeros(len(curve), bool)
    inside[start:stop] = True
    weight = share[inside].sum()
    if not 0 < weight < share.sum():
        return 0.0
    gap = np.average(curve[inside], weights=share[inside]) - np.average(
        curve[~inside], weights=share[~inside]
    )
    return float(weight * (share.sum() - weight) / share.sum() * gap**2)


def _limits(axis: Axis, start: int, stop: int, n: int) -> tuple[float, float]:
    if axis.knots is None:
        return start - 0.5, np.inf
    middle = [(axis.knots[i - 1] + axis.knots[i]) / 2 for i in range(1, n)]
    return middle[start - 1], np.inf if stop == n else middle[stop - 1]


def _words(
    axis: Axis, feature: Feature | None, limits: tuple[float, float], order: Any, n: int
) -> str:
    low, high = limits
    if axis.knots is not None:
        quantity, unit = split_unit(axis.name)
        where = f"above {show_number(low)}"
        if high < np.inf:
            where = f"between {show_number(low)} and {show_number(high)}"
        return f"{quantity} {where} {unit}".strip()
    place = {int(old): new for new, old in enumerate(order)}
    shared = feature.shared if feature is not None else ()
    moved = tuple((text, tuple(sorted(place[i] for i in inside))) for text, inside in shared)
    labels = tuple(axis.labels[i] for i in order[:n])
    return Feature(axis.name, "group", labels, moved).condition(low, high)
