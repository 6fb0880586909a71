"""A model that threads share: every prediction is that of one state, whatever happens beside it.

    python -m pytest tests/models/test_threads.py --fuzz 10000

makes so many predictions of each case.
"""

import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from copy import copy

import numpy as np
import pandas as pd
import pytest
from sklearn.tree import DecisionTreeClassifier

from sksiamese import (
    ExperimentRecommender,
    GraphFingerprintMLPClassifier,
    GraphFingerprintSiameseClassifier,
    GraphFingerprintSVMClassifier,
    SurrogateTreeExplainer,
)

N, N_READERS, N_PREDICTIONS = 16, 2, 60
RNG = np.random.RandomState(0)
X = pd.DataFrame(
    {"ligand": np.array(["SCCN", "SCCO", "CCCCS"])[np.arange(N) % 3], "pH": RNG.uniform(4, 12, N)}
)
TWO = np.where(X["pH"] > 8, "works", "fails")
THREE = np.array(["clear", "gel", "solid"])[np.arange(N) % 3]
TABLES = {"two": TWO, "three": THREE}  # a mixture of these would be of no length or no label
QUERY = X.assign(pH=X["pH"] + 0.25)
SMALL = {"n_members": 2, "max_epochs": 2, "fp_size": 3, "conv_width": 4, "random_state": 0}
SIAMESE = {
    readout: lambda readout=readout: GraphFingerprintSiameseClassifier(readout=readout, **SMALL)
    for readout in ("process", "mean", "residual")
}
PLAIN = {
    "mlp": lambda: GraphFingerprintMLPClassifier(**SMALL),
    "svm": lambda: GraphFingerprintSVMClassifier(**SMALL),
}


@pytest.fixture
def n_predictions(request):
    """Predictions of each case in all threads together."""
    return request.config.getoption("fuzz") or N_PREDICTIONS


def fit(y):
    return lambda model: model.fit(X, y)


def compare_with(method, part):
    """Take every second labelled row, of whatever classes the model has."""

    def change(model):
        y = THREE if len(model.classes_) == 3 else TWO
        getattr(model, method)(X[part::2], y[part::2])

    return change


FITS = {name: fit(y) for name, y in TABLES.items()}
SUPPORTS = {
    method: compare_with(method, part) for part, method in enumerate(("adapt", "set_support"))
}
FAILURES = [
    lambda model: model.set_support(X, ["unheard of"] * N),
    lambda model: model.adapt(X.assign(pH="warm"), THREE),
    lambda model: model.fit(X.assign(more=1.0), ["works"] * N),  # found after the columns were read
]


def ask(model):
    """All that a model says of some rows, as arrays."""
    said = [model.predict_proba(QUERY), model.predict_std(QUERY), model.predict(QUERY)]
    if hasattr(model, "support_evidence"):
        evidence = model.support_evidence(QUERY, n_top=4)
        said += [evidence["share"].to_numpy(), evidence["outcome"].to_numpy(str)]
    return said


QUESTIONS = ["predict_proba", "predict_std", "predict", "share", "outcome"]


def ask_one(model, number):
    """Put one of the questions of `ask` alone."""
    if number < 3:
        return getattr(model, QUESTIONS[number])(QUERY)
    return model.support_evidence(QUERY, n_top=4)[QUESTIONS[number]].to_numpy()


def agree(one, other):
    """Whether two answers are the same, but for the order in which threads add numbers."""
    if one.shape != other.shape:
        return False
    if one.dtype.kind == "f":
        return np.allclose(one, other, rtol=0, atol=1e-9)
    return bool((one == other).all())


def list_states(make, supports):
    """Answers of every state that changes one after the other can lead to."""
    states = []
    for each in FITS.values():
        model = make()
        for change in (each, *supports.values()):
            change(model)
            states.append(ask(model))
    return states


def change_until(model, changes, is_over, seed):
    """Change the model over and over; a failure must be an error that names its cause."""
    random, n_done, n_failed = np.random.RandomState(seed), 0, 0
    while not is_over.is_set():
        try:
            changes[random.randint(len(changes))](model)
            n_done += 1
        except ValueError:
            n_failed += 1
        is_over.wait(0.01)  # else changes, failures above all, keep the others from running
    return n_done, n_failed


def count_strangers(model, n_questions, states, n):
    """How many of n answers are those of no state, and how many states were met."""
    strangers, met = 0, set()
    for number in range(n):
        question = number % n_questions
        answer = ask_one(model, question)
        known = [k for k, state in enumerate(states) if agree(answer, state[question])]
        strangers += not known
        met.update(known[:1])
    return strangers, len(met)


