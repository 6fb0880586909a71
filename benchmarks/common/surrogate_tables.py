"""Stand-ins on tables of reactions: fidelity, and what a reader predicts from what is printed.

The reader knows no more than the page says: of the tree, the rules that are shown; of the effects,
the charts, whose heights above their means are added up; of permutation importances of the model,
the two columns that matter most, and for which of their values it says yes to measured rows. Each
tells for 20 recipes what the model says.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import permutation_importance

from common.table_tasks import draw_rows, load_table
from sksiamese import (
    AdditiveEffectsExplainer,
    DesignSpace,
    GraphFingerprintSiameseClassifier,
    LowFidelityWarning,
    SurrogateTreeExplainer,
)

N_EACH, N_READ, N_LEAVES = 50, 20, 16
N_SAMPLES = 10_000
MODEL_SETTINGS: dict[str, Any] = {}
"""Settings of the classifier that is explained."""


def explain_table(name: str, tables: Path | None, seed: int) -> list[dict[str, Any]]:
    """Explain the default classifier on 50 rows of each outcome."""
    table = load_table(name, tables, None)
    draw = draw_rows(table, None, N_EACH, seed)
    assert draw is not None
    X, y = table.X.iloc[draw.train].reset_index(drop=True), table.y[draw.train]
    model = GraphFingerprintSiameseClassifier(random_state=seed, **MODEL_SETTINGS).fit(X, y)
    space = DesignSpace.from_frame(X)
    settings = {"space": space, "n_samples": N_SAMPLES, "random_state": seed}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LowFidelityWarning)
        tree = SurrogateTreeExplainer(FrozenEstimator(model), **settings).fit(X)
        effects = AdditiveEffectsExplainer(FrozenEstimator(model), **settings).fit(X)
    recipes = pick_recipes(model, space, list(X), seed)
    answers = model.predict(recipes)
    read = {
        "tree": read_tree(tree, recipes),
        "effects and pairs": read_effects(effects, recipes),
        "importances": read_importances(model, X, recipes),
    }
    rows = []
    for stand_in, said in read.items():
        scores = {"tree": tree, "effects and pairs": effects}.get(stand_in)
        fidelity = {} if scores is None else scores.fidelity_
        rows.append(
            {
                "table": name,
                "seed": seed,
                "stand-in": stand_in,
                "reader": float(np.mean(said == answers)),
                **{f"fidelity {key}": value for key, value in fidelity.items()},
            }
        )
    return rows


def pick_recipes(model: Any, space: DesignSpace, columns: list[str], seed: int) -> pd.DataFrame:
    """Recipes of which the model says yes to one half and no to the other, where it does."""
    pool = space.sample(400, random_state=seed + 5)[columns]
    said = model.predict(pool)
    halves = [np.flatnonzero(said == label)[: N_READ // 2] for label in (0, 1)]
    return pool.iloc[np.concatenate(halves)]


def read_tree(tree: Any, recipes: pd.DataFrame) -> npt.NDArray[Any]:
    """Follow the shown questions of a tree."""
    nodes = tree.shown(N_LEAVES)
    path = tree.tree_.decision_path(tree.view_(tree.space_.complete(recipes))).toarray()
    ends = nodes.index[nodes["is_leaf"]]
    return nodes.loc[
        [ends[path[i, ends] > 0][0] for i in range(len(recipes))], "prediction"
    ].to_numpy()


def read_effects(effects: Any, recipes: pd.DataFrame) -> npt.NDArray[Any]:
    """Add up how far each chart stands above or below its mean, from the mean probability on."""
    frame, total = effects.space_.complete(recipes), 0.0
    for name, chart in effects.effects_.groupby("column", sort=False):
        mean = np.average(chart["probability"], weights=chart["share"])
        if isinstance(chart["value"].iloc[0], float):
            height = np.interp(frame[name], chart["value"].astype(float), chart["probability"])
        else:
            column = effects.space_.columns[name]
            labels = dict(zip(column._listed(), _labels(column), strict=True))
            height = frame[name].map(labels).map(chart.set_index("value")["probability"]).to_numpy()
        total = total + height - mean
    return (total + mean > 0.5).astype(int)


def read_importances(model: Any, X: pd.DataFrame, recipes: pd.DataFrame) -> npt.NDArray[Any]:
    """Know which two columns matter most, and how often each of their values worked."""
    said = model.predict(X)
    importance = permutation_importance(model, X, said, n_repeats=5, random_state=0)
    chosen = np.array(list(X))[np.argsort(-importance.importances_mean)[:2]]
    rates = [recipes[name].map(pd.Series(said).groupby(X[name]).mean()) for name in chosen]
    return (pd.concat(rates, axis=1).mean(axis=1).fillna(0.5).to_numpy() > 0.5).astype(int)


def _labels(column: Any) -> list[str]:
    return (
        column.labels() if hasattr(column, "labels") else [str(each) for each in column._listed()]
    )
