"""Every benchmark runs, at a tiny size; the parts of the tables benchmark against hand counts."""

import functools
import gzip
import json
import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.linear_model import LogisticRegression

from sksiamese import GraphFingerprintSiameseClassifier
from sksiamese.datasets import make_nanoclusters
from tests.benchmarks.cases import FOLDER, load, run

SCRIPTS = sorted(path.stem for path in FOLDER.glob("*.py"))
DATA = Path(os.environ.get("SKSIAMESE_DATA", "/nowhere"))
RELEASE = next(iter(sorted(DATA.glob("perovskite_release*.csv.gz"))), None)

pytestmark = pytest.mark.filterwarnings("default")  # a benchmark may warn


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_script_loads_and_tells_its_arguments(script, monkeypatch, capsys):
    with pytest.raises(SystemExit) as ended:
        run(monkeypatch, script, "--help")
    assert ended.value.code == 0
    assert "usage:" in capsys.readouterr().out


def make_tiny(monkeypatch, module):
    """Train for one epoch, and time each case once."""
    tiny = functools.partial(GraphFingerprintSiameseClassifier, max_epochs=1)
    monkeypatch.setattr(module, "GraphFingerprintSiameseClassifier", tiny)
    once = functools.partial(module.measure, warm_up=0, repeats=1)
    monkeypatch.setattr(module, "_processor", lambda cases, **_: once(cases))


def test_fit(monkeypatch):
    module = load("fit")
    make_tiny(monkeypatch, module)
    monkeypatch.setattr(module, "N_ROWS", 12)
    assert {row["case"] for row in module.run_cmet(0, 1)} >= {*module.SETTINGS}
    assert {row["data"] for row in module.run_member(0, 1)} == {
        "perovskites",
        "simulated syntheses",
    }
    growth = module.run_growth(0, [12, 20])
    assert [row["n_rows"] for row in growth] == [12, 20]
    assert 0 < growth[0]["peak_gb"] <= growth[1]["peak_gb"]


def test_predict(monkeypatch):
    module = load("predict")
    make_tiny(monkeypatch, module)
    monkeypatch.setattr(module, "N_MEMBERS", 1)
    rows = [*module.run_similarities(30, 1, 0), *module.run_molecules(["CCO", "CCN"], 1, 0)]
    assert {row["baseline"] for row in rows} >= {module.CDIST, module.PARSE}
    latency = module.run_one_row(3, 0)
    assert [row["case"] for row in latency] == [module.SIAMESE, module.FOREST]
    assert all(0 < row["p50_ms"] <= row["p99_ms"] for row in latency)
    *sizes, growth = module.run_linear(4, 1, 0)
    assert growth["growth"] == sizes[-1]["ns_per_pair"] / sizes[0]["ns_per_pair"]
    for memory in (module.predict_once("process", 10, 20, 0), module.predict_syntheses(30, 0)):
        assert 0 < memory["before_predict_gb"] <= memory["peak_gb"]
        assert memory["seconds"] > 0


def test_surrogate(monkeypatch, tmp_path):
    path = tmp_path / "surrogate.json"
    rule = load("surrogate").TrueRule()
    small = GraphFingerprintSiameseClassifier(n_members=1, max_epochs=5, random_state=0)
    boxes = {"siamese, defaults": small, "the simulation's own rule": rule}
    run(monkeypatch, "surrogate", "--seeds", 1, "--parts", "fidelity", "--rows", 35,
        "--json", path, N_SAMPLES=300, MIN_SPLIT=30,
        make_black_boxes=lambda _: boxes)  # fmt: skip
    rows = json.loads(path.read_text())["results"]
    assert {row["stand-in"] for row in rows} >= {"tree", "effects and pairs"}
    truth = [row for row in rows if row["black box"] == "the simulation's own rule"]
    assert all(row["fidelity mcc"] > 0.3 for row in truth)


def test_planted_rules_are_told_from_others():
    """Given the rule itself and many examples, a tree shows all four, and effects most."""
    from common.planted_rules import rules_of_effects, rules_of_tree, tells_aromatics

    module = load("surrogate")
    dataset = make_nanoclusters(60, aqueous_only=True, random_state=1)
    model = module.TrueRule().fit(dataset.data, dataset.target)
    space = module.make_space(dataset)
    tree, effects = (
        module.explain(name, model, space, dataset.data, 0)
        for name in ("tree", "effects and pairs")
    )
    assert sum(rules_of_tree(tree).values()) == 4
    assert sum(rules_of_effects(effects).values()) >= 3
    labels = space.columns["ligand"].labels()
    assert not tells_aromatics(tree, labels)
    assert not tells_aromatics(tree, labels[:1])


