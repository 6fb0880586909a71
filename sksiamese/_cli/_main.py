"""The command line: ``sksiamese``, or ``python -m sksiamese``.

A command imports what it needs when it runs, so that help appears at once.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Sequence
from typing import TextIO

import sksiamese
from sksiamese._cli import _add, _check, _demo, _predict, _recommend, _report, _screen

_COMMANDS = (_check, _report, _recommend, _add, _predict, _screen, _demo)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status.

    Parameters
    ----------
    arguments : sequence of str or None, default=None
        Words after the program's name; None takes those of the process.

    Returns
    -------
    int
        0 after success, 1 if the table has errors, 2 if something cannot be read, used or written,
        130 after an interruption from the keyboard.

    Examples
    --------
    >>> from sksiamese._cli._main import main
    >>> main(["check", "experiments.xlsx"])  # doctest: +SKIP
    0
    """
    options = _parser().parse_args(arguments)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _WarningPrinter()  # of this block alone
            return int(options.run(options))
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130
    except (ImportError, OSError, TypeError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    summary = (sksiamese.__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(
        "sksiamese",
        description=summary,
        epilog="Exit status: 0 done, 1 the table has errors, 2 something cannot be read, used or "
        "written, 130 interrupted. COMMAND --help tells more.",
    )
    parser.add_argument("--version", action="version", version=f"sksiamese {sksiamese.__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in _COMMANDS:
        command.add_parser(commands)
    return parser


class _WarningPrinter:
    """Says each warning once, without the place in the code that gave it."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def __call__(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        text = str(message)
        if text not in self._said:
            self._said.add(text)
            print(f"warning: {text}", file=file or sys.stderr)
