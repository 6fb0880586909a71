"""GraphFingerprintSiameseClassifier: what comes out of it, and what it promises."""

import random
import re

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from rdkit import Chem
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.pipeline import make_pipeline
from skorch.callbacks import Callback

from sksiamese import GraphFingerprintSiameseClassifier, MolGraph, SMILESFeaturizer
from sksiamese.exceptions import NewValueWarning
from sksiamese.models.training._ensemble_net import EnsembleNet
from sksiamese.models.training._fitting import Seeds
from sksiamese.molecules._graph import graph_from_smiles
from sksiamese.nn._gaussian_process_network import ProcessNetwork

LIGANDS = ["SCCN", "SCCO", "CCCCS", "Sc1ccccc1", "OC(=O)CS", "CC(C)S", "CCCCCCS", "SCCCO"]
SOLVENTS = ["O", "CO", "ClCCl"]
SMALL = {"n_members": 2, "max_epochs": 10, "fp_size": 4, "conv_width": 6, "radius": 1}
# Small settings in which everything random is in use, the batches included.
RANDOM = {**SMALL, "max_epochs": 3, "dropout": 0.3, "batch_size": 8, "early_stopping": True}


def classifier(**changes):
    return GraphFingerprintSiameseClassifier(**{**SMALL, "random_state": 0, **changes})


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


@pytest.fixture(scope="module")
def fitted():
    """A fitted classifier; no test may change it."""
    return classifier().fit(X, Y)


@pytest.fixture(scope="module")
def fitted_mean():
    """The same with the paper's read-out; no test may change it."""
    return classifier(readout="mean").fit(X, Y)


def close(first, second, atol):
    np.testing.assert_allclose(first, second, rtol=0, atol=atol)


# -- Labels and shapes -----------------------------------------------------------------------------


@pytest.mark.parametrize("readout", ["process", "mean"])
@pytest.mark.parametrize(
    ("y", "classes"),
    [
        (Y, [0, 1]),
        (np.where(Y, "works", "fails"), ["fails", "works"]),
        (pd.Series(np.where(Y, "works", "fails")), ["fails", "works"]),
        (pd.Series(np.where(Y, "works", "fails"), dtype="category"), ["fails", "works"]),
        (Y.astype(bool), [False, True]),
        (Y.astype(bool).astype(object), [False, True]),
        (pd.Series(Y, dtype="Int64"), [0, 1]),
        (pd.Series(Y, dtype="boolean"), [False, True]),
        (2.0 * Y - 1, [-1.0, 1.0]),
        (np.arange(18) % 3 * 10, [0, 10, 20]),
        (np.array(["no", "some", "all"])[np.arange(18) % 3], ["all", "no", "some"]),
    ],
    ids=lambda value: getattr(value, "dtype", ""),
)
def test_labels_of_any_type(y, classes, readout):
    model = classifier(max_epochs=3, readout=readout).fit(X, y)
    proba = model.predict_proba(NEW)
    assert model.classes_.tolist() == classes
    assert [type(c) for c in model.classes_.tolist()] == [type(c) for c in classes]
    assert proba.shape == (7, len(classes))
    assert proba.min() > 0
    close(proba.sum(axis=1), 1, 1e-12)
    assert model.predict(NEW).tolist() == [classes[i] for i in proba.argmax(axis=1)]


def test_separable_classes_are_learnt():
    """A frame in which the ligand's sulfur and the pH decide; chance is one half or one third."""
    frame = make_frame(60, seed=2)
    thiol = frame["ligand"].isin(["SCCN", "SCCO", "SCCCO"]).to_numpy()
    for y in (thiol, np.where(thiol, "polar", np.where(frame["pH"] > 8, "basic", "acid"))):
        for readout in ("process", "mean"):
            model = classifier(max_epochs=60, readout=readout).fit(frame[:40], y[:40])
            assert np.mean(model.predict(frame[40:]) == y[40:]) >= 0.85


def test_fitted_attributes(fitted):
    assert fitted.n_features_in_ == 4
    assert fitted.feature_names_in_.tolist() == ["ligand", "mM", "solvent", "pH"]
    assert fitted.support_indices_.tolist() == list(range(18))
    close(fitted.class_prior_, np.bincount(Y) / 18, 1e-15)
    assert isinstance(fitted.module_, ProcessNetwork)
    assert len(fitted.history_) == 10
    assert fitted.history_[-1]["train_loss"] < fitted.history_[0]["train_loss"]
    names = fitted.get_feature_names_out()
    assert len(names) == fitted.transform(NEW).shape[1] == 2 * 20
    assert names[0] == "graphfingerprintsiameseclassifier0"


