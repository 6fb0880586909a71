"""Learning from past campaigns, and taking up a new one from a few of its experiments."""

import io
import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.spatial.distance import cdist
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import matthews_corrcoef, roc_auc_score
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict, cross_val_score

from sksiamese import GraphFingerprintSiameseClassifier, load_model, save_model
from sksiamese.models.readouts._past_campaigns import EpisodeLoss, campaign_rate, find_threshold
from sksiamese.models.training._ensemble_net import last_layer
from sksiamese.models.training._labelled_rows import LabelledExperiments
from sksiamese.nn._support_residual import SupportResidual

SALTS = ["C[NH3+]", "CC[NH3+]", "CCC[NH3+]", "CCCC[NH3+]", "CC(C)[NH3+]", "NC=[NH2+]"]
SMALL = {"n_members": 2, "max_epochs": 10, "fp_size": 4, "conv_width": 6, "radius": 1}


def classifier(**changes):
    settings = {**SMALL, "readout": "residual", "random_state": 0, **changes}
    return GraphFingerprintSiameseClassifier(**settings)


def make_campaigns(n_each=30, n_groups=6, seed=0):
    """Success above a concentration that differs from salt to salt, and nothing else tells."""
    rng = np.random.RandomState(seed)
    groups = np.repeat(np.arange(n_groups), n_each)
    frame = pd.DataFrame(
        {
            "salt": [SALTS[g % len(SALTS)] for g in groups],
            "mM": rng.uniform(0, 1, len(groups)),
            "pH": rng.uniform(4, 12, len(groups)),
        },
        index=[f"run {i}" for i in range(len(groups))],
    )
    limit = rng.uniform(0.3, 0.7, n_groups)[groups]
    return frame, (frame["mM"].to_numpy() > limit).astype(int), groups


X, Y, GROUPS = make_campaigns()
PAST, NEW = GROUPS < 5, GROUPS == 5
XN, YN = X[NEW], Y[NEW]


@pytest.fixture(scope="module")
def fitted():
    """A classifier fitted to five campaigns; tests set its support set anew."""
    return classifier().fit(X[PAST], Y[PAST], groups=GROUPS[PAST])


def weights_of(model):
    return {name: each.detach().clone() for name, each in model.module_.state_dict().items()}


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def close(first, second, atol):
    np.testing.assert_allclose(first, second, rtol=0, atol=atol)


# -- Predictions from the equations ----------------------------------------------------------------


def slow_proba(model, frame, support=None, y=None):
    """Class probabilities of one member in NumPy, from its embedding and its last weights."""
    module = model.module_
    weight, bias = (getattr(module.trend, name).detach().numpy()[0] for name in ("weight", "bias"))
    similarity = module.similarity
    scale = np.log1p(np.exp(similarity.weight.detach().numpy()[0]))

    def trend(rows):
        return (model.transform(rows) / scale) @ weight + bias

    def kernel(first, second):
        distance = cdist(model.transform(first), model.transform(second), metric="cityblock")
        return np.exp(similarity.bias.item() - distance) + np.exp(module.residual.level.item())

    scores = trend(frame)
    if support is not None:
        noise = np.log1p(np.exp(module.residual.noise.item())) + 0.05
        residual = 2 * (np.eye(len(model.classes_))[y] - softmax(trend(support)))
        system = kernel(support, support) + noise * np.eye(len(support))
        scores = scores + kernel(frame, support) @ np.linalg.solve(system, residual)
    return softmax(scores)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_probabilities_follow_the_equations(n_classes):
    y = Y if n_classes == 2 else np.digitize(X["mM"], [0.35, 0.6])
    model = classifier(n_members=1).fit(X[PAST], y[PAST], groups=GROUPS[PAST])
    assert model.support_indices_.tolist() == []
    close(model.predict_proba(XN), slow_proba(model, XN), 1e-9)
    support, labels = XN[:8], y[NEW][:8]
    model.set_support(support, labels)
    close(model.predict_proba(XN), slow_proba(model, XN, support, labels), 1e-9)


