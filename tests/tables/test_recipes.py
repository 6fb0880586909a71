"""Numbers of recipes, against a comparison of all rows with each other."""

import numpy as np
import pandas as pd
import polars as pl
from hypothesis import example, given
from hypothesis import strategies as st
from rdkit import Chem

from sksiamese.model_selection import recipe_groups
from sksiamese.molecules import graph_from_smiles

CELLS = {
    "ligand": st.sampled_from(["CCO", "OCC", "NCCS", "", None, "C(C"]),
    "pH": st.sampled_from([7.0, 7.0 + 1e-9, 7.1, 0.0, -0.0, np.nan]),
    "runs": st.integers(0, 2),
    "stirrer": st.sampled_from(["bar", "cross", " bar"]),
    "dry": st.booleans(),
}
ROWS = st.lists(st.tuples(*CELLS.values()), min_size=1, max_size=8)


def are_same(a, b):
    """Whether two rows are one recipe, told cell by cell."""
    names = {"OCC": "CCO", None: ""}
    ligands = names.get(a[0], a[0]) == names.get(b[0], b[0])
    gaps = np.isnan(a[1]), np.isnan(b[1])
    acid = all(gaps) if any(gaps) else abs(a[1] - b[1]) < 1e-6
    return ligands and acid and a[2] == b[2] and a[3].strip() == b[3].strip() and a[4] == b[4]


@given(rows=ROWS)
@example(rows=[("CCO", zero, 0, "bar", True) for zero in (0.0, -0.0)])
def test_rows_of_one_number_agree_in_all_columns(rows):
    # Two more rows let each column be read as what it is meant to be.
    rows = [("CCO", 7.0, 0, "bar", True), ("NCCS", 8.0, 1, "cross", False), *rows]
    found = recipe_groups(pd.DataFrame(rows, columns=list(CELLS)))
    expected = [[are_same(a, b) for b in rows] for a in rows]
    np.testing.assert_array_equal(np.equal.outer(found, found), expected)
    first = [found.tolist().index(number) for number in range(found.max() + 1)]
    assert first == sorted(first)


def test_any_form_of_a_table_has_the_same_recipes():
    ligands = ["CCO", "NCCS", "OCC", "NCCS"]
    frame = pd.DataFrame({"ligand": ligands, "pH": [7.0, 7.0, 7.0, 8.0]})
    expected = [0, 1, 0, 2]
    assert recipe_groups(frame).tolist() == expected
    assert recipe_groups(frame.to_numpy(object)).tolist() == expected
    assert recipe_groups(pl.from_pandas(frame)).tolist() == expected
    assert recipe_groups(frame.astype({"ligand": "category"})).tolist() == expected
    for read in (Chem.MolFromSmiles, graph_from_smiles):
        assert recipe_groups(frame.assign(ligand=[*map(read, ligands)])).tolist() == expected
    assert recipe_groups(frame[["pH"]].to_numpy()).tolist() == [0, 0, 0, 1]
