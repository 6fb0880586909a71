"""The default read-out, through the classifier: rows, weights, support, evidence, base rates."""

import io
import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from rdkit import Chem
from scipy.special import expit
from scipy.stats import norm

from sksiamese import GraphFingerprintSiameseClassifier, load_model, save_model
from sksiamese.models.readouts import _gaussian_process as process_module
from sksiamese.models.readouts import _gaussian_process_support as support_module
from sksiamese.models.readouts._gaussian_process import ProcessNet, make_pairs
from sksiamese.models.training._ensemble_net import to_tensors
from sksiamese.models.training._labelled_rows import LabelledExperiments
from sksiamese.tables.encoding._distances import RowDistances

LIGANDS = ["SCCN", "SCCO", "CCCCS", "Sc1ccccc1", "OC(=O)CS", "CC(C)S", "CCCCCCS", "SCCCO"]
SOLVENTS = ["O", "CO", "ClCCl"]
SMALL = {"n_members": 2, "max_epochs": 10, "fp_size": 4, "conv_width": 6, "radius": 1}


def classifier(**changes):
    return GraphFingerprintSiameseClassifier(**{**SMALL, "random_state": 0, **changes})


def make_frame(n=24, seed=0):
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
THREE = np.array(["gel", "no", "yes"])[np.digitize(X["pH"], [7, 9])]
NEW = make_frame(9, seed=1)
REASONS = [
    *("same ligand", "similar ligand", "learned ligand"),
    *("same solvent", "similar solvent", "learned solvent"),
    *("near mM", "near pH", "recipe", "learned"),
]


@pytest.fixture(scope="module")
def fitted():
    """A fitted classifier; no test may change it."""
    return classifier().fit(X, Y)


@pytest.fixture(scope="module")
def fitted_three():
    """The same of three classes; no test may change it."""
    return classifier().fit(X, THREE)


def close(first, second, atol):
    np.testing.assert_allclose(first, second, rtol=0, atol=atol)


def respell(smiles):
    """Write a molecule from its other end."""
    mol = Chem.MolFromSmiles(smiles)
    return Chem.MolToSmiles(mol, rootedAtAtom=mol.GetNumAtoms() - 1, canonical=False)


# -- The same prediction by another way ------------------------------------------------------------


def slow_processes(model, frame, support, y):
    """Mean and variance of the latent values (n_members, n) and prior mean of each kernel."""
    network, encoder = model.module_.eval(), model.encoder_
    left, right = encoder.encode(frame), encoder.encode(support)
    both = encoder.encode(pd.concat([frame, support]))
    pairs = make_pairs(RowDistances(right), encoder.encode(pd.concat([frame, support])), "cpu")
    inputs = [to_tensors(each, 1, "cpu") for each in (both, right)]
    with torch.no_grad():
        views = [network(*each) for each in inputs]
        found = network.covariances(pairs, *views)
    rate = (np.bincount(y, minlength=2) + 2 * model.class_prior_) / (len(y) + 2)
    prior = np.log(rate[1] / rate[0])
    n, members = len(left.molecules), []
    for name, covariance in found.items():
        own = network.kernel(name).own().detach().numpy()
        for k, variance in zip(covariance.numpy(), own, strict=True):
            cross, among = k[:n], k[n:]
            f = np.full(len(y), prior)
            for _ in range(100):
                p = expit(f)
                w = p * (1 - p)
                f = prior + among @ np.linalg.solve(
                    np.eye(len(y)) + w[:, None] * among, w * (f - prior) + y - p
                )
            p = expit(f)
            w = p * (1 - p)
            alpha = y - p
            if name != "embedding":
                posterior = among - among @ np.linalg.solve(among + np.diag(1 / w), among)
                third = -w * (1 - 2 * p)
                shift = np.diag(posterior) * third / 2
                alpha = alpha + shift - np.linalg.solve(among + np.diag(1 / w), among @ shift)
            moved = cross @ alpha
            reduced = (cross * np.linalg.solve(among + np.diag(1 / w), cross.T).T).sum(1)
            members.append((name, moved, variance - reduced))
    shape = len(network.seeds), n
    for name in found:
        moved, variance = zip(*(each[1:] for each in members if each[0] == name), strict=True)
        yield np.broadcast_to(moved, shape), np.broadcast_to(variance, shape), prior


