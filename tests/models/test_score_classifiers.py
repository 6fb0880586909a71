"""Dense network and linear support vector machine on learned fingerprints."""

import pickle
import random

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, softmax
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback

from sksiamese import (
    GraphFingerprintMLPClassifier,
    GraphFingerprintSiameseClassifier,
    GraphFingerprintSVMClassifier,
    InvalidSMILESError,
)
from sksiamese.molecules._graph import graph_from_smiles

MLP, SVM = GraphFingerprintMLPClassifier, GraphFingerprintSVMClassifier
LIGANDS = ["SCCN", "SCCO", "CCCCS", "Sc1ccccc1", "OC(=O)CS", "CC(C)S", "CCCCCCS", "SCCCO"]
SOLVENTS = ["O", "CO", "ClCCl"]
SMALL = {"n_members": 2, "max_epochs": 10, "fp_size": 4, "conv_width": 6, "radius": 1}
BOTH = pytest.mark.parametrize("kind", [MLP, SVM])


def make_frame(n=18, seed=0):
    rng = np.random.RandomState(seed)
    return pd.DataFrame(
        {
            "ligand": [LIGANDS[i] for i in rng.randint(0, len(LIGANDS), n)],
            "mM": rng.uniform(0.1, 5, n),
            "solvent": [SOLVENTS[i] for i in rng.randint(0, 3, n)],
            "pH": rng.uniform(4, 12, n),
        },
        index=[f"run {i}" for i in range(n)],
    )


X = make_frame()
Y = (X["pH"].to_numpy() > 8).astype(int)
NEW = make_frame(7, seed=1)
NUMBERS = ["mM", "pH"]


def classifier(kind, **changes):
    return kind(**{**SMALL, "random_state": 0, **changes})


def in_use(kind):
    """Settings in which everything random is in use, the batches included."""
    settings = {"max_epochs": 3, "batch_size": 8, "early_stopping": True}
    return settings | ({"dropout": 0.3} if kind is MLP else {})


def close(first, second, atol):
    np.testing.assert_allclose(first, second, rtol=0, atol=atol)


def layers(model, member=0):
    """Weights and biases of the dense layers of one member."""
    dense = model.module_.dense
    pick = [(layer.weight[member], layer.bias[member]) for layer in dense]
    return [(w.detach().numpy(), b.detach().numpy()) for w, b in pick]


# -- The models ------------------------------------------------------------------------------------


@pytest.mark.parametrize("y", [Y, np.arange(18) % 3])
def test_dense_network_by_hand(y):
    model = classifier(MLP, hidden_layer_sizes=(5, 3), activation="relu").fit(X[NUMBERS], y)
    scaled = StandardScaler().fit(X[NUMBERS]).transform(NEW[NUMBERS])
    members = []
    for member in range(2):
        h = scaled
        *hidden, (weight, bias) = layers(model, member)
        assert [w.shape[1] for w, _ in hidden] == [5, 3]
        for w, b in hidden:
            h = np.maximum(h @ w + b, 0)
        members.append(softmax(h @ weight + bias, axis=1))
    close(model.predict_members(NEW[NUMBERS]), members, 1e-12)
    close(model.predict_proba(NEW[NUMBERS]), np.mean(members, axis=0), 1e-12)


@pytest.mark.parametrize("y", [Y, np.arange(18) % 3])
def test_support_vector_machine_by_hand(y):
    model = classifier(SVM).fit(X[NUMBERS], y)
    scaled = StandardScaler().fit(X[NUMBERS]).transform(NEW[NUMBERS])
    ((weight, bias),) = layers(model)
    assert len(layers(model)) == 1
    scores = scaled @ weight + bias
    close(model.predict_members(NEW[NUMBERS])[0], softmax(scores, axis=1), 1e-12)
    alone = classifier(SVM, n_members=1).fit(X[NUMBERS], y)
    ((weight, bias),) = layers(alone)
    scores = scaled @ weight + bias
    expected = scores[:, 1] - scores[:, 0] if len(scores.T) == 2 else log_softmax(scores, axis=1)
    close(alone.decision_function(NEW[NUMBERS]), expected, 1e-12)


