"""Are the probabilities right? Reliability curves and Brier scores, before and after calibration.

    python benchmarks/calibration.py --tasks simulated draws --json calibration.json --plot c.png

The siamese classifier, a random forest and a logistic regression, as they are and inside
`CalibratedClassifierCV` (sigmoid, five folds of the training rows), on the splits of
`six_models.py`; `common/tasks.py` describes the tasks. Differences are paired by repeat, intervals
are over repeats. The pictures have the task in their names: c-simulated.png.

The task "draws" trains on as many successes as failures and scores rows of which one in six is a
success, so there all classifiers expect too many.
"""

from __future__ import annotations

import argparse
from typing import Any

import pandas as pd
from common.pages import difference, interval, write_tables
from common.results import environment, t_intervals, write_json
from common.tasks import Task, add_task_arguments, compare, make_task, save_figure
from sklearn.calibration import CalibratedClassifierCV, CalibrationDisplay, calibration_curve
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sksiamese import GraphFingerprintSiameseClassifier, SMILESFeaturizer

CLASSIFIERS = ("siamese", "random forest", "logistic regression")
AFTER = ", calibrated"
N_BINS = 10


def make_classifiers(task: Task) -> dict[str, Any]:
    """Make the three classifiers, and each with calibration."""
    molecules = make_column_transformer(
        (SMILESFeaturizer(task.molecules), task.smiles_columns), remainder="passthrough"
    )
    plain = {
        "siamese": GraphFingerprintSiameseClassifier(),
        "random forest": make_pipeline(molecules, RandomForestClassifier()),
        "logistic regression": make_pipeline(
            molecules, StandardScaler(), LogisticRegression(max_iter=1000)
        ),
    }
    folds = StratifiedKFold(5, shuffle=True, random_state=0)  # the rows may come sorted
    calibrated = {
        name + AFTER: CalibratedClassifierCV(model, method="sigmoid", cv=folds)
        for name, model in plain.items()
    }
    return plain | calibrated


def compare_brier(scores: pd.DataFrame) -> pd.DataFrame:
    """Mean Brier scores and paired differences, with t-intervals over repeats."""
    values = scores.pivot_table(values="value", index="repeat", columns="classifier")
    plain = {name: values[name] for name in CLASSIFIERS}
    calibrated = {name + AFTER: values[name + AFTER] for name in CLASSIFIERS}
    gains = {f"{name}: calibrated - plain": values[name + AFTER] - values[name] for name in plain}
    rivals = {
        f"siamese - {name}{suffix}": values["siamese" + suffix] - values[name + suffix]
        for suffix in ("", AFTER)
        for name in CLASSIFIERS[1:]
    }
    return t_intervals(pd.DataFrame(plain | calibrated | gains | rivals))


def reliability(predictions: pd.DataFrame) -> pd.DataFrame:
    """Expected and found share of successes, in bins of equally many predictions of all repeats."""
    parts = []
    for name, part in predictions.groupby("classifier", sort=False):
        found, expected = calibration_curve(
            part["y"], part["proba_1"], n_bins=N_BINS, strategy="quantile"
        )
        parts.append(pd.DataFrame({"classifier": name, "expected": expected, "found": found}))
    return pd.concat(parts, ignore_index=True)


def make_page_table(brier: pd.DataFrame) -> dict[str, Any]:
    """Table of a task for the pages."""
    rows = []
    for name in CLASSIFIERS:
        cells = [interval(brier.loc[name]), interval(brier.loc[name + AFTER])]
        rows.append([name, *cells, difference(brier.loc[f"{name}: calibrated - plain"])])
    for name in CLASSIFIERS[1:]:
        gaps = [difference(brier.loc[f"siamese - {name}{suffix}"]) for suffix in ("", AFTER)]
        rows.append([f"siamese minus {name}", *gaps, ""])
    return {
        "columns": ["Brier score", "as it is", "calibrated", "calibrated - plain"],
        "rows": rows,
    }


def draw(predictions: pd.DataFrame, title: str) -> Any:
    """Draw a panel for each classifier, before and after calibration; give the figure."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(
        1, len(CLASSIFIERS), figsize=(12, 4.9), sharex=True, sharey=True, layout="constrained"
    )
    styles = {"": ("#D55E00", "o"), AFTER: ("#0072B2", "s")}
    for panel, name in zip(axes, CLASSIFIERS, strict=True):
        for suffix, (color, marker) in styles.items():
            part = predictions[predictions["classifier"] == name + suffix]
            CalibrationDisplay.from_predictions(
                part["y"],
                part["proba_1"],
                n_bins=N_BINS,
                strategy="quantile",
                name="calibrated" if suffix else "as it is",
                ax=panel,
                color=color,
                marker=marker,
            )
        panel.set(title=name, xlabel="mean predicted probability", ylabel="")
        panel.set_box_aspect(1)
        panel.legend(loc="upper left")
        panel.grid(color="0.9")
    axes[0].set_ylabel("share of successes")
    figure.suptitle(title)
    return figure


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    add_task_arguments(parser)
    arguments = parser.parse_args()

    tables = {}
    about = environment(random_state=0, **vars(arguments))
    results: list[dict[str, Any]] = []
    for name in arguments.tasks:
        task = make_task(name, arguments.release, arguments.repeats)
        comparison = compare(
            task,
            make_classifiers(task),
            arguments.n_jobs,
            scoring="pooled_brier",
            baselines=False,
        )
        title = f"{name}, {len(task.X):,} rows, {task.n_repeats} repeats"
        table = compare_brier(comparison.scores)
        print(f"\n{title}: Brier score (lower is better) and differences\n{table.round(4)}")
        curves = reliability(comparison.predictions)
        of_task = {"task": name, "repeats": task.n_repeats}
        results += table.rename_axis("what").reset_index().assign(**of_task).to_dict("records")
        results += curves.assign(what="reliability", **of_task).to_dict("records")
        if arguments.plot:
            save_figure(draw(comparison.predictions, title), arguments.plot, name)
        if arguments.json:
            write_json(arguments.json, results, about)
        tables[name] = make_page_table(table)
        if arguments.page:
            write_tables(arguments.page, tables, about)


if __name__ == "__main__":
    main()