def slow_proba(model, frame, support, y):
    """Probabilities of the positive class, member by member, from the kernels and Laplace."""
    found = slow_processes(model, frame, support, y)
    return np.mean([expit(m + at / np.sqrt(1 + np.pi / 8 * v)) for at, v, m in found], axis=0)


def slow_std(model, frame, support, y):
    """Standard deviation of the probability over members, kernels and latent values."""
    proba, within = [], []
    for moved, variance, prior in slow_processes(model, frame, support, y):
        proba.append(expit(prior + moved / np.sqrt(1 + np.pi / 8 * variance)))
        for at, v in zip(moved.ravel(), variance.ravel(), strict=True):
            of = norm(prior + at, np.sqrt(v)).expect
            within.append(of(lambda f: expit(f) ** 2) - of(expit) ** 2)
    within = np.reshape(within, (-1, len(frame)))
    return np.sqrt(np.concatenate(proba).var(axis=0) + within.mean(axis=0))


def test_kernels_are_adapted_under_the_prior_mean_of_predictions(fitted):
    """Class frequencies of training count as two rows, also where a class has none."""
    works = Y == 1
    support, y = X[works], Y[works]
    rate = (len(y) + 2 * fitted.class_prior_[1]) / (len(y) + 2)
    expected = np.log(rate / (1 - rate))
    experiments, n = fitted.encoder_.encode(support), len(y)
    rows = experiments, y, np.zeros(n, np.int64), np.ones(n), np.zeros(n, bool)
    data = LabelledExperiments(*rows, fitted.class_prior_)
    batch = fitted.net_.make_batch(data, np.arange(n), True, np.random.RandomState(0))
    close(batch.labels.mean.item(), expected, 1e-12)
    other = pickle.loads(pickle.dumps(fitted)).adapt(support, y)
    for *_, mean in other._support.posteriors.values():
        close(mean.item(), expected, 1e-12)


def test_doubt_is_that_of_members_kernels_and_latent_values(fitted):
    found = fitted.predict_std(NEW[:4])
    close(found[:, 1], slow_std(fitted, NEW[:4], X, Y), 1e-3)
    close(found[:, 0], found[:, 1], 1e-15)  # what one class may be off, so may the other


def test_doubt_of_several_classes(fitted_three):
    """At least that of the members, and less than a coin's; the same row by row."""
    std = fitted_three.predict_std(NEW)
    assert (std > fitted_three.predict_members(NEW).std(axis=0)).all()
    assert (std < 0.5).all()
    close(std, np.concatenate([fitted_three.predict_std(NEW[i : i + 1]) for i in range(9)]), 1e-6)


def test_probabilities_follow_the_equations(fitted):
    """The three kernels are conditioned on the rows of fit, and their probabilities averaged."""
    expected = slow_proba(fitted, NEW, X, Y)
    close(fitted.predict_members(NEW)[..., 1], expected, 1e-5)
    rows = np.r_[0:5, 9:20]
    other = pickle.loads(pickle.dumps(fitted)).set_support(X.iloc[rows], Y[rows])
    close(other.predict_members(NEW)[..., 1], slow_proba(fitted, NEW, X.iloc[rows], Y[rows]), 1e-5)