@pytest.mark.parametrize(
    "method", ["predict", "predict_proba", "predict_members", "transform", "fingerprint"]
)
def test_unfitted(method):
    with pytest.raises(NotFittedError) as caught:
        getattr(classifier(), method)(X)
    assert str(caught.value) == (
        "This GraphFingerprintSiameseClassifier instance is not fitted yet. Call 'fit' with "
        "appropriate arguments before using this estimator."
    )


# -- Forms of input --------------------------------------------------------------------------------


@pytest.mark.parametrize("output", ["default", "pandas"])
def test_explicit_pipeline_gives_the_same_model(fitted, output):
    featurize = ColumnTransformer(
        [("molecules", SMILESFeaturizer(), ["ligand", "solvent"])], remainder="passthrough"
    ).set_output(transform=output)
    pipeline = make_pipeline(featurize, classifier()).fit(X, Y)
    close(pipeline.predict_proba(NEW), fitted.predict_proba(NEW), 1e-12)
    close(pipeline.predict_proba(X), fitted.predict_proba(X), 1e-12)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda frame: frame.to_numpy(dtype=object),
        lambda frame: frame.to_numpy(dtype=object).tolist(),
        lambda frame: frame.astype({"ligand": "category", "solvent": object, "mM": object}),
        lambda frame: frame.assign(ligand=[graph_from_smiles(s) for s in frame["ligand"]]),
        lambda frame: frame.reset_index(drop=True).convert_dtypes(),
        lambda frame: frame.set_axis(range(4), axis=1),
    ],
    ids=["array", "lists", "dtypes", "graphs", "nullable", "integer names"],
)
def test_forms_of_a_table(fitted, wrap):
    model = classifier().fit(wrap(X), Y)
    close(model.predict_proba(wrap(NEW)), fitted.predict_proba(NEW), 1e-12)


def test_numeric_array_and_frame_agree():
    columns = ["mM", "pH"]
    frame = classifier().fit(X[columns], Y).predict_proba(NEW[columns])
    array = classifier().fit(X[columns].to_numpy(), Y).predict_proba(NEW[columns].to_numpy())
    close(frame, array, 1e-12)


def test_series_list_and_frame_of_one_smiles_column_agree():
    forms = [
        lambda frame: frame[["ligand"]],
        lambda frame: frame["ligand"],
        lambda frame: frame["ligand"].tolist(),
        lambda frame: frame["ligand"].to_numpy(dtype=object),
    ]
    proba = [classifier().fit(form(X), Y).predict_proba(form(NEW)) for form in forms]
    assert proba[0].shape == (7, 2)
    for other in proba[1:]:
        close(other, proba[0], 1e-12)


def test_array_predicts_after_a_named_fit_with_sklearns_warning(fitted):
    for table in (NEW, NEW[["mM", "pH"]]):
        model = fitted if table is NEW else classifier().fit(X[["mM", "pH"]], Y)
        with pytest.warns(UserWarning, match=r"^X does not have valid feature names, but Graph"):
            proba = model.predict_proba(table.to_numpy())
        close(proba, model.predict_proba(table), 1e-12)


def test_constant_columns_are_ignored(fitted):
    def widened(frame, text, number):
        return frame.assign(salt=text, degC=number, note=None)

    model = classifier().fit(widened(X, "[Na+].[Cl-]", 20.0), Y)
    with pytest.warns(NewValueWarning, match="'salt' held .* 'degC' held 20 and now 99"):
        proba = model.predict_proba(widened(NEW, "[K+].[Br-]", 99.0))
    close(proba, fitted.predict_proba(NEW), 1e-12)


def test_column_empty_in_training_is_ignored_whatever_it_holds_later(fitted):
    model = classifier().fit(X.assign(additive=None), Y)
    for later in ("CCO", 3.5, None):
        close(model.predict_proba(NEW.assign(additive=later)), fitted.predict_proba(NEW), 1e-12)


def test_absent_molecules():
    frame = X.assign(ligand=[None, np.nan, "", *X["ligand"][3:]])
    model = classifier().fit(frame, Y)
    proba = [model.predict_proba(NEW.assign(ligand=gap)) for gap in (None, np.nan, "", pd.NA)]
    assert np.isfinite(proba[0]).all()
    for other in proba[1:]:
        np.testing.assert_array_equal(other, proba[0])
    assert np.abs(model.predict_proba(NEW) - proba[0]).max() > 1e-4


