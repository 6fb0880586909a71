"""Table 2 of arXiv 1811.02771 and beyond: six models beside common baselines, on the same splits.

    python benchmarks/six_models.py --tasks simulated --json six_models.json --plot six_models.png
    python benchmarks/six_models.py --tasks draws --release PATH --runs FILE  # stopped, it goes on
    python benchmarks/six_models.py --workbook FILE  # the paper's supplement, or one in its layout

`common/tasks.py` describes the tasks, each with its own repeats. "paper" are the published
settings, "default" this package's, and "tuned" what `tuning.py --save` found on other rows; with
it, the tasks "draws" and "cmet" leave those rows out for all models. (A search within each fold,
the only other honest way, would take days.) The models without GCNN have the molecules' RDKit
descriptors as numbers. Intervals are over repeats. The pictures have the task in their names:
six_models-simulated.png.
"""

from __future__ import annotations

import argparse
import dataclasses
from typing import Any

import pandas as pd
from common.models import BASE_MODELS, SETTINGS, make_model, read_tuned_settings
from common.pages import difference, interval, write_tables
from common.repeats import NEW_GROUPS, compare_repeats
from common.results import environment, write_json
from common.tasks import BASELINES, Task, add_task_arguments, data_of, make_task, save_figure

METRICS = {
    "MCC": "pooled_mcc",
    "average precision": "pooled_average_precision",
    "ROC-AUC": "pooled_roc_auc",
    "Brier score": "pooled_brier",
    "accuracy": "pooled_accuracy",
    "F1": "pooled_f1",
}
DRAWN = list(METRICS)[:4]
TITLES = {
    "paper": "settings of the paper",
    "default": "defaults",
    "tuned": "tuned on other rows",
    "": "baselines",
}


def run_task(
    name: str, task: Task, models: list[str], settings: list[str], n_jobs: int, runs: str | None
) -> Any:
    """Compare the models of a task."""
    tuned = read_tuned_settings() if "tuned" in settings else {}
    estimators = {
        f"{model}, {setting}": make_model(
            model,
            setting,
            task.smiles_columns,
            tuned[model, data_of(name)] if setting == "tuned" else None,
        )
        for setting in settings
        for model in models
    }
    return compare_repeats(name, task, estimators, BASELINES, METRICS, n_jobs, runs)


def make_page_table(results: list[dict[str, Any]], task: str) -> dict[str, Any]:
    """Table of a task for the pages: models in the order of the settings, then the baselines."""
    found = pd.DataFrame([row for row in results if row["task"] == task])
    by_metric = dict(list(found.groupby("metric")))
    first = by_metric["MCC"].set_index("classifier")
    best = first["best_baseline"].iloc[0]
    titles = [title for title in (*METRICS, NEW_GROUPS) if title in by_metric]
    rows = []
    order = [name for setting in SETTINGS for name in first.index if name.endswith(f", {setting}")]
    for name in [*order, *(name for name in first.index if name not in order)]:
        cells: list[Any] = [name, interval(first.loc[name])]
        gap = "the best baseline" if name == best else difference(first.loc[name], "difference")
        cells.append(gap)
        for title in titles[1:]:
            part = by_metric[title].set_index("classifier")["mean"]
            cells.append(round(float(part[name]), 5) if pd.notna(part.get(name)) else "-")
        rows.append(cells)
    return {"columns": ["", "MCC", f"difference to {best}", *titles[1:]], "rows": rows}


def draw(comparison: Any, title: str) -> Any:
    """Draw a row of panels for each setting, and one for the baselines; give the figure.

    A dashed line marks the best baseline of a metric that is no constant: where successes are rare,
    the majority class has a good Brier score.
    """
    import matplotlib.pyplot as plt

    blocks = split_by_setting(comparison)
    sizes = [part.scores["classifier"].nunique() for part in blocks.values()]
    figure, axes = plt.subplots(
        len(blocks),
        len(DRAWN),
        figsize=(12, 1.6 + 0.27 * (sum(sizes) + len(sizes))),
        gridspec_kw={"height_ratios": sizes},
        sharex="col",
        sharey="row",
        squeeze=False,
        layout="constrained",
    )
    for panels, (setting, part) in zip(axes, blocks.items(), strict=True):
        part.plot(panels)
        panels[0].set_title(TITLES[setting], loc="left", fontsize="medium", fontweight="bold")
        names = [label.get_text().partition(", ")[0] for label in panels[0].get_yticklabels()]
        panels[0].set_yticks(range(len(names)), names)
        if setting != list(blocks)[-1]:
            for panel in panels:
                panel.set_xlabel("")
    summary = comparison.summary()
    rivals = [name for name in comparison.baselines if name != "majority class"]
    for metric, panels in zip(DRAWN, axes.T, strict=True):
        rank = summary.loc[metric, "rank"].reindex(rivals or list(comparison.baselines))
        best = rank.dropna().astype(int).idxmin()
        for panel in panels:
            panel.axvline(summary.loc[(metric, best), "mean"], color="0.45", ls="--", lw=1)
    figure.suptitle(f"{title}; dashed: the best baseline")
    return figure


def split_by_setting(comparison: Any) -> dict[str, Any]:
    """Give a comparison for each setting, and under "" one of the baselines."""
    scores = comparison.scores[comparison.scores["metric"].isin(DRAWN)]
    setting = scores["classifier"].map(lambda name: name.partition(", ")[2])
    return {
        name: dataclasses.replace(comparison, scores=part)
        for name, part in scores.groupby(setting, sort=False)
    }


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--models", nargs="+", choices=list(BASE_MODELS), default=list(BASE_MODELS))
    parser.add_argument(
        "--settings", nargs="+", choices=SETTINGS, help="all, if there are tuned ones"
    )
    parser.add_argument("--workbook", metavar="FILE", help="the task is this workbook, no other")
    parser.add_argument("--runs", metavar="PATH", help="keep repeats here, and run none twice")
    add_task_arguments(parser)
    arguments = parser.parse_args()
    tasks = ["workbook"] if arguments.workbook else arguments.tasks
    settings = arguments.settings or list(SETTINGS[: 2 if arguments.workbook else 3])
    if arguments.workbook and "tuned" in settings:
        parser.error("no settings were tuned for a workbook: --settings paper default")

    about = environment(random_state=0, **vars(arguments))
    results: list[dict[str, Any]] = []
    for name in tasks:
        leave_out = "tuned" in settings
        task = make_task(name, arguments.release, arguments.repeats, leave_out, arguments.workbook)
        comparison = run_task(
            name, task, arguments.models, settings, arguments.n_jobs, arguments.runs
        )
        title = f"{name}, {len(task.X):,} rows, {task.n_repeats} repeats"
        print(f"\n{title}\n{comparison}")
        task_about = {"task": name, "rows": len(task.X), "repeats": task.n_repeats}
        results += comparison.summary().reset_index().assign(**task_about).to_dict("records")
        if arguments.plot:
            save_figure(draw(comparison, title), arguments.plot, name)
        if arguments.json:  # after each task, so that an interruption loses one
            write_json(arguments.json, results, about)
        if arguments.page:
            done = dict.fromkeys(row["task"] for row in results)
            tables = {name: make_page_table(results, name) for name in done}
            write_tables(arguments.page, tables, about)


if __name__ == "__main__":
    main()
