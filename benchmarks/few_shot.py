"""New tasks from past ones: a training on past tasks, then a few labels of a new task.

    python benchmarks/few_shot.py tox21 --path tox21.csv.gz --json few_shot_tox21.json
    python benchmarks/few_shot.py rapid --path RELEASE --json few_shot_rapid.json --plot curve.png
    python benchmarks/few_shot.py amination --path aryl_amination.csv.gz
    python benchmarks/few_shot.py plates --path nickel_suzuki.csv.gz
    python benchmarks/few_shot.py moleculenet --name sider

tox21         trained on nine assays, judged on SR-HSE, SR-MMP and SR-p53 with 20 random supports of
              10 actives and 10 inactives down to one of each (Altae-Tran et al. 2017), scored on
              all other compounds of the assay. --strict: no compound to predict occurs in training
              (two random halves of the compounds, one trained on, the other judged, and the other
              way round); --same-half is its control, trained on as few compounds but judged on them
rapid         perovskite crystallisations of all salts but one, then 0, 8 or 32 random experiments
              of that salt, scored on its other experiments
amination     arylations of all aryl halides but one, then 0, 8 or 32 of that halide
plates        the plates of a closed loop before one, then 0, 8 or 32 wells of that plate
moleculenet   SIDER (21 tasks, then 6) or MUV (12, then 5) like tox21

Methods meet the same draws. Those of a --json file that was written before are not run again
(--rerun NAMES does), so a method can be added to a table. A method without history that knows one
class alone predicts that class; without any label it predicts nothing.
"""

from __future__ import annotations

import argparse
import time
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd
from common.few_shot_models import SETTINGS, make_method, siamese_settings
from common.few_shot_pages import page_tables
from common.few_shot_reactions import CAMPAIGN, make_reactions
from common.few_shot_report import NAMES, draw_curves, paired, print_report, read_runs, summarize
from common.few_shot_tasks import (
    N_PAST,
    SHOTS,
    Data,
    Prediction,
    Study,
    Task,
    draws,
    make_study,
    n_shots,
)
from common.pages import write_tables
from common.results import environment, write_json
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    matthews_corrcoef,
    roc_auc_score,
)
from tqdm import tqdm

PROTOCOLS = ("tox21", "rapid", "amination", "plates", "moleculenet")
ASSAYS = ("tox21", "moleculenet")  # molecules without conditions
SLOW = ("forest-history", "lightgbm-history")  # fitted anew for each draw


def score(y: Any, prediction: Prediction) -> dict[str, float]:
    """Score a prediction; rounded, since files of thousands of scores should stay small."""
    scores = {
        "roc_auc": roc_auc_score(y, prediction.proba),
        "mcc": matthews_corrcoef(y, prediction.label),
        "balanced_accuracy": balanced_accuracy_score(y, prediction.label),
        "average_precision": average_precision_score(y, prediction.proba),
    }
    return {name: round(float(value), 5) for name, value in scores.items()}


