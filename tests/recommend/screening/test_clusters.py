"""The recipes of docs/screening.md for clusters, where Dask and Ray are installed."""

import os
import re
import signal
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest

import sksiamese
from sksiamese import screen
from sksiamese.recommend.screening import _screen
from tests.recommend.screening.cases import RAMP, numbers

PAGE = Path(sksiamese.__file__).parents[1] / "docs" / "screening.md"
LIBRARY = numbers(np.random.RandomState(0).uniform(size=200).round(2))

pytestmark = pytest.mark.filterwarnings("default")  # what other tools warn of is theirs


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch):
    monkeypatch.setattr(_screen, "CHUNK", 4)
    monkeypatch.setattr(_screen, "PIECE", 8)


def recipe(title):
    """Run the code below a heading, but for the lines that start a cluster; give its names."""
    part = re.split(rf"^### {title}$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1]
    (code,) = re.findall(r"^```python[^\n]*\n(.*?)^```", part, re.MULTILINE | re.DOTALL)[:1]
    namespace = {"__name__": "recipe"}
    exec(re.split(r"^(?:if __name__|ray\.init)", code, flags=re.MULTILINE)[0], namespace)
    return namespace


class Deadly:
    """Kills its worker at one piece, the first time."""

    def __init__(self, function, marker):
        self.function = function
        self.marker = marker

    def __call__(self, piece):
        if piece.first == 16 and not self.marker.exists():
            self.marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return self.function(piece)


def deadly(engine, marker):
    return lambda function, pieces: engine(Deadly(function, marker), pieces)


def same(found):
    expected = screen(RAMP, LIBRARY, 12, map=map)
    pd.testing.assert_frame_equal(found.best, expected.best, check_exact=True)
    return found.n_rows == expected.n_rows == 200


def test_dask(tmp_path):
    """Two workers on this machine: by the recipe, by joblib, and with a worker killed.

    Killing comes last: with one worker left, joblib would not send anything to it.
    """
    distributed = pytest.importorskip("distributed", reason="Dask is not installed")
    dask_map = recipe("Dask")["dask_map"]
    workers = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with (
        distributed.LocalCluster(host="127.0.0.1", **workers) as cluster,
        distributed.Client(cluster),
    ):
        assert same(screen(RAMP, LIBRARY, 12, map=dask_map))
        with joblib.parallel_config("dask"):
            assert joblib.effective_n_jobs() == 2
            assert same(screen(RAMP, LIBRARY, 12))
        assert same(screen(RAMP, LIBRARY, 12, map=deadly(dask_map, tmp_path / "killed")))
        assert (tmp_path / "killed").exists()


def test_ray(tmp_path):
    """The same, by the recipe alone."""
    ray = pytest.importorskip("ray", reason="Ray is not installed")
    ray.init(num_cpus=2, include_dashboard=False, _node_ip_address="127.0.0.1")
    try:
        ray_map = recipe("Ray")["ray_map"]
        assert same(screen(RAMP, LIBRARY, 12, map=ray_map))
        assert same(screen(RAMP, LIBRARY, 12, map=deadly(ray_map, tmp_path / "killed")))
        assert (tmp_path / "killed").exists()
    finally:
        ray.shutdown()
