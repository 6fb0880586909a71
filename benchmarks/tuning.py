"""Searches: the settings of the six models, or wall time and gain of one search.

    python benchmarks/tuning.py --save benchmarks/tuned_settings.json --release PATH
    python benchmarks/tuning.py --models "GCNN + SNN" --json tuning.json

With --save, every model is tuned on every data set of `_tasks.make_tuning_task`, by the MCC over
five draws of few rows, and what is found is written where `six_models.py` reads it. Where no trial
beats the defaults, they stay. Each search is written as it ends, beside those of earlier runs.

Without it, a search of 50 trials x 10 folds on 54 simulated syntheses is timed. What it found is
then compared with what it started from on other simulated syntheses, 10-fold, which is the honest
figure: the search has seen none of them.

All searches are scikit-optimize's, with one network, for time; they try two points at once, so that
no process waits for the slower of two fits.
"""

from __future__ import annotations

import argparse
import json
import os
import time
import warnings
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from common.models import BASE_MODELS, make_model
from common.results import environment, write_json
from common.tasks import TUNING_DATA, TUNING_SEED, Task, make_tuning_task
from sklearn.base import clone
from sklearn.metrics import matthews_corrcoef
from sklearn.model_selection import StratifiedKFold, cross_val_predict, cross_val_score
from skopt import BayesSearchCV

from sksiamese.datasets import make_nanoclusters
from sksiamese.tuning import search_space

SCORING = "matthews_corrcoef"
OF_MOLECULES = {"fp_size", "conv_width", "radius", "descriptors", "tanimoto"}


def search(
    model: Any, task: Task, space: str, n_trials: int, n_jobs: int
) -> tuple[BayesSearchCV, float]:
    """Tune a model; also give the wall time in seconds."""
    ranges = search_space(model, space)
    if "descriptors" in model.named_steps:  # numbers alone
        ranges = {k: v for k, v in ranges.items() if k.split("__")[1] not in OF_MOLECULES}
    tuned = BayesSearchCV(
        model,
        ranges,
        n_iter=n_trials,
        n_points=min(2, n_trials),
        scoring=SCORING,
        cv=task.cv,
        n_jobs=n_jobs,
        optimizer_kwargs={"acq_func": "EI"},  # two thirds of the default's time
        refit=False,
        random_state=0,
    )
    start = time.perf_counter()
    tuned.fit(task.X, task.y)
    return tuned, time.perf_counter() - start


def tune(name: str, data: str, task: Task, arguments: argparse.Namespace) -> dict[str, Any]:
    """Find the settings of a model on some data."""
    base = make_model(name, "default", task.smiles_columns)
    base.set_params(model__n_members=1, model__random_state=0)
    default = cross_val_score(base, task.X, task.y, cv=task.cv, scoring=SCORING).mean()
    tuned, wall = search(base, task, arguments.space, arguments.trials, arguments.n_jobs)
    better = tuned.best_score_ > default
    found = {k: np.asarray(v).item() for k, v in tuned.best_params_.items()} if better else {}
    print(
        f"{name}, {data}: MCC {default:.3f}, tuned {tuned.best_score_:.3f}, {wall:.0f} s, {found}"
    )
    return {
        "model": name,
        "data": data,
        "settings": found,
        "mcc_default": float(default),
        "mcc_tuned": float(tuned.best_score_),
        "seconds": wall,
        "about": environment(
            seed=TUNING_SEED, space=arguments.space, trials=arguments.trials, rows=len(task.X)
        ),
    }


def tune_all(arguments: argparse.Namespace) -> None:
    """Tune the models on the data sets, and write each result as it comes."""
    path = Path(arguments.save)
    rows = json.loads(path.read_text())["results"] if path.exists() else []
    for data in arguments.data:
        task = make_tuning_task(data, arguments.release)
        for name in arguments.models or BASE_MODELS:
            row = tune(name, data, task, arguments)
            rows = [old for old in rows if (old["model"], old["data"]) != (name, data)] + [row]
            write_json(path, rows, {"scoring": SCORING, "n_members": 1})


def split_time(tuned: BayesSearchCV, wall: float, n_jobs: int) -> dict[str, float]:
    """Seconds of fits and of predictions by process, and of all else."""
    found = tuned.cv_results_
    fits, scores = (10 * sum(found[f"mean_{part}_time"]) / n_jobs for part in ("fit", "score"))
    return {"wall_s": wall, "fits_s": fits, "predictions_s": scores, "rest_s": wall - fits - scores}


def score(model: Any, seed: int) -> float:
    """MCC of all out-of-fold predictions on other simulated syntheses."""
    dataset = make_nanoclusters(54, random_state=seed)
    folds = StratifiedKFold(10, shuffle=True, random_state=seed)
    predicted = cross_val_predict(model, dataset.data, dataset.target, cv=folds)
    return float(matthews_corrcoef(dataset.target, predicted))


def time_all(arguments: argparse.Namespace) -> None:
    """Time searches on 54 simulated syntheses, and score what they found on others."""
    rows = []
    dataset = make_nanoclusters(54, random_state=TUNING_SEED)
    folds = StratifiedKFold(10, shuffle=True, random_state=0)
    task = Task(dataset.data, dataset.target, None, dataset.smiles_columns, folds, 1)
    for name in arguments.models or ["GCNN + SNN"]:
        base = make_model(name, "default", task.smiles_columns)
        base.set_params(model__n_members=1, model__random_state=0)
        tuned, wall = search(base, task, arguments.space, arguments.trials, arguments.n_jobs)
        times = split_time(tuned, wall, arguments.n_jobs)
        best = dict(tuned.best_params_)
        models = {"before": base, "after": clone(base).set_params(**best)}
        gains = {
            when: joblib.Parallel(arguments.n_jobs)(
                joblib.delayed(score)(model, seed) for seed in range(arguments.seeds)
            )
            for when, model in models.items()
        }
        means = {when: sum(values) / len(values) for when, values in gains.items()}
        print(f"\n{name}, {arguments.trials} trials x 10 folds: {wall:.0f} s")
        print("  " + ", ".join(f"{part[:-2]} {seconds:.0f} s" for part, seconds in times.items()))
        print(f"  found {best}")
        print(f"  MCC on {arguments.seeds} other data sets: {means}")
        rows.append({"model": name, **times, "best": best, "mcc": gains})
    if arguments.json:
        write_json(arguments.json, rows, environment(random_state=0, **vars(arguments)))


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--save", metavar="PATH", help="tune all models and write their settings")
    parser.add_argument("--data", nargs="+", choices=TUNING_DATA, default=list(TUNING_DATA))
    parser.add_argument("--release", metavar="PATH", help="local perovskite release (for --save)")
    parser.add_argument("--models", nargs="+", choices=list(BASE_MODELS))
    parser.add_argument("--space", choices=["paper", "wide"], help="wide with --save, else paper")
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--seeds", type=int, default=10, help="data sets to measure the gain on")
    parser.add_argument("--n-jobs", type=int, default=2, help="processes")
    parser.add_argument("--json", metavar="PATH", help="write the timing to this file")
    arguments = parser.parse_args()
    arguments.space = arguments.space or ("wide" if arguments.save else "paper")

    # skopt repeats a point now and then in a space of integers, and warns of it each time.
    warnings.filterwarnings("ignore", "The objective has been evaluated", UserWarning)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if arguments.save:
        tune_all(arguments)
    else:
        time_all(arguments)


if __name__ == "__main__":
    main()
