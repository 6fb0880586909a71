"""The network against a step by step NumPy version."""

import io
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sksiamese.molecules._graph import graph_from_smiles
from sksiamese.molecules._graph_batch import batch_graphs
from sksiamese.nn._fingerprint_network import NetworkSettings
from sksiamese.nn._graph_tensors import GraphTensors
from sksiamese.nn._layers import MemberLinear, member_generators
from sksiamese.nn._siamese import PairSimilarity, SiameseNetwork

LIGANDS = ["SCCN", "SCCO", "c1ccccc1S", "", "OC(=O)CS", "[Na+].[S-]CCN"]
SOLVENTS = ["O", "CCO", "Cc1ccccc1"]
ROLES = np.array([[0, 0], [1, 0], [2, 2], [3, 1], [4, 1], [5, 0], [1, 2]])
NUMERIC = np.random.RandomState(0).standard_normal((len(ROLES), 3))
ACTIVATIONS = {
    "identity": lambda x: x,
    "leaky_relu": lambda x: np.where(x > 0, x, 0.01 * x),
    "relu": lambda x: np.maximum(x, 0),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
}


def pools(radius=2, n_roles=2):
    roles = (LIGANDS, SOLVENTS)[:n_roles]
    batches = [batch_graphs([graph_from_smiles(s) for s in smiles], radius) for smiles in roles]
    return GraphTensors(batches) if batches else None


def count_roles(network):
    return 0 if network.fingerprints is None else network.fingerprints.output[0].shape[1]


def make_network(seeds=(0, 1), *, signed=False, n_roles=2, **changes):
    settings = {
        "fp_size": 4,
        "conv_width": 5,
        "radius": 2,
        "hidden_layer_sizes": (6, 5),
        "embedding_size": 3,
        "activation": "tanh",
        "embedding_activation": "sigmoid",
        "dropout": 0.0,
    }
    network = SiameseNetwork(
        NetworkSettings(**(settings | changes)), NUMERIC.shape[1], n_roles, seeds, signed
    )
    return network.eval()


def embed(network, rows=slice(None)):
    roles = ROLES[rows, : count_roles(network)]
    graphs = pools(network.settings.radius, roles.shape[1])
    with torch.no_grad():
        return network(torch.as_tensor(NUMERIC[rows]), torch.as_tensor(roles), graphs).numpy()


def standardized(network, rows=slice(None), weight=None):
    weight = np.ones(len(ROLES[rows])) if weight is None else np.asarray(weight, float)
    roles = torch.as_tensor(ROLES[rows, : count_roles(network)])
    network.standardize(pools(network.settings.radius), roles, torch.as_tensor(weight))
    return network


def input_vectors(seeds, weight=None, **changes):
    """Input vectors X, read from a network whose only layer passes its input on."""
    n_inputs = NUMERIC.shape[1] + 2 * changes.get("fp_size", 4)
    network = make_network(
        seeds, hidden_layer_sizes=(), embedding_size=n_inputs, embedding_activation="identity",
        **changes,
    )  # fmt: skip
    with torch.no_grad():
        network.dense[0].weight.copy_(torch.eye(n_inputs))
    if weight is not None:
        standardized(network, weight=weight)
    return embed(network)


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("standardize", [False, True])
def test_forward_step_by_step(activation, standardize):
    network = make_network(activation=activation, embedding_activation="sigmoid")
    with torch.no_grad():
        for seed, layer in enumerate(network.dense):
            layer.bias.copy_(torch.linspace(-1, 1, layer.bias.numel()).view_as(layer.bias) + seed)
        fingerprints = [v.numpy() for v in network.fingerprint(pools())]
    if standardize:
        standardized(network)
    found = embed(network)
    assert found.shape == (2, len(ROLES), 3)
    for member in range(2):
        parts = [NUMERIC]
        for role, values in enumerate(fingerprints):
            rows = values[member][ROLES[:, role]]
            scaled = (rows - rows.mean(0)) / (rows.std(0) * rows.shape[1] ** 0.5)
            parts.append(scaled if standardize else rows)
        x = np.hstack(parts)
        for k, layer in enumerate(network.dense):
            weight, bias = (
                layer.weight[member].detach().numpy(),
                layer.bias[member].detach().numpy(),
            )
            x = x @ weight + bias
            last = k == len(network.dense) - 1
            x = ACTIVATIONS["sigmoid" if last else activation](x)
        np.testing.assert_allclose(found[member], x, rtol=0, atol=1e-11)


