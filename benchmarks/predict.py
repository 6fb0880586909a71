"""Time and memory of predict, beside the floors of its parts, chemprop and a forest.

    python benchmarks/predict.py --smiles-csv molecules.csv.gz --column smiles
    python benchmarks/predict.py --quick
    python benchmarks/predict.py --rows 10000 100000 1000000

Without a file, the molecules are made from pieces of the c-Met inhibitors that rdkit ships. The
chemprop case needs ``pip install chemprop`` and is left out without it. Times are those of the
processor, on one thread, but for one row and for memory, which go by the clock. With --rows, the
default model of 54 simulated syntheses predicts so many others instead, each number of them in a
process of its own.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from common.peers import fit_chemprop, predict_chemprop, why_no_chemprop
from common.results import (
    add_common_arguments,
    environment,
    measure,
    print_table,
    summarize,
    write_json,
)
from rdkit import Chem, rdBase
from rdkit.Chem import BRICS
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline

from sksiamese import GraphFingerprintSiameseClassifier, SMILESFeaturizer
from sksiamese.datasets import load_cmet, load_perovskites, make_nanoclusters

N_SUPPORT, N_MEMBERS, D_H, EPOCHS = 54, 10, 64, 50
CDIST, PARSE, CHEMPROP = "torch.cdist(p=1)", "Chem.MolFromSmiles", f"chemprop, d_h {D_H}"
READOUT, PREDICT = "similarities and read-out", "predict_proba"
TARGETS = {CDIST: 1.4, PARSE: 1.7, CHEMPROP: 0.25}  # our time by the time of these
FOREST, SIAMESE = "random forest", "siamese"
MEMORY_TARGET_GB, LINEAR_TARGET = 2.0, 1.25
CDIST_ROWS = 2_048  # rows at a time, about the fastest for cdist
MEMORY = (("process", 100_000, 400), ("mean", 1_000_000, 10_000))  # read-out, rows, support rows

_processor = functools.partial(measure, clock=time.process_time)


def compare(
    title: str, seconds: dict[str, list[float]], ours: str, baselines: list[str]
) -> list[dict]:
    """Print and return our time beside each baseline's."""
    rows = []
    for baseline in baselines:
        pair = {name: seconds[name] for name in (baseline, ours)}
        part = summarize(pair, baseline, {ours: TARGETS[baseline]})
        print_table(f"{title}, ratio to {baseline}", part)
        rows += [{"part": title, "baseline": baseline, **row} for row in part]
    return rows


# Similarities


def run_similarities(n_rows: int, repeats: int, seed: int) -> list[dict]:
    """Embeddings to probabilities of "mean", beside the bare distances of the same embeddings."""
    random = np.random.RandomState(seed)
    X, y = random.standard_normal((N_SUPPORT, 5)), np.arange(N_SUPPORT) % 2
    model = GraphFingerprintSiameseClassifier(
        readout="mean", n_members=N_MEMBERS, max_epochs=5, random_state=seed
    ).fit(X, y)
    parts = [model.transform(x) for x in (random.standard_normal((n_rows, 5)), X)]
    rows, support = (_members(part) for part in parts)
    scale = model.module_.similarity.scale(torch.ones(N_MEMBERS, 1, rows.shape[2]).double())
    embedding = (rows / scale).contiguous().detach()  # as the encoder gives it, before the weights

    def floor() -> None:
        for part in rows.split(CDIST_ROWS, dim=1):
            torch.cdist(part, support, p=1)

    def read_out() -> None:
        model._support.read_out(model.module_.similarity, embedding)

    cases = {CDIST: floor, READOUT: read_out}
    seconds = _processor(cases, repeats=repeats)
    title = f"{n_rows:,} rows x {N_SUPPORT} support x {N_MEMBERS} members"
    return compare(title, seconds, READOUT, [CDIST])


def _members(transformed: np.ndarray) -> torch.Tensor:
    """Scaled embeddings (n, n_members * d) as (n_members, n, d)."""
    wide = torch.as_tensor(transformed).view(len(transformed), N_MEMBERS, -1)
    return wide.transpose(0, 1).contiguous()


