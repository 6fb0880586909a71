"""Generated tables: what is read can be fitted, recommended, explained and saved; what is refused
names the cell and the cure; nothing is dropped without a word; a file is read as its frame.

A normal run tries some tens of tables. A long one is cut into rounds with tables of their own:

    python -m pytest tests/doctor/test_generated_tables.py --fuzz 2000
"""

import re
import warnings

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rdkit import Chem

from sksiamese import (
    ExperimentRecommender,
    GraphFingerprintSiameseClassifier,
    SurrogateTreeExplainer,
    load_model,
    read_experiments,
    save_model,
)
from sksiamese.space import DesignSpace

IS_LONG = settings.get_current_profile_name() == "fuzz"
N_TABLES = settings.default.max_examples if IS_LONG else 25
MODELS = ("molecule", "category", "number")
NAMES = [
    *("ligand", "solvent", "additive", "temp (°C)", "conc (mM)", "time", "water (%)", "equiv"),
    *("x", "pH", "dry", "yield (%)", "entry", "id", "date", "notes", "ee"),
]
SMILES = ["CP", "CN", "CCO", "c1ccccc1", "[Na+].[Cl-]", "C1CC1", "[CH3:1]O"]
GAPS = [None, "", "n/a", "None", " "]
POOLS = {
    "molecules": SMILES,
    "molecules and none": [*SMILES[:3], *GAPS],
    "InChI": [Chem.MolToInchi(Chem.MolFromSmiles(text)) for text in SMILES[:4]],
    "RDKit molecules": [Chem.MolFromSmiles(text) for text in SMILES[:4]],
    "names": ["PPh3", "XPhos", "xphos", "NBS", "DMSO", "SPhos "],
    "names and none": ["PPh3", "XPhos", *GAPS],
    "truth values": [True, False],
    "truth values as text": ["TRUE", "false", "True"],
    "truth values and none": [True, False, *GAPS],
    "yes and no": ["yes", "Yes", "no ", "n"],
    "numbers": [0, 1, 2.5, 7.25, 40, 99],
    "whole numbers": [0, 1, 5, 60],
    "zeros and ones": [0, 1],
    "numbers and none": [1.0, 2.0, 3.5, *GAPS],
    "one number and none": [4.5, None],
    "decimal commas": ["1,5", "2,25", "3", "4.5"],
    "thousands": ["1,200.5", "3,400.0", "12"],
    "quantities": ["2 h", "30 min", "1 d", "16 h"],
    "percentages": ["44 %", "3%", "99%", "<5", ">95", "trace"],
    "dates": ["2024-03-01", "2024-03-02", "01.04.2024"],
    "days": [pd.Timestamp("2024-03-01"), pd.Timestamp("2024-03-02")],
    "catalogue numbers": ["0012", "0450", "0007"],
    "ratios": ["1:2", "2:1"],
    "sentences": ["it turned black", "see page 5, below", "a, b; and c"],
    "nothing": GAPS,
    "one thing": ["Ar"],
    "one number": [7.0],
    "reactions": ["CBr.CO>>COC", "CCBr.CO>>CCOC"],
    # What is wrong, and must be said.
    "bad molecules": ["CCO", "CN", "CC(C)(C)(C)C", "c1cccc1", "CCO + O", "CÖ"],
    "names behind molecules": ["CCO ethanol", "CN", "CP"],
    "words among numbers": [1, 2, 3, 4, "overnight", "rt", "<1"],
    "molecules and numbers": ["CCO", 1.5, 2],
    "lists": [[1], [2]],
    "infinity": [1.0, 2.0, np.inf],
}
LABELS = {
    "zeros and ones": [0, 1],
    "whole floats": [0.0, 1.0],
    "words": ["yes", "no", "Yes", "no ", "N"],
    "with gaps": [1, 0, 1, 0, None, "PENDING"],
    "truth values": [True, False],
    "truth values with gaps": [True, False, None],
    "one": [1],
    "colours": ["red", "blue"],
    "grades": [1, 2, 3],
    "measurements": [0.5, 12.25, 99.5],
    "yields": [3, 44.5, "60 %", "<5", ">95", "trace", None],
}


