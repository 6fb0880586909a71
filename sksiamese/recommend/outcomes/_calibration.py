"""Are the probabilities right? Learnt from predictions of past experiments that were held out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize
from scipy.special import expit, logit
from scipy.stats import binomtest
from sklearn.model_selection import StratifiedGroupKFold

_PRIOR_STD = 1.0  # of level and slope, around those of a classifier that is right
_LEAST_SLOPE = 0.1  # keeps the order of experiments
_NEAREST = 1e-3  # how near to 0 and 1 a probability is taken
_BINS = 5
_SEED = 0  # deals experiments out to folds

_Floats: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    r"""What a classifier states, brought to how often it came true.

    The log-odds z of a classifier become :math:`a + b (z - c)`, as Platt does it, around the mean c
    of those that a and b were learnt from.

    Parameters
    ----------
    centre : float
        The mean c.
    level, slope : float
        The values a and b.
    level_std, slope_std : float
        How far they may be off.
    """

    centre: float
    level: float
    slope: float
    level_std: float
    slope_std: float

    def apply(self, stated: _Floats) -> _Floats:
        """Calibrated probabilities (n_rows,) of those that a classifier states."""
        return np.asarray(expit(self.level + self.slope * (_log_odds(stated) - self.centre)))

    def spread(self, stated: _Floats, std: _Floats) -> _Floats:
        """Give the standard deviation (n_rows,) of a calibrated probability.

        By the spread `std` of the classifier, and by what is unknown of the calibration.
        """
        z, p = _log_odds(stated), self.apply(stated)
        by_model = self.slope * std / (expit(z) * expit(-z))
        by_slope = self.slope_std * (z - self.centre)
        found = p * (1 - p) * np.sqrt(by_model**2 + by_slope**2 + self.level_std**2)
        return np.asarray(np.minimum(found, np.sqrt(p * (1 - p))))  # the most there can be


def fit_calibration(stated: _Floats, worked: _Floats) -> Calibration:
    r"""Learn from what was stated (n_rows,) out of fold, and what worked (n_rows,), 0 or 1.

    Level and slope are most probable under normal priors, around those that change nothing. What
    few experiments leave open of the slope, a variance v, draws the most extreme log-odds z towards
    the level, by MacKay's approximation of a mean probability:

    .. math::

        b = \frac{\hat{b}}{\sqrt{1 + \pi v \max (z - c)^2 / 8}}
    """
    z = _log_odds(stated)
    prior = np.array([z.mean(), 1.0])
    design = np.column_stack([np.ones(len(z)), z - z.mean()])

    def loss(found: _Floats) -> tuple[float, _Floats]:
        odds, off = design @ found, (found - prior) / _PRIOR_STD**2
        value = np.sum(np.logaddexp(0, odds) - worked * odds) + off @ (found - prior) / 2
        return float(value), design.T @ (expit(odds) - worked) + off

    bounds = [(None, None), (_LEAST_SLOPE, None)]
    level, slope = minimize(loss, prior, jac=True, method="L-BFGS-B", bounds=bounds).x
    p = expit(design @ [level, slope])
    curvature = (design * (p * (1 - p))[:, None]).T @ design + np.eye(2) / _PRIOR_STD**2
    level_std, slope_std = np.sqrt(np.diag(np.linalg.inv(curvature)))
    farthest = slope_std * np.abs(design[:, 1]).max()
    shrunk = slope / np.sqrt(1 + np.pi / 8 * farthest**2)
    return Calibration(*map(float, (z.mean(), level, shrunk, level_std, slope_std)))


def hold_out(
    predict: Callable[[npt.NDArray[np.intp], npt.NDArray[np.intp]], _Floats | None],
    worked: npt.NDArray[np.bool_],
    same: npt.NDArray[Any],
    n_folds: int,
) -> _Floats:
    """Probability of each experiment by a classifier that was not fitted with it, (n_rows,).

    Parameters
    ----------
    predict : callable
        Takes rows to train with and rows to predict; None where the former do not suffice.
    worked : ndarray of shape (n_rows,)
        Whether they worked.
    same : ndarray of shape (n_rows,)
        Equal for experiments that stay in one fold, such as repeats.
    n_folds : int
        Number of folds, or fewer where there are too few successes or failures.

    Returns
    -------
    ndarray of shape (n_rows,)
        NaN where there is none.
    """
    found = np.full(len(worked), np.nan)
    n_folds = min(n_folds, *(len(np.unique(same[worked == side])) for side in (True, False)))
    if n_folds < 2:
        return found
    folds = StratifiedGroupKFold(n_folds, shuffle=True, random_state=_SEED)
    for train, test in folds.split(worked, worked, same):
        stated = predict(train, test)
        if stated is not None:
            found[test] = stated
    return found


def bin_outcomes(p: _Floats, worked: npt.NDArray[np.bool_]) -> pd.DataFrame:
    """Count what worked of the experiments in five bins of their probabilities, bin by bin."""
    edges = np.linspace(0, 1, _BINS + 1)
    place = np.clip(np.digitize(p, edges) - 1, 0, _BINS - 1)
    rows = []
    for k in np.unique(place):
        inside = place == k
        n, hits = int(inside.sum()), int(worked[inside].sum())
        low, high = binomtest(hits, n).proportion_ci(0.95, method="wilson")
        about = {"from": edges[k], "to": edges[k + 1], "stated": p[inside].mean()}
        rows.append(about | {"n": n, "worked": hits, "share": hits / n, "low": low, "high": high})
    names = ["from", "to", "stated", "n", "worked", "share", "low", "high"]
    return pd.DataFrame(rows, columns=names).round(3)


def _log_odds(p: _Floats) -> _Floats:
    return np.asarray(logit(np.clip(p, _NEAREST, 1 - _NEAREST)))
