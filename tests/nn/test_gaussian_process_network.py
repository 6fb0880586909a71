"""The network under the processes: dropout by what a row holds, scales, distances."""

import numpy as np
import pytest
import torch

from sksiamese.molecules._graph import graph_from_smiles
from sksiamese.molecules._graph_batch import batch_graphs
from sksiamese.nn._fingerprint_network import NetworkSettings
from sksiamese.nn._gaussian_process_network import ProcessNetwork
from sksiamese.nn._graph_tensors import GraphTensors

LIGANDS, SOLVENTS = ["SCCN", "SCCO", "c1ccccc1S", ""], ["O", "CCO"]
ROLES = np.array([[0, 0], [1, 0], [2, 1], [3, 1], [0, 1]])


def make_network(n_numeric=3, n_roles=0, seeds=(0, 1), hidden=400, dropout=0.5, size=6):
    settings = NetworkSettings(4, 5, 2, (hidden,), size, "identity", "identity", dropout)
    kinds = [[1.0, 1.0, 1.0]] * n_roles
    return ProcessNetwork(settings, n_numeric, n_roles, list(seeds), kinds, 2)


def no_molecules(n):
    return torch.empty(n, 0, dtype=torch.int64)


def numbers(n=9, n_numeric=3, seed=0):
    return torch.as_tensor(np.random.RandomState(seed).normal(size=(n, n_numeric)))


def hidden_values(network, x):
    """What dropout leaves of ones, for each member, row and hidden value."""
    ones = torch.ones(len(network.seeds), len(x), network.settings.hidden_layer_sizes[0])
    return network._drop(ones.double(), x).numpy()


def test_dropout_drops_the_same_of_equal_rows_and_in_any_order():
    network, x = make_network().train(), numbers()
    order = np.array([3, 0, 0, 8, 5, 3])
    state = [g.get_state() for g in network.generators()]

    def drop(rows):
        for generator, each in zip(network.generators(), state, strict=True):
            generator.set_state(each)
        return hidden_values(network, rows)

    whole = drop(x)
    np.testing.assert_array_equal(drop(x[order]), whole[:, order])
    assert (whole[:, 0] != whole[:, 1]).mean() > 0.3  # other rows lose other values
    assert (whole[0] != whole[1]).mean() > 0.3  # and so do other members
    assert (hidden_values(network, x) != whole).mean() > 0.3  # and the next step


@pytest.mark.parametrize("rate", [0.2, 0.5])
def test_dropout_keeps_its_share(rate):
    network = make_network(dropout=rate).train()
    found = hidden_values(network, numbers(40))
    assert set(np.unique(found)) == {0.0, 1 / (1 - rate)}
    assert (found == 0).mean() == pytest.approx(rate, abs=0.02)
    by_row = (found == 0).mean(-1)
    np.testing.assert_allclose(by_row, rate, atol=0.13)  # 400 values in a row
    assert np.corrcoef((found[0] == 0).astype(float))[np.triu_indices(40, 1)].max() < 0.3


def test_no_dropout_in_predictions():
    network, x = make_network(), numbers()
    assert (hidden_values(network.eval(), x) == 1).all()
    assert (hidden_values(make_network(dropout=0.0).train(), x) == 1).all()


def test_inputs_are_scaled_to_a_variance_of_seven_in_all():
    network, x = make_network(dropout=0.0).eval(), numbers(30)
    weight = torch.as_tensor(np.random.RandomState(1).uniform(0.1, 2, 30))
    x[0] = 100.0  # clipped at three
    network.scale_inputs(x, weight)
    clipped = np.clip(x.numpy(), -3, 3) * network.input_scale.item()
    mean = np.average(clipped, axis=0, weights=weight)
    variance = np.average((clipped - mean) ** 2, axis=0, weights=weight).sum()
    assert variance == pytest.approx(7)
    network.scale_inputs(torch.ones(4, 3).double(), torch.ones(4).double())
    assert network.input_scale.item() == 1


def views_of(network):
    batches = [
        batch_graphs([graph_from_smiles(s) for s in each], 2) for each in (LIGANDS, SOLVENTS)
    ]
    return network(numbers(5), torch.as_tensor(ROLES), GraphTensors(batches))


def test_learned_distances_row_by_row():
    network = make_network(n_roles=2, hidden=7, dropout=0.0).eval()
    views = views_of(network)
    found = network.learned_distance("fingerprint", views, views).detach().numpy()
    assert found.shape == (2, 2, 5, 5)
    for member in range(2):
        for r in range(2):
            v = views.fingerprints[r][member].detach().numpy()
            for i in range(5):
                for j in range(5):
                    apart = np.abs(v[ROLES[i, r]] - v[ROLES[j, r]]).sum()
                    assert found[member, r, i, j] == pytest.approx(1 - np.exp(-apart), abs=1e-9)
    embedding = views.embedding.detach().numpy()
    expected = np.abs(embedding[:, :, None] - embedding[:, None]).sum(-1)
    found = network.learned_distance("embedding", views, views).detach()
    np.testing.assert_allclose(found, expected, atol=1e-9)
    assert network.learned_distance("fixed", views, views) is None


def test_learned_distances_of_a_block_are_those_of_all_rows():
    """Also where the block has fewer rows than there are molecules."""
    network = make_network(n_roles=2, hidden=7, dropout=0.0).eval()
    views = views_of(network)
    block = views._replace(embedding=views.embedding[:, 2:4], molecules=views.molecules[2:4])
    assert len(block.molecules) < views.fingerprints[0].shape[1]
    for name in ("fingerprint", "embedding"):
        whole = network.learned_distance(name, views, views)
        torch.testing.assert_close(
            network.learned_distance(name, block, views), whole[..., 2:4, :], rtol=0, atol=1e-12
        )


def test_kernels_by_what_there_is():
    assert list(make_network().kernels) == ["fixed", "embedding"]
    network = make_network(n_roles=2)
    assert list(network.kernels) == ["fixed", "fingerprint", "embedding"]
    assert len(network.kernel("fixed").theta) == 1  # of all members
    assert len(network.kernel("embedding").theta) == 2


def test_members_together_equal_members_alone():
    together = make_network(n_roles=2, seeds=(5, 3), hidden=7).eval()
    views = views_of(together)
    for member, seed in enumerate((5, 3)):
        alone = views_of(make_network(n_roles=2, seeds=(seed,), hidden=7).eval())
        torch.testing.assert_close(alone.embedding[0], views.embedding[member])
        for one, both in zip(alone.fingerprints, views.fingerprints, strict=True):
            torch.testing.assert_close(one[0], both[member])
