"""Wall time and gain of a search: 50 trials x 10 folds on 54 simulated syntheses.

    python benchmarks/tuning.py --models "GCNN + SNN" --n-jobs 2 --json tuning.json

A row has three molecules. The search is scikit-optimize's over the paper's ranges. What it found is
then compared with what it started from on other simulated syntheses, 10-fold, which is the honest
figure: the search has seen none of them.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from typing import Any

import joblib
from _common import environment, write_json
from _models import BASE_MODELS, make_model
from sklearn.base import clone
from sklearn.metrics import matthews_corrcoef
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from skopt import BayesSearchCV

from sksiamese.datasets import make_nanoclusters
from sksiamese.tuning import search_space

SEARCH_SEED = 1000  # of the syntheses that the search sees


def search(model: Any, space: str, n_trials: int, n_jobs: int) -> tuple[BayesSearchCV, float]:
    """Tune a model; also give the wall time in seconds."""
    dataset = make_nanoclusters(54, random_state=SEARCH_SEED)
    tuned = BayesSearchCV(
        model,
        search_space(model, space),
        n_iter=n_trials,
        scoring="matthews_corrcoef",
        cv=StratifiedKFold(10, shuffle=True, random_state=0),
        n_jobs=n_jobs,
        refit=False,
        random_state=0,
    )
    start = time.perf_counter()
    tuned.fit(dataset.data, dataset.target)
    return tuned, time.perf_counter() - start


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


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--models", nargs="+", choices=list(BASE_MODELS), default=["GCNN + SNN"])
    parser.add_argument("--space", choices=["paper", "wide"], default="paper")
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--seeds", type=int, default=10, help="data sets to measure the gain on")
    parser.add_argument("--n-jobs", type=int, default=2, help="processes")
    parser.add_argument("--json", metavar="PATH", help="write the results to this file")
    arguments = parser.parse_args()

    # skopt repeats a point now and then in a space of integers, and warns of it each time.
    warnings.filterwarnings("ignore", "The objective has been evaluated", UserWarning)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    rows = []
    columns = make_nanoclusters(54, random_state=SEARCH_SEED).smiles_columns
    for name in arguments.models:
        base = make_model(name, "default", columns)
        base.set_params(model__n_members=1, model__random_state=0)
        if "SNN" in name:
            base.set_params(model__n_trees=0)
        tuned, wall = search(base, arguments.space, arguments.trials, arguments.n_jobs)
        times = split_time(tuned, wall, arguments.n_jobs)
        best = dict(tuned.best_params_)
        models = {"before": base, "after": clone(base).set_params(**best)}
        seeds = range(arguments.seeds)
        gains = {
            when: joblib.Parallel(arguments.n_jobs)(
                joblib.delayed(score)(model, seed) for seed in seeds
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


if __name__ == "__main__":
    main()