def test_shapley_values_of_a_sum_are_its_parts():
    pytest.importorskip("shap", reason="pip install shap")
    from common.shapley import compare_with_shap

    dataset = make_nanoclusters(40, aqueous_only=True, random_state=0)
    columns = ["temperature_C", "pH"]
    model = LogisticRegression().fit(dataset.data[columns], dataset.target)
    found = compare_with_shap(model, dataset.data[columns], 0, 500)
    assert [row["column"] for row in found] == columns
    assert all(row["rank correlation"] > 0.98 for row in found)


def test_surrogates_of_a_table(monkeypatch, tmp_path, capsys):
    rng = np.random.RandomState(0)
    ligands = np.array(["CCO", "CCN", "CCS", "c1ccccc1"])[rng.randint(0, 4, 300)]
    table = pd.DataFrame({"ligand": ligands, "temperature_C": rng.uniform(20, 120, 300).round()})
    table["yield_percent"] = table["temperature_C"] / 2 + 30 * (ligands == "CCS")
    table.to_csv(tmp_path / "direct_arylation.csv.gz", index=False)
    path = tmp_path / "surrogate.json"
    monkeypatch.delenv("SKSIAMESE_DATA", raising=False)
    load("surrogate")  # so that `common` can be imported
    monkeypatch.setattr("common.surrogate_tables.N_SAMPLES", 500)
    monkeypatch.setattr(
        "common.surrogate_tables.MODEL_SETTINGS", {"n_members": 1, "max_epochs": 20}
    )
    run(monkeypatch, "surrogate", "--seeds", 1, "--parts", "tables", "--tables", tmp_path,
        "--json", path, "--page", tmp_path / "page.json")  # fmt: skip
    page = json.loads((tmp_path / "page.json").read_text())
    assert [row[1] for row in page["tables"]["reactions"]["rows"]][:2] == [
        "tree",
        "effects and pairs",
    ]
    rows = {row["stand-in"]: row for row in json.loads(path.read_text())["results"]}
    assert rows["effects and pairs"]["fidelity accuracy"] > 0.8
    assert all(0 <= row["reader"] <= 1 for row in rows.values())
    assert "aryl_amination left out: no aryl_amination.csv.gz" in capsys.readouterr().out


def test_recommend(monkeypatch):
    module = load("recommend")
    found = module.recommend_once("random forest", 100, 1, 0)
    assert found["us_per_candidate"] == pytest.approx(found["processor_s"] / 100 * 1e6)


def test_plates(monkeypatch, tmp_path, capsys):
    path, page = tmp_path / "plates.json", tmp_path / "page.json"
    run(monkeypatch, "plates", "--models", "random forest", "--seeds", 0, 1, "--batch-sizes", 3,
        "--json", path, "--page", page, N_CANDIDATES=200)  # fmt: skip
    found = {row["what"]: row for row in json.loads(path.read_text())["results"]}
    assert found["stated - true"]["mean"] == pytest.approx(
        found["stated"]["mean"] - found["true"]["mean"]
    )
    row = json.loads(page.read_text())["tables"]["random forest"]["rows"][-1]
    assert row[:2] == ["3", "space"]
    assert row[5]["difference"] == pytest.approx(row[3]["mean"] - row[4]["mean"], abs=2e-5)
    assert "random forest, plates of 3, alike, 2 tables" in capsys.readouterr().out


def test_closed_loop(monkeypatch, tmp_path):
    if RELEASE is None:
        pytest.skip("no perovskite release; name its folder with SKSIAMESE_DATA")
    path = tmp_path / "loop.json"
    run(monkeypatch, "closed_loop", "--release", RELEASE, "--methods", "random", "random forest",
        "--repeats", 2, "--n-jobs", 1, "--json", path, "--salts", "all salts",
        N_BATCHES=2)  # fmt: skip
    assert json.loads(path.read_text())["results"]


