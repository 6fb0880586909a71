"""Picture of a surrogate tree."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sklearn.utils.validation import check_is_fitted

from sksiamese.plotting._drawing import axis_label, clip, import_pyplot

# Okabe and Ito's colours, told apart whatever the colour vision; light, since text stands on them.
_COLORS = ("#F3C677", "#8FC9EE", "#7FCDB4", "#F5EE9B", "#E2B3CE", "#E7A27A", "#9FB8D9")
_INCHES_PER_LEVEL, _INCHES_PER_LEAF = 2.1, 0.6
_LEAST_WIDTH, _LEAST_HEIGHT = 5.4, 2.5  # of title and legend beside a single leaf
_CHARACTERS = 16  # of a name in a line
_BRANCH = 36  # characters of an answer


@dataclass(eq=False, repr=False)
class SurrogateTreeDisplay:
    """Picture of a surrogate tree, in the manner of Fig. 6 of arXiv 1811.02771.

    From left to right: ovals ask about a quantity, the answers stand on the lines, and rectangles
    hold the class, the mean probability of it by the black box, and the number of samples that the
    black box labels so, slash, otherwise. A triangle stands for a part that was cut off, and tells
    in addition how many leaves it has and what is asked next. A dashed line around a rectangle or a
    triangle says that no measured experiment lies there.

    Parameters
    ----------
    nodes : DataFrame of shape (n_shown, n_columns)
        Nodes as from ``SurrogateTreeExplainer.shown``: "parent", "depth", "feature", "branch",
        "prediction", "probability", "n_samples", "n_correct", "n_measured", "is_leaf", "is_cut" and
        "n_leaves"; parents come first.
    classes : sequence
        Class labels, which decide the colours.
    caption : str, default=""
        Text above the tree, such as its fidelity.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Where the tree was drawn.
    figure_ : matplotlib.figure.Figure
        The figure.

    See Also
    --------
    SurrogateTreeDisplay.from_estimator : Draw the tree of a fitted explainer.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sksiamese import SurrogateTreeExplainer
    >>> from sksiamese.plotting import SurrogateTreeDisplay
    >>> X = np.linspace(0, 1, 40)[:, None]
    >>> explainer = SurrogateTreeExplainer(LogisticRegression(), random_state=0)
    >>> explainer = explainer.fit(X, np.where(X[:, 0] > 0.5, "works", "fails"))
    >>> display = SurrogateTreeDisplay.from_estimator(explainer)  # doctest: +SKIP
    """

    nodes: pd.DataFrame
    classes: Sequence[Any]
    caption: str = ""

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        ax: Any = None,
        max_leaves: int | None = 16,
        max_depth: int | None = None,
    ) -> SurrogateTreeDisplay:
        """Draw the tree of a fitted explainer.

        Parameters
        ----------
        estimator : SurrogateTreeExplainer
            The fitted explainer.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; by default a new figure.
        max_leaves, max_depth : int or None
            How much is drawn, as in ``SurrogateTreeExplainer.shown``.

        Returns
        -------
        SurrogateTreeDisplay
            The picture.
        """
        check_is_fitted(estimator)
        nodes = estimator.shown(max_leaves, max_depth)
        n_all, n_shown = nodes.loc[0, "n_leaves"], nodes["is_leaf"].sum()
        told = [(f"fidelity of all {n_all} leaves:", nodes.attrs["fidelity"])]
        if n_shown < n_all:
            told.append((f"fidelity of the {n_shown} shown:", nodes.attrs["fidelity_shown"]))
        told.append(("stability over other draws:", nodes.attrs["stability"]))
        scores = "\n".join(f"{what} MCC {s['mcc']:.2f}, F1 {s['f1']:.2f}" for what, s in told)
        return cls(nodes, list(estimator.classes_), scores).plot(ax)

    def plot(self, ax: Any = None) -> SurrogateTreeDisplay:
        """Draw the tree.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; by default a new figure, as large as the tree needs.

        Returns
        -------
        SurrogateTreeDisplay
            The picture itself.
        """
        plt = import_pyplot()

        heights = self._heights()
        n_levels, n_leaves = self.nodes["depth"].max() + 1, int(self.nodes["is_leaf"].sum())
        room = 0.6 * self.nodes["is_cut"].any()  # for the text beside triangles, in levels
        if ax is None:
            width = _INCHES_PER_LEVEL * (n_levels + room) + 0.4
            height = _INCHES_PER_LEAF * n_leaves + 1.3
            size = max(width, _LEAST_WIDTH), max(height, _LEAST_HEIGHT)
            _, ax = plt.subplots(figsize=size, layout="constrained")
        for node in self.nodes.itertuples():
            self._draw_branch(ax, node, heights)
        for node in self.nodes.itertuples():
            self._draw_node(ax, node, heights[node.Index])
        ax.set_xlim(-0.5, n_levels - 0.5 + room)
        ax.set_ylim(n_leaves - 0.5, -0.6)
        ax.axis("off")
        if self.caption:
            ax.set_title(self.caption, fontsize=10)
        self._draw_legend(ax)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _heights(self) -> dict[int, float]:
        """Place of each node from top to bottom: leaves in turn, others between their children."""
        leaves = self.nodes.index[self.nodes["is_leaf"]]
        heights = {node: float(place) for place, node in enumerate(leaves)}
        for node in reversed(self.nodes.index):
            if node not in heights:
                children = self.nodes.index[self.nodes["parent"] == node]
                heights[node] = sum(heights[child] for child in children) / len(children)
        return heights

    def _draw_branch(self, ax: Any, node: Any, heights: dict[int, float]) -> None:
        if node.parent < 0:
            return
        start, end = heights[node.parent], heights[node.Index]
        ax.plot([node.depth - 1, node.depth], [start, end], color="0.5", lw=1, zorder=1)
        ax.text(
            node.depth - 0.5,
            start + 0.5 * (end - start),
            textwrap.fill(textwrap.shorten(node.branch, _BRANCH, placeholder=" ..."), _CHARACTERS),
            ha="center",
            va="center",
            fontsize=9,
            bbox={"boxstyle": "square,pad=0.1", "fc": "white", "ec": "none"},
            zorder=2,
        )

    def _draw_node(self, ax: Any, node: Any, height: float) -> None:
        style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 9, "zorder": 3}
        if not node.is_leaf:
            box = {"boxstyle": "ellipse,pad=0.2", "fc": "white", "ec": "0.3"}
            text = textwrap.fill(axis_label(node.feature), _CHARACTERS)
            ax.text(node.depth, height, text, bbox=box, **style)
            return
        color = _COLORS[self.classes.index(node.prediction) % len(_COLORS)]
        line = {"ec": "0.3", "ls": "-" if node.n_measured else "--"}
        text = self._leaf_text(node)
        if not node.is_cut:
            box = {"boxstyle": "square,pad=0.35", "fc": color, **line}
            ax.text(node.depth, height, text, bbox=box, **style)
            return
        text += f"\n{node.n_leaves} leaves: {clip(axis_label(node.feature))}?"
        corners = [(-0.28, 0), (0.0, -0.42), (0.0, 0.42)]  # a triangle that opens to the right
        ax.fill(
            *zip(*((node.depth + x, height + y) for x, y in corners), strict=True),
            fc=color,
            zorder=3,
            **line,
        )
        ax.text(node.depth + 0.04, height, text, **style | {"ha": "left"})

    def _leaf_text(self, node: Any) -> str:
        label = textwrap.shorten(str(node.prediction), _CHARACTERS, placeholder="...")
        counts = f"{node.n_correct:,}/{node.n_samples - node.n_correct:,}"
        return f"{label} {node.probability:.2f}\n{counts}"

    def _draw_legend(self, ax: Any) -> None:
        from matplotlib.patches import Patch

        patches = [
            Patch(fc=_COLORS[number % len(_COLORS)], ec="0.3", label=str(label))
            for number, label in enumerate(self.classes)
        ]
        ax.legend(
            handles=patches,
            title="prediction, its probability, right/wrong samples\n(dashed: none measured)",
            loc="upper center",
            bbox_to_anchor=(0.5, 0.0),
            ncols=min(len(patches), 4),
            frameon=False,
            fontsize=9,
            title_fontsize=9,
        )
