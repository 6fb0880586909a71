"""What counts as success: a column of labels, or a rule on numbers such as ``yield >= 50``."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from sksiamese._checks import listed, plain_label, shorten
from sksiamese._frames import require_columns
from sksiamese.tables._positive_label import FAMILIES, choose_positive, number_of, plain_outcome
from sksiamese.tables.reading._cell_meaning import is_missing
from sksiamese.tables.reading._censored_values import compare, read_intervals, read_signs
from sksiamese.tables.reading._findings import Finding, describe_rows, plural
from sksiamese.tables.reading._typed_numbers import plain_number

MOST_CLASSES = 10  # different labels of a column of outcomes
_TERM = re.compile(r"(?P<column>.+?)\s*(?P<sign>>=|<=|==|=|>|<)\s*(?P<limit>[^<>=]+)")
_SIGN_WORDS = re.compile(r"relation|qualifier|operator|modifier|sign|prefix|censor", re.IGNORECASE)
_PENDING = {"pending", "in progress", "running", "ongoing", "planned", "todo", "to do", "not run"}
_PENDING |= {"not done", "not measured", "tbd", "t.b.d.", "waiting", "nd", "n.d.", "n/a", "na", "?"}


class Term(NamedTuple):
    """One comparison of a rule: ``column sign limit``."""

    column: str
    sign: str
    limit: float


class Outcome(NamedTuple):
    """Outcomes of the rows of a table.

    Parameters
    ----------
    y : Series of shape (n_labelled,)
        Labels of the rows that have one.
    positive : object
        The label of success.
    columns : dict of str to str
        Columns that the outcome rests on, and how.
    left_out : Series of shape (n_left_out,)
        Why the other rows have none.
    findings : list of Finding
        What was merged and left out.
    """

    y: pd.Series
    positive: Any
    columns: dict[str, str]
    left_out: pd.Series
    findings: list[Finding]


def read_rule(outcome: str, columns: Iterable[str] = ()) -> list[Term] | None:
    """Take a rule apart; None if `outcome` is the name of one of the columns, or no rule.

    Examples
    --------
    >>> from sksiamese.tables._outcome_rules import read_rule
    >>> read_rule("ee > 90 and yield >= 20")
    [Term(column='ee', sign='>', limit=90.0), Term(column='yield', sign='>=', limit=20.0)]
    """
    if outcome in columns:
        return None
    terms = []
    for part in re.split(r"\s+and\s+|\s*&\s*", outcome.strip(), flags=re.IGNORECASE):
        match = _TERM.fullmatch(part.strip())
        limit = None if match is None else plain_number(match["limit"].strip().rstrip("%"))
        if match is None or limit is None:
            return None
        terms.append(Term(match["column"].strip("`'\" "), match["sign"], limit))
    return terms


def outcome_columns(outcome: str, columns: Iterable[str]) -> list[str]:
    """Columns that are filled in after the experiments: of a rule, those that it speaks of.

    Examples
    --------
    >>> from sksiamese.tables._outcome_rules import outcome_columns
    >>> outcome_columns("ee > 90 and yield >= 20", []), outcome_columns("result", [])
    (['ee', 'yield'], ['result'])
    """
    terms = read_rule(outcome, columns)
    return [outcome] if terms is None else list(dict.fromkeys(term.column for term in terms))


def read_outcome(frame: pd.DataFrame, outcome: str, positive: Any = None) -> Outcome:
    """Read the outcome of each row.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        A table whose gaps are empty.
    outcome : str
        A column of labels, or a rule.
    positive : label or None, default=None
        The label of success; None takes 1, True and words such as "yes".

    Returns
    -------
    Outcome
        Labels; of a rule, 1 where it holds and 0 where it does not.

    Raises
    ------
    ValueError
        If a column is absent, holds numbers without a rule, no labels, or does not tell which label
        is success.
    """
    terms = read_rule(outcome, frame.columns)
    if terms is None:
        _require_columns(frame.columns, [outcome], outcome)
        return _read_labels(frame[outcome], positive)
    _require_columns(frame.columns, [term.column for term in terms], outcome)
    return _apply_rule(frame, outcome, terms, positive)


def _require_columns(columns: pd.Index, names: list[str], outcome: str) -> None:
    """Refuse a table without a column of the outcome; tell the one whose longer name it may be."""
    for name in names:
        longer = [str(other) for other in columns if name.lower() in str(other).lower()]
        if name not in columns and len(longer) == 1:
            raise ValueError(
                f"The table of experiments lacks the column {name!r}. Is it {longer[0]!r}? Then "
                f"the outcome is {outcome.replace(name, longer[0], 1)!r}."
            )
    require_columns(columns, names, "The table of experiments")


# -- Rules -----------------------------------------------------------------------------------------


def _apply_rule(frame: pd.DataFrame, rule: str, terms: list[Term], positive: Any) -> Outcome:
    if positive not in (None, 1, True):
        raise ValueError(
            f"positive={positive!r} does not go with the rule {rule!r}: success is where the rule "
            "holds. Leave positive out."
        )
    columns: dict[str, str] = {}
    answers = []
    reasons = pd.Series("", frame.index, dtype=object)
    for column, sign, limit in terms:
        signs = _find_signs(frame, column)
        columns[column] = f"in the rule {rule!r}"
        if signs is not None:
            columns[signs] = f"the signs of {column!r}"
        found = read_intervals(frame[column], None if signs is None else read_signs(frame[signs]))
        answer = compare(found, sign, limit)
        answers.append(answer)
        unread = [_why_open(cell, column) for cell in frame[column]]
        reasons = reasons.where(~np.isnan(answer) | (reasons != ""), unread)
    holds = _all_hold(np.array(answers))
    known = ~np.isnan(holds)
    y = pd.Series(holds[known].astype(np.int64), frame.index[known], name=rule)
    left_out = reasons[~known]
    return Outcome(y, 1, columns, left_out, list(_describe_left_out(left_out, None)))


def _all_hold(answers: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Whether all terms (n_terms, n_rows) hold; one that does not decides, whatever is open."""
    open_or_true = np.where(np.isnan(answers).any(axis=0), np.nan, 1.0)
    return np.where((answers == 0).any(axis=0), 0.0, open_or_true)


