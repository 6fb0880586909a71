"""Plates in files: recipes to do, with empty columns for what comes out."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sksiamese.recommend import ExperimentRecommender
from sksiamese.tables._outcome_rules import outcome_columns, read_outcome
from sksiamese.tables.reading._cell_meaning import is_missing
from sksiamese.tables.reading._clean_cells import clean_cells
from sksiamese.tables.reading._files import read_table_file
from sksiamese.tables.reading._findings import plural

_TOLD = ["in_domain", "nearest_experiment"]


def lay_out_plate(recommender: ExperimentRecommender, plate: pd.DataFrame) -> pd.DataFrame:
    """Arrange a plate for a file: number, recipe, empty outcomes, then what the model says."""
    frame = plate[list(recommender.measured_.columns)].copy()
    frame.insert(0, "recipe", np.arange(1, len(plate) + 1))
    for name in outcome_columns(str(recommender.outcomes_.name), recommender.measured_.columns):
        frame[name] = None
    return frame.join(_rounded(recommender, plate)[[*recommender._model.columns, *_TOLD]])


def read_plate(recommender: ExperimentRecommender, path: Path, sheet: str | None) -> pd.DataFrame:
    """Read a filled plate: recipes with their outcomes, None where these are open.

    Raises
    ------
    ValueError
        If a column is absent, no outcome is filled in, or an outcome cannot be read.
    """
    inputs = list(recommender.measured_.columns)
    names = outcome_columns(str(recommender.outcomes_.name), inputs)
    frame, _ = clean_cells(read_table_file(path, sheet=sheet, names=names).frame, names)
    lacking = [name for name in [*inputs, *names] if name not in frame]
    if lacking:
        raise ValueError(
            f"{path.name!r} lacks the column(s) {', '.join(map(repr, lacking))} of the campaign. "
            "Fill in the plate that was written for it, and keep its columns."
        )
    outcomes = _read_outcomes(recommender, frame, names)
    if outcomes.empty:
        raise ValueError(
            f"No outcome is filled in in {path.name!r}. Write what was measured into "
            f"{' and '.join(map(repr, names))}."
        )
    known = outcomes.astype(object).reindex(frame.index)
    return frame[inputs].assign(
        **{str(recommender.outcomes_.name): known.where(known.notna(), None)}
    )


def _read_outcomes(
    recommender: ExperimentRecommender, frame: pd.DataFrame, names: list[str]
) -> pd.Series:
    """Labels of the rows whose outcome is known; of a rule, 1 where it holds."""
    outcome = str(recommender.outcomes_.name)
    if names == [outcome]:
        cells = frame[outcome]
        return cells[[not is_missing(cell) for cell in cells]]
    return read_outcome(frame, outcome).y


def set_diversity(recommender: ExperimentRecommender, diversity: float | None) -> None:
    """Keep the experiments of the next plate this far apart; None leaves it to the campaign."""
    if diversity is None:
        return
    if recommender.goal is not None:
        raise ValueError(
            "A campaign on numbers keeps the experiments of a plate apart by itself. Leave "
            "--diversity out."
        )
    recommender.set_params(diversity=diversity)


def add_plate(recommender: ExperimentRecommender, plate: pd.DataFrame, repeats: bool) -> str:
    """Add a filled plate, and say what came back from the laboratory."""
    n_before = len(recommender.measured_)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".* have no outcome yet", UserWarning)  # said below
        recommender.add_measurements(plate, repeats=repeats)
    new = recommender.outcomes_.iloc[n_before:]
    text = f"Added {plural(len(new), 'experiment')}, "
    if recommender.goal is None:
        text += f"{int((new == recommender.positive_).sum())} of them a success"
    else:
        text += f"and the best {recommender.outcomes_.name} so far is {recommender.best_:g}"
    n_open = len(recommender.pending_)
    return f"{text}; {n_open} still open." if n_open else f"{text}."


def show_plate(recommender: ExperimentRecommender, plate: pd.DataFrame) -> str:
    """Write a plate as text."""
    hidden = ["distance", "acquisition"]
    shown = plate.drop(columns=[name for name in hidden if name in plate])
    return str(_rounded(recommender, shown).to_string(index=False))


def _rounded(recommender: ExperimentRecommender, plate: pd.DataFrame) -> pd.DataFrame:
    """Round probabilities to two decimals; of numbers the model knows how far they can be told."""
    names = recommender._model.columns if recommender.goal is None else ["p(better)"]
    return plate.round(dict.fromkeys(names, 2))


def plain_records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as objects that JSON knows."""
    from sksiamese.report._as_json import plain_value

    return list(plain_value(frame))