def test_fingerprints_and_numbers_stand_side_by_side():
    vectors = input_vectors((4,))
    np.testing.assert_allclose(vectors[0, :, :3], NUMERIC, atol=1e-14)
    n_atoms = np.array([len(graph_from_smiles(text).atoms) for text in LIGANDS])
    np.testing.assert_allclose(vectors[0, :, 3:7].sum(1), 3 * n_atoms[ROLES[:, 0]], rtol=1e-12)


@settings(max_examples=15)
@given(st.lists(st.floats(0.1, 5), min_size=len(ROLES), max_size=len(ROLES)))
def test_standardize_gives_zero_mean_and_a_variance_of_one_in_all(weight):
    vectors = input_vectors((0, 1), weight=weight)[..., 3:]
    mean = np.average(vectors, axis=1, weights=weight)
    variance = np.average((vectors - mean[:, None]) ** 2, axis=1, weights=weight)
    np.testing.assert_allclose(mean, 0, atol=1e-9)
    np.testing.assert_allclose(variance, 1 / 4, rtol=1e-9)


def test_standardize_with_weights_equals_repetition():
    weight = np.array([1, 2, 1, 3, 1, 1, 2])
    weighted = standardized(make_network(), weight=weight)
    repeated = standardized(make_network(), rows=np.repeat(np.arange(len(ROLES)), weight))
    np.testing.assert_allclose(embed(weighted), embed(repeated), atol=1e-12)


def test_a_constant_fingerprint_does_not_blow_up():
    """One molecule in all training rows: new molecules are centred, not magnified."""
    rows = [0, 0, 0]
    network = standardized(
        make_network(hidden_layer_sizes=(), embedding_activation="identity"), rows
    )
    plain = make_network(hidden_layer_sizes=(), embedding_activation="identity")
    np.testing.assert_allclose(
        np.diff(embed(network), axis=1), np.diff(embed(plain), axis=1), atol=1e-12
    )
    one_row = standardized(make_network(), [2])
    assert np.isfinite(embed(one_row)).all()


def test_without_molecules_and_without_hidden_layers():
    network = make_network(n_roles=0, hidden_layer_sizes=())
    weight, bias = network.dense[0].weight.detach().numpy(), network.dense[0].bias.detach().numpy()
    assert len(network.dense) == 1
    np.testing.assert_allclose(embed(network), 1 / (1 + np.exp(-(NUMERIC @ weight + bias))))


@settings(max_examples=15)
@given(st.lists(st.integers(0, len(ROLES) - 1), min_size=1, max_size=9))
def test_rows_do_not_see_each_other(rows):
    network = standardized(make_network())
    np.testing.assert_allclose(embed(network, rows), embed(network)[:, rows], rtol=0, atol=1e-12)


@pytest.mark.parametrize("signed", [False, True])
def test_members_together_equal_members_alone(signed):
    seeds = (7, 1, 5)
    together = standardized(make_network(seeds, signed=signed))
    found = torch.as_tensor(embed(together))
    logits = together.similarity(found, found)
    for member, seed in enumerate(seeds):
        alone = standardized(make_network((seed,), signed=signed))
        for joint, single in zip(together.parameters(), alone.parameters(), strict=True):
            assert torch.equal(joint[member], single[0])
        single = torch.as_tensor(embed(alone))
        np.testing.assert_allclose(single[0], found[member], rtol=0, atol=1e-12)
        np.testing.assert_allclose(
            alone.similarity(single, single)[0].detach(), logits[member].detach(), atol=1e-12
        )
    assert np.ptp(found.numpy(), axis=0).max() > 1e-3