def test_radius_zero_sees_atoms_alone():
    """Two isomers of the same atoms (counts of degrees and hydrogens too) look alike."""
    isomers = ["CCC(C)CCCS", "CCCC(C)CCS"]
    assert len({tuple(sorted(graph_from_smiles(s).atoms)) for s in isomers}) == 1
    table = NEW.iloc[[0, 0]].assign(ligand=isomers)
    for radius, alike in ((0, True), (3, False)):
        model = classifier(radius=radius, descriptors=False).fit(X, Y)
        fingerprint = model.fingerprint(table)["ligand"]
        assert np.allclose(fingerprint[0], fingerprint[1], atol=1e-12) == alike


def test_descriptors_widen_the_input():
    n_inputs = [
        classifier(descriptors=d, readout="mean", max_epochs=1)
        .fit(X, Y)
        .module_.dense[0]
        .weight.shape[1]
        for d in (False, True)
    ]
    assert n_inputs == [2 + 2 * 4, 2 + 2 * 4 + 2 * 12]


@pytest.mark.parametrize(
    ("sizes", "kept"), [(5, [5]), ((5, 3), [5, 3]), ((0, 3), [3]), ((), []), ([0, 0], []), (0, [])]
)
def test_hidden_layer_sizes(sizes, kept):
    model = classifier(hidden_layer_sizes=sizes, max_epochs=1).fit(X, Y)
    assert [layer.weight.shape[2] for layer in model.module_.dense] == [*kept, 20]
    assert np.isfinite(model.predict_proba(NEW)).all()


# -- Invariance ------------------------------------------------------------------------------------


def test_rows_alone_together_or_reordered(fitted, fitted_mean):
    order = np.random.RandomState(0).permutation(len(NEW))
    for model in (fitted, fitted_mean):
        together = model.predict_proba(NEW)
        alone = np.vstack([model.predict_proba(NEW.iloc[[i]]) for i in range(len(NEW))])
        close(alone, together, 1e-6)
        close(model.predict_proba(NEW.iloc[order]), together[order], 1e-6)


def test_order_of_training_rows(fitted):
    order = np.random.RandomState(0).permutation(len(X))
    model = classifier().fit(X.iloc[order], Y[order])
    close(model.predict_proba(NEW), fitted.predict_proba(NEW), 1e-6)


def test_spelling_and_atom_order(fitted):
    def rewritten(smiles):
        mol = Chem.MolFromSmiles(smiles)
        root = mol.GetNumAtoms() - 1
        return Chem.MolToSmiles(mol, rootedAtAtom=root, canonical=False, allBondsExplicit=True)

    def other(frame):
        changed = frame.assign(ligand=frame["ligand"].map(rewritten))
        assert (changed["ligand"] != frame["ligand"]).mean() > 0.5
        return changed

    close(fitted.predict_proba(other(NEW)), fitted.predict_proba(NEW), 1e-6)
    close(classifier().fit(other(X), Y).predict_proba(NEW), fitted.predict_proba(NEW), 1e-6)


def test_spellings_of_one_molecule_are_one_molecule(fitted):
    """Every other row of the training table is written from the other end."""
    ends = [Chem.MolFromSmiles(s) for s in X["ligand"]]
    back = [Chem.MolToSmiles(m, rootedAtAtom=m.GetNumAtoms() - 1, canonical=False) for m in ends]
    mixed = X.assign(ligand=np.where(np.arange(18) % 2, back, X["ligand"]))
    assert mixed["ligand"].nunique() > X["ligand"].nunique()
    assert mixed["ligand"].map(Chem.CanonSmiles).nunique() == X["ligand"].nunique()
    close(classifier().fit(mixed, Y).predict_proba(NEW), fitted.predict_proba(NEW), 1e-6)


@pytest.mark.parametrize("name", ["fitted", "fitted_mean"])
def test_many_rows_are_predicted_in_parts(name, request):
    """16,800 rows take two parts of encoding and several of comparing."""
    model, n_copies = request.getfixturevalue(name), 2400
    table = pd.concat([NEW] * n_copies)
    for method in (model.predict_proba, model.transform, lambda rows: model.pair_score(rows, X)):
        close(method(table), np.tile(method(NEW), (n_copies, 1)), 1e-12)


