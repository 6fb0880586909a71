"""The service of docs/serving.md, asked over HTTP, where FastAPI is installed."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import sksiamese
from sksiamese import GraphFingerprintSiameseClassifier, load_model, save_model
from sksiamese.datasets import load_perovskites

PAGE = Path(sksiamese.__file__).parents[1] / "docs" / "serving.md"
X, Y = load_perovskites(return_X_y=True)
PAST, ASKED, MORE = slice(0, 60), slice(60, 64), slice(64, 80)

pytestmark = pytest.mark.filterwarnings("default")  # what other tools warn of is theirs


def json_of(rows):
    return json.loads(rows.to_json(orient="records"))


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    model = GraphFingerprintSiameseClassifier(n_members=2, max_epochs=10, random_state=0)
    path = tmp_path_factory.mktemp("service") / "perovskites.sks"
    save_model(model.fit(X[PAST], Y[PAST]), path)
    return path


@pytest.fixture
def client(model_file, monkeypatch):
    """The last block of the page, answering beside its model."""
    pytest.importorskip("fastapi", reason="FastAPI is not installed")
    testclient = pytest.importorskip("fastapi.testclient", reason="httpx is not installed")
    page = PAGE.read_text(encoding="utf-8")
    code = re.findall(r"^```python no-run\n(.*?)^```", page, re.MULTILINE | re.DOTALL)[-1]
    monkeypatch.chdir(model_file.parent)
    namespace = {"__name__": "service"}
    exec(code, namespace)
    with testclient.TestClient(namespace["app"]) as client:
        yield client


def said(answer):
    assert answer.status_code == 200, answer.text
    return pd.DataFrame(answer.json()).to_numpy()


def test_answers_are_those_of_the_model(client, model_file):
    model = load_model(model_file)
    answer = client.post("/predict", json=json_of(X[ASKED]))
    np.testing.assert_allclose(said(answer), model.predict_proba(X[ASKED]), rtol=0, atol=1e-9)
    assert list(answer.json()[0]) == [str(label) for label in model.classes_]


def test_adapt_is_taken_up_beside_questions(client, model_file):
    model = load_model(model_file)
    states = [model.predict_proba(X[ASKED])]
    states.append(model.adapt(X[MORE], Y[MORE]).predict_proba(X[ASKED]))
    body = {"rows": json_of(X[MORE]), "outcomes": Y[MORE].tolist()}
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(client.post, "/predict", json=json_of(X[ASKED])) for _ in range(10)]
        changed = client.post("/adapt", json=body)
        asked += [pool.submit(client.post, "/predict", json=json_of(X[ASKED])) for _ in range(10)]
    assert changed.json() == {"n_support": len(model.support_indices_)}
    for each in asked:
        proba = said(each.result())
        assert any(np.allclose(proba, state, rtol=0, atol=1e-9) for state in states)
    np.testing.assert_allclose(proba, states[1], rtol=0, atol=1e-9)


ROW = json_of(X[60:61])[0]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([ROW | {"ammonium_M": "7.5"}], "holds numbers as text, such as '7.5'"),
        ([ROW | {"ammonium_M": {"value": 1}}], "row 0 holds {'value': 1} (dict)"),
        ([ROW | {"ammonium": "C("}], "column 'ammonium', row 0: 'C('"),
        ([{"ammonium": "C"}], "yet now missing"),
        ([], "shape=(0, 0)"),
    ],
)
def test_what_cannot_be_used_is_said(client, rows, message):
    answer = client.post("/predict", json=rows)
    assert answer.status_code == 422
    assert message in answer.json()["detail"]
    unknown = client.post("/adapt", json={"rows": [ROW], "outcomes": ["unheard of"]})
    assert unknown.status_code == 422
    assert "unheard of" in unknown.json()["detail"]
