"""The reaction workbook that accompanies the paper, or one laid out like it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from sksiamese.tables.reading._files import (
    WORKBOOK_CURE,
    naming_what_is_damaged,
    open_workbook,
)

from ._base import Dataset, build_dataset, require_numbers, show_cell

_CONTINUOUS, _MOLECULES, _LABELS = _SHEETS = ("features_c", "features_d", "labels")

_FIRST_ROW = 2  # a sheet's row 1 is its header

_DESCR = """Reaction workbook {file_name}
{rule}

{n_rows} experiments read from a workbook in the layout of the supplementary workbook of
arXiv 1811.02771: sheet features_c (numeric columns), features_d (SMILES columns), labels (0/1).

SMILES columns: {molecules}
Numeric columns: {numbers}
Target: {label}, 1 in {n_success} experiments. Groups: {groups}.
Units and origin are the workbook's own.
"""


def read_reaction_workbook(
    path: str | Path,
    *,
    groups: str | None = None,
    return_X_y: bool = False,
    as_frame: bool = True,
) -> Dataset:
    """Read an Excel workbook laid out like the paper's supplementary data.

    The workbook has the sheets ``features_c`` (numeric columns), ``features_d`` (SMILES columns:
    solvent, ligand, reducing agent) and ``labels`` (one column of 0 and 1), each with one header
    row and then one row for each experiment, in the same order. Other sheets, such as the paper's
    ``df``, are for reading and are left alone.

    Parameters
    ----------
    path : str or Path
        The .xlsx file.
    groups : str, default=None
        The column of ``features_d`` to return as ``groups``, such as the ligand; None for none.
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of a Bunch.
    as_frame : bool, default=True
        Return pandas objects; otherwise NumPy arrays, `data` of dtype object.

    Returns
    -------
    Bunch
        ``data`` (n_samples, n_features): the SMILES columns, then the numeric ones. An empty
        SMILES cell is an absent molecule. ``target`` (n_samples,): 0 or 1. ``frame``: both.
        ``groups`` (n_samples,) or None. Further ``feature_names``, ``smiles_columns``, ``name``
        and ``DESCR``.

    Raises
    ------
    FileNotFoundError
        If the file does not exist.
    ImportError
        If openpyxl is not installed.
    ValueError
        If the file is not a workbook, lacks a sheet, has several label columns, sheets of different
        length, or cells that cannot be used. SMILES are checked later, by the estimator.

    Examples
    --------
    >>> from sksiamese.datasets import read_reaction_workbook
    >>> reactions = read_reaction_workbook("nanoclusters.xlsx", groups="ligand")  # doctest: +SKIP
    """
    path = Path(path)
    sheets = _read_sheets(path)
    target = _label(sheets[_LABELS])
    molecules = _molecules(sheets[_MOLECULES])
    numbers = _numbers(sheets[_CONTINUOUS])
    _require_same_length(sheets)
    data = pd.concat([molecules, numbers], axis=1)
    frame = pd.concat([data, target], axis=1)
    _require_distinct(frame)
    return build_dataset(
        data,
        target,
        frame=frame,
        smiles_columns=list(molecules.columns),
        groups=None if groups is None else _group_column(molecules, groups),
        name=path.stem,
        descr=_DESCR.format(
            file_name=path.name,
            rule="=" * (len("Reaction workbook ") + len(path.name)),
            n_rows=len(frame),
            molecules=", ".join(molecules.columns),
            numbers=", ".join(numbers.columns),
            label=target.name,
            n_success=int(target.sum()),
            groups="none" if groups is None else groups,
        ),
        as_frame=as_frame,
        return_X_y=return_X_y,
    )


def _read_sheets(path: Path) -> dict[str, pd.DataFrame]:
    with open_workbook(path) as workbook:
        missing = [sheet for sheet in _SHEETS if sheet not in workbook.sheet_names]
        if missing:
            raise ValueError(
                f"The workbook {path.name!r} lacks the sheet(s) {', '.join(missing)}. It has: "
                f"{', '.join(map(str, workbook.sheet_names))}. Needed are features_c (numbers), "
                "features_d (SMILES) and labels (0/1)."
            )
        with naming_what_is_damaged(repr(path.name), WORKBOOK_CURE):
            sheets = {sheet: _read_sheet(workbook, sheet) for sheet in _SHEETS}
    for name, frame in sheets.items():
        _require_rows(name, frame)
    return sheets


def _read_sheet(workbook: pd.ExcelFile, sheet: str) -> pd.DataFrame:
    # Only an empty cell is missing: 'NA' or 'None' could be a name or a mistake.
    frame = pd.read_excel(
        workbook, sheet_name=sheet, dtype=object, keep_default_na=False, na_values=[""]
    )
    return frame.set_axis([str(column) for column in frame.columns], axis=1)


def _require_rows(sheet: str, frame: pd.DataFrame) -> None:
    if frame.empty:
        raise ValueError(
            f"Sheet {sheet!r} has {len(frame)} row(s) and {frame.shape[1]} column(s). It needs a "
            "header row and below it one row for each experiment."
        )


def _label(labels: pd.DataFrame) -> pd.Series:
    if labels.shape[1] != 1:
        raise ValueError(
            f"Sheet 'labels' must have one column of 0 and 1, but it has {labels.shape[1]}: "
            f"{', '.join(labels.columns)}. A regression set with several label columns cannot be "
            "used; keep one column and turn it into success (1) or failure (0)."
        )
    column = labels.columns[0]
    for position, value in enumerate(labels[column]):
        if not _is_binary(value):
            raise ValueError(
                f"Sheet 'labels', column {column!r}: every label must be 0 or 1, but row "
                f"{position + _FIRST_ROW} holds {show_cell(value)}."
            )
    return labels[column].astype("int64")


def _is_binary(value: Any) -> bool:
    return isinstance(value, (bool, int, float)) and value in (0, 1)


def _molecules(sheet: pd.DataFrame) -> pd.DataFrame:
    for column in sheet.columns:
        for position, value in enumerate(sheet[column]):
            if not (isinstance(value, str) or pd.isna(value)):
                raise ValueError(
                    f"Sheet 'features_d', column {column!r}: every cell must be a SMILES or "
                    f"empty, but row {position + _FIRST_ROW} holds {show_cell(value)}. Numeric "
                    "columns belong in sheet 'features_c'."
                )
    return pd.DataFrame(
        {
            column: pd.Series([_smiles_or_none(value) for value in sheet[column]], dtype=object)
            for column in sheet.columns
        }
    )


def _smiles_or_none(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _numbers(sheet: pd.DataFrame) -> pd.DataFrame:
    return require_numbers(sheet, sheet.columns, "Sheet 'features_c'", first_row=_FIRST_ROW)


def _require_same_length(sheets: Mapping[str, pd.DataFrame]) -> None:
    if len({len(sheet) for sheet in sheets.values()}) > 1:
        counts = ", ".join(f"{name} has {len(sheet)}" for name, sheet in sheets.items())
        raise ValueError(
            f"The sheets must have one row for each experiment, but {counts}. "
            "Remove blank or surplus rows, or add the missing ones."
        )


def _require_distinct(frame: pd.DataFrame) -> None:
    repeated = sorted(set(frame.columns[frame.columns.duplicated()]))
    if repeated:
        raise ValueError(
            f"The column(s) {', '.join(repeated)} occur in more than one sheet. "
            "Give every column a name of its own."
        )


def _group_column(molecules: pd.DataFrame, groups: str) -> pd.Series:
    if groups not in molecules.columns:
        raise ValueError(
            f"groups must be a column of sheet 'features_d': {', '.join(molecules.columns)}. "
            f"Got {groups!r} instead."
        )
    return molecules[groups]
