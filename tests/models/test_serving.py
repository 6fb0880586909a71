"""A model in a service: forked processes, and models that are mapped from a file."""

import os
import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
import torch

from sksiamese import (
    GraphFingerprintMLPClassifier,
    GraphFingerprintSiameseClassifier,
    GraphFingerprintSVMClassifier,
)

FORK = """
import os
import numpy as np
import torch
from sksiamese import GraphFingerprintSiameseClassifier

torch.set_num_threads(2)
X = np.random.RandomState(0).normal(size=(2000, 3))
y = (X[:, 0] > 0).astype(int)
model = GraphFingerprintSiameseClassifier(n_members=2, max_epochs=2, random_state=0)
expected = model.fit(X[:20], y[:20]).predict_proba(X)
torch.ones(10_000_000).exp()  # starts the threads of OpenMP for certain
child = os.fork()
if child:
    raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
same = np.allclose(model.predict_proba(X), expected, rtol=0, atol=1e-9)
torch.ones(10_000_000).exp()
model.adapt(X[:20], y[:20]).fit(X[:20], y[:20])
os._exit(0 if same else 3)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_process_predicts_adapts_and_fits():
    done = subprocess.run([sys.executable, "-c", FORK], check=False, timeout=120)
    assert done.returncode == 0


@pytest.fixture
def _each_warning():
    """Let torch warn every time, not once."""
    before = torch.is_warn_always_enabled()
    torch.set_warn_always(True)
    yield
    torch.set_warn_always(before)


SMALL = {"n_members": 2, "max_epochs": 3, "random_state": 0}
MODELS = {
    readout: GraphFingerprintSiameseClassifier(readout=readout, **SMALL)
    for readout in ("process", "mean", "residual")
}
MODELS |= {
    "mlp": GraphFingerprintMLPClassifier(**SMALL),
    "svm": GraphFingerprintSVMClassifier(**SMALL),
}


@pytest.mark.usefixtures("_each_warning")
@pytest.mark.parametrize("name", MODELS)
def test_read_only_tables_and_models_mapped_from_a_file_do_not_warn(name, tmp_path):
    random = np.random.RandomState(0)
    table = random.normal(size=(20, 3)), np.arange(20) % 2, np.ones(20)
    X, y, weight = joblib.load(joblib.dump(table, tmp_path / "table")[0], mmap_mode="r")
    assert not X.flags.writeable
    model = MODELS[name].fit(X, y, sample_weight=weight)
    mapped = joblib.load(joblib.dump(model, tmp_path / "model")[0], mmap_mode="r")
    for method in ("predict_proba", "predict_std"):
        expected = getattr(model, method)(X)
        np.testing.assert_allclose(getattr(mapped, method)(X), expected, rtol=0, atol=1e-12)
    if name in ("process", "mean", "residual"):
        pd.testing.assert_frame_equal(mapped.support_evidence(X), model.support_evidence(X))
        mapped.adapt(X, y, weight).set_support(X, y, weight)
        expected = model.predict_proba(X)
        np.testing.assert_allclose(mapped.predict_proba(X), expected, rtol=0, atol=1e-12)
