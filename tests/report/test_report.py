"""The report: what it takes, what it says, and that it refuses what cannot be reported on."""

import copy
import html
import importlib.util
import itertools
import json
import re
import sys
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from sksiamese import (
    ExperimentRecommender,
    ExperimentReport,
    GraphFingerprintSiameseClassifier,
    read_experiments,
)
from sksiamese.model_selection._baselines import make_baselines
from sksiamese.report._model_choice import read_choice
from sksiamese.report._page import show_cell
from sksiamese.report._plate_section import _choose_evidence, _is_same
from sksiamese.report._verdict_section import _compare_others
from tests.report.cases import HOSTILE, INPUTS, make_report, measured


@pytest.fixture(scope="module")
def found(report):
    return json.loads(report.json())


class Tags(HTMLParser):
    """Collects the elements of a page, and its text."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.text = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


# -- The page --------------------------------------------------------------------------------------


def test_page_is_small_and_asks_for_nothing(page):
    tags = Tags(page)
    assert len(page.encode()) < 3_000_000
    assert {name for name, _ in tags.tags}.isdisjoint({"link", "img", "iframe", "object", "embed"})
    for name, attributes in tags.tags:
        for key in ("src", "href", "xlink:href", "action", "data"):
            assert attributes.get(key, "#").startswith("#"), (name, attributes)
    assert re.findall(r"url\((?!#)", page) == []
    policy = next(
        each["content"]
        for each in tags.all("meta")
        if "content" in each and "src" in each["content"]
    )
    assert policy.startswith("default-src 'none'; ")


def test_script_is_short_and_the_only_one(page):
    scripts = re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)
    assert len(scripts) == len(Tags(page).all("script")) == 1
    assert len(scripts[0].encode()) < 50_000


def test_cells_that_hold_markup_are_text(page):
    assert HOSTILE not in page
    assert html.escape(HOSTILE).replace("&#x27;", "&#39;") in page
    assert any(HOSTILE in text for text in Tags(page).text)


def test_tables_can_be_read_aloud(page):
    tags = Tags(page)
    assert len(tags.all("caption")) == len(tags.all("table")) > 5
    assert all(cell.get("scope") in ("row", "col") for cell in tags.all("th"))
    assert all("aria-label" in each for each in tags.all("svg") if each.get("role") == "img")
    names = [each["id"] for _, each in tags.tags if "id" in each]
    assert len(names) == len(set(names))
    targets = [each["href"][1:] for each in [*tags.all("a"), *tags.all("use")] if "href" in each]
    assert set(targets) <= set(names)


# -- What it says ----------------------------------------------------------------------------------


def test_base_rate_and_verdict(report, found):
    n_hits = int((measured()["yield"] >= 50).sum())
    assert (
        f"48 experiments with an outcome, {n_hits} of them a success" in found["table"]["summary"]
    )
    rows, molecules = found["verdict"]["tasks"]
    assert rows["question"] == "New rows: experiments much like those in the table"
    assert molecules["question"] == "New molecules: ligand never seen in training"
    assert {each["model"] for each in rows["scores"]} == {
        "forest",
        "logistic regression",
        "majority class",
    }
    assert found["verdict"]["model"] == "forest"
    assert "shuffled outcomes" in rows["headline"]
    assert report.verdict.endswith("Model in use: forest")


def test_limits_are_the_textbook_numbers(found):
    """Standard errors of a proportion; 1.96 sd of Mann and Whitney's statistic."""
    n, k = 48, int((measured()["yield"] >= 50).sum())
    rate = k / n
    texts = " ".join(found["verdict"]["limits"]).replace("\u00a0", " ")
    assert f"± {100 * np.sqrt(rate * (1 - rate) / n):.1f} %" in texts
    assert f"± {100 * np.sqrt(rate * (1 - rate) / 10):.0f} %" in texts
    chance = 1.96 * np.sqrt((n + 1) / (12 * k * (n - k)))
    assert f"± {chance:.2f} by chance" in found["verdict"]["tasks"][0]["headline"]


def test_shuffled_outcomes_teach_nothing():
    frame = measured()
    frame["yield"] = frame["yield"].sample(frac=1, random_state=1).to_numpy()
    shuffled = make_report(frame, n_repeats=1)
    assert "No: nothing to be relied on was learnt" in shuffled.verdict
    assert "Take it for a random choice" in shuffled.html()


