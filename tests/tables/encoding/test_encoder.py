"""Tables to scaled numbers and distinct molecules."""

import pickle
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from sksiamese.descriptors import RDKIT_DESCRIPTORS, molecule_descriptors
from sksiamese.exceptions import (
    BadCellsError,
    ConstantInputWarning,
    InvalidSMILESError,
    NewValueWarning,
)
from sksiamese.molecules._graph import EMPTY_GRAPH, graph_from_smiles, mol_to_graph
from sksiamese.molecules._parsing import pack_graphs, read_descriptors
from sksiamese.tables._column_kinds import column_kind, is_text
from sksiamese.tables.encoding._encoder import ExperimentEncoder

SMILES = ["CCO", "c1ccccc1", "CCO", "", "CC(=O)O"]
NUMBERS = [1.0, 2.0, 4.0, 2.0, 0.5]


def fit(table, weight=None, descriptors=False, scaling="minmax"):
    encoder = ExperimentEncoder(descriptors, scaling, tanimoto="never")
    weight = np.ones(len(table)) if weight is None else np.asarray(weight, float)
    return encoder, encoder.fit_encode(table, weight, np.zeros(len(table), int))


def molecules_of(experiments, role=0):
    return [experiments.graphs[role][place].smiles for place in experiments.molecules[:, role]]


def scaled(numbers):
    numbers = np.asarray(numbers, float)
    return (numbers - numbers.min()) / (numbers.max() - numbers.min())


TEXT = {
    "object": lambda: pd.Series(SMILES, dtype=object),
    "string": lambda: pd.Series(SMILES, dtype="string"),
    "inferred": lambda: pd.Series(SMILES),
    "category": lambda: pd.Series(SMILES, dtype="category"),
    "ordered category": lambda: pd.Series(pd.Categorical(SMILES, ordered=True)),
    "None": lambda: pd.Series([text or None for text in SMILES], dtype=object),
    "NaN": lambda: pd.Series([text or np.nan for text in SMILES], dtype=object),
    "NA": lambda: pd.Series([text or pd.NA for text in SMILES], dtype="string"),
    "graphs": lambda: pd.Series([graph_from_smiles(text) for text in SMILES], dtype=object),
}


@pytest.mark.parametrize("kind", TEXT)
def test_molecule_columns(kind):
    table = pd.DataFrame({"ligand": TEXT[kind]()})
    encoder, experiments = fit(table)
    assert (encoder.roles_, encoder.numeric_) == (["ligand"], [])
    assert molecules_of(experiments) == SMILES
    assert sorted(graph.smiles for graph in experiments.graphs[0]) == sorted(set(SMILES))
    for graph in experiments.graphs[0]:
        assert graph == graph_from_smiles(graph.smiles)
    assert experiments.numeric.shape == (5, 0)


NUMERIC = {
    "float": lambda: pd.Series(NUMBERS),
    "float32": lambda: pd.Series(NUMBERS, dtype="float32"),
    "int": lambda: pd.Series([2, 4, 8, 4, 1]),
    "Float64": lambda: pd.Series(NUMBERS, dtype="Float64"),
    "Int64": lambda: pd.Series([2, 4, 8, 4, 1], dtype="Int64"),
    "object": lambda: pd.Series([1, 2.0, np.float32(4), np.int64(2), 0.5], dtype=object),
    "category": lambda: pd.Series(pd.Categorical(NUMBERS)),
}


@pytest.mark.parametrize("kind", NUMERIC)
def test_numeric_columns(kind):
    encoder, experiments = fit(pd.DataFrame({"pH": NUMERIC[kind]()}))
    assert (encoder.roles_, encoder.numeric_) == ([], ["pH"])
    assert experiments.numeric.dtype == np.float64
    np.testing.assert_allclose(experiments.numeric[:, 0], scaled(NUMBERS), atol=1e-15)
    assert experiments.molecules.shape == (5, 0)
    assert experiments.graphs == ()


@pytest.mark.parametrize("dtype", [bool, "boolean", object])
def test_yes_or_no_columns(dtype):
    values = [True, False, True, True, False]
    _, experiments = fit(pd.DataFrame({"stirred": pd.Series(values, dtype=dtype)}))
    assert experiments.numeric[:, 0].tolist() == [1, 0, 1, 1, 0]


