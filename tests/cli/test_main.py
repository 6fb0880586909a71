"""The command line: help, version, wrong words, failures."""

import json
import subprocess
import sys

import pytest

import sksiamese
from sksiamese._cli import _main as program

DEMO = "sksiamese._cli._demo.run_demo"


@pytest.fixture
def calls(monkeypatch):
    """Stand in for the demo and keep what it was called with."""
    found = []
    monkeypatch.setattr(DEMO, lambda *args, **kwargs: found.append((args, kwargs)))
    return found


def raise_error(error):
    def run_demo(*_, **__):
        raise error

    return run_demo


def test_module_runs_as_a_program():
    command = [sys.executable, "-m", "sksiamese", "--version"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == f"sksiamese {sksiamese.__version__}\n"


HEAVY = {"matplotlib", "numpy", "pandas", "rdkit", "sklearn", "skopt", "skorch", "torch"}
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


def test_help_starts_without_any_heavy_package():
    assert loaded_by("--help") == set()


def test_check_starts_without_torch(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("ligand,pH,outcome\nCCO,7.0,1\nCCN,8.0,0\n")
    assert not {"torch", "skorch", "skopt", "matplotlib"} & loaded_by("check", str(path))


def test_help_names_the_commands_and_the_demo_its_options(capsys):
    for words in (["--help"], ["demo", "--help"]):
        with pytest.raises(SystemExit) as stop:
            program.main(words)
        assert stop.value.code == 0
    text = capsys.readouterr().out
    assert "usage: sksiamese" in text
    for word in ("demo", "--version", "--output", "--n-jobs", "--quick"):
        assert word in text


def test_demo_passes_its_options_on(calls, tmp_path):
    folder = tmp_path / "results"
    words = ["demo", "--output", str(folder), "--n-jobs", "-1", "--quick"]
    assert program.main(words) == 0
    assert calls == [((folder,), {"n_jobs": -1, "quick": True})]


def test_demo_has_defaults(calls):
    assert program.main(["demo"]) == 0
    (((output,), options),) = calls
    assert output.name == "demo_output"
    assert options == {"n_jobs": 2, "quick": False}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["dance"], "invalid choice: 'dance'"),
        (["demo", "--n-jobs", "two"], "argument --n-jobs: invalid _jobs value: 'two'"),
        (["demo", "--n-jobs", "0"], "argument --n-jobs: must not be 0; 1 uses no other process"),
    ],
)
def test_wrong_words_are_refused(words, message, calls, capsys):
    with pytest.raises(SystemExit) as stop:
        program.main(words)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err
    assert not calls


def test_interruption_is_no_traceback(monkeypatch, capsys):
    monkeypatch.setattr(DEMO, raise_error(KeyboardInterrupt()))
    assert program.main(["demo"]) == 130
    assert capsys.readouterr().err == "\nInterrupted.\n"


@pytest.mark.parametrize("error", [ImportError("no matplotlib"), OSError("disk full")])
def test_failure_is_said_in_one_line(error, monkeypatch, capsys):
    monkeypatch.setattr(DEMO, raise_error(error))
    assert program.main(["demo"]) == 1
    assert capsys.readouterr().err == f"error: {error}\n"
