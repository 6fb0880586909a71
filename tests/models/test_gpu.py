"""Training and prediction on a GPU, beside the same on the CPU."""

import numpy as np
import pandas as pd
import pytest

from sksiamese import (
    ExperimentRecommender,
    GraphFingerprintMLPClassifier,
    GraphFingerprintSiameseClassifier,
    GraphFingerprintSVMClassifier,
    load_model,
    save_model,
)

pytestmark = pytest.mark.cuda

N = 36
RNG = np.random.RandomState(0)
LIGANDS = np.array(["SCCN", "SCCO", "CCCCS", "Sc1ccccc1", "OC(=O)CS", "CC(C)S"])
X = pd.DataFrame(
    {
        "ligand": LIGANDS[np.arange(N) % 6],
        "stirrer": np.array(["none", "slow", "fast"])[RNG.randint(3, size=N)],
        "pH": RNG.uniform(4, 12, N),
    }
)
GROUPS = np.arange(N) % 4
NEW = X.iloc[:6].assign(ligand=["CCS", "SCCN", None, "SCC(N)C(=O)O", "CCCS", "SCCO"])
TWO = np.where(X["pH"] + RNG.normal(0, 1, N) > 8, "works", "fails")
THREE = np.array(["clear", "gel", "solid"])[np.digitize(X["pH"], [6.5, 9.5])]
SMALL = {"n_members": 3, "max_epochs": 10, "fp_size": 4, "conv_width": 6, "random_state": 0}

SIAMESE = {
    readout: lambda device, readout=readout: GraphFingerprintSiameseClassifier(
        readout=readout, device=device, **SMALL
    )
    for readout in ("process", "mean", "residual")
}
MODELS = {
    **SIAMESE,
    "MLP": lambda device: GraphFingerprintMLPClassifier(device=device, **SMALL),
    "SVM": lambda device: GraphFingerprintSVMClassifier(device=device, **SMALL),
}


def fit(make, device, y=TWO):
    """Fit to all rows; the read-out of past campaigns is told them."""
    model = make(device)
    return model.fit(X, y, **({"groups": GROUPS} if make is SIAMESE["residual"] else {}))


def close(first, second, atol=1e-6):
    np.testing.assert_allclose(first, second, rtol=0, atol=atol)


@pytest.mark.parametrize("y", [TWO, THREE], ids=["two", "three"])
@pytest.mark.parametrize("name", MODELS)
def test_a_gpu_learns_what_a_cpu_learns(name, y):
    gpu, cpu = (fit(MODELS[name], device, y) for device in ("cuda", "cpu"))
    assert {each.device.type for each in gpu.module_.parameters()} == {"cuda"}
    close(gpu.predict_proba(NEW), cpu.predict_proba(NEW))
    close(gpu.predict_members(NEW), cpu.predict_members(NEW))


@pytest.mark.parametrize("name", MODELS)
def test_rows_are_predicted_alike_together_and_alone(name):
    model = fit(MODELS[name], "cuda")
    alone = np.vstack([model.predict_proba(NEW.iloc[[row]]) for row in range(len(NEW))])
    close(model.predict_proba(NEW), alone)


@pytest.mark.parametrize("name", SIAMESE)
def test_a_gpu_explains_and_compares_as_a_cpu_does(name):
    gpu, cpu = (fit(SIAMESE[name], device) for device in ("cuda", "cpu"))
    close(gpu.transform(NEW), cpu.transform(NEW))
    pair = NEW.iloc[[0]], NEW.iloc[[1]]
    close(gpu.pair_score(*pair), cpu.pair_score(*pair))
    evidence = [model.support_evidence(NEW) for model in (gpu, cpu)]
    pd.testing.assert_frame_equal(*evidence, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", SIAMESE)
def test_a_new_support_set_on_a_gpu(name):
    gpu, cpu = (fit(SIAMESE[name], device) for device in ("cuda", "cpu"))
    for model in (gpu, cpu):
        model.set_support(X.iloc[::2], TWO[::2])
    close(gpu.predict_proba(NEW), cpu.predict_proba(NEW))


@pytest.mark.parametrize("name", MODELS)
def test_a_saved_model_of_a_gpu_comes_back(name, tmp_path):
    model = fit(MODELS[name], "cuda")
    save_model(model, tmp_path / "model.skm")
    close(load_model(tmp_path / "model.skm").predict_proba(NEW), model.predict_proba(NEW), 1e-9)


def test_a_recommender_on_a_gpu():
    plates = [
        ExperimentRecommender(
            SIAMESE["process"](device), positive="works", n_candidates=500, random_state=0
        )
        .fit(X, TWO)
        .recommend(4)
        for device in ("cuda", "cpu")
    ]
    columns = list(X.columns)
    pd.testing.assert_frame_equal(plates[0][columns], plates[1][columns])
