"""Benchmarks find the modules beside them."""

import pytest

from tests.benchmarks.cases import FOLDER


@pytest.fixture(autouse=True)
def _folder_of_scripts(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
