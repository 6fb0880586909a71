"""Stand-ins of the siamese classifier: are they faithful, and do they find a known rule?

    python benchmarks/surrogate.py --seeds 10 --first-seed 100 --json surrogate.json
    python benchmarks/surrogate.py --parts rules --seeds 3 --rows 35 100 300
    python benchmarks/surrogate.py --parts tables --tables FOLDER
    python benchmarks/surrogate.py --parts shap --seeds 3

fidelity  Fig. 6 of arXiv 1811.02771: 11,095 examples drawn from the range of 35 syntheses in water,
          labelled by the model, a tree of depth 4, F1 0.95 and MCC 0.90 on 1,000 fresh examples.
          Here the syntheses are simulated, so the rule behind them is known.
rules     which of four planted rules are found, by rows and noise, and given the rule itself;
          `common/planted_rules.py` says what counts
shap      main effects beside Shapley values by shap's KernelExplainer: rank correlation over
          recipes by column, and time
tables    fidelity on tables of reactions, and what a reader predicts from effects and tree

A seed decides the syntheses, the first weights and the draws. Seeds below 100 are for development.
"""

from __future__ import annotations

import argparse
import time
import warnings
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from common.pages import write_tables
from common.planted_rules import RULES, rules_of_effects, rules_of_tree
from common.results import environment, write_json
from common.shapley import compare_with_shap, why_no_shap
from common.surrogate_page import make_tables
from common.surrogate_tables import explain_table
from common.table_tasks import find_data, why_no_table
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from tqdm import tqdm

from sksiamese import (
    AdditiveEffectsExplainer,
    DesignSpace,
    GraphFingerprintSiameseClassifier,
    LowFidelityWarning,
    SMILESFeaturizer,
    SurrogateTreeExplainer,
)
from sksiamese.datasets import make_nanoclusters, nanocluster_success_probability
from sksiamese.space import Computed, Molecules, Ratio

N_SAMPLES, MIN_SPLIT = 11_095, 300
WHOLE = {"min_fidelity": 1.0, "max_leaf_nodes": None}
STAND_INS: dict[str, dict[str, Any]] = {
    "tree, depth 4": WHOLE | {"max_depth": 4, "min_samples_split": MIN_SPLIT},
    "tree, 16 leaves": WHOLE | {"max_leaf_nodes": 16},
    "tree": {},
    "effects alone": {"max_pairs": 0},
    "effects and pairs": {},
}
DEFAULTS = ["tree", "effects and pairs"]
MOLECULES = ["ligand", "solvent", "reductant"]
RULE = "the simulation's own rule"
PARTS = ["fidelity", "rules", "shap", "tables"]
SHOWN_TABLES = ["direct_arylation", "aryl_amination"]


class TrueRule(ClassifierMixin, BaseEstimator):
    """The rule behind the simulation, as a classifier."""

    def fit(self, X: Any, y: Any) -> TrueRule:
        """Remember the classes."""
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X: pd.DataFrame) -> Any:
        """Give the exact probability."""
        success = nanocluster_success_probability(X, noise=0.0)
        return np.column_stack([1 - success, success])


def make_black_boxes(seed: int) -> dict[str, Any]:
    """Unfitted classifiers by name."""
    columns = make_column_transformer(
        (SMILESFeaturizer("descriptors"), MOLECULES), remainder="passthrough"
    )
    return {
        "siamese, defaults": GraphFingerprintSiameseClassifier(random_state=seed),
        "siamese, from_paper": GraphFingerprintSiameseClassifier.from_paper(random_state=seed),
        "random forest": make_pipeline(columns, RandomForestClassifier(500, random_state=seed)),
        RULE: TrueRule(),
    }


def make_space(dataset: Any) -> DesignSpace:
    """Range of the syntheses, with the molecules' names and the ligand-to-gold ratio."""
    X = dataset.data
    columns: dict[str, Any] = {"ligand:Au": Computed(Ratio("ligand_mM", "HAuCl4_mM"))}
    for column in MOLECULES:
        seen = set(X[column])
        named = {name: text for name, text in dataset.molecules[column].items() if text in seen}
        columns[column] = Molecules(named)
    return DesignSpace.from_frame(X, columns=columns)


def explain(name: str, model: Any, space: DesignSpace, X: pd.DataFrame, seed: int) -> Any:
    """Fit a stand-in of a fitted model, quiet about low fidelity."""
    kind = SurrogateTreeExplainer if name.startswith("tree") else AdditiveEffectsExplainer
    settings = {"n_samples": N_SAMPLES, "random_state": seed} | STAND_INS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LowFidelityWarning)
        return kind(FrozenEstimator(model), space, **settings).fit(X)


def measure(name: str, n_rows: int, noise: float, seed: int, stand_ins: list[str]) -> list[dict]:
    """Fit a black box, and explain it by several stand-ins."""
    dataset = make_nanoclusters(n_rows, aqueous_only=True, noise=noise, random_state=seed)
    model = make_black_boxes(seed)[name].fit(dataset.data, dataset.target)
    rows = []
    for stand_in in stand_ins:
        start, cpu = time.perf_counter(), time.process_time()
        explainer = explain(stand_in, model, make_space(dataset), dataset.data, seed)
        took = {"wall_s": time.perf_counter() - start, "cpu_s": time.process_time() - cpu}
        is_tree = isinstance(explainer, SurrogateTreeExplainer)
        rows.append(
            {
                "part": "planted",
                "black box": name,
                "rows": n_rows,
                "noise": noise,
                "seed": seed,
                "stand-in": stand_in,
                "leaves": int(explainer.tree_.get_n_leaves()) if is_tree else np.nan,
                **{f"fidelity {key}": value for key, value in explainer.fidelity_.items()},
                **(rules_of_tree(explainer) if is_tree else rules_of_effects(explainer)),
                **took,
            }
        )
    return rows


