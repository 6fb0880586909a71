"""Generated tables: what is read can be fitted, recommended, explained and saved; what is refused
names the cell and the cure; nothing is dropped without a word.
"""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sksiamese import (
    ExperimentRecommender,
    GraphFingerprintSiameseClassifier,
    SurrogateTreeExplainer,
    load_model,
    read_experiments,
    save_model,
)
from sksiamese.space import DesignSpace

# A few in each run, for the time that fits and trees take; `--fuzz 2000` for many.
N_TABLES = settings.default.max_examples if settings.get_current_profile_name() == "fuzz" else 5
NAMES = ["ligand", "solvent", "temp (°C)", "conc (mM)", "time", "yield (%)", "entry", "notes", "x"]
SMILES = ["CP", "CN", "CCO", "c1ccccc1", "[Na+].[Cl-]", "C1CC1", "[CH3:1]O"]
POOLS = {
    "molecules": SMILES,
    "molecules with gaps": [*SMILES, None, "", "n/a", "None"],
    "names": ["PPh3", "XPhos", "xphos", "NBS", "DMSO"],
    "truth values": [True, False],
    "truth values with gaps": [True, False, None],
    "yes and no": ["yes", "Yes", "no ", "n"],
    "numbers": [0, 1, 2.5, 7.25, 40, 99],
    "numbers with gaps": [1.0, 2.0, 3.5, None, "n/a"],
    "numbers as text": ["1,5", "2,25", "3", "4.5"],
    "quantities": ["2 h", "30 min", "1 d", "16 h"],
    "percentages": ["44 %", "3%", "99%", "<5", ">95", "trace"],
    "dates": ["2024-03-01", "2024-03-02", "01.04.2024"],
    "nothing": [None, "", "-"],
    "one thing": ["Ar"],
    "reactions": ["CBr.CO>>COC", "CCBr.CO>>CCOC"],
    # What is wrong, and must be said.
    "bad molecules": ["CCO", "CN", "CC(C)(C)(C)C", "c1cccc1", "CCO + O", "CÖ"],
    "words among numbers": [1, 2, 3, 4, "overnight", "rt", "<1"],
    "lists": [[1], [2]],
    "infinity": [1.0, 2.0, np.inf],
}
LABELS = {
    "numbers": [0, 1],
    "words": ["yes", "no", "Yes", "no "],
    "with gaps": [1, 0, 1, 0, None, "PENDING"],
    "truth values": [True, False],
}


@st.composite
def tables(draw):
    """Some columns of some kinds, and outcomes; maybe a running number."""
    n = draw(st.integers(8, 30))
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=5, unique=True))
    columns = {}
    for name in names:
        pool = POOLS[draw(st.sampled_from(sorted(POOLS)))]
        places = draw(st.lists(st.integers(0, len(pool) - 1), min_size=n, max_size=n))
        columns[name] = pd.Series([pool[place] for place in places], dtype=object)
    if draw(st.booleans()):
        columns["run"] = pd.Series(range(1, n + 1))
    labels = LABELS[draw(st.sampled_from(sorted(LABELS)))]
    places = draw(st.lists(st.integers(0, len(labels) - 1), min_size=n, max_size=n))
    columns["works"] = pd.Series([labels[place] for place in places], dtype=object)
    return pd.DataFrame(columns)


def try_to_read(source):
    """Return the table, or why it is refused."""
    try:
        return read_experiments(source, "works"), ""
    except ValueError as error:
        return None, str(error)


def require_account(table, read):
    """Nothing is dropped without a word: each row and column has a place and a reason."""
    assert list(read.roles) == list(table.columns) == list(read.frame.columns)
    assert all(role.reason for role in read.roles.values())
    assert dict(read.report.columns) == {name: role.role for name, role in read.roles.items()}
    inputs = [n for n, r in read.roles.items() if r.role in ("molecule", "category", "number")]
    assert list(read.X.columns) == inputs
    assert sorted([*read.X.index, *read.left_out.index]) == list(table.index)
    assert read.X.index.equals(read.y.index)


def require_use(read, folder):
    """Fit, draw, recommend, explain, save and load."""
    model = GraphFingerprintSiameseClassifier(
        n_members=1, max_epochs=1, fp_size=3, conv_width=4, radius=1, random_state=0
    )
    space = DesignSpace.from_frame(read.X)
    assert list(space.sample(5, random_state=0).columns) == list(read.X.columns)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # small classes, trees of low fidelity
        recommender = ExperimentRecommender(
            model, n_candidates=50, random_state=0, positive=read.positive
        ).fit(read.X, read.y)
        explainer = SurrogateTreeExplainer(model, n_samples=100, random_state=0)
        explainer.fit(read.X, read.y)
    assert len(explainer.rules())
    proba = recommender.estimator_.predict_proba(read.X)
    assert np.isfinite(proba).all()
    candidates = space.sample(20, random_state=1)
    try:
        plate = recommender.recommend(1, candidates=candidates)
    except ValueError as error:  # of a small space, every recipe may be measured
        assert str(error).startswith("Only 0 distinct experiment(s) are left")
    else:
        assert list(plate.columns[: len(space.columns)]) == list(read.X.columns)
    save_model(recommender, folder / "model.sksiamese")
    loaded = load_model(folder / "model.sksiamese")
    np.testing.assert_array_equal(loaded.estimator_.predict_proba(read.X), proba)


@settings(max_examples=N_TABLES)
@given(table=tables())
def test_what_is_read_can_be_used_and_what_is_refused_is_named(table, tmp_path_factory):
    read, refusal = try_to_read(table)
    if read is None:
        assert refusal.endswith(".")  # a sentence that ends with the cure
        assert "'works'" in refusal
        return
    require_account(table, read)
    if read.ok:
        require_use(read, tmp_path_factory.mktemp("model"))
        return
    errors = read.report.findings[read.report.findings["severity"] == "error"]
    assert errors["cure"].str.endswith(".").all()
    for row in errors.itertuples():
        assert row.column is not None or row.check == "nothing_varies"
        is_cell = row.check in ("invalid_smiles", "not_a_number", "not_finite", "mixed_labels")
        assert not is_cell or row.row is not None or "row" in row.message


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@settings(max_examples=N_TABLES)
@given(table=tables())
def test_a_file_is_read_as_its_frame(kind, table, tmp_path_factory):
    plain = table.loc[:, [not any(isinstance(c, list) for c in table[n]) for n in table]]
    path = tmp_path_factory.mktemp("table") / f"table.{kind}"
    plain.to_csv(path, index=False) if kind == "csv" else plain.to_excel(path, index=False)
    expected, refusal = try_to_read(plain)
    found, also = try_to_read(path)
    if expected is None or found is None:
        assert refusal == also
        return
    assert found.ok == expected.ok
    same = {n: r.role for n, r in found.roles.items() if n in expected.roles}
    assert same == {n: r.role for n, r in expected.roles.items() if n in same}
    assert found.y.map(str).tolist() == expected.y.map(str).tolist()
