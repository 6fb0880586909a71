"""Tables of the pages: benchmarks write them here, and `make_tables.py` puts them into the pages.

A file `results/NAME.json` holds one run: "about" (command, commit, date, versions, seeds; or, for
figures whose run was not kept, where they were transcribed from) and "tables", each with "columns"
and "rows". A cell is a text, a number, or a mapping with "mean" or "difference" and either "half"
or "low" and "high".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parents[1] / "results"
SHOWN_VERSIONS = ("torch", "scikit-learn", "rdkit")
OUTPUTS = re.compile(r" --(?:json|page|plot|n-jobs) \S+")
# A decimal number that is no part of a word or a version.
FIGURE = re.compile(r"(?<![\w.,])[-+]?\d*\.\d+(?!\.?\w)")


def write_tables(path: str | Path, tables: Mapping[str, Any], about: Mapping[str, Any]) -> None:
    """Write tables of a run beside its command, date, commit, versions and settings.

    A row is a line of the file, so that a change is seen as one.
    """
    parts = []
    for name, table in tables.items():
        rows = ",\n".join(f"   {_dump(row)}" for row in table["rows"])
        columns = _dump(table["columns"])
        parts.append(f'  "{name}": {{\n  "columns": {columns},\n  "rows": [\n{rows}\n  ]}}')
    kept = {key: about[key] for key in ("command", "commit", "date", "versions")}
    head = json.dumps({"about": kept}, indent=1, ensure_ascii=False)[:-2]
    text = f'{head},\n "tables": {{\n' + ",\n".join(parts) + "\n }\n}\n"
    Path(path).write_text(text, encoding="utf-8")
    print(f"Tables written to {path}")


def interval(row: Mapping[str, Any]) -> dict[str, float]:
    """Make a cell of a mean and its interval."""
    return {key: round(float(row[key]), 5) for key in ("mean", "low", "high")}


def difference(row: Mapping[str, Any], key: str = "mean") -> dict[str, float]:
    """Make a cell of a difference, which stands in the row under this key, and its interval."""
    prefix = "" if key == "mean" else f"{key}_"
    ends = {end: round(float(row[prefix + end]), 5) for end in ("low", "high")}
    return {"difference": round(float(row[key]), 5), **ends}


def load_table(name: str, folder: Path = RESULTS) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read "FILE/TABLE": what is known of its run, and the table."""
    file, _, table = name.rpartition("/")
    content = json.loads((folder / f"{file}.json").read_text(encoding="utf-8"))
    return content["about"], content["tables"][table]


def render_table(table: Mapping[str, Any]) -> str:
    """Write a table in Markdown."""
    rows = [[render_cell(cell) for cell in row] for row in table["rows"]]
    lines = [f"| {' | '.join(row)} |".replace("|  |", "| |") for row in [table["columns"], *rows]]
    lines.insert(1, "|" + "---|" * len(table["columns"]))
    return "\n".join(lines)


def render_cell(cell: Any) -> str:
    """Write a cell: scores without the zero before the point, differences with their sign."""
    if cell is None or isinstance(cell, str):
        return cell or ""
    if isinstance(cell, int):
        return f"{cell:,}"
    if isinstance(cell, float):
        return _score(cell)
    sign = "+" if "difference" in cell else ""
    value = cell["difference"] if sign else cell["mean"]
    if "half" in cell:
        return f"{_score(value, sign)} ± {_score(cell['half'])}"
    return f"{_score(value, sign)} ({_score(cell['low'], sign)} to {_score(cell['high'], sign)})"


def tell(about: Mapping[str, Any]) -> str:
    """Say in one line of which run a table is."""
    command = OUTPUTS.sub("", about["command"])
    if command.startswith(("python ", "make ")):
        command = f"`{command}`"
    if "source" in about:
        return f"*{about['source']}:* {command}"
    versions = ", ".join(f"{name} {about['versions'][name]}" for name in SHOWN_VERSIONS)
    return f"*Run on {about['date']} at {about['commit'][:7]} ({versions}):* {command}"


def find_wrong_figures(text: str, tables: list[str]) -> list[str]:
    """Give the figures of a text that stand in none of the tables, even rounded."""
    known = [float(figure) for table in tables for figure in FIGURE.findall(table)]
    wrong = []
    for figure in FIGURE.findall(text):
        digits = len(figure.partition(".")[2])
        signed = figure[0] in "+-"
        near = 0.5 * 10.0**-digits + 1e-9
        values = known if signed else [abs(value) for value in known]
        if not any(abs(value - float(figure)) <= near for value in values):
            wrong.append(figure)
    return wrong


def _score(value: float, sign: str = "") -> str:
    text = f"{round(value, 3) + 0.0:{sign}.3f}"  # no minus before a zero
    return re.sub(r"^([-+]?)0\.", r"\1.", text)


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