@pytest.mark.filterwarnings("ignore:These columns never varied")
def test_without_groups_the_rows_of_fit_are_the_support():
    model = classifier(n_members=1).fit(XN, YN)
    assert model.support_indices_.tolist() == list(range(30))
    close(model.predict_proba(X), slow_proba(model, X, XN, YN), 1e-9)


# -- Support ---------------------------------------------------------------------------------------


def test_set_support_leaves_the_weights(fitted):
    before = weights_of(fitted)
    first = fitted.set_support(XN[:6], YN[:6]).predict_proba(XN)
    assert np.abs(first - fitted.set_support(XN[10:20], YN[10:20]).predict_proba(XN)).max() > 1e-3
    assert all(torch.equal(each, before[name]) for name, each in weights_of(fitted).items())
    np.testing.assert_array_equal(fitted.set_support(XN[:6], YN[:6]).predict_proba(XN), first)


def test_support_weights_repeat_rows(fitted):
    weight = np.arange(8) % 3
    weighted = fitted.set_support(XN[:8], YN[:8], sample_weight=weight).predict_proba(XN)
    rows = np.repeat(np.arange(8), weight)
    repeated = fitted.set_support(XN.iloc[rows], YN[rows])
    close(weighted, repeated.predict_proba(XN), 1e-12)


def test_the_order_of_the_support_does_not_matter(fitted):
    order = np.random.RandomState(0).permutation(9)
    first = fitted.set_support(XN[:9], YN[:9]).predict_proba(XN)
    close(fitted.set_support(XN[:9].iloc[order], YN[:9][order]).predict_proba(XN), first, 1e-12)


def test_a_class_without_support_keeps_what_past_campaigns_say(fitted):
    rows = np.flatnonzero(YN == 0)[:3]
    before = fitted.set_support(XN[:1], YN[:1], sample_weight=[1e-9]).predict_proba(XN)
    proba = fitted.set_support(XN.iloc[rows], YN[rows]).predict_proba(XN)
    assert (proba[:, 1] > 0).all()
    assert (proba[:, 1] < before[:, 1]).all()  # three failures, no success
    trend = classifier().fit(X[PAST], Y[PAST], groups=GROUPS[PAST]).predict_proba(XN)
    close(before, trend, 1e-6)  # next to no support is none


def test_one_support_row_is_enough(fitted):
    proba = fitted.set_support(XN[:1], YN[:1]).predict_proba(XN)
    assert np.isfinite(proba).all()


# -- Nothing leaks ---------------------------------------------------------------------------------


def test_labels_of_the_queries_change_nothing():
    """A campaign's labels are turned round, but for those of its support rows."""
    turned = np.where(np.arange(len(XN)) < 8, YN, 1 - YN)
    found = []
    for y in (YN, turned):
        labels = np.concatenate([Y[PAST], y])
        model = classifier().fit(X[PAST], labels[: PAST.sum()], groups=GROUPS[PAST])
        found.append(model.set_support(XN[:8], y[:8]).predict_proba(XN[8:]))
    np.testing.assert_array_equal(*found)


def test_labels_of_a_campaign_left_out_change_nothing():
    settings = {"groups": GROUPS, "params": {"groups": GROUPS}, "method": "predict_proba"}
    turned = np.where(NEW, 1 - Y, Y)
    found = [
        cross_val_predict(classifier(), X, y, cv=LeaveOneGroupOut(), **settings)
        for y in (Y, turned)
    ]
    np.testing.assert_array_equal(found[0][NEW], found[1][NEW])
    assert np.abs(found[0][PAST] - found[1][PAST]).max() > 1e-4


def test_other_queries_change_nothing(fitted):
    fitted.set_support(XN[:8], YN[:8])
    close(fitted.predict_proba(XN[8:12]), fitted.predict_proba(XN)[8:12], 1e-12)


