"""The table doctor: what is wrong with a table of experiments, where, and how to mend it.

From the command line: ``python -m sksiamese check FILE``.
"""

from __future__ import annotations

import html
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from pandas.api import types as pandas_types

from sksiamese._checks import listed, plain_label
from sksiamese._frames import ensure_table, require_columns
from sksiamese.doctor._columns import check_column, check_outcome, check_quantity
from sksiamese.doctor._rows import check_copies, check_replicates
from sksiamese.tables._positive_label import describe_success, find_success
from sksiamese.tables._read_column import TableColumn, read_column
from sksiamese.tables._roles import INPUTS, Role, find_roles
from sksiamese.tables.reading._findings import Finding, describe_rows, plural

_SHOWN = 5  # messages of one check in one column that the text shows
_MOST_CELLS = 10  # findings of one check in one column; more become one
_ROLES = {
    "outcome": "Outcome",
    "molecule": "Molecules",
    "category": "Names",
    "number": "Numbers",
    "result": "Left out as results",
    "counter": "Left out as counters",
    "identifier": "Left out as names of rows",
    "date": "Left out as dates",
    "note": "Left out as notes",
    "ignored": "Left out as you said",
}


@dataclass(frozen=True, eq=False, repr=False)
class TableReport:
    """What :func:`check_experiments` found in a table.

    Attributes
    ----------
    findings : DataFrame
        One row for each finding, errors first: "check" (its name), "severity" ("error" or
        "warning"), "column" (None for a whole row), "row" (its label; None for a whole column),
        "value" (what stands there), "message" and "cure".
    columns : dict of str to str
        The role of each column: "molecule", "category" or "number" are inputs of a model,
        "outcome" is what it learns; "result", "counter", "identifier", "date", "note", "empty" and
        "ignored" are for no model.
    n_rows : int
        Rows of the table.
    success : str or None
        Which outcome is success, and how many rows have it; None where that is open.

    See Also
    --------
    check_experiments : Makes it.

    Examples
    --------
    >>> import pandas as pd
    >>> from sksiamese import check_experiments
    >>> report = check_experiments(pd.DataFrame({"pH": [7.0, 17.0, 9.5]}))
    >>> report.ok, report.findings[["column", "row", "value"]].to_dict("records")
    (False, [{'column': 'pH', 'row': 1, 'value': 17.0}])
    """

    findings: pd.DataFrame
    columns: Mapping[str, str]
    n_rows: int
    success: str | None = None

    @property
    def ok(self) -> bool:
        """Whether there is no error; warnings may remain."""
        return not self.n_errors

    @property
    def n_errors(self) -> int:
        """Number of findings of severity "error"."""
        return int((self.findings["severity"] == "error").sum())

    @property
    def n_warnings(self) -> int:
        """Number of findings of severity "warning"."""
        return len(self.findings) - self.n_errors

    def to_json(self) -> str:
        """Write the report as JSON.

        Returns
        -------
        str
            An object with "ok", "n_rows", "success", "n_errors", "n_warnings", "columns" and
            "findings", a list of objects with the fields of ``findings``. Labels and values that
            are neither numbers nor text are given as text.

        Examples
        --------
        >>> import json
        >>> import pandas as pd
        >>> from sksiamese import check_experiments
        >>> json.loads(check_experiments(pd.DataFrame({"pH": [7, 17]})).to_json())["n_errors"]
        1
        """
        findings = [
            {name: _plain(value) for name, value in zip(Finding._fields, row, strict=True)}
            for row in self.findings.itertuples(index=False, name=None)
        ]
        report = {
            "ok": self.ok,
            "n_rows": self.n_rows,
            "success": self.success,
            "n_errors": self.n_errors,
            "n_warnings": self.n_warnings,
            "columns": dict(self.columns),
            "findings": findings,
        }
        return json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False)

    def __str__(self) -> str:
        """Write the findings in words, those of one check in one column together."""
        parts = [*self._head(), ""]
        for (check, column), group in self.findings.groupby(
            ["check", "column"], sort=False, dropna=False
        ):
            severity = group["severity"].iloc[0]
            where = "" if pd.isna(column) else f", column {column!r}"
            parts += [f"{severity}: {check.replace('_', ' ')}{where}", *_lines(group)]
        return "\n".join(parts).rstrip()

    def _repr_html_(self) -> str:
        head = "<br>".join(html.escape(line) for line in self._head())
        return f"<p>{head}</p>{self.findings.to_html(index=False, max_rows=100)}"

    def _head(self) -> list[str]:
        found = f"{plural(self.n_errors, 'error')}, {plural(self.n_warnings, 'warning')}"
        lines = [f"{plural(self.n_rows, 'experiment')}: {found}"]
        for kind, title in _ROLES.items():
            names = [name for name, its in self.columns.items() if its == kind]
            if names:
                lines.append(f"{title}: {', '.join(names)}")
            if kind == "outcome" and self.success is not None:
                lines.append(f"Success: {self.success}")
        return lines


