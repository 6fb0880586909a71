"""Arguments that several commands share."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
Run: TypeAlias = Callable[[argparse.Namespace], int]

MODELS = {"siamese": "siamese classifier", "forest": "random forest", "process": "Gaussian process"}
"""Names of models on the command line, and in reports."""

TABLES = ".csv, .tsv, .txt, .xlsx, .parquet or .json"


def new_command(commands: Commands, name: str, run: Run, text: str) -> argparse.ArgumentParser:
    """Add a command; the first sentence of its text stands in the list of commands."""
    first, _, _ = text.partition(". ")
    parser = commands.add_parser(name, help=first[0].lower() + first[1:], description=text)
    parser.set_defaults(run=run)
    return parser


def add_outcome(parser: Any, *, required: bool) -> None:
    """Say what success is, and what the columns of the table are."""
    parser.add_argument(
        "--outcome",
        metavar="RULE",
        required=required,
        help="the column of outcomes, or a rule: 'yield >= 50'",
    )
    parser.add_argument("--positive", metavar="LABEL", help="the outcome that is success")
    parser.add_argument("--sheet", metavar="NAME", help="the sheet of a workbook")
    parser.add_argument(
        "--smiles",
        metavar="NAME",
        nargs="+",
        default=[],
        help="columns of SMILES, beside those found",
    )


def add_ignore(parser: Any) -> None:
    parser.add_argument("--ignore", metavar="NAME", nargs="+", help="columns to leave out")


def add_json(parser: Any) -> None:
    parser.add_argument("--json", action="store_true", help="write JSON; messages go to stderr")


def add_jobs(parser: Any) -> None:
    text = "processes; -1 for all cores (2)"
    parser.add_argument("--n-jobs", "--jobs", type=_jobs, default=2, metavar="N", help=text)


def add_computing(parser: Any) -> None:
    add_jobs(parser)
    parser.add_argument("--seed", type=int, default=0, help="decides all that is random (0)")


def add_batch(parser: Any) -> None:
    """How many experiments a plate has, and how far they keep apart."""
    parser.add_argument(
        "--batch-size", type=size, default=8, metavar="N", help="experiments of a plate (8)"
    )
    parser.add_argument(
        "--diversity",
        type=_distance,
        metavar="D",
        help="how far the experiments of a plate keep apart; 1 is usual between neighbours in the "
        "table (0.15, or what the campaign had)",
    )


def add_force(parser: Any) -> None:
    parser.add_argument(
        "--force", action="store_true", help="replace a plate or campaign that exists"
    )


def add_model(parser: Any, default: str, text: str) -> None:
    parser.add_argument(
        "--model",
        choices=[*MODELS, *([default] if default not in MODELS else [])],
        default=default,
        help=text,
    )


def file_name(text: str) -> Path:
    """Read a path; "~" is the user's own folder."""
    return Path(text).expanduser()


def _jobs(text: str) -> int:
    value = int(text)
    if value == 0:
        raise argparse.ArgumentTypeError("must not be 0; 1 uses no other process")
    return value


def _distance(text: str) -> float:
    value = float(text)
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError("must be 0 or more")
    return value


def size(text: str) -> int:
    """Read a number of things, at least one."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value
