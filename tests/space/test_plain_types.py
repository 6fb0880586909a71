"""Tables in pandas' nullable types and in Arrow's: the same space and the same rows."""

import decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sksiamese import DesignSpace
from sksiamese.space import Levels, Range

pa = pytest.importorskip("pyarrow")

TABLE = pd.DataFrame(
    {
        "solvent": ["O", "CCO", "CC#N", "O", "CCO", "O"] * 2,
        "mode": ["a", "b", None, "b", "a", "a"] * 2,
        "mM": [0.5, 1.25, 2.0, 4.0, 1.0, 3.0] * 2,
        "n": [1, 5, 2, 7, 3, 9] * 2,
        "dry": [True, False, True, True, False, True] * 2,
        "gap": [1.0, np.nan, 2.5, 3.0, np.nan, 4.0] * 2,
        "level": [20, 80, 20, 80, 20, 80] * 2,
    },
    index=[f"run {i}" for i in range(12)],
)


def retyped(**types):
    """The table with some columns of other types."""
    cells = {name: [None if pd.isna(cell) else cell for cell in TABLE[name]] for name in types}
    return TABLE.assign(
        **{name: pd.array(cells[name], dtype=dtype) for name, dtype in types.items()}
    )


DICTIONARY = pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string()))
TABLES = {
    "nullable": TABLE.convert_dtypes(),
    "Arrow": TABLE.convert_dtypes(dtype_backend="pyarrow"),
    "category": TABLE.astype(dict.fromkeys(TABLE, "category")),
    "dictionary": retyped(solvent=DICTIONARY, mode=DICTIONARY),
    "decimal": TABLE.assign(
        mM=pd.array(
            [decimal.Decimal(str(cell)) for cell in TABLE["mM"]],
            dtype=pd.ArrowDtype(pa.decimal128(10, 3)),
        )
    ),
    "texts": retyped(solvent="string[python]", mode="string[pyarrow]"),
    "objects": TABLE.astype(object),
}


@pytest.mark.parametrize("name", TABLES)
def test_the_type_of_a_table_changes_nothing(name):
    table = TABLES[name]
    expected, space = DesignSpace.from_frame(TABLE), DesignSpace.from_frame(table)
    assert repr(space) == repr(expected)
    assert space.columns.keys() == expected.columns.keys()
    pd.testing.assert_frame_equal(
        space.sample(30, random_state=0), expected.sample(30, random_state=0)
    )
    assert space.contains(table).all()
    for method in ("complete", "around", "swap"):
        arguments = {"around": (0.1, 2, 0), "swap": ("solvent",)}.get(method, ())
        found, wanted = (getattr(expected, method)(rows, *arguments) for rows in (table, TABLE))
        pd.testing.assert_frame_equal(found, wanted, check_dtype=name != "objects")


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.one_of(st.none(), st.integers(-99, 99)), min_size=4, max_size=12),
    st.sampled_from(["Int64", "Float64", "int64[pyarrow]", "double[pyarrow]", "float64"]),
)
def test_numbers_of_any_type_are_found(values, dtype):
    if len(set(values) - {None}) < 2:
        values = [*values, 100, 200]
    X = pd.DataFrame({"a": pd.array(values, dtype=dtype)})
    space = DesignSpace.from_frame(X)
    assert space.contains(X.dropna()).all()
    present = [value for value in values if value is not None]
    assert space.sample(50, random_state=0)["a"].between(min(present), max(present)).all()


@pytest.mark.parametrize("dtype", [int, float, "Int64", "int64[pyarrow]", bool, "boolean", "str"])
def test_a_category_may_have_gaps(dtype):
    levels = pd.Series([0, 1]).astype(dtype)
    column = pd.Categorical.from_codes([0, 1, -1, 1] * 3, levels)
    X = pd.DataFrame({"a": column, "b": [0.5, 1.25, 2.0, 4.0] * 3}, [f"run {i}" for i in range(12)])
    space = DesignSpace({"a": Levels([*levels.tolist(), None]), "b": Range(0, 5)})
    assert space.contains(X).all()
    found = space.complete(X)["a"]
    assert found.index.equals(X.index)
    assert not isinstance(found.dtype, pd.CategoricalDtype)
    assert [None if pd.isna(cell) else cell for cell in found] == [
        *levels[[0, 1]],
        None,
        levels[1],
    ] * 3
    assert DesignSpace.from_frame(X).contains(X.dropna()).all()
