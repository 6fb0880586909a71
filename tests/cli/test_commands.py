"""The commands, as a chemist would give them: from a workbook to the plate of the week after."""

import json
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from sksiamese import ExperimentRecommender, load_model, save_model
from sksiamese._cli import main
from sksiamese.model_selection._baselines import make_baselines
from tests.report.cases import INPUTS, measured

PROCESS = ["--model", "process", "--n-jobs", "1"]


@pytest.fixture(scope="module")
def week(tmp_path_factory):
    """A workbook, and what the first report wrote beside it."""
    folder = tmp_path_factory.mktemp("campaign")
    measured().to_excel(folder / "flasks.xlsx", index=False)
    words = ["report", folder / "flasks.xlsx", "--outcome", "yield >= 50"]
    words += ["-o", folder / "report.html", "--batch-size", "4", *PROCESS]
    assert main(list(map(str, words))) == 0
    return folder


@pytest.fixture
def filled(week, tmp_path):
    """The plate with three yields and a gap."""
    plate = pd.read_excel(week / "plate.xlsx")
    plate["yield"] = [80, 20, "<5", None]
    plate.to_excel(tmp_path / "filled.xlsx", index=False)
    return tmp_path / "filled.xlsx"


def run(capsys, *words):
    """Exit status, and what was written to stdout and stderr."""
    capsys.readouterr()
    status = main(list(map(str, words)))
    return status, *capsys.readouterr()


# -- report ----------------------------------------------------------------------------------------


def test_report_writes_page_plate_and_campaign(week):
    assert {path.name for path in week.iterdir()} >= {"report.html", "plate.xlsx", "campaign.skm"}
    plate = pd.read_excel(week / "plate.xlsx", keep_default_na=False)
    assert plate.columns.tolist() == [
        "recipe",
        *INPUTS,
        "yield",
        "p(yield >= 50)",
        "p_std",
        "in_domain",
        "nearest_experiment",
    ]
    assert plate["recipe"].tolist() == [1, 2, 3, 4]
    assert set(plate["yield"]) == {""}
    page = (week / "report.html").read_text(encoding="utf-8")
    assert "sksiamese add campaign.skm plate.xlsx" in page
    assert "Write “yield” into the empty column" in page
    campaign = load_model(week / "campaign.skm")
    assert len(campaign.measured_) == 48
    assert campaign.outcomes_.name == "yield >= 50"


def test_plate_and_campaign_are_not_replaced_by_accident(week, capsys):
    before = (week / "plate.xlsx").read_bytes()
    words = ["report", week / "flasks.xlsx", "--outcome", "yield >= 50", "-o", week / "report.html"]
    status, out, err = run(capsys, *words)
    assert (status, out) == (2, "")
    assert err == (
        f"error: {str(week / 'plate.xlsx')!r} exists and may hold your work. Name another file, or "
        "say --force to replace it.\n"
    )
    assert (week / "plate.xlsx").read_bytes() == before