def list_jobs(parts: list[str], seeds: list[int], n_rows: list[int]) -> list[tuple]:
    """Black box, rows, noise, seed and stand-ins of each measurement."""
    jobs: dict[tuple, list[str]] = {}
    if "fidelity" in parts:
        jobs |= {
            (name, 35, 0.05, seed): list(STAND_INS)
            for name in make_black_boxes(0)
            for seed in seeds
        }
    if "rules" in parts:
        for name in ("siamese, defaults", RULE):
            for rows, noise in product(n_rows, (0.0,) if name == RULE else (0.0, 0.05, 0.2)):
                for seed in seeds:
                    jobs.setdefault((name, rows, noise, seed), DEFAULTS)
    return [(*job, stand_ins) for job, stand_ins in jobs.items()]


def print_tables(results: pd.DataFrame) -> None:
    """Print means over the seeds, and how many of them meet the paper's figures."""
    results["meets 0.95 / 0.90"] = (results["fidelity f1"] >= 0.95) & (
        results["fidelity mcc"] >= 0.90
    )
    results["planted rules"] = results[RULES].sum(axis=1)
    shown = ["leaves", "fidelity accuracy", "fidelity f1", "fidelity mcc", "meets 0.95 / 0.90"]
    shown += [*RULES, "planted rules", "wall_s", "cpu_s"]
    by = ["black box", "stand-in", "rows", "noise"]
    means = results.groupby(by, sort=False)[shown].mean().round(2)
    means["seeds"] = results.groupby(by, sort=False).size()
    for title, table in means.groupby(level=["black box", "stand-in"], sort=False):
        print(f"\n{title[0]}, {title[1]}: means over seeds (shares of seeds for the rules)")
        print(table.droplevel(["black box", "stand-in"]).T.to_string())


def run_shap(seeds: list[int]) -> list[dict]:
    """Compare effects with Shapley values of the default classifier."""
    if reason := why_no_shap():
        print(f"shap left out: {reason}")
        return []
    rows = []
    for seed in tqdm(seeds, unit="shap"):
        dataset = make_nanoclusters(35, aqueous_only=True, random_state=seed)
        model = make_black_boxes(seed)["siamese, defaults"].fit(dataset.data, dataset.target)
        found = compare_with_shap(model, dataset.data, seed, N_SAMPLES)
        rows += [{"part": "shap", "seed": seed, **row} for row in found]
    table = pd.DataFrame(rows).groupby("column", sort=False)[["rank correlation", "weight"]].mean()
    times = pd.DataFrame(rows).groupby("seed")[["shap_s", "effects_s"]].first()
    print("\nmain effects beside Shapley values, means over seeds")
    print(table.round(2).to_string())
    print((times["shap_s"] / times["effects_s"]).describe()[["min", "50%", "max"]].to_string())
    return rows


def run_tables(folder: str | None, seeds: list[int]) -> list[dict]:
    """Explain the default classifier on tables of reactions."""
    tables, _ = find_data(folder, None)
    rows = []
    for name in SHOWN_TABLES:
        if reason := why_no_table(name, tables, None):
            print(f"{name} left out: {reason}")
            continue
        for seed in tqdm(seeds, unit=name):
            rows += [{"part": "tables", **row} for row in explain_table(name, tables, seed)]
    if rows:
        shown = ["fidelity f1", "fidelity mcc", "reader"]
        means = pd.DataFrame(rows).groupby(["table", "stand-in"], sort=False)[shown].mean()
        print(f"\ntables, means over {len(seeds)} seeds\n{means.round(2).to_string()}")
    return rows


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10, help="number of seeds")
    parser.add_argument("--first-seed", type=int, default=0, help="the first of them")
    parser.add_argument("--parts", nargs="*", default=PARTS, choices=PARTS)
    parser.add_argument("--rows", nargs="*", type=int, default=[35, 100, 300])
    parser.add_argument("--tables", type=Path, help="folder of reaction tables")
    parser.add_argument("--json", metavar="PATH", help="write the results to this file")
    parser.add_argument("--page", metavar="PATH", help="write the tables of the pages to this file")
    arguments = parser.parse_args()

    seeds = list(range(arguments.first_seed, arguments.first_seed + arguments.seeds))
    results: list[dict[str, Any]] = []
    for job in tqdm(list_jobs(arguments.parts, seeds, arguments.rows), unit="model"):
        results += measure(*job)
    if results:
        print_tables(pd.DataFrame(results))
    if "shap" in arguments.parts:
        results += run_shap(seeds[:3])
    if "tables" in arguments.parts:
        results += run_tables(arguments.tables, seeds[:5])
    about = environment(seeds=seeds, n_samples=N_SAMPLES, min_samples_split=MIN_SPLIT)
    if arguments.json:
        write_json(arguments.json, results, about)
    if arguments.page:
        write_tables(arguments.page, make_tables(results), about)


if __name__ == "__main__":
    main()
