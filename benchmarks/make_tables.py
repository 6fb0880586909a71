"""Make the tables of README.md, docs and benchmarks/README.md from benchmarks/results.

    python benchmarks/make_tables.py            # writes the pages
    python benchmarks/make_tables.py --check    # tells where a page and its JSON differ

A page holds a table between the comments `<!-- table: FILE/NAME -->` and `<!-- end -->`; what
stands between them is made from results/FILE.json. A comment `<!-- figures: FILE/NAME; ... -->`
below a paragraph says which tables its decimal figures come from, or which rows of them,
`FILE/NAME [first cell | ...]`; a figure that stands in none of them is an error, so that a sentence
cannot disagree with its table.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from common.pages import find_wrong_figures, load_table, render_table, tell

ROOT = Path(__file__).parents[1]
TABLE = re.compile(r"(<!-- table: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)
FIGURES = re.compile(r"((?:[^\n]+\n)+)\n?<!-- figures: ([^>]+?) -->")
ROWS = re.compile(r"(?:^\|.*\|\n)+", re.MULTILINE)
CODE = re.compile(r"`[^`]*`")
CELL = re.compile(r"\| *\**[-+]?\d*\.\d+")  # that begins with a figure
MOST_CELLS = 4  # of a table of words that names a few


def list_pages() -> list[Path]:
    """List the pages that are written by hand."""
    made = {"api", "benchmarks", "changelog", "contributing", "index", "security"}
    docs = [page for page in sorted((ROOT / "docs").glob("*.md")) if page.stem not in made]
    return [ROOT / "README.md", *docs, ROOT / "benchmarks" / "README.md"]


def fill_tables(text: str) -> str:
    """Write each table of a page anew, the first of a run with a line that tells of the run."""
    told: set[str] = set()

    def fill(found: re.Match[str]) -> str:
        about, table = load_table(found[2])
        file = found[2].rpartition("/")[0]
        line = "" if file in told else f"{tell(about)}\n\n"
        told.add(file)
        return f"{found[1]}\n{render_table(table)}\n\n{line}{found[3]}"

    return TABLE.sub(fill, text)


def find_faults(text: str) -> list[str]:
    """Say where a page differs from the results."""
    pairs = zip(TABLE.finditer(text), TABLE.finditer(fill_tables(text)), strict=True)
    faults = [
        f"table {found[2]} differs from its JSON: run make tables"
        for found, made in pairs
        if found[0] != made[0]
    ]
    for paragraph, names in FIGURES.findall(text):
        tables = [_render_rows(*part.partition(" [")[::2]) for part in names.split("; ")]
        wrong = find_wrong_figures(paragraph, tables)
        faults += [f"{figure} stands in no table of {names}" for figure in wrong]
    loose = ROWS.findall(CODE.sub("", TABLE.sub("", text)))
    return faults + [
        f"a table of figures that no JSON holds, from {rows.splitlines()[0]} on"
        for rows in loose
        if len(CELL.findall(rows)) > MOST_CELLS
    ]


def _render_rows(name: str, rows: str) -> str:
    """Write a table, or those of its rows whose first cells stand in "a | b]"."""
    table = load_table(name)[1]
    shown = rows.removesuffix("]").split(" | ") if rows else [row[0] for row in table["rows"]]
    kept = [row for row in table["rows"] if row[0] in shown]
    return render_table({"columns": table["columns"], "rows": kept})


def main() -> None:
    """Write the pages, or check them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, tell what differs")
    check = parser.parse_args().check
    faults = []
    for page in list_pages():
        text = page.read_text(encoding="utf-8")
        if not check:
            text = fill_tables(text)
            page.write_text(text, encoding="utf-8")
        faults += [f"{page.relative_to(ROOT)}: {fault}" for fault in find_faults(text)]
    if faults:
        raise SystemExit("\n".join(faults))


if __name__ == "__main__":
    main()
