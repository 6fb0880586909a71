"""What ``make demo`` runs: a comparison on measured experiments, then predictions of new ones."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import joblib
import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import LeaveOneGroupOut, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from tqdm import tqdm

from sksiamese import GraphFingerprintSiameseClassifier, SMILESFeaturizer
from sksiamese.datasets import load_perovskites

__all__ = ["DEFAULT_OUTPUT", "run_demo"]

DEFAULT_OUTPUT = Path("demo_output")

_Floats = npt.NDArray[np.float64]

_SIAMESE = "siamese"
_METRICS = ("MCC", "F1", "accuracy", "ROC-AUC")
_N_DRAWS = 2000  # of the bootstrap
_GRID_STEPS = 31
# Salts tried over a wide range of concentrations; the figure maps the first.
_GRID_SALTS = (
    "guanidinium iodide",
    "ethylammonium iodide",
    "4-fluorophenethylammonium iodide",
)
_CONDITIONS = ["ammonium_M", "lead_iodide_M", "formic_acid_M", "temperature_C"]
_SOLVENT_NAMES = {"O=C1CCCO1": "γ-butyrolactone", "CS(C)=O": "DMSO", "CN(C)C=O": "DMF"}
_QUICK: dict[str, Any] = {"n_members": 2, "max_epochs": 20}


class _Task(NamedTuple):
    """One way to cross-validate."""

    name: str  # in tables and the figure
    method: str  # what is done
    unit_name: str  # what the bootstrap draws
    units: npt.NDArray[np.int64]  # (n_rows,): which unit a row belongs to
    splits: list[Any]  # for each repeat a list of (train, test) positions


class _Job(NamedTuple):
    """One model, trained on one fold."""

    task: int
    repeat: int
    model: str
    train: npt.NDArray[np.int64]
    test: npt.NDArray[np.int64]


class _Outcome(NamedTuple):
    """Out-of-fold predictions of a model in one task, each (n_repeats, n_rows)."""

    label: _Floats
    score: _Floats


class _Report(NamedTuple):
    """What the demo found."""

    scores: pd.DataFrame  # one row per task and model
    findings: list[str]
    grid: pd.DataFrame
    evidence: pd.DataFrame


def run_demo(
    output: str | Path = DEFAULT_OUTPUT, *, repeats: int = 2, n_jobs: int = 2, quick: bool = False
) -> None:
    """Compare models on the perovskite crystallisations, then predict new experiments.

    Prints tables and findings, and writes ``scores.csv``, ``probabilities.csv``, ``evidence.csv``
    and ``demo.png`` once all is computed: an interrupted demo leaves older files as they were.

    Parameters
    ----------
    output : str or Path, default="demo_output"
        Folder for the files; made if absent.
    repeats : int, default=2
        Repeats of the stratified 10-fold cross-validation.
    n_jobs : int, default=2
        Number of processes.
    quick : bool, default=False
        Small networks and 3 folds: shows that all works, not how well.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    NotADirectoryError
        If `output` is a file.

    Examples
    --------
    >>> from sksiamese._cli._demo import run_demo
    >>> run_demo("quick_look", quick=True)  # doctest: +SKIP
    """
    _require_matplotlib()
    output = Path(output)
    if output.exists() and not output.is_dir():
        raise NotADirectoryError(f"{output} is a file. Name a folder with --output.")
    dataset = load_perovskites()
    print(
        f"Perovskite crystallisations: {len(dataset.data)} measured experiments with "
        f"{dataset.groups.nunique()} ammonium salts, {dataset.target.sum()} of which gave large "
        "crystals."
    )
    if quick:
        print("A quick look with small networks and few folds: the scores say little.")
    tasks = _make_tasks(dataset, repeats, 3 if quick else 10)
    report = _make_report(dataset, tasks, n_jobs, quick)
    _print_scores(tasks, report.scores)
    written = _write(report, dataset.frame, output)
    print("\nWhat was found")
    for finding in report.findings:
        print(f"- {finding}")
    print("\nWhere it lies")
    for path, content in written.items():
        print(f"- {path}: {content}")


def _require_matplotlib() -> None:
    if importlib.util.find_spec("matplotlib") is None:
        raise ImportError(
            "The demo's figure needs matplotlib. Install it with pip install 'sksiamese[plot]'."
        )


def _make_report(dataset: Any, tasks: list[_Task], n_jobs: int, quick: bool) -> _Report:
    outcomes = _cross_validate(dataset, tasks, n_jobs, quick)
    scores, findings = _score(dataset.target.to_numpy(), tasks, outcomes)
    print(f"Training the siamese model on all {len(dataset.data)} experiments ...")
    model = _models(0, dataset.smiles_columns, quick)[_SIAMESE]
    model.fit(dataset.data, dataset.target)
    grid = _predict_grid(model, dataset)
    best = grid.loc[grid.groupby("ammonium_name", sort=False)["p_success"].idxmax()]
    findings += [_describe_best(row) for _, row in best.iterrows()]
    return _Report(scores, findings, grid, _collect_evidence(model, dataset, best))


# -- Cross-validation ------------------------------------------------------------------------------


def _make_tasks(dataset: Any, repeats: int, n_folds: int) -> list[_Task]:
    X, y, salts = dataset.data, dataset.target, dataset.groups
    folds = [StratifiedKFold(n_folds, shuffle=True, random_state=r) for r in range(repeats)]
    times = "once" if repeats == 1 else f"{repeats} times"
    known = _Task(
        "known salts",
        f"{n_folds}-fold cross-validation, {times}",
        "experiments",
        np.arange(len(X)),
        [list(fold.split(X, y)) for fold in folds],
    )
    new = _Task(
        "new salts",
        "one salt left out at a time",
        "salts",
        pd.factorize(salts)[0],
        [list(LeaveOneGroupOut().split(X, y, salts))],
    )
    return [known, new]


def _models(seed: int, smiles_columns: list[str], quick: bool) -> dict[str, Any]:
    """Unfitted classifiers by name, all with their defaults, the slowest first."""

    def pipeline(classifier: Any) -> Any:
        molecules = (SMILESFeaturizer("descriptors"), smiles_columns)
        columns = make_column_transformer(molecules, remainder="passthrough")
        return make_pipeline(columns, StandardScaler(), classifier)

    changes = _QUICK if quick else {}
    return {
        _SIAMESE: GraphFingerprintSiameseClassifier(random_state=seed, **changes),
        "random forest": pipeline(RandomForestClassifier(random_state=seed)),
        "SVC": pipeline(SVC()),
        "logistic regression": pipeline(LogisticRegression(max_iter=1000)),
        "majority class": DummyClassifier(strategy="most_frequent"),
    }


def _cross_validate(
    dataset: Any, tasks: list[_Task], n_jobs: int, quick: bool
) -> dict[tuple[int, str], _Outcome]:
    """Out-of-fold predictions by task number and model."""
    X, y, columns = dataset.data, dataset.target, dataset.smiles_columns
    jobs = list(_list_jobs(tasks, list(_models(0, columns, quick))))
    results = joblib.Parallel(n_jobs, return_as="generator_unordered")(
        joblib.delayed(_run_job)(job, X, y, columns, quick) for job in jobs
    )
    found: dict[tuple[int, str], _Outcome] = {}
    for job, label, score in tqdm(results, total=len(jobs), unit="fit", desc="cross-validation"):
        shape = (len(tasks[job.task].splits), len(X))
        blank = _Outcome(np.full(shape, np.nan), np.full(shape, np.nan))
        outcome = found.setdefault((job.task, job.model), blank)
        outcome.label[job.repeat, job.test] = label
        outcome.score[job.repeat, job.test] = score
    return found


def _list_jobs(tasks: list[_Task], models: list[str]) -> Iterator[_Job]:
    for model in models:
        for number, task in enumerate(tasks):
            for repeat, folds in enumerate(task.splits):
                for train, test in folds:
                    yield _Job(number, repeat, model, train, test)


def _run_job(
    job: _Job, X: pd.DataFrame, y: pd.Series, smiles_columns: list[str], quick: bool
) -> tuple[_Job, npt.NDArray[Any], _Floats]:
    """Train on a fold; labels and scores of its test rows."""
    model = _models(job.repeat, smiles_columns, quick)[job.model]
    model.fit(X.iloc[job.train], y.iloc[job.train])
    held_out = X.iloc[job.test]
    if hasattr(model, "predict_proba"):
        score = model.predict_proba(held_out)[:, 1]
    else:
        score = model.decision_function(held_out)
    return job, model.predict(held_out), score


# -- Scores ----------------------------------------------------------------------------------------


def _score(
    y: npt.NDArray[np.int64], tasks: list[_Task], outcomes: dict[tuple[int, str], _Outcome]
) -> tuple[pd.DataFrame, list[str]]:
    """Scores with 95 % bootstrap intervals, and what they say."""
    rows, findings = [], []
    for number, task in enumerate(tasks):
        weights = np.vstack([np.ones(len(y)), _bootstrap_weights(task.units)])
        draws = {
            model: _mean_metrics(y, outcome, weights)
            for (task_number, model), outcome in outcomes.items()
            if task_number == number
        }
        for model, metrics in draws.items():
            row: dict[str, Any] = {"task": task.name, "model": model}
            for metric in _METRICS:
                low, high = _interval(metrics[metric])
                row |= {metric: metrics[metric][0], f"{metric}_low": low, f"{metric}_high": high}
            rows.append(row)
        findings += _compare(task, {model: metrics["MCC"] for model, metrics in draws.items()})
    return pd.DataFrame(rows), findings


def _bootstrap_weights(units: npt.NDArray[np.int64]) -> _Floats:
    """How often each row is drawn, (n_draws, n_rows), when whole units are drawn with return."""
    n_units = int(units.max()) + 1
    drawn = np.random.default_rng(0).multinomial(n_units, np.full(n_units, 1 / n_units), _N_DRAWS)
    return drawn[:, units].astype(np.float64)


def _mean_metrics(
    y: npt.NDArray[np.int64], outcome: _Outcome, weights: _Floats
) -> dict[str, _Floats]:
    """Metrics of the pooled out-of-fold predictions, averaged over the repeats, (n_draws,)."""
    found = [_metrics(y, *parts, weights) for parts in zip(*outcome, strict=True)]
    return {metric: np.mean([metrics[metric] for metrics in found], axis=0) for metric in _METRICS}


def _metrics(
    y: npt.NDArray[np.int64], label: _Floats, score: _Floats, weights: _Floats
) -> dict[str, _Floats]:
    """Metrics of 0/1 labels and of scores for each row of weights, (n_draws,)."""
    tp, fp, fn, tn = (
        weights @ ((y == truth) & (label == said))
        for truth, said in [(1, 1), (0, 1), (1, 0), (0, 0)]
    )
    success, failure = weights[:, y == 1], weights[:, y == 0]
    first, second = score[y == 1][:, None], score[y == 0]
    wins = (first > second) + 0.5 * (first == second)  # (n_successes, n_failures)
    return {
        "MCC": _ratio(tp * tn - fp * fn, np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))),
        "F1": _ratio(2 * tp, 2 * tp + fp + fn),
        "accuracy": _ratio(tp + tn, weights.sum(axis=1)),
        "ROC-AUC": _ratio(
            ((success @ wins) * failure).sum(axis=1), success.sum(axis=1) * failure.sum(axis=1)
        ),
    }


def _ratio(above: _Floats, below: _Floats) -> _Floats:
    """Quotient, 0 where the divisor is 0."""
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


def _interval(draws: _Floats) -> tuple[float, float]:
    """Middle 95 % of the draws; the first one is the value itself."""
    low, high = np.percentile(draws[1:], [2.5, 97.5])
    return float(low), float(high)


def _compare(task: _Task, mcc: dict[str, _Floats]) -> list[str]:
    """Say which model did best in a task, and whether the siamese model did otherwise."""
    best = max(mcc, key=lambda model: mcc[model][0])
    rival = max((model for model in mcc if model != _SIAMESE), key=lambda model: mcc[model][0])
    low, high = _interval(mcc[_SIAMESE] - mcc[rival])
    verdict = "the data do not tell them apart" if low <= 0 <= high else "0 is not in that interval"
    lines = [
        f"{task.name.capitalize()}: {best} has the highest MCC, {mcc[best][0]:.2f}. Siamese minus "
        f"{rival}: {mcc[_SIAMESE][0] - mcc[rival][0]:+.2f} ({low:+.2f} to {high:+.2f}), {verdict}."
    ]
    guessing = [m for m in mcc if m != "majority class" and _interval(mcc[m])[0] <= 0]
    if guessing:
        lines.append(
            f"{task.name.capitalize()}: not shown to beat guessing (the interval of the MCC "
            f"reaches 0): {', '.join(guessing)}."
        )
    return lines


def _print_scores(tasks: list[_Task], scores: pd.DataFrame) -> None:
    width = scores["model"].str.len().max()
    for task in tasks:
        print(f"\n{task.name.capitalize()}: {task.method}")
        titles = "".join(f"{metric:<23}" for metric in _METRICS)
        print(f"  {'':<{width}}  {titles.rstrip()}")
        for _, row in scores[scores["task"] == task.name].iterrows():
            cells = [
                f"{row[m]:5.2f} ({row[f'{m}_low']:5.2f} to {row[f'{m}_high']:5.2f}) "
                for m in _METRICS
            ]
            print(f"  {row['model']:<{width}}  {''.join(cells).rstrip()}")
    print(
        "\nMetrics of all out-of-fold predictions; in brackets 95 % bootstrap intervals over "
        f"{tasks[0].unit_name} and over {tasks[1].unit_name}.\nEvery model has its defaults; the "
        "baselines see RDKit descriptors of the molecules and the conditions, scaled."
    )


# -- Predictions of new experiments ----------------------------------------------------------------


def _predict_grid(model: Any, dataset: Any) -> pd.DataFrame:
    """Probabilities over both concentrations, within what was measured for each salt."""
    parts = []
    for name in _GRID_SALTS:
        rows = dataset.frame[dataset.frame["ammonium_name"] == name]
        part = _grid_of(rows[dataset.feature_names])
        part.insert(0, "ammonium_name", name)
        parts.append(part)
    grid = pd.concat(parts, ignore_index=True)
    members = model.predict_members(grid[dataset.feature_names])[:, :, 1]
    return grid.assign(p_success=members.mean(axis=0), p_std=members.std(axis=0))


def _grid_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Grid over the salt's ranges of two concentrations; all else at its median or mode."""
    axes = [
        np.linspace(rows[column].min(), rows[column].max(), _GRID_STEPS)
        for column in ("ammonium_M", "lead_iodide_M")
    ]
    first, second = np.meshgrid(*axes, indexing="ij")
    values = {
        column: rows[column].median() if column in rows.select_dtypes("number") else mode
        for column, mode in rows.mode().iloc[0].items()
    }
    values |= {"ammonium_M": first.ravel().round(4), "lead_iodide_M": second.ravel().round(4)}
    return pd.DataFrame(values)[list(rows.columns)]