def test_evidence_of_many_rows_is_told_in_parts(fitted):
    n_copies = 300  # 2,100 rows
    few, many = (fitted.support_evidence(pd.concat([NEW] * n), n_top=3) for n in (1, n_copies))
    repeated = pd.concat([few] * n_copies, ignore_index=True)
    pd.testing.assert_frame_equal(many, repeated, rtol=0, atol=1e-12)


# -- Randomness ------------------------------------------------------------------------------------


def test_random_state_decides_everything():
    def proba(seed):
        return classifier(**RANDOM, random_state=seed).fit(X, Y).predict_proba(NEW)

    np.testing.assert_array_equal(proba(3), proba(3))
    np.testing.assert_array_equal(proba(np.random.RandomState(3)), proba(3))
    assert np.abs(proba(3) - proba(4)).max() > 1e-3
    assert np.abs(proba(None) - proba(None)).max() > 1e-3


def test_n_jobs_changes_nothing(fitted):
    """Threads here, for time; the featurizer's tests and those of n_jobs in scikit-learn fork."""
    table = pd.concat([NEW] * 150)  # 1,050 distinct molecules are worth several processes
    ends = ("", "O", "N", "F", "Cl", "CO", "CN")
    table["ligand"] = [f"{'C' * n}S{end}" for n in range(150) for end in ends]
    with joblib.parallel_config(backend="threading"):
        proba = classifier(n_jobs=2).fit(X, Y).predict_proba(table)
    np.testing.assert_array_equal(proba, fitted.predict_proba(table))


@pytest.mark.parametrize("random_state", [None, 0])
def test_global_state_is_untouched(random_state):
    threads = torch.get_num_threads()
    torch.set_num_threads(3)
    numpy_state = np.random.get_state()  # noqa: NPY002 - the global state is what is tested
    torch_state, python_state = torch.get_rng_state(), random.getstate()
    try:
        model = classifier(**RANDOM, random_state=random_state).fit(X, Y)
        model.predict_proba(NEW)
        model.set_support(X, Y)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(threads)
    after = np.random.get_state()  # noqa: NPY002
    assert all(np.array_equal(a, b) for a, b in zip(numpy_state, after, strict=True))
    assert torch.equal(torch.get_rng_state(), torch_state)
    assert random.getstate() == python_state


class WithSeeds(GraphFingerprintSiameseClassifier):
    """The classifier with given seeds: of the batches, the held-out rows and the members."""

    seeds: Seeds

    def _draw_seeds(self):
        return self.seeds


@pytest.mark.parametrize(
    "settings",
    [{}, {"readout": "paper"}, {"dropout": 0.4}, {"dropout": 0.4, "batch_size": 8}],
    ids=str,
)
def test_members_trained_together_equal_members_trained_alone(settings):
    together = classifier(n_members=3, **settings).fit(X, Y)
    members = together.predict_members(NEW)
    assert members.shape == (3, 7, 2)
    assert np.abs(members[0] - members[1]).max() > 1e-3

    first = classifier(n_members=1, **settings).fit(X, Y)
    close(first.predict_members(NEW)[0], members[0], 1e-7)

    for k, seed in enumerate(together.module_.seeds):
        alone = WithSeeds(**{**SMALL, "n_members": 1, **settings})
        alone.seeds = Seeds(together.net_.batch_seed, 0, [seed])
        close(alone.fit(X, Y).predict_members(NEW)[0], members[k], 1e-7)
        weights = zip(alone.module_.parameters(), together.module_.parameters(), strict=True)
        for one, three in weights:  # the kernel that learns nothing of its own belongs to all
            close(one[0].detach(), three[k if len(three) == 3 else 0].detach(), 1e-9)


# -- Support set -----------------------------------------------------------------------------------


def weights_of(model):
    return [p.detach().clone() for p in model.module_.state_dict().values()]


@pytest.mark.parametrize("readout", ["process", "mean"])
def test_set_support(readout):
    model = classifier(readout=readout).fit(X, Y)
    before, proba = weights_of(model), model.predict_proba(NEW)
    rows = np.r_[0:5, 9:18]
    assert model.set_support(X.iloc[rows], Y[rows]) is model
    assert np.abs(model.predict_proba(NEW) - proba).max() > 1e-3
    assert model.support_indices_.tolist() == list(range(14))
    assert all(map(torch.equal, weights_of(model), before))
    model.set_support(X, Y)
    close(model.predict_proba(NEW), proba, 1e-12)


