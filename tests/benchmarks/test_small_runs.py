"""The benchmarks of defaults, tuning, cost and calibration, each in small."""

import functools
import json
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from sksiamese import GraphFingerprintSiameseClassifier
from sksiamese.datasets import load_cmet, load_perovskites, make_nanoclusters
from tests.benchmarks.cases import FOLDER, load, run

pytestmark = pytest.mark.filterwarnings("default")  # a benchmark may warn

TOX21 = [
    *("NR-AR", "NR-AR-LBD", "NR-AhR", "NR-Aromatase", "NR-ER", "NR-ER-LBD", "NR-PPAR-gamma"),
    *("SR-ARE", "SR-ATAD5", "SR-HSE", "SR-MMP", "SR-p53"),
]


def read_results(path):
    return json.loads(path.read_text())["results"]


def small(**changes):
    settings = {"n_members": 1, "max_epochs": 1, "fp_size": 4, "radius": 1}
    return GraphFingerprintSiameseClassifier(**settings | changes)


def test_read(monkeypatch, tmp_path):
    path = tmp_path / "read.json"
    run(monkeypatch, "read", "--rows", 60, "--json", path)
    assert [(row["source"], row["rows"]) for row in read_results(path)] == [
        ("frame", 60),
        ("CSV", 60),
    ]


def test_featurize(monkeypatch, tmp_path):
    pd.DataFrame({"smiles": ["CCO", "CCN", "C(C"]}).to_csv(tmp_path / "some.csv", index=False)
    path = tmp_path / "featurize.json"
    run(monkeypatch, "featurize", "--smiles-csv", tmp_path / "some.csv", "--repeats", 5,
        "--json", path, COPIES=2)  # fmt: skip
    assert len(read_results(path)) == 7


def test_defaults(monkeypatch, tmp_path):
    def few_folds(datasets, repeats):
        y = datasets["perovskites"].target
        for repeat in range(repeats):
            yield module.draw_fold("perovskites, few", repeat, y, 20)

    module = load("defaults")
    monkeypatch.setitem(module.CHANGES, "as shipped", {"n_members": 1, "max_epochs": 1})
    monkeypatch.setattr(module, "make_folds", few_folds)
    path = tmp_path / "defaults.json"
    argv = ["defaults.py", "--repeats", "2", "--only", "as shipped", "--n-jobs", "1"]
    monkeypatch.setattr("sys.argv", [*argv, "--json", str(path)])
    module.main()
    (row,) = read_results(path)
    assert 0 < row["brier"] < 1
    folds = load("defaults").make_folds({"perovskites": load_perovskites(), "cmet": load_cmet()}, 1)
    assert {fold.task for fold in folds} == {
        "perovskites, 10-fold", "perovskites, new salts", "cmet, 32 rows"
    }  # fmt: skip


def test_paper_protocol(monkeypatch, tmp_path):
    def plain(seed, smiles_columns):
        return {"logistic": LogisticRegression()}

    data = make_nanoclusters(54, random_state=0)
    numbers = data | {"data": data.data.select_dtypes("number")}
    path = tmp_path / "paper.json"
    run(monkeypatch, "paper_protocol", "--seeds", 1, "--n-jobs", 1, "--json", path,
        N_FOLDS=2, make_models=plain, load_perovskites=lambda: type(data)(**numbers),
        make_nanoclusters=lambda *_, **__: type(data)(**numbers))  # fmt: skip
    assert {row["model"] for row in read_results(path)} == {
        "logistic",
        "the simulation's own rule",
    }
    real = load("paper_protocol").make_models(0, data.smiles_columns)
    real["siamese, defaults"] = real["siamese, defaults"].set_params(n_members=1, max_epochs=1)
    real["siamese, from_paper"].set_params(max_epochs=1)
    for model in real.values():
        assert len(model.fit(data.data[:20], data.target[:20]).predict(data.data[:2])) == 2


def few_folds(*arguments):
    """A task of a benchmark, in two folds."""
    from common import tasks

    return tasks.make_task(*arguments)._replace(cv=StratifiedKFold(2))


def test_calibration(monkeypatch, tmp_path):
    path, picture = tmp_path / "calibration.json", tmp_path / "curves.png"
    page = tmp_path / "page.json"
    run(monkeypatch, "calibration", "--repeats", 2, "--n-jobs", 1, "--json", path,
        "--plot", picture, "--page", page, make_task=few_folds,
        GraphFingerprintSiameseClassifier=small,
        StratifiedKFold=lambda *_, **__: StratifiedKFold(2),
        RandomForestClassifier=functools.partial(RandomForestClassifier, 5))  # fmt: skip
    found = {row["what"]: row for row in read_results(path)}
    gain = found["random forest: calibrated - plain"]["mean"]
    difference = found["random forest, calibrated"]["mean"] - found["random forest"]["mean"]
    assert gain == pytest.approx(difference)
    assert [*tmp_path.glob("curves*.png")]
    table = json.loads(page.read_text())["tables"]["simulated"]
    assert [row[0] for row in table["rows"]][::3] == ["siamese", "siamese minus random forest"]
    assert table["rows"][1][3]["difference"] == pytest.approx(gain, abs=1e-5)


