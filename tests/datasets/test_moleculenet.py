"""Reading and downloading the tables of many tasks."""

import hashlib
import os
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sksiamese import GraphFingerprintSiameseClassifier, stack_tasks
from sksiamese.datasets import _moleculenet, fetch_moleculenet

SMILES = ["CCO", "c1ccccc1", "O", "CC(=O)O[AlH3](O)O", "CCO", "CN"]
UNREADABLE = 3
N_TASKS = {"tox21": 12, "sider": 27, "muv": 17}
TITLES = {"tox21": "Tox21", "sider": "SIDER", "muv": "MUV"}
COMMIT = "fbe3b911a94a6eb8c84c1a9e7ac67a472c49ea80"
PUBLIC = {
    "tox21": (
        "datasets/tox21.csv.gz",
        "48b34e4e59a2bae6f95734cd206c1869ab355f50a5e50bb7371a21f861d5e297",
    ),
    "sider": (
        "examples/sider/sider.csv.gz",
        "4cc7ccb20dded475853c583596e227116c222c6ca7dbb40159bdbe9ee3f099b9",
    ),
    "muv": (
        "datasets/muv.csv.gz",
        "93c8b4a37c5996c76e57d5f3f065fb8b7cf1c19067011eff2293fd2a94ce274a",
    ),
}


def tasks_of(name):
    return list(_moleculenet._COLLECTIONS[name].tasks)


def make_labels(name, n_rows=6):
    """Labels 1, 0 and empty in turn, so that each occurs in each task."""
    cycle = np.array([1.0, 0.0, np.nan])
    places = np.arange(n_rows)[:, None] + np.arange(N_TASKS[name])
    return pd.DataFrame(cycle[places % 3], columns=tasks_of(name))


def make_file(name, labels=None, smiles=SMILES):
    """Lay a table out as the public file is: SIDER has its SMILES first and no identifiers."""
    labels = make_labels(name, len(smiles)) if labels is None else labels
    if name == "sider":
        return pd.concat([pd.Series(smiles, name="smiles"), labels], axis=1)
    keys = [f"X{i}" for i in range(len(smiles))]
    return labels.assign(mol_id=keys, smiles=smiles)


def write(folder, name, frame=None, file_name=None):
    path = folder / (file_name or f"{name}.csv.gz")
    frame = make_file(name) if frame is None else frame
    frame.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("name", N_TASKS)
def test_local_file(tmp_path, name):
    table = fetch_moleculenet(name, path=write(tmp_path, name))
    kept = [i for i in range(len(SMILES)) if i != UNREADABLE]
    assert table.data.columns.tolist() == table.feature_names == table.smiles_columns == ["smiles"]
    assert table.data["smiles"].tolist() == [SMILES[i] for i in kept]
    assert len(table.task_names) == N_TASKS[name]
    pd.testing.assert_frame_equal(table.target, make_labels(name).loc[kept])
    assert table.frame.columns.tolist() == make_file(name).columns.tolist()
    assert table.data.index.tolist() == table.frame.index.tolist() == kept
    assert table.groups is None
    assert table.name == f"MoleculeNet, {TITLES[name]}"
    assert table.unreadable.to_dict() == {UNREADABLE: SMILES[UNREADABLE]}


@pytest.mark.parametrize("name", N_TASKS)
def test_description_counts_labels_and_tells_what_is_left_out(tmp_path, name):
    table = fetch_moleculenet(name, path=write(tmp_path, name))
    lines = table.DESCR.splitlines()
    assert lines[0] == f"{TITLES[name]}, {N_TASKS[name]} tasks of MoleculeNet"
    assert lines[1] == "=" * len(lines[0])
    assert max(map(len, lines)) <= 100
    assert "5 molecules (4 distinct SMILES)" in table.DESCR
    for task in table.task_names:
        labels = table.target[task].dropna()
        counted = f"{len(labels)} labels, {int(labels.sum())} of 1"
        assert any(line.split() == f"{task} {counted}".split() for line in lines)
    assert (
        "Left out: 1 of 6 rows, whose SMILES cannot be read; unreadable holds them. Their numbers "
        "in the\nfile, counted from 0: 3."
    ) in table.DESCR


