"""What the table is: its columns, its outcomes, its faults."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd
from pandas.api.types import is_numeric_dtype

from sksiamese.report._calibration_section import spaced
from sksiamese.report._subject import Subject
from sksiamese.tables._roles import INPUTS
from sksiamese.tables.reading._findings import plural

_MOST_REASONS = 10  # rows left out that are listed


class TableSection(NamedTuple):
    """What was read.

    Parameters
    ----------
    summary : str
        Rows, successes and what was left out, in a sentence.
    columns : DataFrame
        "column", "role", "reason" and "holds", one row for each column of the table.
    faults : DataFrame
        "severity", "where", "value", "what" and "cure", errors first.
    left_out : DataFrame
        "row" and "reason" of the rows that have no outcome, the first ones.
    ok : bool
        Whether models can be fitted.
    """

    summary: str
    columns: pd.DataFrame
    faults: pd.DataFrame
    left_out: pd.DataFrame
    ok: bool


def describe_table(subject: Subject) -> TableSection:
    """Tell what each column is taken for, and what is wrong with the table."""
    table = subject.table
    reasons = table.left_out.iloc[:_MOST_REASONS]
    return TableSection(
        _summarize(subject),
        _list_columns(subject),
        _list_faults(table.report.findings),
        pd.DataFrame({"row": reasons.index, "reason": reasons.to_numpy()}),
        table.ok,
    )


def _summarize(subject: Subject) -> str:
    n, n_hits = len(subject.y), int(subject.is_success.sum())
    text = f"{plural(n, 'experiment')} with an outcome"
    if n and subject.positive is not None:
        text += f", {n_hits:,} of them a success ({spaced(f'{n_hits / n:.0%}')})"
    n_open = len(subject.table.left_out)
    return f"{text}; {plural(n_open, 'row')} without one left out." if n_open else f"{text}."


def _list_columns(subject: Subject) -> pd.DataFrame:
    rows = []
    for name, role in subject.table.roles.items():
        cells = subject.X[name] if name in subject.X else subject.table.frame[name]
        holds = _describe_cells(cells) if role.role in (*INPUTS, "outcome") else ""
        rows.append((name, role.role, role.reason, holds))
    return pd.DataFrame(rows, columns=["column", "role", "reason", "holds"])


def _describe_cells(cells: pd.Series) -> str:
    """Range of numbers, or how many different texts there are; and gaps."""
    present = cells.dropna()
    if is_numeric_dtype(present) and present.dtype != bool and len(present):
        text = f"{present.min():.6g} to {present.max():.6g}"
    else:
        text = f"{present.astype(str).nunique():,} different"
    n_gaps = len(cells) - len(present)
    return f"{text}; {n_gaps:,} empty" if n_gaps else text


def _list_faults(findings: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for each in findings.itertuples(index=False):
        places = [] if each.column is None else [f"column {each.column}"]
        places += [] if each.row is None else [f"row {each.row}"]
        value = "" if each.value is None else str(each.value)
        rows.append((each.severity, ", ".join(places) or "table", value, each.message, each.cure))
    return pd.DataFrame(rows, columns=["severity", "where", "value", "what", "cure"])