def test_calibration_counts_each_experiment_once(found):
    bins = found["calibration"]["bins"]
    assert sum(each["n"] for each in bins) == 48
    assert sum(each["worked"] for each in bins) == (measured()["yield"] >= 50).sum()
    for each in bins:
        assert each["from"] <= each["stated"] <= each["to"]


@pytest.mark.parametrize(
    ("gains", "says"),
    [
        ([0.2, 0.05, 0.05], "It is not told apart from forest (0.70)."),  # 0.10 ± 4.30 * 0.05
        ([0.10, 0.11, 0.12], "It beats all others; the next is forest (0.70)."),
        ([-0.10, -0.11, -0.12], "But forest does better (0.70)."),
        ([0.1], "It is not told apart from forest (0.70)."),
    ],
)
def test_the_best_model_is_compared_with_the_next_that_did_not_fail(gains, says):
    scores = pd.DataFrame(
        [np.array(gains) + 0.7, np.full(len(gains), 0.7), np.full(len(gains), 0.5)],
        ["best", "forest", "majority class"],
    )
    scores.loc["failed"] = np.nan
    comparison = SimpleNamespace(_by_repeat=lambda metric: {"pooled_roc_auc": scores}[metric])
    assert _compare_others("best", comparison) == says


def test_effects_are_means_of_predictions(report, found):
    """Partial dependence of pH, by hand, which the effects imitate."""
    effects = {each["column"]: each for each in found["effects"]["effects"]}
    X, model = report.table.X, report.recommender.estimator_
    samples = report.recommender.space_.sample(500, random_state=3)[list(X)]
    curve = dict(zip(effects["pH"]["values"], effects["pH"]["probability"], strict=True))
    for value, mean in list(curve.items())[::5]:
        asked = model.predict_proba(samples.assign(pH=value))[:, 1].mean()
        assert mean == pytest.approx(asked, abs=0.08)
    ligand = effects["ligand"]
    counts = X["ligand"].value_counts()
    assert dict(zip(ligand["values"], ligand["n_measured"], strict=True)) == counts.to_dict()
    worked = (measured()["yield"] >= 50).groupby(X["ligand"].to_numpy()).sum()
    assert dict(zip(ligand["values"], ligand["worked"], strict=True)) == worked.to_dict()
    for effect in effects.values():
        low, p, high = (np.array(effect[each]) for each in ("low", "probability", "high"))
        assert ((low <= p) & (p <= high)).all()
        assert effect["finding"] in found_text(report)
    assert sum(effects["pH"]["n_measured"]) == len(X)
    assert found["effects"]["effects_fidelity"].startswith("On 1,000 fresh experiments the effects")


def found_text(report):
    return " ".join(" ".join(Tags(report.html()).text).split())


def test_what_belongs_to_a_column_moves_with_it_in_effects_and_plate():
    table = measured()
    names = {"water": [1, 0, 0], "ethanol": [0, 1, 0], "toluene": [0, 0, 1]}
    solvent = np.random.RandomState(1).randint(0, 3, len(table))
    table = table.assign(**{name: np.take(ones, solvent) for name, ones in names.items()})
    table["vendor"] = np.take(["A", "B", "C"], np.arange(len(table)) % 3)
    table["grade"] = table["vendor"].map({"A": 0.97, "B": 0.95, "C": 0.99})
    table["salt"] = table["ligand"] + ".Cl"
    table = table[["ligand", "salt", *names, "vendor", "grade", "pH", "yield"]]
    numbers = make_column_transformer(("passthrough", [*names, "grade", "pH"]))
    tree = make_pipeline(numbers, DecisionTreeClassifier(random_state=0))
    told = make_report(table, models={"tree": tree}, n_repeats=1)
    found = json.loads(told.json())
    effects = {each["column"]: each for each in found["effects"]["effects"]}
    assert set(effects) == {"ligand", "water/ethanol/toluene", "vendor", "pH"}
    model, X = told.recommender.estimator_, told.recommender.measured_
    rows = told.recommender.space_.sample(2000, random_state=0)[list(X)]

    def mean(rows):
        return model.predict_proba(rows)[:, 1].mean()

    solvents, vendors = (
        dict(zip(effects[name]["values"], effects[name]["probability"], strict=True))
        for name in ("water/ethanol/toluene", "vendor")
    )
    for name in names:
        asked = mean(rows.assign(**{other: int(other == name) for other in names}))
        assert solvents[name] == pytest.approx(asked, abs=0.08)
    assert vendors["B"] == pytest.approx(mean(rows.assign(vendor="B", grade=0.95)), abs=0.08)
    assert sum(effects["water/ethanol/toluene"]["n_measured"]) == len(X)
    assert (told.plate[list(names)].sum(axis=1) == 1).all()
    assert (told.plate["salt"] == told.plate["ligand"] + ".Cl").all()
    assert found["plate"]["molecules"] == ["ligand", "salt"]


