"""Which rules of the simulated nanoclusters a stand-in shows.

A tree shows a rule if it has, anywhere, a split between aromatic and aliphatic ligands (the shares
of both on one side are at least 0.8 apart); on ligand:Au from 4.5 to 7.5; on temperature from 40 to
60 degC, on one path with a split on the reductant from 26 to 104 mM; on pH from 12.3 to 13.3.
Effects show it if the cut that tells most of the column lies there and makes 5 points or more;
temperature and reductant must also be one of the three strongest pairs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from rdkit import Chem

RULES = ["aliphatic", "ratio 6", "52 mM x 50 degC", "pH 12.8"]
LIMITS = {
    "ligand:Au": (4.5, 7.5),
    "temperature_C": (40, 60),
    "reductant_mM": (26, 104),
    "pH": (12.3, 13.3),
}
APART = 0.8  # share of aromatics on one side less that of aliphatics
LEAST_POINTS = 5


def tells_aromatics(explainer: Any, inside: Iterable[str]) -> bool:
    """Whether a group of ligand names holds the aromatic ones, or the others."""
    column, chosen = explainer.space_.columns["ligand"], set(inside)
    rings = [_is_aromatic(text) for text in column.smiles]
    hits = [label in chosen for label in column.labels()]
    counts = np.array([[np.sum(np.array(hits)[np.array(rings) == ring]), rings.count(ring)]
                       for ring in (False, True)])  # fmt: skip
    if not counts[:, 1].all():
        return False
    shares = counts[:, 0] / counts[:, 1]
    return bool(abs(shares[1] - shares[0]) >= APART)


def rules_of_tree(explainer: Any) -> dict[str, bool]:
    """Rules that the splits of a tree show."""
    nodes = explainer.nodes_
    inner = nodes[~nodes["is_leaf"]]

    def splits(feature: str) -> set[int]:
        hit = (inner["feature"] == feature) & inner["threshold"].between(*LIMITS[feature])
        return set(inner.index[hit])

    def ancestors(node: int) -> set[int]:
        found = set()
        while node >= 0:
            found.add(node)
            node = nodes.loc[node, "parent"]
        return found

    order = [label for _, label in explainer.view_.groups["ligand"]]
    groups = [
        order[: int(limit) + 1] for limit in inner.loc[inner["feature"] == "ligand", "threshold"]
    ]
    warm, strong = splits("temperature_C"), splits("reductant_mM")
    return {
        "aliphatic": "ligand is aromatic" in set(inner["feature"])
        or any(tells_aromatics(explainer, group) for group in groups),
        "ratio 6": bool(splits("ligand:Au")),
        "52 mM x 50 degC": any(
            a in ancestors(b) or b in ancestors(a) for a in warm for b in strong
        ),
        "pH 12.8": bool(splits("pH")),
    }


def rules_of_effects(explainer: Any) -> dict[str, bool]:
    """Rules that the findings of effects show."""
    found = explainer.findings()
    found = found[found["points"].abs() >= LEAST_POINTS].set_index("column")
    strongest = explainer.pairs_[:3][["first", "second"]].itertuples(index=False)

    def cuts(name: str) -> bool:
        if name not in found.index:
            return False
        low, high = LIMITS[name]
        return any(low <= float(found.loc[name, side]) <= high for side in ("low", "high"))

    ligands = found.loc["ligand", "names"] if "ligand" in found.index else ()
    return {
        "aliphatic": tells_aromatics(explainer, ligands),
        "ratio 6": cuts("ligand:Au"),
        "52 mM x 50 degC": cuts("temperature_C")
        and any({"temperature_C", "reductant_mM"} == set(pair) for pair in strongest),
        "pH 12.8": cuts("pH"),
    }


def _is_aromatic(smiles: str) -> bool:
    return any(atom.GetIsAromatic() for atom in Chem.MolFromSmiles(smiles).GetAtoms())