def test_six_models(monkeypatch, tmp_path):
    from common import models

    path, picture, page = (tmp_path / name for name in ("six.json", "six.png", "page.json"))
    kinds = {name: make_cheap(kind) for name, kind in models.BASE_MODELS.items()}
    monkeypatch.setattr(models, "BASE_MODELS", kinds)
    run(monkeypatch, "six_models", "--models", "GCNN + SNN", "SVM", "--settings", "default",
        "--repeats", 2, "--n-jobs", 1, "--json", path, "--plot", picture, "--page", page,
        make_task=few_folds, BASELINES=("majority class",))  # fmt: skip
    assert {"GCNN + SNN, default", "SVM, default", "majority class"} <= {
        row["classifier"] for row in read_results(path)
    }

    about, table = (json.loads(page.read_text())[key] for key in ("about", "tables"))
    assert about["command"].startswith("python benchmarks/six_models.py --models 'GCNN + SNN' SVM")
    assert str(tmp_path) not in about["command"]
    rows = {row[0]: row[1:] for row in table["simulated"]["rows"]}
    assert list(rows) == ["GCNN + SNN, default", "SVM, default", "majority class"]
    assert rows["majority class"][1] == "the best baseline"
    mean = {(row["classifier"], row["metric"]): row["mean"] for row in read_results(path)}
    assert rows["SVM, default"][0]["mean"] == pytest.approx(mean["SVM, default", "MCC"], abs=1e-5)
    assert rows["SVM, default"][-1] == pytest.approx(mean["SVM, default", "F1"], abs=1e-5)


def test_repeats_that_were_kept_are_those_of_one_run(tmp_path):
    load("six_models")
    from common import repeats, tasks

    task = few_folds("simulated", None, 2)
    neighbours, tree = KNeighborsClassifier(3), DecisionTreeClassifier()
    rivals, metrics = ("majority class", "extra trees"), {"MCC": "pooled_mcc"}

    def compare(task, models, path):
        return repeats.compare_repeats("simulated", task, models, rivals, metrics, 1, path)

    columns = task.X.select_dtypes("number").columns
    numbers = task._replace(X=task.X[columns], smiles_columns=[])
    path = tmp_path / "runs.jsonl"
    compare(numbers._replace(n_repeats=1), {"tree": tree}, path)
    before = path.read_text()
    found = compare(numbers, {"tree": tree, "neighbours": neighbours}, path)
    assert path.read_text().startswith(before)
    known = path.read_text()
    compare(numbers, {"neighbours": neighbours}, path)
    assert path.read_text() == known  # nothing was run again
    whole = tasks.compare(
        numbers, {"tree": tree, "neighbours": neighbours}, 1, scoring=metrics, baselines=rivals
    )
    shown = ["mean", "difference"]
    pd.testing.assert_frame_equal(found.summary()[shown], whole.summary()[shown], atol=1e-4)


def test_six_models_of_a_workbook(monkeypatch, tmp_path, capsys):
    from common import models

    X, y = make_nanoclusters(30, random_state=0, return_X_y=True)
    path = tmp_path / "mine.xlsx"
    with pd.ExcelWriter(path) as writer:
        for sheet, part in (
            ("features_c", X.select_dtypes("number")),
            ("features_d", X[["solvent", "ligand", "reductant"]]),
            ("labels", y.to_frame()),
        ):
            part.to_excel(writer, sheet_name=sheet, index=False)
    kinds = {name: make_cheap(kind) for name, kind in models.BASE_MODELS.items()}
    monkeypatch.setattr(models, "BASE_MODELS", kinds)
    json_path = tmp_path / "six.json"
    few = {"make_task": few_folds, "BASELINES": ("majority class",)}
    arguments = ("--workbook", path, "--models", "SVM", "--repeats", 1, "--n-jobs", 1)
    run(monkeypatch, "six_models", *arguments, "--settings", "default", "--json", json_path, **few)
    assert {(row["task"], row["rows"]) for row in read_results(json_path)} == {("workbook", 30)}
    with pytest.raises(SystemExit):
        run(monkeypatch, "six_models", *arguments, "--settings", "tuned", **few)
    message = "error: no settings were tuned for a workbook: --settings paper default\n"
    assert capsys.readouterr().err.endswith(message)


def make_cheap(kind):
    """A class of a benchmark, with a small network."""
    return functools.partial(kind, n_members=1, max_epochs=1, fp_size=4)