def test_effects_of_levels_and_whole_numbers_are_known_at_each_value():
    rng = np.random.RandomState(0)
    table = measured().assign(bath_C=rng.choice([20, 40, 80], 48), drops=rng.randint(1, 9, 48))
    table = table[["bath_C", "drops", "pH", "yield"]]
    told = make_report(table, models={"linear": LogisticRegression()}, n_repeats=1)
    effects = {each["column"]: each for each in json.loads(told.json())["effects"]["effects"]}
    model, space = told.recommender.estimator_, told.recommender.space_
    samples = space.sample(2000, random_state=0)[["bath_C", "drops", "pH"]]
    for name in ("bath_C", "drops"):
        values = sorted(set(table[name]))
        assert effects[name]["values"] == values
        assert effects[name]["n_measured"] == table[name].value_counts()[values].tolist()
        wanted = [model.predict_proba(samples.assign(**{name: v}))[:, 1].mean() for v in values]
        assert effects[name]["probability"] == pytest.approx(wanted, abs=0.02)
    assert "nan" not in "".join(Tags(told.html()).text)


def test_effects_of_a_model_of_three_classes_are_those_of_success():
    table = measured()[["time_h", "pH"]].assign(
        grade=np.select([measured()["pH"] < 9, measured()["pH"] < 11], ["good", "fair"], "bad")
    )
    read = read_experiments(table, "grade", positive="good")
    told = make_report(read, None, models={"forest": RandomForestClassifier(20, random_state=0)})
    effects = {each["column"]: each for each in json.loads(told.json())["effects"]["effects"]}
    curve = dict(zip(effects["pH"]["values"], effects["pH"]["probability"], strict=True))
    assert curve[min(curve)] > 0.7
    assert curve[max(curve)] < 0.2


def test_evidence_tells_all_columns_that_differ(report, found):
    X, plate = report.table.X, report.plate
    assert found["plate"]["always"] == {"stirred": "yes"}
    varied = [name for name in INPUTS if name != "stirred"]
    assert found["plate"]["shared"] == [name for name in varied if len(set(plate[name])) == 1]
    for number, recipe in enumerate(found["plate"]["recipes"]):
        assert recipe["number"] == number + 1
        for past in recipe["evidence"]:
            here, there = plate.iloc[number], X.loc[past["row"]]
            wanted = [name for name in INPUTS if here[name] != there[name]]
            assert [each["column"] for each in past["differences"]] == wanted
            assert past["worked"] == bool(report.table.y.loc[past["row"]])


@pytest.mark.parametrize(
    ("shares", "chosen"),
    [
        ({"d": 0.4, "b": 0.3, "a": 0.2, "c": 0.1}, [(3, 0.4), (1, 0.3), (0, 0.2), (2, 0.1)]),
        ({"c": 0.5, "b": 0.3, "a": 0.2}, [(2, 0.5), (1, 0.3), (0, 0.2)]),
        ({"d": 0.6, "b": 0.4}, [(3, 0.6), (1, 0.4), (2, 0.0)]),  # "c" is in no support set
        (None, [(2, None), (0, None), (3, None)]),
    ],
)
def test_the_nearest_experiment_is_among_the_evidence(shares, chosen):
    past = pd.DataFrame({"pH": [8, 14, 7, 9]}, index=list("abcd"))
    found = _choose_evidence(np.array([1.0, 9.0, 0.0, 2.0]), shares, past)
    assert [(place, None if share != share else share) for place, share in found] == chosen


def test_a_plate_keeps_its_experiments_apart():
    linear = {"linear": LogisticRegression()}
    table = measured()[["pH", "time_h", "yield"]]
    spread = [
        make_report(table, models=linear, n_repeats=1, diversity=diversity).plate["time_h"].std()
        for diversity in (0, 2)
    ]
    assert spread[1] > 2 * spread[0]


# -- What it takes ---------------------------------------------------------------------------------


def test_same_table_and_seed_give_the_same_report(report, tmp_path):
    """Also out of a file, whose rows have other labels."""
    path = tmp_path / "flasks.csv"
    measured().to_csv(path, index=False)
    from_file = make_report(read_experiments(path, "yield >= 50"), None)
    assert from_file.verdict == report.verdict
    rows = report.plate["nearest_experiment"] + 2  # a header, and from 1 on
    assert from_file.plate.equals(report.plate.assign(nearest_experiment=rows))