@pytest.mark.parametrize("name", ["fitted", "fitted_three"])
def test_many_rows_are_compared_in_single_precision(name, request, monkeypatch):
    model = request.getfixturevalue(name)
    exact, std = model.predict_proba(NEW), model.predict_std(NEW)
    monkeypatch.setattr(support_module, "_MANY_PAIRS", 0)
    found = model.predict_proba(NEW)
    assert (found != exact).any()
    close(found, exact, 1e-6)
    close(model.predict_std(NEW), std, 1e-5)
    monkeypatch.setattr(support_module, "_MOST_VARIANCE", 0)  # of kernels that round too much
    np.testing.assert_array_equal(model.predict_proba(NEW), exact)


@pytest.mark.parametrize("name", ["fitted", "fitted_three"])
def test_rows_alone_together_in_any_order(name, request):
    model = request.getfixturevalue(name)
    together = model.predict_proba(NEW)
    alone = np.vstack([model.predict_proba(NEW.iloc[[i]]) for i in range(len(NEW))])
    close(alone, together, 1e-6)
    order = np.random.RandomState(0).permutation(len(NEW))
    close(model.predict_proba(NEW.iloc[order]), together[order], 1e-6)


@pytest.mark.parametrize("y", [Y, THREE], ids=["two", "three"])
def test_order_of_training_rows(y):
    order = np.random.RandomState(0).permutation(len(X))
    expected = classifier().fit(X, y).predict_proba(NEW)
    close(classifier().fit(X.iloc[order], y[order]).predict_proba(NEW), expected, 1e-6)


def test_two_spellings_of_a_molecule_predict_the_same(fitted):
    other = NEW.assign(ligand=NEW["ligand"].map(respell))
    assert (other["ligand"] != NEW["ligand"]).any()
    close(fitted.predict_proba(other), fitted.predict_proba(NEW), 1e-6)
    parts = [model.support_evidence(frame)[REASONS] for model in [fitted] for frame in (NEW, other)]
    close(parts[0], parts[1], 1e-6)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_weights_are_numbers_of_equal_rows(n_classes):
    y = Y if n_classes == 2 else THREE
    weight = np.arange(24) % 3
    rows = np.repeat(np.arange(24), weight)
    weighted = classifier().fit(X, y, sample_weight=weight)
    repeated = classifier().fit(X.iloc[rows], y[rows])
    close(weighted.predict_members(NEW), repeated.predict_members(NEW), 1e-6)


# -- Probabilities ---------------------------------------------------------------------------------


def test_several_classes_sum_to_one(fitted_three):
    members = fitted_three.predict_members(NEW)
    assert members.shape == (2, 9, 3)
    close(members.sum(-1), 1, 1e-12)
    assert members.min() > 0
    assert np.mean(fitted_three.predict(X) == THREE) >= 0.8


def test_far_from_all_data_the_base_rate():
    """Three to one: no molecule and no number in common with any row of training."""
    rng = np.random.RandomState(0)
    table = pd.DataFrame(
        {"ligand": [LIGANDS[i % 8] for i in range(60)], "mM": rng.uniform(0.1, 5, 60)}
    )
    y = (np.arange(60) % 4 == 0).astype(int)
    model = classifier(max_epochs=30).fit(table, y)
    close(model.class_prior_, [0.75, 0.25], 1e-12)
    far = pd.DataFrame({"ligand": ["[Xe]"], "mM": [1e6]})
    close(model.predict_proba(far), [[0.75, 0.25]], 0.1)
    near = table.iloc[[0, 4, 8]]
    assert np.abs(model.predict_proba(far) - 0.5).min() > 0.1
    assert model.pair_score(far, near).max() < model.pair_score(near, near).min() + 0.3


def test_early_stopping():
    noise = np.random.RandomState(0).permutation(Y)
    model = classifier(early_stopping=True, max_epochs=80, n_iter_no_change=3).fit(X, noise)
    losses = model.history_[:, "valid_loss"]
    assert np.isfinite(losses).all()
    assert len(losses) < 80
    assert len(losses) - 1 - int(np.argmin(losses)) == 3
    assert len(model.support_indices_) == 24  # those held out too