def pytest_generate_tests(metafunc):
    """Cut a long run into rounds."""
    n_rounds = -(-metafunc.config.getoption("fuzz") // N_TABLES)
    metafunc.parametrize("part", range(max(n_rounds, 1)), ids=str)


@st.composite
def columns(draw, pool, n):
    """One cell for each row, of a pool."""
    places = draw(st.lists(st.integers(0, len(pool) - 1), min_size=n, max_size=n))
    return pd.Series([pool[place] for place in places], dtype=object)


@st.composite
def tables(draw):
    """Columns of some kinds under any names, maybe some that go together, and outcomes."""
    n = draw(st.integers(8, 30))
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=5, unique=True))
    kinds = st.sampled_from(sorted(POOLS))
    table = {name: draw(columns(POOLS[draw(kinds)], n)) for name in names}
    if draw(st.booleans()):
        table["run"] = pd.Series(range(1, n + 1))
    if draw(st.booleans()):  # pH that exists only in water
        table["medium"] = draw(columns(["O", "CCO", "CN"], n))
        table["pH in water"] = draw(columns([4, 7.5, 9], n)).where(table["medium"] == "O", None)
    labels = draw(st.sampled_from(sorted(LABELS)))
    table["works"] = draw(columns(LABELS[labels], n))
    if draw(st.booleans()):  # what follows from the outcome
        is_high = table["works"].isin([1, "yes", "red"])
        table["y"] = is_high * 5.0 + np.arange(n) % 4 / 2
    frame = pd.DataFrame(table)
    if draw(st.booleans()):
        frame = frame.infer_objects()
    return frame, "works >= 50" if labels in ("yields", "measurements") else "works"


def read(source, outcome):
    """Return the table and "", or None and why it is refused."""
    try:
        return read_experiments(source, outcome), ""
    except ValueError as error:
        return None, str(error)


def require_account(frame, table):
    """Nothing is dropped without a word: each row and column has a place and a reason."""
    assert list(table.roles) == list(frame.columns) == list(table.frame.columns)
    assert all(role.reason for role in table.roles.values())
    assert dict(table.report.columns) == {name: r.role for name, r in table.roles.items()}
    assert list(table.X.columns) == [n for n, r in table.roles.items() if r.role in MODELS]
    assert sorted([*table.X.index, *table.left_out.index]) == list(frame.index)
    assert table.X.index.equals(table.y.index)
    text = str(table)
    assert all(name in text for name in frame.columns)
    assert not len(table.left_out) or "without an outcome left out" in text


def require_use(table, folder):
    """Fit, draw, recommend, explain, save and load."""
    model = GraphFingerprintSiameseClassifier(
        n_members=1, max_epochs=1, fp_size=3, conv_width=4, radius=1, random_state=0
    )
    space = DesignSpace.from_frame(table.X)
    drawn = space.sample(20, random_state=0)
    assert list(drawn.columns) == list(table.X.columns)
    assert space.contains(drawn).all()
    complete = table.X.dropna()
    assert complete.empty or space.contains(complete).all()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # small classes, trees of low fidelity
        recommender = ExperimentRecommender(
            model, n_candidates=50, random_state=0, positive=table.positive
        ).fit(table.X, table.y)
        explainer = SurrogateTreeExplainer(model, n_samples=100, random_state=0)
        explainer.fit(table.X, table.y)
    assert len(explainer.rules())
    proba = recommender.estimator_.predict_proba(table.X)
    assert np.isfinite(proba).all()
    require_plate(recommender, list(table.X.columns))
    save_model(recommender, folder / "model.sksiamese")
    loaded = load_model(folder / "model.sksiamese")
    np.testing.assert_array_equal(loaded.estimator_.predict_proba(table.X), proba)


def require_plate(recommender, columns):
    """Recommend; of a small space, every recipe may be measured, which is said."""
    try:
        plate = recommender.recommend(1)
    except ValueError as error:
        refusal = str(error)
    else:
        assert list(plate.columns[: len(columns)]) == columns
        return
    assert refusal.startswith("Only 0 distinct experiment(s) are left")


