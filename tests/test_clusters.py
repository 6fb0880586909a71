"""What a cluster is given to do: nothing for small tables."""

import joblib
import numpy as np
import pandas as pd
import pytest
from joblib._parallel_backends import ThreadingBackend

from sksiamese import ExperimentRecommender, GraphFingerprintSiameseClassifier, SMILESFeaturizer

X = pd.DataFrame({"ligand": ["CCS", "CCN", "CCCS", "CCCN"] * 4, "mM": np.arange(16.0)})
Y = np.tile([1, 0], 8)


class Cluster(ThreadingBackend):
    """Counts its tasks; like Dask's backend, it computes with all workers whatever is asked for."""

    n_tasks = 0

    def effective_n_jobs(self, n_jobs):
        return 2

    def submit(self, func, callback=None):
        Cluster.n_tasks += 1
        return super().submit(func, callback)


joblib.register_parallel_backend("cluster of tests", Cluster)


@pytest.fixture
def cluster():
    Cluster.n_tasks = 0
    with joblib.parallel_config("cluster of tests"):
        yield Cluster


def test_small_fits_and_predictions_are_no_tasks(cluster):
    for _ in range(12):
        model = GraphFingerprintSiameseClassifier(n_members=1, max_epochs=1, random_state=0)
        model.fit(X, Y).predict(X)
    assert cluster.n_tasks == 0


def test_a_small_plate_is_no_task(cluster):
    model = GraphFingerprintSiameseClassifier(n_members=1, max_epochs=1, random_state=0)
    recommender = ExperimentRecommender(model, n_folds=2, random_state=0).fit(X, Y)
    recommender.recommend(2, candidates=X.assign(mM=X["mM"] + 0.25).iloc[:15])
    assert cluster.n_tasks == 0


def test_many_molecules_are_tasks(cluster):
    SMILESFeaturizer("descriptors").fit_transform(["C" * n for n in range(1, 1102)])
    assert cluster.n_tasks > 1
