"""Settings and fixtures of the whole suite."""

import os
import sys

# Before numpy and torch are loaded: one thread for each of the parallel test processes, which would
# otherwise compete for the cores; and figures that need no screen.
if "PYTEST_XDIST_WORKER" in os.environ:
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
os.environ["MPLBACKEND"] = "Agg"

import pytest
from hypothesis import settings

# No deadline: the first call of a torch function is slow. In CI the same examples every time.
settings.register_profile("dev", deadline=None, print_blob=True)
settings.register_profile("ci", deadline=None, print_blob=True, derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


def pytest_addoption(parser):
    """Offer a long run of `tests/fuzz`."""
    parser.addoption("--fuzz", type=int, default=0, help="examples of each test of tests/fuzz")


def pytest_configure(config):
    """Try as many examples as were asked for, at most 500 in each of the rounds of a test."""
    if n_examples := min(500, config.getoption("fuzz")):
        settings.register_profile(
            "fuzz", max_examples=n_examples, deadline=None, database=None, print_blob=True
        )
        settings.load_profile("fuzz")


def pytest_collection_modifyitems(items):
    """Skip the tests marked ``cuda`` where there is no CUDA device."""
    marked = [item for item in items if item.get_closest_marker("cuda")]
    if not marked:
        return
    import torch

    if not torch.cuda.is_available():
        for item in marked:
            item.add_marker(pytest.mark.skip(reason="no CUDA device"))


@pytest.fixture(autouse=True)
def _close_figures():
    """Close the figures that a test leaves open; costs nothing where none was drawn."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
