"""The command line."""

from sksiamese._cli._main import main

__all__ = [
    "main",
]
