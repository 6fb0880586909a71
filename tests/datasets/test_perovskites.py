"""The shipped perovskite table, and reading or downloading the release."""

import csv
import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem

import sksiamese.datasets
from sksiamese.datasets import _base, _perovskites, fetch_perovskites, load_perovskites

FEATURES = [
    "ammonium", "solvent", "acid", "ammonium_M", "lead_iodide_M", "formic_acid_M",
    "temperature_C", "time_s",
]  # fmt: skip
ETHYL, METHYL = "XFYICZOIWSBQSK-UHFFFAOYSA-N", "LLWRXQXPJMPHLR-UHFFFAOYSA-N"
FORMAMIDINIUM = "QHJPGANWSLEMTI-UHFFFAOYSA-N"
HEADER = (
    "name,_rxn_organic-inchikey,_rxn_M_acid,_rxn_M_inorganic,_rxn_M_organic,_solv_GBL,_solv_DMSO,"
    "_solv_DMF,_rxn_temperature_c,_rxn_reactiontime_s,_raw_modelname,_out_crystalscore"
)
ROWS = [
    f"a,{ETHYL},6.2,0.25,0.72,1,0,0,105,12600,m,4",
    f"b,{METHYL},0,0.5,1.5,1,0,1,95,21600,m,3",
    f"c,{FORMAMIDINIUM},1,0.5,1.5,0,1,0,95,21600,m,1",
    f"d,{ETHYL},1,0.5,1.5,0,0,0,95,21600,m,2",
]
INVENTORY = (
    "Chemical Name,InChI Key (ID),Canonical SMILES String\n"
    "null,null,null\n"
    f"Ethylammonium Iodide ,{ETHYL},[I-].CC[NH3+]\n"
    f"Methylammonium iodide,{METHYL},C[NH3+].[I-]\n"
    f"Formamidinium Iodide,{FORMAMIDINIUM},C(=N)[NH3+].[I-]\n"
)


def write(folder, rows=ROWS, header=HEADER, inventory=INVENTORY):
    path = folder / "part.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    if inventory is not None:
        (folder / "inventory.csv").write_text(inventory)
    return path


@pytest.fixture(scope="module")
def perovskites():
    return load_perovskites()


def test_shipped_table(perovskites):
    assert perovskites.data.shape == (208, 8)
    assert list(perovskites.data.columns) == perovskites.feature_names == FEATURES
    assert perovskites.smiles_columns == FEATURES[:3]
    assert (perovskites.data.dtypes[FEATURES[3:]] == np.float64).all()
    assert not perovskites.frame.isna().any().any()


def test_shipped_counts(perovskites):
    counts = perovskites.groups.value_counts()
    assert counts.to_dict() == {
        "CC[NH3+].[I-]": 52, "C[NH2+]C.[I-]": 18, "NC=[NH2+].[I-]": 18, "C[NH3+].[I-]": 18,
        "[I-].[NH3+]CCc1ccc(F)cc1": 17, "CC(N)=[NH2+].[I-]": 17, "[I-].[NH3+]C1CCCCC1": 17,
        "NC(N)=[NH2+].[I-]": 17, "C1CC[NH2+]C1.[I-]": 17, "[I-].[I-].[NH3+]CCC[NH3+]": 17,
    }  # fmt: skip
    assert perovskites.target.value_counts().to_dict() == {0: 129, 1: 79}
    score = load_perovskites(target="score").target
    assert score.name == "crystal_score"
    assert score.value_counts().to_dict() == {1: 56, 2: 44, 3: 29, 4: 79}


def test_shipped_limits_are_true(perovskites):
    data = perovskites.data
    assert len(data[["ammonium", "solvent"]].drop_duplicates()) == data["ammonium"].nunique()
    varied = data.groupby("ammonium")["temperature_C"].nunique()
    assert varied[varied > 1].to_dict() == {"CC[NH3+].[I-]": 3}
    assert set(data["temperature_C"]) == {70, 105, 120}
    assert set(data["time_s"]) == {12600}
    assert set(data["acid"]) == {"O=CO"}