def test_the_global_random_state_plays_no_part():
    torch.manual_seed(0)
    first = make_network(dropout=0.5).train()
    before = torch.get_rng_state()
    drawn = embed(first)
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(1)
    np.testing.assert_array_equal(embed(make_network(dropout=0.5).train()), drawn)


def test_dropout_of_a_member_depends_on_its_seed_alone():
    together = make_network((3, 9), dropout=0.5).train()
    first, second = embed(together), embed(together)
    alone = make_network((9,), dropout=0.5).train()
    np.testing.assert_allclose(embed(alone)[0], first[1], rtol=0, atol=1e-12)
    np.testing.assert_allclose(embed(alone)[0], second[1], rtol=0, atol=1e-12)
    assert np.abs(first - second).max() > 1e-3  # other values are dropped at every pass


def test_dropout_drops_its_share_and_scales_the_rest():
    """The hidden values themselves, through an embedding that passes them on."""
    size, rate = 400, 0.3
    kinds = {"hidden_layer_sizes": (size,), "embedding_size": size, "activation": "identity"}
    network = make_network(embedding_activation="identity", dropout=rate, **kinds)
    with torch.no_grad():
        network.dense[1].weight.copy_(torch.eye(size))
    whole, dropped = embed(network), embed(network.train())
    gone = dropped == 0
    assert gone.mean() == pytest.approx(rate, abs=0.03)
    np.testing.assert_allclose(dropped[~gone], whole[~gone] / (1 - rate), rtol=1e-10)
    np.testing.assert_array_equal(embed(network.eval()), whole)


def test_a_pickled_network_gives_the_same_bits():
    network = standardized(make_network(dropout=0.5))
    embed(network.train())  # the generators of dropout exist by now
    expected = embed(network.eval())
    np.testing.assert_array_equal(embed(pickle.loads(pickle.dumps(network))), expected)
    stored = io.BytesIO()
    torch.save(network.state_dict(), stored)
    other = make_network((8, 9))
    other.load_state_dict(torch.load(io.BytesIO(stored.getvalue())))
    np.testing.assert_array_equal(embed(other), expected)


def test_penalized_weights_are_those_of_dense_layers_and_convolutions():
    network = make_network()
    names = {id(p): name for name, p in network.named_parameters()}
    found = {names[id(p)] for p in network.penalized()}
    expected = {f"dense.{k}.weight" for k in range(3)}
    expected |= {f"fingerprints.hidden.{r}" for r in range(2)}
    expected |= {f"fingerprints.output.{r}" for r in range(3)}
    assert found == expected


def test_member_linear():
    layer = MemberLinear(member_generators((0, 1)), 30, 50)
    assert layer.weight.std().item() == pytest.approx((2 / 80) ** 0.5, rel=0.05)
    assert not layer.bias.any()
    x = np.random.RandomState(0).standard_normal((2, 4, 30))
    found = layer(torch.as_tensor(x)).detach().numpy()
    for member in range(2):
        np.testing.assert_allclose(found[member], x[member] @ layer.weight[member].detach().numpy())


# Similarity of a pair


def make_similarity(seed, size, signed, n_members=2):
    similarity = PairSimilarity(member_generators(range(n_members)), size, signed)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in similarity.parameters():
            p.copy_(2 * torch.randn(p.shape, generator=generator, dtype=p.dtype))
    return similarity


def embeddings(seed, n, size, n_members=2):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n_members, n, size, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("signed", [False, True])
@settings(max_examples=30)
@given(seed=st.integers(0, 10**6), size=st.integers(1, 5))
def test_similarity_formula(signed, seed, size):
    similarity = make_similarity(seed, size, signed)
    g, h = embeddings(seed + 1, 4, size), embeddings(seed + 2, 3, size)
    found = similarity(g, h).detach().numpy()
    w, b = similarity.weight.detach().numpy(), similarity.bias.detach().numpy()
    if not signed:
        w = np.log1p(np.exp(w))
    for member in range(2):
        for i in range(4):
            for j in range(3):
                apart = np.abs(g[member, i].numpy() - h[member, j].numpy())
                if signed:  # the sign of a dense layer's weight is free, so either will do
                    expected = b[member, 0, 0] + np.sum(w[member, 0] * apart)
                else:
                    expected = b[member, 0, 0] - np.sum(w[member, 0] * apart)
                assert found[member, i, j] == pytest.approx(expected, rel=1e-9, abs=1e-11)
    np.testing.assert_allclose(similarity(h, g).detach().transpose(1, 2), found, atol=1e-12)


