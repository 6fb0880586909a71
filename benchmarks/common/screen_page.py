"""Tables of docs/screening.md, out of what `screen.py` measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from common.pages import write_tables

Row = Mapping[str, Any]
YES = {True: "yes", False: "no"}
COLUMNS: dict[str, tuple[list[str], Callable[[Row], list[str]]]] = {
    "rows": (
        ["rows of a library", "rows a second", "peak memory", "of it before the first row"],
        lambda row: [
            f"{row['n_rows']:,}",
            _rate(row["n_rows"] / row["processor_seconds"]),
            f"{row['peak_gb']:.2f} GB",
            f"{row['before_gb']:.2f} GB",
        ],
    ),
    "molecules": (
        ["rows with a new drug-like molecule each", "rows a second"],
        lambda row: [f"{row['n_rows']:,}", _rate(row["rows_per_processor_second"])],
    ),
    "support": (
        ["support rows", "rows a second", "ROC AUC on 3,000 others"],
        lambda row: [
            f"{row['support']}",
            _rate(row["rows_per_processor_second"]),
            f"{row['auc']:.3f}",
        ],
    ),
    "processes": (
        ["speed-up by two processes", "by processor time", "load", "same rows"],
        lambda row: [
            f"{row['speed_up']:.2f}",
            f"{row['by_processor_time']:.2f}",
            f"{row['load']:.1f}",
            YES[row["same"]],
        ],
    ),
    "engines": (
        ["two workers by", "one of them killed", "same bits as one process"],
        lambda row: [row["engine"], YES[row["killed"]], YES[row["same"]]],
    ),
    "killed": (
        ["pieces of the library", "kept when killed", "same rows after going on"],
        lambda row: [f"{row['pieces']}", f"{row['kept']}", YES[row["same"]]],
    ),
}


def write_page(folder: Path, rows: Sequence[Row], about: Row) -> None:
    """Write the table of each part that was measured to a file of its own."""
    for part, (columns, cells) in COLUMNS.items():
        found = [cells(row) for row in rows if row["part"] == part]
        if found:
            folder.mkdir(parents=True, exist_ok=True)
            table = {"columns": columns, "rows": found}
            write_tables(folder / f"{part}.json", {part: table}, about)


def _rate(rows_per_second: float) -> str:
    """Write two significant digits: more would be another machine's noise."""
    return f"{float(f'{rows_per_second:.2g}'):,.0f}"
