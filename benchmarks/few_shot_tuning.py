"""Choose the settings of the siamese classifier for few_shot.py, on past tasks alone.

    python benchmarks/few_shot_tuning.py tox21 --path tox21.csv.gz
    python benchmarks/few_shot_tuning.py rapid --path RELEASE

tox21   of the nine assays that few_shot.py trains on, some are left out in turn: candidates are
        trained on the other eight, and judged by 10+/10- and 1+/1- supports of the one left out
rapid   the salts fall into two halves; in each, candidates are trained on all salts of the half but
        one, and judged on that one with 0, 8 and 32 of its experiments. few_shot.py reports the
        salts of a half with the settings that the other half chose, and half of its alpha: the
        penalty stands beside a mean over rows, of which it has twice as many

The best mean ROC-AUC decides, and goes to few_shot_settings.json. With few networks, for time;
few_shot.py takes more.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np
import pandas as pd
from common.few_shot_models import SETTINGS, Siamese
from common.few_shot_tasks import Data, Labels, Round, Task, draws, make_study
from sklearn.metrics import roc_auc_score
from tqdm import tqdm

INNER_ASSAYS = (7, 8)  # SR-ARE and SR-ATAD5: the two of the panel of the assays to report
N_MEMBERS = {"tox21": 4, "rapid": 10}  # of the settings that are written
FIXED: dict[str, dict[str, Any]] = {
    "tox21": {
        "readout": "residual",
        "hidden_layer_sizes": [256],
        "embedding_size": 32,
        "activation": "relu",
        "fp_size": 32,
        "conv_width": 32,
        "lr": 0.002,
    },
    "rapid": {"readout": "residual", "max_epochs": 50},
}
CANDIDATES: dict[str, list[dict[str, Any]]] = {
    "tox21": [
        {"max_epochs": epochs, "dropout": dropout, "alpha": alpha}
        for epochs, dropout, alpha in (
            (5, 0.3, 1e-5),
            (5, 0.3, 1e-4),
            (5, 0.3, 1e-6),
            (5, 0.5, 1e-5),
            (3, 0.3, 1e-5),
            (10, 0.5, 1e-5),
        )
    ],
    "rapid": [
        {"alpha": alpha, "descriptors": descriptors, "hidden_layer_sizes": [hidden]}
        for alpha, descriptors, hidden in (
            (0.001, True, 32),
            (0.002, True, 32),
            (0.004, True, 32),
            (0.002, False, 32),
            (0.004, False, 32),
            (0.002, True, 64),
        )
    ],
}


def inner_assays(round_: Round) -> list[Round]:
    """Leave out some of the past assays in turn."""
    history, rounds = round_.history, []
    for number in INNER_ASSAYS:
        is_new = history.groups == number
        past = Labels(*(each[~is_new] for each in history))
        task = Task(str(number), number, 0, history.rows[is_new], history.y[is_new])
        rounds.append(Round(past, [task]))
    return rounds


def inner_salts(rounds: list[Round], half: int) -> list[Round]:
    """Leave out each reported salt of a half, and all salts of the other half."""
    return [
        Round(Labels(*(part[each.history.groups % 2 == half] for part in each.history)), each.tasks)
        for each in rounds
        if each.tasks[0].number % 2 == half
    ]


def judge(
    data: Data, rounds: list[Round], supports: list[str], n_draws: int, settings: dict[str, Any]
) -> float:
    """Mean ROC-AUC over supports and tasks."""
    means = []
    for each in rounds:
        method = Siamese(settings).fit(data, each.history)
        for task in each.tasks:
            scores: dict[str, list[float]] = {}
            for support, _, drawn in draws(task, supports, n_draws):
                known, query = task.rows[drawn.support], task.rows[drawn.query]
                found = method.few_shot(data, known, task.y[drawn.support], query)
                score = roc_auc_score(task.y[drawn.query], found.proba)
                scores.setdefault(support, []).append(float(score))
            means += [np.mean(each) for each in scores.values()]
    return float(np.mean(means))


def choose(
    data: Data, rounds: list[Round], protocol: str, supports: list[str], n_draws: int
) -> Any:
    """Judge all candidates, print their scores and give the best."""
    scores = []
    for candidate in tqdm(CANDIDATES[protocol], disable=None):
        settings = {**FIXED[protocol], **candidate, "n_members": 2}
        scores.append(judge(data, rounds, supports, n_draws, settings))
    table = pd.DataFrame(CANDIDATES[protocol]).assign(roc_auc=np.round(scores, 4))
    print(table.to_string(index=False), flush=True)
    best = CANDIDATES[protocol][int(np.argmax(scores))]
    return {**FIXED[protocol], **best, "n_members": N_MEMBERS[protocol]}


def main() -> None:
    """Choose, and write the settings."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("protocol", choices=list(FIXED))
    parser.add_argument("--path", metavar="PATH", help="local file; else it is downloaded")
    parser.add_argument("--draws", type=int, default=10, help="supports of each task and size")
    arguments = parser.parse_args()
    arguments.shots, arguments.strict, arguments.same_half = None, False, False
    study = make_study(arguments)
    found: Any
    if arguments.protocol == "tox21":
        rounds, supports = inner_assays(study.rounds[0]), ["10+/10-", "1+/1-"]
        found = choose(study.data, rounds, "tox21", supports, arguments.draws)
    else:
        halves = [inner_salts(study.rounds, half) for half in (1, 0)]  # each for the other
        found = [
            choose(study.data, rounds, "rapid", study.supports, arguments.draws)
            for rounds in halves
        ]
        found = [each | {"alpha": each["alpha"] / 2} for each in found]
    settings = json.loads(SETTINGS.read_text())
    settings[arguments.protocol] = found
    SETTINGS.write_text(json.dumps(settings, indent=1) + "\n")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
