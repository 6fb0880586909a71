"""What scikit-mol and scikit-fingerprints ask of their transformers, asked of the featurizer.

Written anew after the kinds of tests in their suites; RDKit tells what is right. That several
processes give what one gives is tested in `test_distinct_molecules.py`.
"""

import pickle
import re

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import FeatureUnion, make_pipeline

from sksiamese import InvalidSMILESError, SMILESFeaturizer
from sksiamese.exceptions import InvalidSMILESWarning
from tests.molecules.cases import DRUGS

SMILES = [text for text in DRUGS if "*" not in text]
MOLS = [Chem.MolFromSmiles(text) for text in SMILES]
Y = np.arange(len(SMILES)) % 2
OUTPUTS = ["graph", "ecfp", "descriptors", "table1"]
FORMS = {
    "list": list,
    "tuple": tuple,
    "array": lambda cells: np.array(cells, dtype=object),
    "2-D list": lambda cells: [[cell] for cell in cells],
    "2-D array": lambda cells: np.array(cells, dtype=object).reshape(-1, 1),
    "Series": pd.Series,
    "named Series": lambda cells: pd.Series(cells, name="molecule"),
    "frame": lambda cells: pd.DataFrame({"molecule": cells}),
    "frame with labels": lambda cells: pd.DataFrame(
        {"molecule": cells}, index=[f"m{i}" for i in range(len(cells))]
    ),
}
NUMERIC = OUTPUTS[1:]


def featurizer(output="ecfp", **changes):
    return SMILESFeaturizer(output, **{"fp_size": 64} | changes)


def same(found, expected):
    """Whether two outputs are equal; graphs by their atoms and bonds, not by their texts."""
    if found.dtype != object:
        return np.array_equal(found, expected)
    pairs = zip(found.ravel(), expected.ravel(), strict=True)
    return all(
        sorted(a.atoms) == sorted(b.atoms) and len(a.bonds) == len(b.bonds) for a, b in pairs
    )


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("output", OUTPUTS)
def test_texts_and_molecules_in_any_form_give_the_same(output, form):
    expected = featurizer(output).fit_transform(SMILES)
    for cells in (SMILES, MOLS, [*SMILES[:4], *MOLS[4:]]):
        found = featurizer(output).fit_transform(FORMS[form](cells))
        assert found.shape == expected.shape
        assert found.dtype == expected.dtype
        if output in ("descriptors", "table1"):
            np.testing.assert_allclose(found, expected, rtol=1e-9)  # the order of atoms
        else:
            assert same(found, expected)


def test_bits_of_molecules_are_rdkits():
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=64)
    expected = [generator.GetFingerprintAsNumPy(mol) for mol in MOLS]
    np.testing.assert_array_equal(featurizer().fit_transform(MOLS), expected)


def test_molecules_stay_as_they_were():
    before = [mol.ToBinary() for mol in MOLS]
    featurizer("descriptors").fit_transform(MOLS)
    assert [mol.ToBinary() for mol in MOLS] == before


def test_molecules_beside_gaps_and_empty_ones():
    cells = pd.Series([MOLS[0], None, Chem.Mol(), np.nan, ""])
    found = featurizer().fit_transform(cells)
    assert found[0].any()
    assert not found[1:].any()


@pytest.mark.parametrize("output", OUTPUTS)
def test_fit_and_transform_is_fit_transform_and_leaves_parameters(output):
    transformer = featurizer(output)
    before = transformer.get_params()
    expected = transformer.fit_transform(SMILES)
    assert transformer.get_params() == before
    assert same(clone(transformer).fit(SMILES, Y).transform(SMILES), expected)
    assert transformer.fit(SMILES) is transformer


@pytest.mark.parametrize("output", OUTPUTS)
def test_rows_do_not_depend_on_each_other(output):
    transformer = featurizer(output).fit(SMILES)
    whole = transformer.transform(SMILES)
    order = np.random.RandomState(0).permutation(len(SMILES))
    assert same(transformer.transform([SMILES[i] for i in order]), whole[order])
    one_by_one = np.concatenate([transformer.transform([text]) for text in SMILES])
    assert same(one_by_one, whole)


@pytest.mark.parametrize("output", NUMERIC)
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_set_output_gives_frames_with_the_names(output, library):
    frame = pd.DataFrame({"a": SMILES, "b": SMILES[::-1]}, index=range(5, 5 + len(SMILES)))
    transformer = featurizer(output)
    expected = transformer.fit_transform(frame)
    found = transformer.set_output(transform=library).transform(frame)
    assert isinstance(found, pd.DataFrame if library == "pandas" else pl.DataFrame)
    assert list(found.columns) == transformer.get_feature_names_out().tolist()
    np.testing.assert_array_equal(found.to_numpy(), expected)
    if library == "pandas":
        assert found.index.equals(frame.index)
    with config_context(transform_output="pandas"):
        assert isinstance(featurizer(output).fit_transform(frame), pd.DataFrame)
    assert isinstance(transformer.set_output(transform="default").transform(frame), np.ndarray)