def test_recommender_goes_on_with_its_model(report):
    again = make_report(report.recommender, None, n_repeats=1)
    assert again.recommender is report.recommender
    assert "The campaign goes on with it." in json.loads(again.json())["verdict"]["why"]


def test_table_with_errors_gets_a_page_that_lists_them():
    frame = measured()
    frame.loc[3, "pH"] = 17
    faulty = make_report(frame)
    assert not faulty.ok
    assert "17 is not a valid pH" in faulty.html()
    assert json.loads(faulty.json())["verdict"] is None
    message = (
        "There is no model to report. The table has errors, listed below with their cells. See "
        "html() or json()."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        _ = faulty.plate


class FitsWholeTablesAlone(ClassifierMixin, BaseEstimator):
    """Fails on every fold; its classes are a list."""

    def fit(self, X, y):
        if len(X) < len(measured()):
            raise ValueError("too few rows for me")
        self.classes_ = sorted(set(y))
        return self

    def predict_proba(self, X):
        return np.full((len(X), 2), 0.5)

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


def test_a_model_that_fails_on_folds_is_not_judged():
    report = make_report(measured(), models={"fussy": FitsWholeTablesAlone()})
    found = json.loads(report.json())
    new_rows = found["verdict"]["tasks"][0]
    assert new_rows["headline"] == "No model could be fitted; the details say why."
    assert new_rows["details"][-1] == "fussy: too few rows for me"
    assert not new_rows["has_learnt"]
    assert found["verdict"]["why"] == "No model could be judged, so this is no choice."
    assert found["calibration"]["summary"] == "The model gave no held-out probabilities."
    assert "too few rows for me" in report.html()


def test_too_few_successes_are_no_model():
    frame = measured()
    frame["yield"] = [80.0, 90.0] + [10.0] * 46
    assert (
        "Only 2 rows have the outcome 1, and at least 3 are needed to learn from some and check on "
        "others." in html.unescape(make_report(frame).html())
    )


def test_write_html_replaces_the_file(report, tmp_path):
    path = tmp_path / "report.html"
    path.write_text("old")
    assert report.write_html(path) == path
    assert path.read_text(encoding="utf-8") == report.html()
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]


def test_notebook_shows_the_page_in_a_frame(report, page):
    (frame,) = Tags(report._repr_html_()).all("iframe")
    assert frame["srcdoc"] == page


