"""``sksiamese check``: what is wrong with a table."""

from __future__ import annotations

import argparse

from sksiamese._cli import _arguments


def add_parser(commands: _arguments.Commands) -> None:
    """Add the command."""
    text = (
        f"Check a table of experiments. It is a file {_arguments.TABLES}, with a header; rows are "
        "numbered as in a spreadsheet. The exit status is 0 without errors, warnings or not; 1 "
        "with errors; 2 if the table cannot be read."
    )
    parser = _arguments.new_command(commands, "check", _check, text)
    parser.add_argument("file", type=_arguments.file_name, metavar="FILE", help="the table")
    _arguments.add_outcome(parser, required=False)
    _arguments.add_json(parser)


def _check(options: argparse.Namespace) -> int:
    from sksiamese.doctor._read_experiments import check_file

    report = check_file(
        options.file,
        options.outcome,
        options.smiles,
        sheet=options.sheet,
        positive=options.positive,
    )
    print(report.to_json() if options.json else report)
    return 0 if report.ok else 1
