"""The neural fingerprint against Duvenaud's equations, atom by atom from RDKit's getters."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem, rdBase

from sksiamese.molecules._graph import ELEMENTS, graph_from_smiles
from sksiamese.molecules._graph_batch import batch_graphs
from sksiamese.molecules._parsing import pack_graphs, unpack_graphs
from sksiamese.nn import _graph_tensors as graph_tensors
from sksiamese.nn._fingerprint import NeuralFingerprint
from sksiamese.nn._graph_tensors import GraphTensors
from sksiamese.nn._layers import member_generators

DRUGS = [
    "CC(=O)Oc1ccccc1C(=O)O",
    "CN1C=NC2=C1C(=O)N(C)C(=O)N2C",
    "O=S(=O)(Nc1cccs1)c2ccc(Oc3ccccc3c4ccccc4)c(c2)C#N",
    "C[C@]12CC[C@H]3[C@@H](CCc4cc(O)ccc34)[C@@H]1CC[C@@H]2O",
    "[O-][N+](=O)c1ccc(N=Nc2ccccc2)cc1",
    "c1ccc2c(c1)[nH]c1ccccc12",
    "CC(C)(C)OC(=O)N[C@@H](Cc1ccccc1)C(=O)N1CCCC1",
]
ODD = [
    *("[NH3+]CCc1ccccc1.[I-]", "[Na+].[Cl-]", "Cl[Au-](Cl)(Cl)Cl.[H+]", "[Pb+2].[I-].[I-]"),
    *("FS(F)(F)(F)(F)F", "[U](F)(F)(F)(F)(F)F", "[K][Au]([K])([K])([K])([K])([K])([K])([K])[K]"),
    *("CCCC[Sn](CCCC)(OC(C)=O)OC(C)=O", "[NH3]->[Pt](<-[NH3])(Cl)Cl", "C", "[CH3]", "O", "[Au]"),
    *("[13CH4]", "*", "*CC*", "[H][H]", "C$C", "c1ccoc1", "[O-][n+]1ccccc1", "OB(O)c1ccccc1", ""),
]
SMILES = DRUGS + ODD
ACTIVATIONS = {
    "identity": lambda x: x,
    "leaky_relu": lambda x: np.where(x > 0, x, 0.01 * x),
    "relu": lambda x: np.maximum(x, 0),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
}


def atom_features(atom):
    symbol, n_hydrogens = atom.GetSymbol(), atom.GetTotalNumHs()
    # Hydrogens that need no bracket: uncharged organic atom of its default valence.
    bare = (
        symbol in ("B", "C", "N", "O", "P", "S", "F", "Cl", "Br", "I")
        and not atom.GetFormalCharge()
        and not atom.GetNumRadicalElectrons()
        and (symbol == "C" or not atom.GetIsAromatic())
        and atom.GetTotalValence() == Chem.GetPeriodicTable().GetDefaultValence(symbol)
    )
    features = [symbol == element for element in ELEMENTS] + [symbol not in ELEMENTS]
    features += [min(atom.GetDegree(), 5) == n for n in range(6)]
    features += [min(n_hydrogens, 4) == n for n in range(5)]
    features += [min(n_hydrogens if bare else 0, 5) == n for n in range(6)]
    return np.array([*features, atom.GetIsAromatic()], float)


def bond_features(bond):
    kind, types = bond.GetBondType(), Chem.BondType
    orders = [(types.SINGLE, types.DATIVE), (types.DOUBLE,), (types.TRIPLE,), (types.AROMATIC,)]
    flags = [bond.GetIsConjugated(), bond.IsInRing()]
    return np.array([*(kind in order for order in orders), *flags], float)


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


def weights(network, member, role):
    """Filters of one member and role: hidden H[r][degree], c[r][degree], output W[r], b[r]."""
    hidden = [p[member, role].detach().numpy() for p in network.hidden]
    hidden_bias = [p[member, role, :, 0].detach().numpy() for p in network.hidden_bias]
    output = [p[member, role].detach().numpy() for p in network.output]
    output_bias = [p[member, role, 0].detach().numpy() for p in network.output_bias]
    return hidden, hidden_bias, output, output_bias


def slow_fingerprint(smiles, network, member, role=0):
    """Equations of NeuralFingerprint's docstring, one atom at a time."""
    H, c, W, b = weights(network, member, role)
    act = ACTIVATIONS[network.activation]
    total = np.zeros(W[0].shape[-1])
    if not smiles:
        return total
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(smiles)
    h = {atom.GetIdx(): atom_features(atom) for atom in mol.GetAtoms()}
    for r in range(len(W)):
        for state in h.values():
            total += softmax(state @ W[r] + b[r])
        if r == len(H):
            return total
        after = {}
        for atom in mol.GetAtoms():
            around, bonds = h[atom.GetIdx()].copy(), np.zeros(6)
            for bond in atom.GetBonds():
                around += h[bond.GetOtherAtomIdx(atom.GetIdx())]
                bonds += bond_features(bond)
            degree = min(atom.GetDegree(), 5)
            after[atom.GetIdx()] = act(np.hstack([around, bonds]) @ H[r][degree] + c[r][degree])
        h = after
    raise AssertionError("more hidden filters than output filters")


