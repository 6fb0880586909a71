"""The c-Met table against the files that RDKit ships, and what happens without them."""

import re
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem, RDConfig

from sksiamese.datasets import load_cmet

FOLDER = Path(RDConfig.RDContribDir) / "FreeWilson" / "data"


@pytest.fixture(scope="module")
def cmet():
    return load_cmet()


def test_rows_are_those_of_the_files(cmet):
    lines = (FOLDER / "CHEMBL2321810.smi").read_text().split()
    activities = dict(
        line.split(",") for line in (FOLDER / "CHEMBL2321810_act.csv").read_text().split()[1:]
    )
    assert cmet.frame["molecule"].tolist() == lines[::2]
    assert cmet.frame["compound"].tolist() == lines[1::2]
    assert cmet.frame["pIC50"].tolist() == [float(activities[name]) for name in lines[1::2]]


def test_target_is_above_the_median(cmet):
    assert cmet.data.shape == (1017, 1)
    assert int(cmet.target.sum()) == 508
    assert ((cmet.frame["pIC50"] > 6.44) == cmet.target.astype(bool)).all()


def test_molecules_are_valid_and_distinct(cmet):
    assert len({Chem.CanonSmiles(smiles) for smiles in cmet.frame["molecule"]}) == 1017


def test_bunch(cmet):
    assert cmet.feature_names == cmet.smiles_columns == ["molecule"]
    assert cmet.groups.nunique() == 278
    assert cmet.groups[0] == "O=S(=O)(Nc1cccs1)c1ccc(Oc2ccccc2-c2ccccc2)cc1"
    for words in ("1,017", "Contrib/FreeWilson/data", "2321810", "median", "neither the protein"):
        assert words in cmet.DESCR


def test_arrays_and_pair():
    X, y = load_cmet(return_X_y=True, as_frame=False)
    assert (X.shape, X.dtype, y.shape) == ((1017, 1), object, (1017,))
    assert set(np.unique(y)) == {0, 1}


def test_rdkit_without_the_files(monkeypatch, tmp_path):
    monkeypatch.setattr(RDConfig, "RDContribDir", str(tmp_path))
    message = (
        "This build of RDKit lacks CHEMBL2321810.smi or CHEMBL2321810_act.csv in "
        f"{str(tmp_path / 'FreeWilson' / 'data')!r}. The wheels from PyPI have them: "
        "'pip install rdkit'."
    )
    with pytest.raises(FileNotFoundError, match=f"^{re.escape(message)}$"):
        load_cmet()


def test_files_that_do_not_match(monkeypatch, tmp_path):
    folder = tmp_path / "FreeWilson" / "data"
    folder.mkdir(parents=True)
    (folder / "CHEMBL2321810.smi").write_text("CCO 1\nCCN 2\nCCC 3\n")
    (folder / "CHEMBL2321810_act.csv").write_text("Name,Act\n1,5.0\n2,6.0\n")
    monkeypatch.setattr(RDConfig, "RDContribDir", str(tmp_path))
    message = (
        "CHEMBL2321810.smi has 3 compounds and CHEMBL2321810_act.csv has 2, but only 2 are in "
        "both. Reinstall RDKit."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        load_cmet()