# New molecules


def read_smiles(path: str, column: str) -> list[str]:
    with rdBase.BlockLogs():
        texts = pd.read_csv(path)[column].dropna().unique()
        return [text for text in texts if Chem.MolFromSmiles(text) is not None]


def make_smiles(n: int, seed: int) -> list[str]:
    """Make distinct molecules: c-Met inhibitors cut at a BRICS bond, halves joined anew."""
    heads: set[str] = set()
    tails: set[str] = set()
    for text in load_cmet().data["molecule"]:
        mol = Chem.MolFromSmiles(text)
        for (begin, end), _ in BRICS.FindBRICSBonds(mol):
            bond = mol.GetBondBetweenAtoms(begin, end).GetIdx()
            cut = Chem.FragmentOnBonds(mol, [bond], dummyLabels=[(0, 0)])
            halves = sorted(Chem.GetMolFrags(cut, asMols=True), key=Chem.Mol.GetNumAtoms)
            for half, texts in zip(halves, (tails, heads), strict=True):
                for atom in half.GetAtoms():
                    if atom.GetAtomicNum() == 0:
                        atom.SetAtomMapNum(1)
                texts.add(Chem.MolToSmiles(half))
    first, second = ([Chem.MolFromSmiles(text) for text in sorted(t)] for t in (heads, tails))
    random, made = np.random.RandomState(seed), {}
    while len(made) < n:
        i, j = random.randint(len(first)), random.randint(len(second))
        made.setdefault(Chem.MolToSmiles(Chem.molzip(first[i], second[j])))
    return list(made)


def run_molecules(smiles: list[str], repeats: int, seed: int) -> list[dict]:
    """Probabilities of molecules never seen, beside reading them and beside chemprop."""
    X, y = load_cmet(return_X_y=True)
    rows = np.random.RandomState(seed).permutation(len(y))[:N_SUPPORT]
    X, y = X.iloc[rows], y.iloc[rows]
    model = GraphFingerprintSiameseClassifier(random_state=seed).fit(X, y)
    new = pd.DataFrame({"molecule": smiles})

    def parse() -> None:
        for text in smiles:
            Chem.MolFromSmiles(text)

    cases: dict[str, Callable[[], object]] = {
        PARSE: parse,
        PREDICT: lambda: model.predict_proba(new),
    }
    reason = why_no_chemprop()
    if reason is None:
        target = y.to_numpy(float)
        peer = fit_chemprop(X["molecule"].tolist(), target, D_H, EPOCHS, seed)
        cases[CHEMPROP] = lambda: predict_chemprop(peer, smiles)
    else:
        print(f"Left out, {CHEMPROP}: {reason}")
    with rdBase.BlockLogs():
        seconds = _processor(cases, repeats=repeats)
    title = f"{len(smiles):,} new molecules"
    return compare(title, seconds, PREDICT, [name for name in (PARSE, CHEMPROP) if name in cases])


# One row


def run_one_row(n_times: int, seed: int) -> list[dict]:
    """Milliseconds until the probability of one experiment is there, in turns with a forest."""
    data = load_perovskites()
    order = np.random.RandomState(seed).permutation(len(data.target))
    X, y = data.data.iloc[order[:N_SUPPORT]], data.target.iloc[order[:N_SUPPORT]]
    columns = make_column_transformer(
        (SMILESFeaturizer("descriptors"), data.smiles_columns), remainder="passthrough"
    )
    models = {
        SIAMESE: GraphFingerprintSiameseClassifier(random_state=seed),
        FOREST: make_pipeline(columns, RandomForestClassifier(random_state=seed)),
    }
    found: dict[str, list[float]] = {}
    for model in models.values():
        model.fit(X, y)
    for k in range(n_times):
        row = data.data.iloc[[order[N_SUPPORT + k % (len(order) - N_SUPPORT)]]]
        for name, model in models.items():
            start = time.perf_counter()
            model.predict_proba(row)
            found.setdefault(name, []).append((time.perf_counter() - start) * 1e3)
    print(f"\nOne row of {X.shape[1]} columns, {n_times} times")
    rows = []
    for name, runs in found.items():
        p50, p99 = np.percentile(runs, [50, 99])
        print(f"{name:<14} half within {p50:6.1f} ms, 99 of 100 within {p99:6.1f} ms")
        rows.append({"part": "one row", "case": name, "p50_ms": p50, "p99_ms": p99})
    return rows


