"""Local files that are damaged, of another kind or empty: each error names the file."""

import contextlib
import gzip
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sksiamese.datasets import fetch_moleculenet, fetch_perovskites, read_reaction_workbook
from sksiamese.datasets._moleculenet import _COLLECTIONS

TASKS = list(_COLLECTIONS["sider"].tasks)
CURE = "The file is damaged or of another kind: get it again, or give the path of another copy."
WHOLE = gzip.compress(pd.DataFrame(1, range(60), ["smiles", *TASKS]).to_csv().encode())
DAMAGED = {
    "cut": ("sider.csv.gz", WHOLE[:60], "EOFError"),
    "not compressed": ("sider.csv.gz", b"smiles,a\nCCO,1\n", "BadGzipFile"),
    "not text": ("sider.csv", b"smiles\n\xff\xfe\x00", "UnicodeDecodeError"),
    "empty": ("sider.csv", b"", "EmptyDataError"),
    "ragged": ("sider.csv", b"a,b\n1,2\n1,2,3\n", "ParserError"),
    "no archive": ("sider.csv.zip", b"PK nothing", "BadZipFile"),
}


@pytest.mark.parametrize("name", DAMAGED)
@pytest.mark.parametrize(
    ("source", "read"),
    [
        ("The SIDER table", lambda path: fetch_moleculenet("sider", path=path)),
        ("The perovskite release", lambda path: fetch_perovskites(path=path, inventory_path=path)),
    ],
)
def test_a_damaged_file_is_named_with_what_is_wrong(name, source, read, tmp_path):
    file_name, content, error = DAMAGED[name]
    path = tmp_path / file_name
    path.write_bytes(content)
    head = f"{source}: the file {str(path)!r} cannot be read as a table ({error}: "
    with pytest.raises(ValueError, match=rf"^{re.escape(head)}.*\)\. {re.escape(CURE)}$"):
        read(path)


def test_a_file_without_rows_is_refused(tmp_path):
    path = tmp_path / "sider.csv"
    pd.DataFrame(columns=["smiles", *TASKS]).to_csv(path, index=False)
    message = "The SIDER table (sider.csv) has a header and no rows. Give the path of a whole copy."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        fetch_moleculenet("sider", path=path)


def test_a_table_without_any_smiles_is_refused(tmp_path):
    path = tmp_path / "sider.csv"
    pd.DataFrame(1, range(3), TASKS).assign(smiles=["C(C", None, "water"]).to_csv(path, index=False)
    message = (
        "The SIDER table (sider.csv): none of the 3 cells of column 'smiles' can be read as "
        "SMILES. The first, in row 0, holds 'C(C'. Give the path of the table as it was published."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        fetch_moleculenet("sider", path=path)


@pytest.fixture(scope="module")
def workbook(tmp_path_factory):
    path = tmp_path_factory.mktemp("workbook") / "reactions.xlsx"
    with pd.ExcelWriter(path) as writer:
        pd.DataFrame({"T": np.arange(9)}).to_excel(writer, sheet_name="features_c", index=False)
        pd.DataFrame({"m": ["CCO"] * 9}).to_excel(writer, sheet_name="features_d", index=False)
        pd.DataFrame({"y": [0, 1, 1] * 3}).to_excel(writer, sheet_name="labels", index=False)
    return path


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_any_damage_of_a_workbook_is_a_value_error_or_none(workbook, data, tmp_path):
    content = bytearray(workbook.read_bytes())
    for _ in range(data.draw(st.integers(1, 12))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "reactions.xlsx"
    path.write_bytes(bytes(content[: data.draw(st.integers(1, len(content)))]))
    with contextlib.suppress(ValueError):  # anything else is a fault
        read_reaction_workbook(path)
