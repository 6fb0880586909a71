"""Columns that belong to others, against rows looked up one by one."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sksiamese import DesignSpace, ExperimentRecommender, InvalidSMILESError, load_model, save_model
from sksiamese.space import (
    Computed,
    Levels,
    Molecules,
    OfLevel,
    OfMolecule,
    OfSeveral,
    OneHot,
    Range,
    Sum,
    When,
)
from tests.recommend.cases import Members

# -- Of one column ---------------------------------------------------------------------------------


def with_followers():
    ligands = ["NCCS", "SCCO", "CCS", "Sc1ccccc1", "CC(C)S", "OC(=O)CS", "SCCS"] * 3
    homo = dict(zip(ligands, [-9.1, -9.0, -9.2, -8.3, -9.15, -9.4, None], strict=False))
    product = {text: f"CC(=O){text}" if text[0] == "N" else "CC" + text for text in ligands}
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "name": [f"ligand {ligands.index(text)}" for text in ligands],
            "ligand": [*ligands[:7], "C(N)CS", *ligands[8:]],
            "HOMO_eV": pd.Series([homo[text] for text in ligands], dtype=float),
            "product": [product[text] for text in ligands],
            "degC": [20.0 + 10 * (ligands.index(text) % 3) for text in ligands],
            "vendor": ["A", "B", "C"] * 7,
            "cost": [0.97, 0.95, 0.99] * 7,
            "mM": rng.uniform(1, 9, 21).round(1),
        }
    )


def test_columns_that_belong_to_a_molecule_or_a_name_follow_from_it(tmp_path):
    X = with_followers()
    space = DesignSpace.from_frame(X)
    found = {name: str(column) for name, column in space.columns.items()}
    assert found["name"] == found["HOMO_eV"] == found["product"] == "follows from 'ligand'"
    assert found["cost"] == "follows from 'vendor'"
    assert found["degC"] == "20.0, 30.0, 40.0"  # three values of seven ligands: a plan
    assert found["ligand"].startswith("7 molecules")
    assert space.contains(X).all()
    drawn = space.sample(200, random_state=0)
    of_ligand = X.drop_duplicates("name").set_index("ligand")
    expected = drawn["ligand"].map(of_ligand["HOMO_eV"])
    np.testing.assert_array_equal(drawn["HOMO_eV"], expected)
    assert (drawn["name"] == drawn["ligand"].map(of_ligand["name"])).all()
    assert (drawn["cost"] == drawn["vendor"].map({"A": 0.97, "B": 0.95, "C": 0.99})).all()
    swapped = space.swap(X[:2], "ligand")
    assert swapped["product"].nunique() == 7
    copy = load_model(save_model(space, tmp_path / "space.skm"))
    pd.testing.assert_frame_equal(copy.sample(200, random_state=0), drawn)
    freed = DesignSpace.from_frame(X, columns={"HOMO_eV": Range(-10, -8)})
    assert str(freed.columns["HOMO_eV"]) == "-10 to -8"


def test_repeated_recipes_show_nothing():
    """Each ligand was used in one recipe, three times: its concentration is no property of it."""
    X = with_followers().drop_duplicates("name")[["ligand", "mM"]]
    thrice = pd.concat([X] * 3, ignore_index=True)
    assert str(DesignSpace.from_frame(thrice).columns["mM"]).endswith("in steps of 0.1")


def test_a_new_molecule_needs_what_follows_from_it():
    space = DesignSpace.from_frame(with_followers())
    message = (
        "Column 'name' has no value for 'CCCS' in column 'ligand'. Add it to the values of "
        "OfMolecule, in extend with followers={'name': ...}, or give OfMolecule a function."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        space.swap(with_followers()[:1], "ligand", ["CCCS"])


def test_new_molecules_are_refused_without_values_and_taken_with_them(tmp_path):
    X = with_followers().drop(columns=["name", "product"])
    space = DesignSpace.from_frame(X)
    message = (
        "Column 'HOMO_eV' has no value for 'CCCS' in column 'ligand'. Add it to the values of "
        "OfMolecule, in extend with followers={'HOMO_eV': ...}, or give OfMolecule a function."
    )
    longer = Molecules([*X["ligand"].unique(), "CCCS"])
    for refused in (
        lambda: space.extend("ligand", ["CCCS"]),
        lambda: space.extend("ligand", ["CCCS"], {"HOMO_eV": {"CCCCS": -9.0}}),
        lambda: DesignSpace.from_frame(X, columns={"ligand": longer}),
    ):
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            refused()
    for values in ({"new": -9.25}, {"SCCC": -9.25}, lambda smiles: -9.0 - len(smiles) / 16):
        longer = space.extend("ligand", {"new": "CCCS"}, {"HOMO_eV": values})
        assert longer.swap(X[:1], "ligand", ["CCCS", "SCCO"])["HOMO_eV"].tolist() == [-9.25, -9.0]
        copy = load_model(save_model(longer, tmp_path / "space.skm"))
        assert copy.swap(X[:1], "ligand", ["CCCS"])["HOMO_eV"].tolist() == [-9.25]


def test_followers_that_are_none():
    space = DesignSpace.from_frame(with_followers()[["ligand", "HOMO_eV", "mM"]])
    message = (
        "'followers' names the column 'mM', which does not follow from 'ligand'. Columns that do: "
        "'HOMO_eV'."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        space.extend("ligand", ["CCCS"], {"mM": {"CCCS": 1.0}})
    by_function = DesignSpace({"a": Molecules(["C"]), "n": OfMolecule("a", len)})
    assert by_function.extend("a", ["CC"]).grid("a")["n"].tolist() == [1, 2]
    message = (
        "Column 'n' follows from 'a' by a function, which knows the values of all molecules. Leave "
        "it out of 'followers'."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        by_function.extend("a", ["CC"], {"n": {"CC": 2}})


def test_levels_that_a_user_gives_lead_too():
    """A column named in columns= is not forgotten as one that others belong to."""
    X = with_followers()
    space = DesignSpace.from_frame(X, columns={"vendor": Levels([*"ABC"])})
    assert str(space.columns["cost"]) == "follows from 'vendor'"
    message = (
        "Column 'cost' has no value for 'D' in column 'vendor'. Add it to the values of OfLevel."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        DesignSpace.from_frame(X, columns={"vendor": Levels([*"ABCD"])})
    cost = OfLevel("vendor", {"A": 0.97, "B": 0.95, "C": 0.99, "D": 0.9})
    space = DesignSpace.from_frame(X, columns={"vendor": Levels([*"ABCD"]), "cost": cost})
    assert space.grid("vendor")["cost"].tolist() == [0.97, 0.95, 0.99, 0.9]


def test_a_level_without_a_value():
    message = "Column 'p' has no value for None in column 'v'. Add it to the values of OfLevel."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        DesignSpace({"v": Levels(["A", None]), "p": OfLevel("v", {"A": 1.0})})


# -- Of several columns ----------------------------------------------------------------------------

AMINES = ["CN", "CCN", "CCCN", "NC1CC1", "NCCO", "NCC#N"]
ACIDS = ["OC=O", "CC(=O)O", "CCC(=O)O", "OC(=O)C1CC1", "OC(=O)CF"]


def amide(amine, acid):
    return f"{amine}.{acid}"  # stands for the product


def amides(n=60):
    """Amides of half of the pairs of amine and acid, most of them made more than once."""
    rng = np.random.default_rng(0)
    pairs = [(a, b) for a in AMINES for b in ACIDS][::2]
    chosen = [pairs[k] for k in rng.integers(0, len(pairs), n)]
    return pd.DataFrame(
        {
            "amine": [a for a, _ in chosen],
            "acid": [b for _, b in chosen],
            "amide": [amide(a, b) for a, b in chosen],
            "mass": [17.0 * AMINES.index(a) + 3.1 * ACIDS.index(b) for a, b in chosen],
            "base": rng.choice(["DIPEA", "TEA", "NMM", "DBU", "TBD", "MTBD"], n),
            "degC": rng.uniform(20, 90, n).round(1),
        }
    )


def test_a_product_follows_from_both_reactants(tmp_path):
    X = amides()
    tried = set(zip(X["amine"], X["acid"], strict=True))
    with pytest.warns(UserWarning, match="follows from 'amine' and 'acid' together") as caught:
        space = DesignSpace.from_frame(X)
    assert str(caught[0].message) == (
        f"Column 'amide' follows from 'amine' and 'acid' together: of their 30 combinations, the "
        f"{len(tried)} in the table have a value, and only these are possible. For others give "
        "more values, or a function, with columns={'amide': OfSeveral(['amine', 'acid'], ...)}; or "
        "leave the column out."
    )
    assert {each.filename for each in caught} == {__file__}
    both = f"follows from 'amine' and 'acid' in {len(tried)} combinations"
    found = {name: str(column) for name, column in space.columns.items()}
    assert found["amide"] == found["mass"] == both
    assert found["amine"].startswith("6 molecules")
    assert found["acid"].startswith("5 molecules")
    assert found["base"].endswith("...")
    drawn = space.sample(300, random_state=0)
    assert set(zip(drawn["amine"], drawn["acid"], strict=True)) == tried
    assert (drawn["amide"] == drawn["amine"] + "." + drawn["acid"]).all()
    assert space.contains(X).all()
    swapped = space.swap(X[:5], "amine")
    assert set(zip(swapped["amine"], swapped["acid"], strict=True)) <= tried
    assert (swapped["amide"] == swapped["amine"] + "." + swapped["acid"]).all()
    near = space.around(X[:3], n=4, random_state=0)
    assert near["amide"].tolist() == np.repeat(X["amide"][:3], 4).tolist()
    copy = load_model(save_model(space, tmp_path / "space.skm"))
    pd.testing.assert_frame_equal(copy.sample(300, random_state=0), drawn)
    assert repr(copy) == repr(space)


def test_what_was_never_combined_is_an_error_unless_the_table_says_it():
    values = {("CN", "OC=O"): "CNC=O", ("CCN", "CC(=O)O"): "CCNC(C)=O"}
    space = DesignSpace(
        {
            "amine": Molecules(["NC", "CCN"]),
            "acid": Molecules(["C(=O)O", "CC(=O)O"]),
            "amide": OfSeveral(["amine", "acid"], values),
        }
    )
    rows = pd.DataFrame({"amine": ["CN", "CN"], "acid": ["OC=O", "CC(=O)O"]}, index=["a", "b"])
    message = (
        "Column 'amide' has no value for ('CN', 'CC(=O)O') in the columns 'amine', 'acid' (row "
        "'b'). Add it to the values of OfSeveral, give OfSeveral a function, or the table the "
        "column 'amide'."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        space.complete(rows)
    assert space.contains(rows).tolist() == [True, False]
    said = rows.assign(amide=["CNC=O", "CNC(C)=O"])
    assert space.contains(said).tolist() == [True, True]
    pd.testing.assert_frame_equal(space.complete(said), said)
    message = (
        "Column 'amide' has no value for any combination with 'CCCN' in column 'amine'. Add them "
        "to the values of OfSeveral, in extend with followers={'amide': ...}, or give OfSeveral a "
        "function."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        space.extend("amine", ["CCCN"])
    longer = space.extend("amine", ["CCCN"], {"amide": {("CCCN", "OC=O"): "CCCNC=O"}})
    assert set(longer.sample(50, random_state=0)["amide"]) == {*values.values(), "CCCNC=O"}
    longer = space.extend("amine", ["CCCN"], {"amide": amide})
    found = set(longer.sample(50, random_state=0)["amide"])
    assert found == {*values.values(), "CCCN.C(=O)O", "CCCN.CC(=O)O"}


def test_a_function_of_several_columns_knows_all_combinations(tmp_path):
    columns = {"amine": Molecules(AMINES), "acid": Molecules(ACIDS)}
    space = DesignSpace(columns | {"amide": OfSeveral(["amine", "acid"], amide)})
    drawn = space.grid(["amine", "acid"])
    assert drawn["amide"].tolist() == [amide(a, b) for a in AMINES for b in ACIDS]
    assert space.complete(drawn[["amine", "acid"]])["amide"].tolist() == drawn["amide"].tolist()
    assert space.contains(drawn).all()
    assert str(space.columns["amide"]) == "follows from 'amine' and 'acid'"
    with pytest.raises(TypeError, match="a dict for OfMolecule or OfSeveral"):
        save_model(space, tmp_path / "space.skm")
    message = (
        "Column 'amide' follows from 'amine' and 'acid' by a function, which knows all values. "
        "Leave it out of 'followers'."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        space.extend("amine", ["NCCCO"], {"amide": amide})


CELLS = [(a, b, c) for a in ("O", "CCO") for b in ("x", None, "y") for c in (1, 0)]


@settings(max_examples=15, deadline=None)
@given(st.dictionaries(st.sampled_from(CELLS), st.floats(-9, 9), min_size=6), st.integers(0, 99))
def test_all_combinations_with_a_value_are_drawn_and_no_others(values, seed):
    columns = {
        "a": Molecules(["[OH2]", "OCC"]),
        "b": Levels(["x", None, "y"]),
        **dict.fromkeys("cd", OneHot(["c", "d"])),
        "v": OfSeveral(["a", "b", "c"], values),
    }
    if [len(set(cells)) for cells in zip(*values, strict=True)] != [2, 3, 2]:
        with pytest.raises(ValueError, match="has no value for any combination with"):
            DesignSpace(columns)
        return
    drawn = DesignSpace(columns).sample(400, random_state=seed)
    spelled = {"[OH2]": "O", "OCC": "CCO"}
    levels = [None if pd.isna(level) else level for level in drawn["b"]]
    cells = zip(drawn["a"].map(spelled), levels, drawn["c"], strict=True)
    seen = dict(zip(cells, drawn["v"], strict=True))
    assert seen == values
    assert (drawn["c"] + drawn["d"] == 1).all()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: OfSeveral("amine", {}),
            TypeError,
            "The 'columns' parameter of OfSeveral must be a list of columns. Got 'amine' instead.",
        ),
        (
            lambda: OfSeveral(["amine"], {}),
            ValueError,
            "The 'columns' parameter of OfSeveral must name two or more columns, each once. Got "
            "['amine']. For a single one use OfMolecule or OfLevel.",
        ),
        (
            lambda: OfSeveral(["a", "b"], [1]),
            TypeError,
            "The 'values' parameter of OfSeveral must be a dict of tuples and values, or a "
            "function of 2 cells. Got [1] instead.",
        ),
        (
            lambda: OfSeveral(["a", "b"], {"xy": 1}),
            ValueError,
            "A key in the 'values' of OfSeveral must be a tuple of 2 cells, one for each of 'a', "
            "'b'. Got 'xy'.",
        ),
        (
            lambda: DesignSpace({"a": Range(0, 1), "c": OfSeveral(["a", "b"], {(1, 2): 3})}),
            ValueError,
            "Column 'c' follows from 'a', which is not a column of Molecules, Levels or OneHot of "
            "the design space.",
        ),
        (
            lambda: OfMolecule("solvent", 3),
            TypeError,
            "The 'values' parameter of OfMolecule must be a dict of SMILES and values, or a "
            "function of a SMILES. Got 3 instead.",
        ),
        (
            lambda: OneHot("water"),
            TypeError,
            "The 'columns' parameter of OneHot must be a list of columns. Got 'water' instead.",
        ),
        (
            lambda: OneHot(["water", "water"]),
            ValueError,
            "The 'columns' parameter of OneHot must name two or more columns, each once. Got "
            "['water', 'water'].",
        ),
        (
            lambda: DesignSpace({"a": OneHot(["a", "b"]), "b": Levels([0, 1])}),
            ValueError,
            "Column 'a' is a OneHot of 'a', 'b', which must all be columns with that same OneHot; "
            "'b' is not. Write dict.fromkeys(names, OneHot(names)).",
        ),
        (
            lambda: DesignSpace(
                {"c": OneHot(["a", "b"])} | dict.fromkeys("ab", OneHot(["a", "b"]))
            ),
            ValueError,
            "Column 'c' is a OneHot of 'a', 'b', which must all be columns with that same OneHot; "
            "'c' is not. Write dict.fromkeys(names, OneHot(names)).",
        ),
    ],
)
def test_declarations_that_are_refused(make, error, message):
    with pytest.raises(error) as caught:
        make()
    assert str(caught.value) == message


def test_what_is_no_molecule_among_the_values():
    columns = {"a": Molecules(["O"]), "b": Levels(["x"])}
    with pytest.raises(InvalidSMILESError, match="position 1: 'water'"):
        DesignSpace(columns | {"c": OfSeveral(["a", "b"], {("O", "x"): 1, ("water", "x"): 2})})


# -- Of which one is 1 -----------------------------------------------------------------------------

SOLVENTS = ["water", "ethanol", "toluene"]


def dummies(n=40, kind=int):
    rng = np.random.default_rng(0)
    chosen = rng.integers(0, 3, n)
    X = pd.DataFrame({name: (chosen == k).astype(kind) for k, name in enumerate(SOLVENTS)})
    X.insert(2, "never", np.zeros(n, kind))
    return X.assign(dry=rng.integers(0, 2, n).astype(kind), mM=rng.uniform(0, 1, n).round(2))


def has_group(X):
    return any(isinstance(column, OneHot) for column in DesignSpace.from_frame(X).columns.values())


@pytest.mark.parametrize("kind", [int, float, bool])
def test_neighbours_of_which_one_is_1_move_together(kind, tmp_path):
    X = dummies(kind=kind)
    space = DesignSpace.from_frame(X)
    text = f"{kind(1)!r} in one of water, ethanol, toluene"
    assert [str(space.columns[name]) for name in SOLVENTS] == [text] * 3
    assert str(space.columns["dry"]) == f"{kind(0)!r}, {kind(1)!r}"
    drawn = space.sample(300, random_state=0)
    assert drawn.dtypes.astype(str).tolist() == X.dtypes.astype(str).tolist()
    assert (drawn[SOLVENTS].sum(axis=1) == 1).all()
    assert drawn[SOLVENTS].mean().between(0.25, 0.42).all()
    assert space.contains(X).all()
    copy = load_model(save_model(space, tmp_path / "space.skm"))
    pd.testing.assert_frame_equal(copy.sample(300, random_state=0), drawn)


def test_what_is_no_group():
    X = dummies()
    assert has_group(X)
    assert not has_group(X[["water", "mM", "ethanol", "toluene"]])
    assert not has_group(dummies(7))
    X.loc[0, SOLVENTS] = 0
    assert not has_group(X)


def test_a_group_beside_the_names_that_it_encodes_follows_from_them():
    X = dummies()
    X.insert(0, "solvent", X[SOLVENTS].idxmax(axis=1))
    space = DesignSpace.from_frame(X)
    assert {str(space.columns[name]) for name in SOLVENTS} == {"follows from 'solvent'"}
    drawn = space.sample(50, random_state=0)
    assert (drawn[SOLVENTS].idxmax(axis=1) == drawn["solvent"]).all()


def group(**changes):
    columns = dict.fromkeys(SOLVENTS, OneHot(SOLVENTS)) | {"mM": Range(0, 10)}
    return DesignSpace(columns | changes)


def test_a_group_is_laid_out_and_kept():
    space = group(pH=When({"water": [1]}, Range(7, 9), 0.0), total=Computed(Sum("mM", "pH")))
    rows = space.grid(["toluene", "water"], at={"mM": 1})
    assert rows[SOLVENTS].to_numpy().tolist() == np.eye(3, dtype=int).tolist()
    rows = space.grid("mM", 2, at={"toluene": 1})
    assert rows[SOLVENTS].to_numpy().tolist() == [[0, 0, 1], [0, 0, 1]]
    rows = space.grid("mM", 2, at={"ethanol": 0})  # which is 1 in the middle
    assert rows[SOLVENTS].to_numpy().tolist() == [[1, 0, 0], [1, 0, 0]]
    drawn = space.sample(100, random_state=0)
    assert ((drawn["pH"] == 0) == (drawn["water"] == 0)).all()
    near = space.around(drawn[:5], n=2, random_state=0)
    assert near[SOLVENTS].to_numpy().tolist() == np.repeat(drawn[SOLVENTS][:5], 2, axis=0).tolist()
    wrong = pd.DataFrame({"water": [1, 0, 2], "ethanol": [1, 0, 0], "toluene": 0, "mM": 1.0})
    assert group().contains(wrong).tolist() == [False, False, False]


def test_a_row_of_two_is_outside():
    X = pd.DataFrame({"water": [1], "ethanol": [1], "toluene": [0], "mM": [1.0]})
    message = (
        "Column 'water', row 0 holds 1, which is outside of the design space (1 in one of water, "
        "ethanol, toluene). Correct the value or let exactly one of 'water', 'ethanol', 'toluene' "
        "be 1."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        group()._require_inside(X, ["water"])


def test_a_group_is_one_dimension_of_scikit_optimize():
    dimensions = group().to_skopt()
    assert [each.name for each in dimensions] == ["water", "mM"]
    assert dimensions[0].categories == tuple(SOLVENTS)
    points = group().from_skopt([["toluene", 2.5], ["water", 1.0]])
    assert points.to_numpy().tolist() == [[0, 0, 1, 2.5], [1, 0, 0, 1.0]]


@settings(max_examples=15, deadline=None)
@given(st.integers(2, 7), st.sampled_from(["uniform", "lhs", "sobol"]), st.integers(0, 99))
def test_each_column_of_a_group_is_drawn_as_often(size, method, seed):
    names = [f"x{k}" for k in range(size)]
    space = DesignSpace(dict.fromkeys(names, OneHot(names, False, True)))
    drawn = space.sample(1024, method, seed)
    assert (drawn.sum(axis=1) == 1).all()
    assert np.abs(drawn.mean() - 1 / size).max() < 0.07
    assert space.contains(drawn).all()


def test_plates_keep_to_groups():
    X = dummies(30)[["mM", *SOLVENTS]]
    recommender = ExperimentRecommender(
        Members(), n_candidates=300, n_folds=0, positive=1, random_state=0
    ).fit(X, X["toluene"].rename("works"))
    for changes in ({}, {"same": ["ethanol"]}, {"mode": "optimize"}):
        plate = recommender.recommend(4, **changes)
        assert (plate[SOLVENTS].sum(axis=1) == 1).all()
        assert len(plate[SOLVENTS].drop_duplicates()) == 1 or "same" not in changes
    plate = recommender.recommend(4, exclude={"toluene": [1], "water": [1]})
    assert (plate["ethanol"] == 1).all()
    one, other = plate[:1], plate[:1].assign(ethanol=0, water=1)
    distances = recommender._geometry.distances(one, other)
    assert distances.ravel().tolist() == pytest.approx([1.0])  # as two levels of one column are