def test_tables_of_successes_by_hand(tmp_path):
    load("closed_loop")
    from common.loops import successes

    found = {"random": ([1] * 9 + [2], [1] * 9 + [4]), "siamese": ([3] * 9 + [9], [6] * 9 + [9])}
    loops = [
        {"task": "all salts", "method": method, "seed": seed, "found": each}
        for method, of_seeds in found.items()
        for seed, each in enumerate(of_seeds)
    ]
    runs = pd.DataFrame(loops)
    tables = successes.page_tables(successes.summarize(runs, "siamese"), "siamese")
    rows = {name: table["rows"] for name, table in tables.items()}
    assert rows["successes"] == [["all salts", 2, "3.0", "**9.0**", "3.0"]]
    assert rows["on_the_way"] == [["all salts", 2, "1.0", "**4.5**"]]
    # Ahead by 7 and 5: 6, and t = 12.706 with one degree of freedom times sqrt(2) / sqrt(2).
    assert rows["guide"][0] == ["random choice", "3.0", "+6.0 (-6.7 to +18.7)"]
    assert rows["ahead"] == [["all salts"]]
    successes.draw(runs, tmp_path / "loops.png")
    assert (tmp_path / "loops.png").exists()


def test_closed_loop_of_numbers(monkeypatch, tmp_path):
    if not (DATA / "reactions").exists():
        pytest.skip("no reaction tables; name their folder with SKSIAMESE_DATA")
    path, runs = tmp_path / "loop.json", tmp_path / "loops.jsonl"
    arguments = (
        *("--goal", "maximize", "--tables", DATA / "reactions", "--quick", "--repeats", 2),
        *("--pools", "aryl_amination 3", "aryl_amination 3, no start", "--n-jobs", 1),
        *("--methods", "random", "siamese, past campaigns", "siamese", "--runs", runs),
    )
    run(monkeypatch, "closed_loop", *arguments, "--json", path, "--plot", tmp_path / "loop.png")
    rows = json.loads(path.read_text())["results"]
    methods = {(row["task"], row["method"]) for row in rows if "loops" in row}
    assert methods == {
        ("aryl_amination", "random"),
        ("aryl_amination", "siamese, past campaigns"),
        ("aryl_amination", "siamese"),
        ("aryl_amination, no start", "random"),
        ("aryl_amination, no start", "siamese, past campaigns"),
    }
    before = runs.read_text()
    run(monkeypatch, "closed_loop", *arguments)
    assert runs.read_text() == before  # no loop twice
    kept = ("--repeats", 0, "--runs", runs, "--page", tmp_path / "page.json")
    run(monkeypatch, "closed_loop", *arguments[:4], *kept)
    tables = json.loads((tmp_path / "page.json").read_text())["tables"]
    assert set(tables) == {"aryl_amination", "aryl_amination_no_start"}


def make_task(**changes):
    """A task of forty recipes without tables."""
    from common.loops.tasks import NumberTask

    rng = np.random.RandomState(0)
    pool = pd.DataFrame(
        {
            "ligand": rng.choice(["CCO", "CCN", "c1ccccc1", None], 40),
            "temperature": np.linspace(20, 90, 40),
            "yield_percent": rng.uniform(0, 100, 40),
        }
    )
    usual = {
        "begins": "worst",
        "n_batches": 2,
        "batch_size": 3,
        "past": {},
        "plate": pool.index[:8],
    }
    return NumberTask("forty", pool, **(usual | changes))


def test_loops_of_baybe(monkeypatch):
    pytest.importorskip("baybe")
    from common.loops.numbers import run_number_loop

    for method in ("BayBE, one-hot", "BayBE, RDKit", "BayBE, Mordred"):
        found = run_number_loop(make_task(), method, 0, quick=True)
        assert len(found["curve"]) == 2
        assert 0 <= found["top_found"] <= 100


def test_summary_of_loops_by_hand():
    from common.loops.report import page_tables, summarize_numbers

    found = {"siamese": [60.0, 80.0, 70.0, 90.0], "random forest": [50.0, 60.0, 60.0, 50.0]}
    runs = pd.DataFrame(
        {"task": f"aryl_amination {k // 2}", "seed": k % 2, "method": method, "top_found": value}
        for method, values in found.items()
        for k, value in enumerate(values)
    ).assign(best_curve=90.0, best=95.0, mean_yield=40.0, step_s=0.25)
    summary = summarize_numbers(runs, "siamese").set_index("method")
    test = stats.ttest_1samp([10.0, 20.0, 10.0, 40.0], 0).confidence_interval()
    row = summary.loc["random forest"]
    assert (row["loops"], row["top_found"], row["top_found_ahead_mean"]) == (4, 55, 20)
    ends = row[["top_found_ahead_low", "top_found_ahead_high"]].to_numpy(float)
    np.testing.assert_allclose(ends, test)
    table = page_tables(summary.reset_index(), "siamese")["aryl_amination"]
    assert table["rows"][0][:4] == ["random forest", 4, "55.0", "+20.0 (-2.5 to +42.5)"]
    assert table["rows"][1] == ["siamese", 4, "75.0", "", "90.0", "", "40.0", "0.2"]