def _describe_best(row: pd.Series) -> str:
    return (
        f"{row['ammonium_name']}: highest probability of the grid {row['p_success']:.2f} (members "
        f"differ by {row['p_std']:.2f}) at {row['ammonium_M']:.2f} mol/L salt, "
        f"{row['lead_iodide_M']:.2f} mol/L PbI2, {row['formic_acid_M']:.2f} mol/L acid, "
        f"{row['temperature_C']:.0f} degC."
    )


def _collect_evidence(model: Any, dataset: Any, queries: pd.DataFrame) -> pd.DataFrame:
    """Past experiments behind some predictions, with names and conditions of both."""
    evidence = model.support_evidence(queries[dataset.feature_names])
    shown = ["ammonium_name", *_CONDITIONS]
    past = dataset.frame[["experiment", *shown, "crystal_score"]].add_prefix("past_")
    joined = evidence.join(queries[[*shown, "p_success", "p_std"]], on="row")
    joined = joined.join(past, on="support").rename(columns={"outcome": "past_large_crystal"})
    joined.insert(0, "prediction", pd.factorize(joined["row"])[0] + 1)
    last = ["past_large_crystal", "similarity", "share"]
    middle = [column for column in joined if column not in ("row", "support", *last)]
    return joined[middle + last]


# -- Files -----------------------------------------------------------------------------------------


