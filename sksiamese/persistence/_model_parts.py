"""The objects that a fitted model is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from inspect import Parameter, signature
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.tree._tree import Tree


def iterate_parts(value: Any) -> Iterator[tuple[str, Any]]:
    """Go through a model and all objects within it, each once, with its path."""
    seen: set[int] = set()
    waiting = [("", value)]
    while waiting:
        path, part = waiting.pop(0)
        if id(part) in seen:
            continue
        seen.add(id(part))
        yield path, part
        waiting += [(path + step, child) for step, child in _children(part)]


def find_culprit(value: Any, is_good: Callable[[Any], bool]) -> tuple[str, Any]:
    """Find the innermost part that is not good, and its path."""
    path, bad = "", value
    while True:
        worse = next(((s, c) for s, c in _children(bad) if not is_good(c)), None)
        if worse is None:
            return path.lstrip("."), bad
        path, bad = path + worse[0], worse[1]


def add_missing_parameters(model: Any) -> None:
    """Give estimators the defaults of parameters that they did not have where they were saved.

    Scikit-learn adds and drops parameters from version to version, and an estimator that lacks one
    can be neither cloned nor printed.
    """
    for _, part in iterate_parts(model):
        if isinstance(part, BaseEstimator):
            for name, parameter in signature(type(part)).parameters.items():
                if parameter.default is not Parameter.empty and not hasattr(part, name):
                    setattr(part, name, parameter.default)


def require_sound_parts(model: Any) -> None:
    """Refuse indices that compiled code would follow out of its arrays.

    Raises
    ------
    ValueError
        If a tree or a sparse matrix has such an index.
    """
    for _, part in iterate_parts(model):
        if isinstance(part, Tree):
            _require_sound_tree(part)
        elif sparse.issparse(part) and part.format in ("csr", "csc"):
            part.check_format(full_check=True)


def _require_sound_tree(tree: Tree) -> None:
    """Children come after their parent, and features exist."""
    parents, n_nodes = np.arange(tree.node_count), tree.node_count
    inner = tree.children_left != -1
    for children in (tree.children_left[inner], tree.children_right[inner]):
        if not ((children > parents[inner]) & (children < n_nodes)).all():
            raise ValueError("a tree has a branch that leads nowhere")
    features = tree.feature[inner]
    if not ((features >= 0) & (features < tree.n_features)).all():
        raise ValueError("a tree asks for a feature that does not exist")


def _children(part: Any) -> list[tuple[str, Any]]:
    if isinstance(part, Mapping):
        return [(f"[{key!r}]", child) for key, child in part.items()]
    if isinstance(part, (list, tuple, set, frozenset)):
        return [(f"[{place}]", child) for place, child in enumerate(part)]
    if isinstance(part, np.ndarray):
        cells = part.flat if part.dtype == object else ()
        return [(f"[{place}]", child) for place, child in enumerate(cells)]
    return [(f".{name}", child) for name, child in getattr(part, "__dict__", {}).items()]
