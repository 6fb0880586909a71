"""What each default of the siamese classifier is worth: change one at a time, measure again.

    python benchmarks/defaults.py --n-jobs 2 --json defaults.json
    python benchmarks/defaults.py --release perovskite_release.csv.gz  # also 54-row draws of it

Tasks: the 208 shipped perovskite crystallisations in 10-fold cross-validation and with one salt
left out at a time; 32 labelled c-Met molecules (16 of each class), scored on the other 985; 54
labelled rows (27 + 27) of a local part of the perovskite release, scored on all others. A repeat
has its own folds or draws, the same for all settings, and its own first weights.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any, NamedTuple

import joblib
import numpy as np
import pandas as pd
from common.results import environment, write_json
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import brier_score_loss, matthews_corrcoef, roc_auc_score
from sklearn.model_selection import LeaveOneGroupOut, StratifiedKFold
from sklearn.pipeline import make_pipeline
from tqdm import tqdm

from sksiamese import GraphFingerprintSiameseClassifier, SMILESFeaturizer
from sksiamese.datasets import fetch_perovskites, load_cmet, load_perovskites

CHANGES: dict[str, dict[str, Any]] = {
    "as shipped": {},
    "readout='mean' (pair loss)": {"readout": "mean"},
    "descriptors=False": {"descriptors": False},
    "tanimoto='never'": {"tanimoto": "never"},
    "dropout=0": {"dropout": 0.0},
    "conv_width=32": {"conv_width": 32},
    "fp_size=32": {"fp_size": 32},
    "activation='tanh'": {"activation": "tanh"},
    "hidden (32,), embedding 8": {"hidden_layer_sizes": (32,), "embedding_size": 8},
    "no hidden layer": {"hidden_layer_sizes": ()},
    "alpha=0.0001": {"alpha": 1e-4},
    "alpha=0.01": {"alpha": 1e-2},
    "max_epochs=25": {"max_epochs": 25},
    "max_epochs=100": {"max_epochs": 100},
    "lr=0.05": {"lr": 0.05},
    "n_members=1": {"n_members": 1},
    "n_members=10": {"n_members": 10},
    "as in the paper": GraphFingerprintSiameseClassifier.from_paper().get_params(),
}


class Fold(NamedTuple):
    """Rows to train and to score on."""

    task: str
    repeat: int
    train: Any
    test: Any


def make_folds(datasets: dict[str, Any], repeats: int) -> Iterator[Fold]:
    """Folds or draws of every task and repeat."""
    perovskites = datasets["perovskites"]
    for repeat in range(repeats):
        folds = StratifiedKFold(10, shuffle=True, random_state=1000 + repeat)
        for train, test in folds.split(perovskites.data, perovskites.target):
            yield Fold("perovskites, 10-fold", repeat, train, test)
        for train, test in LeaveOneGroupOut().split(perovskites.data, groups=perovskites.groups):
            yield Fold("perovskites, new salts", repeat, train, test)
        for draw in range(4):  # of these, more are needed for a steady mean
            number = 4 * repeat + draw
            yield draw_fold("cmet, 32 rows", number, datasets["cmet"].target, 16)
            if "release" in datasets:
                yield draw_fold("release, 54 rows", number, datasets["release"].target, 27)


def draw_fold(task: str, number: int, y: pd.Series, n_each: int) -> Fold:
    """Draw as many rows of each class, and score on all others."""
    generator = np.random.RandomState(2000 + number)
    rows = [generator.choice(np.flatnonzero(y == label), n_each, replace=False) for label in (0, 1)]
    train = np.concatenate(rows)
    return Fold(task, number, train, np.setdiff1d(np.arange(len(y)), train))


def make_model(name: str, seed: int, smiles_columns: list[str]) -> Any:
    """Classifier of a name: a setting of ours, or a random forest."""
    if name in CHANGES:
        return GraphFingerprintSiameseClassifier(**(CHANGES[name] | {"random_state": seed}))
    output = "ecfp" if name.endswith("ECFP") else "descriptors"
    columns = make_column_transformer(
        (SMILESFeaturizer(output), smiles_columns), remainder="passthrough"
    )
    return make_pipeline(columns, RandomForestClassifier(500, random_state=seed))


def predict_fold(name: str, fold: Fold, dataset: Any) -> Any:
    """Probability of success of the fold's test rows."""
    model = make_model(name, fold.repeat, dataset.smiles_columns)
    model.fit(dataset.data.iloc[fold.train], dataset.target.iloc[fold.train])
    return model.predict_proba(dataset.data.iloc[fold.test])[:, 1]


def score(folds: list[Fold], predictions: list[Any], y: Any) -> dict[str, float]:
    """Mean and standard error over the repeats, each of all its out-of-fold predictions."""
    repeats = []
    for repeat in sorted({fold.repeat for fold in folds}):
        chosen = [i for i, fold in enumerate(folds) if fold.repeat == repeat]
        truth = np.concatenate([y[folds[i].test] for i in chosen])
        proba = np.concatenate([predictions[i] for i in chosen])
        labels = matthews_corrcoef(truth, proba > 0.5), roc_auc_score(truth, proba)
        repeats.append((*labels, brier_score_loss(truth, proba)))
    found = {}
    for name, values in zip(("mcc", "auc", "brier"), zip(*repeats, strict=True), strict=True):
        found[name] = float(np.mean(values))
        found[f"{name}_se"] = float(np.std(values, ddof=1) / len(values) ** 0.5)
    return found


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--release", metavar="PATH", help="local part of the perovskite release")
    parser.add_argument("--repeats", type=int, default=3, help="repeats (2 or more)")
    parser.add_argument("--only", nargs="*", help="settings to measure; all by default")
    parser.add_argument("--n-jobs", type=int, default=2, help="processes")
    parser.add_argument("--json", metavar="PATH", help="write the results to this file")
    arguments = parser.parse_args()

    datasets = {"perovskites": load_perovskites(), "cmet": load_cmet()}
    if arguments.release:
        datasets["release"] = fetch_perovskites(path=arguments.release)
    folds = list(make_folds(datasets, arguments.repeats))
    names = ["random forest, descriptors", "random forest, ECFP", *CHANGES]
    rows: list[dict[str, Any]] = []
    for name in tqdm([n for n in names if arguments.only is None or n in arguments.only]):
        sources = [datasets[fold.task.split(",")[0]] for fold in folds]
        predictions = joblib.Parallel(arguments.n_jobs)(
            joblib.delayed(predict_fold)(name, *job) for job in zip(folds, sources, strict=True)
        )
        for task in dict.fromkeys(fold.task for fold in folds):
            chosen = [i for i, fold in enumerate(folds) if fold.task == task]
            y = sources[chosen[0]].target.to_numpy()
            found = score([folds[i] for i in chosen], [predictions[i] for i in chosen], y)
            rows.append({"setting": name, "task": task, **found})
    metrics = ["mcc", "auc", "brier"]
    table = pd.DataFrame(rows).pivot_table(metrics, index="setting", columns="task")
    order = list(dict.fromkeys(row["setting"] for row in rows))
    print(table.swaplevel(axis=1).sort_index(axis=1).loc[order].round(3).T.to_string())
    if arguments.json:
        write_json(arguments.json, rows, environment(repeats=arguments.repeats))


if __name__ == "__main__":
    main()
