"""What few shots cost: training by the number of labels, and taking up a new task.

    python benchmarks/few_shot_cost.py --path tox21.csv.gz

Trains on parts of the nine assays of few_shot.py, with its settings, and tells the time of a pass
over the labels beside that of the smallest part. Then the time of `set_support` with ten rows of
each class and of `predict_proba` for 6,000 compounds of SR-MMP, whose graphs are at hand.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

import numpy as np
from common.few_shot_models import SETTINGS, siamese_settings
from common.few_shot_tasks import make_study
from common.results import environment, write_json
from predict import peak_bytes
from skorch.callbacks import EpochTimer

from sksiamese import GraphFingerprintSiameseClassifier

N_LABELS = (7_500, 15_000, 30_000, 60_000)
N_COMPOUNDS = 6_000


def train(study: Any, settings: dict[str, Any], n_labels: int) -> tuple[Any, dict[str, Any]]:
    """Train on so many labels, drawn at random; give the model, and what it took."""
    history, data = study.rounds[0].history, study.data
    drawn = np.random.RandomState(0).permutation(len(history.y))[:n_labels]
    rows, y, groups = (part[np.sort(drawn)] for part in history)
    model = GraphFingerprintSiameseClassifier(
        **{"random_state": 0, "callbacks": [EpochTimer()], **settings}
    )
    start = time.perf_counter()
    model.fit(data.X.iloc[rows], y, groups=groups)
    seconds = time.perf_counter() - start
    epochs = [row["dur"] for row in model.history_]
    return model, {
        "labels": len(y),
        "fit_s": seconds,
        "epoch_s": statistics.median(epochs),
        "peak_GB": peak_bytes() / 1e9,
    }


def take_up(study: Any, model: Any, repeats: int = 5) -> dict[str, float]:
    """Time a support set and the prediction of a new task whose molecules are graphs."""
    task = study.rounds[0].tasks[1]
    known = np.concatenate([np.flatnonzero(task.y == c)[:10] for c in (0, 1)])
    query = np.setdiff1d(np.arange(len(task.y)), known)
    query = np.resize(query, N_COMPOUNDS)
    X, seconds = study.data.X.iloc[task.rows], []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        model.set_support(X.iloc[known], task.y[known])
        middle = time.perf_counter()
        model.predict_proba(X.iloc[query])
        seconds.append((middle - start, time.perf_counter() - middle))
    support, prediction = np.median(seconds[1:], axis=0)  # the first reads the graphs' texts
    return {"set_support_s": support, "predict_6000_s": prediction, "first_s": sum(seconds[0])}


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--path", metavar="PATH", help="local file; else it is downloaded")
    parser.add_argument("--json", metavar="PATH", help="write the results to this file")
    arguments = parser.parse_args()
    given = argparse.Namespace(
        protocol="tox21", path=arguments.path, shots=None, strict=False, same_half=False
    )
    study, settings = make_study(given), siamese_settings(SETTINGS, "tox21")
    rows, model = [], None
    for n_labels in N_LABELS:
        model, row = train(study, settings, n_labels)
        first = rows[0] if rows else row
        per_label = row["epoch_s"] / row["labels"]
        row["per_label"] = per_label / (first["epoch_s"] / first["labels"])
        rows.append(row)
        shown = (f"{name} {value:.3g}" for name, value in list(row.items())[1:])
        print(f"{row['labels']:,} labels:", ", ".join(shown), flush=True)
    cost = take_up(study, model)
    print(", ".join(f"{name} {value:.3f}" for name, value in cost.items()))
    if arguments.json:
        write_json(arguments.json, [*rows, cost], environment(settings=settings))


if __name__ == "__main__":
    main()