# -- What is learnt --------------------------------------------------------------------------------


def test_few_rows_teach_where_the_limit_of_a_new_salt_is():
    frame, y, groups = make_campaigns(n_each=40, n_groups=12, seed=1)
    past, new = groups < 11, groups == 11
    model = classifier(max_epochs=60, tanimoto="never")
    model.fit(frame[past], y[past], groups=groups[past])
    XN, YN = frame[new], y[new]
    before = np.abs(model.predict_proba(XN[10:])[:, 1] - YN[10:]).mean()
    after = np.abs(model.set_support(XN[:10], YN[:10]).predict_proba(XN[10:])[:, 1] - YN[10:])
    assert after.mean() < 0.85 * before
    assert roc_auc_score(YN[10:], model.predict_proba(XN[10:])[:, 1]) > 0.95


def test_campaigns_weigh_the_same():
    groups = np.repeat([0, 1, 2], [30, 6, 4])
    nobody, y = np.zeros(40, bool), Y[:40]
    experiments = classifier(max_epochs=1).fit(X[:40], y).encoder_.encode(X[:40])
    data = LabelledExperiments(experiments, y, groups, np.ones(40), nobody, prior=np.full(2, 0.5))
    loss, generator = EpisodeLoss(), np.random.RandomState(0)
    for _ in range(20):
        pairs, row_weight = loss.weigh(data, np.arange(40), True, generator)
        support = pairs[0].any(axis=0)
        close(np.bincount(groups, row_weight), 1 / 3, 1e-12)
        assert not row_weight[support].any()
        assert not pairs[0][np.not_equal.outer(groups, groups)].any()
    model = classifier(max_epochs=1).fit(X[:40], y, groups=groups)
    rates = [np.bincount(y[groups == g], minlength=2) / (groups == g).sum() for g in range(3)]
    close(model.class_prior_, np.mean(rates, axis=0), 1e-12)


def episode_data(held_out, weight):
    y, groups = Y[:40], np.repeat([0, 1], 20)
    experiments = classifier(max_epochs=1).fit(X[:40], y).encoder_.encode(X[:40])
    return LabelledExperiments(experiments, y, groups, weight, held_out, prior=np.full(2, 0.5))


def test_rows_held_out_only_validate():
    held_out = np.arange(40) % 5 == 0
    data, loss = episode_data(held_out, np.ones(40)), EpisodeLoss()
    pairs, row_weight = loss.weigh(data, np.arange(40), False, np.random.RandomState(0))
    np.testing.assert_array_equal(pairs[0].any(axis=0), ~held_out)
    np.testing.assert_array_equal(row_weight > 0, held_out)
    for seed in range(10):
        pairs, row_weight = loss.weigh(data, np.arange(40), True, np.random.RandomState(seed))
        assert not pairs[0][:, held_out].any()


def test_weights_count_in_episodes():
    weight = 1.0 + np.arange(40) % 3
    data, loss = episode_data(np.zeros(40, bool), weight), EpisodeLoss()
    pairs, row_weight = loss.weigh(data, np.arange(40), True, np.random.RandomState(0))
    support = pairs[0].any(axis=0)
    np.testing.assert_array_equal(pairs[0].max(axis=0)[support], weight[support])
    for group in (0, 1):
        rows = (data.groups == group) & ~support
        close(row_weight[rows], weight[rows] / weight[rows].sum() / 2, 1e-12)