def test_without_hidden_layers_and_penalty_the_network_is_logistic_regression():
    rng = np.random.RandomState(0)
    table = rng.normal(size=(60, 3))
    y = np.array(["a", "b", "c"])[(table[:, :2] + rng.normal(size=(60, 2)) > 0).sum(axis=1)]
    settings = {"hidden_layer_sizes": (), "alpha": 0.0, "max_epochs": 800, "n_members": 1}
    model = classifier(MLP, **settings, lr=0.05).fit(table, y)
    other = LogisticRegression(C=1e8).fit(table, y)
    close(model.predict_proba(table), other.predict_proba(table), 1e-3)


def test_linear_machine_minimises_hinge_loss_and_penalty():
    """On numbers alone the loss is convex: no search from the solution finds a smaller value."""
    rng = np.random.RandomState(0)
    table = StandardScaler().fit_transform(rng.normal(size=(40, 2)))
    y = (table[:, 0] + rng.normal(size=40) > 0).astype(int)
    model = classifier(SVM, alpha=0.01, max_epochs=2000, n_members=1).fit(table, y)
    ((weight, bias),) = layers(model)

    def value(flat):
        w, b = flat[:4].reshape(2, 2), flat[4:]
        margin = np.diff(table @ w + b)[:, 0] * (2 * y - 1)
        return np.maximum(0, 1 - margin).mean() + 0.01 * (np.abs(w).sum() + (w**2).sum())

    found = np.concatenate([weight.ravel(), bias.ravel()])
    best = min(
        minimize(value, found + shift, method="Powell", options={"maxiter": 5000}).fun
        for shift in (0, *0.3 * rng.normal(size=(3, 6)))
    )
    assert value(found) < value(np.zeros(6))
    assert value(found) == pytest.approx(best, rel=2e-3)


@BOTH
def test_separable_classes_are_learnt(kind):
    """A frame in which the ligand's sulfur and the pH decide; chance is one half or one third."""
    frame = make_frame(60, seed=2)
    thiol = frame["ligand"].isin(["SCCN", "SCCO", "SCCCO"]).to_numpy()
    for y in (thiol, np.where(thiol, "polar", np.where(frame["pH"] > 8, "basic", "acid"))):
        model = classifier(kind, max_epochs=100).fit(frame[:40], y[:40])
        assert np.mean(model.predict(frame[40:]) == y[40:]) >= 0.85


@BOTH
def test_fingerprints_are_learnt(kind):
    """The gradient reaches the convolutions, under hinge loss too."""
    first, last = (
        classifier(kind, lr=lr, alpha=0.0).fit(X, Y).fingerprint(NEW) for lr in (1e-12, 0.01)
    )
    for column in ("ligand", "solvent"):
        assert np.abs(last[column] - first[column]).max() > 1e-2


# -- What all methods promise ----------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize(
    ("y", "classes"),
    [
        (Y, [0, 1]),
        (np.where(Y, "works", "fails"), ["fails", "works"]),
        (pd.Series(np.where(Y, "works", "fails"), dtype="category"), ["fails", "works"]),
        (Y.astype(bool), [False, True]),
        (np.array(["no", "some", "all"])[np.arange(18) % 3], ["all", "no", "some"]),
    ],
    ids=["integers", "text", "category", "booleans", "three"],
)
def test_labels_of_any_type(kind, y, classes):
    model = classifier(kind).fit(X, y)
    proba, members = model.predict_proba(NEW), model.predict_members(NEW)
    assert model.classes_.tolist() == classes
    assert members.shape == (2, 7, len(classes))
    assert members.min() > 0
    close(members.sum(axis=2), 1, 1e-12)
    close(proba, members.mean(axis=0), 1e-15)
    assert model.predict(NEW).tolist() == [classes[i] for i in proba.argmax(axis=1)]
    if kind is SVM:
        decision = model.decision_function(NEW)
        if len(classes) == 2:
            close(expit(decision), proba[:, 1], 1e-12)
        else:
            close(np.exp(decision), proba, 1e-12)