def _write(report: _Report, frame: pd.DataFrame, output: Path) -> dict[Path, str]:
    """Write all files into a folder of their own first, and only then where they belong."""
    contents = {
        "scores.csv": "the tables above",
        "probabilities.csv": f"{len(report.grid):,} unseen conditions with three of the salts",
        "evidence.csv": "the past experiments behind the three highest probabilities",
        "demo.png": "the scores, and a map of the probabilities",
    }
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=output) as name:
        folder = Path(name)
        report.scores.round(4).to_csv(folder / "scores.csv", index=False)
        report.grid.round(4).to_csv(folder / "probabilities.csv", index=False)
        report.evidence.round(4).to_csv(folder / "evidence.csv", index=False)
        _draw(report, frame, folder / "demo.png")
        for file_name in contents:
            (folder / file_name).replace(output / file_name)
    return {output / file_name: content for file_name, content in contents.items()}


def _draw(report: _Report, frame: pd.DataFrame, path: Path) -> None:
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    figure = Figure(figsize=(11, 4.8), layout=ConstrainedLayoutEngine(wspace=0.04))
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.1])
    _draw_scores(left, report.scores)
    name = _GRID_SALTS[0]
    _draw_map(
        right,
        report.grid[report.grid["ammonium_name"] == name],
        frame[frame["ammonium_name"] == name],
    )
    figure.savefig(path, dpi=150)


