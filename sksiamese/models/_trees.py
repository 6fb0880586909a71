"""Similarity grown by trees: two experiments are alike where they fall into the same leaf."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import ExtraTreesClassifier

__all__ = ["LeafSupport", "grow_trees"]

_Float = npt.NDArray[np.float64]
_Int = npt.NDArray[np.int64]

_LARGEST = 1e30  # trees compute in single precision


def grow_trees(
    numeric: _Float, y: _Int, weight: _Float, n_trees: int, seed: int
) -> ExtraTreesClassifier:
    """Grow extremely randomised trees on the scaled numbers of experiments, to pure leaves."""
    trees = ExtraTreesClassifier(n_trees, random_state=seed)
    return trees.fit(_bounded(numeric), y, sample_weight=weight)


class LeafSupport(NamedTuple):
    """Labelled experiments in the leaves of trees.

    A tree's vote is the class shares of the support rows in the leaf, so that row j is evidence of
    weight ``w_j / sum(w in the leaf)``; leaves without support do not vote, and the class
    frequencies count as one more tree.

    Parameters
    ----------
    trees : ExtraTreesClassifier
        Trees that give the leaves.
    leaves : ndarray of shape (n_support, n_trees)
        Leaf of each support row in each tree.
    weight : ndarray of shape (n_support,)
        Sample weights.
    votes : list of ndarray of shape (n_nodes, n_classes), of length n_trees
        Class shares of each tree's leaves; zeros without support.
    prior : ndarray of shape (n_classes,)
        Prior probabilities of the classes.
    """

    trees: ExtraTreesClassifier
    leaves: _Int
    weight: _Float
    votes: list[_Float]
    prior: _Float

    @classmethod
    def of_rows(
        cls, trees: ExtraTreesClassifier, numeric: _Float, y: _Int, weight: _Float, prior: _Float
    ) -> LeafSupport:
        """Let labelled rows fall into the leaves."""
        leaves = np.stack(list(_find_leaves(trees, numeric)), axis=1)
        votes = []
        for tree, column in zip(trees.estimators_, leaves.T, strict=True):
            counts = np.zeros((tree.tree_.node_count, len(prior)))
            np.add.at(counts, (column, y), weight)
            votes.append(counts / np.maximum(counts.sum(1, keepdims=True), np.finfo(float).tiny))
        return cls(trees, leaves, weight, votes, prior)

    def proba(self, numeric: _Float, n_members: int) -> _Float:
        """Class probabilities (n_members, n, n_classes) of encoded rows.

        Each member has trees of its own (those left over are shared out in turn), so that the
        spread over the members tells of the trees' doubt too.
        """
        groups = min(n_members, len(self.votes))
        total = np.tile(self.prior / groups, (groups, len(numeric), 1))
        found = zip(self.votes, _find_leaves(self.trees, numeric), strict=True)
        for number, (votes, column) in enumerate(found):
            total[number % groups] += votes[column]
        proba = total / total.sum(-1, keepdims=True)
        return proba[np.arange(n_members) % groups]

    def shares(self, numeric: _Float, n_members: int) -> _Float:
        """Share of the evidence of each support row, averaged over the members, (n, n_support)."""
        groups = min(n_members, len(self.votes))
        evidence = np.zeros((groups, len(numeric), len(self.weight)))
        found = zip(self.leaves.T, _find_leaves(self.trees, numeric), strict=True)
        for number, (own, column) in enumerate(found):
            shared = np.where(np.equal.outer(column, own), self.weight, 0.0)
            shared /= np.maximum(shared.sum(1, keepdims=True), np.finfo(float).tiny)
            evidence[number % groups] += shared
        share = evidence / (1 / groups + evidence.sum(-1, keepdims=True))
        return np.asarray(share[np.arange(n_members) % groups].mean(axis=0))


def _find_leaves(trees: ExtraTreesClassifier, numeric: _Float) -> Iterator[_Int]:
    """Leaf of each row (n_rows,) in one tree after the other.

    ``trees.apply`` would ask joblib, which sets the warning filters of all threads.
    """
    rows = np.ascontiguousarray(_bounded(numeric), dtype=np.float32)
    for tree in trees.estimators_:
        yield tree.apply(rows, check_input=False)


def _bounded(numeric: _Float) -> _Float:
    return np.clip(numeric, -_LARGEST, _LARGEST)