@pytest.mark.parametrize("readout", ["process", "mean"])
def test_set_support_weights(readout):
    model = classifier(readout=readout).fit(X, Y)
    weight = np.arange(18) % 3
    weighted = model.set_support(X, Y, sample_weight=weight).predict_proba(NEW)
    assert model.support_indices_.tolist() == np.flatnonzero(weight).tolist()
    repeated = model.set_support(X.iloc[np.repeat(np.arange(18), weight)], Y.repeat(weight))
    # Equal rows have no covariance of full rank, so "process" adds a little to the diagonal.
    close(weighted, repeated.predict_proba(NEW), 1e-12 if readout == "mean" else 1e-6)


def test_set_support_refuses_unknown_labels():
    model = classifier(max_epochs=1).fit(X, Y)
    before = model.predict_proba(NEW)
    for label, shown in ((2, "2"), ("1", "'1'")):
        with pytest.raises(ValueError, match="label") as caught:
            model.set_support(X[:2], [label, label])
        assert str(caught.value) == (
            f"y holds the label {shown}, which fit did not see. Labels of the support set must be "
            "among [0, 1]."
        )
    np.testing.assert_array_equal(model.predict_proba(NEW), before)


# -- Similarity and what it is made of -------------------------------------------------------------


def test_pair_score(fitted, fitted_mean):
    for model in (fitted, fitted_mean):
        score = model.pair_score(X, NEW)
        assert score.shape == (18, 7)
        assert score.min() > 0
        assert score.max() < 1
        close(score, model.pair_score(NEW, X).T, 1e-12)
        itself = model.pair_score(X, X)
        assert (np.diag(itself)[:, None] >= itself - 1e-12).all()
    # pH decides the class here: a pH close by is more alike than one far away.
    near, far = X[:1].assign(pH=X["pH"].iloc[0] + 0.01), X[:1].assign(pH=20.0)
    assert fitted.pair_score(X[:1], near)[0, 0] > fitted.pair_score(X[:1], far)[0, 0]


def test_fingerprint(fitted):
    found = fitted.fingerprint(NEW)
    assert list(found) == ["ligand", "solvent"]
    assert found["ligand"].shape == (7, 2, 4)
    # Duvenaud: each of the P + 1 = 2 layers adds a softmax, which sums to one, for each atom.
    n_atoms = [Chem.MolFromSmiles(s).GetNumAtoms() for s in NEW["ligand"]]
    close(found["ligand"].sum(axis=2), 2 * np.array(n_atoms)[:, None] * np.ones(2), 1e-9)
    assert not fitted.fingerprint(NEW.assign(ligand=None))["ligand"].any()


def test_fingerprint_without_molecules_is_empty():
    columns = ["mM", "pH"]
    assert classifier(max_epochs=1).fit(X[columns], Y).fingerprint(NEW[columns]) == {}


def test_members_average_to_the_probabilities(fitted, fitted_mean):
    for model in (fitted, fitted_mean):
        members = model.predict_members(NEW)
        assert members.shape == (2, 7, 2)
        close(members.sum(axis=2), 1, 1e-12)
        close(members.mean(axis=0), model.predict_proba(NEW), 1e-15)


def test_support_evidence_lists_the_largest(fitted):
    whole = fitted.support_evidence(NEW, n_top=18)
    top = fitted.support_evidence(NEW, n_top=2)
    expected = whole.groupby("row", sort=False).head(2).reset_index(drop=True)
    pd.testing.assert_frame_equal(top, expected)
    assert len(fitted.support_evidence(NEW, n_top=100)) == 7 * 18
    assert len(fitted.support_evidence(NEW)) == 7 * 5


# -- Weights, groups, training ---------------------------------------------------------------------


@pytest.mark.parametrize("readout", ["process", "mean"])
def test_sample_weight(readout):
    weight = np.arange(18) % 3  # 0 removes a row, 2 repeats it
    weighted = classifier(readout=readout).fit(X, Y, sample_weight=weight)
    rows = np.repeat(np.arange(18), weight)
    repeated = classifier(readout=readout).fit(X.iloc[rows], Y[rows])
    # Equal rows have no covariance of full rank, so "process" adds a little to the diagonal.
    atol = 1e-9 if readout == "mean" else 1e-6
    close(weighted.predict_members(NEW), repeated.predict_members(NEW), atol)
    assert weighted.support_indices_.tolist() == np.flatnonzero(weight).tolist()
    close(weighted.class_prior_, np.bincount(Y, weight) / weight.sum(), 1e-15)


