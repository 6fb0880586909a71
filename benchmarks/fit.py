"""Processor time of fit: beside chemprop's message-passing network, and by the number of rows.

    python benchmarks/fit.py
    python benchmarks/fit.py --rows 54 200 1000 3000 10000

The chemprop case needs ``pip install chemprop`` (the extra ``bench``) and is left out without it.
Every case starts from a table of SMILES, so reading the molecules counts on both sides. All run on
one thread.
"""

from __future__ import annotations

import argparse
import functools
import statistics
import time
from collections.abc import Callable
from typing import Any

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
from predict import peak_bytes

from sksiamese import GraphFingerprintSiameseClassifier
from sksiamese.datasets import load_cmet, load_perovskites, make_nanoclusters

N_ROWS, D_H, EPOCHS = 54, 64, 50
CHEMPROP = f"chemprop, d_h {D_H}, {EPOCHS} epochs"
DEFAULT, MEAN, MEMBER = "as shipped", 'readout="mean"', "1 member"
SETTINGS: dict[str, dict[str, Any]] = {
    DEFAULT: {},
    MEAN: {"readout": "mean"},
    MEMBER: {"n_members": 1},
}
TARGETS = {DEFAULT: 0.7, MEAN: 0.55}  # by the time of chemprop
MEMBER_TARGET_S = 0.3

_processor = functools.partial(measure, clock=time.process_time)


def draw(
    load: Callable[..., tuple[pd.DataFrame, pd.Series]], seed: int
) -> tuple[pd.DataFrame, pd.Series]:
    """Draw rows of a data set, as many of each class as their share."""
    X, y = load(return_X_y=True)
    order = np.random.RandomState(seed).permutation(len(y))
    by_class = order[np.argsort(y.to_numpy()[order], kind="stable")]
    rows = by_class[np.linspace(0, len(y) - 1, N_ROWS).round().astype(int)]
    return X.iloc[rows], y.iloc[rows]


def fit(X: object, y: object, seed: int, **settings: Any) -> Callable[[], object]:
    model = GraphFingerprintSiameseClassifier(random_state=seed, **settings)
    return lambda: model.fit(X, y)


def run_cmet(seed: int, repeats: int) -> list[dict]:
    """The default, one member of it and another read-out, beside chemprop."""
    X, y = draw(load_cmet, seed)
    cases = {name: fit(X, y, seed, **settings) for name, settings in SETTINGS.items()}
    baseline, reason = CHEMPROP, why_no_chemprop()
    if reason is None:
        smiles, target = X["molecule"].tolist(), y.to_numpy(float)
        cases[CHEMPROP] = lambda: fit_chemprop(smiles, target, D_H, EPOCHS, seed)
    else:
        print(f"Left out, {CHEMPROP}: {reason}")
        baseline = DEFAULT
    seconds = _processor(cases, repeats=repeats)
    rows = summarize(seconds, baseline, TARGETS if reason is None else {})
    print_table(f"{N_ROWS} c-Met molecules, {repeats} runs, ratio to {baseline}", rows)
    return [{"data": "c-Met", "baseline": baseline, **row} for row in rows]


def run_member(seed: int, repeats: int) -> list[dict]:
    """One member, in seconds."""
    tables = {
        "perovskites": draw(load_perovskites, seed),
        "simulated syntheses": make_nanoclusters(N_ROWS, random_state=seed, return_X_y=True),
    }
    cases = {name: fit(X, y, seed, n_members=1) for name, (X, y) in tables.items()}
    rows = []
    print(f"\n{MEMBER}, {N_ROWS} rows, {repeats} runs, target <= {MEMBER_TARGET_S:g} s")
    for name, runs in _processor(cases, repeats=repeats).items():
        row = {"data": name, "case": MEMBER, "median_s": statistics.median(runs)}
        row |= {"min_s": min(runs), "max_s": max(runs), "target_s": MEMBER_TARGET_S}
        print(f"{name:<20} {row['median_s']:.3f} s (fastest {row['min_s']:.3f})")
        rows.append(row)
    return rows


def run_growth(seed: int, sizes: list[int]) -> list[dict]:
    """The default on simulated syntheses of several sizes, each fitted once: seconds and memory.

    The peak is that of the process so far, so sizes should grow.
    """
    rows = []
    print("\nAs shipped, simulated syntheses, one run each")
    for n in sizes:
        X, y = make_nanoclusters(n, random_state=seed, return_X_y=True)
        (seconds,) = _processor({DEFAULT: fit(X, y, seed)}, repeats=1, warm_up=0)[DEFAULT]
        peak = peak_bytes() / 1e9
        print(
            f"{n:>7,} rows  {seconds:7.2f} s  {seconds / n * 1e3:7.2f} ms a row  "
            f"peak {peak:.2f} GB",
            flush=True,
        )
        rows.append(
            {"data": "simulated syntheses", "n_rows": n, "seconds": seconds, "peak_gb": peak}
        )
    return rows


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=0, help="of the rows and the first weights")
    parser.add_argument("--rows", nargs="*", type=int, default=[], help="sizes to fit once each")
    add_common_arguments(parser)
    arguments = parser.parse_args()

    torch.set_num_threads(1)
    rows = run_cmet(arguments.seed, arguments.repeats)
    rows += run_member(arguments.seed, arguments.repeats)
    rows += run_growth(arguments.seed, arguments.rows) if arguments.rows else []
    if arguments.json:
        chemprop = {"d_h": D_H, "epochs": EPOCHS, "skipped": why_no_chemprop()}
        about = environment(n_rows=N_ROWS, chemprop=chemprop, threads=1, **vars(arguments))
        write_json(arguments.json, rows, about)


if __name__ == "__main__":
    main()