def _lines(group: pd.DataFrame) -> Iterator[str]:
    """Describe the findings of one check in one column; a cure of all stands at the end."""
    messages = group.groupby("message", sort=False)
    has_one_cure = len(set(group["cure"])) == 1
    for message, same in list(messages)[:_SHOWN]:
        rows = [row for row in same["row"] if row is not None]
        where = f"{describe_rows(rows)}: " if rows else ""
        yield f"  {where}{message}" + ("" if has_one_cure else f" {same['cure'].iloc[0]}")
    if len(messages) > _SHOWN:
        n_more = sum(len(same) for _, same in list(messages)[_SHOWN:])
        yield f"  and {n_more:,} more findings"
    if has_one_cure:
        yield f"  -> {group['cure'].iloc[0]}"


def _plain(value: Any) -> Any:
    """Bring a label or a cell to what JSON knows."""
    value = plain_label(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def check_experiments(
    frame: Any, outcome: str | None = None, smiles_columns: str | Sequence[str] | None = None
) -> TableReport:
    """Check a table of experiments before a model is fitted to it.

    Parameters
    ----------
    frame : DataFrame or array of shape (n_rows, n_columns)
        Experiments: molecules as SMILES, conditions as numbers, and other columns.
    outcome : str or None, default=None
        The column of class labels; None checks neither classes nor contradictions.
    smiles_columns : str, sequence of str or None, default=None
        Columns of SMILES beside those that are found out. A column of text is one if some of its
        texts can be read as SMILES.

    Returns
    -------
    TableReport
        The findings. Errors are what the models refuse (invalid SMILES, texts among numbers, a
        single class), a table from which they learn nothing, or what cannot be (pH 17).
        Warnings are to be looked at (two spellings of a molecule, units that seem mixed,
        contradictory replicates).

    Raises
    ------
    TypeError
        If `frame` is not a table.
    ValueError
        If it has no rows, no columns or two columns of one name, or lacks a column that was named.

    See Also
    --------
    sksiamese.SMILESFeaturizer : Raises an error that lists all invalid SMILES.

    Notes
    -----
    What a number may be is read from the column's name: "pH", "temperature_C", "ligand_mM",
    "volume [mL]", "time / min", "water_wt%". A column that names neither a quantity nor a unit is
    not judged.

    Examples
    --------
    >>> import pandas as pd
    >>> from sksiamese import check_experiments
    >>> table = pd.DataFrame(
    ...     {
    ...         "ligand": ["SCCN", "NCCS", "SC(C", "NCCS"],
    ...         "pH": [7.0, 17.0, 8.5, 9.0],
    ...         "success": [1, 0, 1, 0],
    ...     }
    ... )
    >>> print(check_experiments(table, outcome="success"))
    4 experiments: 2 errors, 1 warning
    Outcome: success
    Success: 1, 2 of 4 rows
    Molecules: ligand
    Numbers: pH
    <BLANKLINE>
    error: invalid smiles, column 'ligand'
      row 2: 'SC(C' cannot be read as SMILES ('(' at position 3 is not closed).
      -> Correct the text, or leave the cell empty where there is no molecule.
    error: out of range, column 'pH'
      row 1: 17 is not a valid pH (expected -1 to 15).
      -> Correct the value; if it is right, say in the column's name what it is.
    warning: two spellings, column 'ligand'
      row 0: 'SCCN' is the same molecule as 'NCCS'.
      -> Write 'NCCS'; the models take both as one molecule.
    """
    table = ensure_table(frame).frame
    smiles = [smiles_columns] if isinstance(smiles_columns, str) else list(smiles_columns or [])
    require_columns(
        table.columns,
        [*smiles, *([] if outcome is None else [outcome])],
        "The table of experiments",
    )
    if outcome in smiles:
        raise ValueError(
            f"The column {outcome!r} cannot hold both the outcomes and SMILES. Name another one."
        )
    labels = [plain_label(label) for label in table.index]
    given = dict.fromkeys(smiles, "molecule") | ({} if outcome is None else {outcome: "outcome"})
    columns = {name: read_column(table[name], labels, given.get(name)) for name in table.columns}
    outcomes = {} if outcome is None else {outcome: "you named it"}
    roles = find_roles(columns, outcomes, roles=dict.fromkeys(smiles, "molecule"))
    found = list(check_columns(table, columns, roles))
    if outcome is not None:
        found += check_rows(columns, roles, columns[outcome], table[outcome])
    found += check_copies(list(columns.values()))
    success = None if outcome is None else _success_of(table[outcome].dropna())
    return make_report(found, roles, len(table), success)


def _success_of(labels: pd.Series) -> str | None:
    """Say which of the labels is success, where they tell."""
    positive = find_success(labels) if all(map(pandas_types.is_hashable, labels)) else None
    return None if positive is None else describe_success(labels, positive)


def make_report(
    found: Sequence[Finding], roles: Mapping[str, Role], n_rows: int, success: str | None
) -> TableReport:
    """Make a report of findings; errors first, the order stays otherwise."""
    ordered = sorted(_count_many(found), key=lambda finding: finding.severity)
    return TableReport(
        pd.DataFrame(ordered, columns=list(Finding._fields), dtype=object),
        {name: role.role for name, role in roles.items()},
        n_rows,
        success,
    )


def _count_many(found: Sequence[Finding]) -> Iterator[Finding]:
    """Make one finding of more than ten cells of a column that have the same fault."""
    groups: dict[tuple[str, str, str | None], list[Finding]] = {}
    for each in found:
        groups.setdefault((each.check, each.severity, each.column), []).append(each)
    for same in groups.values():
        if len(same) <= _MOST_CELLS:
            yield from same
            continue
        what = f"{len(same):,} groups of rows"
        if same[0].row is not None:
            what = f"{len(same):,} cells: {describe_rows(each.row for each in same)}"
        message = f"{what}. The first: {same[0].message}"
        yield same[0]._replace(row=None, value=None, message=message)


def check_columns(
    table: pd.DataFrame, columns: Mapping[str, TableColumn], roles: Mapping[str, Role]
) -> Iterator[Finding]:
    """Check each column by its role."""
    inputs = [columns[name] for name, role in roles.items() if role.role in INPUTS]
    names = [column for column in inputs if column.kind in ("molecule", "text")]
    for name, column in columns.items():
        if roles[name].role in INPUTS:
            yield from check_column(column, table[name], names)
        elif column.kind == "number":
            yield from check_quantity(column)
    empty = [name for name, role in roles.items() if role.role == "empty"]
    if empty:
        message = f"Nothing stands in {listed(empty)}."
        cure = "Fill it in or leave it out; the models ignore it."
        where = empty[0] if len(empty) == 1 else None
        yield Finding("empty", "warning", where, None, None, message, cure)
    if not any(column.varies for column in inputs):
        message = "No column of molecules, numbers or names varies: there is nothing to learn from."
        cure = "Add columns of what differed between the experiments."
        yield Finding("nothing_varies", "error", None, None, None, message, cure)


def check_rows(
    columns: Mapping[str, TableColumn],
    roles: Mapping[str, Role],
    outcome: TableColumn,
    original: pd.Series,
) -> Iterator[Finding]:
    """Check the outcomes, and whether rows of one recipe agree in them."""
    yield from check_outcome(outcome, original)
    inputs = [columns[name] for name, role in roles.items() if role.role in INPUTS]
    yield from check_replicates(inputs, outcome, list(columns.values()))
