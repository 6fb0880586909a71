"""What becomes of a run whose processes die."""

import subprocess
import sys

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
