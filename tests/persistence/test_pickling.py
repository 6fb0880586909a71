"""Fitted classifiers on their way to another process or another machine."""

import io
import pickle
import re
import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
import torch

from sksiamese import GraphFingerprintSiameseClassifier
from sksiamese.models.readouts._gaussian_process import ProcessNet

X = pd.DataFrame(
    {
        "ligand": ["SCCN", "SCCO", "CCCCS", "Sc1ccccc1", "OC(=O)CS", "CC(C)S"] * 2,
        "pH": np.linspace(4, 12, 12),
    }
)
Y = np.array(["fails", "works"] * 6)
NEW = X.iloc[::3].assign(ligand=["CCS", "SCCN", None, "SCC(N)C(=O)O"])

# Reads a model by pickle and by joblib, and writes what both predict.
READER = """
import pickle, sys
import joblib, numpy as np, pandas as pd
folder = sys.argv[1]
table = pd.read_pickle(f"{folder}/new.pkl")
with open(f"{folder}/model.pkl", "rb") as file:
    models = [pickle.load(file), joblib.load(f"{folder}/model.joblib")]
np.savez(
    f"{folder}/found.npz",
    proba=[model.predict_proba(table) for model in models],
    members=[model.predict_members(table) for model in models],
    labels=np.array([model.predict(table) for model in models], dtype=str),
)
"""


def classifier(**changes):
    settings = {"n_members": 2, "max_epochs": 10, "fp_size": 4, "conv_width": 6}
    return GraphFingerprintSiameseClassifier(**{**settings, "random_state": 0, **changes})


def test_a_new_process_gives_the_same_bits(tmp_path):
    model = classifier(dropout=0.2, verbose=0).fit(X, Y)
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(model))
    joblib.dump(model, tmp_path / "model.joblib")
    NEW.to_pickle(tmp_path / "new.pkl")
    command = [sys.executable, "-W", "error", "-c", READER, str(tmp_path)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = np.load(tmp_path / "found.npz")
    for k in range(2):
        np.testing.assert_array_equal(found["proba"][k], model.predict_proba(NEW))
        np.testing.assert_array_equal(found["members"][k], model.predict_members(NEW))
        assert found["labels"][k].tolist() == model.predict(NEW).tolist()


def test_copy_has_all_methods():
    model = classifier(early_stopping=True, batch_size=6, dropout=0.2, max_epochs=3).fit(X, Y)
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.transform(NEW), model.transform(NEW))
    np.testing.assert_array_equal(copy.pair_score(NEW, X), model.pair_score(NEW, X))
    pd.testing.assert_frame_equal(copy.support_evidence(NEW), model.support_evidence(NEW))
    assert copy.get_params() == model.get_params()
    copy.set_support(X[:6], Y[:6])  # of the copy alone
    assert len(model.support_indices_) == 12
    refitted = copy.fit(X, Y).predict_proba(NEW)
    np.testing.assert_array_equal(refitted, model.predict_proba(NEW))


def test_support_set_travels_along():
    model = classifier().fit(X, Y).set_support(X[:6], Y[:6])
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.predict_proba(NEW), model.predict_proba(NEW))
    assert copy.support_indices_.tolist() == list(range(6))


def test_no_part_of_the_training_stays():
    """Neither data sets nor batches, which would be the training table once more."""
    model = classifier(batch_size=6, early_stopping=True, max_epochs=2).fit(X, Y)
    data = pickle.dumps(model)  # holds the name of each class that it refers to
    assert b"ProcessNetwork" in data
    for name in ("_Batches", "LabelledExperiments", "Experiments", "Inputs", "GraphTensors"):
        assert name.encode() not in data, name
        assert name not in {type(value).__name__ for value in vars(model.net_).values()}


def test_size_is_that_of_the_weights():
    """And of the posterior: neither the optimizer's memory nor a second copy of the weights."""
    model = classifier().fit(X, Y)
    weights = sum(p.numel() * 8 for p in model.module_.parameters())
    support = [each for arrays in model._support.posteriors.values() for each in arrays]
    kept = sum(p.numel() * 8 for p in model.module_.state_dict().values())
    kept += sum(each.nbytes for each in [*support, model._support.embedding])
    assert weights < len(pickle.dumps(model)) < 1.3 * kept


def test_molecules_of_the_training_table_stay_behind():
    """A pickle holds embeddings of the support set, not its molecules."""
    assert b"Sc1ccccc1" not in pickle.dumps(classifier(max_epochs=1).fit(X, Y))


class FindTensors(pickle.Pickler):
    """Pickle, and note each tensor on the way."""

    def __init__(self):
        super().__init__(io.BytesIO())
        self.tensors = []

    def reducer_override(self, value):
        if isinstance(value, torch.Tensor):
            self.tensors.append(value)
        return NotImplemented


def test_a_pickle_holds_no_tensor():
    """Tensors belong to a device and to a version of torch; weights are safetensors instead."""
    finder = FindTensors()
    finder.dump(classifier().fit(X, Y))
    assert finder.tensors == []


def test_a_device_that_is_absent_gives_way_to_the_cpu():
    model = classifier().fit(X, Y)
    state = model.net_.__getstate__() | {"device": "cuda:99"}
    copy = ProcessNet.__new__(ProcessNet)
    message = "This model was on the device 'cuda:99'; here it is on the CPU."
    with pytest.warns(UserWarning, match=f"^{re.escape(message)}$"):
        copy.__setstate__(state)
    assert copy.device == "cpu"
    assert {p.device.type for p in copy.module_.parameters()} == {"cpu"}


def test_history_travels_along():
    model = classifier(early_stopping=True, max_epochs=3).fit(X, Y)
    copy = pickle.loads(pickle.dumps(model))
    assert list(copy.history_) == list(model.history_)
    assert copy.history_[:, "valid_loss"] == model.history_[:, "valid_loss"]


LOAD_WITHOUT_CUDA = """
import pickle, sys
import numpy as np, pandas as pd, torch
assert not torch.cuda.is_available()
folder = sys.argv[1]
with open(f"{folder}/model.pkl", "rb") as file:
    model = pickle.load(file)
np.save(f"{folder}/found.npy", model.predict_proba(pd.read_pickle(f"{folder}/new.pkl")))
"""


@pytest.mark.cuda
def test_model_of_a_gpu_loads_without_one(tmp_path):
    model = classifier(device="cuda").fit(X, Y)
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(model))
    NEW.to_pickle(tmp_path / "new.pkl")
    done = subprocess.run(
        [sys.executable, "-c", LOAD_WITHOUT_CUDA, str(tmp_path)],
        check=False,
        capture_output=True,
        text=True,
        env={"CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": ":".join(filter(None, sys.path))},
    )
    assert done.returncode == 0, done.stderr
    found = np.load(tmp_path / "found.npy")
    np.testing.assert_allclose(found, model.predict_proba(NEW), rtol=0, atol=1e-9)
    on_cpu = classifier().fit(X, Y).predict_proba(NEW)
    np.testing.assert_allclose(found, on_cpu, rtol=0, atol=1e-6)
