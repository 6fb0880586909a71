"""Map of a probability over two conditions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

from sksiamese._checks import plain_label, require_boolean, require_integer
from sksiamese._frames import ensure_table
from sksiamese.plotting._condition_grid import lay_out_grid, predict_grid, spread_grid
from sksiamese.plotting._drawing import (
    COLORMAP,
    axis_label,
    draw_title,
    import_pyplot,
    two_names,
)
from sksiamese.space._space import DesignSpace

_MARKERS = "oXsD^vP"
_SMOOTHED = 0.05  # share of an axis that contours are smoothed over
_BESIDE = 0.022  # of the horizontal axis, from one marker to the next at the same place
_Floats = npt.NDArray[np.float64]


@dataclass(eq=False, repr=False)
class ProbabilityMapDisplay:
    """Map of a probability over two conditions, in the manner of Fig. 5a-b of arXiv 1811.02771.

    Past experiments lie on top, one marker for each outcome, side by side where outcomes of one
    place differ; those with other molecules or levels than the map are small and pale. What the
    design space rules out stays white.

    Parameters
    ----------
    x, y : ndarray of shape (n_x,), (n_y,)
        Values of the two conditions.
    probability : ndarray of shape (n_y, n_x)
        Probability of `pos_label`; NaN where an experiment is impossible.
    columns : tuple of str
        Names of the two columns.
    pos_label : object
        The class.
    fixed : str, default=""
        What all experiments of the map share, in words.
    spread : ndarray of shape (n_y, n_x) or None, default=None
        Standard deviation of the probability, drawn as contours after smoothing, since trees change
        it in steps.
    experiments : DataFrame of shape (n_samples, 4) or None, default=None
        Past experiments: "x", "y", "outcome", and "alike": whether they share the molecules and
        levels of the map.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Where the map was drawn.
    figure_ : matplotlib.figure.Figure
        The figure.

    See Also
    --------
    ProbabilityMapDisplay.from_estimator : Ask a classifier and draw.
    ConditionCubeDisplay : The same over five conditions.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sksiamese.datasets import make_nanoclusters
    >>> from sksiamese.plotting import ProbabilityMapDisplay
    >>> X, y = make_nanoclusters(40, random_state=0, return_X_y=True)
    >>> X = X[["temperature_C", "pH"]]
    >>> model = LogisticRegression().fit(X, y)
    >>> display = ProbabilityMapDisplay.from_estimator(
    ...     model, X, y, columns=("temperature_C", "pH")
    ... )  # doctest: +SKIP
    """

    x: _Floats
    y: _Floats
    probability: _Floats
    _: KW_ONLY
    columns: tuple[str, str]
    pos_label: Any
    fixed: str = ""
    spread: _Floats | None = None
    experiments: Any = None

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any = None,
        *,
        columns: Sequence[str],
        at: Any = None,
        space: DesignSpace | None = None,
        pos_label: Any = None,
        spread: bool = False,
        grid_resolution: int = 50,
        ax: Any = None,
    ) -> ProbabilityMapDisplay:
        """Ask a fitted classifier about a grid of experiments, and draw the map.

        Parameters
        ----------
        estimator : estimator
            A fitted classifier with ``predict_proba``, such as a Pipeline.
        X : DataFrame or array of shape (n_samples, n_columns)
            Past experiments.
        y : array-like of shape (n_samples,), default=None
            Their outcomes; without them no experiment is drawn.
        columns : sequence of two str
            Columns of numbers: the horizontal and the vertical axis.
        at : mapping of str to object, Series or None, default=None
            Values of other columns, such as ``X.iloc[3]``. Those not named take the median of their
            numbers, or their most frequent molecule or level.
        space : DesignSpace or None, default=None
            Ranges, and what is possible; by default ``DesignSpace.from_frame(X)``.
        pos_label : object, default=None
            Class whose probability is drawn; by default the one that says that it is success,
            such as 1 or "hit", else the last one.
        spread : bool, default=False
            Whether to draw contours of how far the probability may be off, by ``predict_std``.
        grid_resolution : int, default=50
            Number of values of each condition.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; by default a new figure.

        Returns
        -------
        ProbabilityMapDisplay
            The picture.

        Raises
        ------
        TypeError
            If the estimator gives no probabilities, or has no ``predict_std``.
        ValueError
            If a column or a value does not suit the design space, or `pos_label` is not one of the
            classes.
        """
        names = two_names(columns)
        require_integer(cls.__name__, "grid_resolution", grid_resolution, 2)
        require_boolean(cls.__name__, "spread", spread)
        grid = lay_out_grid(X, dict.fromkeys(names, grid_resolution), at, space)
        probability, label = predict_grid(estimator, grid, pos_label)
        experiments = None
        if y is not None:
            frame = ensure_table(X).frame
            experiments = frame[list(names)].set_axis(["x", "y"], axis=1)
            experiments = experiments.assign(outcome=np.asarray(y), alike=grid.alike)
        return cls(
            grid.axes[0],
            grid.axes[1],
            probability.T,
            columns=names,
            pos_label=label,
            fixed=grid.fixed,
            spread=spread_grid(estimator, grid, pos_label).T if spread else None,
            experiments=experiments,
        ).plot(ax)

    def plot(self, ax: Any = None) -> ProbabilityMapDisplay:
        """Draw the map.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; by default a new figure, as wide as a notebook's column.

        Returns
        -------
        ProbabilityMapDisplay
            The picture itself.
        """
        plt = import_pyplot()

        has_room = ax is None  # for a legend below
        if ax is None:
            _, ax = plt.subplots(figsize=(6, 4.4), layout="constrained")
        mesh = ax.pcolormesh(
            self.x, self.y, self.probability, cmap=COLORMAP, vmin=0, vmax=1, shading="nearest"
        )
        ax.figure.colorbar(mesh, ax=ax, label=f"probability of {self.pos_label}")
        if self.spread is not None:
            _draw_contours(ax, self.x, self.y, self.spread)
        if self.experiments is not None:
            self._draw_experiments(ax)
        self._draw_legend(ax, has_room)
        ax.set_xlabel(axis_label(self.columns[0]))
        ax.set_ylabel(axis_label(self.columns[1]))
        draw_title(ax, self.fixed)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _draw_experiments(self, ax: Any) -> None:
        labels = sorted(self.experiments["outcome"].unique(), key=lambda c: c != self.pos_label)
        numbers = self.experiments["outcome"].map({label: n for n, label in enumerate(labels)})
        beside = _BESIDE * np.ptp(self.x) * _places_beside(self.experiments, numbers)
        moved = self.experiments.assign(x=self.experiments["x"] + beside)
        for number, label in enumerate(labels):
            rows = moved[numbers == number]
            style: dict[str, Any] = {
                "marker": _MARKERS[number % len(_MARKERS)],
                "c": "black" if number else "white",
                "edgecolors": "white" if number else "black",
            }
            pale, full = rows[~rows["alike"]], rows[rows["alike"]]
            ax.scatter(pale["x"], pale["y"], s=14, alpha=0.35, linewidths=0.5, zorder=3, **style)
            name = plain_label(label)
            ax.scatter(full["x"], full["y"], s=48, linewidths=0.9, zorder=4, label=name, **style)

    def _draw_legend(self, ax: Any, has_room: bool) -> None:
        from matplotlib.lines import Line2D

        handles, title = ax.get_legend_handles_labels()[0], None
        if self.experiments is not None:
            small = "" if self.experiments["alike"].all() else " (small: other molecules)"
            title = f"measured{small}"
        if self.spread is not None:
            handles.append(Line2D([], [], color="black", lw=1, label="± of the probability"))
        if not handles:
            return
        below = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.16)}
        ax.legend(
            handles=handles,
            title=title,
            **(below if has_room else {"loc": "best"}),
            ncols=min(len(handles), 4) if has_room else 1,
            fontsize=9,
            title_fontsize=9,
            facecolor="0.75",
            framealpha=1,
        )


def _places_beside(experiments: Any, numbers: Any) -> Any:
    """How many markers each one stands aside, for the outcomes of a place to stand in a row."""
    outcomes = numbers.groupby([experiments["x"], experiments["y"]])
    return outcomes.rank("dense") - (outcomes.transform("nunique") + 1) / 2


def _draw_contours(ax: Any, x: _Floats, y: _Floats, spread: _Floats) -> None:
    from matplotlib.patheffects import withStroke

    if not np.nanmax(spread) > np.nanmin(spread):
        return  # nothing to contour
    lines = ax.contour(x, y, _smooth(spread), levels=3, colors="black", linewidths=1)
    halo = [withStroke(linewidth=2.5, foreground="white")]
    lines.set(path_effects=halo)
    for text in ax.clabel(lines, fmt="±%.2g", fontsize=8):
        text.set_path_effects(halo)


def _smooth(values: _Floats) -> _Floats:
    """Even steps out, over a twentieth of either axis; NaN stays, and counts for nothing."""
    width = [n * _SMOOTHED for n in values.shape]
    known = np.isfinite(values)
    total = gaussian_filter(np.where(known, values, 0.0), width)
    weight = gaussian_filter(known.astype(float), width)
    return np.where(known, total / np.maximum(weight, np.finfo(float).tiny), np.nan)
