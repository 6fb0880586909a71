"""Effects in words: the part of each column that differs most, and what speaks for and against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from sksiamese._checks import plain_label
from sksiamese.plotting._drawing import split_unit
from sksiamese.surrogate._additive_axes import Axis
from sksiamese.surrogate._tree_words import Feature, show_number

_SMALL = 0.05  # log-odds, about one point
_MOST_NAMES = 4  # in a sentence
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


def list_findings(
    axes: list[Axis], effects: pd.DataFrame, features: Mapping[str, Feature]
) -> pd.DataFrame:
    """List what ``AdditiveEffectsExplainer.findings`` gives, (n_columns, 7).

    Parameters
    ----------
    axes : list of Axis
        The axes.
    effects : DataFrame of shape (n_values, 8)
        As in ``AdditiveEffectsExplainer.effects_``.
    features : mapping of str to Feature
        Words for the names of a column.
    """
    rows = []
    for axis in axes:
        effect = effects[effects["column"] == axis.name]
        cut = find_cut(axis, effect, features.get(axis.name))
        if cut is None:
            continue
        n = int(effect["n_measured"].to_numpy()[cut.inside].sum())
        is_number = axis.knots is not None
        text = _sentence(axis, cut)
        rows.append(
            {
                "finding": text if n else f"{text} (none measured there)",
                "column": axis.name,
                "points": cut.points,
                "low": cut.limits[0] if is_number else np.nan,
                "high": cut.limits[1] if is_number else np.nan,
                "names": () if is_number else tuple(effect["value"].to_numpy()[cut.inside]),
                "n_measured": n,
            }
        )
    names = ["finding", "column", "points", "low", "high", "names", "n_measured"]
    frame = pd.DataFrame(rows, columns=names)
    return frame.sort_values("points", key=lambda points: -points.abs(), ignore_index=True)


def tell_contributions(added: pd.DataFrame, start: float, positive: Any) -> list[str]:
    """Say what speaks for and against one experiment.

    Parameters
    ----------
    added : DataFrame of shape (n_terms, 4)
        From ``AdditiveEffectsExplainer.contributions``.
    start : float
        Log-odds to begin with.
    positive : object
        The class whose log-odds these are.
    """
    total = start + added["log_odds"].sum()
    lines = [
        f"The effects say {plain_label(positive)!r} with probability {expit(total):.2f} (log-odds "
        f"{total:+.2f}):",
        f"  {start:+.2f}  to begin with",
    ]
    small = added["log_odds"].abs() < _SMALL
    for title, sign in [("for", 1), ("against", -1)]:
        chosen = added[~small & (np.sign(added["log_odds"]) == sign)]
        lines += [f"{title} it:", *map(_tell_part, chosen.itertuples())]
        lines += [] if len(chosen) else ["  nothing"]
    if small.any():
        rest = added.loc[small, "log_odds"].sum()
        lines.append(f"{rest:+.2f}  from {small.sum()} smaller ones together")
    return lines


def _tell_part(part: Any) -> str:
    mark = "" if part.n_measured else " (none measured there)"
    return f"  {part.log_odds:+.2f}  {part.term}: {part.value}{mark}"


def _sentence(axis: Axis, cut: Cut) -> str:
    size = round(abs(cut.points))
    if not size:
        return f"{axis.name} makes no difference"
    does = "costs" if cut.points < 0 else "brings"
    return f"{cut.words} {does} {size} point{'s' * (size > 1)}"


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
    if gains[band] == 0:
        return None
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
    return Feature(axis.name, "group", labels, moved).condition(low, high, _MOST_NAMES)
