"""Engines for screening on this machine, whose workers are killed on the way."""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from sksiamese.recommend.screening._engines import Engine, joblib_engine

WORKER_KILLED_AT = 1 << 16  # first row of the piece that kills its worker
PAGE = Path(__file__).parents[2] / "docs" / "screening.md"


@contextmanager
def open_joblib() -> Iterator[Any]:
    yield joblib_engine(2)


@contextmanager
def open_dask() -> Iterator[Any]:
    if importlib.util.find_spec("distributed") is None:
        yield None
        return
    from dask.distributed import Client, LocalCluster

    workers = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(host="127.0.0.1", **workers) as cluster, Client(cluster):
        yield read_recipe("Dask")


@contextmanager
def open_ray() -> Iterator[Any]:
    if importlib.util.find_spec("ray") is None:
        yield None
        return
    import ray

    ray.init(num_cpus=2, include_dashboard=False, _node_ip_address="127.0.0.1")
    try:
        yield read_recipe("Ray")
    finally:
        ray.shutdown()


ENGINES = {"joblib": open_joblib, "Dask": open_dask, "Ray": open_ray}


def read_recipe(title: str) -> Any:
    """Run a recipe of docs/screening.md, but for the lines that start a cluster; give its map."""
    section = PAGE.read_text(encoding="utf-8").split(f"\n### {title}\n")[1]
    code = section.split("```python no-run\n")[1].split("```")[0]
    names: dict[str, Any] = {"__name__": "recipe"}
    exec(re.split(r"^(?:if __name__|ray\.init)", code, flags=re.MULTILINE)[0], names)
    return names[f"{title.lower()}_map"]


def deadly(engine: Any, marker: Path) -> Any:
    """Let one piece kill its worker, the first time."""

    def call(function: Any, piece: Any) -> Any:
        if piece.first == WORKER_KILLED_AT and not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return function(piece)

    return lambda function, pieces: engine(partial(call, function), pieces)


class Timed(NamedTuple):
    """Gives with each result whose it is, and the processor time that it took."""

    function: Any

    def __call__(self, piece: Any) -> tuple[Any, int, float]:
        start = time.process_time()
        return self.function(piece), os.getpid(), time.process_time() - start


def timed_engine(n_jobs: int, seconds: dict[int, float]) -> Engine:
    """Add up the processor seconds of each process."""

    def engine(function: Any, pieces: Any) -> Iterator[Any]:
        for result, process, own in joblib_engine(n_jobs)(Timed(function), pieces):
            seconds[process] = seconds.get(process, 0.0) + own
            yield result

    return engine
