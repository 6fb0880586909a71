"""Libraries in pieces: every kind of part, row numbers, what is refused."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import polars
import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sksiamese.tables.reading._libraries import count_rows, iter_pieces, list_parts

FRAME = pd.DataFrame(
    {"vial": ["007", "a", None, "c", "d"], "ligand": ["CCO", "C", None, "CC", "O"], "pH": range(5)}
)


def check(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


def read_all(parts, n_rows=2, columns=("ligand", "pH"), **options):
    """Pieces with their rows."""
    pieces = iter_pieces(list_parts(parts), list(columns), n_rows, **options)
    return [(piece, piece.read()) for piece in pieces]


def write(folder, name, text, **options):
    path = Path(folder, name)
    path.write_text(text, newline="", **{"encoding": "utf-8"} | options)
    return path


def in_parquet(folder):
    path = Path(folder, "library.parquet")
    pyarrow.parquet.write_table(pyarrow.Table.from_pandas(FRAME), path, row_group_size=3)
    return path


KINDS = {
    "pandas": lambda _: FRAME.set_axis(list("vwxyz")),
    "polars": lambda _: polars.from_pandas(FRAME),
    "table": lambda _: pyarrow.Table.from_pandas(FRAME),
    "batch": lambda _: pyarrow.RecordBatch.from_pandas(FRAME),
    "parquet": in_parquet,
    "path as text": lambda folder: str(in_parquet(folder)),
    "csv": lambda folder: write(folder, "library.csv", FRAME.to_csv(index=False)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_part_in_pieces_has_all_its_cells(kind, tmp_path):
    part = KINDS[kind](tmp_path)
    found = read_all(part)
    assert [len(frame) for _, frame in found] == [2, 2, 1]
    assert [(piece.part, piece.n_rows) for piece, _ in found] == [(0, 2), (0, 2), (0, 1)]
    start = 2 if kind == "csv" else 0
    for piece, frame in found:
        assert frame.index[0] == piece.first
    joined = pd.concat([frame for _, frame in found])
    assert joined.index.tolist() == list(range(start, start + 5))
    expected = FRAME.set_axis(joined.index)
    pd.testing.assert_frame_equal(joined, expected, check_dtype=False, check_index_type=False)
    assert count_rows(list_parts(part)) == (None if kind == "csv" else 5)


@settings(max_examples=30)
@given(
    n_rows=st.integers(1, 40),
    group=st.integers(1, 40),
    n_piece=st.integers(1, 40),
)
def test_pieces_of_parquet_do_not_depend_on_its_row_groups(
    tmp_path_factory, n_rows, group, n_piece
):
    path = tmp_path_factory.mktemp("parquet") / "library.parquet"
    frame = pd.DataFrame({"x": np.arange(n_rows)})
    pyarrow.parquet.write_table(pyarrow.Table.from_pandas(frame), path, row_group_size=group)
    found = read_all(path, n_piece, ["x"])
    assert [piece.first for piece, _ in found] == list(range(0, n_rows, n_piece))
    for piece, rows in found:
        assert rows["x"].tolist() == list(range(piece.first, piece.first + piece.n_rows))


def test_an_index_in_parquet_is_a_column(tmp_path):
    FRAME.set_index("vial").to_parquet(tmp_path / "library.parquet")
    _, frame = read_all(tmp_path / "library.parquet", 5)[0]
    assert frame["vial"].tolist()[:2] == ["007", "a"]


def test_columns_of_a_model_are_read_as_numbers_and_others_as_they_stand(tmp_path):
    text = "vial;pH;mM;code\n01;7;;007\n02;x;;008\n03;8.5;2;009\n04;1e1;nan;010\n"
    path = write(tmp_path, "library.csv", text)
    frame = pd.concat([rows for _, rows in read_all(path, 2, ["pH", "mM", "code"])])
    assert frame["vial"].tolist() == ["01", "02", "03", "04"]
    assert frame["pH"].tolist() == [7.0, "x", 8.5, 10.0]
    assert frame["mM"].tolist()[2:] == [2.0, "nan"]
    assert frame["mM"].isna().tolist() == [True, True, False, False]
    assert frame["code"].tolist() == ["007", "008", "009", "010"]


def test_blank_rows_are_left_out_and_others_keep_their_numbers(tmp_path):
    path = write(tmp_path, "library.csv", "\ufeffa,b\n1,x\n\n,\n2,y\n", encoding="utf-8")
    found = read_all(path, 2, ["a"])
    assert [frame.index.tolist() for _, frame in found] == [[2], [5]]
    assert [piece.n_rows for piece, _ in found] == [1, 1]


def test_empty_parts_have_no_pieces(tmp_path):
    header = write(tmp_path, "header.csv", "ligand,pH\n")
    FRAME.iloc[:0].to_parquet(tmp_path / "none.parquet")
    parts = [FRAME.iloc[:0], header, pd.DataFrame(), tmp_path / "none.parquet", FRAME]
    assert {piece.part for piece, _ in read_all(parts)} == {4}


def test_parts_are_drawn_one_by_one():
    drawn = []

    def parts():
        for number in range(3):
            drawn.append(number)
            yield FRAME

    pieces = iter_pieces(list_parts(parts()), ["pH"], 5)
    assert (next(pieces).part, drawn) == (0, [0])
    assert (next(pieces).part, drawn) == (1, [0, 1])


def test_what_is_no_part_is_refused(tmp_path):
    with check(
        TypeError, "Part 1 must be a DataFrame, a table of pyarrow or polars, or a path. Got 5."
    ):
        read_all([FRAME, 5])
    message = "The parts of a library must be tables or paths, or an iterable of such. Got 5."
    with check(TypeError, message):
        list_parts(5)
    message = "Part 0 lacks the column(s) 'mM'. It has: 'vial', 'ligand', 'pH'. Add or rename them."
    with check(ValueError, message):
        read_all(FRAME, columns=["mM"])
    message = "Part 0 has a column 'pH', which is what the result adds. Rename it."
    with check(ValueError, message):
        read_all(FRAME, refused=["pH"])


def test_files_that_cannot_be_read_are_named(tmp_path):
    absent = tmp_path / "absent.csv"
    with check(FileNotFoundError, f"There is no file {str(absent)!r}. Give the path of a library."):
        list_parts([FRAME, absent])
    message = (
        "'library.xlsx' is not a kind of file that is read in pieces: .parquet, .csv, .tsv or "
        ".txt. Save it as one of these."
    )
    with check(ValueError, message):
        list_parts("library.xlsx")
    damaged = write(tmp_path, "damaged.parquet", "nonsense")
    with pytest.raises(ValueError, match=r"^'damaged.parquet' cannot be read as a table \(Arrow"):
        read_all(damaged)
    latin = write(tmp_path, "latin.csv", "ligand,pH\nCé,1\n", encoding="cp1252")
    with pytest.raises(ValueError, match=r"^'latin.csv' cannot be read as a table \(UnicodeDecode"):
        read_all(latin)


@pytest.mark.parametrize("n_before", [0, 40_000])
def test_a_row_with_more_cells_than_the_header_is_refused(n_before, tmp_path):
    text = "ligand,pH\n" + "C,1\n" * n_before + "CC,1,2\nC,1\n"
    with pytest.raises(ValueError, match=r"^'wide.csv' cannot be read as a table \(.*Save it as"):
        read_all(write(tmp_path, "wide.csv", text), 10_000)


def test_a_file_that_shrank_meanwhile_is_noticed(tmp_path):
    path = in_parquet(tmp_path)
    pieces = list(iter_pieces([path], ["pH"], 2))
    FRAME.iloc[:1].to_parquet(path)
    message = "Part 0 ('library.parquet') has other rows than before. Begin again."
    with check(ValueError, message):
        pieces[2].read()


def test_parts_that_come_one_by_one_are_not_counted():
    assert count_rows(iter([pd.DataFrame({"pH": [7.0]})])) is None
