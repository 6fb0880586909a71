"""Outcomes: labels and their spellings, rules, censored values, what is not guessed."""

import re

import numpy as np
import pandas as pd
import pytest

from sksiamese.tables._outcome_rules import read_outcome, read_rule
from sksiamese.tables._positive_label import describe_success, find_success, name_of_success
from sksiamese.tables.reading._censored_values import compare, read_intervals, read_signs

INF = np.inf

CELLS = [
    (44.0, 44.0, 44.0),
    (7, 7.0, 7.0),
    ("44 %", 44.0, 44.0),
    ("44%", 44.0, 44.0),
    (" 1e2 ", 100.0, 100.0),
    ("12 mg", 12.0, 12.0),
    ("~50", 50.0, 50.0),
    (">=95", 95.0, INF),
    ("≤5", -INF, 5.0),
    ("n.d.", np.nan, np.nan),
    ("PENDING", np.nan, np.nan),
    (None, np.nan, np.nan),
    (True, np.nan, np.nan),
]


@pytest.mark.parametrize(("cell", "low", "high"), CELLS)
def test_cells_of_numbers(cell, low, high):
    found = read_intervals(pd.Series([cell], dtype=object))
    np.testing.assert_array_equal([found.low[0], found.high[0]], [low, high])


# Whether ">95", "<5", "trace" and "quant." are at least, more than ... some limits.
CENSORED = [
    (">95", ">=", 95, 1),
    (">95", ">", 95, 1),
    (">95", ">", 96, np.nan),
    (">95", "<=", 95, 0),
    (">=95", ">", 95, np.nan),
    ("<5", ">=", 50, 0),
    ("<5", ">=", 5, 0),
    ("<5", "<", 5, 1),
    ("<5", ">=", 3, np.nan),
    ("<=5", "<", 5, np.nan),
    ("trace", ">", 10, 0),
    ("Spuren", ">", 10, 0),
    ("quant.", ">=", 90, 1),
    ("<5", "==", 7, 0),
    ("<5", "==", 3, np.nan),
    ("5", "==", 5, 1),
]


@pytest.mark.parametrize(("cell", "sign", "limit", "answer"), CENSORED)
def test_censored_values_count_where_they_decide(cell, sign, limit, answer):
    found = read_intervals(pd.Series([cell]))
    np.testing.assert_array_equal(compare(found, sign, limit), [answer])


def test_decimal_commas_and_signs_of_their_own():
    found = read_intervals(pd.Series(["44,5", "3", "2"]), ["=", "<", ">="])
    assert found.low.tolist() == [44.5, -INF, 2.0]
    assert compare(found, ">=", 3.0).tolist()[:2] == [1.0, 0.0]
    assert read_signs(pd.Series(["'='", "'<'", None, ">="])) == ["=", "<", "=", ">="]
    assert read_signs(pd.Series(["=", "nM"])) is None
    assert read_signs(pd.Series([None, None])) is None


def test_rules():
    assert read_rule("yield >= 50") == [("yield", ">=", 50.0)]
    assert read_rule("Standard Value <= 1e2") == [("Standard Value", "<=", 100.0)]
    assert read_rule("`a b`>5 AND c == 2 %") == [("a b", ">", 5.0), ("c", "==", 2.0)]
    assert read_rule("success") is None
    assert read_rule("yield >= high") is None
    assert read_rule("a > 5", columns=["a > 5"]) is None


def test_a_rule_on_two_columns_lists_what_it_leaves_open():
    frame = pd.DataFrame(
        {"ee": [95, 99, 20, None, None], "yield": ["60 %", "<30", "trace", "90", "5"]},
        index=list("abcde"),
    )
    found = read_outcome(frame, "ee > 90 and yield >= 20")
    assert found.y.to_dict() == {"a": 1, "c": 0, "e": 0}
    assert (found.y.name, found.positive) == ("ee > 90 and yield >= 20", 1)
    assert found.left_out.to_dict() == {
        "b": "'yield' is '<30', which leaves the rule open",
        "d": "'ee' is empty",
    }
    (finding,) = found.findings
    assert finding.message == (
        "2 rows without an outcome left out: 'yield' is '<30', which leaves the rule open in row "
        "'b'; 'ee' is empty in row 'd'."
    )


def test_signs_in_a_column_of_their_own():
    frame = pd.DataFrame({"Relation": ["'='", "'>'", "'<'"], "Value": [50.0, 50.0, 150.0]})
    found = read_outcome(frame, "Value <= 100")
    assert found.y.tolist() == [1]
    assert found.columns == {
        "Value": "in the rule 'Value <= 100'",
        "Relation": "the signs of 'Value'",
    }