def test_rows_of_weight_zero_may_hold_anything(fitted):
    table = pd.concat([X, X[:1].assign(pH=1e9, ligand="CCCCCCCCCCCCI")])
    model = classifier().fit(table, [*Y, 7], sample_weight=[1.0] * 18 + [0])
    assert model.classes_.tolist() == [0, 1]
    np.testing.assert_array_equal(model.predict_proba(NEW), fitted.predict_proba(NEW))


def test_names_of_groups_do_not_matter(fitted):
    groups = np.arange(18) // 6
    by_number = classifier().fit(X, Y, groups=groups).predict_proba(NEW)
    by_name = classifier().fit(X, Y, groups=[f"salt {-g}" for g in groups]).predict_proba(NEW)
    np.testing.assert_array_equal(by_name, by_number)
    assert np.abs(by_number - fitted.predict_proba(NEW)).max() > 1e-3


@pytest.mark.parametrize("readout", ["process", "mean"])
def test_early_stopping(readout):
    noise = np.random.RandomState(0).permutation(Y)
    settings = {"readout": readout, "max_epochs": 60, "n_iter_no_change": 3, "alpha": 0.0}
    model = classifier(**settings, early_stopping=True, lr=0.05).fit(X, noise)
    losses = [epoch["valid_loss"] for epoch in model.history_]
    assert len(losses) < 60
    assert len(losses) - 1 - int(np.argmin(losses)) == 3
    assert len(model.support_indices_) == 18  # those held out too


@pytest.mark.parametrize(
    "y", [[0, 1] * 2, [0, 1, 1, 1], [0, 1, 2, 3]], ids=["two each", "one and three", "one each"]
)
@pytest.mark.filterwarnings("ignore::sksiamese.exceptions.SmallClassWarning")
def test_early_stopping_of_few_rows(y):
    """A fifth of two rows is no whole row; a legal setting must not fail for that."""
    for batch_size in (2, 512):
        model = classifier(early_stopping=True, batch_size=batch_size, max_epochs=3)
        proba = model.fit(X[:4], y).predict_proba(NEW)
        assert np.isfinite(proba).all()


@pytest.mark.parametrize("readout", ["process", "mean"])
def test_batches_smaller_than_the_table(readout):
    for changes in ({}, {"early_stopping": True}):
        model = classifier(batch_size=5, max_epochs=3, readout=readout, **changes).fit(X, Y)
        n_batches = [sum("train_loss" in b for b in epoch["batches"]) for epoch in model.history_]
        assert n_batches == [4 if readout == "mean" else 1] * 3
        proba = model.predict_proba(NEW)
        assert np.isfinite(proba).all()
        close(proba.sum(axis=1), 1, 1e-12)


class Recorder(Callback):
    """Writes down the events that it receives."""

    def __init__(self):
        self.events = []

    def on_train_begin(self, net, **_):
        self.events.append("train begin")

    def on_epoch_end(self, net, **_):
        self.events.append(f"epoch {len(net.history)}")

    def on_grad_computed(self, net, **_):
        self.events.append("gradient")

    def on_train_end(self, net, **_):
        self.events.append("train end")


def test_callbacks_receive_events(fitted):
    recorder = Recorder()
    model = classifier(max_epochs=2, callbacks=[recorder]).fit(X, Y)
    steps = ["gradient", "epoch 1", "gradient", "epoch 2"]
    assert recorder.events == ["train begin", *steps, "train end"]
    assert model.callbacks == [recorder]


def test_silent_by_default(capfd):
    classifier(**RANDOM).fit(X, Y).predict(NEW)
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_verbose_shows_a_bar(capfd):
    classifier(verbose=1, max_epochs=4).fit(X, Y)
    captured = capfd.readouterr()
    assert captured.out == ""
    assert "training: 100%" in captured.err
    assert "4/4" in captured.err


