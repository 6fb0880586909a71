"""Tables and pictures of closed loops that look for the largest yield."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from common.loops.methods import NUMBER_METHODS
from common.loops.tasks import pool_of
from common.results import t_intervals

SCORES = ("top_found", "best_curve", "best", "mean_yield")
COLORS = (  # Okabe and Ito, and two greys
    "#999999",
    "#E69F00",
    "#009E73",
    "#56B4E9",
    "#0072B2",
    "#F0E442",
    "#CC79A7",
    "#555555",
    "#000000",
    "#D55E00",
)
STYLES = dict(zip(NUMBER_METHODS, zip(COLORS, "xs^Dvph+*o", strict=True), strict=True))


def summarize_numbers(runs: pd.DataFrame, reference: str) -> pd.DataFrame:
    """Mean of each score by pool and method, and how far `reference` is ahead, loop by loop."""
    rows = []
    for name, part in runs.groupby(runs["task"].map(pool_of), sort=False):
        for method, own in part.groupby("method", sort=False):
            row = {"task": name, "method": method, "loops": len(own)}
            row |= {s: float(own[s].mean()) for s in (*SCORES, "step_s")}
            if reference in part["method"].to_numpy():
                for s in ("top_found", "best_curve"):
                    row |= _ahead(part, s, reference, method)
            rows.append(row)
    return pd.DataFrame(rows)


def _ahead(part: pd.DataFrame, score: str, reference: str, method: str) -> dict[str, float]:
    """By how much the reference is ahead, loop by loop, with a 95 % interval over loops."""
    wide = part.pivot_table(index=["task", "seed"], columns="method", values=score)
    both = (wide[reference] - wide[method]).dropna().to_frame("ahead")
    interval = t_intervals(both)
    return {f"{score}_ahead_{end}": float(interval[end].iloc[0]) for end in interval}


def draw_numbers(runs: pd.DataFrame, path: str) -> None:
    """Draw the best yield so far against experiments, one panel for each pool."""
    from matplotlib.figure import Figure

    pools = runs["task"].map(pool_of)
    names = list(dict.fromkeys(pools))
    n_columns = min(len(names), 3)
    n_rows = -(-len(names) // n_columns)
    figure = Figure(figsize=(4.2 * n_columns + 2.4, 3.6 * n_rows), layout="constrained")
    axes = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    for ax, name in zip(axes, names, strict=False):
        for method, part in runs[pools == name].groupby("method", sort=False):
            curves = np.array(part["curve"].tolist())
            batches = np.arange(1, curves.shape[1] + 1)
            color, marker = STYLES[method]
            error = stats.sem(curves) if len(curves) > 1 else None
            every = max(1, len(batches) // 8)
            ax.errorbar(
                batches,
                curves.mean(axis=0),
                error,
                color=color,
                marker=marker,
                markersize=4,
                markevery=every,
                errorevery=every,
                label=method,
            )
        ax.set(title=name, xlabel="batches", ylabel="best yield, % of the maximum")
    for ax in axes[len(names) :]:
        ax.set_axis_off()
    found = {}
    for ax in axes[: len(names)]:
        found |= dict(zip(*ax.get_legend_handles_labels()[::-1], strict=True))
    figure.legend(found.values(), found.keys(), loc="outside right upper", frameon=False)
    figure.savefig(path, dpi=120)
    print(f"Drawn to {path}")
