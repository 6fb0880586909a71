"""Picture of the effects of single columns."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from sksiamese._checks import plain_label
from sksiamese.plotting._drawing import axis_label, clip, import_pyplot

_COLOR, _GUESS = "#0072B2", "#D55E00"
_PANELS_PER_ROW = 3
_MOST_BARS = 14


@dataclass(eq=False, repr=False)
class EffectsDisplay:
    """Curves and bars of an additive explainer, one panel for each column, the largest first.

    A panel shows the mean probability if all experiments had a value, and its interval over draws
    and members. Marks at the bottom are measured experiments; what none of them supports is hollow
    for names, and dashed and orange for numbers.

    Parameters
    ----------
    effects : DataFrame of shape (n_values, 8)
        As in ``AdditiveEffectsExplainer.effects_``.
    measured : DataFrame of shape (n_samples, n_columns)
        Measured experiments.
    positive : object
        The class whose probability is shown.
    caption : str, default=""
        Text above the panels, such as the fidelity.
    findings : mapping of str to str, default={}
        Text above the panel of a column.

    Attributes
    ----------
    axes_ : dict of str to matplotlib.axes.Axes
        The panels by column.
    ax_ : matplotlib.axes.Axes
        The first of them.
    figure_ : matplotlib.figure.Figure
        The figure.

    See Also
    --------
    EffectsDisplay.from_estimator : Draw the effects of a fitted explainer.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sksiamese import AdditiveEffectsExplainer
    >>> from sksiamese.plotting import EffectsDisplay
    >>> X = np.linspace(0, 1, 40)[:, None]
    >>> explainer = AdditiveEffectsExplainer(LogisticRegression(), random_state=0)
    >>> explainer = explainer.fit(X, np.where(X[:, 0] > 0.5, "works", "fails"))
    >>> display = EffectsDisplay.from_estimator(explainer)  # doctest: +SKIP
    """

    effects: pd.DataFrame
    measured: pd.DataFrame
    positive: Any
    caption: str = ""
    findings: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None) -> EffectsDisplay:
        """Draw the effects of a fitted explainer.

        Parameters
        ----------
        estimator : AdditiveEffectsExplainer
            The fitted explainer.
        ax : matplotlib.axes.Axes or None, default=None
            Whose place the panels take; by default a new figure.

        Returns
        -------
        EffectsDisplay
            The picture.
        """
        check_is_fitted(estimator)
        told = estimator.findings().set_index("column")["finding"].to_dict()
        scores = estimator.fidelity_
        caption = (
            f"fidelity of {len(estimator.effects_['column'].unique())} effects and "
            f"{len(estimator.pairs_)} pairs: MCC {scores['mcc']:.2f}, F1 {scores['f1']:.2f}"
        )
        parts = (estimator.effects_, estimator.measured_, estimator.positive_)
        return cls(*parts, caption, told).plot(ax)

    def plot(self, ax: Any = None) -> EffectsDisplay:
        """Draw the effects.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Whose place the panels take; by default a new figure, as large as they need.

        Returns
        -------
        EffectsDisplay
            The picture itself.
        """
        plt = import_pyplot()

        groups = dict(list(self.effects.groupby("column", sort=False)))
        names = sorted(groups, key=lambda name: -np.ptp(groups[name]["probability"]))
        n_rows = math.ceil(len(names) / _PANELS_PER_ROW)
        n_columns = min(len(names), _PANELS_PER_ROW)
        if ax is None:
            figure = plt.figure(figsize=(4 * n_columns, 3 * n_rows + 0.4), layout="constrained")
            grid = figure.add_gridspec(n_rows, n_columns)
            figure.suptitle(self.caption, fontsize=10)
        else:
            figure, place = ax.figure, ax.get_subplotspec()
            ax.axis("off")
            ax.set_title(self.caption, fontsize=10)
            grid = place.subgridspec(n_rows, n_columns)
        self.axes_ = {}
        for number, name in enumerate(names):
            panel = figure.add_subplot(grid[number // n_columns, number % n_columns])
            self._draw(panel, name, groups[name])
            self.axes_[name] = panel
        self.ax_, self.figure_ = self.axes_[names[0]], figure
        return self

    def _draw(self, ax: Any, name: str, effect: pd.DataFrame) -> None:
        is_number = effect["value"].map(lambda value: isinstance(value, float))
        label = f"probability of {plain_label(self.positive)}"
        if is_number.any():
            self._draw_curve(ax, name, effect[is_number])
            ax.set(ylim=(0, 1), xlabel=axis_label(name), ylabel=label)
        else:
            self._draw_bars(ax, effect)
            part = f", both ends of {len(effect)}" if len(effect) > _MOST_BARS else ""
            ax.set(xlim=(0, 1), xlabel=label, ylabel=axis_label(name) + part)
        ax.set_title(_wrap(self.findings.get(name, "")), fontsize=8)

    def _draw_curve(self, ax: Any, name: str, effect: pd.DataFrame) -> None:
        x = effect["value"].to_numpy(float)
        y, seen = effect["probability"].to_numpy(), effect["n_measured"].to_numpy() > 0
        ax.fill_between(x, effect["low"], effect["high"], color=_COLOR, alpha=0.2, lw=0)
        for i in range(len(x) - 1):
            known = seen[i] or seen[i + 1]
            style = {"color": _COLOR if known else _GUESS, "ls": "-" if known else "--"}
            ax.plot(x[i : i + 2], y[i : i + 2], lw=2, **style)
        cells = pd.to_numeric(self.measured[name]).to_numpy(float, na_value=np.nan)
        ax.plot(cells, np.full(len(cells), 0.02), "|", color="0.3", ms=8)

    def _draw_bars(self, ax: Any, effect: pd.DataFrame) -> None:
        effect = effect.sort_values("probability", kind="stable")
        if len(effect) > _MOST_BARS:  # both ends tell most
            half = _MOST_BARS // 2
            effect = pd.concat([effect[:half], effect[-half:]])
        places, seen = np.arange(len(effect)), effect["n_measured"].to_numpy() > 0
        colors = [_COLOR if each else "white" for each in seen]
        edges = [_COLOR if each else _GUESS for each in seen]
        bars = np.abs(effect[["low", "high"]].T.to_numpy() - effect["probability"].to_numpy())
        ax.barh(
            places, effect["probability"], xerr=bars, color=colors, edgecolor=edges, ecolor="0.4"
        )
        labels = [
            f"{clip(str(label))} ({n})"
            for label, n in zip(effect["value"], effect["n_measured"], strict=True)
        ]
        ax.set_yticks(places, labels, fontsize=7)


def _wrap(text: str) -> str:
    return textwrap.fill(textwrap.shorten(text, 110, placeholder=" ..."), 46)
