"""Loops side by side, kept in a file as they end, so that none is run twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd
from joblib import Parallel, delayed, parallel_config
from tqdm import tqdm


def run_all(
    loops: Iterable[tuple[Any, str, int, bool]],
    n_jobs: int,
    path: str | None,
    run_one: Callable[..., dict[str, Any]],
) -> pd.DataFrame:
    """Run the loops that a file does not hold, add each as it ends, and give all."""
    file = Path(path) if path else None
    done = read_kept(file)
    asked = {(task.name, method, *rest): (task, method, *rest) for task, method, *rest in loops}
    calls = [delayed(run_one)(*loop) for key, loop in asked.items() if key not in done]
    threads = {} if n_jobs == 1 else {"backend": "loky", "inner_max_num_threads": 1}
    with parallel_config(**threads):
        parallel = Parallel(n_jobs=n_jobs, return_as="generator_unordered")
        for run in tqdm(parallel(calls), total=len(calls)):
            done[run["task"], run["method"], run["seed"], run["quick"]] = run
            if file:
                with file.open("a") as stream:
                    stream.write(json.dumps(run) + "\n")
    return pd.DataFrame([done[key] for key in asked])


def read_kept(file: Path | None) -> dict[tuple[str, str, int, bool], dict[str, Any]]:
    """Read the loops that a file holds, if there is one."""
    lines = file.read_text().splitlines() if file and file.exists() else []
    return {(r["task"], r["method"], r["seed"], r["quick"]): r for r in map(json.loads, lines)}
