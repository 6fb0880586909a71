"""The siamese kernel against a slow loop over its equation."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sksiamese.nn._kernel import LogParameters, PairDistances, SiameseKernel
from sksiamese.nn._kernel_rows import ReadyKernels
from sksiamese.nn._layers import member_generators

FORMS = [None, "fingerprint", "embedding"]
KINDS = [[1.0, 1.0, 1.0], [1.0, 1.0, 0.0], [1.0, 0.0, 0.0]]  # two molecules and a category
N_CONDITIONS, SIZE = 2, 4
ROWS = st.integers(0, 10**6)


def make_kernel(form, seed=None, n_members=2, kinds=KINDS, n_conditions=N_CONDITIONS):
    """A kernel at its start, or with random parameters."""
    generators = member_generators(range(n_members))
    kinds = torch.tensor(kinds).reshape(-1, 3)
    kernel = SiameseKernel(generators, kinds, n_conditions, form, 0 if form is None else SIZE)
    if seed is not None:
        rng = np.random.RandomState(seed)
        with torch.no_grad():
            for value in kernel.parameters():
                value.add_(torch.as_tensor(rng.normal(size=tuple(value.shape))))
    return kernel


def draw_rows(seed, n, kinds=KINDS, n_conditions=N_CONDITIONS, n_members=2):
    """Molecules as sets and descriptors, numbers, fingerprints and embeddings of some rows."""
    rng = np.random.RandomState(seed)
    molecules = [
        {
            "bits": np.hstack([np.ones((5, 1)), rng.randint(2, size=(5, 12))]),
            "traits": rng.normal(size=(5, 3)),
            "fingerprints": rng.normal(size=(n_members, 5, SIZE)),
        }
        for _ in kinds
    ]
    return {
        "molecules": molecules,
        "places": rng.randint(5, size=(n, len(kinds))),
        "conditions": rng.normal(size=(n, n_conditions)),
        "embedding": rng.uniform(size=(n_members, n, SIZE)),
    }


def fixed_distances(rows, r, a, b):
    """Identity, Tanimoto and descriptor distance of the molecules of two rows."""
    if a == b:
        return [0.0, 0.0, 0.0]
    one, two = (rows["molecules"][r]["bits"][i] for i in (a, b))
    tanimoto = (one * two).sum() / np.maximum(one, two).sum()
    traits = rows["molecules"][r]["traits"]
    return [1.0, 1 - tanimoto, 1 - math.exp(-((traits[a] - traits[b]) ** 2).mean() / 2)]


def make_pairs(rows, left, right):
    n_roles, n_conditions = rows["places"].shape[1], rows["conditions"].shape[1]
    roles = np.zeros((n_roles, 3, len(left), len(right)))
    conditions = np.zeros((n_conditions, len(left), len(right)))
    for i, x in enumerate(left):
        for j, z in enumerate(right):
            for r in range(n_roles):
                places = rows["places"][[x, z], r]
                roles[r, :, i, j] = fixed_distances(rows, r, *places)
            conditions[:, i, j] = (rows["conditions"][x] - rows["conditions"][z]) ** 2 / 2
    return PairDistances(torch.as_tensor(roles), torch.as_tensor(conditions))


def learned_distances(kernel, rows, left, right):
    """What the network gives: distances of fingerprints, 0 to 1, or of embeddings; for members."""
    if kernel.learned is None:
        return None
    scale = kernel.log.scale.exp().detach().numpy()
    n_members = len(scale)
    if kernel.learned == "embedding":
        given = rows["embedding"]
        found = np.zeros((n_members, len(left), len(right)))
        for m in range(n_members):
            for i, x in enumerate(left):
                for j, z in enumerate(right):
                    found[m, i, j] = (scale[m] * np.abs(given[m, x] - given[m, z])).sum()
        return torch.as_tensor(found)
    found = np.zeros((n_members, kernel.n_molecules, len(left), len(right)))
    for m in range(n_members):
        for r in range(kernel.n_molecules):
            u, v = scale[m].reshape(-1, SIZE)[r], rows["molecules"][r]["fingerprints"][m]
            for i, x in enumerate(left):
                for j, z in enumerate(right):
                    apart = np.abs(v[rows["places"][x, r]] - v[rows["places"][z, r]])
                    found[m, r, i, j] = 1 - math.exp(-(u * apart).sum())
    return torch.as_tensor(found)


def slow_kernel(kernel, pairs, learned):
    """The equation of the docstring, with one loop for each of its sums."""
    value = LogParameters(*(part.detach().numpy() for part in kernel.log))
    n_members = len(value.constant)
    n_roles, _, n, m = pairs.roles.shape
    n_conditions = len(pairs.conditions)
    found = np.zeros((n_members, n, m))
    for e in range(n_members):
        a, v = np.exp(value.amplitude[e]), np.exp(value.exponent[e])
        rate = np.exp(value.rate[e])
        logits = value.shares[e].reshape(n_roles, -1) if n_roles else []
        for i in range(n):
            for j in range(m):
                k = math.exp(value.constant[e, 0])
                exponent = 0.0
                for r in range(n_roles):
                    distance = pairs.roles[r, :, i, j].tolist()
                    has = [bool(kind) for kind in KINDS[r]]
                    if kernel.learned == "fingerprint":
                        is_molecule = KINDS[r][1] == 1
                        distance.append(learned[e, r, i, j].item() if is_molecule else math.nan)
                        has.append(is_molecule)
                    odds = [math.exp(each) * h for each, h in zip(logits[r], has, strict=True)]
                    d = sum(o * each for o, each in zip(odds, distance, strict=True) if o)
                    d /= sum(odds)
                    k += a[r] * (1 - d)
                    exponent += v[r] * d
                for c in range(n_conditions):
                    square = pairs.conditions[c, i, j].item()
                    k += a[n_roles + c] * math.exp(-rate[c] * square)
                    exponent += v[n_roles + c] * square
                k += math.exp(value.product[e, 0] - exponent)
                if kernel.learned == "embedding":
                    k += math.exp(value.learned[e, 0] - learned[e, i, j].item())
                found[e, i, j] = k
    return found


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=15)
@given(seed=ROWS)
def test_forward_is_the_equation(form, seed):
    kernel, rows = make_kernel(form, seed), draw_rows(seed, 7)
    left, right = range(3), range(3, 7)
    pairs, learned = make_pairs(rows, left, right), learned_distances(kernel, rows, left, right)
    expected = slow_kernel(kernel, pairs, learned)
    np.testing.assert_allclose(kernel(pairs, learned).detach(), expected, rtol=1e-10)


@pytest.mark.parametrize(("dtype", "rtol"), [(torch.float64, 1e-10), (torch.float32, 1e-4)])
@settings(max_examples=10)
@given(seed=ROWS)
def test_ready_kernels_are_the_equation_where_molecules_recur(dtype, rtol, seed):
    kernels, rows = [make_kernel(form, seed) for form in FORMS], draw_rows(seed, 12)
    rows["places"] %= 2
    left, right = range(9), range(9, 12)
    _, first, place = np.unique(rows["places"][:9], axis=0, return_index=True, return_inverse=True)
    whole, distinct = (make_pairs(rows, each, right) for each in (left, first))
    by_form = zip(kernels, (left, first, left), strict=True)
    learned = [learned_distances(kernel, rows, each, right) for kernel, each in by_form]
    pairs = PairDistances(distinct.roles, whole.conditions)
    found = ReadyKernels(kernels, dtype)(pairs, learned, torch.as_tensor(place))
    assert found.dtype == dtype
    slow = [slow_kernel(k, whole, learned_distances(k, rows, left, right)) for k in kernels]
    np.testing.assert_allclose(found, np.concatenate(slow), rtol=rtol)


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=15)
@given(seed=ROWS)
def test_terms_and_the_constant_add_up(form, seed):
    kernel, rows = make_kernel(form, seed), draw_rows(seed, 5)
    pairs, learned = make_pairs(rows, [0, 1], [2, 3, 4]), None
    learned = learned_distances(kernel, rows, [0, 1], [2, 3, 4])
    terms = kernel.terms(pairs, learned)
    total = sum(term.value for term in terms) + kernel.log.constant.exp()[..., None]
    np.testing.assert_allclose(total.detach(), kernel(pairs, learned).detach(), rtol=1e-10)
    assert all((term.value >= 0).all() for term in terms)
    found = [(term.kind, term.place) for term in terms]
    expected = []
    for r in range(3):
        expected += [("same", r)] + [("similar", r)] * (r < 2)  # a category is the same or not
        expected += [("learned", r)] * (form == "fingerprint" and r < 2)  # a category has no graph
    expected += [("near", 0), ("near", 1), ("recipe", None)]
    expected += [("learned", None)] * (form == "embedding")
    assert found == expected


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=15)
@given(seed=ROWS)
def test_rows_among_themselves_have_a_covariance(form, seed):
    """Symmetric, positive semidefinite, and its diagonal is what `own` says."""
    kernel, rows = make_kernel(form, seed), draw_rows(seed, 15)
    everything = range(15)
    learned = learned_distances(kernel, rows, everything, everything)
    k = kernel(make_pairs(rows, everything, everything), learned).detach().numpy()
    np.testing.assert_allclose(k, k.transpose(0, 2, 1), rtol=1e-12)
    values = np.linalg.eigvalsh(k)
    assert (values[:, 0] > -1e-9 * values[:, -1]).all()
    own = kernel.own().detach().numpy()
    np.testing.assert_allclose(np.diagonal(k, axis1=1, axis2=2), own[:, None].repeat(15, 1))
    assert (k <= own[:, None, None] * (1 + 1e-12)).all()
    assert (k >= kernel.log.constant.exp()[..., None].detach().numpy()).all()


@pytest.mark.parametrize("form", FORMS)
def test_gradients_are_central_differences(form):
    kernel, rows = make_kernel(form, 3), draw_rows(3, 5)
    left, right = [0, 1], [2, 3, 4]
    pairs = make_pairs(rows, left, right)
    weight = torch.as_tensor(np.random.RandomState(0).normal(size=(2, 2, 3)))
    learned = learned_distances(kernel, rows, left, right)
    free = None if learned is None else learned.clone().requires_grad_()

    def loss():
        return (weight * kernel(pairs, free)).sum() + kernel.penalty()

    loss().backward()
    step, checked = 1e-6, 0
    parts = [(kernel.theta.grad, kernel.theta.data)]
    parts += [] if free is None else [(free.grad, free.data)]
    for grad, data in parts:
        flat = data.view(-1)
        for i in range(len(flat)):
            kept, ends = flat[i].item(), []
            for sign in (1, -1):
                flat[i] = kept + sign * step
                ends.append(loss().item())
            flat[i] = kept
            slow = (ends[0] - ends[1]) / (2 * step)
            assert grad.view(-1)[i].item() == pytest.approx(slow, rel=1e-4, abs=1e-6)
            checked += 1
    assert checked > 20


@pytest.mark.parametrize("form", FORMS)
def test_shares_are_of_what_a_role_has(form):
    share = make_kernel(form, 1).share().detach().numpy()
    np.testing.assert_allclose(share.sum(-1), 1, rtol=1e-12)
    assert not share[:, 1, 2].any()  # no descriptors
    np.testing.assert_allclose(share[:, 2, 0], 1)  # a category
    if form == "fingerprint":
        assert (share[:, :2, 3] > 0).all()
        assert not share[:, 2, 3].any()


def test_penalty_is_minus_a_log_prior_about_the_start():
    kernel = make_kernel("embedding")
    assert kernel.penalty().item() == 0
    with torch.no_grad():
        kernel.log.constant.add_(2.0)  # of two members
        kernel.log.product.add_(2.0)  # twice as wide
    assert kernel.penalty().item() == pytest.approx(2 * 2.0**2 / 2 + 2 * 2.0**2 / 8)


def test_members_start_apart_only_where_something_is_learnt():
    fixed, learned = make_kernel(None), make_kernel("fingerprint")
    assert torch.equal(fixed.theta[0], fixed.theta[1])
    assert not torch.equal(learned.theta[0], learned.theta[1])
    alone = SiameseKernel(member_generators([1]), torch.tensor(KINDS), 2, "fingerprint", SIZE)
    for name, value in alone.named_parameters():
        assert torch.equal(value[0], learned.get_parameter(name)[1])


@pytest.mark.parametrize("form", [None, "embedding"])
@pytest.mark.parametrize(("kinds", "n_conditions"), [([], 2), (KINDS, 0)])
def test_without_roles_or_without_conditions(form, kinds, n_conditions):
    kernel = make_kernel(form, 2, kinds=kinds, n_conditions=n_conditions)
    rows = draw_rows(2, 5, kinds, n_conditions)
    pairs = make_pairs(rows, range(5), range(5))
    learned = learned_distances(kernel, rows, range(5), range(5))
    found = kernel(pairs, learned).detach().numpy()
    np.testing.assert_allclose(found, slow_kernel(kernel, pairs, learned), rtol=1e-10)
    np.testing.assert_allclose(found[:, 0, 0], kernel.own().detach(), rtol=1e-12)
