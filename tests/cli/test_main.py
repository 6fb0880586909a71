"""The command line: help, version, wrong words, failures, what is imported."""

import json
import runpy
import subprocess
import sys

import pytest

import sksiamese
from sksiamese._cli import main

DEMO = "sksiamese.report.ExperimentReport"


def test_module_runs_as_a_program():
    command = [sys.executable, "-m", "sksiamese", "--version"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == f"sksiamese {sksiamese.__version__}\n"


HEAVY = {"jinja2", "matplotlib", "numpy", "pandas", "rdkit", "sklearn", "skopt", "skorch", "torch"}
WATCH = """
import json, sys
from sksiamese._cli import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
print("\\n" + json.dumps(list(sys.modules)))
"""


def loaded_by(*words):
    """Which heavy packages a command imports."""
    command = [sys.executable, "-c", WATCH, *words]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    return HEAVY & set(json.loads(result.stdout.splitlines()[-1]))


@pytest.mark.parametrize("words", [["--help"], ["report", "--help"], ["screen", "--help"]])
def test_help_starts_without_any_heavy_package(words):
    assert loaded_by(*words) == set()


def test_check_starts_without_torch(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("ligand,pH,outcome\nCCO,7.0,1\nCCN,8.0,0\n")
    assert not {"torch", "skorch", "skopt", "matplotlib"} & loaded_by("check", str(path))


def test_help_names_the_commands_and_exit_codes(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert text.startswith("usage: sksiamese")
    for name in ("check", "report", "recommend", "add", "predict", "screen", "demo"):
        assert f" {name} " in text
    assert "0 done, 1 the table has errors, 2 something cannot be read" in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["dance"], "invalid choice: 'dance'"),
        (["report", "t.csv"], "the following arguments are required: --outcome"),
        (["demo", "--n-jobs", "two"], "argument --n-jobs/--jobs: invalid _jobs value: 'two'"),
        (
            ["demo", "--n-jobs", "0"],
            "argument --n-jobs/--jobs: must not be 0; 1 uses no other process",
        ),
        (["add", "c.skm", "p.csv", "--batch-size", "0"], "--batch-size: must be at least 1"),
        (["screen", "m.skm"], "the following arguments are required: LIBRARY"),
        (["screen", "m.skm", "l.csv", "--best", "0"], "argument --best: must be at least 1"),
        (["recommend", "t.csv", "--exclude", "CCO"], "must be COLUMN=VALUE. Got 'CCO'"),
    ],
)
def test_wrong_words_are_refused(words, message, capsys):
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def raise_error(error):
    def stand_in(*_, **__):
        raise error

    return stand_in


def test_interruption_is_no_traceback_and_writes_nothing(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(DEMO, raise_error(KeyboardInterrupt()))
    assert main(["demo", "--output", str(tmp_path / "out")]) == 130
    assert capsys.readouterr().err == "\nInterrupted.\n"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("error", [ImportError("no matplotlib"), OSError("disk full")])
def test_failure_is_said_in_one_line(error, monkeypatch, capsys):
    monkeypatch.setattr(DEMO, raise_error(error))
    assert main(["demo"]) == 2
    assert capsys.readouterr().err == f"error: {error}\n"


def test_output_of_the_demo_that_is_a_file_is_refused(tmp_path, capsys):
    path = tmp_path / "taken"
    path.touch()
    assert main(["demo", "--output", str(path)]) == 2
    assert capsys.readouterr().err == f"error: {path} is a file. Name a folder with --output.\n"


def test_python_runs_the_package_as_the_command_does(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["sksiamese", "--version"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("sksiamese", run_name="__main__")
    assert (ended.value.code, capsys.readouterr().out.split()[-1]) == (0, sksiamese.__version__)