def test_shipped_rows_equal_the_file(perovskites):
    folder = Path(sksiamese.datasets.__file__).parent / "data"
    with (folder / "perovskite_crystallization.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for column in FEATURES[:3]:
        assert perovskites.data[column].tolist() == [row[column] for row in rows]
    for column in FEATURES[3:]:
        assert perovskites.data[column].tolist() == [float(row[column]) for row in rows]
    assert perovskites.target.tolist() == [int(row["crystal_score"] == "4") for row in rows]


def test_shipped_smiles_are_canonical(perovskites):
    for column in FEATURES[:3]:
        for smiles in perovskites.data[column].unique():
            assert Chem.CanonSmiles(smiles) == smiles


def test_description_tells_source_choice_units_and_limits(perovskites):
    for words in (
        "RAPID", "Dark Reactions Project", "0057", "2020-07-02", "every second row of twelve",
        "whatever the\noutcome", "more frequent", "mol/L", "degC", "one solvent only",
        "ethylammonium iodide alone",
    ):  # fmt: skip
        assert words in perovskites.DESCR


def test_shipped_arrays_and_pair():
    arrays = load_perovskites(as_frame=False)
    assert (arrays.data.shape, arrays.data.dtype) == ((208, 8), object)
    assert isinstance(arrays.target, np.ndarray)
    assert isinstance(arrays.groups, np.ndarray)
    assert arrays.frame is None
    X, y = load_perovskites(return_X_y=True)
    assert isinstance(X, pd.DataFrame)
    assert y.name == "large_crystal"
    assert (X.to_numpy(dtype=object) == arrays.data).all()


@pytest.mark.parametrize("function", [load_perovskites, fetch_perovskites])
def test_unknown_target(function):
    message = "target must be 'crystal' or 'score'. Got 'colour' instead."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        function(target="colour")


def test_part_of_the_release(tmp_path):
    part = fetch_perovskites(path=write(tmp_path))
    assert list(part.data.columns) == part.feature_names == FEATURES
    assert part.data["ammonium"].tolist() == [
        "CC[NH3+].[I-]", "C[NH3+].[I-]", "NC=[NH2+].[I-]", "CC[NH3+].[I-]",
    ]  # fmt: skip
    assert part.data["solvent"][:3].tolist() == ["O=C1CCCO1", "CN(C)C=O.O=C1CCCO1", "CS(C)=O"]
    assert pd.isna(part.data["solvent"][3])
    assert part.data.iloc[1, 3:].tolist() == [1.5, 0.5, 0, 95, 21600]
    assert part.target.tolist() == [1, 0, 0, 0]
    assert part.groups.equals(part.data["ammonium"].rename(part.groups.name))
    assert list(part.frame.columns) == [
        *HEADER.split(","), "ammonium_name", "ammonium", "solvent", "acid", "large_crystal",
    ]  # fmt: skip
    assert part.frame["ammonium_name"][0] == "Ethylammonium Iodide"
    assert "4 experiments" in part.DESCR
    assert "3 ammonium iodides, 1 of" in part.DESCR


def test_part_as_scores_arrays_and_pair(tmp_path):
    path = write(tmp_path)
    X, y = fetch_perovskites(path=path, target="score", return_X_y=True, as_frame=False)
    assert (X.shape, X.dtype) == ((4, 8), object)
    assert y.tolist() == [4, 3, 1, 2]


def test_saved_frame_can_be_read_again(tmp_path):
    first = fetch_perovskites(path=write(tmp_path))
    first.frame.to_csv(tmp_path / "saved.csv.gz", index=False)
    again = fetch_perovskites(path=tmp_path / "saved.csv.gz")
    pd.testing.assert_frame_equal(first.frame, again.frame)


@given(flags=st.tuples(*[st.sampled_from([0, 1])] * 3), score=st.integers(1, 4))
def test_every_mixture_is_the_set_of_its_solvents(tmp_path_factory, flags, score):
    folder = tmp_path_factory.mktemp("mixture")
    row = f"a,{ETHYL},1,1,1,{','.join(map(str, flags))},95,1,m,{score}"
    part = fetch_perovskites(path=write(folder, [row]))
    known = ("O=C1CCCO1", "CS(C)=O", "CN(C)C=O")
    expected = {smiles for smiles, flag in zip(known, flags, strict=True) if flag}
    found = part.data["solvent"][0]
    assert (set(found.split(".")) if isinstance(found, str) else set()) == expected
    assert part.target[0] == (score == 4)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            "a,UNKNOWN,1,1,1,1,0,0,95,1,m,4",
            "The inventory has no SMILES for the salt(s) UNKNOWN, named in column "
            "'_rxn_organic-inchikey'. Give a more complete inventory or leave these rows out.",
        ),
        (
            f"a,{ETHYL},1,1,1,2,0,0,95,1,m,4",
            "The perovskite release: column '_solv_GBL' must hold 0 or 1, but row 0 holds 2 "
            "(1 such row(s)).",
        ),
        (
            f"a,{ETHYL},1,1,1,1,0,0,hot,1,m,4",
            "The perovskite release: column '_rxn_temperature_c' must hold finite numbers, but "
            "row 0 holds 'hot' (1 such row(s)). Correct these cells or leave the rows out.",
        ),
        (
            f"a,{ETHYL},1,1,1,1,0,0,95,1,m,",
            "The perovskite release: column '_out_crystalscore' must hold finite numbers, but row "
            "0 holds nothing (1 such row(s)). Correct these cells or leave the rows out.",
        ),
        (
            f"a,{ETHYL},1,1,1,1,0,0,95,1,m,5",
            "The perovskite release: column '_out_crystalscore' must hold a score from 1 to 4, but "
            "row 0 holds 5 (1 such row(s)). Leave these rows out.",
        ),
    ],
)
def test_unusable_cells(tmp_path, row, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        fetch_perovskites(path=write(tmp_path, [row]))


def test_missing_column(tmp_path):
    path = write(tmp_path, ["x,y"], header="name,_rxn_M_acid")
    message = (
        "The perovskite release (part.csv) lacks the column(s) '_rxn_organic-inchikey', "
        "'_solv_GBL', '_solv_DMSO', '_solv_DMF', '_rxn_M_organic', '_rxn_M_inorganic', "
        "'_rxn_temperature_c', '_rxn_reactiontime_s', '_out_crystalscore'. It has: 'name', "
        "'_rxn_M_acid'. Add or rename them."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        fetch_perovskites(path=path)


def test_missing_files(tmp_path):
    write(tmp_path)
    message = (
        f"The perovskite release: the file {str(tmp_path / 'no.csv')!r} does not exist. "
        "Give the path of an existing file."
    )
    with pytest.raises(FileNotFoundError, match=f"^{re.escape(message)}$"):
        fetch_perovskites(path=tmp_path / "no.csv")
    folder = tmp_path / "alone"
    folder.mkdir()
    path = write(folder, inventory=None)
    message = (
        "There is neither 'perovskite_inventory.csv' nor 'inventory.csv' in "
        f"{str(folder)!r}. Put the inventory there or give its path as inventory_path."
    )
    with pytest.raises(FileNotFoundError, match=f"^{re.escape(message)}$"):
        fetch_perovskites(path=path)
    found = fetch_perovskites(path=path, inventory_path=tmp_path / "inventory.csv")
    assert found.data.shape == (4, 8)


@pytest.fixture
def server(tmp_path, monkeypatch, serve):
    """Serve the small release and its inventory on this machine, as the two remote files."""
    folder = tmp_path / "served"
    folder.mkdir()
    write(folder)
    address = serve(folder)
    for name, file in (("_RELEASE", "part.csv"), ("_INVENTORY", "inventory.csv")):
        digest = hashlib.sha256((folder / file).read_bytes()).hexdigest()
        remote = _base.RemoteFile(address + file, digest, f"perovskite_{file}")
        monkeypatch.setattr(_perovskites, name, remote)
    return address


def test_download_is_kept(server, tmp_path):
    home = tmp_path / "home"
    first = fetch_perovskites(data_home=home)
    assert sorted(file.name for file in home.iterdir()) == [
        "perovskite_inventory.csv", "perovskite_part.csv",
    ]  # fmt: skip
    (tmp_path / "served" / "part.csv").unlink()
    assert fetch_perovskites(data_home=home).frame.equals(first.frame)


def test_download_with_a_wrong_checksum(server, tmp_path):
    digest = _perovskites._RELEASE.sha256
    (tmp_path / "served" / "part.csv").write_text("something else")
    message = (
        f"What {server}part.csv sent does not have the SHA-256 {digest} and was not kept. "
        "Try again; if it stays so, the file has changed: give the path of a local copy."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        fetch_perovskites(data_home=tmp_path / "home")
    assert not list((tmp_path / "home").glob("*.csv"))


def test_download_of_a_missing_file(server, tmp_path):
    (tmp_path / "served" / "part.csv").unlink()
    message = (
        f"{server}part.csv could not be downloaded into {str(tmp_path / 'home')!r}. Check the "
        "connection and that the folder can be written, or give the path of a local copy."
    )
    with pytest.raises(OSError, match=f"^{re.escape(message)}$"):
        fetch_perovskites(data_home=tmp_path / "home")


def test_download_without_pooch(monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    message = (
        "Downloading a data set needs pooch. Install it with 'pip install pooch', "
        "or give the path of a local copy."
    )
    with pytest.raises(ImportError, match=f"^{re.escape(message)}$"):
        fetch_perovskites()


def test_remote_files_are_pinned():
    commit = "b41daa424c71769e7e53f318bd60c27b25c03ca9"
    raw = f"https://raw.githubusercontent.com/darkreactions/platipus/{commit}/data/"
    assert _perovskites._RELEASE[:2] == (
        raw + "0057.perovskitedata_DRPFeatures_2020-07-02.csv",
        "10099dc3aa91f2222413f1e57fba1856deeda31d40d5d2d14b23fccfba1f36a3",
    )
    assert _perovskites._INVENTORY[:2] == (
        raw + "inventory.csv",
        "1e1030b697253f4cda68d39866f83294ebe3e0feba3ad12feea59234a38e80ca",
    )


@pytest.fixture(scope="module")
def local_part():
    folder = Path(os.environ.get("SKSIAMESE_DATA", ""))
    name = "perovskite_release_0057_34salts.csv.gz"
    if "SKSIAMESE_DATA" not in os.environ or not (folder / name).is_file():
        pytest.skip(f"SKSIAMESE_DATA does not name a folder that holds {name}")
    return fetch_perovskites(path=folder / name)


def test_local_part(local_part):
    assert local_part.data.shape == (6965, 8)
    assert local_part.frame.shape == (6965, 55 + 5)
    assert int(local_part.target.sum()) == 1133
    assert local_part.groups.nunique() == 34
    assert local_part.data["solvent"].value_counts().to_dict() == {
        "O=C1CCCO1": 5068, "CS(C)=O": 1050, "CN(C)C=O": 801, "CN(C)C=O.O=C1CCCO1": 46,
    }  # fmt: skip
    for key, smiles in zip(
        local_part.frame["_rxn_organic-inchikey"].unique(), local_part.groups.unique(), strict=True
    ):
        assert Chem.MolToInchiKey(Chem.MolFromSmiles(smiles)) == key


def test_shipped_rows_are_rows_of_the_local_part(local_part, perovskites):
    rows = local_part.frame.set_index("name").index.get_indexer(perovskites.frame["experiment"])
    assert (rows >= 0).all()
    same = local_part.data.iloc[rows].reset_index(drop=True)
    pd.testing.assert_frame_equal(same, perovskites.data, atol=6e-5, rtol=0)
    assert (local_part.target.to_numpy()[rows] == perovskites.target).all()


def test_importing_loads_no_heavy_library():
    # The package's own __init__ imports the estimators; a stand-in keeps them out of this test.
    package = Path(sksiamese.datasets.__file__).parents[1]
    code = (
        "import sys, types; stand_in = types.ModuleType('sksiamese'); "
        f"stand_in.__path__ = [{str(package)!r}]; sys.modules['sksiamese'] = stand_in; "
        "import sksiamese.datasets; "
        "print([m for m in ('torch', 'matplotlib', 'openpyxl', 'pooch') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
