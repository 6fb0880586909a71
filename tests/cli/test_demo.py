"""The demo: its files, its numbers against scikit-learn, and what an interruption leaves."""

import importlib.util
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, f1_score, matthews_corrcoef, roc_auc_score

from sksiamese._cli import _demo as demo
from sksiamese.datasets import load_perovskites

FILES = {"scores.csv", "probabilities.csv", "evidence.csv", "demo.png"}
MODELS = ["siamese", "random forest", "SVC", "logistic regression", "majority class"]
METRICS = {
    "MCC": matthews_corrcoef,
    "F1": f1_score,
    "accuracy": accuracy_score,
    "ROC-AUC": roc_auc_score,
}


def make_small(patch):
    """Make the demo as small as it gets; what it writes stays complete."""
    patch.setattr(demo, "_QUICK", {"n_members": 2, "max_epochs": 2})
    patch.setattr(demo, "_N_DRAWS", 100)
    forest = demo.RandomForestClassifier
    patch.setattr(
        demo, "RandomForestClassifier", lambda random_state: forest(5, random_state=random_state)
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("demo") / "new" / "folder"


@pytest.fixture(scope="module")
def printed(folder):
    """Run the demo once; what it printed."""
    lines = []
    with pytest.MonkeyPatch.context() as patch:
        make_small(patch)
        patch.setattr(demo, "print", lambda *args: lines.append(" ".join(args)), raising=False)
        demo.run_demo(folder, repeats=1, n_jobs=1, quick=True)
    return "\n".join(lines)


@pytest.fixture(scope="module")
def dataset():
    return load_perovskites()


# -- Files -----------------------------------------------------------------------------------------


def test_all_files_are_there_and_named_in_the_summary(printed, folder):
    assert {path.name for path in folder.iterdir()} == FILES
    summary = printed[printed.index("Where it lies") :]
    for name in FILES:
        assert f"- {folder / name}: " in summary


def test_scores_hold_every_model_and_task(printed, folder):
    scores = pd.read_csv(folder / "scores.csv")
    assert scores["task"].tolist() == ["known salts"] * 5 + ["new salts"] * 5
    assert scores["model"].tolist() == MODELS * 2
    for metric in METRICS:
        value, low, high = (scores[f"{metric}{end}"] for end in ("", "_low", "_high"))
        assert np.isfinite([value, low, high]).all()
        assert (low <= high).all()
        assert value.between(-1 if metric == "MCC" else 0, 1).all()
    majority = scores[scores["model"] == "majority class"]
    assert (majority["MCC"] == 0).all()
    assert (majority["ROC-AUC"] == 0.5).all()
    np.testing.assert_allclose(majority["accuracy"], 129 / 208, atol=1e-4)


def test_probabilities_are_of_unseen_conditions_in_the_columns_of_the_data(
    printed, folder, dataset
):
    grid = pd.read_csv(folder / "probabilities.csv")
    assert grid.columns.tolist() == ["ammonium_name", *dataset.feature_names, "p_success", "p_std"]
    assert grid.notna().all(axis=None)
    assert grid["p_success"].between(0, 1).all()
    assert (grid["p_std"] >= 0).all()
    assert grid["ammonium_name"].nunique() == 3
    assert not grid.duplicated(dataset.feature_names).any()
    assert not grid.merge(dataset.data, how="inner").size
    for name, part in grid.groupby("ammonium_name"):
        measured = dataset.frame[dataset.frame["ammonium_name"] == name]
        assert set(part["ammonium"]) == set(measured["ammonium"])
        assert set(part["solvent"]) == set(measured["solvent"])
        assert np.allclose(part["formic_acid_M"], measured["formic_acid_M"].median())
        assert part["ammonium_M"].between(*measured["ammonium_M"].agg(["min", "max"])).all()


def test_evidence_names_past_experiments(printed, folder, dataset):
    evidence = pd.read_csv(folder / "evidence.csv")
    assert evidence.notna().all(axis=None)
    assert evidence["prediction"].value_counts().to_dict() == {1: 5, 2: 5, 3: 5}
    frame = dataset.frame.set_index("experiment")
    past = frame.loc[evidence["past_experiment"]]
    for column in ("ammonium_name", "ammonium_M", "temperature_C", "crystal_score"):
        assert past[column].tolist() == evidence[f"past_{column}"].tolist()
    assert past["large_crystal"].tolist() == evidence["past_large_crystal"].tolist()
    assert evidence["similarity"].between(0, 1).all()
    assert evidence["share"].between(0, 1).all()


def test_predictions_explained_are_the_highest_of_each_salt(printed, folder):
    grid = pd.read_csv(folder / "probabilities.csv")
    evidence = pd.read_csv(folder / "evidence.csv")
    highest = grid.groupby("ammonium_name")["p_success"].max()
    shown = evidence.groupby("ammonium_name")["p_success"].first()
    pd.testing.assert_series_equal(highest, shown)


def test_picture_is_a_readable_png(printed, folder):
    from matplotlib.image import imread

    height, width, _ = imread(folder / "demo.png").shape
    assert width >= 1200
    assert height >= 500


# -- Summary ---------------------------------------------------------------------------------------


def test_summary_names_the_best_model_of_each_task(printed, folder):
    scores = pd.read_csv(folder / "scores.csv")
    for task, part in scores.groupby("task"):
        best = part.loc[part["MCC"].idxmax()]
        line = f"- {task.capitalize()}: {best['model']} has the highest MCC, {best['MCC']:.2f}."
        assert line in printed


def test_printed_table_agrees_with_the_file(printed, folder):
    scores = pd.read_csv(folder / "scores.csv")
    for model, part in scores.groupby("model"):
        lines = re.findall(rf"^  {model} +(-?[\d.]+) ", printed, re.MULTILINE)
        assert lines == [f"{value:.2f}" for value in part["MCC"]]


def test_siamese_defaults_are_used_unless_quick():
    models = demo._models(3, ["ammonium"], quick=False)
    expected = demo.GraphFingerprintSiameseClassifier(random_state=3)
    assert models["siamese"].get_params() == expected.get_params()


# -- Scores ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_metrics_are_those_of_scikit_learn_on_repeated_rows(seed):
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(40) % 2)
    score = (y + rng.normal(size=40)).round(1)  # with ties
    label = (score > 0.5).astype(float)
    times = np.vstack([np.ones(40, int), rng.integers(0, 4, size=(3, 40))])
    found = demo._metrics(y, label, score, times.astype(float))
    for draw, repeats in enumerate(times):
        rows = np.repeat(np.arange(40), repeats)
        for name, metric in METRICS.items():
            said = score if name == "ROC-AUC" else label
            assert found[name][draw] == pytest.approx(metric(y[rows], said[rows]))


