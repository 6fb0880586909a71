"""Time of fit: ensembles beside one network, and beside chemprop's message-passing network.

    python benchmarks/fit.py

The chemprop case needs ``pip install chemprop`` (the extra ``bench``) and is left out without it.
Every case starts from a table of SMILES, so reading the molecules counts on both sides.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable

import numpy as np
import pandas as pd
import torch
from common.peers import fit_chemprop, why_no_chemprop
from common.results import (
    add_common_arguments,
    environment,
    measure,
    print_table,
    summarize,
    write_json,
)

from sksiamese import GraphFingerprintSiameseClassifier
from sksiamese.datasets import load_cmet, load_perovskites

N_ROWS, N_MEMBERS, D_H, EPOCHS = 54, 10, 64, 50
CHEMPROP = f"chemprop, d_h {D_H}, {EPOCHS} epochs"
MEMBERS, MEMBER = f"{N_MEMBERS} members", "1 member"
TARGETS = {CHEMPROP: 0.75, MEMBER: 3.0}  # time of `MEMBERS` by the time of these
PEROVSKITE_TARGET_S = 0.5


def draw(load: Callable[..., tuple[pd.DataFrame, pd.Series]], seed: int) -> tuple[object, object]:
    """Draw rows of a data set, as many of each class as their share."""
    X, y = load(return_X_y=True)
    order = np.random.RandomState(seed).permutation(len(y))
    by_class = order[np.argsort(y.to_numpy()[order], kind="stable")]
    rows = by_class[np.linspace(0, len(y) - 1, N_ROWS).round().astype(int)]
    return X.iloc[rows], y.iloc[rows]


def fit(X: object, y: object, seed: int, **settings: object) -> Callable[[], object]:
    model = GraphFingerprintSiameseClassifier(random_state=seed, **settings)
    return lambda: model.fit(X, y)


def run_cmet(seed: int, repeats: int) -> list[dict]:
    """Ten members against chemprop and against one member."""
    X, y = draw(load_cmet, seed)
    cases = {
        MEMBERS: fit(X, y, seed, n_members=N_MEMBERS),
        MEMBER: fit(X, y, seed, n_members=1),
    }
    reason = why_no_chemprop()
    if reason is None:
        smiles, target = X["molecule"].tolist(), y.to_numpy(float)
        cases[CHEMPROP] = lambda: fit_chemprop(smiles, target, D_H, EPOCHS, seed)
    else:
        print(f"Left out, {CHEMPROP}: {reason}")
    seconds = measure(cases, repeats=repeats)
    rows = []
    for baseline in (CHEMPROP, MEMBER):
        if baseline in seconds:
            pair = {name: seconds[name] for name in (baseline, MEMBERS)}
            part = summarize(pair, baseline, {MEMBERS: TARGETS[baseline]})
            print_table(f"{N_ROWS} c-Met molecules, {repeats} runs, ratio to {baseline}", part)
            rows += [{"data": "c-Met", "baseline": baseline, **row} for row in part]
    return rows


def run_perovskites(seed: int, repeats: int) -> list[dict]:
    """One member on one thread, in seconds."""
    X, y = draw(load_perovskites, seed)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    seconds = measure({MEMBER: fit(X, y, seed, n_members=1)}, repeats=repeats)
    torch.set_num_threads(threads)
    median = statistics.median(seconds[MEMBER])
    row = {"data": "perovskites", "case": f"{MEMBER}, 1 thread", "median_s": median}
    row |= {"min_s": min(seconds[MEMBER]), "max_s": max(seconds[MEMBER])}
    print(f"\n{N_ROWS} perovskite rows, {MEMBER}, 1 thread, {repeats} runs")
    print(
        f"median {median:.3f} s (fastest {row['min_s']:.3f}, slowest {row['max_s']:.3f}), "
        f"target <= {PEROVSKITE_TARGET_S:g} s"
    )
    return [{**row, "target_s": PEROVSKITE_TARGET_S}]


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seed", type=int, default=0, help="of the rows and the first weights")
    add_common_arguments(parser)
    arguments = parser.parse_args()

    rows = run_cmet(arguments.seed, arguments.repeats)
    rows += run_perovskites(arguments.seed, arguments.repeats)
    if arguments.json:
        about = environment(
            n_rows=N_ROWS,
            n_members=N_MEMBERS,
            chemprop={"d_h": D_H, "epochs": EPOCHS, "skipped": why_no_chemprop()},
            threads=torch.get_num_threads(),
            seed=arguments.seed,
            repeats=arguments.repeats,
        )
        write_json(arguments.json, rows, about)


if __name__ == "__main__":
    main()
