"""The examples run as a reader would run them, and each draws pictures."""

import runpy
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

import sksiamese

EXAMPLES = sorted((Path(sksiamese.__file__).parents[1] / "examples").glob("plot_*.py"))


def test_all_examples_are_found():
    assert {path.stem for path in EXAMPLES} == {
        "plot_cmet",
        "plot_nanoclusters",
        "plot_new_salt",
        "plot_own_csv",
        "plot_perovskites",
    }


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_runs(path, monkeypatch):
    shown = []
    monkeypatch.setattr(plt, "show", lambda: shown.extend(plt.get_fignums()))
    runpy.run_path(str(path))
    assert shown


def test_own_csv_tells_of_the_typo(capsys, monkeypatch):
    monkeypatch.setattr(plt, "show", lambda: None)
    (path,) = [path for path in EXAMPLES if path.stem == "plot_own_csv"]
    result = runpy.run_path(str(path))
    assert "column 'ligand', row 'A9': 'Sc1ccccc'" in capsys.readouterr().out
    assert result["X"].loc["A9", "ligand"] == "Sc1ccccc1"
