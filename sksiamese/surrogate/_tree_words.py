"""A fitted decision tree in words: nodes, conditions and paths."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd


class Feature(NamedTuple):
    """A column of the view.

    Parameters
    ----------
    name : str
        Its name.
    kind : {"binary", "whole", "real", "group"}
        Whether only 0 and 1, only whole numbers, any numbers, or places of names in an order occur.
    labels : tuple of str, default=()
        These names, in their order.
    shared : tuple of (str, tuple of int), default=()
        Words for sets of places: what these share, and no other.
    """

    name: str
    kind: str
    labels: tuple[str, ...] = ()
    shared: tuple[tuple[str, tuple[int, ...]], ...] = ()

    @classmethod
    def of(cls, values: pd.Series) -> Feature:
        """Find the kind of a column of numbers."""
        if values.isin([0, 1]).all():
            return cls(str(values.name), "binary")
        return cls(str(values.name), "whole" if (values % 1 == 0).all() else "real")

    def branch(self, low: float, high: float) -> str:
        """Say that a value lies above `low` or up to `high`, without the name."""
        if self.kind == "group":
            text = self.condition(low, high).removeprefix(self.name).strip()
            return "others" if text.startswith("is none of") else text
        if self.kind == "binary":
            return "no" if high < np.inf else "yes"
        if high < np.inf:
            return f"≤ {self._limit(high)}"
        return f"≥ {self._limit(low + 1)}" if self.kind == "whole" else f"> {self._limit(low)}"

    def condition(self, low: float, high: float, most: int | None = None) -> str:
        """Say with the name that a value lies above `low` and up to `high`; list `most` names."""
        if self.kind == "group":
            return self._members(low, high, most)
        if self.kind == "binary":
            holds = low > -np.inf
            if " is " not in self.name:
                return f"{self.name} = {int(holds)}"
            return self.name if holds else self.name.replace(" is ", " is not ", 1)
        if low == -np.inf or high == np.inf:
            return f"{self.name} {self.branch(low, high)}"
        if self.kind == "real":
            return f"{self._limit(low)} < {self.name} ≤ {self._limit(high)}"
        first, last = self._limit(low + 1), self._limit(high)
        return f"{self.name} = {first}" if first == last else f"{first} ≤ {self.name} ≤ {last}"

    def value(self, value: float) -> str:
        """Write one value: a name, or a number."""
        if self.kind != "group":
            return show_number(value)
        return self.labels[int(value)] if value % 1 == 0 else "none that the space lists"

    def _members(self, low: float, high: float, most: int | None) -> str:
        """Say which names a group holds, by what they share or by the shorter list."""
        places = range(len(self.labels))
        inside = tuple(place for place in places if low < place <= high)
        for words, shared in self.shared:
            if shared == inside:
                return words
        outside = tuple(place for place in places if place not in inside)
        if np.inf in (-low, high) and len(outside) < len(inside):
            one, more, chosen = "not", "none of", outside
        else:
            one, more, chosen = "", "one of", inside
        return f"{self.name} is {_names(one, more, [self.labels[i] for i in chosen], most)}"

    def _limit(self, value: float) -> str:
        """Write a limit; of whole numbers the whole number below it."""
        return show_number(np.floor(value) if self.kind == "whole" else value)


def _names(one: str, more: str, names: list[str], most: int | None) -> str:
    comma = "; " if any("," in name for name in names) else ", "  # as in N,N-dimethylaniline
    text = comma.join(names[:most])
    if most is not None and len(names) > most:
        text += f" and {len(names) - most} more"
    return f"{one if len(names) == 1 else more} {text}".strip()


class TreeWords:
    """Conditions of a tree's nodes.

    Parameters
    ----------
    tree : sklearn.tree._tree.Tree
        The arrays of a fitted decision tree.
    features : list of Feature
        The columns it was fitted on.
    """

    def __init__(self, tree: Any, features: list[Feature]) -> None:
        self.tree = tree
        self.features = features
        self.parent = np.full(tree.node_count, -1)
        for children in (tree.children_left, tree.children_right):
            inner = np.flatnonzero(children >= 0)
            self.parent[children[inner]] = inner

    def order(self) -> list[int]:
        """Numbers of the nodes as they are read: a node, its left side, its right side."""
        found, waiting = [], [0]
        while waiting:
            node = waiting.pop()
            found.append(node)
            if self.tree.children_left[node] >= 0:
                waiting += [int(self.tree.children_right[node]), int(self.tree.children_left[node])]
        return found

    def path(self, node: int) -> list[int]:
        """Nodes from the root to a node."""
        found = [node]
        while self.parent[found[0]] >= 0:
            found.insert(0, int(self.parent[found[0]]))
        return found

    def limits(self, node: int) -> tuple[int, float, float]:
        """Feature, lower and upper limit of the branch that leads to a node."""
        parent = self.parent[node]
        threshold = self.tree.threshold[parent]
        is_left = self.tree.children_left[parent] == node
        low, high = (-np.inf, threshold) if is_left else (threshold, np.inf)
        return int(self.tree.feature[parent]), low, high

    def conditions(self, node: int) -> dict[int, str]:
        """Say what holds at a node, by feature; all limits of a feature are one condition."""
        merged: dict[int, tuple[float, float]] = {}
        for step in self.path(node)[1:]:
            feature, low, high = self.limits(step)
            before = merged.get(feature, (-np.inf, np.inf))
            merged[feature] = (max(low, before[0]), min(high, before[1]))
        return {f: self.features[f].condition(*limits) for f, limits in merged.items()}

    def frame(self) -> pd.DataFrame:
        """Parent, depth, question, and words of the branch to each node, (n_nodes, 6)."""
        rows = []
        for node in range(self.tree.node_count):
            feature, branch, condition = self.tree.feature[node], "", ""
            if self.parent[node] >= 0:
                asked, low, high = self.limits(node)
                branch = self.features[asked].branch(low, high)
                condition = self.features[asked].condition(low, high)
            rows.append(
                {
                    "parent": self.parent[node],
                    "depth": len(self.path(node)) - 1,
                    "feature": self.features[feature].name if feature >= 0 else "",
                    "threshold": self.tree.threshold[node] if feature >= 0 else np.nan,
                    "branch": branch,
                    "condition": condition,
                }
            )
        return pd.DataFrame(rows)


def show_number(value: float) -> str:
    """Write a number with three significant digits, or all digits before the point."""
    rounded = float(f"{value:.3g}") if abs(value) < 1000 else round(value)
    return np.format_float_positional(rounded, trim="-")