def test_outcomes_held_out_teach_nothing():
    """Two rows that validate swap their labels: the losses of training stay."""
    table = pd.DataFrame({"m": ["C" * n for n in range(1, 41)] * 2})
    groups = np.repeat([0, 1], 40)
    y = np.arange(80) % 2
    settings = {"early_stopping": True, "max_epochs": 3, "validation_fraction": 0.2}
    losses = []
    for swap in (False, True):
        model = classifier(**settings)
        labels = y.copy()
        if swap:
            found = Held(model, table, y, groups).rows
            first, second = found[y[found] == 0][0], found[y[found] == 1][0]
            labels[[first, second]] = labels[[second, first]]
            rows = Held(model, table, y, groups).held_out
            model._hold_out = lambda *_, rows=rows: rows
        losses.append(model.fit(table, labels, groups=groups).history_[:, "train_loss"])
    np.testing.assert_allclose(losses[0], losses[1], rtol=0, atol=1e-12)


class Held:
    """The rows that a classifier holds out of a table."""

    def __init__(self, model, table, y, groups):
        read = model._read_labelled(table, y, groups, None, reset=True)
        self.held_out = model._hold_out(read, model._draw_seeds()[1])
        self.rows = np.flatnonzero(self.held_out)


def test_names_of_groups_do_not_matter():
    names = np.array(["a", "b", "c", "d", "e", "f"])[GROUPS]
    numbers = classifier(max_epochs=2).fit(X, Y, groups=GROUPS).predict_proba(X)
    by_name = classifier(max_epochs=2).fit(X, Y, groups=names).predict_proba(X)
    np.testing.assert_array_equal(numbers, by_name)


def test_early_stopping_validates_on_rows_held_out():
    settings = {"early_stopping": True, "max_epochs": 40, "n_iter_no_change": 2, "lr": 0.1}
    model = classifier(**settings).fit(X[PAST], Y[PAST], groups=GROUPS[PAST])
    losses = model.history_[:, "valid_loss"]
    assert np.isfinite(losses).all()
    assert len(losses) < 40


# -- Threshold -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def learnt():
    """A classifier that knows salts to differ in their limit, and the experiments of a new one."""
    frame, y, groups = make_campaigns(n_each=40, n_groups=12, seed=1)
    past = groups < 11
    model = classifier(max_epochs=60, tanimoto="never")
    return model.fit(frame[past], y[past], groups=groups[past]), frame[~past], y[~past]


def test_failures_do_not_speak_for_success(learnt):
    model, frame, y = learnt
    failures = np.flatnonzero(y == 0)
    called = []
    for n_rows in (1, 4, len(failures)):
        rows = failures[:n_rows]
        model.set_support(frame.iloc[rows], y[rows])
        called.append(model.predict(frame.iloc[rows]).mean())
    assert called[-1] <= 0.15
    assert called[2] <= max(called[0], called[1])


def test_the_threshold_follows_the_rate_of_the_campaign(learnt):
    """Successes alone are made rarer, by leaving most of them out."""
    model, frame, y = learnt
    rare = np.concatenate([np.flatnonzero(y == 0), np.flatnonzero(y == 1)[:4]])
    for rows in (np.arange(len(y)), rare):
        support = rows[::2]
        model.set_support(frame.iloc[support], y[support])
        query = rows[1::2]
        rate = y[query].mean()
        assert abs(model.predict(frame.iloc[query]).mean() - rate) < 0.2
        assert matthews_corrcoef(y[query], model.predict(frame.iloc[query])) > 0.4


def test_threshold_by_hand():
    """Three of the four rows fail, so the threshold lies a quarter of the way from the top."""
    proba = np.array([0.1, 0.4, 0.2, 0.3])
    both = np.stack([1 - proba, proba], axis=1)
    found = find_threshold(both, np.ones(4), np.array([0.75, 0.25]))
    close(found, (4 * np.array([0.65, 0.35]) + 2 * np.array([0.75, 0.25])) / 6, 1e-12)
    assert find_threshold(both[:0], np.ones(0), np.array([0.7, 0.3])).tolist() == [0.7, 0.3]


def test_rates_count_past_campaigns_as_two_rows():
    rate = campaign_rate(np.array([0, 0, 1]), np.array([1.0, 2.0, 1.0]), np.array([0.5, 0.5]))
    close(rate, np.array([4, 2]) / 6, 1e-12)