def _draw_scores(axes: Any, scores: pd.DataFrame) -> None:
    """Draw the MCC of each model in both tasks, with intervals."""
    models = list(dict.fromkeys(scores["model"]))[::-1]
    styles = {"known salts": ("o", "#0072B2", 0.13), "new salts": ("D", "#D55E00", -0.13)}
    for task, (marker, color, shift) in styles.items():
        rows = scores[scores["task"] == task].set_index("model").loc[models]
        errors = np.clip([rows["MCC"] - rows["MCC_low"], rows["MCC_high"] - rows["MCC"]], 0, None)
        places = np.arange(len(models)) + shift
        axes.errorbar(
            rows["MCC"], places, xerr=errors, fmt=marker, color=color, ms=7, capsize=3, label=task
        )
    axes.axvline(0, color="0.6", lw=1, zorder=0)
    axes.set_yticks(range(len(models)), models, fontsize=12)
    axes.set_xlabel(
        "Matthews correlation: 0 guessing, 1 perfect\n(bars: 95 % intervals)", fontsize=11
    )
    axes.set_title("How well held-out experiments\nare predicted", fontsize=13)
    axes.legend(loc="lower right", fontsize=11)
    axes.grid(axis="x", color="0.9")
    axes.spines[["top", "right"]].set_visible(False)


