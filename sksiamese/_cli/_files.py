"""Files that commands write: whole or not at all, and none in place of a user's own work."""

from __future__ import annotations

import argparse
import io
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from sksiamese.doctor._read_experiments import ExperimentTable
    from sksiamese.recommend import ExperimentRecommender

_NUMBERED = re.compile(r"(.*?)-(\d+)")


def say(options: argparse.Namespace, text: str) -> None:
    """Tell the user something; beside JSON it goes to stderr."""
    print(text, file=sys.stderr if options.json else sys.stdout)


def require_free(paths: Sequence[Path], force: bool) -> None:
    """Refuse files that exist, and folders that do not.

    Raises
    ------
    FileExistsError
        Naming the file, and how to go on.
    FileNotFoundError
        Naming the folder.
    """
    for path in paths:
        if not path.parent.is_dir():
            raise FileNotFoundError(
                f"The folder {str(path.parent)!r} does not exist. Create it first."
            )
        if path.exists() and not force:
            raise FileExistsError(
                f"{str(path)!r} exists and may hold your work. Name another file, or say --force "
                "to replace it."
            )


def next_name(path: Path) -> Path:
    """Name the file of next week: "plate.xlsx" is followed by "plate-2.xlsx".

    Examples
    --------
    >>> from pathlib import Path
    >>> next_name(Path("campaign.skm")).name, next_name(Path("campaign-9.skm")).name
    ('campaign-2.skm', 'campaign-10.skm')
    """
    match = _NUMBERED.fullmatch(path.stem)
    stem, number = (path.stem, 1) if match is None else (match[1], int(match[2]))
    return path.with_name(f"{stem}-{number + 1}{path.suffix}")


def same_number(path: Path, name: str) -> Path:
    """Name a file beside another one, with its number: "campaign-3.skm" and "report-3.html"."""
    match = _NUMBERED.fullmatch(path.stem)
    stem, suffix = os.path.splitext(name)
    return path.with_name(name if match is None else f"{stem}-{match[2]}{suffix}")


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write a table to .csv, .tsv or .xlsx, in the place of the old file once it is whole.

    Raises
    ------
    ImportError
        If openpyxl is needed and not installed.
    ValueError
        If the file is of another kind.
    """
    from sksiamese.persistence._replacing import replace_file

    require_writable_table(path)
    kind = path.suffix.lower()
    if kind == ".xlsx":
        content = _workbook(frame)
    else:
        content = frame.to_csv(index=False, sep="\t" if kind == ".tsv" else ",").encode()
    replace_file(path, content)


def require_writable_table(path: Path) -> None:
    """Refuse, before anything is computed, what :func:`write_table` could not write."""
    if path.suffix.lower() not in (".csv", ".tsv", ".xlsx"):
        raise ValueError(f"{path.name!r} cannot be written: name a file .xlsx, .csv or .tsv.")
    if path.suffix.lower() == ".xlsx":
        _import_openpyxl()


def read_table(options: argparse.Namespace, path: Path) -> ExperimentTable:
    """Read a table of experiments, its columns and outcomes as the arguments say."""
    from sksiamese.doctor import read_experiments

    return read_experiments(
        path,
        options.outcome,
        sheet=options.sheet,
        ignore=options.ignore,
        roles=dict.fromkeys(options.smiles, "molecule"),
        positive=options.positive,
    )


def load_campaign(path: Path) -> ExperimentRecommender:
    """Load a campaign file.

    Raises
    ------
    ValueError
        If it holds something else.
    """
    from sksiamese.persistence import load_model
    from sksiamese.recommend import ExperimentRecommender

    campaign = load_model(path)
    if not isinstance(campaign, ExperimentRecommender):
        raise ValueError(
            f"{str(path)!r} holds a {type(campaign).__name__}, and no campaign. Name a file that "
            "'sksiamese report' or 'sksiamese add' wrote."
        )
    return campaign


def load_fitted(path: Path) -> Any:
    """Load a model that can predict: what save_model wrote, or that of a campaign.

    Raises
    ------
    ValueError
        If it was fitted without names of columns.
    """
    from sksiamese.persistence import load_model

    model = load_model(path)
    model = getattr(model, "estimator_", model)
    if getattr(model, "feature_names_in_", None) is None:
        raise ValueError(
            f"The model in {str(path)!r} was fitted without names of columns, so that a table "
            "cannot be matched with it. Fit it with a DataFrame."
        )
    return model


def _workbook(frame: pd.DataFrame) -> bytes:
    """Content of a workbook; text stays text, also where it begins with "="."""
    openpyxl = _import_openpyxl()
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append([str(name) for name in frame.columns])
    for row in frame.astype(object).where(frame.notna(), None).itertuples(index=False):
        sheet.append(list(row))
    for cells in sheet.iter_rows():
        for cell in cells:
            if isinstance(cell.value, str):
                cell.data_type = "s"
    for cell in sheet[1]:
        cell.font = openpyxl.styles.Font(bold=True)
        sheet.column_dimensions[cell.column_letter].width = max(12, len(str(cell.value)) + 2)
    sheet.freeze_panes = "B2"
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _import_openpyxl() -> Any:
    try:
        import openpyxl
    except ImportError as error:
        raise ImportError(
            "Workbooks need openpyxl. Install it with pip install 'sksiamese[excel]', or name a "
            ".csv file."
        ) from error
    return openpyxl