def _why_open(cell: Any, column: str) -> str:
    if is_missing(cell):
        return f"{column!r} is empty"
    return f"{column!r} is {shorten(plain_label(cell))}, which leaves the rule open"


def _find_signs(frame: pd.DataFrame, column: str) -> str | None:
    """Name of the column that holds the signs of another one's numbers."""
    place = list(frame.columns).index(column)
    around = [i for i in (place - 1, place + 1) if 0 <= i < frame.shape[1]]
    names = [frame.columns[i] for i in around]
    names += [name for name in frame.columns if _SIGN_WORDS.search(name)]
    return next((name for name in names if read_signs(frame[name]) is not None), None)


# -- Labels ----------------------------------------------------------------------------------------


def _read_labels(column: pd.Series, positive: Any) -> Outcome:
    name = str(column.name)
    cells = column.astype(object)
    unknown = np.array([is_open(cell) for cell in cells], bool)
    labels, merged = _merge_spellings(cells[~unknown])
    _require_labels(name, labels)
    findings = []
    if merged:
        message = f"Spellings of one label were taken as one: {merged}."
        cure = "Write each label in one way."
        findings.append(Finding("label_spellings", "warning", name, None, None, message, cure))
    left_out = cells[unknown].map(
        lambda cell: f"{name!r} is " + ("empty" if is_missing(cell) else shorten(cell))
    )
    findings += _describe_left_out(left_out, name)
    y = labels.infer_objects()
    success = positive if y.nunique() < 2 else choose_positive(f"the column {name!r}", y, positive)
    return Outcome(y, success, {name: "holds the labels"}, left_out, findings)


def is_open(cell: Any) -> bool:
    """Whether an outcome is not known yet: empty, or a word such as "pending"."""
    return is_missing(cell) or (isinstance(cell, str) and cell.strip().casefold() in _PENDING)


def _merge_spellings(cells: pd.Series) -> tuple[pd.Series, str]:
    """Labels with one spelling each, and those that were merged, in words."""
    spellings: defaultdict[Any, Counter[Any]] = defaultdict(Counter)
    for cell in cells:
        spellings[plain_outcome(cell)][cell] += 1
    usual = {
        key: key if key in FAMILIES.values() else _most_frequent(counts)
        for key, counts in spellings.items()
    }
    labels = cells.map(lambda cell: usual[plain_outcome(cell)])
    merged = [
        f"{listed(sorted(counts, key=str))} as {usual[key]!r}"
        for key, counts in spellings.items()
        if len(counts) > 1 and isinstance(key, str)
    ]
    return labels, "; ".join(merged)


def _most_frequent(counts: Counter[Any]) -> Any:
    label = max(counts, key=lambda cell: (counts[cell], str(cell)))
    if isinstance(label, str):
        return " ".join(label.split()) if number_of(label) is None else plain_outcome(label)
    return plain_outcome(label)


def _require_labels(name: str, labels: pd.Series) -> None:
    """Refuse numbers that are measurements, and texts that are notes."""
    distinct = list(dict.fromkeys(labels))
    numbers = [v for v in distinct if isinstance(v, int | float) and not isinstance(v, bool)]
    if numbers and (len(distinct) > MOST_CLASSES or any(isinstance(v, float) for v in numbers)):
        raise ValueError(
            f"The column {name!r} holds numbers, not labels. Say what counts as success, for "
            f"example outcome={_propose_rules(name, read_intervals(labels).low)}."
        )
    if len(distinct) > MOST_CLASSES:
        raise ValueError(
            f"The column {name!r} holds {len(distinct)} different texts, such as "
            f"{listed(distinct[:3])}; labels are at most {MOST_CLASSES}. Name the column of the "
            "outcomes, or write one of a few labels into each row."
        )
    if len({isinstance(v, str) for v in distinct}) > 1:
        row, cell = next((r, v) for r, v in labels.items() if isinstance(v, str))
        raise ValueError(
            f"The column {name!r} holds numbers and texts: {shorten(cell)} in row "
            f"{plain_label(row)!r}. Write all labels in one way, or give a rule such as "
            f"outcome={f'{name} >= 50'!r}."
        )


def _propose_rules(name: str, numbers: npt.NDArray[np.float64]) -> str:
    known = numbers[np.isfinite(numbers)]
    limits = dict.fromkeys(float(f"{q:.2g}") for q in np.quantile(known, [0.5, 0.7, 0.9]))
    rules = [
        f"{f'{name} >= {limit:g}'!r} ({np.mean(known >= limit):.0%} of the rows)"
        for limit in limits
    ]
    return " or ".join(rules)


def _describe_left_out(left_out: pd.Series, column: str | None) -> Iterable[Finding]:
    """One finding about the rows that have no outcome."""
    if left_out.empty:
        return
    reasons = Counter(left_out)
    shown = "; ".join(
        f"{reason} in {describe_rows(map(plain_label, left_out.index[left_out == reason]))}"
        for reason, _ in reasons.most_common(5)
    )
    more = f"; and {len(reasons) - 5} more reasons" if len(reasons) > 5 else ""
    message = f"{plural(len(left_out), 'row')} without an outcome left out: {shown}{more}."
    cure = "Fill the outcomes in when they are known."
    yield Finding("no_outcome", "warning", column, None, None, message, cure)