@pytest.mark.parametrize("dtype", ["float64", "int64", "bool"])
def test_arrow_numbers(dtype):
    pa = pytest.importorskip("pyarrow")
    kind = pd.ArrowDtype({"float64": pa.float64(), "int64": pa.int64(), "bool": pa.bool_()}[dtype])
    values = {"float64": NUMBERS, "int64": [2, 4, 8, 4, 1], "bool": [True, False, True, True, True]}
    _, experiments = fit(pd.DataFrame({"pH": pd.Series(values[dtype], dtype=kind)}))
    np.testing.assert_allclose(experiments.numeric[:, 0], scaled(values[dtype]), atol=1e-15)


def test_arrow_text():
    pa = pytest.importorskip("pyarrow")
    column = pd.Series([text or None for text in SMILES], dtype=pd.ArrowDtype(pa.string()))
    assert molecules_of(fit(pd.DataFrame({"ligand": column}))[1]) == SMILES


def mixed_table():
    return pd.DataFrame(
        {
            "ligand": SMILES,
            "solvent": ["O"] * 5,
            "pH": NUMBERS,
            "degC": [20.0] * 5,
            "additive": [None] * 5,
            "salt": ["[Na+].[Cl-]", "O", "O", "CCO", "O"],
            "mM": [1, 2, 3, 4, 5],
        },
        index=[f"run{i}" for i in range(5)],
    )


def test_columns_that_never_vary_are_left_out():
    encoder, experiments = fit(mixed_table())
    assert encoder.roles_ == ["ligand", "salt"]
    assert encoder.numeric_ == ["pH", "mM"]
    np.testing.assert_allclose(experiments.numeric, np.c_[scaled(NUMBERS), np.arange(5) / 4])
    assert molecules_of(experiments, 1) == mixed_table()["salt"].tolist()
    new = mixed_table().assign(solvent="CCO", degC=90.0, additive="CCN")
    with pytest.warns(NewValueWarning, match=r"'solvent' held 'O' and now 'CCO'; 'degC' held 20 "):
        again = encoder.encode(new)
    np.testing.assert_array_equal(again.numeric, experiments.numeric)
    assert molecules_of(again) == molecules_of(experiments)


def test_encode_equals_fit_encode_and_takes_new_values():
    for scaling in ("minmax", "standard"):
        encoder, experiments = fit(mixed_table(), scaling=scaling)
        again = encoder.encode(mixed_table())
        np.testing.assert_array_equal(again.numeric, experiments.numeric)
        for role in (0, 1):
            assert molecules_of(again, role) == molecules_of(experiments, role)
    encoder, _ = fit(mixed_table())
    new = encoder.encode(mixed_table().iloc[:2].assign(ligand=["CCN", "CCN"], pH=[0.5, 7.5]))
    assert molecules_of(new) == ["CCN", "CCN"]
    assert len(new.graphs[0]) == 1
    assert new.numeric[:, 0].tolist() == [0, 2]


@settings(max_examples=20)
@given(st.lists(st.integers(1, 4), min_size=5, max_size=5), st.sampled_from(["standard", "minmax"]))
def test_scaling_with_weights_equals_repetition(times, scaling):
    table = mixed_table()
    rows = np.repeat(np.arange(5), times)
    _, weighted = fit(table, times, descriptors=True, scaling=scaling)
    _, repeated = fit(table.iloc[rows], descriptors=True, scaling=scaling)
    np.testing.assert_allclose(weighted.numeric[rows], repeated.numeric, atol=1e-9)
    if scaling == "standard":
        average = np.average(weighted.numeric, axis=0, weights=times)
        np.testing.assert_allclose(average, 0, atol=1e-12)
        spread = np.average(weighted.numeric[:, :2] ** 2, axis=0, weights=times)
        np.testing.assert_allclose(spread, 4, atol=1e-9)  # conditions: a standard deviation of 2


