"""Tables of the pages from the results of `surrogate.py`."""

from __future__ import annotations

from typing import Any

import pandas as pd

from common.planted_rules import RULES

FOUND = f"planted rules found, of {len(RULES)}"


def make_tables(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Make the tables of the parts that were run."""
    rows = pd.DataFrame(results)
    parts = dict(iter(rows.groupby("part")))
    makers = {"planted": _fidelity, "shap": _shapley, "tables": _reactions}
    tables = {}
    for part, make in makers.items():
        if part in parts:
            tables |= make(parts[part])
    return tables


def _fidelity(rows: pd.DataFrame) -> dict[str, Any]:
    rows = rows.assign(
        meets=(rows["fidelity f1"] >= 0.95) & (rows["fidelity mcc"] >= 0.90),
        found=rows[RULES].astype(float).sum(axis=1),
    )
    cells, short = [], []
    by = ["black box", "rows", "noise", "stand-in"]
    for (name, n_rows, noise, stand_in), group in rows.groupby(by, sort=False):
        f1, mcc = (f"{group[f'fidelity {score}'].mean():.2f}" for score in ("f1", "mcc"))
        meets = f"{group['meets'].sum()} of {len(group)}"
        found, seconds = f"{group['found'].mean():.1f}", f"{group['cpu_s'].mean():.1f} s"
        box = f"{name}, {n_rows:.0f} rows, {noise:.0%} of labels flipped"
        cells.append([box, stand_in, f1, mcc, meets, found, seconds])
        if (name, n_rows, noise) == ("siamese, defaults", 35, 0.05):
            short.append([stand_in, f1, mcc])
    head = ["black box", "stand-in", "F1", "MCC", "seeds with F1 .95 and MCC .90", FOUND]
    return {
        "fidelity": {"columns": [*head, "processor time"], "rows": cells},
        "short": {"columns": ["stand-in", "F1", "Matthews correlation"], "rows": short},
    }


def _shapley(rows: pd.DataFrame) -> dict[str, Any]:
    means = rows.groupby("column", sort=False)[["rank correlation", "weight"]].mean()
    ratio = (rows["shap_s"] / rows["effects_s"]).median()
    cells = [[name, f"{row.iloc[0]:.2f}", f"{row.iloc[1]:.2f}"] for name, row in means.iterrows()]
    cells.append(["time of shap by that of effects", f"{ratio:.1f}", ""])
    columns = ["column", "rank correlation", "mean Shapley value, log-odds"]
    return {"shapley": {"columns": columns, "rows": cells}}


def _reactions(rows: pd.DataFrame) -> dict[str, Any]:
    shown = ["fidelity f1", "fidelity mcc", "reader"]
    means = rows.groupby(["table", "stand-in"], sort=False)[shown].mean()
    cells = [
        [*name, *("-" if pd.isna(value) else f"{value:.2f}" for value in row)]
        for name, row in zip(means.index, means.to_numpy(), strict=True)
    ]
    columns = ["table", "stand-in", "F1", "MCC", "reader is right"]
    return {"reactions": {"columns": columns, "rows": cells}}