def test_margins_far_beyond_what_a_probability_can_hold_keep_their_order():
    model = classifier(SVM, n_members=1, max_epochs=50).fit(X[NUMBERS], Y)
    far = pd.DataFrame({"mM": 1.0, "pH": [1e3, 1e5, 1e7]})
    decision = model.decision_function(far)
    assert np.isfinite(decision).all()
    assert (np.diff(decision) > 100).all()
    assert (model.predict_proba(far)[:, 1] == 1).all()


@BOTH
def test_fitted_attributes(kind):
    model = classifier(kind).fit(X, Y)
    assert model.n_features_in_ == 4
    assert model.feature_names_in_.tolist() == ["ligand", "mM", "solvent", "pH"]
    close(model.class_prior_, np.bincount(Y) / 18, 1e-15)
    assert len(model.history_) == 10
    assert model.history_[-1]["train_loss"] < model.history_[0]["train_loss"]
    found = model.fingerprint(NEW)
    assert list(found) == ["ligand", "solvent"]
    assert found["ligand"].shape == (7, 2, 4)
    n_inputs = 2 + 2 * 4 + 2 * 12
    assert model.module_.dense[0].weight.shape[1] == n_inputs


@BOTH
@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_members", "fingerprint"])
def test_unfitted(kind, method):
    with pytest.raises(NotFittedError) as caught:
        getattr(classifier(kind), method)(X)
    assert str(caught.value) == (
        f"This {kind.__name__} instance is not fitted yet. Call 'fit' with appropriate arguments "
        "before using this estimator."
    )


def test_unfitted_margins():
    with pytest.raises(NotFittedError, match=r"^This GraphFingerprintSVMClassifier instance is"):
        classifier(SVM).decision_function(X)


@BOTH
@pytest.mark.parametrize(
    "wrap",
    [
        lambda frame: frame.to_numpy(dtype=object),
        lambda frame: frame.to_numpy(dtype=object).tolist(),
        lambda frame: frame.assign(ligand=[graph_from_smiles(s) for s in frame["ligand"]]),
    ],
    ids=["array", "lists", "graphs"],
)
def test_forms_of_a_table(kind, wrap):
    expected = classifier(kind).fit(X, Y).predict_proba(NEW)
    close(classifier(kind).fit(wrap(X), Y).predict_proba(wrap(NEW)), expected, 1e-12)


@BOTH
def test_rows_alone_together_or_reordered(kind):
    model = classifier(kind).fit(X, Y)
    together = model.predict_proba(NEW)
    alone = np.vstack([model.predict_proba(NEW.iloc[[i]]) for i in range(len(NEW))])
    close(alone, together, 1e-9)
    order = np.random.RandomState(0).permutation(len(X))
    close(classifier(kind).fit(X.iloc[order], Y[order]).predict_proba(NEW), together, 1e-6)
    if kind is SVM:
        close(expit(model.decision_function(NEW)), together[:, 1], 1e-12)


@BOTH
def test_random_state_decides_everything(kind):
    def proba(seed, **changes):
        model = classifier(kind, **in_use(kind), **changes)
        return model.set_params(random_state=seed).fit(X, Y).predict_proba(NEW)

    np.testing.assert_array_equal(proba(3), proba(3))
    np.testing.assert_array_equal(proba(np.random.RandomState(3)), proba(3))
    assert np.abs(proba(3) - proba(4)).max() > 1e-3
    assert np.abs(proba(None) - proba(None)).max() > 1e-3


@BOTH
def test_many_rows_are_predicted_in_parts(kind):
    """21,000 rows take two parts, and dense layers compute them in single precision."""
    model = classifier(kind).fit(X, Y)
    many = model.predict_proba(pd.concat([NEW] * 3000))
    close(many, np.tile(model.predict_proba(NEW), (3000, 1)), 1e-6)


@BOTH
def test_n_jobs_changes_nothing(kind):
    table = pd.concat([NEW] * 150)  # 1,050 distinct molecules are worth several processes
    ends = ("", "O", "N", "F", "Cl", "CO", "CN")
    table["ligand"] = [f"{'C' * n}S{end}" for n in range(150) for end in ends]
    expected = classifier(kind).fit(X, Y).predict_proba(table)
    with joblib.parallel_config(backend="threading"):
        found = classifier(kind, n_jobs=2).fit(X, Y).predict_proba(table)
    np.testing.assert_array_equal(found, expected)