def test_tuning_times_and_saves(monkeypatch, tmp_path):
    path = tmp_path / "timing.json"
    common = ("--models", "SVM", "--trials", 1, "--n-jobs", 1)
    module = load("tuning")
    monkeypatch.setattr(module, "StratifiedKFold", lambda *_, **__: StratifiedKFold(2))
    for arguments in (("--seeds", 1, "--json", path), ("--save", tmp_path / "tuned.json",
                                                       "--data", "simulated")):  # fmt: skip
        monkeypatch.setattr("sys.argv", ["tuning.py", *map(str, [*common, *arguments])])
        module.main()
    assert set(read_results(path)[0]["mcc"]) == {"before", "after"}
    (row,) = read_results(tmp_path / "tuned.json")
    assert (row["model"], row["data"]) == ("SVM", "simulated")


@pytest.fixture
def tox21(tmp_path):
    """A table of Tox21's layout whose twelve assays follow from one number of a molecule."""
    size = np.arange(60)
    smiles = ["C" * (1 + n % 20) + ["O", "N", "S"][n // 20] for n in size]
    X, _ = make_classification(60, 12, n_informative=6, random_state=0)
    names = [
        f"NR-{name}"
        for name in (["AR", "AR-LBD", "AhR", "Aromatase", "ER", "ER-LBD", "PPAR-gamma"])
    ]
    names += [f"SR-{name}" for name in ("ARE", "ATAD5", "HSE", "MMP", "p53")]
    table = pd.DataFrame((X > 0).astype(int), columns=names).assign(smiles=smiles)
    table.to_csv(tmp_path / "tox21.csv", index=False)
    return tmp_path / "tox21.csv"


def test_few_shot_cost(monkeypatch, tmp_path, tox21):
    module = load("few_shot_cost")
    path = tmp_path / "cost.json"
    settings = {"readout": "residual", "max_epochs": 1, "n_members": 1, "fp_size": 4}
    run(monkeypatch, "few_shot_cost", "--path", tox21, "--json", path, N_LABELS=(100, 200),
        N_COMPOUNDS=20, siamese_settings=lambda *_: settings,
        take_up=functools.partial(module.take_up, repeats=1))  # fmt: skip
    first, second, cost = read_results(path)
    assert (first["labels"], second["labels"]) == (100, 200)
    assert cost["predict_6000_s"] > 0


def test_few_shot_tuning(monkeypatch, tmp_path, tox21):
    settings = tmp_path / "settings.json"
    settings.write_text('{"rapid": []}')
    fixed = {"readout": "residual", "max_epochs": 1, "fp_size": 4}
    run(monkeypatch, "few_shot_tuning", "tox21", "--path", tox21, "--draws", 1, SETTINGS=settings,
        FIXED={"tox21": fixed}, CANDIDATES={"tox21": [{"alpha": 0.01}]})  # fmt: skip
    assert json.loads(settings.read_text()) == {
        "rapid": [],
        "tox21": fixed | {"alpha": 0.01, "n_members": 4},
    }


def test_no_script_is_left_out():
    """Each script is named by a test that runs more than its help."""
    text = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    assert [path.stem for path in FOLDER.glob("*.py") if f'"{path.stem}"' not in text] == []


class InThisProcess:
    """Stands for a process that is killed once it has screened all."""

    def __init__(self, case, screen_once):
        screen_once(*case)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False

    def poll(self):
        return None

    def send_signal(self, number):
        assert number == 9


@contextmanager
def here():
    """An engine without other processes, whose pieces are too few to be killed at."""
    yield map


@contextmanager
def absent():
    yield None


def test_screen(monkeypatch, tmp_path):
    module = load("screen")
    model = small(random_state=0)
    monkeypatch.setattr(module, "GraphFingerprintSiameseClassifier", lambda **_: model)
    monkeypatch.setattr(
        module, "run_apart", lambda *case: module.screen_once(case[0], case[1], 1, case[3])
    )
    monkeypatch.setattr(module, "start_apart", lambda case: InThisProcess(case, module.screen_once))
    monkeypatch.setattr(module, "ENGINES", {"Dask": here, "Ray": absent})
    monkeypatch.setattr(module, "SUPPORT_SIZES", (10,))
    monkeypatch.setattr(module, "N_MANY", 30)
    path = tmp_path / "screen.json"
    argv = ["screen.py", "--rows", "500", "900", "--repeats", "1", "--json", str(path)]
    monkeypatch.setattr("sys.argv", [*argv, "--page", str(tmp_path / "page")])
    module.main()
    found = {row["part"]: row for row in read_results(path)}
    assert (found["rows"]["n_rows"], found["molecules"]["n_rows"]) == (900, 50)
    assert found["processes"]["same"]
    assert found["processes"]["by_processor_time"] > 0
    assert found["support"]["support"] <= 10
    assert found["engines"] == {"part": "engines", "engine": "Dask", "killed": False, "same": True}
    killed = found["killed"]
    assert (killed["kept"], killed["pieces"], killed["same"]) == (1, 1, True)
    (row,) = json.loads((tmp_path / "page" / "engines.json").read_text())["tables"]["engines"][
        "rows"
    ]
    assert row == ["Dask", "no", "yes"]
    assert len(list((tmp_path / "page").iterdir())) == len(found)