def require_names_and_cures(table):
    """Each error has a column, a row where it is about a cell, and a cure."""
    errors = table.report.findings[table.report.findings["severity"] == "error"]
    assert len(errors)
    assert errors["cure"].str.endswith(".").all()
    for error in errors.itertuples():
        assert error.column is not None or error.check == "nothing_varies"
        is_cell = error.check in ("invalid_smiles", "not_a_number", "not_finite", "mixed_labels")
        assert not is_cell or error.row is not None or "row" in error.message


@settings(max_examples=N_TABLES, suppress_health_check=[HealthCheck.too_slow])
@given(drawn=tables())
def test_what_is_read_can_be_used_and_what_is_refused_is_named(part, drawn, tmp_path_factory):
    frame, outcome = drawn
    table, refusal = read(frame, outcome)
    if table is None:
        assert re.search(r"'works.*'.*[.]$", refusal, re.DOTALL)
        return
    require_account(frame, table)
    if table.ok:
        require_use(table, tmp_path_factory.mktemp("model"))
    else:
        require_names_and_cures(table)


# -- Files -----------------------------------------------------------------------------------------


def write_text(frame, path, separator, encoding, n_titles, comma):
    """Write as an instrument or a spreadsheet does."""
    if comma:
        frame = frame.map(lambda c: str(c).replace(".", ",") if type(c) is float else c)
    text = frame.to_csv(index=False, sep=separator, lineterminator="\n")
    titles = ["Crystals of group 5", "# exported on Monday"][:n_titles]
    path.write_text("\n".join([*titles, text]), encoding=encoding)


def write_book(frame, path, n_titles):
    """Write a workbook whose table stands on the second sheet."""
    with pd.ExcelWriter(path) as writer:
        pd.DataFrame({"Read me": ["Made by hand"]}).to_excel(writer, sheet_name="README")
        frame.to_excel(writer, sheet_name="Data", index=False, startrow=n_titles)
        for row in range(n_titles):
            writer.sheets["Data"].cell(row + 1, 1, "Crystals of group 5")


@st.composite
def files(draw):
    """Return a function that writes a frame to a folder and gives the path."""
    n_titles = draw(st.integers(0, 2))
    if draw(st.booleans()):
        return "table.xlsx", lambda frame, path: write_book(frame, path, n_titles)
    separator = draw(st.sampled_from(",;\t"))
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
    comma = separator != "," and draw(st.booleans())
    return "table.csv", lambda frame, path: write_text(
        frame, path, separator, encoding, n_titles, comma
    )


def plain(frame):
    """Leave out what no file can hold: lists; molecules are written as SMILES."""
    held = frame.loc[:, [not any(isinstance(c, list) for c in frame[name]) for name in frame]]
    return held.map(lambda c: Chem.MolToSmiles(c) if isinstance(c, Chem.Mol) else c)


@settings(max_examples=N_TABLES, suppress_health_check=[HealthCheck.too_slow])
@given(drawn=tables(), file=files())
def test_a_file_is_read_as_its_frame(part, drawn, file, tmp_path_factory):
    (frame, outcome), (name, write) = drawn, file
    frame = plain(frame)
    frame = frame[~frame.map(lambda c: pd.isna(c) or str(c).strip() == "").all(axis=1)]
    path = tmp_path_factory.mktemp("table") / name
    write(frame, path)
    expected, refusal = read(frame, outcome)
    found, also = read(path, outcome)
    if expected is None or found is None:
        assert without_rows(refusal) == without_rows(also)
        return
    assert {n: r.role for n, r in found.roles.items()} == {
        n: r.role for n, r in expected.roles.items()
    }
    assert found.ok == expected.ok
    assert found.y.map(str).tolist() == expected.y.map(str).tolist()
    if found.ok:
        for column in expected.X:
            assert found.X[column].map(as_text).tolist() == expected.X[column].map(as_text).tolist()


def without_rows(message):
    """A message but for the numbers of rows, which a file counts from another one on."""
    return re.sub(r"row '?[0-9]+'?", "row", message)


def as_text(cell):
    """Write a number in one way, and nothing as ""."""
    if pd.isna(cell):
        return ""
    return cell if isinstance(cell, str) else repr(float(cell))
