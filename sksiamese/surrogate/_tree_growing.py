"""The tree itself: grown on judged samples, described node by node, compared with labels."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import accuracy_score, f1_score, matthews_corrcoef
from sklearn.tree import DecisionTreeClassifier

from sksiamese._checks import plain_label
from sksiamese.exceptions import LowFidelityWarning
from sksiamese.surrogate._tree_words import TreeWords

N_FRESH = 1000
"""Samples that fidelity and stability are measured on."""

N_REDRAWS = 2
"""Trees that stability compares with."""

_LOW_MCC = 0.8
_LEAST_GAIN = 0.001  # share of the samples' Gini impurity; a split that takes less tells nothing


class Samples(NamedTuple):
    """Experiments drawn from the space, seen by the view and judged by the black box."""

    view: pd.DataFrame  # (n_samples, n_viewed)
    labels: npt.NDArray[np.intp]  # (n_samples,), class numbers
    proba: npt.NDArray[np.float64]  # (n_samples, n_classes)


def grow_tree(
    samples: Samples, rng: np.random.RandomState, **limits: Any
) -> DecisionTreeClassifier:
    """Grow a tree that tells the labels of samples from their view.

    Parameters
    ----------
    samples : Samples
        What the tree learns.
    rng : RandomState
        Decides between splits that are equally good.
    **limits : object
        Parameters of DecisionTreeClassifier that bound its size.
    """
    shares = np.bincount(samples.labels) / len(samples.labels)
    tree = DecisionTreeClassifier(
        min_impurity_decrease=_LEAST_GAIN * (1 - (shares**2).sum()),
        random_state=rng.randint(2**31 - 1),
        **limits,
    )
    units = _units(samples.view)
    tree.fit(samples.view * units, samples.labels)
    inner = tree.tree_.feature >= 0
    tree.tree_.threshold[inner] /= units[tree.tree_.feature[inner]]
    return tree


def describe_nodes(
    tree: DecisionTreeClassifier, words: TreeWords, samples: Samples, classes: npt.NDArray[Any]
) -> pd.DataFrame:
    """Nodes (n_nodes, 11) with their words, and what the black box says of the samples there."""
    inside = tree.decision_path(samples.view).T  # (n_nodes, n_samples)
    n_samples = np.asarray(inside.sum(axis=1)).ravel()
    counts = inside @ np.eye(len(classes))[samples.labels]  # (n_nodes, n_classes)
    proba = inside @ samples.proba / n_samples[:, None]
    chosen = counts.argmax(axis=1)
    nodes = np.arange(len(chosen))
    described = words.frame().assign(
        prediction=classes[chosen],
        probability=proba[nodes, chosen],
        n_samples=n_samples.astype(int),
        n_correct=counts[nodes, chosen].astype(int),
        is_leaf=tree.tree_.children_left < 0,
    )
    return described.loc[words.order()]


def compare_labels(
    truth: npt.NDArray[Any], said: npt.NDArray[Any], n_classes: int
) -> dict[str, float]:
    """Agreement of two lists of class numbers: accuracy, F1 and Matthews correlation."""
    is_flat = len(np.unique([truth, said])) == 1  # scikit-learn would warn
    labels = [1] if n_classes == 2 else None
    return {
        "accuracy": float(accuracy_score(truth, said)),
        "f1": float(f1_score(truth, said, labels=labels, average="macro", zero_division=0)),
        "mcc": 0.0 if is_flat else float(matthews_corrcoef(truth, said)),
    }


def tell_fidelity(
    black_box: Any, n_samples: int, fidelity: Mapping[str, float], stability: Mapping[str, float]
) -> str:
    """Tell in words how far a tree can be trusted.

    Parameters
    ----------
    black_box : classifier
        What the tree imitates.
    n_samples : int
        Number of samples that the tree was grown on.
    fidelity, stability : mapping of str to float
        From :func:`compare_labels`, to the black box and to other trees.

    Returns
    -------
    str
        Two lines.
    """
    inner = black_box.estimator if isinstance(black_box, FrozenEstimator) else black_box
    return (
        f"Fidelity to {type(inner).__name__} on {N_FRESH:,} fresh samples: "
        f"{_show_scores(fidelity)}.\n"
        f"Stability, against {N_REDRAWS} other draws of {n_samples:,} samples: "
        f"{_show_scores(stability)}."
    )


def warn_if_low(
    fidelity: Mapping[str, float], labels: npt.NDArray[np.intp], classes: npt.NDArray[Any]
) -> None:
    """Warn that a tree tells a part of the story only.

    Parameters
    ----------
    fidelity : mapping of str to float
        From :func:`compare_labels`.
    labels : ndarray of shape (n_fresh,)
        Class numbers of the fresh samples by the black box.
    classes : ndarray of shape (n_classes,)
        Class labels.
    """
    if fidelity["mcc"] >= _LOW_MCC:
        return
    if len(np.unique(labels)) == 1:
        text = (
            f"The black box labels all {N_FRESH:,} fresh samples "
            f"{plain_label(classes[labels[0]])!r}: there is nothing to tell apart. Widen the "
            "space, or look at how well the black box has learnt."
        )
    else:
        text = (
            "The tree agrees with the black box with a Matthews correlation of "
            f"{fidelity['mcc']:.2f} only (below {_LOW_MCC}): its rules tell a part of the story. "
            "Try max_depth=None with max_leaf_nodes=16 or more, a narrower space, or a view with "
            "the quantities that matter."
        )
    warnings.warn(text, LowFidelityWarning, stacklevel=3)


def _show_scores(scores: Mapping[str, float]) -> str:
    return f"accuracy {scores['accuracy']:.2f}, F1 {scores['f1']:.2f}, MCC {scores['mcc']:.2f}"


def _units(view: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Powers of two that spread small numbers over one or more.

    To scikit-learn's trees, numbers closer than 1e-7 are equal, such as nanomolar amounts in M.
    """
    spread = (view.max() - view.min()).to_numpy()
    return 2.0 ** np.maximum(0, -np.floor(np.log2(np.where(spread > 0, spread, 1.0))))