def test_thresholds_take_a_weight_of_two_as_two_rows(fitted):
    weight = np.arange(8) % 3
    weighted = fitted.set_support(XN[:8], YN[:8], sample_weight=weight)._support.threshold
    rows = np.repeat(np.arange(8), weight)
    repeated = fitted.set_support(XN.iloc[rows], YN[rows])._support.threshold
    close(weighted, repeated, 0.05)  # ties are spread out by half a row


# -- Extremes --------------------------------------------------------------------------------------


def test_steps_too_long_diverge_with_the_usual_message():
    with (
        pytest.warns(ConvergenceWarning, match="diverged"),
        pytest.raises(ValueError, match=r"Training diverged with lr=1e\+200"),
    ):
        classifier(lr=1e200).fit(X, Y, groups=GROUPS)


def test_support_of_extreme_weights(fitted):
    for weight in (1e-300, 1e300):
        proba = fitted.set_support(XN[:4], YN[:4], sample_weight=[weight] * 4).predict_proba(XN)
        assert np.isfinite(proba).all()


def test_support_without_a_solution_is_refused(fitted, monkeypatch):
    fitted.set_support(XN[:4], YN[:4])
    before = fitted.predict_proba(XN)
    monkeypatch.setattr(SupportResidual, "solve", lambda *_: torch.full((2, 4, 2), torch.nan))
    with pytest.raises(ValueError, match="cannot be taken up") as caught:
        fitted.set_support(XN[4:8], YN[4:8])
    assert str(caught.value) == (
        "The support set of 4 rows cannot be taken up: its equations have no finite solution. Look "
        "for extreme numbers in X and in sample_weight."
    )
    np.testing.assert_array_equal(fitted.predict_proba(XN), before)


# -- Choice of the support -------------------------------------------------------------------------


@pytest.mark.parametrize("readout", ["process", "mean", "residual"])
def test_support_size(readout):
    settings = {"readout": readout, "max_epochs": 2}
    model = classifier(**settings, support_size=10).fit(X, Y)
    kept = model.support_indices_
    assert len(kept) in (9, 10)
    assert set(Y[kept]) == {0, 1}
    again = classifier(**settings, support_size=10).fit(X, Y)
    assert again.support_indices_.tolist() == kept.tolist()
    same = classifier(**settings).fit(X, Y).set_support(X.iloc[kept], Y[kept])
    if readout == "process":  # the rows that were not drawn speak through those that were
        assert np.abs(same.predict_proba(XN) - model.predict_proba(XN)).max() > 1e-3
    else:
        close(same.predict_proba(XN), model.predict_proba(XN), 1e-12)
    model.set_support(X[:5], [0, 0, 0, 0, 1])
    assert model.support_indices_.tolist() == [0, 1, 2, 3, 4]
    model.set_params(support_size=1).set_support(X[:5], [0, 0, 0, 0, 1])
    assert len(model.support_indices_) == 2  # one of each class at least


@pytest.mark.parametrize("readout", ["process", "mean"])
def test_the_support_keeps_shares_and_prefers_weight(readout):
    y = np.repeat([0, 1], [80, 20])
    model = classifier(readout=readout, support_size=10, max_epochs=2).fit(X[:100], y)
    assert np.bincount(y[model.support_indices_]).tolist() == [8, 2]
    weight = np.ones(100)
    weight[::2] = 1e-9
    model.set_support(X[:100], y, sample_weight=weight)
    assert np.bincount(y[model.support_indices_]).tolist() == [8, 2]
    assert (model.support_indices_ % 2 == 1).all()


# -- Adapting --------------------------------------------------------------------------------------


