"""Do plates hold what they promise? Stated probabilities beside a simulation's true rates.

    python benchmarks/plates.py --seeds 100 101 102 103 104 105 106 107 108 109 --json plates.json

Each seed simulates 54 gold-nanocluster syntheses. Plates come from their whole space ("space"), or
out of as many candidates as are made there, drawn as the table itself is ("alike"): mostly with a
ligand that dissolves, as a chemist would choose. "before" is what the classifier itself states of
the plate, "stated" what the recommender does after calibration, "true" the simulation's mean
probability. Means have t-intervals over seeds. The last table has the true rate by the number of
pairs of molecules that were never tried together, over all plates.
"""

from __future__ import annotations

import argparse
from itertools import product
from typing import Any

import pandas as pd
from common.pages import difference, interval, write_tables
from common.results import environment, t_intervals, write_json
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline

from sksiamese import ExperimentRecommender, GraphFingerprintSiameseClassifier, SMILESFeaturizer
from sksiamese.datasets import make_nanoclusters, nanocluster_success_probability

MODELS = ("siamese", "random forest")
SOURCES = ("space", "alike")  # of candidates
N_PAST, N_CANDIDATES, NOISE = 54, 20_000, 0.05
PAGE_COLUMNS = [
    *("plates of", "candidates", "before", "stated", "true", "stated - true", "target"),
    *("off, before", "off", "p_std"),
]
TARGET = 0.05  # how far the mean of "stated" may be from that of "true"


def make_estimator(model: str, smiles_columns: list[str], seed: int) -> Any:
    if model == "siamese":
        return GraphFingerprintSiameseClassifier(random_state=seed)
    columns = make_column_transformer(
        (SMILESFeaturizer("descriptors"), smiles_columns), remainder="passthrough"
    )
    return make_pipeline(columns, RandomForestClassifier(random_state=seed))


def recommend_plates(model: str, seed: int, batch_sizes: list[int]) -> pd.DataFrame:
    """Recommend from one simulated table; a row for each experiment of each plate."""
    data = make_nanoclusters(N_PAST, noise=NOISE, random_state=seed)
    estimator = make_estimator(model, data.smiles_columns, seed)
    recommender = ExperimentRecommender(estimator, n_candidates=N_CANDIDATES, random_state=seed)
    recommender.fit(data.data, data.target)
    alike = make_nanoclusters(N_CANDIDATES, random_state=seed + 1000).data
    inside = alike[recommender.space_.contains(alike)].drop_duplicates()
    plates = []
    for size, source in product(batch_sizes, SOURCES):
        plate = recommender.recommend(size, candidates=inside if source == "alike" else None)
        recipes = plate[data.feature_names]
        about = {"model": model, "seed": seed, "batch_size": size, "source": source}
        numbers = {
            "before": recommender.estimator_.predict_proba(recipes)[:, 1],
            "stated": plate["p(success)"],
            "p_std": plate["p_std"],
            "true": nanocluster_success_probability(recipes, noise=NOISE),
        }
        plates.append(plate[["new_pairs"]].assign(**about, **numbers))
    return pd.concat(plates)


def summarize(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean over seeds of each plate's means, and how far they are from the true rate."""
    means = rows.groupby("seed")[["before", "stated", "p_std", "true"]].mean()
    for name in ("before", "stated"):
        means[f"{name} - true"] = means[name] - means["true"]
        means[f"|{name} - true|"] = means[f"{name} - true"].abs()
    return t_intervals(means)


def page_row(size: int, source: str, table: pd.DataFrame) -> list[Any]:
    """Make a row of the page of what `summarize` gave."""
    means = [interval(table.loc[name]) for name in ("before", "stated", "true")]
    gap = difference(table.loc["stated - true"])
    off = [round(float(table.loc[f"|{name} - true|", "mean"]), 5) for name in ("before", "stated")]
    spread = round(float(table.loc["p_std", "mean"]), 5)
    met = "met" if abs(gap["difference"]) <= TARGET else "missed"
    return [str(size), source, *means, gap, f".05, {met}", *off, spread]


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--models", nargs="+", choices=MODELS, default=["siamese"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--batch-sizes", nargs="+", type=int, default=[8, 24])
    parser.add_argument("--json", metavar="PATH", help="write the results to this file")
    parser.add_argument("--page", metavar="PATH", help="write the tables of the page to this file")
    arguments = parser.parse_args()
    results: list[dict[str, Any]] = []
    tables: dict[str, Any] = {}
    for model in arguments.models:
        rows = pd.concat(
            [recommend_plates(model, seed, arguments.batch_sizes) for seed in arguments.seeds]
        )
        tables[model] = {"columns": PAGE_COLUMNS, "rows": []}
        for (size, source), part in rows.groupby(["batch_size", "source"]):
            table = summarize(part)
            met = abs(table.loc["stated - true", "mean"]) <= TARGET
            about = {"model": model, "batch_size": int(size), "source": source}
            print(f"\n{model}, plates of {size}, {source}, {len(arguments.seeds)} tables")
            print(f"{table.round(3)}\nwithin {TARGET} of the true rate: {'yes' if met else 'no'}")
            tables[model]["rows"].append(page_row(size, source, table))
            results += table.rename_axis("what").reset_index().assign(**about).to_dict("records")
        pairs = rows.groupby("new_pairs")[["before", "stated", "true"]].mean()
        pairs["n"] = rows.groupby("new_pairs").size()
        print(f"\nBy pairs of molecules never tried together\n{pairs.round(3)}")
        results += pairs.reset_index().assign(model=model, what="new pairs").to_dict("records")
    about = environment(n_past=N_PAST, **vars(arguments))
    if arguments.json:
        write_json(arguments.json, results, about)
    if arguments.page:
        write_tables(arguments.page, tables, about)


if __name__ == "__main__":
    main()