def test_table_with_errors_gets_a_page_alone(tmp_path, capsys):
    frame = measured()
    frame.loc[0, "pH"] = 17
    frame.to_csv(tmp_path / "t.csv", index=False)
    words = ["report", tmp_path / "t.csv", "--outcome", "yield >= 50", "-o", tmp_path / "r.html"]
    status, out, _ = run(capsys, *words, "--plate", tmp_path / "plate.csv", "--json")
    assert status == 1
    assert json.loads(out)["ok"] is False
    assert {path.name for path in tmp_path.iterdir()} == {"t.csv", "r.html"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["--plate", "plate.docx"],
            "'plate.docx' cannot be written: name a file .xlsx, .csv or .tsv.",
        ),
        (["-o", "none/r.html"], "The folder 'none' does not exist. Create it first."),
    ],
)
def test_what_cannot_be_written_is_said_at_once(words, message, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    found = run(capsys, "report", "absent.csv", "--outcome", "yield >= 50", *words)
    assert found == (2, "", f"error: {message}\n")


# -- add -------------------------------------------------------------------------------------------


def test_a_filled_plate_leads_to_the_next_one(week, filled, capsys):
    before = (week / "campaign.skm").read_bytes()
    words = ["add", week / "campaign.skm", filled, "--quick", "--batch-size", "2", "--n-jobs", "1"]
    status, out, _ = run(capsys, *words)
    assert status == 0
    assert "Added 3 experiments, 1 of them a success; 1 still open." in out
    assert f"sksiamese add {week / 'campaign-2.skm'} {week / 'plate-2.xlsx'}" in out
    assert (week / "campaign.skm").read_bytes() == before
    campaign = load_model(week / "campaign-2.skm")
    assert len(campaign.measured_) == 51
    assert campaign.outcomes_.tolist()[-3:] == [1, 0, 0]
    assert len(pd.read_excel(week / "plate-2.xlsx")) == 2
    page = (week / "report-2.html").read_text(encoding="utf-8")
    assert "51 experiments: yield &gt;= 50" in page
    assert "sksiamese add campaign-2.skm plate-2.xlsx" in page


def test_plate_without_outcomes_is_refused(week, capsys, tmp_path):
    words = ["add", week / "campaign.skm", week / "plate.xlsx", "--campaign", tmp_path / "c.skm"]
    found = run(capsys, *words)
    message = "No outcome is filled in in 'plate.xlsx'. Write what was measured into 'yield'."
    assert found == (2, "", f"error: {message}\n")
    assert list(tmp_path.iterdir()) == []


def test_plate_that_lost_a_column_is_refused(week, capsys, tmp_path):
    pd.DataFrame({"ligand": ["NCCS"], "yield": [3]}).to_csv(tmp_path / "p.csv", index=False)
    words = ["add", week / "campaign.skm", tmp_path / "p.csv", "--campaign", tmp_path / "c.skm"]
    assert run(capsys, *words)[2] == (
        "error: 'p.csv' lacks the column(s) 'solvent', 'pH', 'time_h', 'stirred' of the campaign. "
        "Fill in the plate that was written for it, and keep its columns.\n"
    )


def test_file_that_is_no_campaign_is_refused(tmp_path, capsys):
    save_model(LogisticRegression().fit([[0.0], [1.0]], [0, 1]), tmp_path / "m.skm")
    found = run(capsys, "add", tmp_path / "m.skm", "p.csv")
    assert found[2] == (
        f"error: {str(tmp_path / 'm.skm')!r} holds a LogisticRegression, and no campaign. Name a "
        "file that 'sksiamese report' or 'sksiamese add' wrote.\n"
    )


# -- recommend, predict ----------------------------------------------------------------------------


def test_recommend_from_a_campaign(week, capsys, tmp_path):
    words = ["recommend", week / "campaign.skm", "--batch-size", "2", "--mode", "optimize"]
    status, out, _ = run(capsys, *words, "--exclude", "solvent=water", "--json")
    plate = json.loads(out)
    assert (status, len(plate)) == (0, 2)
    assert "water" not in {recipe["solvent"] for recipe in plate}
    status, out, _ = run(capsys, *words, "-o", tmp_path / "p.csv")
    assert (status, out) == (0, f"Written: {tmp_path / 'p.csv'}\n")
    assert pd.read_csv(tmp_path / "p.csv")["yield"].isna().all()


def test_a_plate_is_as_diverse_as_asked(week, capsys):
    words = ["recommend", week / "campaign.skm", "--batch-size", "3", "--json"]
    plates = {}
    for diversity in (0, 3):
        plates[diversity] = json.loads(run(capsys, *words, "--diversity", diversity)[1])
        recommender = load_model(week / "campaign.skm").set_params(diversity=diversity)
        wanted = recommender.recommend(3)["pH"].tolist()
        assert [recipe["pH"] for recipe in plates[diversity]] == pytest.approx(wanted)
    assert plates[0] != plates[3]
    with pytest.raises(SystemExit):
        run(capsys, *words, "--diversity", "-1")
    assert "argument --diversity: must be 0 or more" in capsys.readouterr().err


def test_recommend_from_a_table(week, capsys):
    words = ["recommend", week / "flasks.xlsx", "--batch-size", "2", *PROCESS]
    status, out, _ = run(capsys, *words, "--outcome", "yield >= 50")
    assert status == 0
    assert "p(yield >= 50)" in out
    assert run(capsys, *words)[2] == (
        "error: What is success? Say it with --outcome, such as --outcome 'yield >= 50'.\n"
    )


def test_a_column_of_the_plate_may_be_named_like_a_probability(capsys, tmp_path):
    table = measured().rename(columns={"pH": "p(H2)"})[["p(H2)", "time_h", "yield"]]
    table.to_csv(tmp_path / "table.csv", index=False)
    words = ["recommend", tmp_path / "table.csv", "--outcome", "yield >= 50", *PROCESS]
    assert run(capsys, *words, "--batch-size", "2", "-o", tmp_path / "plate.csv")[0] == 0
    names = ["recipe", "p(H2)", "time_h", "yield", "p(yield >= 50)", "p_std"]
    names += ["in_domain", "nearest_experiment"]
    assert list(pd.read_csv(tmp_path / "plate.csv")) == names


def test_predict_with_a_campaign(week, capsys, tmp_path):
    measured(5, seed=3).to_csv(tmp_path / "new.csv", index=False)
    words = ["predict", week / "campaign.skm", tmp_path / "new.csv"]
    status, out, _ = run(capsys, *words, "--json")
    rows = json.loads(out)
    assert (status, [each["row"] for each in rows]) == (0, [2, 3, 4, 5, 6])
    model = load_model(week / "campaign.skm").estimator_
    wanted = model.predict_proba(measured(5, seed=3)[INPUTS])[:, 1]
    assert [each["p(1)"] for each in rows] == pytest.approx(list(wanted))
    assert run(capsys, *words, "-o", tmp_path / "p.xlsx")[0] == 0
    assert len(pd.read_excel(tmp_path / "p.xlsx")) == 5


def test_predictions_stand_beside_columns_of_their_names(capsys, tmp_path):
    table = pd.DataFrame({"row": [0.0, 1.0, 2.0, 3.0], "p(1)": [1.0, 0.0, 1.0, 0.0]})
    table.to_csv(tmp_path / "t.csv", index=False)
    model = LogisticRegression().fit(table, [0, 0, 1, 1])
    save_model(model, tmp_path / "m.skm")
    words = ["predict", tmp_path / "m.skm", tmp_path / "t.csv"]
    status, out, _ = run(capsys, *words, "--json")
    names = ["sksiamese row", "row", "p(1)", "p(0)", "sksiamese p(1)", "predicted"]
    assert (status, list(json.loads(out)[0])) == (0, names)
    assert [each["sksiamese row"] for each in json.loads(out)] == [2, 3, 4, 5]
    assert run(capsys, *words, "-o", tmp_path / "p.csv")[0] == 0
    written = pd.read_csv(tmp_path / "p.csv")
    assert list(written) == names
    assert list(written["sksiamese p(1)"]) == pytest.approx(list(model.predict_proba(table)[:, 1]))


@pytest.mark.filterwarnings("default")
def test_a_new_name_is_said_once(capsys, tmp_path):
    table = pd.DataFrame({"ligand": ["XPhos", "SPhos"] * 6, "pH": np.arange(12.0)})
    forest = make_baselines(table, ["random forest"], "descriptors")["random forest"]
    save_model(forest.fit(table, np.arange(12) % 3 > 0), tmp_path / "m.skm")
    table.assign(ligand="XPhoss").to_csv(tmp_path / "t.csv", index=False)
    status, _, err = run(capsys, "predict", tmp_path / "m.skm", tmp_path / "t.csv")
    assert (status, err) == (
        0,
        "warning: These names did not stand in the training table, which says nothing of them: "
        "'ligand': 'XPhoss'. Their rows are predicted from the other columns.\n",
    )


# -- Campaigns on a number -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def yields(tmp_path_factory):
    """A campaign that looks for the largest yield, as Python saves it."""
    folder = tmp_path_factory.mktemp("yields")
    table = measured()[[*INPUTS, "yield"]]
    columns = make_column_transformer(("passthrough", ["pH", "time_h"]))
    forest = make_pipeline(columns, RandomForestRegressor(10, random_state=0))
    campaign = ExperimentRecommender(forest, goal="maximize", n_candidates=500, random_state=0)
    save_model(campaign.fit(table[INPUTS], table["yield"]), folder / "campaign.skm")
    return folder


def test_a_plate_of_numbers_is_recommended_and_added(yields, capsys):
    words = ["recommend", yields / "campaign.skm", "--batch-size", "3"]
    status, out, _ = run(capsys, *words)
    assert status == 0
    assert out.split("\n")[0].split() == [
        *(*INPUTS, "predicted", "std", "p(better)", "in_domain", "new_pairs", "nearest_experiment"),
    ]
    assert len(json.loads(run(capsys, *words, "--json")[1])) == 3
    assert run(capsys, *words, "-o", yields / "plate.xlsx")[0] == 0
    plate = pd.read_excel(yields / "plate.xlsx")
    assert list(plate) == [
        *("recipe", *INPUTS, "yield", "predicted", "std", "p(better)", "in_domain"),
        "nearest_experiment",
    ]
    plate["yield"] = ["<5", None, "96.5 %"]
    plate.to_excel(yields / "filled.xlsx", index=False)
    words = ["add", yields / "campaign.skm", yields / "filled.xlsx", "--batch-size", "2"]
    status, out, err = run(capsys, *words)
    assert (status, err) == (0, "")
    assert out == (
        "Added 2 experiments, and the best yield so far is 96.5; 1 still open.\n"
        f"Written\n- {yields / 'plate-2.xlsx'}: the next plate, to fill in\n"
        f"- {yields / 'campaign-2.skm'}: the campaign\n"
        "A report is on successes and failures, so that there is none on numbers.\n\n"
        "When the plate is filled in:\n"
        f"  sksiamese add {yields / 'campaign-2.skm'} {yields / 'plate-2.xlsx'}\n"
    )
    assert load_model(yields / "campaign-2.skm").outcomes_.tolist()[-2:] == [5.0, 96.5]
    assert len(pd.read_excel(yields / "plate-2.xlsx")) == 2
    assert not (yields / "report-2.html").exists()


def test_a_plate_of_numbers_takes_no_diversity(yields, capsys):
    found = run(capsys, "recommend", yields / "campaign.skm", "--diversity", "1")
    assert found == (
        2,
        "",
        "error: A campaign on numbers keeps the experiments of a plate apart by itself. Leave "
        "--diversity out.\n",
    )


def test_a_plate_is_added_twice_only_where_it_repeats(yields, capsys, tmp_path):
    plate = measured()[[*INPUTS, "yield"]].head(2)
    plate.to_csv(tmp_path / "again.csv", index=False)
    words = ["add", yields / "campaign.skm", tmp_path / "again.csv", "--batch-size", "1"]
    words += ["--campaign", tmp_path / "c.skm", "--plate", tmp_path / "p.csv"]
    status, out, err = run(capsys, *words)
    assert (status, out) == (2, "")
    assert err.startswith("error: The same experiment twice: rows 2 and 3 of 2 are measured")
    assert not (tmp_path / "c.skm").exists()
    assert run(capsys, *words, "--repeats")[0] == 0
    assert len(load_model(tmp_path / "c.skm").measured_) == 50


def test_numbers_are_predicted(yields, capsys, tmp_path):
    measured(5, seed=3).to_csv(tmp_path / "new.csv", index=False)
    out = run(capsys, "predict", yields / "campaign.skm", tmp_path / "new.csv", "--json")[1]
    model = load_model(yields / "campaign.skm").estimator_
    wanted = model.predict(measured(5, seed=3)[INPUTS])
    assert [each["predicted"] for each in json.loads(out)] == pytest.approx(list(wanted))


# -- screen ----------------------------------------------------------------------------------------


def test_screen_with_a_campaign(week, capsys, tmp_path):
    library = measured(40, seed=3).assign(vial=[f"v{i}" for i in range(40)])
    library.to_parquet(tmp_path / "library.parquet")
    words = ["screen", week / "campaign.skm", tmp_path / "library.parquet", "--best", "3"]
    status, out, err = run(capsys, *words, "-o", tmp_path / "best.csv", "--jobs", "1")
    assert (status, out.splitlines()[0]) == (0, "Screened 40 rows; left out 0.")
    assert "40.0/40.0" in err
    found = pd.read_csv(tmp_path / "best.csv")
    proba = load_model(week / "campaign.skm").estimator_.predict_proba(library[INPUTS])[:, 1]
    order = np.argsort(-proba, kind="stable")[:3]
    assert found.columns.tolist() == ["row", *library.columns, "p(success)"]
    assert found["row"].tolist() == order.tolist()
    assert found["p(success)"].tolist() == pytest.approx(proba[order].tolist())
    status, out, err = run(capsys, *words, "-o", tmp_path / "best.csv")
    assert (status, out) == (2, "")
    assert err.startswith(f"error: {str(tmp_path / 'best.csv')!r} exists and may hold your work.")


def test_screen_lists_what_it_leaves_out(week, capsys, tmp_path):
    library = measured(4, seed=3)
    numeric = library[INPUTS].select_dtypes("number").columns[0]
    library.astype({numeric: object}).assign(
        **{numeric: [*library[numeric][:2], "much", library[numeric][3]]}
    ).to_csv(tmp_path / "library.csv", index=False)
    words = ["screen", week / "campaign.skm", tmp_path / "library.csv", "--jobs", "1"]
    status, out, err = run(capsys, *words)
    assert (status, out) == (2, "")
    assert "error: Part 0 ('library.csv') cannot be screened." in err
    words += ["--on-error", "skip", "--folder", tmp_path / "found", "--json"]
    for _ in range(2):  # the second time out of the folder
        status, out, err = run(capsys, *words)
        told = json.loads(out)
        assert (status, told["n_rows"], told["n_skipped"], len(told["best"])) == (0, 4, 1, 3)
        assert told["bad_cells"][0]["row"] == 4  # as a spreadsheet numbers it
        assert "Screened 4 rows; left out 1.\n  part 0, row 4" in err


@pytest.mark.parametrize(
    ("command", "owner"), [("screen", "screen"), ("predict", "sksiamese predict")]
)
def test_a_model_that_gives_no_probabilities_is_refused(command, owner, tmp_path, capsys):
    path = tmp_path / "svc.skm"
    save_model(LinearSVC().fit(pd.DataFrame({"pH": [1.0, 2.0]}), [0, 1]), path)
    (tmp_path / "t.csv").write_text("pH\n7\n")
    status, out, err = run(capsys, owner.split()[-1], path, tmp_path / "t.csv")
    assert (status, out) == (2, "")
    assert err == (
        f"error: The 'model' parameter of {owner} must be a classifier with predict_proba. Got "
        "LinearSVC() instead.\n"
    )


def test_answers_without_a_file_are_written_to_the_screen(week, capsys, tmp_path):
    measured(5, seed=3).to_csv(tmp_path / "new.csv", index=False)
    status, out, _ = run(capsys, "predict", week / "campaign.skm", tmp_path / "new.csv")
    assert (status, len(out.splitlines())) == (0, 6)
    assert out.split("\n")[0].split()[-2:] == ["p(1)", "predicted"]
    words = ["screen", week / "campaign.skm", tmp_path / "new.csv", "--best", "2", "--jobs", "1"]
    status, out, _ = run(capsys, *words)
    lines = out.splitlines()
    assert (status, lines[0], len(lines)) == (0, "Screened 5 rows; left out 0.", 4)
    assert lines[1].split()[-1] == "p(success)"


def test_what_a_campaign_knows_is_not_asked_again(week, capsys):
    words = ["recommend", week / "campaign.skm", "--outcome", "yield >= 50"]
    status, out, err = run(capsys, *words)
    assert (status, out) == (2, "")
    assert err == "error: A campaign knows its outcome. Leave --outcome out.\n"


def test_no_plate_comes_of_a_table_with_errors(capsys, tmp_path):
    table = measured()
    table.loc[3, "ligand"] = "C(C"
    path = tmp_path / "table.csv"
    table.to_csv(path, index=False)
    status, out, err = run(capsys, "recommend", path, "--outcome", "yield >= 50")
    assert (status, out) == (2, "")
    assert err == (
        f"error: The table has 1 error(s). 'sksiamese check {path} --outcome 'yield >= 50'' lists "
        "them.\n"
    )


def test_a_model_without_names_of_columns_is_refused(capsys, tmp_path):
    path = tmp_path / "bare.skm"
    save_model(LogisticRegression().fit([[1.0], [2.0]], [0, 1]), path)
    (tmp_path / "t.csv").write_text("pH\n7\n")
    status, out, err = run(capsys, "predict", path, tmp_path / "t.csv")
    assert (status, out) == (2, "")
    assert err == (
        f"error: The model in {str(path)!r} was fitted without names of columns, so that a table "
        "cannot be matched with it. Fit it with a DataFrame.\n"
    )


def test_text_that_looks_like_a_formula_stays_text(tmp_path, capsys):
    frame = measured()
    frame["solvent"] = frame["solvent"].replace({"water": "=1+1"})
    frame.to_csv(tmp_path / "t.csv", index=False)
    words = ["recommend", tmp_path / "t.csv", "--outcome", "yield >= 50", *PROCESS]
    assert run(capsys, *words, "-o", tmp_path / "p.xlsx")[0] == 0
    assert "=1+1" in set(pd.read_excel(tmp_path / "p.xlsx")["solvent"])


def test_check_writes_json_and_counts_errors(tmp_path, capsys):
    (tmp_path / "t.csv").write_text("pH,ok\n7,1\n17,0\n")
    status, out, _ = run(capsys, "check", tmp_path / "t.csv", "--outcome", "ok", "--json")
    assert (status, json.loads(out)["n_errors"]) == (1, 1)
    assert run(capsys, "check", tmp_path / "absent.csv") == (
        2,
        "",
        f"error: There is no file {str(tmp_path / 'absent.csv')!r}. Give the path of a table.\n",
    )


def test_quick_demo_is_a_report(tmp_path, capsys):
    words = ["demo", "--quick", "--n-jobs", "1", "--output", tmp_path / "out"]
    status, out, _ = run(capsys, *words)
    assert status == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "report.html",
        "plate.csv",
        "campaign.skm",
    }
    assert out.startswith("New rows: experiments much like those in the table\n  Yes: something")