def test_descriptors_of_each_molecule_column_follow_the_numbers():
    table = mixed_table()
    _, experiments = fit(table, descriptors=True)
    blocks = [table[["pH", "mM"]].to_numpy()]
    for role in ("ligand", "salt"):
        mols = [Chem.MolFromSmiles(text) if text else None for text in table[role]]
        blocks.append(molecule_descriptors(mols))
    wide = np.hstack(blocks)
    span = np.ptp(wide, axis=0)
    expected = (wide - wide.min(0)) / np.where(span > 0, span, 1)
    np.testing.assert_allclose(experiments.numeric, expected, atol=1e-12)


def test_a_distinct_molecule_stands_once():
    smiles = np.array(["CCO", "CCN", "CCC"], object)[np.arange(300) % 3]
    _, experiments = fit(pd.DataFrame({"ligand": smiles}))
    assert len(experiments.graphs[0]) == 3
    assert molecules_of(experiments) == smiles.tolist()


def test_graphs_without_text_are_told_apart():
    graphs = [mol_to_graph(Chem.MolFromSmiles(text)) for text in ("CCO", "c1ccccc1", "CCO")]
    column = pd.Series(graphs, dtype=object)
    encoder, experiments = fit(pd.DataFrame({"ligand": column}))
    assert encoder.roles_ == ["ligand"]
    found = [experiments.graphs[0][place] for place in experiments.molecules[:, 0]]
    assert [len(graph.atoms) for graph in found] == [3, 6, 3]


def test_spellings_of_one_molecule_are_one_in_training():
    """Otherwise training would take them for molecules never seen."""
    table = pd.DataFrame({"ligand": ["CCO", "OCC", "C(C)O", "CCN"], "solvent": ["CO", "OC"] * 2})
    encoder, experiments = fit(table)
    assert encoder.roles_ == ["ligand"]
    first, second, third, other = experiments.molecules[:, 0]
    assert first == second == third != other


def test_a_missing_graph_is_the_empty_graph():
    column = pd.Series([graph_from_smiles("CCO"), None, np.nan, EMPTY_GRAPH], dtype=object)
    _, experiments = fit(pd.DataFrame({"ligand": column}))
    assert molecules_of(experiments) == ["CCO", "", "", ""]


def test_take():
    _, experiments = fit(mixed_table())
    rows = np.array([4, 1, 4])
    part = experiments.take(rows)
    np.testing.assert_array_equal(part.numeric, experiments.numeric[rows])
    for role in (0, 1):
        whole = molecules_of(experiments, role)
        assert molecules_of(part, role) == [whole[i] for i in rows]
        kept = [graph.smiles for graph in part.graphs[role]]
        assert sorted(kept) == sorted({whole[i] for i in rows})
    nothing = experiments.take(np.array([], int))
    assert nothing.numeric.shape == (0, 2)
    assert nothing.molecules.shape == (0, 2)
    assert nothing.graphs == ([], [])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"ligand": [1.0] * 5},
            "Column 'ligand' held molecules in fit, and now holds numbers. Pass the columns as "
            "they were in fit.",
        ),
        (
            {"pH": ["CCO"] * 5},
            "Column 'pH' held numbers in fit, and now holds molecules. Pass the columns as they "
            "were in fit.",
        ),
    ],
)
def test_a_column_that_changes_its_kind_is_refused(changes, message):
    encoder, _ = fit(mixed_table())
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        encoder.encode(mixed_table().assign(**changes))


def test_cells_of_another_kind_than_in_fit_are_listed():
    encoder, _ = fit(mixed_table())
    bad = mixed_table().astype({"pH": object, "ligand": object})
    bad.loc["run1", "pH"], bad.loc["run3", "pH"] = "acidic", None
    with pytest.raises(BadCellsError, match=r"^Column 'pH' must hold") as caught:
        encoder.encode(bad)
    assert pickle.loads(pickle.dumps(caught.value)).cells == (("pH", "run1", "acidic"),)
    bad = bad.assign(pH=7.0)
    bad.loc["run2", "ligand"] = 5
    with pytest.raises(BadCellsError, match=r"^Column 'ligand' must hold") as caught:
        encoder.encode(bad)
    assert caught.value.cells == (("ligand", "run2", 5),)


