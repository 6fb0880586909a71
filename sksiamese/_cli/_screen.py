"""``sksiamese screen``: the best rows of a library of any length."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from sksiamese._cli import _arguments, _files

if TYPE_CHECKING:
    import pandas as pd

    from sksiamese.recommend import Screening

_SHOWN = 10  # bad cells


def add_parser(commands: _arguments.Commands) -> None:
    """Add the command."""
    text = (
        "Find the best rows of a library of any length. MODEL is a campaign or what save_model "
        "wrote; LIBRARY is .parquet, .csv, .tsv or .txt and has its columns. With --folder, a "
        "screening that was stopped goes on where it was."
    )
    parser = _arguments.new_command(commands, "screen", _screen, text)
    parser.add_argument("model", type=_arguments.file_name, metavar="MODEL")
    parser.add_argument("library", type=_arguments.file_name, metavar="LIBRARY", nargs="+")
    parser.add_argument(
        "--best", type=_arguments.size, default=100, metavar="N", help="rows to keep (100)"
    )
    parser.add_argument("--positive", metavar="LABEL", help="the outcome that is success")
    parser.add_argument(
        "--on-error",
        choices=["raise", "skip"],
        default="raise",
        help="rows that cannot be used: stop, or leave them out and list them (raise)",
    )
    parser.add_argument(
        "--folder", type=_arguments.file_name, metavar="DIR", help="keep results here, to go on"
    )
    parser.add_argument(
        "-o", "--output", type=_arguments.file_name, metavar="FILE", help="write the rows here"
    )
    _arguments.add_jobs(parser)
    _arguments.add_force(parser)
    _arguments.add_json(parser)


def _screen(options: argparse.Namespace) -> int:
    if options.output is not None:
        _files.require_writable_table(options.output)
        _files.require_free([options.output], options.force)
    from sksiamese.recommend import screen

    found = screen(
        _files.load_fitted(options.model),
        options.library,
        options.best,
        positive=options.positive,
        on_error=options.on_error,
        folder=options.folder,
        n_jobs=options.n_jobs,
        verbose=1,
    )
    best = _with_places(found.best, len(options.library) > 1)
    if options.output is not None:
        _files.write_table(best, options.output)
    _files.say(options, _describe(found))
    if options.output is not None:
        _files.say(options, f"Written: {options.output}")
    if options.json:
        from sksiamese.report._as_json import plain_value

        told = plain_value(found._replace(best=best))
        print(json.dumps(told, indent=2, ensure_ascii=False))
    elif options.output is None:
        print(best.round({found.best.columns[-1]: 3}).to_string(index=False))
    return 0


def _with_places(best: pd.DataFrame, has_parts: bool) -> pd.DataFrame:
    """Put the place of each row before its columns, unless the library has such a column."""
    places = best.index.to_frame(index=False)
    wanted = [name for name in (["part", "row"] if has_parts else ["row"]) if name not in best]
    return places[wanted].join(best.reset_index(drop=True))


def _describe(found: Screening) -> str:
    from sksiamese.tables.reading._findings import plural

    lines = [f"Screened {plural(found.n_rows, 'row')}; left out {found.n_skipped:,}."]
    for part, row, column, cell, problem in found.bad_cells[:_SHOWN].itertuples(index=False):
        where = "" if column is None else f", column {column!r} holds {cell}"
        lines.append(f"  part {part}, row {row}{where}: {problem}")
    if len(found.bad_cells) > _SHOWN:
        lines.append("  and more; --json lists them")
    return "\n".join(lines)