def test_description_where_all_can_be_read_and_where_much_cannot(tmp_path):
    path = write(tmp_path, "muv", make_file("muv", smiles=["CCO", "O"]))
    table = fetch_moleculenet("muv", path=path)
    assert "Left out: no row, since all SMILES can be read." in table.DESCR
    assert table.unreadable.empty
    path = write(tmp_path, "muv", make_file("muv", smiles=["CCO", *(["bad"] * 1999)]))
    table = fetch_moleculenet("muv", path=path)
    flat = " ".join(table.DESCR.split())
    assert "Left out: 1,999 of 2,000 rows" in flat
    assert "from 0: 1, 2, 3, 4," in flat
    assert "19, 20 and more. Limits" in flat
    assert len(table.unreadable) == 1999


def test_empty_and_overlong_smiles_are_left_out(tmp_path):
    smiles = ["CCO", None, "C" * 5001, "CÖ", "  "]
    table = fetch_moleculenet(
        "sider", path=write(tmp_path, "sider", make_file("sider", None, smiles))
    )
    assert table.data["smiles"].tolist() == ["CCO"]
    assert table.unreadable.index.tolist() == [1, 2, 3, 4]


def test_arrays_and_pair(tmp_path):
    path = write(tmp_path, "tox21")
    table = fetch_moleculenet("tox21", path=path, as_frame=False)
    assert (table.data.shape, table.data.dtype) == ((5, 1), object)
    assert (table.target.shape, table.target.dtype) == ((5, 12), np.float64)
    assert table.frame is None
    X, Y = fetch_moleculenet("tox21", path=path, return_X_y=True)
    assert X["smiles"].tolist() == table.data[:, 0].tolist()
    np.testing.assert_array_equal(Y.to_numpy(), table.target)


def test_saved_frame_can_be_read_again(tmp_path):
    first = fetch_moleculenet("sider", path=write(tmp_path, "sider"))
    first.frame.to_csv(tmp_path / "saved.csv", index=False)
    again = fetch_moleculenet("sider", path=tmp_path / "saved.csv")
    pd.testing.assert_frame_equal(first.frame.reset_index(drop=True), again.frame)


def test_columns_in_any_order_and_more_of_them(tmp_path):
    frame = make_file("tox21").assign(note="as bought")
    path = write(tmp_path, "tox21", frame[frame.columns[::-1]])
    table = fetch_moleculenet("tox21", path=path)
    assert table.target.columns.tolist() == tasks_of("tox21")
    assert table.frame["note"].tolist() == ["as bought"] * 5


@given(
    labels=arrays(
        np.float64,
        st.tuples(st.integers(1, 8), st.just(17)),
        elements=st.sampled_from([0, 1, np.nan]),
    )
)
def test_labels_are_those_of_the_file(tmp_path_factory, labels):
    labels = pd.DataFrame(labels, columns=tasks_of("muv"))
    frame = make_file("muv", labels, ["CCO"] * len(labels))
    path = write(tmp_path_factory.mktemp("muv"), "muv", frame)
    pd.testing.assert_frame_equal(fetch_moleculenet("muv", path=path).target, labels)


@pytest.mark.parametrize("name", ["Tox21", "hiv", "", None, ["tox21"]])
def test_unknown_name(name):
    message = f"name must be 'tox21', 'sider' or 'muv'. Got {name!r} instead."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        fetch_moleculenet(name)