def test_bootstrap_draws_whole_units():
    units = np.repeat([0, 1, 2], [5, 1, 4])
    weights = demo._bootstrap_weights(units)
    for unit in range(3):
        assert (np.ptp(weights[:, units == unit], axis=1) == 0).all()
    assert (weights[:, [0, 5, 6]].sum(axis=1) == 3).all()


def test_every_row_is_held_out_once_in_a_repeat_and_salts_stay_together(dataset):
    known, new = demo._make_tasks(dataset, repeats=2, n_folds=10)
    assert [len(task.splits) for task in (known, new)] == [2, 1]
    for folds in (*known.splits, *new.splits):
        held_out = np.concatenate([test for _, test in folds])
        assert sorted(held_out) == list(range(208))
    for train, test in new.splits[0]:
        assert set(dataset.groups.iloc[test]).isdisjoint(dataset.groups.iloc[train])


# -- Interruption and refusal ----------------------------------------------------------------------


@pytest.fixture
def report(dataset):
    """Build a report with made-up numbers."""
    tasks = np.repeat(["known salts", "new salts"], len(MODELS))
    scores = pd.DataFrame({"task": tasks, "model": MODELS * 2})
    for metric in METRICS:
        scores = scores.assign(**{metric: 0.5, f"{metric}_low": 0.4, f"{metric}_high": 0.6})
    rows = dataset.frame[dataset.frame["ammonium_name"] == demo._GRID_SALTS[0]]
    grid = demo._grid_of(rows[dataset.feature_names]).assign(
        ammonium_name=demo._GRID_SALTS[0], p_success=0.5, p_std=0.1
    )
    return demo._Report(scores, ["found"], grid, grid.head(3))


@pytest.mark.parametrize("stop", [KeyboardInterrupt, OSError])
def test_interruption_while_writing_leaves_the_older_files(
    stop, report, dataset, tmp_path, monkeypatch
):
    (tmp_path / "scores.csv").write_text("older")

    def interrupt(_report, _frame, path):
        path.write_text("half a pict")
        raise stop

    monkeypatch.setattr(demo, "_draw", interrupt)
    with pytest.raises(stop):
        demo._write(report, dataset.frame, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["scores.csv"]
    assert (tmp_path / "scores.csv").read_text() == "older"


def test_interruption_while_computing_writes_nothing(tmp_path, monkeypatch):
    make_small(monkeypatch)
    monkeypatch.setattr(demo, "_predict_grid", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    monkeypatch.setattr(demo, "_cross_validate", lambda *_: {})
    monkeypatch.setattr(demo, "_score", lambda *_: (pd.DataFrame(), []))
    with pytest.raises(KeyboardInterrupt):
        demo.run_demo(tmp_path / "out", repeats=1, n_jobs=1, quick=True)
    assert not (tmp_path / "out").exists()


def test_writing_again_replaces_the_files(report, dataset, tmp_path):
    for _ in range(2):
        written = demo._write(report, dataset.frame, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == FILES
    assert {path.name for path in written} == FILES


def test_output_that_is_a_file_is_refused_at_once(tmp_path):
    path = tmp_path / "taken"
    path.touch()
    message = f"{path} is a file. Name a folder with --output."
    with pytest.raises(NotADirectoryError, match=f"^{re.escape(message)}$"):
        demo.run_demo(path)


def test_missing_matplotlib_is_said_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    message = "The demo's figure needs matplotlib. Install it with pip install 'sksiamese[plot]'."
    with pytest.raises(ImportError, match=f"^{re.escape(message)}$"):
        demo.run_demo(tmp_path)