def _draw_map(axes: Any, grid: pd.DataFrame, measured: pd.DataFrame) -> None:
    """Map the probability over both concentrations, measured experiments on top."""
    table = grid.pivot_table("p_success", "lead_iodide_M", "ammonium_M")
    mesh = axes.pcolormesh(
        table.columns, table.index, table, cmap="cividis", vmin=0, vmax=1, shading="nearest"
    )
    bar = axes.figure.colorbar(mesh, ax=axes, pad=0.02)
    bar.set_label("probability of a large crystal", fontsize=11)
    looks = {
        1: ("o", "white", "black", 80, "measured: large crystal"),
        0: ("X", "black", "white", 75, "measured: no large crystal"),
    }
    for outcome, (marker, face, edge, size, label) in looks.items():
        rows = measured[measured["large_crystal"] == outcome]
        axes.scatter(
            rows["ammonium_M"],
            rows["lead_iodide_M"],
            s=size,
            c=face,
            marker=marker,
            edgecolors=edge,
            label=label,
            clip_on=False,
            zorder=3,
        )
    first, salt = grid.iloc[0], grid["ammonium_name"].iloc[0]
    axes.set_xlabel(f"{salt}, mol/L", fontsize=11)
    axes.set_ylabel("lead(II) iodide, mol/L", fontsize=11)
    axes.set_title(
        f"Prediction for {salt} in\n{_SOLVENT_NAMES[first['solvent']]}, "
        f"{first['temperature_C']:.0f} °C, {first['formic_acid_M']:.1f} mol/L acid",
        fontsize=13,
    )
    axes.figure.legend(
        *axes.get_legend_handles_labels(),
        loc="outside lower right",
        ncols=2,
        fontsize=11,
        frameon=False,
    )
