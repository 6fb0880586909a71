"""Closed loops that look for the largest yield: run one, and score it."""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning

from common.loops.baybe_campaign import BayBECampaign
from common.loops.methods import BAYBE, WITH_HISTORY, make_regressor
from common.loops.tasks import OUTCOME, NumberTask, draw_past, draw_start, varying
from sksiamese import DesignSpace, ExperimentRecommender

TOP_SHARE = 0.05
N_QUICK = 2  # batches


def can_run(task: NumberTask, method: str) -> bool:
    """Whether a method can do a task: without a start, history or chance are needed."""
    if method == WITH_HISTORY:
        return bool(task.past)
    return method == "random" or task.begins != "none"


def run_number_loop(task: NumberTask, method: str, seed: int, quick: bool) -> dict[str, Any]:
    """Run one loop; tell what it found, and processor time of a step."""
    rng = np.random.RandomState(seed)
    start = draw_start(task, rng)
    left, clock = task.pool.drop(start.index), time.process_time()
    n_batches = N_QUICK if quick else task.n_batches
    if method == "random":
        done = left.loc[rng.permutation(left.index)[: n_batches * task.batch_size]]
    elif method in BAYBE:
        done = choose_by_baybe(task, BAYBE[method], seed, start, n_batches)
    else:
        done = choose_all(task, method, seed, start, n_batches)
    seconds = (time.process_time() - clock) / n_batches
    scores = score(task.pool[OUTCOME], start[OUTCOME], done[OUTCOME], task.batch_size)
    about = {"task": task.name, "method": method, "seed": seed, "quick": quick}
    return {**about, **scores, "step_s": seconds}


def choose_all(
    task: NumberTask, method: str, seed: int, start: pd.DataFrame, n_batches: int
) -> pd.DataFrame:
    """Let a recommender choose batch after batch out of what is left."""
    recipes = task.pool.drop(columns=OUTCOME)
    past = draw_past(task, seed) if method == WITH_HISTORY else None
    if past is None:
        recipes = varying(recipes)
    space = DesignSpace.from_frame(recipes)
    regressor = make_regressor(method, recipes, seed)
    recommender = ExperimentRecommender(regressor, space, goal="maximize", random_state=seed)
    chosen: list[Any] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a length at its bound is no harm
        recommender.fit(recipes.loc[start.index], start[OUTCOME], history=past)
        for batch in range(n_batches):
            left = recipes.drop(index=[*start.index, *chosen])
            plate = recommender.recommend(task.batch_size, candidates=left)
            chosen += list(plate.index)
            if batch < n_batches - 1:
                done = recipes.loc[plate.index].assign(**{OUTCOME: task.pool[OUTCOME]})
                recommender.add_measurements(done)
    return task.pool.loc[chosen]


def choose_by_baybe(
    task: NumberTask, encoding: str, seed: int, start: pd.DataFrame, n_batches: int
) -> pd.DataFrame:
    """Let BayBE choose batch after batch out of what is left."""
    recipes = task.pool.drop(columns=OUTCOME)
    campaign = BayBECampaign(varying(recipes), encoding, seed)
    campaign.add(start[OUTCOME])
    chosen: list[Any] = []
    for _ in range(n_batches):
        batch = campaign.recommend(task.batch_size)
        campaign.add(task.pool.loc[batch, OUTCOME])
        chosen += batch
    return task.pool.loc[chosen]


def score(pool: pd.Series, start: pd.Series, done: pd.Series, batch_size: int) -> dict[str, Any]:
    """Score a loop, all in per cent.

    "top_found": share of the best 5 % of the pool; "best_curve": mean over the batches of the best
    yield so far, by the best of the pool; "best": that at the end; "mean_yield" of what was chosen.
    """
    n_top = int(np.ceil(TOP_SHARE * len(pool)))
    top = pool.sort_values(ascending=False, kind="stable").index[:n_top]
    before = start.max() if len(start) else -np.inf
    largest = np.maximum.accumulate(np.r_[before, done.to_numpy()])[1:]
    curve = 100 * largest[batch_size - 1 :: batch_size] / pool.max()
    return {
        "top_found": 100 * float(np.isin(top, [*start.index, *done.index]).mean()),
        "best_curve": float(curve.mean()),
        "best": float(curve[-1]),
        "mean_yield": float(done.mean()),
        "curve": curve.tolist(),
    }