def test_an_empty_molecule_column_is_absent_molecules():
    encoder, _ = fit(mixed_table())
    experiments = encoder.encode(mixed_table().assign(ligand=None))
    assert molecules_of(experiments) == [""] * 5


def test_cells_that_are_no_finite_numbers_are_listed():
    encoder, _ = fit(mixed_table())
    message = (
        "Numeric columns must not hold NaN, infinity or more than 1e+100 (3 cells do):\n"
        "  column 'pH', row 'run1': nan\n"
        "  column 'pH', row 'run3': inf\n"
        "  column 'mM', row 'run0': -1e+101\n"
        "Fill these cells in, drop the rows, or put a SimpleImputer before the model."
    )
    bad = mixed_table().astype({"mM": float})
    bad.loc["run1", "pH"], bad.loc["run3", "pH"], bad.loc["run0", "mM"] = np.nan, np.inf, -1e101
    with pytest.raises(BadCellsError, match=f"^{re.escape(message)}$") as caught:
        encoder.encode(bad)
    (first, *others), gap = caught.value.cells, ("pH", "run1")
    assert (first[:2], np.isnan(first[2])) == (gap, True)
    assert others == [("pH", "run3", np.inf), ("mM", "run0", -1e101)]
    with pytest.raises(ValueError, match=r"\(2 cells do\)"):  # gaps are learnt in fit
        fit(bad)


def test_a_long_list_of_bad_cells_is_cut():
    table = pd.DataFrame({"pH": [np.inf] * 13 + [1.0, 2.0]})
    with pytest.raises(ValueError, match=r"\(13 cells do\)") as caught:
        fit(table)
    lines = str(caught.value).splitlines()
    assert lines[1:11] == [f"  column 'pH', row {i}: inf" for i in range(10)]
    assert lines[11] == "  and 3 more"


@pytest.mark.parametrize("missing", [None, pd.NA])
def test_missing_cells_of_nullable_columns_are_named(missing):
    encoder, _ = fit(pd.DataFrame({"pH": pd.Series([1, 2, 3], dtype="Int64")}))
    column = pd.Series([1, 2, missing], dtype="Int64")
    with pytest.raises(ValueError, match="column 'pH', row 2: nan"):
        encoder.encode(pd.DataFrame({"pH": column}))


# -- Gaps and names --------------------------------------------------------------------------------


def test_gaps_beside_one_number_are_no_variation():
    table = pd.DataFrame({"pH": [7.0, None, 7.0], "mM": [1.0, 2.0, 3.0]})
    encoder, _ = fit(table)
    assert (encoder.numeric_, encoder.fill_) == (["mM"], {})
    match = r"^No column of X can be used: 'pH' never varies\. "
    with pytest.warns(ConstantInputWarning, match=match):
        fit(table[["pH"]])