@pytest.mark.parametrize("found", [None, "baybe"])
def test_baybe_is_left_out_where_it_is_not_installed(monkeypatch, capsys, found):
    from common.loops import methods

    monkeypatch.setattr(methods, "find_spec", lambda _: found)
    listed = methods.list_installed()
    assert set(methods.BAYBE) <= set(listed) or found is None
    assert set(methods.NUMBER_METHODS) - set(listed) == (set() if found else set(methods.BAYBE))
    assert bool(capsys.readouterr().out) == (found is None)


def test_starts_of_a_loop():
    from common.loops.tasks import draw_past, draw_start

    def start(**changes):
        task = make_task(**changes)
        return task, draw_start(task, np.random.RandomState(0))

    task, worst = start()
    assert len(worst) == 10
    assert worst["yield_percent"].max() <= task.pool["yield_percent"].median()
    assert len(start(begins="any")[1]) == 3
    assert start(begins="plate")[1].index.isin(range(8)).sum() == 4
    assert start(begins="none")[1].empty
    past = draw_past(make_task(past={"a": task.pool, "b": task.pool[:7]}), 0)
    assert {name: len(rows) for name, rows in past.items()} == {"a": 20, "b": 7}


def test_scores_of_a_loop_by_hand():
    module = load("closed_loop")
    loops = sys.modules[module.run_number_loop.__module__]
    pool = pd.Series(np.arange(1.0, 41.0))  # the best 5 % are 39 and 40
    start, done = pool[:10], pool[[20, 39, 15, 16, 17, 10, 11, 12, 13, 14]]
    found = loops.score(pool, start, done, 5)
    assert (found["top_found"], found["best"], found["best_curve"]) == (50, 100, 100)
    assert found["mean_yield"] == done.mean()
    regressor = sys.modules["common.loops.column_lengths"].ColumnLengths()
    X = pd.DataFrame({"ligand": ["CCO", "CCN"] * 6, "pH": np.arange(12.0)})
    regressor.fit(X, X["pH"])
    mean, std = regressor.predict(X, return_std=True)
    np.testing.assert_allclose(mean, X["pH"], atol=1.5)
    again, covariance = regressor.predict(X, return_cov=True)
    np.testing.assert_allclose(again, mean)
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), std, atol=1e-6)


def test_few_shot(monkeypatch, tmp_path):
    if RELEASE is None:
        pytest.skip("no perovskite release; name its folder with SKSIAMESE_DATA")
    run(monkeypatch, "few_shot", "rapid", "--path", RELEASE, "--draws", 1, "--shots", 8,
        "--methods", "logistic", "--reference", "logistic",
        "--plot", tmp_path / "few.png")  # fmt: skip
    assert (tmp_path / "few.png").exists()


@pytest.mark.parametrize("protocol", ["amination", "plates"])
def test_few_shot_of_reactions(monkeypatch, tmp_path, protocol):
    load("few_shot")  # so that `common` can be imported
    from common.few_shot_report import NAMES

    rng, n_rows = np.random.RandomState(0), 90
    ligands = ["CP(C)C", "CCP(CC)CC", "", "c1ccccc1P"]
    table = pd.DataFrame(
        {
            "aryl_halide": np.repeat(["Clc1ccccc1", "Brc1ccccc1", "Ic1ccccc1"], 30),
            "ligand": rng.choice(ligands, n_rows),
            "temperature_C": rng.uniform(20, 90, n_rows),
            "plate": np.repeat([1, 2, 3], 30),
            "yield_percent": rng.uniform(0, 100, n_rows),
        }
    )
    table.to_csv(tmp_path / "table.csv", index=False)
    path = tmp_path / "few.json"
    run(monkeypatch, "few_shot", protocol, "--path", tmp_path / "table.csv", "--draws", 1,
        "--shots", 8, "--methods", "logistic", "forest-history", "--reference", "logistic",
        "--json", path, "--page", tmp_path / "page.json")  # fmt: skip
    tables = json.loads((tmp_path / "page.json").read_text())["tables"]
    assert [row[0] for row in tables["mcc_ahead"]["rows"]] == [NAMES["forest-history"]]
    own, past = (row[1] for row in tables["mcc"]["rows"])
    ahead = tables["mcc_ahead"]["rows"][0][1]["difference"]
    assert ahead == pytest.approx(own["mean"] - past["mean"], abs=2e-5)
    runs = [row for row in json.loads(path.read_text())["results"] if "draw" in row]
    assert len({row["task"] for row in runs}) == {"amination": 3, "plates": 2}[protocol]


