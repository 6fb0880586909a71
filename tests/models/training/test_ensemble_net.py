"""Training on toy problems whose right answer is known."""

import itertools

import numpy as np
import pandas as pd
import pytest
import torch
from skorch.callbacks import LRScheduler

from sksiamese.models.readouts._mean import PairLoss, PairNet
from sksiamese.models.training._ensemble_net import to_tensors
from sksiamese.models.training._labelled_rows import LabelledExperiments
from sksiamese.models.training._threads import one_thread
from sksiamese.molecules._graph import EMPTY_GRAPH
from sksiamese.nn._fingerprint_network import NetworkSettings
from sksiamese.nn._siamese import SiameseNetwork
from sksiamese.tables.encoding._encoder import ExperimentEncoder

SMILES = ["SCCN", "SCCO", "c1ccccc1S", "SCCN", "OC(=O)CS", "SCCO", "SCCN", "SCCCC"]


def make_data(n=16, *, y=None, held_out=(), weight=None, groups=None, rows=None, molecules=True):
    """Rows whose class is whether the first number is above its median."""
    numbers = np.random.RandomState(0).standard_normal((n, 2))
    table = pd.DataFrame({"pH": numbers[:, 0], "mM": numbers[:, 1]})
    if molecules:
        table["ligand"] = [SMILES[i % len(SMILES)] for i in range(n)]
    experiments = ExperimentEncoder(False, "standard", "never").fit_encode(
        table, np.ones(n), np.zeros(n, int)
    )
    rows = np.arange(n) if rows is None else rows
    above = numbers[:, 0] > np.median(numbers[:, 0])
    y = above.astype(int) if y is None else np.asarray(y)
    weight = np.ones(n) if weight is None else np.asarray(weight, float)
    groups = np.zeros(n, int) if groups is None else np.asarray(groups)
    return LabelledExperiments(
        experiments.take(rows),
        y[rows],
        groups[rows],
        weight[rows],
        np.isin(rows, held_out),
        np.full(2, 0.5),
    )


def make_net(data, *, seeds=(0, 1), epochs=10, batch_size=512, **changes):
    settings = NetworkSettings(4, 6, 2, (8,), 4, "tanh", "tanh", changes.pop("dropout", 0.0))
    return PairNet(
        SiameseNetwork,
        criterion=PairLoss(None),
        alpha=changes.pop("alpha", 0.001),
        batch_seed=changes.pop("batch_seed", 0),
        module__settings=settings,
        module__n_numeric=data.experiments.numeric.shape[1],
        module__n_roles=len(data.experiments.graphs),
        module__seeds=seeds,
        module__signed=False,
        lr=0.01,
        max_epochs=epochs,
        batch_size=batch_size,
        **changes,
    )


def train(data, **settings):
    net = make_net(data, **settings).initialize()
    return net.partial_fit(data)


def weights(net):
    return {name: p.detach().numpy().copy() for name, p in net.module_.named_parameters()}


def assert_same_weights(first, second, atol=0.0):
    for name, p in weights(first).items():
        np.testing.assert_allclose(p, weights(second)[name], rtol=0, atol=atol, err_msg=name)


def largest_change(first, second):
    other = weights(second)
    return max(np.abs(p - other[name]).max() for name, p in weights(first).items())


def batches(net, data, training=True):
    return list(net.get_iterator(data, training=training))


@pytest.mark.parametrize("batch_size", [512, 6])
def test_the_loss_goes_down(batch_size):
    data = make_data(24)
    epochs = 50 if batch_size == 512 else 40
    net = train(data, batch_size=batch_size, epochs=epochs, seeds=(0,))
    losses = net.history[:, "train_loss"]
    assert np.isfinite(losses).all()
    assert np.mean(losses[-5:]) < 0.7 * np.mean(losses[:5])


def test_a_trained_network_tells_the_classes_apart():
    data = make_data(24)
    net = train(data, epochs=100)
    (batch,) = batches(net, data)
    with torch.no_grad():
        g = net.module_(*batch.inputs)
        logits = net.module_.similarity(g, g).mean(0).numpy()
    same = data.y[:, None] == data.y
    np.fill_diagonal(same, False)
    different = data.y[:, None] != data.y
    assert logits[same].mean() > 0 > logits[different].mean()


@pytest.mark.parametrize("batch_size", [512, 6])
def test_the_same_seed_gives_the_same_weights(batch_size):
    data = make_data()
    first = train(data, batch_size=batch_size, dropout=0.3)
    torch.manual_seed(99)
    np.random.seed(99)  # noqa: NPY002
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    second = train(data, batch_size=batch_size, dropout=0.3)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002
    assert_same_weights(first, second)
    other = train(data, batch_size=batch_size, dropout=0.3, seeds=(2, 3))
    assert largest_change(first, other) > 1e-3


