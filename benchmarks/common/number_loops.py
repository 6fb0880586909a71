"""Closed loops on tables of reactions that look for the largest yield."""

from __future__ import annotations

import time
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.exceptions import ConvergenceWarning

from common.number_models import NUMBER_METHODS, make_regressor
from common.results import t_intervals
from common.table_tasks import NO_INPUTS, reaction_path
from sksiamese import DesignSpace, ExperimentRecommender

OUTCOME = "yield_percent"
TABLES = ("direct_arylation", "aryl_amination", "suzuki", "nickel_suzuki")
N_START, N_BATCHES, BATCH_SIZE = 10, 8, 5
TOP_SHARE = 0.05
COLORS = ("#999999", "#E69F00", "#009E73", "#56B4E9", "#0072B2", "#D55E00")  # Okabe and Ito
STYLES = dict(zip(NUMBER_METHODS, zip(COLORS, "xs^Dvo", strict=True), strict=True))
SCORES = ("top_found", "best_curve", "best", "mean_yield")


class NumberTask(NamedTuple):
    """Reactions whose yields are looked up; `first` are those that a loop starts from, if given."""

    name: str
    pool: pd.DataFrame
    first: pd.DataFrame | None


def load_number_tasks(folder: Path, names: list[str] | None) -> list[NumberTask]:
    """Load the tables asked for: each halide of the amination is one, plate 1 a start."""
    tasks = []
    for name in TABLES:
        frame = pd.read_csv(reaction_path(folder, name))
        if name == "aryl_amination":
            halides = list(frame.groupby("aryl_halide"))
            tasks += [
                _make_task(f"{name} {i}", part.drop(columns="aryl_halide"))
                for i, (_, part) in enumerate(halides)
            ]
        else:
            tasks.append(_make_task(name, frame))
    return [task for task in tasks if names is None or task.name in names]


def _make_task(name: str, frame: pd.DataFrame) -> NumberTask:
    """A recipe that was measured more than once keeps its first outcome."""
    recipe = frame.drop(columns=[OUTCOME, *NO_INPUTS], errors="ignore")
    frame = frame[~recipe.duplicated()].reset_index(drop=True)
    pool = frame.drop(columns=NO_INPUTS, errors="ignore")
    return NumberTask(name, pool, pool[frame["plate"] == 1] if "plate" in frame else None)


def draw_worst(task: NumberTask, rng: np.random.RandomState) -> pd.DataFrame:
    """Draw the start: ten reactions of the worst half, or those that are given."""
    if task.first is not None:
        return task.first
    worst = task.pool[OUTCOME].sort_values(kind="stable").index[: len(task.pool) // 2]
    return task.pool.loc[rng.choice(worst, N_START, replace=False)]


def run_number_loop(task: NumberTask, method: str, seed: int, quick: bool) -> dict[str, Any]:
    """Run one loop; tell what it found, and processor time of a step."""
    rng = np.random.RandomState(seed)
    start = draw_worst(task, rng)
    left, clock = task.pool.drop(start.index), time.process_time()
    n_batches = 2 if quick else N_BATCHES
    if method == "random":
        done = left.loc[rng.permutation(left.index)[: n_batches * BATCH_SIZE]]
    else:
        done = choose_all(task, method, seed, start, n_batches)
    seconds = (time.process_time() - clock) / n_batches
    scores = score(task.pool[OUTCOME], start[OUTCOME], done[OUTCOME])
    about = {"task": task.name, "method": method, "seed": seed, "quick": quick}
    return {**about, **scores, "step_s": seconds}


def choose_all(
    task: NumberTask, method: str, seed: int, start: pd.DataFrame, n_batches: int
) -> pd.DataFrame:
    """Let a recommender choose batch after batch out of what is left."""
    recipes = task.pool.drop(columns=OUTCOME)
    space = DesignSpace.from_frame(recipes)
    regressor = make_regressor(method, recipes, seed)
    recommender = ExperimentRecommender(regressor, space, goal="maximize", random_state=seed)
    chosen: list[Any] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a length at its bound is no harm
        recommender.fit(recipes.loc[start.index], start[OUTCOME])
        for batch in range(n_batches):
            left = recipes.drop(index=[*start.index, *chosen])
            plate = recommender.recommend(BATCH_SIZE, candidates=left)
            chosen += list(plate.index)
            if batch < n_batches - 1:
                recommender.add_measurements(task.pool.loc[plate.index])
    return task.pool.loc[chosen]


def score(pool: pd.Series, start: pd.Series, done: pd.Series) -> dict[str, Any]:
    """Score a loop, all in per cent.

    "top_found": share of the best 5 % of the pool; "best_curve": mean over the batches of the best
    yield so far, by the best of the pool; "best": that at the end; "mean_yield" of what was chosen.
    """
    n_top = int(np.ceil(TOP_SHARE * len(pool)))
    top = pool.sort_values(ascending=False, kind="stable").index[:n_top]
    largest = np.maximum.accumulate(np.r_[start.max(), done.to_numpy()])[1:]
    curve = 100 * largest[BATCH_SIZE - 1 :: BATCH_SIZE] / pool.max()
    return {
        "top_found": 100 * float(np.isin(top, [*start.index, *done.index]).mean()),
        "best_curve": float(curve.mean()),
        "best": float(curve[-1]),
        "mean_yield": float(done.mean()),
        "curve": curve.tolist(),
    }


def summarize_numbers(runs: pd.DataFrame, reference: str) -> pd.DataFrame:
    """Mean of each score by pool and method, and how far `reference` is ahead, seed by seed.

    The rows "aryl_amination" are means of all its halides.
    """
    halide = runs["task"].str.startswith("aryl_amination")
    parts = [("aryl_amination", runs[halide])] if halide.any() else []
    parts += list(runs[~halide].groupby("task", sort=False))
    rows = []
    for name, part in parts:
        wide = part.pivot_table(index="seed", columns="method", values=[*SCORES, "step_s"])
        for method in part["method"].unique():
            row = {"task": name, "method": method, "repeats": len(wide)}
            row |= {s: float(wide[s, method].mean()) for s in (*SCORES, "step_s")}
            for s in ("top_found", "best_curve"):
                ahead = t_intervals((wide[s, reference] - wide[s, method]).to_frame("ahead"))
                row |= {f"{s}_{end}": float(ahead[end].iloc[0]) for end in ahead}
            rows.append(row)
    return pd.DataFrame(rows)


def draw_numbers(runs: pd.DataFrame, path: str) -> None:
    """Draw the best yield so far against batches, one panel for each table."""
    from matplotlib.figure import Figure

    tables = runs["task"].str.split(" ").str[0]
    names = list(dict.fromkeys(tables))
    figure = Figure(figsize=(4.2 * len(names) + 2.4, 3.8), layout="constrained")
    for ax, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        for method, part in runs[tables == name].groupby("method", sort=False):
            curve: npt.NDArray[np.float64] = np.array(part["curve"].tolist()).mean(axis=0)
            color, marker = STYLES[method]
            batches = np.arange(1, len(curve) + 1)
            ax.plot(batches, curve, color=color, marker=marker, markersize=4, label=method)
        ax.set(title=name, xlabel=f"batches of {BATCH_SIZE}", ylabel="best yield, % of the maximum")
        ax.set_xticks(batches)
    figure.legend(*ax.get_legend_handles_labels(), loc="outside right upper", frameon=False)
    figure.savefig(path, dpi=120)
    print(f"Drawn to {path}")
