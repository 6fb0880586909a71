"""Any text, any table, any setting: a result, or an error that this package or scikit-learn raises.

The suite runs a few examples of each. A long run, with the memory that it took:

    python -m pytest -s tests/fuzz --fuzz 10000

An example of `test_any_text_is_read_or_refused` is a column of ten texts.
"""

import resource
import sys

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
pytestmark = pytest.mark.filterwarnings("ignore")  # of what is fuzzed, nothing is surprising


@pytest.fixture(scope="module", autouse=True)
def memory(request):
    """Tell how far the peak of memory rose over the run."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    if request.config.getoption("fuzz"):
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        scale = 1 if sys.platform == "darwin" else 1024  # the unit differs
        print(
            f"\npeak memory {before * scale / 1e9:.2f} GB before, {after * scale / 1e9:.2f} after"
        )


@pytest.fixture(scope="module")
def model():
    """A fitted classifier that reads one column of molecules and one of numbers."""
    X = pd.DataFrame({"molecule": MOLECULES[:20], "number": np.arange(20.0)})
    return GraphFingerprintSiameseClassifier(n_trees=2, **QUICK).fit(X, np.arange(20) % 2)


def attempt(predict, *errors):
    """Probabilities, or the message of an error of these types; others go on."""
    try:
        proba = predict()
    except errors as error:
        return None, str(error)
    assert np.isfinite(proba).all()
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-6)
    return proba, ""


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


@given(cells=st.lists(TEXTS, min_size=10, max_size=10))
def test_any_text_is_read_or_refused(model, cells):
    frame = pd.DataFrame({"molecule": pd.Series(cells, dtype=object), "number": 1.0})
    for output in ("graph", "ecfp", "descriptors"):
        featurizer = SMILESFeaturizer(output, on_invalid="warn")
        found = featurizer.fit_transform(frame[["molecule"]])
        if output != "graph":
            assert not np.isinf(np.asarray(found, dtype=float)).any()
    proba, message = attempt(lambda: model.predict_proba(frame), ValueError)
    assert proba is not None or "'molecule'" in message  # the column is named


@given(cells=st.lists(CELLS, min_size=1, max_size=5))
def test_any_cell_is_read_or_refused(model, cells):
    frame = pd.DataFrame({"molecule": pd.Series(cells, dtype=object), "number": 1.0})
    proba, message = attempt(lambda: model.predict_proba(frame), TypeError, ValueError)
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
                st.floats(-1e3, 1e3),
                st.floats(),
                st.integers(-5, 5),
                st.booleans(),
                VALUES,
            ]
        )
    )
    column = pd.Series(draw(st.lists(kind, min_size=n_rows, max_size=n_rows)), dtype=object)
    try:
        return column.infer_objects().astype(draw(st.sampled_from(DTYPES)))
    except Exception:  # this type cannot hold these values
        return column.infer_objects()


@st.composite
def tables(draw):
    """A table and labels."""
    n_rows = draw(st.integers(1, 12))
    n_columns = draw(st.integers(1, 4))
    names = draw(st.lists(st.text(max_size=4), min_size=n_columns, max_size=n_columns))
    frame = pd.concat([draw(columns(n_rows)) for _ in range(n_columns)], axis=1)
    label = st.sampled_from([0, 1]) if draw(st.booleans()) else VALUES
    y = draw(st.lists(label, min_size=n_rows, max_size=n_rows))
    return frame.set_axis(names, axis=1), y


@settings(suppress_health_check=list(HealthCheck))
@given(table=tables())
def test_any_table_is_learnt_or_refused(table):
    X, y = table
    model = GraphFingerprintSiameseClassifier(n_trees=2, **QUICK)
    proba, message = attempt(lambda: model.fit(X, y).predict_proba(X), TypeError, ValueError)
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
    "signed": st.booleans(),
    "readout": st.sampled_from(["kernel", "mean"]),
    "new_molecule_weight": st.floats(0, 1),
    "pairs_per_step": st.one_of(st.none(), st.integers(2, 50)),
    "n_trees": st.integers(0, 5),
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


@given(kind=KINDS)
def test_any_setting_fits_or_says_that_it_diverged(kind):
    data = load_perovskites()
    X, y = data.data.iloc[:16], np.arange(16) % 3
    classifier, chosen = kind
    model = classifier(**{"max_epochs": 2, "n_members": 1} | chosen)
    proba, message = attempt(lambda: model.fit(X, y).predict_proba(X), ValueError)
    assert proba is not None or message.startswith("Training diverged")