@pytest.mark.parametrize("output", OUTPUTS)
def test_names_are_as_many_as_columns_and_distinct(output):
    for X, names in ((SMILES, None), (SMILES, ["mine"]), (pd.Series(SMILES, name="s"), ["s"])):
        transformer = featurizer(output).fit(X)
        found = transformer.get_feature_names_out(names)
        assert len(set(found)) == len(found) == transformer.transform(X).shape[1]
        assert all(name.startswith((names or ["x0"])[0]) for name in found)


@pytest.mark.parametrize("output", OUTPUTS)
def test_pickled_and_dumped_transformers_give_the_same(output, tmp_path):
    frame = pd.DataFrame({"molecule": SMILES})
    transformer = featurizer(output).fit(frame)
    expected = transformer.transform(frame)
    joblib.dump(transformer, tmp_path / "transformer.joblib")
    again = pickle.loads(pickle.dumps(transformer)), joblib.load(tmp_path / "transformer.joblib")
    for each in again:
        assert same(each.transform(frame), expected)
        assert each.get_feature_names_out().tolist() == (
            transformer.get_feature_names_out().tolist()
        )


def test_unfitted_transformers_are_pickled_and_cloned_with_their_parameters():
    transformer = featurizer("table1", radius=3, on_invalid="warn", n_jobs=2)
    for each in (clone(transformer), pickle.loads(pickle.dumps(transformer))):
        assert each.get_params() == transformer.get_params()
        assert not hasattr(each, "n_features_in_")


@pytest.mark.parametrize(
    ("X", "shape"),
    [([], "(0, 1)"), (pd.Series([], dtype=object), "(0, 1)"), (np.empty((0, 2), object), "(0, 2)")],
)
def test_no_rows_are_refused(X, shape):
    message = (
        f"X has 0 sample(s) (shape={shape}) while a minimum of 1 is required. Pass at least one "
        "row."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        featurizer().fit(X)


@pytest.mark.parametrize("output", OUTPUTS)
def test_unreadable_texts_are_all_named_or_warned_of(output):
    bad = ["CCO", "C(C", "nonsense", "c1ccccc1"]
    lines = (
        "Not readable as SMILES (2 in all):\n"
        "  column 'x0', row 1: 'C(C' ('(' at position 2 is not closed)\n"
        "  column 'x0', row 2: 'nonsense'"
    )
    transformer = featurizer(output).fit(bad)
    with pytest.raises(InvalidSMILESError, match=f"^{re.escape(lines)}") as error:
        transformer.transform(bad)
    assert error.value.cells == (("x0", 1, "C(C"), ("x0", 2, "nonsense"))
    transformer.set_params(on_invalid="warn")
    with pytest.warns(InvalidSMILESWarning, match=f"^{re.escape(lines)}"):
        found = transformer.transform(bad)
    assert same(found, featurizer(output).fit_transform(["CCO", "", "", "c1ccccc1"]))


@pytest.mark.parametrize("cell", [3.5, 7, b"CCO", object])
def test_what_is_neither_text_nor_molecule_is_refused(cell):
    with pytest.raises(InvalidSMILESError, match=r"^Not readable as SMILES \(1 in all\):\n"):
        featurizer().fit_transform(["CCO", cell])


def test_pipelines_unions_columns_and_searches():
    frame = pd.DataFrame({"molecule": MOLS * 3, "pH": np.linspace(2, 12, 3 * len(MOLS))})
    y = np.tile(Y, 3)
    columns = make_column_transformer((featurizer(), ["molecule"]), ("passthrough", ["pH"]))
    model = make_pipeline(columns, LogisticRegression(max_iter=1000))
    assert np.isfinite(cross_val_score(model, frame, y, cv=3)).all()
    grid = {"columntransformer__smilesfeaturizer__fp_size": [32, 64]}
    search = GridSearchCV(model, grid, cv=2).fit(frame, y)
    assert search.best_params_["columntransformer__smilesfeaturizer__fp_size"] in (32, 64)
    union = FeatureUnion([("bits", featurizer()), ("numbers", featurizer("table1"))])
    found = union.fit_transform(SMILES)
    parts = [featurizer(output).fit_transform(SMILES) for output in ("ecfp", "table1")]
    np.testing.assert_array_equal(found, np.hstack(parts))
    assert isinstance(columns, ColumnTransformer)