def run_method(
    study: Study, name: str, settings: Any, n_draws: int
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Run a method on all draws; give a row of scores for each, and the time it took.

    Of a list of settings, a task has those at its number modulo two.
    """
    rows, fit_s = [], []
    for each in tqdm(study.rounds, desc=name, disable=None):
        start = time.perf_counter()
        own = settings[each.tasks[0].number % 2] if isinstance(settings, list) else settings
        method = make_method(name, own).fit(study.data, each.history)
        fit_s.append(time.perf_counter() - start)
        for task in each.tasks:
            rows += [
                {"method": name, **row}
                for row in run_task(method, study.data, task, study.supports, n_draws)
            ]
    draw_s = [row.pop("seconds") for row in rows]
    cost = {
        "draws": n_draws,
        "fit_s": round(float(np.mean(fit_s)), 3),
        "draw_s": round(float(np.median(draw_s)), 4),
        "total_s": round(float(np.sum(fit_s) + np.sum(draw_s)), 1),
    }
    return rows, cost


def run_task(
    method: Any, data: Data, task: Task, supports: list[str], n_draws: int
) -> list[dict[str, Any]]:
    """Predict a task from each of its supports."""
    rows = []
    for support, number, drawn in draws(task, supports, n_draws):
        if not method.has_history and not sum(n_shots(support)):
            continue
        start = time.perf_counter()
        known, query = task.rows[drawn.support], task.rows[drawn.query]
        prediction = method.few_shot(data, known, task.y[drawn.support], query)
        seconds = time.perf_counter() - start
        row = {"support": support, "task": task.name, "part": task.part, "draw": number}
        scores = score(task.y[drawn.query], prediction)
        rows.append(row | scores | {"n_query": len(query), "seconds": seconds})
    return rows


def describe_study(arguments: argparse.Namespace, study: Study) -> dict[str, Any]:
    """Tell what decides tasks and draws; methods of two runs stand in one table if it is equal."""
    return {
        "title": study.title,
        "supports": study.supports,
        "seed": f"draws 0 to {arguments.draws - 1}",
        "n_labels": [len(each.history.y) for each in study.rounds],
        "n_rows_of_tasks": [len(task.y) for each in study.rounds for task in each.tasks],
    }


def run_methods(
    arguments: argparse.Namespace, study: Study, known: tuple[list[dict[str, Any]], dict[str, Any]]
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Run the methods that the file does not hold yet, and write it after each of them."""
    rows, methods = known
    for name in arguments.methods:
        n_draws = arguments.draws
        if name in SLOW:
            n_draws = min(n_draws, arguments.history_draws or n_draws)
        settings: Any = {}
        if name.startswith("siamese"):
            settings = siamese_settings(arguments.settings, arguments.protocol)
        wanted = {"settings": settings, "draws": n_draws}
        have = {key: methods.get(name, {}).get(key) for key in wanted}
        if have == wanted and name not in arguments.rerun:
            print(f"{name}: from {arguments.json}")
            continue
        found, cost = run_method(study, name, settings, n_draws)
        rows = [row for row in rows if row["method"] != name] + found
        methods = {**methods, name: wanted | cost}
        print(f"{name}: {cost}", flush=True)
        if arguments.json:
            save(arguments, study, rows, methods)
    return rows, methods


def save(
    arguments: argparse.Namespace, study: Study, rows: list[Any], methods: dict[str, Any]
) -> None:
    """Write summaries and all scores."""
    runs = pd.DataFrame(rows)
    study_now = describe_study(arguments, study)
    about = environment(study=study_now, methods=methods, notes=study.notes)
    tables = [summarize(runs, study.over), paired(runs, study.over, arguments.reference)]
    summaries = [row for table in tables for row in table.to_dict("records")]
    write_json(arguments.json, [*summaries, *rows], about)


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("protocol", choices=[*PROTOCOLS])
    parser.add_argument("--path", metavar="PATH", help="local file; else it is downloaded")
    parser.add_argument("--name", choices=[name for name in N_PAST if name != "tox21"])
    parser.add_argument("--strict", action="store_true", help="predict molecules new to training")
    parser.add_argument("--same-half", action="store_true", help="the control of --strict")
    parser.add_argument("--draws", type=int, default=20, help="supports of each task and size")
    parser.add_argument("--shots", nargs="+", help="supports, as in 8 (rapid) or 1+/10-")
    parser.add_argument("--methods", nargs="+", choices=NAMES)
    parser.add_argument("--history-draws", type=int, help=f"draws of {' and '.join(SLOW)}")
    parser.add_argument("--settings", default=SETTINGS, help="of the siamese classifier, a file")
    parser.add_argument("--reference", choices=NAMES, default="siamese", help="compared with all")
    parser.add_argument("--rerun", nargs="+", choices=NAMES, default=[], help="run again")
    parser.add_argument("--json", metavar="PATH", help="write the results to this file")
    parser.add_argument("--page", metavar="PATH", help="write the tables of the page to this file")
    parser.add_argument("--plot", metavar="PATH", help="draw the learning curves to this file")
    arguments = parser.parse_args()
    arguments.methods = arguments.methods or [
        name
        for name in NAMES
        if name != "siamese-unlabelled" or (arguments.protocol in ASSAYS and not arguments.strict)
    ]
    if "lightgbm-history" in arguments.methods and find_spec("lightgbm") is None:
        print("left out: lightgbm-history (lightgbm is not installed; it is in the extra 'bench')")
        arguments.methods.remove("lightgbm-history")
    if (arguments.protocol == "moleculenet") != bool(arguments.name):
        parser.error("--name goes with moleculenet, and moleculenet needs it")
    if arguments.protocol not in ASSAYS and "siamese-unlabelled" in arguments.methods:
        parser.error("siamese-unlabelled is for molecules without conditions")
    if arguments.strict and "siamese-unlabelled" in arguments.methods:
        parser.error("siamese-unlabelled trains on all molecules, which --strict must not")
    if (arguments.strict or arguments.same_half) and arguments.protocol not in ASSAYS:
        parser.error("--strict and --same-half are for molecules alone")
    if arguments.protocol in CAMPAIGN and not arguments.path:
        parser.error(f"{arguments.protocol} needs --path: it downloads nothing")
    return arguments


def main() -> None:
    """Run the benchmark."""
    arguments = parse_arguments()
    if arguments.protocol in CAMPAIGN:
        shots = arguments.shots or list(SHOTS)
        study = make_reactions(arguments.protocol, arguments.path, shots)
    else:
        study = make_study(arguments)
    print(study.title, *study.notes, sep="\n")
    sizes = [len(each.history.y) for each in study.rounds]
    print(f"{len(sizes)} training(s), of {min(sizes):,} to {max(sizes):,} labels")
    known = read_runs(arguments.json, describe_study(arguments, study))
    rows, methods = run_methods(arguments, study, known)
    runs = pd.DataFrame(rows)
    print_report(runs, study.over, arguments.reference)
    print("\nSeconds of a training, and of a draw (support and prediction)")
    print(pd.DataFrame(methods).T.drop(columns="settings").to_string())
    if arguments.page:
        ahead = paired(runs, study.over, arguments.reference)
        tables = page_tables(summarize(runs, study.over), ahead, study.over)
        write_tables(arguments.page, tables, environment(methods=methods))
    if arguments.plot:
        draw_curves(runs, study.over, study.title, arguments.plot)


if __name__ == "__main__":
    main()
