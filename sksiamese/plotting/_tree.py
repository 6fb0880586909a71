"""Picture of a surrogate tree."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sklearn.utils.validation import check_is_fitted

from sksiamese.plotting._drawing import import_pyplot

# Okabe and Ito's colours, told apart whatever the colour vision; light, since text stands on them.
_COLORS = ("#F3C677", "#8FC9EE", "#7FCDB4", "#F5EE9B", "#E2B3CE", "#E7A27A", "#9FB8D9")
_INCHES_PER_LEVEL, _INCHES_PER_LEAF = 2.1, 0.5
_CHARACTERS = 16  # of a name in a line


@dataclass(eq=False, repr=False)
class SurrogateTreeDisplay:
    """Picture of a surrogate tree, in the manner of Fig. 6 of arXiv 1811.02771.

    From left to right: ovals ask about a quantity, the answers stand on the lines, and rectangles
    hold the class, the mean probability of it by the black box, and the number of samples that the
    black box labels so, slash, otherwise.

    Parameters
    ----------
    nodes : DataFrame of shape (n_nodes, n_columns)
        Nodes as in ``SurrogateTreeExplainer.nodes_``: "parent", "depth", "feature", "branch",
        "prediction", "probability", "n_samples", "n_correct" and "is_leaf"; parents come first.
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
    def from_estimator(cls, estimator: Any, *, ax: Any = None) -> SurrogateTreeDisplay:
        """Draw the tree of a fitted explainer.

        Parameters
        ----------
        estimator : SurrogateTreeExplainer
            The fitted explainer.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; by default a new figure.

        Returns
        -------
        SurrogateTreeDisplay
            The picture.
        """
        check_is_fitted(estimator)
        scores = "\n".join(
            f"{what} MCC {values['mcc']:.2f}, F1 {values['f1']:.2f}"
            for what, values in [
                ("fidelity to the black box:", estimator.fidelity_),
                ("stability over other draws:", estimator.stability_),
            ]
        )
        return cls(estimator.nodes_, list(estimator.classes_), scores).plot(ax)

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
        if ax is None:
            size = (_INCHES_PER_LEVEL * n_levels + 0.4, _INCHES_PER_LEAF * n_leaves + 1.3)
            _, ax = plt.subplots(figsize=size, layout="constrained")
        for node in self.nodes.itertuples():
            self._draw_branch(ax, node, heights)
        for node in self.nodes.itertuples():
            self._draw_node(ax, node, heights[node.Index])
        ax.set_xlim(-0.5, n_levels - 0.5)
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
            node.branch,
            ha="center",
            va="center",
            fontsize=9,
            bbox={"boxstyle": "square,pad=0.1", "fc": "white", "ec": "none"},
            zorder=2,
        )

    def _draw_node(self, ax: Any, node: Any, height: float) -> None:
        if node.is_leaf:
            color = _COLORS[self.classes.index(node.prediction) % len(_COLORS)]
            box = {"boxstyle": "square,pad=0.35", "fc": color, "ec": "0.3"}
            label = textwrap.shorten(str(node.prediction), _CHARACTERS, placeholder="...")
            counts = f"{node.n_correct:,}/{node.n_samples - node.n_correct:,}"
            text = f"{label} {node.probability:.2f}\n{counts}"
        else:
            box = {"boxstyle": "ellipse,pad=0.2", "fc": "white", "ec": "0.3"}
            text = textwrap.fill(node.feature, _CHARACTERS)
        ax.text(node.depth, height, text, ha="center", va="center", fontsize=9, bbox=box, zorder=3)

    def _draw_legend(self, ax: Any) -> None:
        from matplotlib.patches import Patch

        patches = [
            Patch(fc=_COLORS[number % len(_COLORS)], ec="0.3", label=str(label))
            for number, label in enumerate(self.classes)
        ]
        ax.legend(
            handles=patches,
            title="prediction, its probability, right/wrong samples",
            loc="upper center",
            bbox_to_anchor=(0.5, 0.0),
            ncols=min(len(patches), 4),
            frameon=False,
            fontsize=9,
            title_fontsize=9,
        )
