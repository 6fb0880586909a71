"""The tree itself: grown on judged samples, and described node by node."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.tree import DecisionTreeClassifier

from sksiamese.surrogate._fidelity import compare_labels
from sksiamese.surrogate._tree_words import TreeWords

N_REDRAWS = 2
"""Trees that stability compares with."""

_SLACK = 0.005  # Matthews correlation that a smaller tree may lose


class Samples(NamedTuple):
    """Experiments drawn from the space, seen by the view and judged by the black box."""

    view: pd.DataFrame  # (n_samples, n_viewed)
    proba: npt.NDArray[np.float64]  # (n_samples, n_classes)

    @property
    def labels(self) -> npt.NDArray[np.intp]:
        """Class numbers, (n_samples,)."""
        return self.proba.argmax(axis=1)


def grow_tree(
    samples: Samples, seed: int, max_leaf_nodes: int | None, **limits: Any
) -> DecisionTreeClassifier:
    """Grow a tree that tells the labels of samples from their view, the best split first.

    Parameters
    ----------
    samples : Samples
        What the tree learns.
    seed : int
        Decides between splits that are equally good.
    max_leaf_nodes : int or None
        Leaves at most; None sets no limit.
    **limits : object
        Other parameters of DecisionTreeClassifier that bound its size.
    """
    tree = DecisionTreeClassifier(
        max_leaf_nodes=max_leaf_nodes
        or max(2, len(samples.view)),  # a number: the best comes first
        random_state=seed,
        **limits,
    )
    units = _units(samples.view)
    tree.fit(samples.view * units, samples.labels)
    inner = tree.tree_.feature >= 0
    tree.tree_.threshold[inner] /= units[tree.tree_.feature[inner]]
    return tree


def split_order(tree: Any) -> npt.NDArray[np.intp]:
    """Inner nodes of a tree's arrays in the order in which they were split.

    scikit-learn numbers children when their parent is split.
    """
    inner = np.flatnonzero(tree.children_left >= 0)
    return inner[np.argsort(tree.children_left[inner])]


def find_size(tree: DecisionTreeClassifier, samples: Samples, min_fidelity: float) -> int:
    """Leaves that a tree needs to agree with samples that it has not seen.

    Parameters
    ----------
    tree : DecisionTreeClassifier
        Grown with the best split first.
    samples : Samples
        Other samples than the tree has learnt.
    min_fidelity : float
        Matthews correlation asked for.

    Returns
    -------
    int
        The smallest number of leaves that reaches it; if none does, the smallest that comes within
        0.005 of the best.
    """
    n_classes = samples.proba.shape[1]
    mcc = np.array(
        [compare_labels(samples.labels, said, n_classes)["mcc"] for said in _say(tree, samples)]
    )
    return int(np.argmax(mcc >= min(min_fidelity, mcc.max() - _SLACK))) + 1


def _say(tree: DecisionTreeClassifier, samples: Samples) -> Iterator[npt.NDArray[np.intp]]:
    """Class numbers that the tree gives with one leaf, two leaves, and so on."""
    winners = tree.classes_[tree.tree_.value[:, 0].argmax(axis=1)]
    inside = tree.decision_path(samples.view).tocsc()
    said = np.full(len(samples.view), winners[0])
    yield said
    for node in split_order(tree.tree_):
        for child in (tree.tree_.children_left[node], tree.tree_.children_right[node]):
            said[inside[:, child].indices] = winners[child]
        yield said


def describe_nodes(
    tree: DecisionTreeClassifier,
    words: TreeWords,
    samples: Samples,
    measured: pd.DataFrame,
    classes: npt.NDArray[Any],
) -> pd.DataFrame:
    """Nodes (n_nodes, 13) with their words, and what the black box says of the samples there."""
    inside = tree.decision_path(samples.view).T  # (n_nodes, n_samples)
    n_samples = np.asarray(inside.sum(axis=1)).ravel()
    counts = count_labels(tree, samples)
    proba = inside @ samples.proba / n_samples[:, None]
    chosen = counts.argmax(axis=1)
    nodes = np.arange(len(chosen))
    order = np.full(len(chosen), -1)
    splits = split_order(tree.tree_)
    order[splits] = np.arange(len(splits))
    described = words.frame().assign(
        prediction=classes[chosen],
        probability=proba[nodes, chosen],
        n_samples=n_samples.astype(int),
        n_correct=counts[nodes, chosen].astype(int),
        n_measured=np.asarray(tree.decision_path(measured).sum(axis=0), int).ravel(),
        split_order=order,
        is_leaf=tree.tree_.children_left < 0,
    )
    return described.loc[words.order()]


def count_labels(tree: DecisionTreeClassifier, samples: Samples) -> npt.NDArray[np.float64]:
    """Count the samples of each class (n_nodes, n_classes) at each node."""
    counts = tree.decision_path(samples.view).T @ np.eye(samples.proba.shape[1])[samples.labels]
    return np.asarray(counts)


def _units(view: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Powers of two that spread small numbers over one or more.

    To scikit-learn's trees, numbers closer than 1e-7 are equal, such as nanomolar amounts in M.
    """
    spread = (view.max() - view.min()).to_numpy()
    return 2.0 ** np.maximum(0, -np.floor(np.log2(np.where(spread > 0, spread, 1.0))))
