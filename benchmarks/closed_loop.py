"""Closed loop on measured data: successes found by a recommender, batch after batch.

    python benchmarks/closed_loop.py --release PATH --json closed_loop.json --plot closed_loop.png
    python benchmarks/closed_loop.py --release PATH --runs loops.jsonl  # stop it, and it goes on
    python benchmarks/closed_loop.py --goal maximize --tables FOLDER --json numbers.json

Each loop starts with 20 random experiments of a pool (all salts of the perovskite release together,
or one of them), among them a success and a failure. A method then chooses ten batches of eight; the
outcomes are looked up. Methods meet the same starts. Counted are the successes of the ten batches.

random            a random order
random forest     highest probability by 100 trees on RDKit descriptors and conditions
Gaussian process  highest mean + standard deviation of a Gaussian process on the same numbers
siamese           highest probability by the siamese classifier, its defaults or --quick ones
siamese, n_later  ExperimentRecommender with the same classifier and defaults of its own, told how
                  many experiments will follow: recommend(n_later=...)
siamese + process, n_later
                  the same with the mean of the siamese classifier and the Gaussian process

A recipe that was measured more than once keeps its first outcome. Intervals are over repeats.

With --goal maximize, loops look for the largest yield on tables of reactions, by protocols that
README.md lists: ExperimentRecommender with several regressors, with and without past campaigns, and
BayBE, where it is installed and asked for.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from common.loops.methods import NUMBER_METHODS, OWN, list_installed
from common.loops.numbers import can_run, run_number_loop
from common.loops.report import draw_numbers, page_tables, summarize_numbers
from common.loops.resume import read_kept, run_all
from common.loops.successes import METHODS, draw, summarize
from common.loops.successes import page_tables as page_successes
from common.loops.tasks import load_number_tasks
from common.pages import write_tables
from common.results import environment, write_json
from common.table_tasks import find_data
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from sksiamese import (
    DesignSpace,
    ExperimentRecommender,
    GraphFingerprintSiameseClassifier,
    SmallClassWarning,
    SMILESFeaturizer,
)
from sksiamese.datasets import fetch_perovskites

LOOKS_AHEAD = ("siamese, n_later", "siamese + process, n_later")
N_START, N_BATCHES, BATCH_SIZE = 20, 10, 8
LEAST_ROWS, LEAST_SUCCESSES = 250, 40  # of a salt: a loop does 100 experiments
QUICK = {"n_members": 3, "max_epochs": 50}
OUTCOME = "large_crystal"


class Task(NamedTuple):
    """Experiments whose outcomes are looked up."""

    name: str
    pool: pd.DataFrame  # distinct recipes, and their outcomes
    smiles_columns: list[str]


class GaussianProcess(ClassifierMixin, BaseEstimator):
    """Regression on outcomes 0 and 1; its two members have its mean and standard deviation."""

    def fit(self, X: Any, y: Any) -> GaussianProcess:
        """Fit scale, length and noise by maximum likelihood."""
        kernel = ConstantKernel() * Matern(nu=2.5) + WhiteKernel(0.1)
        self.classes_ = np.unique(y)
        self.regressor_ = GaussianProcessRegressor(kernel, normalize_y=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # a length at its bound is no harm
            self.regressor_.fit(X, np.asarray(y, dtype=float))
        return self

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Mean, (n_samples, 2)."""
        mean = self.regressor_.predict(X)
        return np.column_stack([1 - mean, mean])

    def predict_std(self, X: Any) -> npt.NDArray[np.float64]:
        """Standard deviation, (n_samples, 2)."""
        std = self.regressor_.predict(X, return_std=True)[1]
        return np.column_stack([std, std])