@pytest.mark.filterwarnings("ignore::sksiamese.exceptions.SmallClassWarning")
@pytest.mark.parametrize("name", [*SIAMESE, *PLAIN])
def test_each_prediction_is_that_of_one_state(name, n_predictions):
    make, is_siamese = (SIAMESE | PLAIN)[name], name in SIAMESE
    supports = SUPPORTS if is_siamese else {}
    states, model, is_over = list_states(make, supports), FITS["two"](make()), threading.Event()
    failures = FAILURES if is_siamese else FAILURES[-1:]
    changes = [*FITS.values(), *supports.values(), *failures]
    n_questions = len(states[0])
    with ThreadPoolExecutor(N_READERS + 2) as pool:
        writers = [pool.submit(change_until, model, changes, is_over, seed) for seed in range(2)]
        share = -(-n_predictions // N_READERS)
        readers = [
            pool.submit(count_strangers, model, n_questions, states, share)
            for _ in range(N_READERS)
        ]
        try:
            found = [reader.result() for reader in readers]
        finally:
            is_over.set()
    done, failed = np.sum([writer.result() for writer in writers], axis=0)
    assert sum(strangers for strangers, _ in found) == 0
    assert max(met for _, met in found) > 1
    assert done > 1
    assert failed > 0
    assert any(all(map(agree, ask(model), state)) for state in states)


def test_a_failure_leaves_what_another_thread_published_meanwhile():
    model = SIAMESE["process"]().fit(X, TWO)
    expected = ask(copy(model).set_support(X[::2], TWO[::2]))

    class Labels(list):
        """Labels whose reading takes until another thread has changed the model."""

        def __array__(self, *_, **__):
            model.set_support(X[::2], TWO[::2])
            return np.array(["unheard of"] * N, dtype=object)

        def __iter__(self):
            return iter(self.__array__())

    with pytest.raises(ValueError, match="unheard of"):
        model.set_support(X, Labels(["?"] * N))
    assert all(map(agree, ask(model), expected))


def test_a_copy_keeps_the_state_that_it_was_taken_of():
    model = SIAMESE["process"]().fit(X, TWO)
    expected, kept = ask(model), copy(model)
    model.fit(X, THREE).adapt(X[::2], THREE[::2])
    assert all(map(agree, ask(kept), expected))


@pytest.mark.filterwarnings("ignore::sksiamese.exceptions.SmallClassWarning")
def test_a_copy_that_is_pickled_beside_a_fit_is_whole():
    model, copies = FITS["two"](SIAMESE["process"]()), []
    states = list_states(SIAMESE["process"], {})
    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(lambda: [change(model) for change in reversed(FITS.values())])
        while not writer.done():
            copies.append(pickle.dumps(model))
        writer.result()
    for packed in copies[:: 1 + len(copies) // 10]:
        said = ask(pickle.loads(packed))
        assert any(all(map(agree, said, state)) for state in states)


@pytest.mark.filterwarnings("ignore::sksiamese.exceptions.LowFidelityWarning")
def test_an_explanation_is_that_of_one_state():
    settings = {"n_samples": 100, "random_state": 0}
    make = lambda: SurrogateTreeExplainer(DecisionTreeClassifier(random_state=0), **settings)  # noqa: E731
    numbers, is_over = X[["pH"]].assign(hours=RNG.uniform(1, 9, N)), threading.Event()
    changes = [lambda model, y=y: model.fit(numbers, y) for y in TABLES.values()]
    said = lambda model: (model.explain(numbers.iloc[0]), model.export_text())  # noqa: E731
    expected = [said(change(make())) for change in changes]
    model = changes[0](make())
    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(change_until, model, changes, is_over, 0)
        try:
            found = [said(model) for _ in range(60)]
        finally:
            is_over.set()
        assert writer.result()[0] > 1
    for k in range(2):
        assert {each[k] for each in found} <= {each[k] for each in expected}


def test_a_plate_is_that_of_one_state():
    numbers, is_over = X[["pH"]].assign(hours=RNG.uniform(1, 9, N)), threading.Event()
    settings = {"n_candidates": 60, "n_bootstrap": 0, "n_folds": 0, "random_state": 0}
    make = lambda: ExperimentRecommender(DecisionTreeClassifier(random_state=0), **settings)  # noqa: E731
    outcomes = [X["pH"].gt(6).rename("early"), X["pH"].gt(9).rename("late")]
    changes = [lambda model, y=y: model.fit(numbers, y) for y in outcomes]
    expected = [change(make()).recommend(3) for change in changes]
    model = changes[0](make())
    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(change_until, model, changes, is_over, 0)
        try:
            found = [model.recommend(3) for _ in range(20)]
        finally:
            is_over.set()
        assert writer.result()[0] > 1
    assert all(any(plate.equals(each) for each in expected) for plate in found)
