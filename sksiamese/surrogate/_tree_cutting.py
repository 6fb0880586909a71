"""The part of a tree that is shown: its most telling splits, and what was cut off below them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from sksiamese.surrogate._fidelity import compare_labels


def cut_nodes(nodes: pd.DataFrame, max_leaves: int | None, max_depth: int | None) -> pd.DataFrame:
    """Cut a tree to the splits that tell most.

    Parameters
    ----------
    nodes : DataFrame of shape (n_nodes, 13)
        As in ``SurrogateTreeExplainer.nodes_``.
    max_leaves, max_depth : int or None
        Size of what is shown at most; None sets no limit.

    Returns
    -------
    DataFrame of shape (n_shown, 15)
        The nodes that are left, in the same order. "is_leaf" says whether nothing is shown below a
        node, "is_cut" whether there was something, and "n_leaves" how many leaves of the whole tree
        it holds.
    """
    deepest = np.inf if max_depth is None else max_depth
    splits = nodes.index[~nodes["is_leaf"] & (nodes["depth"] < deepest)]
    in_order = nodes.loc[splits, "split_order"].sort_values().index
    kept = in_order if max_leaves is None else in_order[: max_leaves - 1]
    shown = nodes[nodes["parent"].isin([-1, *kept])]
    is_end = ~shown.index.isin(kept)
    return shown.assign(
        is_cut=is_end & ~shown["is_leaf"],
        is_leaf=is_end,
        n_leaves=_count_leaves(nodes)[shown.index],
    )


def fidelity_of(
    nodes: pd.DataFrame, counts: npt.NDArray[np.float64], classes: npt.NDArray[np.generic]
) -> dict[str, float]:
    """Agreement of a tree, cut or whole, with labels of which there are `counts` at each node.

    Parameters
    ----------
    nodes : DataFrame of shape (n_shown, n_columns)
        Nodes with their "prediction" and "is_leaf".
    counts : ndarray of shape (n_nodes, n_classes)
        Fresh samples of each class at each node of the whole tree.
    classes : ndarray of shape (n_classes,)
        Class labels.
    """
    ends = nodes[nodes["is_leaf"]]
    here = counts[ends.index].astype(int)  # (n_ends, n_classes)
    numbers = {label: number for number, label in enumerate(classes.tolist())}
    said = np.array([numbers[label] for label in ends["prediction"].tolist()])
    truth = np.tile(np.arange(len(classes)), len(ends))
    return compare_labels(
        np.repeat(truth, here.ravel()), np.repeat(said, here.sum(axis=1)), len(classes)
    )


def _count_leaves(nodes: pd.DataFrame) -> pd.Series:
    """Leaves of the whole tree at or below each node."""
    found = nodes["is_leaf"].astype(int).to_dict()
    for node, parent in reversed(list(nodes["parent"].items())):  # children come after parents
        if parent >= 0:
            found[parent] += found[node]
    return pd.Series(found)