def make_tasks(release: str | None, names: list[str] | None) -> tuple[list[Task], dict[str, str]]:
    """Make the pools asked for, and give the reasons why other salts are left out."""
    dataset = fetch_perovskites(path=release)
    frame = dataset.data.assign(**{OUTCOME: dataset.target})
    frame = frame[~dataset.data.duplicated()]
    salts = dataset.frame.loc[frame.index, "ammonium_name"]
    pools = {"all salts": frame} | dict(list(frame.groupby(salts)))
    tasks, left_out = [], {}
    for name, pool in pools.items():
        n_rows, n_successes = len(pool), int(pool[OUTCOME].sum())
        if n_rows < LEAST_ROWS or n_successes < LEAST_SUCCESSES:
            left_out[name] = f"{n_rows} recipes, {n_successes} successes"
        elif names is None or name in names:
            tasks.append(Task(name, pool, dataset.smiles_columns))
    tasks.sort(key=lambda task: -len(task.pool))
    unknown = set(names or []) - {task.name for task in tasks}
    if unknown:
        known = [name for name in pools if name not in left_out]
        raise SystemExit(f"Unknown or left out: {sorted(unknown)}. There are: {known}")
    return tasks, left_out


def make_recommender(method: str, task: Task, seed: int, quick: bool) -> ExperimentRecommender:
    """Make the unfitted recommender of a method."""
    columns = make_column_transformer(
        (SMILESFeaturizer("descriptors"), task.smiles_columns), remainder="passthrough"
    )
    siamese = GraphFingerprintSiameseClassifier(random_state=seed, **(QUICK if quick else {}))
    forest = make_pipeline(columns, RandomForestClassifier(random_state=seed))
    process = Pipeline(
        [("columns", columns), ("scale", StandardScaler()), ("model", GaussianProcess())]
    )
    both = VotingClassifier([("siamese", siamese), ("process", process)], voting="soft")
    greedy = {"acquisition": "probability", "diversity": 0.0, "n_bootstrap": 0}
    estimator, settings = {
        "random forest": (forest, greedy),
        "Gaussian process": (process, {"acquisition": "ucb", "diversity": 0.0}),
        "siamese": (siamese, greedy),
        "siamese, n_later": (siamese, {}),
        "siamese + process, n_later": (both, {"n_bootstrap": 0}),
    }[method]
    space = DesignSpace.from_frame(task.pool.drop(columns=OUTCOME))
    settings |= {"space": space, "n_folds": 0}  # as its figures were measured
    return ExperimentRecommender(estimator, random_state=seed, **settings)


def draw_start(pool: pd.DataFrame, rng: np.random.RandomState) -> pd.DataFrame:
    """Draw experiments until both outcomes are among them."""
    while True:
        start = pool.sample(N_START, random_state=rng)
        if start[OUTCOME].nunique() == 2:
            return start


def run_loop(task: Task, method: str, seed: int, quick: bool = False) -> dict[str, Any]:
    """Run one loop; give the successes found after each batch."""
    rng = np.random.RandomState(seed)
    start = draw_start(task.pool, rng)
    pool = task.pool.drop(start.index)
    if method == "random":
        order = pool[OUTCOME].sample(N_BATCHES * BATCH_SIZE, random_state=rng).to_numpy()
        gains = order.reshape(N_BATCHES, BATCH_SIZE).sum(axis=1)
    else:
        recommender = make_recommender(method, task, seed, quick)
        gains = find_gains(recommender, start, pool, looks_ahead=method in LOOKS_AHEAD)
    found = np.cumsum(gains).tolist()
    return {"task": task.name, "method": method, "seed": seed, "quick": quick, "found": found}


