"""What becomes of a run whose processes die, and the memory that rows take."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import os, signal
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sksiamese import compare_classifiers

class Dies(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        os.kill(os.getpid(), signal.SIGTERM)

    def predict(self, X):
        return np.zeros(len(X))

if __name__ == "__main__":
    X, y = np.random.rand(20, 2), np.arange(20) % 2
    compare_classifiers({"dies": Dies()}, X, y, cv=2, n_jobs=2, n_repeats=1, baselines=False)
"""


def test_a_killed_worker_is_an_error_that_names_the_cause(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [sys.executable, str(tmp_path / "script.py")]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert "TerminatedWorkerError: A worker process managed by the executor was" in done.stderr
    assert "excessive memory usage" in done.stderr
    assert "SIGTERM(-15)" in done.stderr


MEMORY = """
import numpy as np
from sksiamese import GraphFingerprintSiameseClassifier

def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if "VmHWM" in line)

X = np.random.RandomState(0).normal(size=(500_000, 5))
model = GraphFingerprintSiameseClassifier(n_members=1, max_epochs=5, random_state=0)
model.fit(X[:54], np.arange(54) % 2).predict_proba(X[:100_000])
before = peak()
model.predict_proba(X)
print((peak() - before) * 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_rows_take_the_memory_that_the_docs_tell():
    command = [sys.executable, "-c", MEMORY]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    n_members, n_classes, n_columns, n_more = 1, 2, 5, 400_000
    assert int(done.stdout) <= n_more * (16 * n_members * n_classes + 32 * n_columns)