def test_a_workbook_without_openpyxl_is_refused(week, capsys, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    words = ["recommend", week / "campaign.skm", "-o", tmp_path / "plate.xlsx"]
    status, out, err = run(capsys, *words)
    assert (status, out) == (2, "")
    assert err == (
        "error: Workbooks need openpyxl. Install it with pip install 'sksiamese[excel]', or name a "
        ".csv file.\n"
    )


def test_the_next_plate_of_numbers_as_json(yields, capsys, tmp_path):
    plate = tmp_path / "plate.csv"
    assert run(capsys, "recommend", yields / "campaign.skm", "-o", plate)[0] == 0
    pd.read_csv(plate).assign(**{"yield": 50}).to_csv(plate, index=False)
    words = ["add", yields / "campaign.skm", plate, "--batch-size", "2", "--json"]
    words += ["--campaign", tmp_path / "next.skm", "--plate", tmp_path / "next.csv"]
    status, out, _ = run(capsys, *words)
    assert (status, len(json.loads(out))) == (0, 2)


def test_of_many_bad_cells_the_screen_shows_some(week, capsys, tmp_path):
    path = tmp_path / "library.csv"
    measured(60, seed=3).astype({"pH": object}).assign(pH="much").to_csv(path, index=False)
    words = ["screen", week / "campaign.skm", path, "--jobs", "1", "--on-error", "skip"]
    status, out, err = run(capsys, *words)
    assert status == 0
    assert out.splitlines()[0] == "Screened 60 rows; left out 60."
    assert "  and more; --json lists them" in out + err
