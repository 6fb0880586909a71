"""Measured numbers as people write them."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sksiamese.tables._measured_numbers import read_numbers

NUMBERS = st.integers(-(10**9), 10**9).map(lambda number: number / 1000)


@given(st.lists(NUMBERS, min_size=1))
def test_numbers_stay_what_they_are(numbers):
    for y in (numbers, np.array(numbers), pd.Series(numbers), list(map(str, numbers))):
        assert read_numbers(y, len(numbers)).tolist() == numbers


@given(NUMBERS, st.sampled_from("<>"))
def test_a_bound_counts_as_its_limit(number, sign):
    assert read_numbers([f"{sign}{number}", f"{sign}={number}"], 2).tolist() == [number, number]


def test_texts_of_the_laboratory():
    y = pd.Series(["44 %", "trace", "quant.", ">95", 12, "~30"], dtype=object)
    assert read_numbers(y, 6).tolist() == [44, 5, 95, 95, 12, 30]


@pytest.mark.parametrize(
    ("y", "n_bad", "shown", "place"),
    [
        ([1.0, np.nan, np.inf], 2, "nan", 1),
        (["1", "n.d.", "2"], 1, "'n.d.'", 1),
        ([1.0, None, 2.0], 1, "None", 1),
    ],
)
def test_what_is_no_number_is_refused(y, n_bad, shown, place):
    message = (
        f"y must hold a number for each row. Got {n_bad} cell(s) that are missing, infinite or "
        f"none, the first {shown} at position {place}. Drop these rows or fill them in."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read_numbers(np.array(y, dtype=object if None in y else None), 3)


def test_nullable_numbers():
    for dtype in ("Int64", "Float64"):
        assert read_numbers(pd.Series([3, 4], dtype=dtype), 2).tolist() == [3, 4]
    with pytest.raises(ValueError, match=r"^y must hold a number for each row\. Got 1 cell\(s\)"):
        read_numbers(pd.Series([3, None], dtype="Int64"), 2)


def test_too_few_numbers_are_refused():
    message = "y must hold one number for each row of X. Got 2 for 3 rows."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read_numbers([1, 2], 3)
