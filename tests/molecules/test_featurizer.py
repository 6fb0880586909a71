"""SMILESFeaturizer: inputs, outputs, names, absent and unreadable cells."""

import pickle
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem
from rdkit.Chem import Descriptors, rdFingerprintGenerator
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sksiamese._frames import distinct_texts
from sksiamese.descriptors import RDKIT_DESCRIPTORS, TABLE1_LIGAND_DESCRIPTORS
from sksiamese.featurizer import SMILESFeaturizer
from sksiamese.molecules._graph import EMPTY_GRAPH, MolGraph, graph_from_smiles

OUTPUTS = ["graph", "ecfp", "descriptors", "table1"]
LIGANDS = ["SCCN", "SCCO", "SCCN", "Sc1ccccc1"]


def exactly(message):
    return f"^{re.escape(message)}$"


@pytest.fixture
def frame():
    return pd.DataFrame({"ligand": LIGANDS, "solvent": ["O", None, "CO", "O"]}, index=list("abcd"))


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize(
    "wrap",
    [
        list,
        tuple,
        np.array,
        lambda x: np.array(x, dtype=object),
        lambda x: np.array(x, dtype=object)[:, None],
        lambda x: [[text] for text in x],
        pd.Series,
        lambda x: pd.Series(x, name="ligand", dtype="category"),
        lambda x: pd.Series(x, dtype="string"),
        lambda x: pd.DataFrame({"ligand": x}),
        lambda x: pd.DataFrame({0: x}),
        pd.array,
        pd.Index,
    ],
)
def test_every_form_of_one_column_gives_the_same(output, wrap):
    expected = SMILESFeaturizer(output).fit_transform(LIGANDS)
    got = SMILESFeaturizer(output).fit_transform(wrap(LIGANDS))
    assert got.shape == expected.shape
    assert (got == expected).all()


def test_graphs_are_those_of_each_cell_and_shared(frame):
    graphs = SMILESFeaturizer().fit_transform(frame)
    assert graphs.shape == (4, 2)
    assert graphs.dtype == object
    assert graphs[0, 0] == graph_from_smiles("SCCN")
    assert graphs[0, 0] is graphs[2, 0]
    assert graphs[0, 1] is graphs[3, 1]
    assert graphs[1, 1] is EMPTY_GRAPH


def test_ecfp_is_rdkits(frame):
    bits = SMILESFeaturizer("ecfp", fp_size=512, radius=3).fit_transform(frame)
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=3, fpSize=512)
    assert bits.shape == (4, 1024)
    assert bits.dtype == np.uint8
    for row, ligand in zip(bits, LIGANDS, strict=True):
        on = set(generator.GetFingerprint(Chem.MolFromSmiles(ligand)).GetOnBits())
        assert set(np.flatnonzero(row[:512])) == on
    assert not bits[1, 512:].any()


@pytest.mark.parametrize(
    ("output", "names"),
    [("descriptors", RDKIT_DESCRIPTORS), ("table1", TABLE1_LIGAND_DESCRIPTORS)],
)
def test_descriptors_are_rdkits(frame, output, names):
    table = SMILESFeaturizer(output).set_output(transform="pandas").fit_transform(frame)
    assert table.columns.tolist() == [f"{c}__{n}" for c in frame for n in names]
    tpsa = [Descriptors.TPSA(Chem.MolFromSmiles(s)) for s in LIGANDS]
    np.testing.assert_allclose(table["ligand__tpsa"], tpsa)
    assert (table.loc["b"].filter(like="solvent__") == 0).all()
    assert (table.dtypes == np.float64).all()


@pytest.mark.parametrize("output", OUTPUTS)
def test_names_match_the_columns(frame, output):
    featurizer = SMILESFeaturizer(output, fp_size=16).set_output(transform="pandas")
    table = featurizer.fit_transform(frame)
    names = featurizer.get_feature_names_out()
    assert names.dtype == object
    assert table.columns.tolist() == names.tolist()
    assert table.index.tolist() == list("abcd")
    assert featurizer.feature_names_in_.tolist() == ["ligand", "solvent"]
    assert featurizer.n_features_in_ == 2
    if output == "ecfp":
        assert names[12] == "ligand__ecfp_12"
        # A changed size shows at once: nothing is remembered from fit but the columns.
        featurizer.set_params(fp_size=8)
        assert len(featurizer.get_feature_names_out()) == featurizer.transform(frame).shape[1] == 16


def test_names_without_names():
    featurizer = SMILESFeaturizer().fit(np.array([["O", "C"]], dtype=object))
    assert featurizer.get_feature_names_out().tolist() == ["x0", "x1"]
    assert featurizer.get_feature_names_out(["a", "b"]).tolist() == ["a", "b"]
    assert not hasattr(featurizer, "feature_names_in_")
    message = "input_features should have length equal to number of features (2), got 1."
    with pytest.raises(ValueError, match=exactly(message)):
        featurizer.get_feature_names_out(["a"])