def test_a_gap_is_the_mean_and_a_mark():
    table = pd.DataFrame({"pH": [1.0, None, 3.0, 8.0], "mM": [1.0, 2.0, 3.0, 4.0]})
    encoder, experiments = fit(table, weight=[1, 1, 1, 2])
    assert encoder.fill_ == {"pH": 5.0}
    numbers = [scaled([1, 5, 3, 8]), scaled([1, 2, 3, 4]), [0, 1, 0, 0]]
    np.testing.assert_allclose(experiments.numeric.T, numbers)
    new = pd.DataFrame({"pH": [None, 8.0], "mM": [1.0, 4.0]}, dtype=float)
    np.testing.assert_allclose(encoder.encode(new).numeric.T, [[4 / 7, 1], [0, 1], [1, 0]])
    message = (
        "Numeric columns must not hold NaN, infinity or more than 1e+100 (1 cells do):\n"
        "  column 'mM', row 1: nan\n"
        "Fill these cells in, drop the rows, or put a SimpleImputer before the model."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        encoder.encode(new.assign(mM=[1.0, None]))


NAMES = ["PPh3", "XPhos", None, "PPh3 "]


def test_names_are_told_apart_by_marks():
    table = pd.DataFrame({"ligand": NAMES, "pH": [1.0, 2.0, 3.0, 4.0]})
    encoder, experiments = fit(table)
    assert encoder.categories_ == {"ligand": ["", "PPh3", "XPhos"]}
    assert experiments.categories.tolist() == [[1], [2], [0], [1]]
    marks = [[0, 1, 0], [0, 0, 1], [1, 0, 0], [0, 1, 0]]
    assert experiments.numeric[:, 1:].tolist() == marks
    assert experiments.take(np.array([1, 2])).categories.tolist() == [[2], [0]]


def test_a_new_name_is_warned_of_once():
    encoder, _ = fit(pd.DataFrame({"ligand": NAMES, "pH": [1.0, 2.0, 3.0, 4.0]}))
    message = (
        "These names did not stand in the training table, which says nothing of them: 'ligand': "
        "'SPhos', 'NBS'. Their rows are predicted from the other columns."
    )
    new = pd.DataFrame({"ligand": ["SPhos", "NBS", "PPh3", "SPhos"], "pH": [1.0, 2.0, 3.0, 4.0]})
    with pytest.warns(NewValueWarning, match=f"^{re.escape(message)}$") as caught:
        experiments = encoder.encode(new)
    assert len(caught) == 1
    assert experiments.categories.tolist() == [[-1], [-2], [1], [-1]]
    assert experiments.numeric[:, 1:].tolist() == [[0, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0, 0]]


@pytest.mark.parametrize(
    ("groups", "mapped"),
    [
        ([0, 0, 0, 0, 0, 0], ["own"]),
        ([0, 0, 0, 1, 1, 1], ["own", "varies"]),
        ([0, 0, 1, 1, 2, 2], ["own", "varies"]),
    ],
)
def test_molecules_that_vary_within_campaigns_get_points(groups, mapped):
    """Of one that each campaign has its own of, the next one has another."""
    table = pd.DataFrame(
        {
            "own": ["CO", "CCO", "CCCO", "CCCCO", "CN", "CCN"],
            "varies": ["CS", "CCS", "CCS"] * 2,
            "campaign": [["CF", "CCl", "CBr"][group] for group in groups],
        }
    )
    encoder = ExperimentEncoder(False, "standard", "auto")
    encoder.fit_encode(table, np.ones(6), np.array(groups))
    assert list(encoder.maps_) == mapped


def test_columns_that_never_vary_can_be_kept():
    table = pd.DataFrame({"ligand": ["CCO"] * 2, "base": ["K2CO3"] * 2, "pH": [8.0, 8.0]})
    encoder = ExperimentEncoder(True, "standard", "never", keeps_constant=True)
    kept = encoder.fit_encode(table, np.ones(2), np.zeros(2, int))
    assert (len(kept.graphs), kept.categories.shape, kept.conditions.shape) == (1, (2, 1), (2, 1))
    new = encoder.encode(table.assign(base=["KOAc", "NaOH"], pH=[8.0, 10.0]))
    np.testing.assert_allclose(new.conditions, [[0], [1]])  # a quarter of 8
    assert new.categories.tolist() == [[-1], [-2]]


def test_names_that_are_smiles_by_chance_are_names_among_others():
    assert column_kind(pd.Series(["NBS", "PPh3"])) == "category"
    assert column_kind(pd.Series(["A", "B", "C"])) == "category"
    assert column_kind(pd.Series(["NBS", "CCO"])) == "molecule"
    assert column_kind(pd.Series(["C(C", "CCO"])) == "molecule"
    assert column_kind(pd.Series(["", " "])) == "empty"


def test_new_molecules_are_read_once(monkeypatch):
    encoder, _ = fit(pd.DataFrame({"ligand": ["CCO", "CCN", "CCS"]}))

    def refuse(text):
        raise AssertionError(f"{text} is read to tell what fit knew")

    monkeypatch.setattr("sksiamese.tables.reading._cell_meaning.canonical_key", refuse)
    assert len(encoder.encode(pd.DataFrame({"ligand": ["CCF", "CCCl"]})).graphs[0]) == 2


def test_rdkit_molecules_and_inchi_are_molecules():
    mols = [Chem.MolFromSmiles(text) for text in ("CO", "CCO")]
    assert column_kind(pd.Series([Chem.MolToInchi(mol) for mol in mols])) == "molecule"


def test_a_table_without_use_is_said_and_all_its_rows_are_alike():
    table = pd.DataFrame({"pH": [7.0] * 3, "ligand": ["CCO"] * 3, "additive": [None] * 3})
    message = (
        "No column of X can be used: 'pH' never varies, 'ligand' never varies, 'additive' is "
        "empty. Predictions are the class frequencies. Pass a column of SMILES, of MolGraphs, of "
        "numbers or of names that varies between the rows."
    )
    with pytest.warns(ConstantInputWarning, match=f"^{re.escape(message)}$"):
        encoder, experiments = fit(table)
    assert not encoder.has_columns
    assert experiments.numeric.shape == (3, 0)


def test_odd_columns_are_refused():
    table = pd.DataFrame({"ligand": pd.Series(["CCO", 3, "CC"], index=list("abc"), dtype=object)})
    message = (
        "Column 'ligand' must hold SMILES, MolGraphs or numbers, one of them; row 'a' holds 'CCO' "
        "(str) and row 'b' holds 3 (int). Correct the column, encode it or drop it."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        fit(table)
    table["ligand"] = pd.Series(["CCO", 3, (1, 2)], index=list("abc"), dtype=object)
    message = (
        "Column 'ligand' must hold SMILES, MolGraphs or numbers, one of them; row 'c' holds (1, 2) "
        "(tuple). Correct the column, encode it or drop it."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        fit(table)
    message = "Complex data not supported: column 'z' is complex128."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        fit(pd.DataFrame({"z": [1j, 2.0]}))


def test_graphs_of_one_text_but_another_structure_are_told_apart():
    plain = graph_from_smiles("CCO")
    whole = mol_to_graph(Chem.AddHs(Chem.MolFromSmiles("CCO")), "CCO")
    _, experiments = fit(pd.DataFrame({"ligand": pd.Series([plain, whole], dtype=object)}))
    found = [experiments.graphs[0][place] for place in experiments.molecules[:, 0]]
    assert [len(graph.atoms) for graph in found] == [3, 9]


def test_a_graph_whose_text_is_no_molecule_is_refused():
    graph = mol_to_graph(Chem.MolFromSmiles("CCO"), "mol1")
    column = pd.Series([graph_from_smiles("C"), graph], index=["a", "b"], dtype=object)
    with pytest.raises(InvalidSMILESError) as error:
        fit(pd.DataFrame({"ligand": column}))
    assert str(error.value) == (
        "The MolGraph in column 'ligand', row 'b' has the text 'mol1', from which no descriptors "
        "can be computed. Make graphs with SMILESFeaturizer, or with mol_to_graph and a SMILES."
    )


@pytest.mark.parametrize("unused", [[], ["CCCCN", "no molecule"]])
def test_categories_out_of_use_do_not_count(unused):
    column = pd.Series(pd.Categorical(SMILES, categories=[*unused, *sorted(set(SMILES))]))
    assert is_text(column)
    assert column_kind(column) == "molecule"
    assert molecules_of(fit(pd.DataFrame({"ligand": column}))[1]) == SMILES


def test_categories_of_several_kinds_are_refused_as_the_cells_are():
    plain = pd.Series(["CCO", 3, "CCO", 3], index=list("abcd"), name="ligand", dtype=object)
    with pytest.raises(ValueError, match="Column 'ligand' must hold") as expected:
        column_kind(plain)
    with pytest.raises(ValueError, match=f"^{re.escape(str(expected.value))}$"):
        column_kind(plain.astype("category"))


# -- Descriptors of graphs -------------------------------------------------------------------------


@pytest.mark.parametrize("smiles", ["CCO", "C[C@H](N)C(=O)O", "[Na+].[Cl-]", "[Au]", "", " "])
def test_descriptors_of_a_graph_are_those_of_its_text(smiles):
    expected = pack_graphs([smiles], RDKIT_DESCRIPTORS).descriptors[0]
    assert read_descriptors(smiles) == tuple(expected)


def test_text_that_is_no_molecule_has_no_descriptors():
    assert read_descriptors("C(C") is None