@BOTH
def test_global_state_is_untouched(kind):
    threads = torch.get_num_threads()
    torch.set_num_threads(3)
    numpy_state = np.random.get_state()  # noqa: NPY002 - the global state is what is tested
    torch_state, python_state = torch.get_rng_state(), random.getstate()
    try:
        classifier(kind, **in_use(kind), random_state=None).fit(X, Y).predict_proba(NEW)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(threads)
    after = np.random.get_state()  # noqa: NPY002
    assert all(np.array_equal(a, b) for a, b in zip(numpy_state, after, strict=True))
    assert torch.equal(torch.get_rng_state(), torch_state)
    assert random.getstate() == python_state


@BOTH
def test_a_pickle_gives_the_same_bits_and_holds_no_training_data(kind):
    model = classifier(kind, **in_use(kind)).fit(X, Y)
    stored = pickle.dumps(model)
    copy = pickle.loads(stored)
    np.testing.assert_array_equal(copy.predict_members(NEW), model.predict_members(NEW))
    np.testing.assert_array_equal(copy.fit(X, Y).predict_proba(NEW), model.predict_proba(NEW))
    for name in (b"Sc1ccccc1", b"_Batches", b"LabelledExperiments", b"GraphTensors"):
        assert name not in stored, name


@BOTH
def test_sample_weight(kind):
    weight = np.arange(18) % 3  # 0 removes a row, 2 repeats it
    rows = np.repeat(np.arange(18), weight)
    weighted = classifier(kind).fit(X, Y, sample_weight=weight)
    repeated = classifier(kind).fit(X.iloc[rows], Y[rows])
    close(weighted.predict_members(NEW), repeated.predict_members(NEW), 1e-9)
    plain = classifier(kind).fit(X, Y)
    assert np.abs(weighted.predict_proba(NEW) - plain.predict_proba(NEW)).max() > 1e-3


@BOTH
@pytest.mark.parametrize("batch_size", [512, 5])
def test_groups_are_checked_and_change_nothing(kind, batch_size):
    model = classifier(kind, batch_size=batch_size)
    expected = model.fit(X, Y).predict_proba(NEW)
    found = model.fit(X, Y, groups=np.arange(18) % 4).predict_proba(NEW)
    np.testing.assert_array_equal(found, expected)
    with pytest.raises(ValueError, match="groups") as caught:
        model.fit(X, Y, groups=[1, 2])
    assert str(caught.value) == (
        "groups must hold one group for each row of X. Got 2 groups for 18 rows."
    )


@BOTH
def test_held_out_rows_do_not_train(kind):
    settings = {"early_stopping": True, "n_iter_no_change": 50}
    model = classifier(kind, **settings)
    seed = classifier(kind)._draw_seeds()[1]
    held_out = []
    order = np.random.RandomState(seed).permutation(18)
    for number in (0, 1):
        rows = order[Y[order] == number]
        held_out += rows[: int(0.2 * len(rows))].tolist()
    model.fit(X, Y)
    losses = [epoch["valid_loss"] for epoch in model.history_]
    changed = Y.copy()
    changed[held_out[0]] = 1 - changed[held_out[0]]
    other = classifier(kind, **settings)
    other._hold_out = lambda *_: np.isin(np.arange(18), held_out)
    other.fit(X, changed)
    assert [e["train_loss"] for e in other.history_] == [e["train_loss"] for e in model.history_]
    assert [e["valid_loss"] for e in other.history_] != losses


@BOTH
def test_early_stopping(kind):
    noise = np.random.RandomState(0).permutation(Y)
    settings = {"early_stopping": True, "max_epochs": 200, "n_iter_no_change": 3, "alpha": 0.0}
    model = classifier(kind, **settings, lr=0.05).fit(X, noise)
    losses = [epoch["valid_loss"] for epoch in model.history_]
    assert len(losses) < 200
    assert len(losses) - 1 - int(np.argmin(losses)) == 3