def test_from_paper_has_the_published_settings():
    model = GraphFingerprintSiameseClassifier.from_paper(random_state=5)
    published = {
        "hidden_layer_sizes": (60,),
        "embedding_size": 50,
        "dropout": 0.5,
        "alpha": 0.001,
        "conv_width": 32,
        "fp_size": 10,
        "radius": 2,
        "activation": "leaky_relu",
        "embedding_activation": "sigmoid",
        "lr": 0.001,
        "max_epochs": 25 * 32,
        "scaling": "minmax",
        "readout": "paper",
        "random_state": 5,
    }
    assert {name: model.get_params()[name] for name in published} == published
    assert GraphFingerprintSiameseClassifier.from_paper(dropout=0.1).dropout == 0.1
    proba = model.set_params(max_epochs=3).fit(X, Y).predict_proba(NEW)
    close(proba.sum(axis=1), 1, 1e-12)


def test_graphs_in_the_explicit_route_are_molgraphs():
    graphs = SMILESFeaturizer().fit_transform(X[["ligand"]])
    assert all(isinstance(graph, MolGraph) for graph in graphs.flat)


class FailOnce(Callback):
    """Ruin the weights in the first training, as steps that are far too large would."""

    n_trainings = 0

    def on_train_end(self, net, **kwargs):
        self.n_trainings += 1
        if self.n_trainings == 1:
            with torch.no_grad():
                next(iter(net.module_.parameters())).fill_(np.nan)


def test_a_training_that_diverges_starts_again_with_smaller_steps():
    X, y = np.random.RandomState(0).normal(size=(20, 3)), np.arange(20) % 2
    settings = {"n_members": 2, "max_epochs": 5, "random_state": 0}
    model = GraphFingerprintSiameseClassifier(lr=0.02, callbacks=[FailOnce()], **settings)
    message = (
        "Training with lr=0.02 diverged: weights became NaN or larger than 1e+15. It starts again "
        "with lr=0.002."
    )
    with pytest.warns(ConvergenceWarning, match=f"^{re.escape(message)}$"):
        model.fit(X, y)
    small = GraphFingerprintSiameseClassifier(lr=0.002, **settings).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), small.predict_proba(X))
    assert model.lr == 0.02


# After one step of 1e200, weights are numbers still, but what they give is not.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("max_epochs", [1, 5])
def test_a_training_that_diverges_twice_is_an_error_and_leaves_the_model_as_it_was(max_epochs):
    X, y = np.random.RandomState(0).normal(size=(20, 3)), np.arange(20) % 2
    model = GraphFingerprintSiameseClassifier(n_members=2, max_epochs=5, random_state=0).fit(X, y)
    before = model.predict_proba(X)
    message = (
        "Training diverged with lr=1e+200, and again with lr=1e+199: weights became NaN or "
        "larger than 1e+15. Lower lr, and look for extreme numbers in X and sample_weight."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        model.set_params(lr=1e200, max_epochs=max_epochs).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), before)


@pytest.fixture
def interrupted(monkeypatch):
    """Ctrl-C in the third step of every training."""
    step = EnsembleNet.train_step_single

    def interrupt(net, batch, **kwargs):
        if len(net.history) == 3:
            raise KeyboardInterrupt
        return step(net, batch, **kwargs)

    monkeypatch.setattr(EnsembleNet, "train_step_single", interrupt)
    return monkeypatch


def test_an_interruption_goes_on_and_leaves_the_model_as_it_was(interrupted):
    X, y = np.random.RandomState(0).normal(size=(20, 3)), np.arange(20) % 2
    model = GraphFingerprintSiameseClassifier(n_members=2, max_epochs=5, random_state=0)
    for is_fitted in (False, True):
        before = dict(vars(model))
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, y)
        assert vars(model) == before
        assert hasattr(model, "net_") == is_fitted
        model.set_params(max_epochs=2).fit(X, y).set_params(max_epochs=5)


def test_an_interruption_closes_the_progress_bar(interrupted, capsys):
    X, y = np.random.RandomState(0).normal(size=(20, 3)), np.arange(20) % 2
    with pytest.raises(KeyboardInterrupt):
        GraphFingerprintSiameseClassifier(verbose=1, random_state=0).fit(X, y)
    assert capsys.readouterr().err.endswith("\n")


class StopAtThree(Callback):
    """A callback ends a training as skorch's own do."""

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == 3:
            raise KeyboardInterrupt


def test_a_callback_may_end_the_training():
    X, y = np.random.RandomState(0).normal(size=(20, 3)), np.arange(20) % 2
    model = GraphFingerprintSiameseClassifier(callbacks=[StopAtThree()], random_state=0).fit(X, y)
    assert len(model.history_) == 3
