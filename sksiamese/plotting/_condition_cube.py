"""Small probability maps at each point of a cube of three conditions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from sksiamese._checks import require_integer
from sksiamese.plotting._condition_grid import lay_out_grid, predict_grid
from sksiamese.plotting._drawing import (
    COLORMAP,
    axis_label,
    describe_value,
    distinct_names,
    draw_title,
    import_pyplot,
    two_names,
)
from sksiamese.space._space import DesignSpace

_GAP = 0.18  # between the small maps, in units of their width
_SHEET_GAP = 0.5  # between the sheets of a cube
_Floats = npt.NDArray[np.float64]


@dataclass(eq=False, repr=False)
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

    cube: Sequence[_Floats]
    x: _Floats
    y: _Floats
    probability: _Floats
    _: KW_ONLY
    cube_columns: Sequence[str]
    columns: Sequence[str]
    pos_label: Any
    fixed: str = ""

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
            Class whose probability is drawn; by default the one that says that it is success,
            such as 1 or "hit", else the last one.
        cube_resolution : int, default=3
            Number of values of each condition of the cube; 10 in the paper, which need `pages`.
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
            If a column or a value does not suit the design space, or `pos_label` is not one of the
            classes.
        """
        names = [*distinct_names("cube_columns", cube_columns, 3), *two_names(columns)]
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
        plt = import_pyplot()

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
                cmap=COLORMAP,
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
        draw_title(ax, self.fixed)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def pages(self) -> list[ConditionCubeDisplay]:
        """Part the cube into pictures, one for each value of its third condition.

        One picture holds about four sheets; the ten of the paper need a page each.

        Returns
        -------
        list of ConditionCubeDisplay
            In the order of ``cube[2]``, not yet drawn: call ``plot``.

        Examples
        --------
        >>> import numpy as np
        >>> from sksiamese.plotting import ConditionCubeDisplay
        >>> axis = np.linspace(0, 1, 3)
        >>> cube = ConditionCubeDisplay(
        ...     [axis] * 3,
        ...     axis,
        ...     axis,
        ...     np.zeros((3,) * 5),
        ...     cube_columns=["a_mM", "b_mM", "c_mM"],
        ...     columns=["temperature_C", "pH"],
        ...     pos_label="success",
        ... )
        >>> [page.cube[2].tolist() for page in cube.pages()]
        [[0.0], [0.5], [1.0]]
        """
        first, second, third = self.cube
        return [
            replace(
                self,
                cube=[first, second, third[i : i + 1]],
                probability=self.probability[:, :, i : i + 1],
            )
            for i in range(len(third))
        ]

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
