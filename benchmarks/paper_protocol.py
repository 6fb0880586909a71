"""The paper's protocol: 10-fold cross-validation, metrics of all out-of-fold predictions.

    python benchmarks/paper_protocol.py --seeds 5 --n-jobs 2 --json paper_protocol.json

Table 2 of arXiv 1811.02771 gives GCNN + SNN accuracy 0.81, F1 0.79 and MCC 0.65 on 54 measured
syntheses, which are not shipped with this package. Here the same settings run on as many simulated
syntheses and on 208 measured crystallisations. A seed decides the folds and the first weights, and
for the simulated syntheses also the experiments.
"""

from __future__ import annotations

import argparse
import statistics
from typing import Any

import joblib
import numpy as np
from common.results import environment, write_json
from sklearn.compose import make_column_transformer
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score, f1_score, matthews_corrcoef
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from tqdm import tqdm

from sksiamese import GraphFingerprintSiameseClassifier, SMILESFeaturizer
from sksiamese.datasets import load_perovskites, make_nanoclusters

N_FOLDS = 10
METRICS = {"accuracy": accuracy_score, "f1": f1_score, "mcc": matthews_corrcoef}
RULE = "the simulation's own rule"


def make_models(seed: int, smiles_columns: list[str]) -> dict[str, Any]:
    """Unfitted models by name, the slowest first."""
    molecules = (SMILESFeaturizer("descriptors"), smiles_columns)
    return {
        "siamese, defaults": GraphFingerprintSiameseClassifier(random_state=seed),
        "siamese, from_paper": GraphFingerprintSiameseClassifier.from_paper(random_state=seed),
        "random forest": make_pipeline(
            make_column_transformer(molecules, remainder="passthrough"),
            RandomForestClassifier(random_state=seed),
        ),
        "majority class": DummyClassifier(strategy="most_frequent"),
    }


def predict_fold(name: str, seed: int, dataset: Any, train: Any, test: Any) -> Any:
    """Labels of a fold's held-out rows."""
    model = make_models(seed, dataset.smiles_columns)[name]
    return model.fit(dataset.data.iloc[train], dataset.target.iloc[train]).predict(
        dataset.data.iloc[test]
    )


def cross_validate(datasets: dict[str, Any], seed: int, n_jobs: int, bar: tqdm) -> list[dict]:
    """Metrics of each model on each data set for one seed."""
    rows = []
    for title, dataset in datasets.items():
        folds = list(
            StratifiedKFold(N_FOLDS, shuffle=True, random_state=seed).split(
                dataset.data, dataset.target
            )
        )
        predictions = {}
        for name in make_models(seed, dataset.smiles_columns):
            found = joblib.Parallel(n_jobs)(
                joblib.delayed(predict_fold)(name, seed, dataset, *fold) for fold in folds
            )
            predictions[name] = np.empty(len(dataset.data), dataset.target.dtype)
            for (_, test), labels in zip(folds, found, strict=True):
                predictions[name][test] = labels
            bar.update()
        if "true_probability" in dataset:
            predictions[RULE] = (dataset.true_probability > 0.5).astype(int)
        for name, labels in predictions.items():
            scores = {m: float(metric(dataset.target, labels)) for m, metric in METRICS.items()}
            rows.append({"dataset": title, "model": name, "seed": seed, **scores})
    return rows


def print_means(rows: list[dict[str, Any]], n_seeds: int) -> None:
    """Print the mean and the standard deviation over the seeds."""
    for title in dict.fromkeys(row["dataset"] for row in rows):
        print(f"\n{title}, {N_FOLDS}-fold cross-validation, mean (sd) of {n_seeds} seeds")
        print((" " * 28 + "".join(f"{metric:<14}" for metric in METRICS)).rstrip())
        part = [row for row in rows if row["dataset"] == title]
        for name in dict.fromkeys(row["model"] for row in part):
            cells = []
            for metric in METRICS:
                values = [row[metric] for row in part if row["model"] == name]
                spread = statistics.stdev(values) if len(values) > 1 else 0.0
                cells.append(f"{f'{statistics.mean(values):.2f} ({spread:.2f})':<14}")
            print(f"  {name:<26}" + "".join(cells).rstrip())


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5, help="number of seeds, from 0 on")
    parser.add_argument("--n-jobs", type=int, default=2, help="processes")
    parser.add_argument("--json", metavar="PATH", help="write the results to this file")
    arguments = parser.parse_args()

    rows: list[dict[str, Any]] = []
    measured = load_perovskites()
    with tqdm(total=arguments.seeds * 8, unit="model", desc="cross-validation") as bar:
        for seed in range(arguments.seeds):
            simulated = make_nanoclusters(54, random_state=seed)
            datasets = {
                "54 simulated nanocluster syntheses": simulated,
                "208 measured perovskite crystallisations": measured,
            }
            rows += cross_validate(datasets, seed, arguments.n_jobs, bar)
    print_means(rows, arguments.seeds)
    if arguments.json:
        about = environment(seeds=list(range(arguments.seeds)), n_folds=N_FOLDS, n_simulated=54)
        write_json(arguments.json, rows, about)


if __name__ == "__main__":
    main()