def make_network(seeds=(0, 1), n_roles=1, fp_size=4, width=5, radius=2, activation="tanh"):
    """Build a network whose biases are not zero either."""
    sizes = n_roles, fp_size, width, radius
    network = NeuralFingerprint(member_generators(seeds), *sizes, activation)
    with torch.no_grad():
        for bias in [*network.hidden_bias, *network.output_bias]:
            for member, seed in enumerate(seeds):
                generator = torch.Generator().manual_seed(seed + 1000)
                bias[member] = torch.randn(bias.shape[1:], generator=generator, dtype=bias.dtype)
    return network


def fingerprints(network, smiles):
    batch = batch_graphs([graph_from_smiles(text) for text in smiles], len(network.hidden))
    with torch.no_grad():
        return network(GraphTensors([batch])).numpy()


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_equals_the_equations(activation):
    network = make_network(activation=activation)
    found = fingerprints(network, SMILES)
    assert found.dtype == np.float64
    assert found.shape == (2, len(SMILES), 4)
    for member in range(2):
        slow = [slow_fingerprint(text, network, member) for text in SMILES]
        np.testing.assert_allclose(found[member], slow, rtol=0, atol=1e-10)


@pytest.mark.parametrize("radius", [0, 1, 3])
def test_other_radii(radius):
    network = make_network(radius=radius, fp_size=3, width=7)
    found = fingerprints(network, SMILES)
    slow = [slow_fingerprint(text, network, 1) for text in SMILES]
    np.testing.assert_allclose(found[1], slow, rtol=0, atol=1e-10)


ROLES = [SMILES, ["CCO", "c1ccccc1S"], ["", ""], ["O", "FS(F)(F)(F)(F)F", "CCO"]]


@pytest.mark.parametrize("padded", [0, 400, 10**6])
@pytest.mark.parametrize("radius", [0, 2])
def test_each_role_has_weights_of_its_own(monkeypatch, padded, radius):
    """However the rows of the roles are laid out."""
    monkeypatch.setattr(graph_tensors, "_PADDED_ROWS", padded)
    network = make_network(n_roles=len(ROLES), radius=radius)
    pools = [batch_graphs([graph_from_smiles(s) for s in role], radius) for role in ROLES]
    graphs = GraphTensors(pools)
    with torch.no_grad():
        found = network(graphs)
    assert found.shape == (2, sum(map(len, ROLES)), 4)
    for role, values in enumerate(found.split(graphs.n_molecules, dim=1)):
        slow = [slow_fingerprint(text, network, 1, role) for text in ROLES[role]]
        np.testing.assert_allclose(values[1], slow, rtol=0, atol=1e-10)


def test_the_layout_of_rows_changes_no_gradient(monkeypatch):
    pools = [batch_graphs([graph_from_smiles(s) for s in role], 2) for role in ROLES]
    found = []
    for size in (0, 10**6):
        monkeypatch.setattr(graph_tensors, "_PADDED_ROWS", size)
        network = make_network(n_roles=len(ROLES))
        network(GraphTensors(pools)).square().sum().backward()
        found.append([p.grad for p in network.parameters()])
    for ragged, padded in zip(*found, strict=True):
        torch.testing.assert_close(ragged, padded, rtol=1e-10, atol=1e-10)


def test_packed_graphs_give_the_same():
    network = make_network()
    graphs = unpack_graphs(SMILES, pack_graphs(SMILES))
    with torch.no_grad():
        found = network(GraphTensors([batch_graphs(graphs, 2)])).numpy()
    np.testing.assert_allclose(found, fingerprints(network, SMILES), rtol=0, atol=1e-12)


def test_sums_to_the_number_of_atoms_for_each_layer():
    found = fingerprints(make_network(), SMILES)
    n_atoms = [len(graph_from_smiles(text).atoms) for text in SMILES]
    np.testing.assert_allclose(found.sum(-1), 3 * np.tile(n_atoms, (2, 1)), rtol=1e-12)


def test_an_absent_molecule_gives_zeros():
    network = make_network()
    assert not fingerprints(network, ["", "CCO", ""])[:, [0, 2]].any()
    assert not fingerprints(network, ["", ""]).any()
    assert fingerprints(network, [""]).shape == (2, 1, 4)
    assert fingerprints(network, []).shape == (2, 0, 4)


def test_features_that_the_network_does_not_hold_play_no_part():
    network = make_network()
    found = fingerprints(network, ["C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O", "[13CH3]C(N)C(=O)O"])
    np.testing.assert_allclose(found[:, 1:], found[:, [0, 0]], rtol=0, atol=1e-12)
    other = fingerprints(network, ["CC(N)C(=O)[O-]"])
    assert np.abs(other[:, 0] - found[:, 0]).max() > 1e-3