# Memory, and time by the number of pairs


def numeric_model(readout: str, n_support: int, seed: int) -> GraphFingerprintSiameseClassifier:
    """Train one member on a few numeric rows, then compare with many."""
    random = np.random.RandomState(seed)
    X = random.standard_normal((n_support, 5))
    y = (X[:, 0] > 0).astype(int)
    model = GraphFingerprintSiameseClassifier(
        readout=readout, n_members=1, max_epochs=20, random_state=seed
    )
    return model.fit(X[:100], y[:100]).set_support(X, y)


def peak_bytes() -> int:
    """Largest memory that this process has held.

    Linux hands ru_maxrss of the parent down to a new process, so there the kernel's own record of
    the process comes first.
    """
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        if found:
            return int(found[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def predict_once(readout: str, n_rows: int, n_support: int, seed: int) -> dict[str, float]:
    """Predict in this process, which does nothing else; give seconds and memory."""
    X = np.random.RandomState(seed + 1).standard_normal((n_rows, 5))
    model = numeric_model(readout, n_support, seed)
    before = peak_bytes()
    start = time.perf_counter()
    model.predict_proba(X)
    seconds = time.perf_counter() - start
    peak = peak_bytes()
    return {
        "seconds": seconds,
        "peak_gb": peak / 1e9,
        "before_predict_gb": before / 1e9,
        "above_inputs_gb": (peak - X.nbytes - n_support * X.shape[1] * 8) / 1e9,
    }


def run_memory(readout: str, n_rows: int, n_support: int, seed: int) -> list[dict]:
    """Peak of a process that predicts: all it holds, libraries included, less the inputs."""
    found = _in_own_process("--predict-once", [readout, n_rows, n_support, seed])
    print(
        f"\n{n_rows:,} numeric rows x {n_support:,} support, {readout!r}, 1 member, own process\n"
        f"peak memory less inputs {found['above_inputs_gb']:.2f} GB (whole peak "
        f"{found['peak_gb']:.2f}, of it before predict {found['before_predict_gb']:.2f}), target "
        f"<= {MEMORY_TARGET_GB:g} GB; {found['seconds']:.1f} s"
    )
    row = {"part": "memory", "readout": readout, "n_rows": n_rows, "n_support": n_support}
    return [{**row, **found, "target_gb": MEMORY_TARGET_GB}]


def predict_syntheses(n_rows: int, seed: int) -> dict[str, float]:
    """Predict simulated syntheses by the default in this process; give seconds and memory."""
    X, y = make_nanoclusters(N_SUPPORT, random_state=seed, return_X_y=True)
    model = GraphFingerprintSiameseClassifier(random_state=seed).fit(X, y)
    rows = make_nanoclusters(n_rows, random_state=seed + 1).data
    before, start, used = peak_bytes(), time.perf_counter(), time.process_time()
    model.predict_proba(rows)
    return {
        "seconds": time.perf_counter() - start,
        "processor_s": time.process_time() - used,
        "peak_gb": peak_bytes() / 1e9,
        "before_predict_gb": before / 1e9,
    }


def run_rows(sizes: list[int], seed: int) -> list[dict]:
    """Time and memory of the default by the number of rows that it predicts."""
    rows = []
    print(f"\nAs shipped, fitted to {N_SUPPORT} simulated syntheses, own processes")
    for n in sizes:
        found = _in_own_process("--predict-syntheses", [n, seed])
        print(
            f"{n:>9,} rows  {found['processor_s']:7.1f} s of the processor  "
            f"{found['processor_s'] / n * 1e6:5.0f} us a row  peak {found['peak_gb']:.2f} GB, "
            f"of it before predict {found['before_predict_gb']:.2f}",
            flush=True,
        )
        rows.append({"part": "rows", "n_rows": n, **found})
    return rows


def _in_own_process(option: str, case: list[Any]) -> dict[str, float]:
    command = [sys.executable, os.path.abspath(__file__), option, json.dumps(case)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(answer.stdout)


def run_linear(n_rows: int, repeats: int, seed: int) -> list[dict]:
    """Nanoseconds for each pair of a row and a support row of "mean", at several sizes."""
    sizes = [(n_rows, 1_000), (2 * n_rows, 2_000), (2 * n_rows, 8_000)]
    X = np.random.RandomState(seed + 1).standard_normal((2 * n_rows, 5))
    models = {m: numeric_model("mean", m, seed) for m in {m for _, m in sizes}}

    def predict(n: int, m: int) -> Callable[[], object]:
        return lambda: models[m].predict_proba(X[:n])

    seconds = _processor({f"{n:,} x {m:,}": predict(n, m) for n, m in sizes}, repeats=repeats)
    print(f'\nTime by rows x support, readout="mean", 1 member, {repeats} runs')
    rows = []
    for (n, m), (name, runs) in zip(sizes, seconds.items(), strict=True):
        row = {"part": "linear", "case": name, "n_pairs": n * m}
        row |= {"median_s": float(np.median(runs)), "min_s": min(runs)}
        row["ns_per_pair"] = row["median_s"] / row["n_pairs"] * 1e9
        rows.append(row)
        print(f"{name:>16}  {row['median_s']:9.4f} s  {row['ns_per_pair']:7.2f} ns per pair")
    growth = rows[-1]["ns_per_pair"] / rows[0]["ns_per_pair"]
    print(f"time per pair, largest by smallest: {growth:.2f}, target <= {LINEAR_TARGET:g}")
    return [*rows, {"part": "linear", "growth": growth, "target": LINEAR_TARGET}]


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--smiles-csv", metavar="PATH", help="CSV file, may be compressed")
    parser.add_argument("--column", default="smiles", help="its SMILES column (default: smiles)")
    parser.add_argument("--seed", type=int, default=0, help="of data and first weights")
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows and molecules")
    parser.add_argument("--rows", nargs="+", type=int, help="numbers of rows to predict")
    parser.add_argument("--predict-once", type=json.loads, help=argparse.SUPPRESS)
    parser.add_argument("--predict-syntheses", type=json.loads, help=argparse.SUPPRESS)
    add_common_arguments(parser)
    return parser.parse_args()


def main() -> None:
    """Run the benchmark."""
    arguments = read_arguments()
    if arguments.predict_once:
        print(json.dumps(predict_once(*arguments.predict_once)))
        return
    if arguments.predict_syntheses:
        torch.set_num_threads(1)
        print(json.dumps(predict_syntheses(*arguments.predict_syntheses)))
        return
    if arguments.rows:
        rows = run_rows(arguments.rows, arguments.seed)
        if arguments.json:
            write_json(arguments.json, rows, environment(threads=1, seed=arguments.seed))
        return
    seed, repeats, part = arguments.seed, arguments.repeats, 10 if arguments.quick else 1
    torch.set_num_threads(1)
    rows = run_similarities(100_000 // part, repeats, seed)
    n_molecules = 10_000 // part
    if arguments.smiles_csv:
        smiles = read_smiles(arguments.smiles_csv, arguments.column)[:n_molecules]
    else:
        smiles = make_smiles(n_molecules, seed)
    rows += run_molecules(smiles, repeats, seed)
    rows += run_one_row(1_000 // part, seed)
    rows += run_linear(20_000 // part, repeats, seed)
    for readout, n_rows, n_support in MEMORY:
        rows += run_memory(readout, n_rows // part, n_support, seed)
    if arguments.json:
        about = environment(
            quick=arguments.quick,
            n_molecules=len(smiles),
            chemprop={"d_h": D_H, "epochs": EPOCHS, "skipped": why_no_chemprop()},
            threads=1,
            seed=seed,
            repeats=repeats,
        )
        write_json(arguments.json, rows, about)


if __name__ == "__main__":
    main()
