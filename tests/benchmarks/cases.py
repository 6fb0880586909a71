"""Benchmarks as modules and as commands."""

import importlib.util
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "benchmarks"


def load(script):
    """Import a script from its file."""
    specification = importlib.util.spec_from_file_location(script, FOLDER / f"{script}.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def run(monkeypatch, script, *arguments, **constants):
    """Run a script as the command does, with other constants."""
    module = load(script)
    for name, value in constants.items():
        monkeypatch.setattr(module, name, value)
    monkeypatch.setattr(sys, "argv", [f"{script}.py", *map(str, arguments)])
    module.main()