# -- Tables ----------------------------------------------------------------------------------------


def test_tables_go_on_where_they_were_stopped(monkeypatch, tmp_path, capsys):
    path, picture = tmp_path / "tables.json.gz", tmp_path / "tables.png"
    common = ("--tasks", "cmet", "suzuki", "--sizes", 16, "--first-seed", 0, "--json", path)
    models = ("--models", "base rate", "logistic regression")
    monkeypatch.delenv("SKSIAMESE_DATA", raising=False)
    run(monkeypatch, "tables", *common, *models, "--draws", 1, "--reference", "base rate")
    first = json.loads(gzip.decompress(path.read_bytes()))["results"]
    assert [row["model"] for row in first] == ["base rate", "logistic regression"]
    shown = capsys.readouterr().out
    assert (
        "Left out, suzuki: no suzuki.csv.gz; name its folder with --tables or SKSIAMESE_DATA"
    ) in shown
    run(monkeypatch, "tables", *common, *models, "--draws", 2, "--reference", "base rate",
        "--plot", picture)  # fmt: skip
    found = json.loads(gzip.decompress(path.read_bytes()))
    assert found["results"][:2] == first  # with their times, so not run again
    assert [row["seed"] for row in found["results"]] == [0, 0, 1, 1]
    assert found["differences"]
    assert picture.exists()
    base = found["results"][0]
    assert base["mcc"] == 0
    assert base["roc_auc"] == 0.5
    assert base["log_loss"] == pytest.approx(np.log(2))
    assert base["slope"] is None


def make_table():
    from common.table_tasks import Table

    X = pd.DataFrame({"ligand": [["C" * (1 + i % 9), "O"][i % 2] for i in range(400)]})
    return Table(X, np.arange(400) // 2 % 2, ["ligand"])


def test_draws_are_balanced_nested_and_hold_molecules_out():
    from common.table_tasks import draw_rows, list_tasks, molecule_codes

    table = make_table()
    assert [task.name for task in list_tasks("toy", table)] == ["toy", "toy, new ligand"]
    small, large = (draw_rows(table, None, n, 3) for n in (5, 20))
    assert set(small.train) < set(large.train)
    assert np.bincount(table.y[large.train]).tolist() == [20, 20]
    assert not set(large.train) & set(large.test)
    assert len(large.test) == 360
    codes = molecule_codes(table, "ligand")
    new = draw_rows(table, "ligand", 5, 3)
    assert len(np.unique(codes)) == 10
    assert 1 <= len(set(codes[new.test])) <= 3
    assert not set(codes[new.train]) & set(codes[new.test])
    assert draw_rows(table, None, 200, 3) is None


def test_interval_over_tasks_worked_out_by_hand():
    """Two tasks of three draws with equal variances: 4 degrees of freedom, t is 2.776445."""
    from common.table_report import mean_interval

    parts = [np.array([0.0, 0.1, 0.2]), np.array([0.4, 0.5, 0.6])]
    half = 2.776445 * (2 * 0.01 / 3) ** 0.5 / 2
    found = mean_interval(parts)
    assert list(found.values()) == pytest.approx([0.3, 0.3 - half, 0.3 + half], rel=1e-6)
    alone = mean_interval(parts[:1])  # Student's t of 2 degrees of freedom is 4.302653
    assert alone["high"] == pytest.approx(0.1 + 4.302653 * 0.1 / 3**0.5, rel=1e-6)
    assert np.isnan(mean_interval([parts[0][:1]])["low"])
    assert mean_interval([]) is None


def test_slope_of_probabilities():
    from common.table_models import calibration_slope

    y = np.repeat([0, 1, 0, 1], [80, 20, 20, 80])
    right = np.repeat([0.2, 0.8], 100)
    assert calibration_slope(y, right) == pytest.approx(1, abs=1e-3)
    certain = 1 / (1 + np.exp(-2 * np.log(right / (1 - right))))  # logits twice as large
    assert calibration_slope(y, certain) == pytest.approx(0.5, abs=1e-3)
    assert calibration_slope(y, np.full(200, 0.5)) is None
