"""Means, paired differences and the picture of the tables benchmark."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

METRICS = {
    "mcc": "MCC",
    "roc_auc": "ROC-AUC",
    "average_precision": "average precision",
    "brier": "Brier",
    "log_loss": "log loss",
}
COSTS = {"slope": "slope", "fit_s": "fit s", "predict_s": "predict s"}
DRAWN = ("mcc", "roc_auc", "log_loss")
COLORS = ["#D55E00", "#0072B2", "#009E73", "#CC79A7"]  # Okabe and Ito
KINDS = ("known", "new")


def summarize(runs: pd.DataFrame) -> pd.DataFrame:
    """Mean over tasks of their means over draws, by size, kind of task and model."""
    keys = ["size", "kind", "model"]
    scores = [*METRICS, *COSTS]
    per_task = runs.groupby([*keys, "task"], sort=False)[scores].mean()
    means = per_task.groupby(keys, sort=False).mean()
    means.insert(0, "tasks", per_task.groupby(keys, sort=False).size())
    return means


def paired(runs: pd.DataFrame, reference: str) -> pd.DataFrame:
    """Differences of each model to the reference on the same draws: of tasks, and over tasks.

    A task's interval is Student's t over its draws. That of a mean over tasks takes the tasks as
    they are: its variance is the sum of the tasks' variances of the mean, by the number of tasks
    squared, with degrees of freedom by Welch and Satterthwaite. It speaks of other draws of these
    tasks, not of other tasks.
    """
    keys = ["size", "kind", "task", "seed"]
    scores = list(METRICS)
    own = runs[runs["model"] == reference].set_index(keys)[scores]
    rows = []
    for model, part in runs[runs["model"] != reference].groupby("model", sort=False):
        gain = (part.set_index(keys)[scores] - own).dropna(how="all")
        for (size, kind), of_kind in gain.groupby(["size", "kind"], sort=False):
            by_task = of_kind.groupby("task", sort=False)
            parts = [*by_task, (f"all {kind}", of_kind)]
            for task, found in parts:
                of_tasks = [each for _, each in by_task] if task == f"all {kind}" else [found]
                about = {"size": size, "kind": kind, "task": task, "model": model}
                for metric in scores:
                    row = mean_interval([each[metric].dropna().to_numpy() for each in of_tasks])
                    if row is not None:
                        rows.append({**about, "metric": metric, **row})
    return pd.DataFrame(
        rows, columns=["size", "kind", "task", "model", "metric", "mean", "low", "high"]
    )


def mean_interval(parts: list[Any], confidence: float = 0.95) -> dict[str, float] | None:
    """Mean of the means of several samples, with its interval; NaN ends from single draws."""
    parts = [part for part in parts if len(part)]
    if not parts:
        return None
    mean = float(np.mean([part.mean() for part in parts]))
    if min(len(part) for part in parts) < 2:
        return {"mean": mean, "low": np.nan, "high": np.nan}
    variances = np.array([part.var(ddof=1) / len(part) for part in parts])
    if not variances.any():
        return {"mean": mean, "low": mean, "high": mean}
    freedom = variances.sum() ** 2 / sum(
        variance**2 / (len(part) - 1) for variance, part in zip(variances, parts, strict=True)
    )
    half = stats.t.ppf((1 + confidence) / 2, freedom) * variances.sum() ** 0.5 / len(parts)
    return {"mean": mean, "low": mean - half, "high": mean + half}


def print_report(runs: pd.DataFrame, differences: pd.DataFrame, reference: str) -> None:
    """Print means over tasks, and differences of tasks and over tasks."""
    names = METRICS | COSTS
    print("\nMeans over tasks of their means over draws")
    print(summarize(runs).rename(columns=names).round(3).to_string())
    if differences.empty:
        return
    print(f"\nDifference to {reference!r} on the same draws, 95 % t-intervals over draws")
    shown = differences.assign(text=[_text(row) for _, row in differences.iterrows()])
    for metric in METRICS:
        part = shown[shown["metric"] == metric]
        table = part.pivot_table(
            "text", ["size", "task"], "model", aggfunc="first", sort=False, fill_value="-"
        )
        print(f"\n{METRICS[metric]}\n{table.to_string()}")
    print(
        "\n'all known' and 'all new' are means over tasks; their intervals take the tasks as they "
        "are and speak of other draws."
    )


def _text(row: pd.Series) -> str:
    half = row["high"] - row["mean"]
    return f"{row['mean']:+.3f}" + ("" if np.isnan(half) else f" ± {half:.3f}")


def draw_differences(differences: pd.DataFrame, model: str, reference: str, path: str) -> None:
    """Draw the model's differences of each task and over tasks, a colour for each size.

    Grey points are the other models', at the first size.
    """
    from matplotlib.figure import Figure

    tasks = list(dict.fromkeys(differences.sort_values("kind", kind="stable")["task"]))[::-1]
    sizes = list(dict.fromkeys(differences["size"]))
    figure = Figure(figsize=(13, 1.8 + 0.34 * len(tasks)), layout="constrained")
    axes = figure.subplots(1, len(DRAWN), sharey=True)
    for ax, metric in zip(axes, DRAWN, strict=True):
        part = differences[differences["metric"] == metric]
        others = part[(part["model"] != model) & (part["size"] == sizes[0])]
        ax.plot(others["mean"], [tasks.index(t) for t in others["task"]], "|", color="#999999")
        for i, size in enumerate(sizes):
            own = part[(part["model"] == model) & (part["size"] == size)]
            place = [tasks.index(t) + 0.18 * ((len(sizes) - 1) / 2 - i) for t in own["task"]]
            half = (own["high"] - own["mean"]).fillna(0)
            label = f"{model}, {size} + {size} rows"
            style = {"fmt": "o", "markersize": 4, "color": COLORS[i % len(COLORS)]}
            ax.errorbar(own["mean"], place, xerr=half, label=label, **style)
        ax.axvline(0, color="#333333", linewidth=0.8)
        _fit_limits(ax, part, model)
        better = "lower is better" if metric == "log_loss" else "higher is better"
        ax.set_xlabel(f"{METRICS[metric]} ({better})")
        ax.set_yticks(range(len(tasks)), tasks)
        ax.grid(axis="x", color="0.9")
        ax.spines[["top", "right"]].set_visible(False)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(sizes), frameon=False)
    figure.suptitle(f"Difference to {reference!r}; 95 % intervals over draws; grey: other models")
    figure.savefig(path, dpi=120)
    print(f"Drawn to {path}")


def _fit_limits(ax: Any, part: pd.DataFrame, model: str) -> None:
    """Fit the axis to the model's intervals, so that a far other model does not squeeze them."""
    own = part[part["model"] == model]
    reach = own[["mean", "low", "high"]].abs().to_numpy(float)
    if np.isfinite(reach).any():
        widest = 1.1 * float(np.nanmax(reach)) + 0.02
        ax.set_xlim(-widest, widest)