def test_members_trained_together_equal_members_trained_alone():
    data = make_data()
    for batch_size in (512, 6):
        together = train(data, seeds=(4, 7), batch_size=batch_size, dropout=0.3)
        for member, seed in enumerate((4, 7)):
            alone = train(data, seeds=(seed,), batch_size=batch_size, dropout=0.3)
            for name, p in weights(alone).items():
                np.testing.assert_allclose(weights(together)[name][member], p[0], atol=1e-9)


def test_all_rows_are_one_batch_in_their_order():
    data = make_data()
    (batch,) = batches(make_net(data, batch_size=16).initialize(), data)
    np.testing.assert_array_equal(batch.target, np.eye(2)[data.y])
    np.testing.assert_array_equal(batch.inputs.numeric, data.experiments.numeric)
    assert batch.pairs.shape[1:] == (16, 16)
    np.testing.assert_allclose(batch.row_weight, 1 / 16)


def test_small_batches_hold_every_row_once_an_epoch():
    data = make_data()
    net = make_net(data, batch_size=6).initialize()
    iterator = net.get_iterator(data, training=True)
    first, second = list(iterator), list(iterator)
    for epoch in (first, second):
        numeric = np.vstack([batch.inputs.numeric for batch in epoch])
        order = np.lexsort(numeric.T)
        expected = data.experiments.numeric
        np.testing.assert_array_equal(numeric[order], expected[np.lexsort(expected.T)])
        assert all(len(batch.target) <= 6 for batch in epoch)
        assert all(batch.target.sum(0).min() >= 2 for batch in epoch)
    assert not torch.equal(first[0].inputs.numeric, second[0].inputs.numeric)


def test_no_row_supports_itself_in_a_small_batch():
    """Otherwise training would predict rows from their own labels."""
    data = make_data()
    for batch_size in (512, 6):
        for batch in batches(make_net(data, batch_size=batch_size).initialize(), data):
            assert not batch.pairs.diagonal(dim1=1, dim2=2).any()


def test_pairs_stay_within_groups():
    groups = np.arange(16) // 8
    data = make_data(groups=groups)
    (batch,) = batches(make_net(data).initialize(), data)
    across = groups[:, None] != groups
    assert not batch.pairs[:, torch.as_tensor(across)].any()
    assert batch.pairs[:, torch.as_tensor(~across)].any()


def test_weights_equal_repetition():
    times = np.arange(16) % 3 + 1
    weighted = train(make_data(weight=times))
    repeated = train(make_data(rows=np.repeat(np.arange(16), times)))
    # Another order of sums, which Adam's division by small gradients magnifies.
    assert_same_weights(weighted, repeated, atol=1e-6)
    plain = train(make_data())
    assert largest_change(weighted, plain) > 1e-3


def test_held_out_rows_do_not_train():
    held_out = [1, 6, 11]
    data = make_data(held_out=held_out)
    y = data.y.copy()
    y[held_out] = 1 - y[held_out]
    first = train(data)
    second = train(make_data(held_out=held_out, y=y))
    assert_same_weights(first, second)
    assert first.history[:, "train_loss"] == second.history[:, "train_loss"]
    lost = [net.history[-1]["batches"][-1]["valid_loss"] for net in (first, second)]
    assert abs(lost[0] - lost[1]) > 1e-4
    rest = np.setdiff1d(np.arange(16), held_out)
    assert_same_weights(first, train(make_data(rows=rest)), atol=1e-6)


def test_validation_compares_held_out_rows_with_the_others():
    held_out = np.isin(np.arange(16), [1, 6, 11])
    data = make_data(held_out=[1, 6, 11])
    net = make_net(data).initialize()
    (batch,) = batches(net, data, training=False)
    pairs = batch.pairs[0].numpy() * batch.row_weight.numpy()[:, None]
    assert not pairs[~held_out].any()
    assert not pairs[:, held_out].any()
    assert (pairs[held_out][:, ~held_out] > 0).all()
    np.testing.assert_allclose(batch.row_weight.numpy(), held_out / 3)


@pytest.mark.parametrize("batch_size", [512, 4])
def test_a_class_of_one_row_and_one_row_groups_give_no_nan(batch_size):
    y = np.zeros(9, int)
    y[4] = 1
    groups = [0, 0, 0, 0, 0, 0, 0, 1, 2]
    data = make_data(9, y=y, groups=groups)
    net = train(data, batch_size=batch_size)
    assert np.isfinite(net.history[:, "train_loss"]).all()
    assert all(np.isfinite(p).all() for p in weights(net).values())