@settings(max_examples=40)
@given(st.sampled_from([text for text in SMILES if text]), st.integers(1, 2**31 - 1))
def test_spelling_plays_no_part(text, seed):
    network = make_network()
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(text)
        spelt = list(Chem.MolToRandomSmilesVect(mol, 3, randomSeed=seed))
        order = np.random.RandomState(seed).permutation(mol.GetNumAtoms()).tolist()
        spelt.append(Chem.MolToSmiles(Chem.RenumberAtoms(mol, order), canonical=False))
        spelt.append(Chem.MolToSmiles(mol, kekuleSmiles=True, allBondsExplicit=True))
        spelt.append(Chem.MolToSmiles(mol, allHsExplicit=True))
    found = fingerprints(network, [text, *spelt])
    np.testing.assert_allclose(found[:, 1:], found[:, :1].repeat(6, axis=1), rtol=0, atol=1e-9)


@settings(max_examples=40)
@given(st.lists(st.sampled_from(SMILES), min_size=1, max_size=8))
def test_the_rest_of_the_batch_plays_no_part(smiles):
    network = make_network()
    alone = np.concatenate([fingerprints(network, [text]) for text in smiles], axis=1)
    np.testing.assert_allclose(fingerprints(network, smiles), alone, rtol=0, atol=1e-12)


def test_members_together_equal_members_alone():
    together = make_network(seeds=(5, 3, 8))
    found = fingerprints(together, SMILES)
    for member, seed in enumerate((5, 3, 8)):
        alone = make_network(seeds=(seed,))
        for joint, single in zip(together.parameters(), alone.parameters(), strict=True):
            assert torch.equal(joint[member], single[0])
        np.testing.assert_allclose(fingerprints(alone, SMILES)[0], found[member], atol=1e-12)
    assert np.abs(found[0] - found[1]).max() > 0.1


def test_first_weights_are_glorot_normal_and_leave_the_global_state_alone():
    before = torch.get_rng_state()
    network = NeuralFingerprint(member_generators(range(20)), 1, 10, 32, 2, "tanh")
    assert torch.equal(before, torch.get_rng_state())
    n_ins = [62, 32]
    for n_in, p in zip(n_ins, network.hidden, strict=True):
        assert p.std().item() == pytest.approx((2 / (n_in + 6 + 32)) ** 0.5, rel=0.02)
        assert abs(p.mean().item()) < 0.01
    for n_in, p in zip([62, 32, 32], network.output, strict=True):
        assert p.std().item() == pytest.approx((2 / (n_in + 10)) ** 0.5, rel=0.05)
    assert not any(p.any() for p in [*network.hidden_bias, *network.output_bias])


@pytest.mark.parametrize(
    ("activation", "radius"),
    [*((name, 2) for name in sorted(ACTIVATIONS)), ("tanh", 0), ("tanh", 1), ("tanh", 3)],
)
@pytest.mark.parametrize("padded", [0, 10**6])
def test_gradients_match_finite_differences(activation, radius, padded, monkeypatch):
    monkeypatch.setattr(graph_tensors, "_PADDED_ROWS", padded)
    roles = ["CC(=O)Oc1ccccc1", "FS(F)(F)(F)(F)F", "[Na+].[Cl-]", "", "CCO", "C"], ["CCN", "O"]
    network = make_network(fp_size=2, width=2, n_roles=2, radius=radius, activation=activation)
    graphs = GraphTensors(
        [batch_graphs([graph_from_smiles(text) for text in role], radius) for role in roles]
    )
    mix = torch.randn(network(graphs).shape, generator=torch.Generator().manual_seed(0)).double()

    def value():
        return (network(graphs) * mix).sum()

    value().backward()
    random = np.random.RandomState(0)
    for p in network.parameters():
        gradient, flat = p.grad.flatten(), p.data.view(-1)
        large = gradient.abs().argsort(descending=True)[:3].tolist()
        for i in [*large, *random.choice(len(flat), 3).tolist()]:
            numeric = central_difference(value, flat, i)
            assert gradient[i].item() == pytest.approx(numeric, rel=1e-5, abs=1e-8)


def central_difference(value, flat, i, step=1e-6):
    kept, ends = flat[i].item(), []
    for sign in (1, -1):
        flat[i] = kept + sign * step
        ends.append(value().item())
    flat[i] = kept
    return (ends[0] - ends[1]) / (2 * step)


def test_sums_over_bags_equal_dense_products(monkeypatch):
    """Large batches take the one, small ones the other; values and gradients are the same."""
    batch = batch_graphs([graph_from_smiles(text) for text in SMILES], 2)
    found = []
    for size in (0, 10**9):
        monkeypatch.setattr(graph_tensors, "_DENSE_SIZE", size)
        network = NeuralFingerprint(member_generators([0, 1]), 1, 4, 6, 2, "tanh")
        values = network(GraphTensors([batch]))
        values.square().sum().backward()
        found.append([values.detach(), *(p.grad for p in network.parameters())])
    for bags, dense in zip(*found, strict=True):
        torch.testing.assert_close(bags, dense, rtol=1e-10, atol=1e-10)