@pytest.mark.parametrize(
    ("outcome", "meant"),
    [
        ("yield >= 50", "Isolated yield / % >= 50"),
        ("ee > 90 and Yield >= 50", "ee > 90 and Isolated yield / % >= 50"),
    ],
)
def test_a_column_named_in_short_is_recognised(outcome, meant):
    frame = pd.DataFrame({"ee": [95, 20], "Isolated yield / %": [60, 30]})
    message = (
        f"The table of experiments lacks the column '{outcome.split()[-3]}'. Is it "
        f"'Isolated yield / %'? Then the outcome is {meant!r}."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read_outcome(frame, outcome)
    assert read_outcome(frame, meant).y.tolist() == [1, 0]


# -- Labels ----------------------------------------------------------------------------------------

POSITIVE = [
    ([1, 0, 1], 1, [1, 0, 1]),
    ([1.0, 0.0, 1.0], 1, [1, 0, 1]),
    (["1", "0", "1"], 1, [1, 0, 1]),
    ([-1, 1, 1], 1, [-1, 1, 1]),
    ([True, False, True], True, [True, False, True]),
    (["yes", "no", "Yes"], "yes", ["yes", "no", "yes"]),
    (["Y", "n ", "yes"], "yes", ["yes", "no", "yes"]),
    (["Active", "Inactive", "Active"], "Active", ["Active", "Inactive", "Active"]),
    (["miss", "hit", "Hit"], "hit", ["miss", "hit", "hit"]),
    (["pass", "fail", "fail"], "pass", ["pass", "fail", "fail"]),
    (["+", "-", "-"], "+", ["+", "-", "-"]),
]


@pytest.mark.parametrize(("labels", "positive", "expected"), POSITIVE)
def test_success_that_can_be_told(labels, positive, expected):
    found = read_outcome(pd.DataFrame({"y": labels}), "y")
    assert (found.y.tolist(), found.positive) == (expected, positive)
    assert type(found.positive) is type(positive)


GUESS = [
    (["red", "blue"], "'blue', 'red'. Say it with positive=, for example positive='red'."),
    ([1, 4], "1, 4. Say it with positive=, for example positive=4."),
    ([1, 2, 3, 4], "1, 2, 3, 4. Say it with positive=, for example positive=4."),
    (["ok", "good"], "'good', 'ok'. Say it with positive=, for example positive='ok'."),
]


@pytest.mark.parametrize(("labels", "told"), GUESS)
def test_success_is_not_guessed(labels, told):
    message = f"Which label of the column 'y' is success? It has: {told}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read_outcome(pd.DataFrame({"y": labels}), "y")
    chosen = read_outcome(pd.DataFrame({"y": labels}), "y", positive=labels[0])
    assert chosen.positive == labels[0]
    message = (
        f"positive='green' is not a label of the column 'y'. Its labels are: {told.split('.')[0]}. "
        "Choose one of these."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read_outcome(pd.DataFrame({"y": labels}), "y", positive="green")


def test_spellings_and_rows_without_a_label_are_said():
    frame = pd.DataFrame({"y": ["yes", "Yes", "no ", "n", "PENDING", None, "no"]})
    found = read_outcome(frame, "y")
    assert found.y.to_dict() == {0: "yes", 1: "yes", 2: "no", 3: "no", 6: "no"}
    assert found.left_out.to_dict() == {4: "'y' is 'PENDING'", 5: "'y' is empty"}
    assert [finding.message for finding in found.findings] == [
        "Spellings of one label were taken as one: 'Yes', 'yes' as 'yes'; 'n', 'no', 'no ' as "
        "'no'.",
        "2 rows without an outcome left out: 'y' is 'PENDING' in row 4; 'y' is empty in row 5.",
    ]


def test_numbers_without_a_rule_are_refused_with_proposals():
    message = (
        "The column 'yield' holds numbers, not labels. Say what counts as success, for example "
        "outcome='yield >= 50' (55% of the rows) or 'yield >= 70' (36% of the rows) or "
        "'yield >= 90' (18% of the rows)."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read_outcome(pd.DataFrame({"yield": np.arange(0.0, 101, 10)}), "yield")


REFUSED = [
    (
        [f"text {i}" for i in range(12)],
        "The column 'y' holds 12 different texts, such as 'text 0', 'text 1', 'text 2'; labels are "
        "at most 10. Name the column of the outcomes, or write one of a few labels into each row.",
    ),
    (
        [1, 0, "maybe"],
        "The column 'y' holds numbers and texts: 'maybe' in row 2. Write all labels in one way, or "
        "give a rule such as outcome='y >= 50'.",
    ),
]


@pytest.mark.parametrize(("labels", "message"), REFUSED)
def test_what_is_no_label(labels, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read_outcome(pd.DataFrame({"y": labels}), "y")


def test_a_rule_has_its_own_success_and_its_columns():
    frame = pd.DataFrame({"yield": [10, 90]})
    message = (
        "positive='hit' does not go with the rule 'yield >= 50': success is where the rule holds. "
        "Leave positive out."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read_outcome(frame, "yield >= 50", positive="hit")
    message = (
        "The table of experiments lacks the column(s) 'ee'. It has: 'yield'. Add or rename them."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read_outcome(frame, "ee >= 50")


# -- What success is called ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("classes", "success"),
    [
        ([0, 1], 1),
        ([False, True], True),
        (["no", "YES"], "YES"),
        (["miss", "hit"], "hit"),
        ([1, 2], None),
        ([0, 1, 2], None),
        (["red", "blue"], None),
        (["good", "hit"], None),
        ([0, 1, "yes"], None),
    ],
)
def test_success_is_never_guessed(classes, success):
    assert find_success(classes) == success


def test_success_has_a_name():
    assert name_of_success("large crystal", "result") == "large crystal"
    assert name_of_success(1, "ee > 90") == name_of_success(True, "ee > 90") == "ee > 90"
    assert name_of_success(np.int64(1)) == name_of_success(True, "outcome") == "success"
    assert name_of_success(3, "score") == "score = 3"
    assert name_of_success(3) == "3"
    assert describe_success(pd.Series([1, 0, 1]), 1) == "1, 2 of 3 rows"
    assert describe_success(pd.Series([1, 0, 1]), 1, "ee > 90") == "ee > 90, 2 of 3 rows"