def test_rows_held_out_do_not_train():
    """Rows that validate are turned round; the losses of training stay."""
    model = classifier(max_epochs=1).fit(X, Y)
    held_out = np.arange(24) % 5 == 0
    labels = [Y, np.where(held_out, 1 - Y, Y)]
    found = []
    for y in labels:
        rows = model.encoder_.encode(X), y, np.zeros(24, int), np.ones(24), held_out
        data = LabelledExperiments(*rows, prior=np.full(2, 0.5))
        (batch,) = model.net_.get_iterator(data, training=True)
        model.net_._set_training(False)
        prior = torch.zeros_like(batch.labels.mean)  # that of a half; the swap may change the rate
        batch = batch._replace(labels=batch.labels._replace(mean=prior))
        found.append(model.net_._losses(batch).detach().numpy())
    np.testing.assert_allclose(found[0], found[1], rtol=0, atol=1e-6)


def test_rows_of_different_groups_have_no_covariance_in_training():
    groups = np.arange(24) % 4
    model = classifier(max_epochs=1).fit(X, Y)
    rows = model.encoder_.encode(X), Y, groups, np.ones(24), np.zeros(24, bool)
    (batch,) = model.net_.get_iterator(
        LabelledExperiments(*rows, prior=np.full(2, 0.5)), training=True
    )
    np.testing.assert_array_equal(batch.within, groups[:, None] == groups)
    assert isinstance(model.net_, ProcessNet)
    # The evidence of independent groups is the product of theirs.
    whole = model.net_._losses(batch)
    penalty = sum(model.module_.kernel(name).penalty() for name in model.module_.kernels) / 2
    parts = []
    model.net_._set_training(False)
    for group in range(4):
        data = LabelledExperiments(
            rows[0].take(np.flatnonzero(groups == group)),
            *(each[groups == group] for each in rows[1:]),
            prior=np.full(2, 0.5),
        )
        (part,) = model.net_.get_iterator(data, training=True)
        labels = part.labels._replace(mean=batch.labels.mean)
        parts.append(model.net_._losses(part._replace(labels=labels)) - penalty)
    torch.testing.assert_close(whole - penalty, sum(parts), rtol=0, atol=1e-6)


