"""Surrogate trees of the siamese classifier: are they faithful, and do they find a known rule?

    python benchmarks/surrogate.py --seeds 10 --json surrogate.json
    python benchmarks/surrogate.py --parts rules --seeds 3 --rows 35 100 300

Fig. 6 of arXiv 1811.02771: 11,095 examples drawn from the range of 35 syntheses in water, labelled
by the model, a tree of depth 4, F1 0.95 and MCC 0.90 on 1,000 fresh examples. Here the syntheses
are simulated, so the rule behind them is known. A seed decides the syntheses, the first weights and
the draws.

A planted rule counts as found if the tree has, anywhere, a split on whether the ligand is aromatic;
on ligand:Au from 4.5 to 7.5; on temperature from 40 to 60 degC, on one path with a split on the
reductant from 26 to 104 mM; on pH from 12.3 to 13.3.
"""

from __future__ import annotations

import argparse
import time
import warnings
from typing import Any

import numpy as np
import pandas as pd
from common.results import environment, write_json
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from tqdm import tqdm

from sksiamese import (
    DesignSpace,
    GraphFingerprintSiameseClassifier,
    LowFidelityWarning,
    SMILESFeaturizer,
    SurrogateTreeExplainer,
)
from sksiamese.datasets import make_nanoclusters, nanocluster_success_probability
from sksiamese.space import Computed, Molecules, Ratio

N_SAMPLES, MIN_SPLIT = 11_095, 300
SIZES: dict[str, dict[str, Any]] = {
    "depth 4": {"max_depth": 4, "min_samples_split": MIN_SPLIT},
    "depth 6": {"max_depth": 6, "min_samples_split": 2},
    "depth 10": {"max_depth": 10, "min_samples_split": 2},
    "16 leaves": {"max_depth": None, "max_leaf_nodes": 16, "min_samples_split": MIN_SPLIT},
}
MOLECULES = ["ligand", "solvent", "reductant"]
RULES = ["aliphatic", "ratio 6", "52 mM x 50 degC", "pH 12.8"]
RULE = "the simulation's own rule"


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


def explain(model: Any, space: DesignSpace, X: pd.DataFrame, **settings: Any) -> Any:
    """Explainer of a fitted model, quiet about low fidelity."""
    explainer = SurrogateTreeExplainer(FrozenEstimator(model), space, **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LowFidelityWarning)
        return explainer.fit(X)


def find_rules(nodes: pd.DataFrame) -> dict[str, bool]:
    """Which of the planted rules the splits of a tree show."""
    inner = nodes[~nodes["is_leaf"]]

    def splits(feature: str, low: float, high: float) -> set[int]:
        hit = (inner["feature"] == feature) & inner["threshold"].between(low, high)
        return set(inner.index[hit])

    def ancestors(node: int) -> set[int]:
        found = set()
        while node >= 0:
            found.add(node)
            node = nodes.loc[node, "parent"]
        return found

    warm, strong = splits("temperature_C", 40, 60), splits("reductant_mM", 26, 104)
    on_one_path = any(a in ancestors(b) or b in ancestors(a) for a in warm for b in strong)
    return {
        "aliphatic": bool(splits("ligand is aromatic", 0, 1)),
        "ratio 6": bool(splits("ligand:Au", 4.5, 7.5)),
        "52 mM x 50 degC": on_one_path,
        "pH 12.8": bool(splits("pH", 12.3, 13.3)),
    }


def measure(name: str, n_rows: int, noise: float, seed: int, sizes: list[str]) -> list[dict]:
    """Fit a black box, explain it with trees of several sizes."""
    dataset = make_nanoclusters(n_rows, aqueous_only=True, noise=noise, random_state=seed)
    model = make_black_boxes(seed)[name].fit(dataset.data, dataset.target)
    rows = []
    for size in sizes:
        start, cpu = time.perf_counter(), time.process_time()
        explainer = explain(
            model,
            make_space(dataset),
            dataset.data,
            n_samples=N_SAMPLES,
            random_state=seed,
            **SIZES[size],
        )
        rows.append(
            {
                "black box": name,
                "rows": n_rows,
                "noise": noise,
                "seed": seed,
                "size": size,
                "n_leaves": int(explainer.nodes_["is_leaf"].sum()),
                **{f"fidelity {key}": value for key, value in explainer.fidelity_.items()},
                **{f"stability {key}": value for key, value in explainer.stability_.items()},
                **find_rules(explainer.nodes_),
                "wall_s": time.perf_counter() - start,
                "cpu_s": time.process_time() - cpu,
            }
        )
    return rows


def list_jobs(parts: list[str], seeds: int, rows: list[int]) -> list[tuple]:
    """Black box, rows, noise, seed and sizes of tree of each measurement."""
    paper, ours = "depth 4", "16 leaves"
    jobs: list[tuple] = []
    if "fidelity" in parts:
        for name in make_black_boxes(0):
            deep = {"siamese, defaults": ["depth 6", "depth 10"], RULE: ["depth 6"]}.get(name, [])
            jobs += [(name, 35, 0.05, seed, [paper, ours, *deep]) for seed in range(seeds)]
    if "rules" in parts:
        jobs += [
            ("siamese, defaults", n_rows, noise, seed, [paper, ours])
            for n_rows in rows
            for noise in (0.0, 0.05, 0.2)
            for seed in range(seeds)
        ]
    return jobs


def print_tables(results: pd.DataFrame) -> None:
    """Print means over the seeds, and how many of them meet the paper's figures."""
    results["meets 0.95 / 0.90"] = (results["fidelity f1"] >= 0.95) & (
        results["fidelity mcc"] >= 0.90
    )
    results["planted rules"] = results[RULES].sum(axis=1)
    shown = ["n_leaves", "fidelity accuracy", "fidelity f1", "fidelity mcc", "stability mcc"]
    shown += ["meets 0.95 / 0.90", *RULES, "planted rules", "wall_s", "cpu_s"]
    by = ["black box", "size", "rows", "noise"]
    means = results.groupby(by, sort=False)[shown].mean().round(2)
    means["seeds"] = results.groupby(by, sort=False).size()
    for title, table in means.groupby(level=["black box", "size"], sort=False):
        print(f"\n{title[0]}, {title[1]}: means over seeds (shares of seeds for the rules)")
        print(table.droplevel(["black box", "size"]).T.to_string())


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10, help="number of seeds, from 0 on")
    parser.add_argument(
        "--parts", nargs="*", default=["fidelity", "rules"], choices=["fidelity", "rules"]
    )
    parser.add_argument("--rows", nargs="*", type=int, default=[35, 100, 300])
    parser.add_argument("--json", metavar="PATH", help="write the results to this file")
    arguments = parser.parse_args()

    results: list[dict[str, Any]] = []
    for job in tqdm(list_jobs(arguments.parts, arguments.seeds, arguments.rows), unit="model"):
        results += measure(*job)
    print_tables(pd.DataFrame(results))
    if arguments.json:
        about = environment(
            seeds=list(range(arguments.seeds)), n_samples=N_SAMPLES, min_samples_split=MIN_SPLIT
        )
        write_json(arguments.json, results, about)


if __name__ == "__main__":
    main()