@pytest.mark.parametrize("readout", ["process", "mean", "residual"])
def test_adapt_moves_the_last_step_alone(readout):
    groups = GROUPS[PAST] if readout == "residual" else None
    model = classifier(readout=readout).fit(X[PAST], Y[PAST], groups=groups)
    before = weights_of(model)
    plain = model.set_support(XN[:20], YN[:20]).predict_proba(XN)
    assert model.adapt(XN[:20], YN[:20]) is model
    adapted = model.predict_proba(XN)
    assert np.abs(adapted - plain).max() > 1e-4
    moved = {n for n, each in weights_of(model).items() if not torch.equal(each, before[n])}
    if readout == "process":
        named = dict(model.module_.kernels.named_parameters())
        assert moved == {f"kernels.{name}" for name in named}
    else:
        head = "trend" if readout == "residual" else "similarity"
        assert moved == {f"{head}.weight", f"{head}.bias"}
    np.testing.assert_array_equal(model.adapt(XN[:20], YN[:20]).predict_proba(XN), adapted)
    np.testing.assert_array_equal(model.set_support(XN[:20], YN[:20]).predict_proba(XN), plain)


def test_adapt_lowers_the_loss_of_the_trend(fitted):
    def trend_loss(model):
        scores = model.module_.trend(last_layer(model.net_, model.encoder_.encode(XN))).detach()
        chosen = torch.log_softmax(scores, -1)[:, np.arange(30), YN]
        return -chosen.mean().item()

    before = trend_loss(fitted.set_support(XN, YN))
    assert trend_loss(fitted.adapt(XN, YN)) < before - 0.01
    fitted.set_support(XN[:2], YN[:2])


def test_adapt_that_fails_changes_nothing(fitted):
    fitted.set_support(XN[:8], YN[:8])
    before = fitted.predict_proba(XN)
    with pytest.raises(ValueError, match="fit did not see") as caught:
        fitted.adapt(XN[:2], [0, 7])
    assert str(caught.value) == (
        "y holds the label 7, which fit did not see. Labels of the support set must be among "
        "[0, 1]."
    )
    np.testing.assert_array_equal(fitted.predict_proba(XN), before)


# -- Use with other tools --------------------------------------------------------------------------


def test_evidence_names_the_new_rows(fitted):
    fitted.set_support(XN[:8], YN[:8])
    evidence = fitted.support_evidence(XN[8:10], n_top=3)
    assert len(evidence) == 6
    assert set(evidence["support"]) <= set(XN.index[:8])
    assert ((evidence["share"] > 0) & (evidence["share"] < 1)).all()


def test_evidence_without_support_is_empty():
    model = classifier(max_epochs=1).fit(X[PAST], Y[PAST], groups=GROUPS[PAST])
    evidence = model.support_evidence(XN)
    assert list(evidence.columns) == ["row", "support", "outcome", "similarity", "share", "same"]
    assert len(evidence) == 0


def test_cross_val_score_takes_groups():
    scores = cross_val_score(
        classifier(), X, Y, groups=GROUPS, params={"groups": GROUPS}, cv=LeaveOneGroupOut()
    )
    assert np.isfinite(scores).all()


def test_copies_predict_the_same(fitted, tmp_path):
    fitted.set_support(XN[:8], YN[:8])
    expected = fitted.predict_proba(XN)
    save_model(fitted, tmp_path / "model.skm")
    copies = [pickle.load(io.BytesIO(pickle.dumps(fitted))), load_model(tmp_path / "model.skm")]
    for copy in copies:
        close(copy.predict_proba(XN), expected, 1e-12)  # memory lies otherwise
        assert np.abs(copy.set_support(XN[:4], YN[:4]).predict_proba(XN) - expected).max() > 1e-4


def test_many_rows_are_predicted_in_parts(fitted):
    fitted.set_support(XN[:8], YN[:8])
    whole = fitted.predict_members(X)
    assert whole.shape == (2, 180, 2)
    many = fitted.predict_members(pd.concat([X] * 200))  # 576,000 pairs, times members
    close(many, np.tile(whole, (1, 200, 1)), 1e-12)
