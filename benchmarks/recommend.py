"""Time and memory of a recommendation, by the number of candidates.

    python benchmarks/recommend.py --candidates 100000 1000000
    python benchmarks/recommend.py --models siamese --candidates 100000 10000000

The past are 54 of the shipped crystallisations, and the 24 most probable, diverse experiments are
chosen. Each case runs in a process of its own: seconds by the clock and of the processor (cpu s,
which is what a candidate takes), what it held before the recommendation, and at most.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from typing import Any

from common.results import environment, write_json
from predict import peak_bytes
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline

from sksiamese import (
    DesignSpace,
    ExperimentRecommender,
    GraphFingerprintSiameseClassifier,
    SMILESFeaturizer,
)
from sksiamese.datasets import load_perovskites

MODELS = ("siamese", "random forest")
N_PAST, BATCH_SIZE = 54, 24


def make_recommender(model: str, n_jobs: int, seed: int) -> ExperimentRecommender:
    """Make a recommender that is fitted to some of the shipped crystallisations."""
    data = load_perovskites()
    X = data.data.sample(N_PAST, random_state=seed)
    settings: dict[str, Any] = {"n_jobs": n_jobs, "random_state": seed}
    estimator: Any = GraphFingerprintSiameseClassifier(random_state=seed)
    if model == "random forest":
        columns = make_column_transformer(
            (SMILESFeaturizer("descriptors"), data.smiles_columns), remainder="passthrough"
        )
        estimator = make_pipeline(columns, RandomForestClassifier(random_state=seed))
        settings |= {"n_bootstrap": 0}
    space = DesignSpace.from_frame(data.data)
    return ExperimentRecommender(estimator, space, **settings).fit(X, data.target.loc[X.index])


def recommend_once(model: str, n_candidates: int, n_jobs: int, seed: int) -> dict[str, Any]:
    """Recommend in this process, which does nothing else; give seconds and memory."""
    recommender = make_recommender(model, n_jobs, seed)
    recommender.set_params(n_candidates=1000).recommend(BATCH_SIZE)  # caches and threads are ready
    recommender.set_params(n_candidates=n_candidates)
    before, start, used = peak_bytes(), time.perf_counter(), time.process_time()
    recommender.recommend(BATCH_SIZE)
    seconds, used = time.perf_counter() - start, time.process_time() - used
    return {
        "model": model,
        "n_candidates": n_candidates,
        "seconds": seconds,
        "processor_s": used,
        "us_per_candidate": used / n_candidates * 1e6,
        "peak_gb": peak_bytes() / 1e9,
        "before_gb": before / 1e9,
    }


def run_apart(*case: Any) -> dict[str, Any]:
    """Run `recommend_once` in a process of its own."""
    command = [sys.executable, os.path.abspath(__file__), "--once", json.dumps(case)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(answer.stdout))


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--candidates", nargs="+", type=int, default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--n-jobs", type=int, default=2, help="threads that score candidates")
    parser.add_argument("--seed", type=int, default=0, help="of past, classifier and candidates")
    parser.add_argument("--json", metavar="PATH", help="write the results to this file")
    parser.add_argument("--once", type=json.loads, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.once:
        print(json.dumps(recommend_once(*arguments.once)))
        return

    print(f"{BATCH_SIZE} of so many candidates, {arguments.n_jobs} thread(s)")
    titles = f"{'s':>7} {'cpu s':>7} {'us each':>8} {'peak GB':>8} {'ratio':>6}"
    print(f"{'model':<14} {'candidates':>11} {titles}")
    rows: list[dict[str, Any]] = []
    for model in arguments.models:
        first: dict[str, Any] = {}
        for n in arguments.candidates:
            row = run_apart(model, n, arguments.n_jobs, arguments.seed)
            first = first or row
            row["peak_ratio"] = row["peak_gb"] / first["peak_gb"]  # to the first number
            print(
                f"{model:<14} {n:>11,} {row['seconds']:7.2f} {row['processor_s']:7.2f} "
                f"{row['us_per_candidate']:8.1f} {row['peak_gb']:8.2f} {row['peak_ratio']:6.2f}",
                flush=True,
            )
            rows.append(row)
    if arguments.json:
        write_json(arguments.json, rows, environment(n_past=N_PAST, **vars(arguments)))


if __name__ == "__main__":
    main()
