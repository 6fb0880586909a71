"""Tables, curves and the JSON file of the few-shot benchmark."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from common.few_shot_tasks import n_shots
from common.results import t_intervals

NAMES = {
    "siamese": "siamese classifier",
    "siamese-adapted": "the same, adapted",
    "siamese-unlabelled": "the same, and unlabelled molecules",
    "siamese-probe": "linear probe on its embedding",
    "forest": "random forest",
    "logistic": "logistic regression",
    "neighbours": "nearest neighbours",
    "process": "Gaussian process",
    "multitask": "multi-task network",
    "forest-history": "random forest, past rows, and new ones ten times",
    "lightgbm-history": "lightgbm, past rows, and new ones ten times",
}
SCORES = {
    "roc_auc": "ROC-AUC",
    "mcc": "MCC",
    "balanced_accuracy": "balanced accuracy",
    "average_precision": "average precision",
}
# Okabe and Ito
COLORS = [
    "#D55E00",
    "#882255",
    "#8C3B00",
    "#666666",
    "#E69F00",
    "#999999",
    "#56B4E9",
    "#009E73",
    "#CC79A7",
    "#000000",
    "#0072B2",
]
MARKERS = ["o", "h", "p", "d", "s", "x", "^", "D", "v", "P", "*"]
KEYS = ["task", "support", "draw"]


def per_task(runs: pd.DataFrame) -> pd.DataFrame:
    """ROC-AUC of each task, mean (SD) over draws, a column for each task."""
    keys = ["support", "method"]
    table = average_parts(runs).pivot_table(
        index=keys, columns="task", values="roc_auc", aggfunc=["mean", "std"], sort=False
    )
    mean, std = (table[name].map("{:.3f}".format) for name in ("mean", "std"))
    return mean + " (" + std + ")"


def summarize(runs: pd.DataFrame, over: str) -> pd.DataFrame:
    """Median and mean over tasks of their means over draws, with 95 % intervals.

    With `over` "draw" the intervals are those of the median and mean of each draw; with "task" the
    one interval is that of the mean over tasks, and the median has none.
    """
    rows = []
    for (support, method), part in average_parts(runs).groupby(["support", "method"], sort=False):
        n_draws = int(part.groupby("task").size().max())
        tasks = part.groupby("task")[list(SCORES)].mean()
        units = part.groupby(over)[list(SCORES)]
        means = t_intervals(units.mean())
        medians = t_intervals(units.median())
        for score in SCORES:
            row = {"support": support, "method": method, "score": score}
            row |= {"tasks": len(tasks), "draws": n_draws}
            row |= {"median": tasks[score].median()}
            if over == "draw":
                row |= {f"median_{end}": medians.loc[score, end] for end in ("low", "high")}
            row |= {"mean": tasks[score].mean()}
            row |= {f"mean_{end}": means.loc[score, end] for end in ("low", "high")}
            rows.append(row)
    return pd.DataFrame(rows)


def paired(runs: pd.DataFrame, over: str, reference: str) -> pd.DataFrame:
    """How far `reference` is ahead of each method on the draws that both have."""
    whole = average_parts(runs)
    own = whole[whole["method"] == reference].drop(columns="method")
    both = whole[whole["method"] != reference].merge(own, on=KEYS, suffixes=("", "_own"))
    rows = []
    for score in SCORES:
        ahead = both.assign(ahead=both[f"{score}_own"] - both[score])
        for (support, method), part in ahead.groupby(["support", "method"], sort=False):
            interval = t_intervals(part.groupby(over)[["ahead"]].mean()).iloc[0]
            row = {"support": support, "method": method, "score": score, "reference": reference}
            rows.append(row | {"ahead": interval["mean"]} | interval[["low", "high"]].to_dict())
    return pd.DataFrame(rows)


def average_parts(runs: pd.DataFrame) -> pd.DataFrame:
    """Average the halves of a split draw by draw; small supports first, methods in order."""
    table = runs.groupby(["method", *KEYS], sort=False)[list(SCORES)].mean().reset_index()
    sizes = table["support"].map(lambda text: sum(n_shots(text)))
    order = table["method"].map(list(NAMES).index)
    keys = pd.DataFrame({"size": sizes, "support": table["support"], "order": order})
    return table.loc[keys.sort_values(list(keys), kind="stable").index]


def print_report(runs: pd.DataFrame, over: str, reference: str) -> None:
    """Print tables of each score: over all tasks, task by task, and differences."""
    summary = summarize(runs, over).round(3)
    differences = paired(runs, over, reference).round(3)
    shown = list(SCORES) if over == "task" else ["roc_auc"]
    for score in shown:
        print(f"\n{SCORES[score]}, over tasks (95 % intervals over {over}s)")
        part = summary[summary["score"] == score].drop(columns="score")
        print(part.to_string(index=False))
        if len(differences):
            print(f"\n{SCORES[score]}: how far {reference!r} is ahead (95 % intervals)")
            part = differences[differences["score"] == score]
            print(part.drop(columns=["score", "reference"]).to_string(index=False))
    if over == "draw":
        print("\nROC-AUC of each task, mean (SD) over draws")
        print(per_task(runs).to_string())


def draw_curves(runs: pd.DataFrame, over: str, title: str, path: str) -> None:
    """Draw scores against the support, with the intervals of the tables."""
    draw_summary(summarize(runs, over), over, title, path)


def draw_summary(summary: pd.DataFrame, over: str, title: str, path: str | Path) -> None:
    """Draw what `summarize` gave."""
    from matplotlib.figure import Figure

    scores = ["roc_auc", "mcc"] if over == "task" else ["roc_auc"]
    supports = list(summary["support"].unique())
    methods = [name for name in NAMES if name in set(summary["method"])]
    figure = Figure(figsize=(1 + 4.6 * len(scores), 5.2), layout="constrained")
    axes = figure.subplots(1, len(scores), squeeze=False)[0]
    for ax, score in zip(axes, scores, strict=True):
        for number, method in enumerate(methods):
            _draw_method(ax, summary, supports, method, score, number - (len(methods) - 1) / 2)
        ax.set_xticks(range(len(supports)), supports)
        ax.set_xlabel("known experiments" if over == "task" else "known actives / inactives")
        ax.set_ylabel(f"{SCORES[score]}, mean over tasks")
        ax.axhline(0.5 if score == "roc_auc" else 0, color="#BBBBBB", linewidth=0.8, zorder=0)
        ax.spines[["top", "right"]].set_visible(False)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    figure.suptitle(f"{title}; 95 % intervals over {over}s", fontsize=10)
    figure.savefig(path, dpi=120)
    print(f"Drawn to {path}")


def _draw_method(
    ax: Any, summary: pd.DataFrame, supports: list[str], method: str, score: str, shift: float
) -> None:
    """Draw a method's line, a little aside of the others."""
    part = summary[(summary["method"] == method) & (summary["score"] == score)]
    part = part.set_index("support").reindex(supports)
    style = list(NAMES).index(method)
    ax.errorbar(
        [place + 0.03 * shift for place in range(len(supports))],
        part["mean"],
        [part["mean"] - part["mean_low"], part["mean_high"] - part["mean"]],
        color=COLORS[style],
        marker=MARKERS[style],
        markersize=5,
        linewidth=2.2 if method == "siamese" else 1.2,
        elinewidth=0.8,
        label=NAMES[method],
    )


def read_runs(
    path: str | None, study: dict[str, Any]
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Read the runs and methods of an earlier file of the same study."""
    if path is None or not Path(path).exists():
        return [], {}
    about = json.loads(Path(path).read_text())
    written, methods = about["about"]["settings"]["study"], about["about"]["settings"]["methods"]
    if written != study:
        raise SystemExit(f"{path} holds another study, {written}. Name another file with --json.")
    return [row for row in about["results"] if "draw" in row], methods