def test_wrong_input_features(frame):
    message = (
        "input_features is not equal to feature_names_in_. Got ['a', 'b']; fit saw "
        "['ligand', 'solvent']. Leave input_features out to use those."
    )
    with pytest.raises(ValueError, match=exactly(message)):
        SMILESFeaturizer().fit(frame).get_feature_names_out(["a", "b"])


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("columns", ["ligand", ["ligand"], ["ligand", "solvent"]])
@pytest.mark.parametrize("container", ["default", "pandas"])
def test_column_transformer(frame, output, columns, container):
    frame["temperature"] = [20.0, 30.0, 40.0, 50.0]
    transformer = ColumnTransformer(
        [
            ("molecules", SMILESFeaturizer(output, fp_size=8), columns),
            ("conditions", StandardScaler(), ["temperature"]),
        ],
        verbose_feature_names_out=False,
    ).set_output(transform=container)
    table = transformer.fit_transform(frame)
    names = transformer.get_feature_names_out()
    assert table.shape == (4, len(names))
    assert names[-1] == "temperature"
    assert names[0].startswith("ligand")
    if container == "pandas":
        assert table.columns.tolist() == names.tolist()
        assert table.index.tolist() == list("abcd")
    if output == "graph":
        assert isinstance(np.asarray(table)[0, 0], MolGraph)


def test_pipeline_with_a_forest(frame):
    model = make_pipeline(SMILESFeaturizer("ecfp"), RandomForestClassifier(5, random_state=0))
    assert model.fit(frame, ["good", "bad", "good", "bad"]).predict(frame).shape == (4,)


ABSENT = [None, np.nan, pd.NA, pd.NaT, "", "  "]


@pytest.mark.parametrize("output", OUTPUTS)
@given(cells=st.lists(st.sampled_from([*ABSENT, "CCO", "O"]), min_size=1, max_size=12))
def test_absent_molecules(output, cells):
    got = SMILESFeaturizer(output, fp_size=32).fit_transform(pd.Series(cells, dtype=object))
    for row, cell in zip(got, cells, strict=True):
        absent = pd.isna(cell) or not cell.strip()
        if output == "graph":
            assert (len(row[0].atoms) == 0) == absent
        else:
            assert (not row.any()) == absent


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("column", [[None, None], [np.nan, np.nan], ["", None]])
def test_column_of_absent_molecules_alone(output, column):
    got = SMILESFeaturizer(output).fit_transform(pd.DataFrame({"ligand": column}))
    assert len(got) == 2
    assert all(len(g.atoms) == 0 for g in got[:, 0]) if output == "graph" else not got.any()


@pytest.mark.parametrize("dtype", ["object", "str", "string", "category"])
def test_pandas_dtypes_with_gaps(dtype):
    column = pd.Series(["CCO", None, "O", "CCO"], dtype=dtype)
    got = SMILESFeaturizer().fit_transform(column)
    assert [len(g.atoms) for g in got[:, 0]] == [3, 0, 1, 3]


def test_arrow_strings():
    pytest.importorskip("pyarrow")
    column = pd.Series(["CCO", None], dtype="string[pyarrow]")
    assert [len(g.atoms) for g in SMILESFeaturizer().fit_transform(column)[:, 0]] == [3, 0]


@pytest.mark.parametrize("output", OUTPUTS)
def test_two_spellings_give_the_same_features(output):
    one, other = SMILESFeaturizer(output).fit_transform(["c1cc[nH]c1C", "CC1=CC=CN1"])
    if output == "graph":
        assert sorted(one[0].atoms) == sorted(other[0].atoms)
    else:
        np.testing.assert_allclose(one, other, rtol=1e-12)


CELLS = st.lists(st.sampled_from(["CCO", "O", "no", "", 3, None]), min_size=4, max_size=4)


@given(CELLS, CELLS, CELLS)
def test_categories_hold_the_texts_that_their_cells_hold(first, second, third):
    cells = {"a": first, "b": second, "c": third}
    plain = pd.DataFrame(cells, index=list("wxyz"), dtype=object)
    expected = distinct_texts(plain)
    for columns in (["a", "c"], ["b"], ["a", "b", "c"]):
        texts, codes, strangers = distinct_texts(plain.astype(dict.fromkeys(columns, "category")))
        assert texts == expected.texts
        np.testing.assert_array_equal(codes, expected.codes)
        assert strangers == expected.strangers