def find_gains(
    recommender: ExperimentRecommender, start: pd.DataFrame, pool: pd.DataFrame, looks_ahead: bool
) -> npt.NDArray[np.int64]:
    """Successes of each batch that a recommender chooses out of a pool."""
    gains = np.zeros(N_BATCHES, np.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SmallClassWarning)  # a start may hold a single success
        recommender.fit(start.drop(columns=OUTCOME), start[OUTCOME])
        for batch in range(N_BATCHES):
            n_later = BATCH_SIZE * (N_BATCHES - batch - 1) if looks_ahead else 0
            chosen = recommender.recommend(
                BATCH_SIZE, candidates=pool.drop(columns=OUTCOME), n_later=n_later
            )
            done = pool.loc[chosen.index]
            gains[batch] = done[OUTCOME].sum()
            pool = pool.drop(done.index)
            if batch < N_BATCHES - 1:
                recommender.add_measurements(done)
    return gains


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--release", metavar="PATH", help="local perovskite release")
    parser.add_argument("--salts", nargs="+", help="names of salts, or 'all salts'")
    parser.add_argument("--goal", choices=["maximize"], help="look for the largest yield instead")
    parser.add_argument("--tables", metavar="FOLDER", help="reaction tables, with --goal")
    parser.add_argument("--pools", nargs="+", help="such as 'aryl_amination', with --goal")
    parser.add_argument("--methods", nargs="+", choices=[*METHODS, *NUMBER_METHODS[2:]])
    parser.add_argument(
        "--repeats",
        type=int,
        default=20,
        help="loops of each method and pool; 0 with --goal tells of those in --runs",
    )
    parser.add_argument("--first-seed", type=int, default=0, help="seed of the first repeat")
    parser.add_argument("--quick", action="store_true", help="networks of 3 members, 50 epochs")
    parser.add_argument("--n-jobs", type=int, default=2, help="processes")
    parser.add_argument("--runs", metavar="PATH", help="keep loops here, and run no loop twice")
    parser.add_argument("--json", metavar="PATH", help="write the results to this file")
    parser.add_argument("--page", metavar="PATH", help="write the tables of the page to this file")
    parser.add_argument("--plot", metavar="PATH", help="draw the results to this file")
    arguments = parser.parse_args()
    if arguments.goal:
        run_numbers(arguments)
    else:
        run_successes(arguments)


def run_numbers(arguments: argparse.Namespace) -> None:
    """Run loops that look for the largest yield."""
    folder, _ = find_data(arguments.tables, None)
    if folder is None:
        raise SystemExit("--goal needs --tables, the folder of the reaction tables")
    methods = arguments.methods or list_installed()
    if arguments.repeats:
        loops = _list_loops(load_number_tasks(folder, arguments.pools), methods, arguments)
        loops = [loop for loop in loops if can_run(loop[0], loop[1])]
        runs = run_all(loops, arguments.n_jobs, arguments.runs, run_number_loop)
    else:
        runs = pd.DataFrame(read_kept(Path(arguments.runs)).values())
    reference = OWN if OWN in methods else methods[-1]
    summary = summarize_numbers(runs, reference)
    print(f"\nPer cent, and by how much {reference!r} is ahead (95 % intervals)")
    print(summary.round(1).to_string(index=False))
    if arguments.plot:
        draw_numbers(runs, arguments.plot)
    if arguments.json:
        results = [*summary.to_dict("records"), *runs.to_dict("records")]
        write_json(arguments.json, results, environment(**vars(arguments)))
    if arguments.page:
        about = environment(**vars(arguments))
        write_tables(arguments.page, page_tables(summary, reference), about)


def run_successes(arguments: argparse.Namespace) -> None:
    """Run loops that look for successes."""
    tasks, left_out = make_tasks(arguments.release, arguments.salts)
    for name, reason in left_out.items():
        print(f"left out: {name} ({reason})")
    methods = arguments.methods or list(METHODS)
    methods = ["random", *(name for name in methods if name != "random")]
    loops = _list_loops(tasks, methods, arguments)
    runs = run_all(loops, arguments.n_jobs, arguments.runs, run_loop)
    summary = summarize(runs, methods[-1])
    print(f"\nSuccesses found, and by how many {methods[-1]!r} is ahead (95 % intervals)")
    print(summary.round(2).to_string(index=False))
    if arguments.plot:
        draw(runs, arguments.plot)
    if arguments.json:
        about = environment(left_out=left_out, **vars(arguments))
        results = [*summary.to_dict("records"), *runs.to_dict("records")]
        write_json(arguments.json, results, about)
    if arguments.page:
        about = environment(**vars(arguments))
        write_tables(arguments.page, page_successes(summary, methods[-1]), about)


def _list_loops(
    tasks: list[Any], methods: list[str], arguments: argparse.Namespace
) -> list[tuple[Any, str, int, bool]]:
    """List all loops, seed by seed."""
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.repeats)
    return [
        (task, method, seed, arguments.quick)
        for seed in seeds
        for task in tasks
        for method in methods
    ]


if __name__ == "__main__":
    main()
