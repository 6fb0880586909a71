"""Any text, any table, any setting: a result, or an error that this package or scikit-learn raises.

The suite runs a few examples of each. A long run, which tells what became of the examples, how long
the slowest took, and the memory of the process over the run:

    python -m pytest -s tests/fuzz --fuzz 10000

An example of `test_any_text_is_read_or_refused` is a column of ten texts. A long run is cut into
rounds, each with examples of its own, since hypothesis remembers all examples of one.
"""

import faulthandler
import gc
import time
import traceback
from collections import Counter, defaultdict
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sksiamese import (
    GraphFingerprintMLPClassifier,
    GraphFingerprintSiameseClassifier,
    GraphFingerprintSVMClassifier,
    SMILESFeaturizer,
)
from sksiamese.datasets import load_cmet, load_perovskites

MOLECULES = load_cmet().data.iloc[:200, 0].tolist()
QUICK = {"n_members": 1, "max_epochs": 1, "fp_size": 2, "conv_width": 3, "random_state": 0}
LONGEST = 10.0  # seconds of one example
HANGS = 60.0  # seconds by the clock, on however busy a machine, after which the run is ended
REFUSING = ("sksiamese", "sklearn")  # packages whose errors are an answer
# Inputs are large and slow to draw, and the watch is meant to see all examples of a round.
ANY_INPUT = settings(suppress_health_check=list(HealthCheck))
pytestmark = pytest.mark.filterwarnings("ignore")  # of what is fuzzed, nothing is surprising


