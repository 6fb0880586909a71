"""Time of SMILESFeaturizer beside bare parsing with Chem.MolFromSmiles, the floor.

    python benchmarks/featurize.py --smiles-csv molecules.csv.gz --column smiles

Without a file it takes the 1,017 c-Met inhibitors that the rdkit package ships; they are too few
for the two-process target to mean much.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from common.results import (
    add_common_arguments,
    environment,
    measure,
    print_table,
    summarize,
    write_json,
)
from rdkit import Chem, RDConfig, rdBase

from sksiamese.featurizer import SMILESFeaturizer

COPIES = 100
TARGETS = {"graph, n_jobs=1": 1.6, "graph, n_jobs=2 warm": 1.0}


def read_smiles(path: str | None, column: str) -> list[str]:
    """Distinct SMILES that RDKit can read."""
    if path is None:
        path = str(Path(RDConfig.RDContribDir) / "FreeWilson" / "data" / "CHEMBL2321810.smi")
        texts = pd.read_csv(path, sep=r"\s+", header=None)[0]
    else:
        texts = pd.read_csv(path)[column]
    with rdBase.BlockLogs():
        return [t for t in texts.dropna().unique() if Chem.MolFromSmiles(t) is not None]


def make_cases(smiles: list[str], seed: int) -> dict[str, Callable[[], object]]:
    """Cases to time, the floor first."""
    parse = Chem.MolFromSmiles
    repeated = np.random.default_rng(seed).permutation(np.repeat(np.array(smiles, object), COPIES))
    frame = pd.DataFrame({"ligand": repeated})

    def floor() -> None:
        with rdBase.BlockLogs():
            for text in smiles:
                parse(text)

    def featurize(X: object, output: str = "graph", n_jobs: int = 1) -> Callable[[], object]:
        featurizer = SMILESFeaturizer(output, n_jobs=n_jobs)
        return lambda: featurizer.fit_transform(X)

    return {
        "Chem.MolFromSmiles": floor,
        "graph, n_jobs=1": featurize(smiles),
        "graph, n_jobs=2 warm": featurize(smiles, n_jobs=2),
        f"graph, {COPIES} copies of each": featurize(frame),
        "ecfp, n_jobs=1": featurize(smiles, "ecfp"),
        "ecfp, n_jobs=2 warm": featurize(smiles, "ecfp", 2),
        "descriptors, n_jobs=1": featurize(smiles, "descriptors"),
    }


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--smiles-csv", metavar="PATH", help="CSV file, may be compressed")
    parser.add_argument("--column", default="smiles", help="its SMILES column (default: smiles)")
    parser.add_argument("--seed", type=int, default=0, help="order of the repeated SMILES")
    add_common_arguments(parser)
    arguments = parser.parse_args()

    smiles = read_smiles(arguments.smiles_csv, arguments.column)
    seconds = measure(make_cases(smiles, arguments.seed), repeats=arguments.repeats)
    rows = summarize(seconds, "Chem.MolFromSmiles", TARGETS)
    print_table(f"{len(smiles):,} distinct molecules, {arguments.repeats} runs", rows)
    if arguments.json:
        about = environment(
            n_molecules=len(smiles), copies=COPIES, seed=arguments.seed, repeats=arguments.repeats
        )
        write_json(arguments.json, rows, about)


if __name__ == "__main__":
    main()
