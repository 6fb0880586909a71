"""What is shown of a surrogate tree, as text: rules, branches, one path, and how true it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from sksiamese._checks import plain_label
from sksiamese.surrogate._fidelity import N_FRESH, show_scores
from sksiamese.surrogate._tree_words import Feature, TreeWords


def list_rules(nodes: pd.DataFrame, words: TreeWords) -> pd.DataFrame:
    """List the ends of what is shown as rules, (n_rules, 7).

    Parameters
    ----------
    nodes : DataFrame of shape (n_shown, 15)
        From ``SurrogateTreeExplainer.shown``.
    words : TreeWords
        Conditions of the nodes.
    """
    ends = nodes[nodes["is_leaf"]]
    return pd.DataFrame(
        {
            "rule": [
                " and ".join(words.conditions(node).values()) or "always" for node in ends.index
            ],
            "prediction": ends["prediction"].to_numpy(),
            "probability": ends["probability"].to_numpy(),
            "n_samples": ends["n_samples"].to_numpy(),
            "agreement": (ends["n_correct"] / ends["n_samples"]).to_numpy(),
            "n_measured": ends["n_measured"].to_numpy(),
            "n_leaves": ends["n_leaves"].to_numpy(),
        }
    )


def draw_lines(nodes: pd.DataFrame) -> list[str]:
    """Write one line for each branch, and one for each end."""
    lines = []
    for node in nodes.itertuples():
        if node.depth:
            lines.append("|   " * (node.depth - 1) + f"|--- {node.condition}")
        if node.is_leaf:
            lines.append("|   " * node.depth + f"|--- {_tell_end(node)}")
    return lines


def tell_path(
    node: Any, conditions: Mapping[int, str], features: list[Feature], view: pd.DataFrame
) -> list[str]:
    """Say why a leaf is reached, and what is known of it.

    Parameters
    ----------
    node : Series
        The leaf, a row of ``SurrogateTreeExplainer.nodes_``.
    conditions : mapping of int to str
        What holds there, by feature.
    features : list of Feature
        The features of the tree.
    view : DataFrame of shape (1, n_features)
        The experiment.
    """
    said = repr(plain_label(node["prediction"]))
    lines = [f"The tree predicts {said}{' because' if conditions else ' always.'}"]
    for number, condition in conditions.items():
        here = f" (here {features[number].value(view.iloc[0, number])})"
        lines.append(f"  {condition}{'' if features[number].kind == 'binary' else here}")
    share = node["n_correct"] / node["n_samples"]
    lines.append(
        f"Of {node['n_samples']:,} samples like it, the black box labels {share:.0%} so (mean "
        f"probability {node['probability']:.2f}); {_tell_measured(node['n_measured'])}."
    )
    return lines


def tell_fidelity(
    black_box: str, fidelity: Mapping[str, float], n_leaves: int, nodes: pd.DataFrame | None
) -> list[str]:
    """Say how true a tree of `n_leaves` is, and its `nodes` that are shown if they are fewer."""
    text = f"Fidelity to {black_box} on {N_FRESH:,} fresh samples: {show_scores(fidelity)}"
    if nodes is None or not nodes["is_cut"].any():
        return [f"{text}."]
    return [
        f"{text}, with all {n_leaves} leaves.",
        f"Of the {nodes['is_leaf'].sum()} shown alone: "
        f"{show_scores(nodes.attrs['fidelity_shown'])}.",
    ]


def _tell_end(node: Any) -> str:
    wrong = node.n_samples - node.n_correct
    text = (
        f"{node.prediction} (probability {node.probability:.2f}; {node.n_correct:,} right, "
        f"{wrong:,} wrong; {_tell_measured(node.n_measured)})"
    )
    if node.is_cut:
        text += f" ... cut: {node.n_leaves} leaves, next {node.feature}?"
    return text


def _tell_measured(n: int) -> str:
    return f"{n:,} measured" if n else "none measured"
