"""The demo: its tables and files, what an interruption leaves, what is refused at once."""

import importlib.util
import re

import pandas as pd
import pytest

from sksiamese._cli._demo import run_demo
from sksiamese.datasets import load_perovskites

FILES = {"scores.csv", "next.csv", "demo.png"}
TASKS = ["Salts known from training", "Salts never seen in training"]
CLASSIFIERS = {"siamese", "random forest", "SVC", "logistic regression", "majority class"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("demo") / "new" / "folder"


@pytest.fixture(scope="module")
def printed(folder):
    """Run the demo once; what it printed."""
    with pytest.MonkeyPatch.context() as patch:
        lines = []
        patch.setattr("builtins.print", lambda *args, **_: lines.append(" ".join(map(str, args))))
        run_demo(folder, n_jobs=1, quick=True)
    return "\n".join(lines)


@pytest.fixture(scope="module")
def plate(printed, folder):
    return pd.read_csv(folder / "next.csv")


def test_all_files_are_there_and_named_at_the_end(printed, folder):
    assert {path.name for path in folder.iterdir()} == FILES
    summary = printed[printed.index("\nFiles\n") :]
    for name in FILES:
        assert f"- {folder / name}: " in summary


def test_scores_hold_every_classifier_of_both_tasks(printed, folder):
    scores = pd.read_csv(folder / "scores.csv")
    assert scores["task"].unique().tolist() == TASKS
    for _, part in scores.groupby("task"):
        assert set(part["classifier"]) == CLASSIFIERS
        assert set(part["metric"]) == {"pooled_mcc", "pooled_roc_auc"}
    assert scores["value"].notna().all()
    majority = scores[scores["classifier"] == "majority class"]
    assert majority.groupby("metric")["value"].unique().map(list).to_dict() == {
        "pooled_mcc": [0.0],
        "pooled_roc_auc": [0.5],
    }


def test_tables_are_printed_for_both_tasks(printed):
    for task in TASKS:
        assert f"\n{task}\n" in printed
    for name in CLASSIFIERS:
        assert printed.count(f" {name} ") >= 4  # two metrics of two tasks


def test_recommended_experiments_are_new_and_printed_with_the_names_of_salts(printed, plate):
    data = load_perovskites()
    assert len(plate) == 8
    assert plate["p(large crystal)"].between(0, 1).all()
    assert not plate.merge(data.data, how="inner").size
    assert set(plate["ammonium"]) <= set(data.data["ammonium"])
    names = dict(zip(data.frame["ammonium"], data.frame["ammonium_name"], strict=True))
    table = printed[printed.index("The next 8 experiments") :]
    for salt, p in zip(plate["ammonium"], plate["p(large crystal)"], strict=True):
        assert re.search(rf"{re.escape(names[salt])} .*{p:.2f}", table)


def test_picture_is_a_readable_png(printed, folder):
    from matplotlib.image import imread

    height, width, _ = imread(folder / "demo.png").shape
    assert width >= 1200
    assert height >= 500


# -- Interruption and refusal ----------------------------------------------------------------------


def test_interruption_while_computing_writes_nothing(tmp_path, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("sksiamese._cli._demo.compare_classifiers", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run_demo(tmp_path / "out", n_jobs=1, quick=True)
    assert not (tmp_path / "out").exists()


def test_output_that_is_a_file_is_refused_at_once(tmp_path):
    path = tmp_path / "taken"
    path.touch()
    message = f"{path} is a file. Name a folder with --output."
    with pytest.raises(NotADirectoryError, match=f"^{re.escape(message)}$"):
        run_demo(path)


def test_missing_matplotlib_is_said_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    message = "The demo's figure needs matplotlib. Install it with pip install 'sksiamese[plot]'."
    with pytest.raises(ImportError, match=f"^{re.escape(message)}$"):
        run_demo(tmp_path)