def sparse_matrix():
    return sparse.csr_matrix(np.eye(2))


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (
            pd.DataFrame({"ligand": ["C"], "mM": [1.5]}),
            ValueError,
            "Only text can be read as SMILES. These columns hold something else: 'mM' (float64). "
            "Pass the SMILES columns alone, for example through a ColumnTransformer.",
        ),
        (
            pd.DataFrame([["C", "O"]], columns=["a", "a"]),
            ValueError,
            "X has more than one column named 'a'. Rename or drop the repeated columns.",
        ),
        (
            pd.DataFrame({"ligand": []}, dtype=object),
            ValueError,
            "X has 0 sample(s) (shape=(0, 1)) while a minimum of 1 is required. "
            "Pass at least one row.",
        ),
        (
            [],
            ValueError,
            "X has 0 sample(s) (shape=(0, 1)) while a minimum of 1 is required. "
            "Pass at least one row.",
        ),
        (
            pd.DataFrame(index=[0, 1]),
            ValueError,
            "X has 0 feature(s) (shape=(2, 0)) while a minimum of 1 is required. "
            "Name at least one column.",
        ),
        (
            "CCO",
            TypeError,
            "X must be a table or a list of SMILES. Got the single text 'CCO': write ['CCO'].",
        ),
        (
            sparse_matrix(),
            TypeError,
            "X is a sparse matrix, which cannot hold SMILES. Pass a dense table.",
        ),
        (3, TypeError, "X must be a DataFrame, a Series, a list or an array. Got int."),
        (
            [["C", "O"], ["C"]],
            ValueError,
            "The rows of X differ in length. Give every row the same columns.",
        ),
        (
            np.full((1, 1, 1), "C"),
            ValueError,
            "X must have one or two dimensions. Got an array of shape (1, 1, 1).",
        ),
        (
            pd.DataFrame({"a": ["C"], 1: ["C"]}),
            TypeError,
            "Column names must be all strings or all without names; 1 is int. Convert them with "
            "X.columns = X.columns.astype(str).",
        ),
    ],
)
def test_wrong_tables(X, error, message):
    with pytest.raises(error, match=exactly(message)):
        SMILESFeaturizer().fit(X)


def test_wrong_columns_at_transform(frame):
    featurizer = SMILESFeaturizer().fit(frame)
    message = (
        "The feature names should match those that were passed during fit.\n"
        "Feature names unseen at fit time:\n- base\n"
        "Feature names seen at fit time, yet now missing:\n- solvent\n"
    )
    with pytest.raises(ValueError, match=exactly(message)):
        featurizer.transform(frame.rename(columns={"solvent": "base"}))
    message = "X has 1 features, but SMILESFeaturizer is expecting 2 features as input."
    with pytest.raises(ValueError, match=exactly(message)):
        SMILESFeaturizer().fit([["C", "O"]]).transform(["C"])


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("output", "maccs", "one of 'graph', 'ecfp', 'descriptors', 'table1'"),
        ("output", None, "one of 'graph', 'ecfp', 'descriptors', 'table1'"),
        ("fp_size", 0, "an integer of at least 1"),
        ("fp_size", 2.5, "an integer of at least 1"),
        ("radius", -1, "an integer of at least 0"),
        ("radius", True, "an integer of at least 0"),
        ("on_invalid", "ignore", "one of 'raise', 'warn'"),
        ("n_jobs", 0, "None or an integer other than 0"),
        ("verbose", "loud", "an integer of at least 0"),
    ],
)
def test_unknown_hyper_parameter_values(frame, name, value, rule):
    message = f"The {name!r} parameter of SMILESFeaturizer must be {rule}. Got {value!r} instead."
    with pytest.raises(ValueError, match=exactly(message)):
        SMILESFeaturizer(**{name: value}).fit(frame)
    with pytest.raises(ValueError, match=exactly(message)):
        SMILESFeaturizer().fit(frame).set_params(**{name: value}).transform(frame)


def test_transform_before_fit(frame):
    with pytest.raises(NotFittedError, match="This SMILESFeaturizer instance is not fitted yet"):
        SMILESFeaturizer().transform(frame)


def test_failed_fit_keeps_the_old_columns(frame):
    featurizer = SMILESFeaturizer().fit(frame)
    with pytest.raises(ValueError, match=r"^Only text can be read as SMILES"):
        featurizer.fit(pd.DataFrame({"mM": [1.0]}))
    assert featurizer.n_features_in_ == 2


def test_clone_and_pickle(frame):
    featurizer = SMILESFeaturizer("ecfp", fp_size=32).fit(frame)
    again = pickle.loads(pickle.dumps(featurizer))
    assert (again.transform(frame) == featurizer.transform(frame)).all()
    assert clone(featurizer).get_params() == featurizer.get_params()


def test_salts_and_mixtures_are_one_molecule():
    (graph,) = SMILESFeaturizer().fit_transform(["CC[NH3+].[I-]"])[0]
    assert len(graph.atoms) == 4
    assert len(graph.bonds) == 2


def test_import_loads_neither_torch_nor_matplotlib():
    code = (
        "import sys, types, pathlib, importlib.util as u;"
        "root = pathlib.Path(u.find_spec('sksiamese').origin).parent;"
        "p = types.ModuleType('sksiamese'); p.__path__ = [str(root)]; sys.modules['sksiamese'] = p;"
        "import sksiamese.featurizer;"
        "assert not {'torch', 'matplotlib.pyplot'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