@given(st.integers(0, 10**6), st.integers(0, 2), st.floats(0, 3))
def test_unsigned_a_farther_pair_is_never_more_alike(seed, dimension, step):
    similarity = make_similarity(seed, 3, signed=False)
    g, h = embeddings(seed + 1, 4, 3), embeddings(seed + 2, 4, 3)
    farther = h.clone()
    away = torch.where(h[..., dimension] >= g[..., dimension], step, -step)
    farther[..., dimension] += away
    near = similarity(g, h).diagonal(dim1=1, dim2=2)
    far = similarity(g, farther).diagonal(dim1=1, dim2=2)
    assert (far <= near + 1e-12).all()
    itself = similarity(g, g).diagonal(dim1=1, dim2=2)
    np.testing.assert_allclose(itself.detach(), similarity.bias[:, 0].expand(2, 4).detach())
    assert (near <= itself + 1e-12).all()


@pytest.mark.parametrize("n_members", [1, 3])
def test_distances_of_scaled_embeddings_make_the_unsigned_similarity(n_members):
    similarity = make_similarity(0, 4, signed=False, n_members=n_members)
    g, h = embeddings(1, 5, 4, n_members), embeddings(2, 6, 4, n_members)
    a, b = similarity.scale(g).detach().numpy(), similarity.scale(h).detach().numpy()
    distance = np.abs(a[:, :, None] - b[:, None]).sum(-1)
    expected = similarity.bias.detach().numpy() - distance
    np.testing.assert_allclose(similarity(g, h).detach(), expected, rtol=1e-12)


def test_scale_of_the_signed_similarity_is_the_size_of_its_weights():
    similarity = make_similarity(0, 4, signed=True)
    g = embeddings(1, 5, 4)
    expected = g.numpy() * np.abs(similarity.weight.detach().numpy())
    np.testing.assert_allclose(similarity.scale(g).detach(), expected, rtol=1e-14)


def test_first_weights_of_the_similarity():
    plain = PairSimilarity(member_generators((0,)), 16, signed=False)
    ones = torch.ones(1, 1, 16, dtype=torch.float64)
    np.testing.assert_allclose(plain.scale(ones).detach(), 0.25, rtol=1e-12)
    signed = PairSimilarity(member_generators((0,)), 2000, signed=True)
    assert signed.weight.std().item() == pytest.approx((2 / 2001) ** 0.5, rel=0.05)
    assert signed.weight.min() < 0 < signed.weight.max()


@pytest.mark.parametrize("signed", [False, True])
def test_gradients_of_the_similarity(signed):
    similarity = make_similarity(0, 3, signed)
    g, h = embeddings(1, 3, 3).requires_grad_(), embeddings(2, 2, 3).requires_grad_()

    def logits(g, h, weight, bias):
        parameters = {"weight": weight, "bias": bias}
        return torch.func.functional_call(similarity, parameters, (g, h))

    assert torch.autograd.gradcheck(logits, (g, h, similarity.weight, similarity.bias))
    logits(g, g, similarity.weight, similarity.bias).sum().backward()  # distances of zero too
    assert torch.isfinite(g.grad).all()


@pytest.mark.parametrize("signed", [False, True])
def test_of_pairs_is_the_diagonal_of_all_pairs(signed):
    similarity = PairSimilarity(member_generators([0, 1]), 3, signed)
    g, h = torch.as_tensor(np.random.RandomState(1).normal(size=(2, 2, 5, 3)))
    whole = similarity(g, h).diagonal(dim1=1, dim2=2)
    torch.testing.assert_close(similarity.of_pairs(g, h), whole, rtol=1e-12, atol=1e-12)