class Watch:
    """What becomes of the examples of each test, the slowest of them, and memory after each round.

    Attributes
    ----------
    test : str
        Name of the test that runs.
    """

    def __init__(self):
        self.test = ""
        self.results, self.slowest = defaultdict(Counter), defaultdict(float)
        self.memory = defaultdict(list)

    @contextmanager
    def example(self):
        """Time an example; one that hangs, even in compiled code, ends the run with a traceback."""
        faulthandler.dump_traceback_later(HANGS, exit=True)
        start, start_cpu = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()
        seconds, seconds_cpu = time.perf_counter() - start, time.process_time() - start_cpu
        self.slowest[self.test] = max(self.slowest[self.test], seconds)
        # On a busy machine the clock runs on while others compute; with threads, processor time
        # runs faster than the clock.
        assert min(seconds, seconds_cpu) < LONGEST

    def attempt(self, predict, *errors):
        """Probabilities, or the message of an error of these types; others go on."""
        with self.example():
            try:
                proba = predict()
            except errors as error:
                *_, (frame, _) = traceback.walk_tb(error.__traceback__)
                assert frame.f_globals["__name__"].partition(".")[0] in REFUSING
                self.results[self.test]["refused"] += 1
                return None, str(error)
        assert np.isfinite(proba).all()
        np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-6)
        self.results[self.test]["predicted"] += 1
        return proba, ""

    def end_round(self):
        """Note the memory of the process, in GB; 0 where the system does not tell it in /proc."""
        gc.collect()
        status = Path("/proc/self/status")
        lines = status.read_text().splitlines() if status.exists() else []
        kilobytes = sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
        self.memory[self.test].append(kilobytes / 1e6)

    def report(self):
        """Lines of what was seen."""
        for test, counts in self.results.items():
            found = ", ".join(f"{n:,} {what}" for what, n in sorted(counts.items()))
            yield f"{test}: {found}; slowest {self.slowest[test]:.1f} s"
            rounds, last = self.memory[test], len(self.memory[test]) - 1
            marks = sorted({last * share // 100 for share in (0, 10, 50, 100)})
            seen = ", ".join(f"{rounds[mark]:.3f} after round {mark + 1}" for mark in marks)
            yield f"  memory of the process, GB: {seen}"


@pytest.fixture(scope="module")
def whole_run(request):
    """Watch all tests, and tell of a long run at its end."""
    watch = Watch()
    yield watch
    if request.config.getoption("fuzz"):
        print("", *watch.report(), sep="\n")


@pytest.fixture
def watch(request, whole_run):
    """Watch a round of a test."""
    whole_run.test = request.function.__name__
    yield whole_run
    whole_run.end_round()


def pytest_generate_tests(metafunc):
    """Cut a long run into rounds."""
    n_rounds = -(-metafunc.config.getoption("fuzz") // settings().max_examples)
    if n_rounds > 1:
        metafunc.parametrize("watch", range(n_rounds), indirect=True, ids=str)


@pytest.fixture(scope="module")
def model():
    """A fitted classifier that reads one column of molecules and one of numbers."""
    X = pd.DataFrame({"molecule": MOLECULES[:20], "number": np.arange(20.0)})
    return GraphFingerprintSiameseClassifier(**QUICK).fit(X, np.arange(20) % 2)


# -- Texts -----------------------------------------------------------------------------------------

ATOMS = [
    "C",
    "c",
    "N",
    "n",
    "O",
    "[nH]",
    "[Pb+2]",
    "[13CH3-]",
    "[Og]",
    "*",
    "[*:1]",
    "[U]",
    "[C@@H]",
]
SIGNS = [
    "(",
    ")",
    "=",
    "#",
    "1",
    "%10",
    "/",
    "\\",
    ".",
    "-",
    ":",
    "~",
    ">>",
    "[",
    "]",
    "$",
    "{",
    " ",
]


@st.composite
def damaged(draw):
    """A molecule with a stretch dropped, doubled or replaced."""
    text = draw(st.sampled_from(MOLECULES))
    start = draw(st.integers(0, len(text)))
    stop = draw(st.integers(start, len(text)))
    middle = draw(st.sampled_from(["", text[start:stop] * 2, draw(st.text(max_size=3))]))
    return text[:start] + middle + text[stop:]


TEXTS = st.one_of(
    damaged(),
    st.lists(st.sampled_from(ATOMS + SIGNS), max_size=30).map("".join),
    st.text(max_size=40),
    st.integers(1, 400).map(lambda n: "C" * n),
    st.integers(1, 60).map(lambda n: "C(" * n + ")" * n),
    st.sampled_from(["CCO", "", " ", "nan", "None", "1.5", "InChI=1S/CH4/h1H4", "C" * 3000]),
)
CELLS = st.one_of(
    TEXTS, st.none(), st.floats(), st.integers(), st.binary(max_size=5), st.just(pd.NA)
)


@ANY_INPUT
@given(cells=st.lists(TEXTS, min_size=10, max_size=10))
def test_any_text_is_read_or_refused(watch, model, cells):
    frame = pd.DataFrame({"molecule": pd.Series(cells, dtype=object), "number": 1.0})
    for output in ("ecfp", "descriptors"):
        with watch.example():
            featurizer = SMILESFeaturizer(output, on_invalid="warn")
            found = featurizer.fit_transform(frame[["molecule"]])
        assert not np.isinf(found.astype(float)).any()
    proba, message = watch.attempt(lambda: model.predict_proba(frame), ValueError)
    assert proba is not None or "'molecule'" in message  # the column is named
    graphs = SMILESFeaturizer(on_invalid="warn").fit_transform(frame[["molecule"]])
    watch.attempt(lambda: model.predict_proba(frame.assign(molecule=graphs[:, 0])))


@ANY_INPUT
@given(cells=st.lists(CELLS, min_size=1, max_size=5))
def test_any_cell_is_read_or_refused(watch, model, cells):
    frame = pd.DataFrame({"molecule": pd.Series(cells, dtype=object), "number": 1.0})
    proba, message = watch.attempt(lambda: model.predict_proba(frame), TypeError, ValueError)
    assert proba is not None or "'molecule'" in message


# -- Tables and labels -----------------------------------------------------------------------------

DTYPES = [
    None, "category", "string", "Int64", "Float64", "boolean", "float32", "datetime64[ns]", "str",
    "int64[pyarrow]", "string[pyarrow]", "double[pyarrow]", "complex128", "timedelta64[ns]",
]  # fmt: skip
VALUES = st.one_of(
    st.sampled_from([*MOLECULES[:6], "CCO", "OCC", "", None]),
    st.floats(),
    st.integers(-(2**70), 2**70),
    st.booleans(),
    st.none(),
    st.just(pd.Timestamp("2026-11-23")),
    st.just([1, 2]),
)


@st.composite
def columns(draw, n_rows):
    """A column of one kind or of many, in one of pandas' types if it can take it."""
    kind = draw(
        st.sampled_from(
            [
                st.sampled_from(MOLECULES[:6]),
                st.sampled_from(["CCO", "OCC", "", None]),
                st.floats(-1e3, 1e3),
                st.integers(-5, 5),
                st.booleans(),
                st.floats(),
                VALUES,
            ]
        )
    )
    column = pd.Series(draw(st.lists(kind, min_size=n_rows, max_size=n_rows)), dtype=object)
    try:
        return column.infer_objects().astype(draw(st.sampled_from(DTYPES)))
    except Exception:  # this type cannot hold these values
        return column.infer_objects()


LABELS = [st.integers(0, 1), st.sampled_from(["no", "yes", "?"]), st.booleans(), VALUES]


@st.composite
def tables(draw):
    """A table and labels, of which a good part can be learnt."""
    n_rows, n_columns = draw(st.integers(1, 12)), draw(st.integers(1, 4))
    unique = draw(st.integers(0, 9)) > 0
    names = st.lists(st.text(max_size=4), min_size=n_columns, max_size=n_columns, unique=unique)
    frame = pd.concat([draw(columns(n_rows)) for _ in range(n_columns)], axis=1)
    y = draw(st.lists(draw(st.sampled_from(LABELS)), min_size=n_rows, max_size=n_rows))
    return frame.set_axis(draw(names), axis=1), y


@ANY_INPUT
@given(table=tables())
def test_any_table_is_learnt_or_refused(watch, table):
    X, y = table
    model = GraphFingerprintSiameseClassifier(**QUICK)
    proba, message = watch.attempt(lambda: model.fit(X, y).predict_proba(X), TypeError, ValueError)
    assert proba is not None or (message and not hasattr(model, "classes_"))  # nothing half fitted


# -- Settings --------------------------------------------------------------------------------------

SIZES = st.integers(1, 40)
SETTINGS = {
    "fp_size": SIZES,
    "conv_width": SIZES,
    "radius": st.integers(0, 5),
    "descriptors": st.booleans(),
    "tanimoto": st.sampled_from(["auto", "always", "never"]),
    "scaling": st.sampled_from(["standard", "minmax"]),
    "activation": st.sampled_from(["identity", "leaky_relu", "relu", "sigmoid", "tanh"]),
    "alpha": st.floats(0, 1e300),
    "lr": st.floats(1e-300, 1e300),
    "lr_schedule": st.sampled_from(["cosine", "constant"]),
    "n_members": st.integers(1, 4),
    "max_epochs": st.integers(1, 5),
    "batch_size": st.integers(2, 40),
    "early_stopping": st.booleans(),
    "validation_fraction": st.floats(0.01, 0.99),
    "n_iter_no_change": st.integers(1, 10),
    "random_state": st.integers(0, 2**32 - 1),
}
LAYERS = {
    "hidden_layer_sizes": st.lists(st.integers(0, 40), max_size=3).map(tuple),
    "dropout": st.floats(0, 0.999),
}
SIAMESE = {
    "embedding_size": SIZES,
    "embedding_activation": SETTINGS["activation"],
    "readout": st.sampled_from(["process", "mean", "paper"]),
}
KINDS = st.one_of(
    st.tuples(
        st.just(GraphFingerprintSiameseClassifier),
        st.fixed_dictionaries({}, optional=SETTINGS | LAYERS | SIAMESE),
    ),
    st.tuples(
        st.just(GraphFingerprintMLPClassifier),
        st.fixed_dictionaries({}, optional=SETTINGS | LAYERS),
    ),
    st.tuples(st.just(GraphFingerprintSVMClassifier), st.fixed_dictionaries({}, optional=SETTINGS)),
)


@ANY_INPUT
@given(kind=KINDS)
def test_any_setting_fits_or_says_that_it_diverged(watch, kind):
    data = load_perovskites()
    X, y = data.data.iloc[:16], np.arange(16) % 3
    classifier, chosen = kind
    model = classifier(**{"max_epochs": 2, "n_members": 1} | chosen)
    proba, message = watch.attempt(lambda: model.fit(X, y).predict_proba(X), ValueError)
    assert proba is not None or message.startswith("Training diverged")