def test_open_shows_a_file_in_the_browser(report, monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    report.open()
    assert opened[0].startswith("file:///")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda t: ExperimentReport(t),
            "ExperimentReport needs to know what success is. Pass outcome=, a column or a rule "
            "such as 'yield >= 50'.",
        ),
        (
            lambda t: ExperimentReport(read_experiments(t, "yield >= 50"), "yield >= 50"),
            "outcome='yield >= 50' is given, but ExperimentTable has its outcomes already. Leave "
            "it out.",
        ),
        (
            lambda t: make_report(t, batch_size=0),
            "The 'batch_size' parameter of ExperimentReport must be an integer of at least 1. Got "
            "0 instead.",
        ),
        (
            lambda t: make_report(t, models=["an oracle"]),
            "The 'models' parameter of ExperimentReport must be a list out of 'siamese "
            "classifier', 'random forest', 'Gaussian process', or a dict of names and classifiers. "
            "Got ['an oracle'] instead.",
        ),
        (
            lambda t: make_report(t, diversity=-1),
            "The 'diversity' parameter of ExperimentReport must be a number in [0, inf). Got -1 "
            "instead.",
        ),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        call(measured())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            lambda recommender: {"space": recommender.space_},
            "A fitted recommender has its design space already. Leave space out.",
        ),
        (
            lambda _: {"diversity": 0.5},
            "A fitted recommender has its diversity already. Set it there: "
            "set_params(diversity=0.5).",
        ),
    ],
)
def test_a_fitted_recommender_brings_its_own(report, options, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        ExperimentReport(report.recommender, **options(report.recommender))


def test_a_page_needs_a_folder(report, tmp_path):
    message = f"The folder {str(tmp_path / 'absent')!r} does not exist. Create it first."
    with pytest.raises(FileNotFoundError, match=f"^{re.escape(message)}$"):
        report.write_html(tmp_path / "absent" / "report.html")


def test_a_campaign_on_numbers_is_refused():
    table = measured()
    regressor = RandomForestRegressor(5, random_state=0)
    campaign = ExperimentRecommender(regressor, goal="maximize", n_candidates=50, random_state=0)
    campaign.fit(table[["pH", "time_h"]], table["yield"])
    message = (
        "A report is on successes and failures, and this recommender has goal='maximize': it knows "
        "numbers. Ask it itself, with recommend and add_measurements; or report on the table, with "
        "a rule such as 'yield >= 50'."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        ExperimentReport(campaign)


def test_missing_matplotlib_is_said_at_once(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    message = (
        "A report needs matplotlib for its pictures. Install it with pip install 'sksiamese[plot]'."
    )
    with pytest.raises(ImportError, match=f"^{re.escape(message)}$"):
        make_report(measured())


def test_a_system_that_cannot_draw_shows_molecules_as_texts(report, monkeypatch):
    monkeypatch.setitem(sys.modules, "rdkit.Chem.Draw", None)
    afresh = copy.copy(report)
    vars(afresh).pop("_page", None)  # the page is written once
    with pytest.warns(UserWarning, match="^The report shows molecules as texts. RDKit cannot"):
        page = afresh.html()
    assert "<symbol" not in page
    assert "Sc1ccccc1" in page


def test_names_of_columns_may_be_anything():
    rng = np.random.RandomState(0)
    X = rng.uniform(size=(40, 2))
    frame = pd.DataFrame(X, columns=["$x_1$ & <b>", "2"]).assign(ok=(X[:, 0] > 0.5).astype(int))
    odd = make_report(frame, "ok", models={"linear": LogisticRegression()}, n_repeats=1)
    assert "$x_1$ & <b>" in "".join(Tags(odd.html()).text)


def test_a_column_may_be_named_like_a_probability():
    table = measured().rename(columns={"pH": "p(H2)"})[["p(H2)", "time_h", "yield"]]
    models = {"linear": LogisticRegression()}
    told = make_report(table, models=models, n_repeats=1)
    recipes = json.loads(told.json())["plate"]["recipes"]
    assert [each["probability"] for each in recipes] == list(told.plate["p(yield >= 50)"])


def test_a_table_that_holds_every_recipe_has_no_plate():
    recipes = list(itertools.product(["CCO", "CN", "CP"], ["DMSO", "THF"], [60, 80, 100]))
    table = pd.DataFrame(recipes, columns=["ligand", "solvent", "temperature_C"])
    table["success"] = (table["temperature_C"] > 70).astype(int)
    models = {"siamese": GraphFingerprintSiameseClassifier(n_members=1, max_epochs=2)}
    told = make_report(table, "success", models=models)
    effects = {each["column"]: each for each in json.loads(told.json())["effects"]["effects"]}
    assert effects["temperature_C"]["values"] == [60, 80, 100]  # nothing between levels
    assert None not in effects["temperature_C"]["probability"]
    assert "nan\u00a0%" not in told.html()
    assert list(told.plate) == [
        *("ligand", "solvent", "temperature_C", "p(success)", "p_std", "in_domain", "new_pairs"),
        *("nearest_experiment", "distance", "acquisition"),
    ]
    assert told.plate.empty
    assert "No experiment of the design space is left" in told.html()
    most = make_report(table[1:], "success", models=models)  # one is left of a batch of several
    assert most.plate[["ligand", "solvent", "temperature_C"]].to_numpy().tolist() == [
        ["CCO", "DMSO", 60]
    ]


def test_models_are_chosen_by_how_they_rank_new_rows():
    models = make_baselines(measured()[INPUTS], ["random forest", "extra trees"], "descriptors")
    for model in models.values():
        model.steps[-1][1].set_params(n_estimators=10)
    verdict = json.loads(make_report(measured(), models=models, n_repeats=1).json())["verdict"]
    name = "(random forest|extra trees)"
    pattern = rf"It ranks new rows best: ROC-AUC (0\.\d\d), against {name} (0\.\d\d)\. "
    found = re.match(pattern, verdict["why"])
    assert found
    assert float(found[1]) >= float(found[3])


def test_many_rows_leave_the_slow_model_out():
    assert "Gaussian process" in read_choice(None, 100).baselines
    assert "Gaussian process" not in read_choice(None, 100_000).baselines


def test_gaps_are_written_as_a_dash():
    assert [show_cell(gap) for gap in (None, np.nan)] == ["–", "–"]


def test_two_gaps_are_the_same_cell():
    assert _is_same(np.nan, None)
    assert not _is_same(1.0, np.nan)