def test_groups_change_what_is_learnt(fitted):
    """And groups of one row each teach nothing of similarity."""
    changed = classifier().fit(X, Y, groups=np.arange(24) // 6)
    assert np.abs(changed.predict_proba(NEW) - fitted.predict_proba(NEW)).max() > 1e-3
    alone = classifier().fit(X, Y, groups=np.arange(24))
    assert np.isfinite(alone.predict_proba(NEW)).all()


# -- Support ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("y", [Y, THREE], ids=["two", "three"])
def test_set_support_and_back(y):
    model = classifier().fit(X, y)
    proba = model.predict_proba(NEW)
    rows = np.r_[0:9, 14:24]
    fewer = model.set_support(X.iloc[rows], y[rows]).predict_proba(NEW)
    assert np.abs(fewer - proba).max() > 1e-3
    adapted = model.adapt(X.iloc[rows], y[rows]).predict_proba(NEW)
    assert np.abs(adapted - fewer).max() > 1e-4
    close(model.set_support(X.iloc[rows], y[rows]).predict_proba(NEW), fewer, 1e-12)
    close(model.set_support(X, y).predict_proba(NEW), proba, 1e-12)


def test_support_rows_in_any_order(fitted):
    copy = pickle.loads(pickle.dumps(fitted))
    order = np.random.RandomState(0).permutation(24)
    found = copy.set_support(X.iloc[order], Y[order]).predict_proba(NEW)
    close(found, fitted.predict_proba(NEW), 1e-6)


def test_rows_that_are_no_support_speak_through_those_that_are():
    model = classifier(support_size=10).fit(X, Y)
    kept = model.support_indices_
    assert len(kept) <= 10
    proba = model.predict_proba(NEW)
    model.set_params(support_size=None).set_support(X.iloc[kept], Y[kept])
    assert np.abs(model.predict_proba(NEW) - proba).max() > 1e-2
    # With all rows it is nearer to that of all labels than with the chosen rows alone.
    alone = model.predict_proba(NEW)
    whole = model.set_support(X, Y).predict_proba(NEW)
    assert np.abs(proba - whole).mean() < np.abs(alone - whole).mean()


def test_many_rows_are_compared_with_some(monkeypatch):
    monkeypatch.setattr(process_module, "_MOST_SUPPORT", 12)
    model = classifier().fit(X, Y)
    assert len(model.support_indices_) <= 12
    assert set(Y[model.support_indices_]) == {0, 1}
    assert np.isfinite(model.predict_proba(NEW)).all()


def test_more_rows_than_a_batch():
    model = classifier(batch_size=7, early_stopping=True, max_epochs=4).fit(X, THREE)
    assert len(model.support_indices_) == 24
    proba = model.predict_proba(NEW)
    assert np.isfinite(proba).all()
    close(proba.sum(1), 1, 1e-12)


def test_a_class_without_support_is_the_rarer():
    model = classifier().fit(X, THREE)
    rows = np.flatnonzero(THREE != "gel")
    before = model.predict_proba(NEW)[:, 0].mean()
    proba = model.set_support(X.iloc[rows], THREE[rows]).predict_proba(NEW)
    assert (proba[:, 0] > 0).all()
    assert proba[:, 0].mean() < before


def test_a_support_without_a_solution_is_refused(monkeypatch):
    model = classifier().fit(X, Y)
    before = model.predict_proba(NEW)
    condition = process_module.condition

    def fail(*given):
        found = condition(*given)
        return found._replace(coefficients=found.coefficients * torch.nan)

    monkeypatch.setattr(process_module, "condition", fail)
    with pytest.raises(ValueError, match=r"^The support set of 5 rows cannot be taken up"):
        model.set_support(X[:5], Y[:5])
    close(model.predict_proba(NEW), before, 0)


# -- Similarity and evidence -----------------------------------------------------------------------


def test_pair_score(fitted, fitted_three):
    for model in (fitted, fitted_three):
        score = model.pair_score(X, NEW)
        assert score.shape == (24, 9)
        assert score.min() >= 0
        assert score.max() <= 1
        close(score, model.pair_score(NEW, X).T, 1e-12)
        close(np.diag(model.pair_score(NEW, NEW)), 1, 1e-9)
    near, far = X[:1].assign(pH=X["pH"].iloc[0] + 0.01), X[:1].assign(pH=20.0)
    assert fitted.pair_score(X[:1], near)[0, 0] > fitted.pair_score(X[:1], far)[0, 0]


def test_transform(fitted):
    assert fitted.transform(NEW).shape == (9, 2 * 20)
    assert len(fitted.get_feature_names_out()) == 40
    alone = np.vstack([fitted.transform(NEW.iloc[[i]]) for i in range(9)])
    close(alone, fitted.transform(NEW), 1e-9)


@pytest.mark.parametrize("name", ["fitted", "fitted_three"])
def test_evidence_has_reasons_that_add_up(name, request):
    model = request.getfixturevalue(name)
    table = model.support_evidence(NEW, n_top=24)
    first = ["row", "support", "outcome", "similarity", "share", "same"]
    assert list(table.columns[:6]) == first
    assert sorted(table.columns[6:]) == sorted(REASONS)
    close(table[REASONS].sum(axis=1), table["share"], 1e-12)
    assert (table[REASONS] >= 0).all().all()
    for row, part in table.groupby("row"):
        assert part["share"].is_monotonic_decreasing
        assert part["share"].sum() < 1  # the base rate counts too
        assert sorted(part["support"]) == sorted(X.index)
        score = model.pair_score(NEW.loc[[row]], X.loc[part["support"]])[0]
        close(part["similarity"], score, 1e-9)
        same = part["support"].map(X["ligand"]) == NEW.loc[row, "ligand"]
        assert (part["same ligand"][same] > 0).all()
        assert (part["same ligand"][~same] == 0).all()


def test_evidence_of_a_row_that_is_known():
    """One row of each class is the query itself, the others are far off."""
    table = pd.DataFrame({"a": [0.0, 1.0, 1.1, 1.2, -1.0, -1.1], "b": [0.0, 5, -5, 6, 5, -4]})
    y = np.array([1, 1, 1, 0, 0, 0])
    model = classifier(max_epochs=3).fit(table, y)
    found = model.support_evidence(table[:1], n_top=6)
    own = found[found["outcome"] == 1]
    assert own["support"].iloc[0] == 0
    assert own["similarity"].iloc[0] == pytest.approx(1)
    assert list(found.columns[6:]) == ["near a", "near b", "recipe", "learned"]


# -- Kinds of tables, copies -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "columns", [["mM", "pH"], ["pH"], ["ligand"], ["ligand", "solvent"], ["ligand", "pH"]]
)
@pytest.mark.parametrize("descriptors", [True, False])
def test_numbers_alone_and_molecules_alone(columns, descriptors):
    model = classifier(max_epochs=3, descriptors=descriptors).fit(X[columns], Y)
    proba = model.predict_proba(NEW[columns])
    close(proba.sum(1), 1, 1e-12)
    alone = np.vstack([model.predict_proba(NEW[columns].iloc[[i]]) for i in range(9)])
    close(alone, proba, 1e-6)
    evidence = model.support_evidence(NEW[columns])
    close(evidence.iloc[:, 6:].sum(axis=1), evidence["share"], 1e-12)