@pytest.mark.parametrize(
    ("cells", "shown", "n_bad"),
    [
        ([0, 2, 1, 0, 1, 0], "row 1 holds 2", 1),
        ([0, 0.5, 1, None, 1, -1], "row 1 holds 0.5", 2),
        ([0, 1, "active", 0, "inactive", 0], "row 2 holds 'active'", 2),
        (["inf", 1, 1, 0, 1, 0], "row 0 holds inf", 1),
    ],
)
def test_labels_other_than_0_and_1(tmp_path, cells, shown, n_bad):
    path = write(tmp_path, "tox21", make_file("tox21").assign(**{"SR-p53": cells}))
    message = (
        f"The Tox21 table: column 'SR-p53' must hold 0, 1 or nothing, but {shown} ({n_bad} such "
        "row(s)). Correct these cells, or leave them empty."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        fetch_moleculenet("tox21", path=path)


def test_missing_columns(tmp_path):
    path = write(tmp_path, "muv", make_file("muv")[["mol_id", *tasks_of("muv")[:15]]])
    has = ", ".join(map(repr, ["mol_id", *tasks_of("muv")[:15]]))
    message = (
        "The MUV table (muv.csv.gz) lacks the column(s) 'smiles', 'MUV-858', 'MUV-859'. "
        f"It has: {has}. Add or rename them."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        fetch_moleculenet("muv", path=path)


def test_missing_file(tmp_path):
    message = (
        f"The SIDER table: the file {str(tmp_path / 'no.csv')!r} does not exist. "
        "Give the path of an existing file."
    )
    with pytest.raises(FileNotFoundError, match=f"^{re.escape(message)}$"):
        fetch_moleculenet("sider", path=tmp_path / "no.csv")


@pytest.fixture
def server(tmp_path, monkeypatch, serve):
    """Serve the small tables on this machine in place of the public ones."""
    folder = tmp_path / "served"
    folder.mkdir()
    address = serve(folder)
    for name, collection in _moleculenet._COLLECTIONS.items():
        content = write(folder, name).read_bytes()
        file = collection.file._replace(
            url=f"{address}{name}.csv.gz", sha256=hashlib.sha256(content).hexdigest()
        )
        replaced = collection._replace(file=file)
        monkeypatch.setitem(_moleculenet._COLLECTIONS, name, replaced)
    return address


@pytest.mark.parametrize("name", N_TASKS)
def test_download_is_kept(server, tmp_path, name):
    home = tmp_path / "home"
    first = fetch_moleculenet(name, home)
    assert [file.name for file in home.iterdir()] == [f"{name}.csv.gz"]
    (tmp_path / "served" / f"{name}.csv.gz").unlink()
    pd.testing.assert_frame_equal(fetch_moleculenet(name, data_home=home).frame, first.frame)


def test_download_with_a_wrong_checksum(server, tmp_path):
    digest = _moleculenet._COLLECTIONS["muv"].file.sha256
    (tmp_path / "served" / "muv.csv.gz").write_text("something else")
    message = (
        f"What {server}muv.csv.gz sent does not have the SHA-256 {digest} and was not kept. "
        "Try again; if it stays so, the file has changed: give the path of a local copy."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        fetch_moleculenet("muv", data_home=tmp_path / "home")
    assert not list((tmp_path / "home").glob("*.gz"))


@pytest.mark.parametrize("name", PUBLIC)
def test_remote_files_are_pinned(name):
    place, digest = PUBLIC[name]
    url = f"https://raw.githubusercontent.com/deepchem/deepchem/{COMMIT}/{place}"
    assert _moleculenet._COLLECTIONS[name].file == (url, digest, f"{name}.csv.gz")
    assert len(set(tasks_of(name))) == N_TASKS[name]


def test_stacked_tasks_train_a_classifier(tmp_path):
    table = fetch_moleculenet("tox21", path=write(tmp_path, "tox21"))
    X, y, groups = stack_tasks(table.data, table.target)
    model = GraphFingerprintSiameseClassifier(n_members=2, max_epochs=2, random_state=0)
    assert model.fit(X, y, groups=groups).classes_.tolist() == [0, 1]
    assert set(groups) == set(table.task_names)


@pytest.fixture(scope="module")
def tox21():
    folder = Path(os.environ.get("SKSIAMESE_DATA", ""))
    if "SKSIAMESE_DATA" not in os.environ or not (folder / "tox21.csv.gz").is_file():
        pytest.skip("SKSIAMESE_DATA does not name a folder that holds tox21.csv.gz")
    return fetch_moleculenet("tox21", path=folder / "tox21.csv.gz")


def test_tox21(tox21):
    assert tox21.data.shape == (8006, 1)
    assert tox21.target.shape == (8006, 12)
    assert tox21.target.columns.tolist() == tox21.task_names
    assert tox21.data["smiles"].nunique() == 7823
    assert tox21.unreadable.index.tolist() == [1330, 2308, 2315, 3599, 4632, 4716, 5627, 6859]
    assert tox21.unreadable.str.contains("[AlH3]", regex=False).all()
    assert tox21.target.count().sum() == 79491
    assert int(tox21.target["SR-MMP"].sum()) == 936


def test_tox21_stacked(tox21):
    X, y, groups = stack_tasks(tox21.data, tox21.target)
    assert len(X) == 79491
    assert X.memory_usage(deep=True, index=False).sum() < 10 * len(X)
    assert groups.value_counts().to_dict() == tox21.target.count().to_dict()
    wide = np.full(tox21.target.shape, np.nan)
    rows = tox21.target.index.get_indexer(y.index.get_level_values(0))
    wide[rows, groups.cat.codes] = y
    np.testing.assert_array_equal(wide, tox21.target.to_numpy())
