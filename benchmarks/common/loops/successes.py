"""Tables and pictures of closed loops that look for successes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from common.results import t_intervals

METHODS = {  # and what the guide calls them
    "random": "random choice",
    "random forest": "random forest, highest probability",
    "Gaussian process": "Gaussian process, upper confidence bound",
    "siamese": "siamese classifier, highest probability",
    "siamese, n_later": "recommender with `n_later`, siamese classifier",
    "siamese + process, n_later": "recommender with `n_later`, mean of siamese classifier and "
    "Gaussian process",
}
COLORS = ("#999999", "#E69F00", "#009E73", "#56B4E9", "#0072B2", "#D55E00")  # Okabe and Ito
STYLES = dict(zip(METHODS, zip(COLORS, "xs^Dvo", strict=True), strict=True))
ON_THE_WAY = 7  # batches


def summarize(runs: pd.DataFrame, reference: str) -> pd.DataFrame:
    """Mean successes of each method, and how far `reference` is ahead of it, seed by seed."""
    last = runs.assign(value=runs["found"].str[-1], way=runs["found"].str[ON_THE_WAY - 1])
    rows = []
    for task, part in last.groupby("task", sort=False):
        values = part.pivot_table(index="seed", columns="method", values="value", sort=False)
        ahead = t_intervals(values.rsub(values[reference], axis=0))
        table = pd.DataFrame(
            {
                "task": task,
                "repeats": len(values),
                "mean": values.mean(),
                "times_random": values.mean() / values["random"].mean(),
                "on_the_way": part.groupby("method")["way"].mean(),
            }
        )
        found = table.join(ahead.rename(columns={"mean": "ahead"})).reindex(values.columns)
        rows.append(found.reset_index())
    return pd.concat(rows, ignore_index=True)


def page_tables(summary: pd.DataFrame, reference: str) -> dict[str, Any]:
    """Make the tables of the page: successes, on the way, differences, and those of one pool."""
    methods = [name for name in METHODS if name in set(summary["method"])]
    rivals = [name for name in methods if name not in (reference, "random")]
    parts = {task: part.set_index("method") for task, part in summary.groupby("task", sort=False)}
    successes, way, ahead = [], [], []
    for task, part in parts.items():
        by_random = part.loc[reference, "times_random"]
        about = [task, int(part["repeats"].iloc[0])]
        successes.append([*about, *_means(part.loc[methods, "mean"]), f"{by_random:.1f}"])
        way.append([*about, *_means(part.loc[methods, "on_the_way"])])
        ahead.append([task, *(_ahead(part.loc[name]) for name in rivals)])
    pool, part = next(iter(parts.items()))
    guide = [
        [METHODS[name], f"{part.loc[name, 'mean']:.1f}", _ahead(part.loc[name])]
        if name != reference
        else [METHODS[name], f"{part.loc[name, 'mean']:.1f}", ""]
        for name in methods
    ]
    repeats = int(part["repeats"].iloc[0])
    title = f"successes of 80, mean of {repeats} repeats"
    return {
        "successes": {"columns": ["", "repeats", *methods, "by random"], "rows": successes},
        "on_the_way": {"columns": ["", "repeats", *methods], "rows": way},
        "ahead": {"columns": ["", *rivals], "rows": ahead},
        "guide": {"columns": [title, pool, "last one ahead by (95 % interval)"], "rows": guide},
    }


def draw(runs: pd.DataFrame, path: str) -> None:
    """Draw mean successes against batches, one panel for each task, with standard errors."""
    from matplotlib.figure import Figure

    tasks = runs["task"].unique()
    n_columns = min(len(tasks), 3)
    n_rows = -(-len(tasks) // n_columns)
    figure = Figure(figsize=(3.8 * n_columns + 2.4, 3.6 * n_rows + 1.4), layout="constrained")
    axes = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    for ax, task in zip(axes, tasks, strict=False):
        part = runs[runs["task"] == task]
        for method in (name for name in METHODS if name in set(part["method"])):
            found = np.array(part.loc[part["method"] == method, "found"].tolist())
            _draw_method(ax, np.pad(found, ((0, 0), (1, 0))), method)
        ax.set(title=task, xlabel="batches of 8 experiments", ylabel="successes found")
        ax.set_ylim(bottom=0)
        ax.spines[["top", "right"]].set_visible(False)
    for ax in axes[len(tasks) :]:
        ax.set_axis_off()
    repeats = runs.groupby(["task", "method"]).size()
    text = str(repeats.min()) if repeats.min() == repeats.max() else "all"
    title = f"Mean and standard error of {text} loops, after 20 random experiments"
    figure.suptitle(title, fontsize="medium")
    handles, labels = axes[0].get_legend_handles_labels()
    n_columns = 3 if len(tasks) > 1 else 2
    figure.legend(handles, labels, loc="outside lower center", ncols=n_columns, frameon=False)
    figure.savefig(path, dpi=120)
    print(f"Drawn to {path}")


def _draw_method(ax: Any, found: npt.NDArray[np.int64], method: str) -> None:
    """Draw a method's line, which starts at no batch; found: (n_loops, n_batches + 1)."""
    color, marker = STYLES[method]
    error = stats.sem(found) if len(found) > 1 else None
    batches = np.arange(found.shape[1])
    ax.errorbar(
        batches, found.mean(axis=0), error, color=color, marker=marker, markersize=4, label=method
    )


def _means(values: pd.Series) -> list[str]:
    return [f"**{value:.1f}**" if value == values.max() else f"{value:.1f}" for value in values]


def _ahead(row: pd.Series) -> str:
    mean, low, high = row["ahead"], row["low"], row["high"]
    if math.isnan(low):  # of one loop
        return f"{mean:+.1f}"
    mark = "**" if low * high > 0 else ""
    return f"{mark}{mean:+.1f} ({low:+.1f} to {high:+.1f}){mark}"
