"""Time of reading and checking a large table: 8,000 rows in 10 columns.

``python benchmarks/read.py`` prints the time for a frame and for a file.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from common.results import environment, write_json

from sksiamese import read_experiments

N_ROWS = 8_000


def make_table(n_rows: int = N_ROWS, random_state: int = 0) -> pd.DataFrame:
    """Make a table with molecules, names, numbers, a yield in text, and what is not a condition."""
    rng = np.random.RandomState(random_state)
    rows = np.arange(n_rows)
    alcohols = np.array(["C" * k + "O" + "C" * j for k in range(1, 25) for j in range(10)], object)
    return pd.DataFrame(
        {
            "entry": rows + 1,
            "substrate": alcohols[rng.randint(len(alcohols), size=n_rows)],
            "ligand": np.array(["CP", "CCP", "CCCP", None], object)[rows % 4],
            "solvent": np.array(["DMSO", "THF", "MeCN"], object)[rng.randint(3, size=n_rows)],
            "temperature_C": rng.randint(20, 120, size=n_rows),
            "conc (mM)": rng.uniform(1, 100, n_rows).round(2),
            "time": np.array(["2 h", "30 min", "16 h"], object)[rng.randint(3, size=n_rows)],
            "equiv": np.where(rows % 4 == 3, np.nan, rng.uniform(0, 2, n_rows).round(2)),
            "comment": [f"made by hand in vial {row}" for row in rows],
            "yield": [f"{value:.0f} %" for value in rng.uniform(0, 100, n_rows)],
        }
    )


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=N_ROWS, help="rows of the table")
    parser.add_argument("--json", metavar="PATH", help="write the results to this file")
    arguments = parser.parse_args()
    table, rows = make_table(arguments.rows), []
    read_experiments(table.head(50), "yield >= 50")  # imports
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "table.csv")
        table.to_csv(path, index=False)
        for name, source in (("frame", table), ("CSV", path)):
            start = time.perf_counter()
            read = read_experiments(source, "yield >= 50")
            seconds = time.perf_counter() - start
            print(f"{name}: {len(read.X):,} x {table.shape[1]} in {seconds:.2f} s")
            rows.append({"source": name, "rows": len(read.X), "seconds": seconds})
    if arguments.json:
        write_json(arguments.json, rows, environment(rows=arguments.rows))


if __name__ == "__main__":
    main()
