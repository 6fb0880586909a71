"""Tables as plain arrays and text, and back."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.pandas import column, data_frames

from sksiamese.persistence._packed_tables import PackedTable, pack, unpack

DATES = pd.date_range("2026-01-01", periods=3)
COLUMNS = {
    "text": pd.Series(["CCO", None, ""], dtype=object),
    "str": pd.Series(["CCO", None, "nan"]),
    "string": pd.Series(["CCO", pd.NA, ""], dtype="string"),
    "category": pd.Categorical(["b", "a", None], categories=["b", "c", "a"], ordered=True),
    "number categories": pd.Categorical([2.5, 1.5, 2.5]),
    "float": [0.1, np.nan, -np.inf],
    "float32": np.array([0.1, 2, 3], np.float32),
    "int": [2**62, -1, 0],
    "Int64": pd.array([1, None, 3], "Int64"),
    "boolean": pd.array([True, None, False], "boolean"),
    "bool": [True, False, True],
    "numpy in object": pd.Series([np.int64(1), np.float64(0.1), np.bool_(True)], dtype=object),
    "dates": DATES,
    "zone": DATES.tz_localize("Europe/Berlin"),
    "offset": DATES.tz_localize("+02:00"),
    "no time": DATES.where([True, False, True]).tz_localize("UTC"),
    "interval": pd.interval_range(0, 3, closed="left"),
    "days": pd.interval_range(DATES.tz_localize("UTC")[0], periods=3),
    "period": pd.PeriodIndex(["2026-01", None, "2026-03"], freq="M"),
    "duration": pd.to_timedelta(["1h", None, "2D"]),
    "mixed": pd.Series([DATES[0], DATES[1].date(), "later"], dtype=object),
    "mixed zones": pd.Series(
        [DATES[0].tz_localize(z) for z in ("UTC", "Asia/Tokyo", None)], dtype=object
    ),
}
INDICES = [
    pd.RangeIndex(3),
    pd.Index(["a", "b", "c"], name="run"),
    pd.Index([2.5, 1.5, 2.5]),
    pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)], names=["plate", None]),
    DATES.rename("day"),
    DATES.tz_localize("Europe/Berlin").rename("day"),
    pd.interval_range(0.5, 3.5),
    pd.period_range("2026-01", periods=3, freq="D"),
    pd.MultiIndex.from_arrays([DATES.tz_localize("UTC"), ["a", "b", "c"]]),
    pd.Index([DATES[0].date(), DATES[1].date(), DATES[2].date()]),
]


def holds_pandas(value):
    if isinstance(value, (tuple, list)):
        return any(map(holds_pandas, value))
    return type(value).__module__.startswith("pandas")


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_a_frame_comes_back(index):
    frame = pd.DataFrame({name: pd.Series(cells).array for name, cells in COLUMNS.items()}, index)
    frame.columns.name = "kind"
    packed = pack(frame)
    assert isinstance(packed, PackedTable)
    assert not holds_pandas(packed)
    pd.testing.assert_frame_equal(unpack(packed), frame, check_freq=False, check_index_type="equiv")


@pytest.mark.parametrize("name", COLUMNS)
def test_a_series_comes_back(name):
    series = pd.Series(COLUMNS[name], index=["a", "b", "c"], name=name)
    pd.testing.assert_series_equal(unpack(pack(series)), series)


def test_times_among_other_labels_keep_their_zones():
    """Which equality does not tell: moments of two zones are equal."""
    cells = pd.Series(COLUMNS["mixed zones"])
    assert list(map(str, unpack(pack(cells)))) == list(map(str, cells))


def test_what_has_no_plain_form_stays_a_series():
    """Pickle still can hold it, and `save_model` refuses it."""
    complex_cells = pd.Series([1j, None, "a"], dtype=object, name="odd")
    assert holds_pandas(pack(complex_cells))
    pd.testing.assert_series_equal(unpack(pack(complex_cells)), complex_cells)
    tuples = pd.Series([(np.int64(1), "a"), (2, "b"), None], dtype=object)
    assert unpack(pack(tuples)).tolist() == [(1, "a"), (2, "b"), None]


def test_doubled_column_names_stay():
    frame = pd.DataFrame([[1, 2.5]], columns=["a", "a"])
    pd.testing.assert_frame_equal(unpack(pack(frame)), frame)


@pytest.mark.parametrize("value", [None, 3, "text", [1], {"a": 1}])
def test_other_things_pass(value):
    assert pack(value) is value
    assert unpack(value) is value


@given(
    data_frames(
        [
            column("number", dtype=float),
            column("count", dtype=np.int64),
            column("text", elements=st.text(max_size=5), dtype=object),
        ]
    )
)
def test_any_frame_comes_back(frame):
    pd.testing.assert_frame_equal(unpack(pack(frame)), frame, check_index_type="equiv")
