"""Pictures of probabilities over conditions."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

from sksiamese._grids import lay_out_grid, predict_grid, spread_grid
from sksiamese._pictures import axis_label, describe_value
from sksiamese._validation import ensure_table, plain_label, require_boolean, require_integer
from sksiamese.space import DesignSpace

__all__ = ["ConditionCubeDisplay", "ProbabilityMapDisplay"]

_COLORMAP = "cividis"  # looks the same to every colour vision
_MARKERS = "oXsD^vP"
_SMOOTHED = 0.05  # share of an axis that contours are smoothed over
_GAP = 0.18  # between the small maps, in units of their width
_SHEET_GAP = 0.5  # between the sheets of a cube

_Floats = npt.NDArray[np.float64]


class ProbabilityMapDisplay:
    """Map of a probability over two conditions, in the manner of Fig. 5a-b of arXiv 1811.02771.

    Past experiments lie on top, one marker for each outcome; those with other molecules or levels
    than the map are small and pale. What the design space rules out stays white.

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
        Standard deviation of the members' probabilities, drawn as contours after smoothing, since
        trees change it in steps.
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

    def __init__(
        self,
        x: _Floats,
        y: _Floats,
        probability: _Floats,
        *,
        columns: tuple[str, str],
        pos_label: Any,
        fixed: str = "",
        spread: _Floats | None = None,
        experiments: Any = None,
    ) -> None:
        self.x = x
        self.y = y
        self.probability = probability
        self.columns = columns
        self.pos_label = pos_label
        self.fixed = fixed
        self.spread = spread
        self.experiments = experiments

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
            Class whose probability is drawn; by default the last one.
        spread : bool, default=False
            Whether to draw contours of the standard deviation over the members of an ensemble.
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
            If the estimator gives no probabilities, or has no members to spread.
        ValueError
            If a column or a value does not suit the design space, or `pos_label` is no class.
        """
        names = _two_names(columns)
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
        import matplotlib.pyplot as plt

        has_room = ax is None  # for a legend below
        if ax is None:
            _, ax = plt.subplots(figsize=(6, 4.4), layout="constrained")
        mesh = ax.pcolormesh(
            self.x, self.y, self.probability, cmap=_COLORMAP, vmin=0, vmax=1, shading="nearest"
        )
        ax.figure.colorbar(mesh, ax=ax, label=f"probability of {self.pos_label}")
        if self.spread is not None:
            _draw_contours(ax, self.x, self.y, self.spread)
        if self.experiments is not None:
            self._draw_experiments(ax, has_room)
        ax.set_xlabel(axis_label(self.columns[0]))
        ax.set_ylabel(axis_label(self.columns[1]))
        _draw_title(ax, self.fixed)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _draw_experiments(self, ax: Any, has_room: bool) -> None:
        labels = sorted(self.experiments["outcome"].unique(), key=lambda c: c != self.pos_label)
        for number, label in enumerate(labels):
            rows = self.experiments[self.experiments["outcome"] == label]
            style: dict[str, Any] = {
                "marker": _MARKERS[number % len(_MARKERS)],
                "c": "black" if number else "white",
                "edgecolors": "white" if number else "black",
            }
            pale, full = rows[~rows["alike"]], rows[rows["alike"]]
            ax.scatter(pale["x"], pale["y"], s=14, alpha=0.35, linewidths=0.5, zorder=3, **style)
            name = plain_label(label)
            ax.scatter(full["x"], full["y"], s=48, linewidths=0.9, zorder=4, label=name, **style)
        handles = ax.get_legend_handles_labels()[0]
        title = "measured"
        if not self.experiments["alike"].all():
            title = "measured (small: other molecules)"
        below = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.16)}
        ax.legend(
            handles=handles,
            title=title,
            **(below if has_room else {"loc": "best"}),
            ncols=min(len(labels), 4) if has_room else 1,
            fontsize=9,
            title_fontsize=9,
            facecolor="0.75",
            framealpha=1,
        )


class ConditionCubeDisplay:
    """Maps over two conditions at each point of a cube of three, as in Fig. 5c of arXiv 1811.02771.

    The cube is laid out in sheets, one beside the other: within a sheet the first condition of the
    cube grows to the right and the second upwards, from sheet to sheet the third. Each point holds
    a small map of the two other conditions. White is what the design space rules out.

    Parameters
    ----------
    cube : sequence of three ndarray
        Values of the cube's conditions, lengths n_a, n_b and n_c.
    x, y : ndarray of shape (n_x,), (n_y,)
        Values of the conditions of the small maps.
    probability : ndarray of shape (n_a, n_b, n_c, n_x, n_y)
        Probability of `pos_label`; NaN where an experiment is impossible.
    cube_columns, columns : sequence of str
        Names of the cube's three columns, and of the maps' two.
    pos_label : object
        The class.
    fixed : str, default=""
        What all experiments share, in words.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Where the cube was drawn.
    figure_ : matplotlib.figure.Figure
        The figure.

    See Also
    --------
    ProbabilityMapDisplay : A single map, with the experiments.

    Examples
    --------
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sksiamese.datasets import make_nanoclusters
    >>> from sksiamese.plotting import ConditionCubeDisplay
    >>> X, y = make_nanoclusters(54, random_state=0, return_X_y=True)
    >>> X = X.select_dtypes("number")
    >>> model = RandomForestClassifier(random_state=0).fit(X, y)
    >>> display = ConditionCubeDisplay.from_estimator(
    ...     model,
    ...     X,
    ...     cube_columns=("ligand_mM", "HAuCl4_mM", "reductant_mM"),
    ...     columns=("temperature_C", "pH"),
    ... )  # doctest: +SKIP
    """

    def __init__(
        self,
        cube: Sequence[_Floats],
        x: _Floats,
        y: _Floats,
        probability: _Floats,
        *,
        cube_columns: Sequence[str],
        columns: Sequence[str],
        pos_label: Any,
        fixed: str = "",
    ) -> None:
        self.cube = cube
        self.x = x
        self.y = y
        self.probability = probability
        self.cube_columns = cube_columns
        self.columns = columns
        self.pos_label = pos_label
        self.fixed = fixed

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        *,
        cube_columns: Sequence[str],
        columns: Sequence[str],
        at: Any = None,
        space: DesignSpace | None = None,
        pos_label: Any = None,
        cube_resolution: int = 3,
        grid_resolution: int = 12,
        ax: Any = None,
    ) -> ConditionCubeDisplay:
        """Ask a fitted classifier about a grid of five conditions, and draw it.

        Parameters
        ----------
        estimator : estimator
            A fitted classifier with ``predict_proba``, such as a Pipeline.
        X : DataFrame or array of shape (n_samples, n_columns)
            Past experiments.
        cube_columns : sequence of three str
            Columns of numbers that span the cube, such as concentrations.
        columns : sequence of two str
            Columns of numbers: the axes of the small maps.
        at : mapping of str to object, Series or None, default=None
            Values of other columns, such as ``X.iloc[3]``. Those not named take the median of their
            numbers, or their most frequent molecule or level.
        space : DesignSpace or None, default=None
            Ranges, and what is possible; by default ``DesignSpace.from_frame(X)``.
        pos_label : object, default=None
            Class whose probability is drawn; by default the last one.
        cube_resolution : int, default=3
            Number of values of each condition of the cube; 10 in the paper.
        grid_resolution : int, default=12
            Number of values of each condition of a small map; 10 in the paper.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; by default a new figure.

        Returns
        -------
        ConditionCubeDisplay
            The picture.

        Raises
        ------
        TypeError
            If the estimator gives no probabilities.
        ValueError
            If a column or a value does not suit the design space, or `pos_label` is no class.
        """
        names = [*_distinct_names("cube_columns", cube_columns, 3), *_two_names(columns)]
        if len(set(names)) < len(names):
            raise ValueError(
                f"The columns of a cube and of its maps must all differ. Got {names!r}."
            )
        require_integer(cls.__name__, "cube_resolution", cube_resolution, 2)
        require_integer(cls.__name__, "grid_resolution", grid_resolution, 2)
        steps = dict.fromkeys(names[:3], cube_resolution)
        grid = lay_out_grid(X, steps | dict.fromkeys(names[3:], grid_resolution), at, space)
        probability, label = predict_grid(estimator, grid, pos_label)
        return cls(
            grid.axes[:3],
            grid.axes[3],
            grid.axes[4],
            probability,
            cube_columns=names[:3],
            columns=names[3:],
            pos_label=label,
            fixed=grid.fixed,
        ).plot(ax)

    def plot(self, ax: Any = None) -> ConditionCubeDisplay:
        """Draw the cube.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; by default a new figure, as wide as a notebook's column.

        Returns
        -------
        ConditionCubeDisplay
            The picture itself.
        """
        import matplotlib.pyplot as plt

        n_a, n_b, n_c = (len(values) for values in self.cube)
        width = n_a + (n_a - 1) * _GAP + _SHEET_GAP  # from one sheet to the next
        if ax is None:
            height = 5.2 * (n_b + (n_b - 1) * _GAP) / (n_c * width) + 2.4
            _, ax = plt.subplots(figsize=(6, height), layout="constrained")
        mesh = None
        for a, b, c in np.ndindex(n_a, n_b, n_c):
            left, bottom = c * width + a * (1 + _GAP), b * (1 + _GAP)
            mesh = ax.imshow(
                self.probability[a, b, c].T,
                extent=(left, left + 1, bottom, bottom + 1),
                cmap=_COLORMAP,
                vmin=0,
                vmax=1,
                origin="lower",
                interpolation="nearest",
            )
        for c, value in enumerate(self.cube[2]):
            ax.text(
                c * width + (width - _SHEET_GAP) / 2,
                n_b * (1 + _GAP),
                describe_value(self.cube_columns[2], value),
                ha="center",
                va="bottom",
                fontsize=9,
            )
        self._label_axes(ax, width)
        ax.figure.colorbar(
            mesh,
            ax=ax,
            label=f"probability of {self.pos_label}",
            location="bottom",
            shrink=0.6,
            aspect=30,
        )
        _draw_title(ax, self.fixed)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _label_axes(self, ax: Any, width: float) -> None:
        n_a, n_b, n_c = (len(values) for values in self.cube)
        ticks = [c * width + a * (1 + _GAP) + 0.5 for c in range(n_c) for a in range(n_a)]
        ax.set_xticks(ticks, [f"{value:.3g}" for value in self.cube[0]] * n_c, fontsize=8)
        heights = [b * (1 + _GAP) + 0.5 for b in range(n_b)]
        ax.set_yticks(heights, [f"{value:.3g}" for value in self.cube[1]], fontsize=8)
        ax.set_xlim(-_GAP, n_c * width - _SHEET_GAP + _GAP)
        ax.set_ylim(-_GAP, n_b * (1 + _GAP) + 0.6)
        ax.set_aspect("equal")
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
        across, up = (
            f"{axis_label(name)} {values[0]:.3g} to {values[-1]:.3g}"
            for name, values in zip(self.columns, (self.x, self.y), strict=True)
        )
        ax.set_xlabel(f"{axis_label(self.cube_columns[0])}\nin each map → {across}, ↑ {up}")
        ax.set_ylabel(axis_label(self.cube_columns[1]))


def _two_names(columns: Any) -> tuple[str, str]:
    first, second = _distinct_names("columns", columns, 2)
    return first, second


def _distinct_names(parameter: str, columns: Any, n: int) -> list[str]:
    names = [] if isinstance(columns, str) else list(columns)
    if len(names) != n or len(set(names)) < n:
        raise ValueError(
            f"The {parameter!r} parameter must name {n} different columns. Got {columns!r} instead."
        )
    return names


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


def _draw_title(ax: Any, fixed: str) -> None:
    if fixed:
        ax.set_title(textwrap.fill(f"at {fixed}", 80), fontsize=8)