def test_a_column_of_distinct_molecules():
    table = pd.DataFrame({"ligand": ["C" * (i % 12 + 1) + "ON"[i // 12] for i in range(24)]})
    y = np.arange(24) // 12
    model = classifier(max_epochs=20).fit(table, y)
    new = pd.DataFrame({"ligand": ["C" * 14 + "O", "C" * 14 + "N"]})
    assert model.predict(new).tolist() == [0, 1]
    close(model.pair_score(table, table).diagonal(), 1, 1e-9)


@pytest.mark.parametrize("heavy", [3, 40])
def test_numbers_with_heavy_tails(heavy):
    """Numbers many standard deviations apart, and many of them."""
    rng = np.random.RandomState(heavy)
    table = pd.DataFrame(
        {"a": rng.standard_t(1, 150) * heavy, "b (mM)": np.exp(2 * rng.normal(size=150))}
    )
    model = classifier(max_epochs=20).fit(table, (table["b (mM)"] > 1).astype(int))
    assert np.isfinite(model.predict_proba(table)).all()


@pytest.mark.parametrize("y", [Y, THREE], ids=["two", "three"])
def test_copies_predict_the_same(y, tmp_path):
    model = classifier().fit(X, y)
    save_model(model, tmp_path / "model.skm")
    copies = [load_model(tmp_path / "model.skm"), pickle.load(io.BytesIO(pickle.dumps(model)))]
    rows = np.r_[0:9, 14:24]
    fewer = classifier().fit(X, y).set_support(X.iloc[rows], y[rows]).predict_proba(NEW)
    adapted = classifier().fit(X, y).adapt(X.iloc[rows], y[rows]).predict_proba(NEW)
    for copy in copies:
        close(copy.predict_proba(NEW), model.predict_proba(NEW), 1e-12)
        close(copy.pair_score(NEW, X), model.pair_score(NEW, X), 1e-12)
        pd.testing.assert_frame_equal(copy.support_evidence(NEW), model.support_evidence(NEW))
        close(copy.set_support(X.iloc[rows], y[rows]).predict_proba(NEW), fewer, 1e-9)
        close(copy.adapt(X.iloc[rows], y[rows]).predict_proba(NEW), adapted, 1e-6)
        assert len(copy.history_) == 10