def test_numbers_alone_and_molecules_alone():
    data = make_data(molecules=False)
    assert make_net(data).initialize().module_.fingerprints is None
    train(data)
    bare = make_data()
    bare.experiments = bare.experiments._replace(numeric=np.empty((16, 0)))
    assert np.isfinite(train(bare).history[:, "train_loss"]).all()


def test_batches_whose_molecules_are_all_absent():
    """No atom meets the convolutions then, and the penalty acts on them alone."""
    data = make_data()
    data.experiments.graphs[0].append(EMPTY_GRAPH)
    traits = np.vstack(
        [data.experiments.traits[0], np.zeros((1, data.experiments.traits[0].shape[1]))]
    )
    data.experiments = data.experiments._replace(traits=(traits,))
    data.experiments.molecules[1:, 0] = len(data.experiments.graphs[0]) - 1
    net = train(data, batch_size=6, alpha=0.1)
    assert any(not batch.inputs.graphs.written.live.numel() for batch in batches(net, data))
    assert np.isfinite(net.history[:, "train_loss"]).all()
    assert all(np.isfinite(p).all() for p in weights(net).values())


def test_the_penalty_pulls_weights_to_zero_by_its_gradient():
    """One step of plain gradient descent, with and without the penalty."""
    data, alpha = make_data(), 0.2
    steps = {}
    for a in (0.0, alpha):
        net = make_net(data, alpha=a, epochs=1)
        net.set_params(optimizer=torch.optim.SGD, lr=1.0)
        net.initialize()
        first = weights(net)
        steps[a] = {name: p - first[name] for name, p in weights(net.partial_fit(data)).items()}
    names = {id(p): name for name, p in net.module_.named_parameters()}
    penalized = {names[id(p)] for p in net.module_.penalized()}
    for name, w in first.items():
        pull = alpha * (np.sign(w) + 2 * w) if name in penalized else np.zeros_like(w)
        np.testing.assert_allclose(steps[0.0][name] - steps[alpha][name], pull, atol=1e-12)


def test_a_schedule_may_be_passed():
    data = make_data()
    schedule = LRScheduler("CosineAnnealingLR", T_max=5, event_name="lr")
    net = train(data, epochs=5, callbacks=[schedule])
    rates = net.history[:, "lr"]
    assert rates[0] == pytest.approx(0.01)
    assert all(a > b for a, b in itertools.pairwise(rates))


def test_to_tensors_keeps_rows_and_molecules():
    data = make_data()
    inputs = to_tensors(data.experiments, 2, "cpu")
    np.testing.assert_array_equal(inputs.numeric, data.experiments.numeric)
    np.testing.assert_array_equal(inputs.molecules, data.experiments.molecules)
    assert inputs.graphs.n_molecules == [len(data.experiments.graphs[0])]


def test_one_thread_restores_the_number_of_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with one_thread():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
        with pytest.raises(KeyError), one_thread():
            raise KeyError
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_drawn_pairs_give_the_loss_of_all_pairs_on_average():
    data = make_data()
    net = make_net(data).initialize()
    (batch,) = batches(net, data)
    whole = net._losses(batch)
    net.criterion_.pairs_per_step = 40_000
    torch.testing.assert_close(net._drawn_losses(batch), whole, rtol=0.01, atol=0)
    net.criterion_.pairs_per_step = 4
    few = torch.stack([net._drawn_losses(batch) for _ in range(5)])
    assert (few.std(0) > 0).all()  # drawn anew in each step
    assert (few[:, 0] != few[:, 1]).all()  # and by each member


def test_drawing_pairs_where_there_are_none_changes_nothing():
    """A batch of rows from groups of one has no pair; a legal table must not raise."""
    data = make_data()
    data.groups = np.arange(len(data))
    net = make_net(data, alpha=0.0).initialize()
    net.criterion_.pairs_per_step = 8
    before = weights(net)
    net.partial_fit(data)
    for name, value in weights(net).items():
        np.testing.assert_array_equal(value, before[name])


def test_fits_in_threads_restore_the_number_of_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        first, second = one_thread(), one_thread()
        first.__enter__()
        second.__enter__()
        assert torch.get_num_threads() == 1
        first.__exit__(None, None, None)
        assert torch.get_num_threads() == 1
        second.__exit__(None, None, None)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
