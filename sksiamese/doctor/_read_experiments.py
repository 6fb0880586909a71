"""From a file or frame, as people keep them, to what a model can be fitted with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sksiamese._checks import plain_label, shorten
from sksiamese._frame_libraries import as_pandas
from sksiamese.doctor._check_experiments import (
    TableReport,
    check_columns,
    check_experiments,
    check_rows,
    make_report,
)
from sksiamese.doctor._rows import check_copies
from sksiamese.tables._outcome_rules import Outcome, read_outcome, read_rule
from sksiamese.tables._positive_label import describe_success
from sksiamese.tables._read_column import TableColumn, read_column
from sksiamese.tables._roles import DECIDES, INPUTS, Role, auc_alone, find_roles
from sksiamese.tables.reading._censored_values import read_intervals
from sksiamese.tables.reading._clean_cells import clean_cells
from sksiamese.tables.reading._files import read_table_file
from sksiamese.tables.reading._findings import Finding
from sksiamese.tables.reading._table_start import require_one_of_each

_CELLS = {"molecule": "molecule", "number": "number", "category": "text"}  # of a column, by role


@dataclass(frozen=True, eq=False, repr=False)
class ExperimentTable:
    """What :func:`read_experiments` read.

    Attributes
    ----------
    X : DataFrame of shape (n_labelled, n_inputs)
        The columns that the models take, of the rows that have an outcome.
    y : Series of shape (n_labelled,)
        Their outcomes; of a rule, 1 where it holds and 0 where it does not.
    positive : label
        The outcome that is success.
    roles : dict of str to Role
        What each column of the table is ("role"), and why ("reason").
    report : TableReport
        What was done to read the table, and what is wrong with it.
    frame : DataFrame of shape (n_rows, n_columns)
        The whole table as it was read, with all rows and columns.
    left_out : Series of shape (n_left_out,)
        Why each row of `frame` that is not in `X` was left out.

    See Also
    --------
    read_experiments : Makes it.

    Examples
    --------
    >>> import pandas as pd
    >>> from sksiamese import read_experiments
    >>> table = pd.DataFrame({"entry": [1, 2, 3], "pH": [7, 9, 8], "yield": ["80 %", "<5", None]})
    >>> experiments = read_experiments(table, "yield >= 50")
    >>> experiments.y.tolist(), experiments.left_out.to_dict()
    ([1, 0], {2: "'yield' is empty"})
    >>> {name: role.role for name, role in experiments.roles.items()}
    {'entry': 'counter', 'pH': 'number', 'yield': 'outcome'}
    """

    X: pd.DataFrame
    y: pd.Series
    positive: Any
    roles: Mapping[str, Role]
    report: TableReport
    frame: pd.DataFrame
    left_out: pd.Series

    @property
    def ok(self) -> bool:
        """Whether a model can be fitted: there is no error; warnings may remain."""
        return self.report.ok

    def __str__(self) -> str:
        """Write the report in words."""
        return str(self.report)

    def _repr_html_(self) -> str:
        return self.report._repr_html_()


def read_experiments(
    source: Any,
    outcome: str,
    *,
    sheet: str | int | None = None,
    header: int | str | None = "infer",
    inputs: Sequence[str] | None = None,
    ignore: Sequence[str] | None = None,
    roles: Mapping[str, str] | None = None,
    positive: Any = None,
) -> ExperimentTable:
    """Read a table of experiments: what each column is, which rows succeeded, what is wrong.

    Parameters
    ----------
    source : DataFrame, str or Path
        A frame, or a file: .csv, .tsv, .txt, .xlsx, .parquet or .json.
    outcome : str
        A column of labels, or a rule such as ``"yield >= 50"`` or ``"ee > 90 and yield > 20"``.
    sheet : str, int or None, default=None
        Sheet of a workbook; None takes the first that has the outcome.
    header : int, "infer" or None, default="infer"
        Row of the column names, as a spreadsheet counts it; "infer" looks for it; None is a file
        without names, whose columns are called "column 1", "column 2" ...
    inputs : sequence of str or None, default=None
        The columns that a model takes; None finds them out.
    ignore : sequence of str or None, default=None
        Columns to leave out.
    roles : mapping of str to str or None, default=None
        Roles of columns, where what is found is wrong: "molecule", "category" and "number" are for
        the models; "result", "counter", "identifier", "date", "note" and "ignored" are left out.
    positive : label or None, default=None
        The label of success. None takes 1, True and words such as "yes" and "active"; others are
        not guessed.

    Returns
    -------
    ExperimentTable
        `X` and `y` for a model, and the report. If ``ok``, they can be fitted.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    TypeError
        If `source` is neither a frame nor a path.
    ValueError
        If the file is not a table, or the outcome cannot be read; the message says how to mend it.

    See Also
    --------
    check_experiments : Checks a frame as it is.

    Notes
    -----
    Rows have the numbers that a spreadsheet gives them, or the labels of the frame. Of censored
    outcomes (">95", "<5", "trace") those count that decide the rule.

    Examples
    --------
    >>> import pandas as pd
    >>> from sksiamese import read_experiments
    >>> table = pd.DataFrame(
    ...     {
    ...         "ligand": ["SCCN", "NCCS", "SCCO", "OCCS"] * 3,
    ...         "time": ["2 h", "30 min", "1 h", "1 h"] * 3,
    ...         "yield": ["44 %", ">95", "trace", "60"] * 3,
    ...     }
    ... )
    >>> experiments = read_experiments(table, "yield >= 50")
    >>> experiments.ok, experiments.X["time"].tolist()[:2], experiments.y.tolist()[:4]
    (True, [2.0, 0.5], [0, 1, 0, 1])
    """
    raw, found = _read_source(source, outcome, sheet, header)
    terms = read_rule(outcome, raw.columns)
    named = [outcome] if terms is None else [term.column for term in terms]
    frame, more = clean_cells(raw, named)
    result = read_outcome(frame, outcome, positive)
    found += [*more, *result.findings]
    labelled = frame.loc[frame.index.isin(result.y.index)].infer_objects()
    checked = _with_outcomes(labelled, result, is_rule=terms is not None)
    labels = [plain_label(label) for label in checked.index]
    wishes = {n: _CELLS[r] for n, r in (roles or {}).items() if r in _CELLS}
    columns = {n: read_column(checked[n], labels, wishes.get(n)) for n in checked.columns}
    success = (result.y == result.positive).to_numpy(np.float64)
    decided = find_roles(columns, result.columns, success, inputs, ignore, roles)
    found += _describe_roles(columns, decided, success)
    if len(checked):
        found += check_columns(checked, columns, decided)
        target = read_column(result.y, labels, "outcome")
        found += check_rows(columns, decided, target, result.y)
        found += check_copies(list(columns.values()))
    X = labelled[[name for name, role in decided.items() if role.role in INPUTS]]
    said = describe_success(result.y, result.positive, None if terms is None else outcome)
    report = make_report(found, decided, len(frame), None if result.positive is None else said)
    return ExperimentTable(X, result.y, result.positive, decided, report, frame, result.left_out)


def check_file(
    path: str | Path,
    outcome: str | None = None,
    smiles: Sequence[str] = (),
    *,
    sheet: str | None = None,
    positive: str | None = None,
) -> TableReport:
    """Read a file as :func:`read_experiments` does, and check it, also without an outcome.

    Parameters
    ----------
    path : str or Path
        The file.
    outcome : str or None, default=None
        A column of labels, or a rule; None checks neither outcomes nor contradictions.
    smiles : sequence of str, default=()
        Columns of SMILES beside those that are found out.
    sheet, positive : str or None, default=None
        As in :func:`read_experiments`.

    Returns
    -------
    TableReport
        What was done to read the table, and what is wrong with it.
    """
    if outcome is not None:
        roles = dict.fromkeys(smiles, "molecule")
        return read_experiments(path, outcome, sheet=sheet, roles=roles, positive=positive).report
    raw = read_table_file(path, sheet=sheet)
    frame, changes = clean_cells(raw.frame, ())
    report = check_experiments(frame, smiles_columns=smiles)
    read = pd.DataFrame([*raw.findings, *changes], columns=list(Finding._fields), dtype=object)
    found = pd.concat([read, report.findings], ignore_index=True) if len(read) else report.findings
    ordered = found.sort_values("severity", kind="stable", ignore_index=True)
    return TableReport(ordered, report.columns, report.n_rows, report.success)


def _read_source(
    source: Any, outcome: str, sheet: str | int | None, header: int | str | None
) -> tuple[pd.DataFrame, list[Finding]]:
    """Table as it stands in a file or frame, with a text as the name of each column."""
    source = as_pandas(source)
    if isinstance(source, str | Path):
        terms = read_rule(outcome)
        names = [outcome] if terms is None else [term.column for term in terms]
        table = read_table_file(source, sheet=sheet, header=header, names=names)
        frame, findings = table.frame, list(table.findings)
    elif isinstance(source, pd.DataFrame):
        frame, findings = source, []
    else:
        raise TypeError(
            f"source must be a DataFrame (of pandas, polars or pyarrow) or the path of a file. Got "
            f"{shorten(source)}: make a frame of it with pandas.DataFrame."
        )
    names = [str(name) for name in frame.columns]
    require_one_of_each(names, range(1, len(names) + 1), "The table")
    if not frame.index.is_unique:
        raise ValueError(
            f"Two rows are labelled {plain_label(frame.index[frame.index.duplicated()][0])!r}. "
            "Give each row a label of its own, for example with frame.reset_index(drop=True)."
        )
    if not isinstance(outcome, str):
        raise TypeError(
            f"outcome must be the name of a column, or a rule such as 'yield >= 50'. Got "
            f"{shorten(outcome)}."
        )
    return frame.set_axis(names, axis=1), findings


def _with_outcomes(table: pd.DataFrame, result: Outcome, is_rule: bool) -> pd.DataFrame:
    """Put the labels, or the numbers of a rule, where the outcomes stand in the table."""
    if not is_rule:
        return table.assign(**dict.fromkeys(result.columns, result.y.to_numpy()))
    named = [name for name, why in result.columns.items() if why.startswith("in the rule")]
    found = {name: read_intervals(table[name]) for name in named}
    exact = {n: np.where(each.are_exact, each.low, np.nan) for n, each in found.items()}
    return table.assign(**exact)


def _describe_roles(
    columns: Mapping[str, TableColumn],
    roles: Mapping[str, Role],
    success: npt.NDArray[np.float64],
) -> Iterator[Finding]:
    """Say of columns that all but decide the outcome by themselves, and of reactions."""
    for name, role in roles.items():
        column = columns[name]
        alone = np.nan if role.role == "outcome" else auc_alone(column, success)
        if alone >= DECIDES:
            left = f"left out as a {role.role}" if role.role not in INPUTS else "taken as an input"
            message = f"It alone all but decides the outcome (AUC {alone:.2f}), and was {left}."
            cure = f"If it is a condition, say roles={{{name!r}: 'number'}}."
            if role.role in INPUTS:
                cure = f"If it is measured after the experiment, say ignore=[{name!r}]."
            yield column.finding("decides_alone", "warning", None, message, cure)
        if "reactions" in role.reason:
            message = "It holds reactions, and was left out."
            cure = "Give each molecule that differs between the rows a column of its own."
            yield column.finding("reactions", "warning", None, message, cure)
