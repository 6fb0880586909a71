"""The command line: ``sksiamese``, or ``python -m sksiamese``.

A command imports what it needs when it runs, so that help appears at once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import sksiamese


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status.

    Parameters
    ----------
    arguments : sequence of str or None, default=None
        Words after the program's name; None takes those of the process.

    Returns
    -------
    int
        0 after success, 1 after an error or if a checked table has errors, 2 if a table cannot be
        read, 130 after an interruption from the keyboard.

    Examples
    --------
    >>> from sksiamese._cli._main import main
    >>> main(["demo", "--quick", "--output", "quick_look"])  # doctest: +SKIP
    0
    """
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130


def _demo(options: argparse.Namespace) -> int:
    from sksiamese._cli import _demo

    try:
        _demo.run_demo(options.output, n_jobs=options.n_jobs, quick=options.quick)
    except (ImportError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _check(options: argparse.Namespace) -> int:
    from sksiamese.doctor._read_experiments import check_file

    try:
        report = check_file(
            options.file,
            options.outcome,
            options.smiles or (),
            sheet=options.sheet,
            positive=options.positive,
        )
    except (ImportError, OSError, TypeError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(report.to_json() if options.json else report)
    return 0 if report.ok else 1


def _parser() -> argparse.ArgumentParser:
    summary = (sksiamese.__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser("sksiamese", description=summary)
    parser.add_argument("--version", action="version", version=f"sksiamese {sksiamese.__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_demo(commands)
    _add_check(commands)
    return parser


def _add_demo(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    demo = commands.add_parser(
        "demo",
        help="compare models on measured crystallisations and recommend new experiments",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    demo.set_defaults(run=_demo)
    demo.add_argument(
        "--output", type=Path, default=Path("demo_output"), help="folder for the results"
    )
    demo.add_argument("--n-jobs", type=_jobs, default=2, help="processes; -1 for all cores")
    demo.add_argument(
        "--quick", action="store_true", help="small models, few folds: to see that it runs"
    )


def _add_check(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    check = commands.add_parser(
        "check",
        help="check a table of experiments",
        description="Check a table of experiments (.csv, .tsv, .txt, .xlsx, .parquet, .json). Rows "
        "are numbered as in a spreadsheet. The exit status is 0 without errors, warnings or "
        "not; 1 with errors; 2 if the table cannot be read.",
    )
    check.set_defaults(run=_check)
    check.add_argument("file", type=Path, metavar="FILE", help="the table, with a header")
    check.add_argument(
        "--outcome", metavar="NAME", help="the column of outcomes, or a rule: 'yield >= 50'"
    )
    check.add_argument("--positive", metavar="LABEL", help="the outcome that is success")
    check.add_argument("--sheet", metavar="NAME", help="the sheet of a workbook")
    check.add_argument(
        "--smiles",
        metavar="NAME",
        nargs="+",
        help="columns of SMILES, beside those that are found",
    )
    check.add_argument("--json", action="store_true", help="write JSON")


def _jobs(text: str) -> int:
    value = int(text)
    if value == 0:
        raise argparse.ArgumentTypeError("must not be 0; 1 uses no other process")
    return value