@BOTH
@pytest.mark.parametrize("y", [[0, 1] * 2, [0, 1, 1, 1], [0, 1, 2, 3]])
def test_very_few_rows(kind, y):
    for changes in ({}, {"early_stopping": True}, {"batch_size": 2}):
        proba = classifier(kind, max_epochs=3, **changes).fit(X[:4], y).predict_proba(NEW)
        assert np.isfinite(proba).all()


class Stop(Callback):
    """Fails at the end of the first epoch."""

    def on_epoch_end(self, net, **_):
        raise RuntimeError("stopped")


@BOTH
def test_failed_fit_leaves_no_half(kind):
    model = classifier(kind)
    renamed = X.rename(columns={"pH": "start pH"})
    failures = [
        ({"callbacks": [Stop()]}, renamed, Y, RuntimeError),
        ({"lr": -1}, renamed, Y, ValueError),
        ({}, renamed.assign(ligand=["C(C", *renamed["ligand"][1:]]), Y, InvalidSMILESError),
        ({}, renamed, np.zeros(18), ValueError),
    ]
    for changes, table, y, error in failures:
        fresh = classifier(kind, **changes)
        with pytest.raises(error):
            fresh.fit(table, y)
        assert set(vars(fresh)) == set(fresh.get_params())
    model.fit(X, Y)
    expected = model.predict_proba(NEW)
    for changes, table, y, error in failures:
        before = {name: getattr(model, name) for name in changes}
        with pytest.raises(error):
            model.set_params(**changes).fit(table, y)
        model.set_params(**before)
        np.testing.assert_array_equal(model.predict_proba(NEW), expected)


@BOTH
def test_every_hyperparameter_is_checked(kind):
    """No value of any kind slips through to an error deep within; `object()` suits none."""
    for name in classifier(kind).get_params():
        with pytest.raises(ValueError, match=r"^The '") as caught:
            classifier(kind, **{name: object()}).fit(X, Y)
        message = f"The {name!r} parameter of {kind.__name__} must "
        assert str(caught.value).startswith(message), name


@BOTH
def test_parameters_are_a_part_of_the_siamese_classifiers(kind):
    """Same names, same defaults: what differs between the models is the model."""
    siamese = GraphFingerprintSiameseClassifier(readout="mean")  # "process" has values of its own
    shared = {name: siamese._value(name) for name in siamese.get_params()}
    assert kind().get_params().items() <= shared.items()


@BOTH
def test_from_paper(kind):
    siamese = GraphFingerprintSiameseClassifier.from_paper(random_state=5).get_params()
    model = kind.from_paper(random_state=5)
    own = model.get_params() | {"batch_size": None}  # None is the read-out's, which is the same
    assert own.items() <= (siamese | {"random_state": 5}).items()
    assert kind.from_paper(alpha=0.1).alpha == 0.1
    proba = model.set_params(max_epochs=3).fit(X, Y).predict_proba(NEW)
    close(proba.sum(axis=1), 1, 1e-12)


@BOTH
def test_silent_by_default(kind, capfd):
    classifier(kind, **in_use(kind)).fit(X, Y).predict(NEW)
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


# -- Hidden layers one by one ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", [MLP, GraphFingerprintSiameseClassifier])
def test_hidden_layers_are_set_one_by_one(kind):
    model = kind(hidden_layer_sizes=(7, 5, 3))
    assert model.set_params(hidden_layer_sizes__1=0) is model
    assert model.hidden_layer_sizes == (7, 0, 3)
    assert model.set_params(hidden_layer_sizes=9, hidden_layer_sizes__2=2).hidden_layer_sizes == (
        9,
        0,
        2,
    )
    assert model.set_params(hidden_layer_sizes__0=4).hidden_layer_sizes == (4, 0, 2)
    assert "hidden_layer_sizes__0" not in model.get_params()
    with pytest.raises(ValueError, match=r"^Invalid parameter 'hidden_sizes' for estimator Graph"):
        model.set_params(hidden_sizes=3, hidden_layer_sizes__0=1)
    assert model.hidden_layer_sizes == (4, 0, 2)


def test_a_linear_machine_has_no_hidden_layers():
    with pytest.raises(ValueError, match=r"^Invalid parameter 'hidden_layer_sizes' for estimator"):
        SVM().set_params(hidden_layer_sizes__0=3)
