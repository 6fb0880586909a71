"""The command line: help, version, wrong words, failures."""

import subprocess
import sys

import pytest

import sksiamese
from sksiamese._cli import _main as program


@pytest.fixture
def calls(monkeypatch):
    """Stand in for the demo and keep what it was called with."""
    found = []
    monkeypatch.setattr(program, "run_demo", lambda *args, **kwargs: found.append((args, kwargs)))
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


def test_help_names_the_commands_and_the_demo_its_options(capsys):
    for words in (["--help"], ["demo", "--help"]):
        with pytest.raises(SystemExit) as stop:
            program.main(words)
        assert stop.value.code == 0
    text = capsys.readouterr().out
    assert "python -m sksiamese" in text
    for word in ("demo", "--version", "--output", "--repeats", "--n-jobs", "--quick"):
        assert word in text


def test_demo_passes_its_options_on(calls, tmp_path):
    folder = tmp_path / "results"
    words = ["demo", "--output", str(folder), "--repeats", "3", "--n-jobs", "-1", "--quick"]
    assert program.main(words) == 0
    assert calls == [((folder,), {"repeats": 3, "n_jobs": -1, "quick": True})]


def test_demo_has_defaults(calls):
    assert program.main(["demo"]) == 0
    (((output,), options),) = calls
    assert output.name == "demo_output"
    assert options == {"repeats": 2, "n_jobs": 2, "quick": False}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["dance"], "invalid choice: 'dance'"),
        (["demo", "--repeats", "0"], "argument --repeats: must be at least 1, not 0"),
        (["demo", "--repeats", "two"], "argument --repeats: invalid _count value: 'two'"),
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
    monkeypatch.setattr(program, "run_demo", raise_error(KeyboardInterrupt()))
    assert program.main(["demo"]) == 130
    assert capsys.readouterr().err == "\nInterrupted; nothing was written.\n"


@pytest.mark.parametrize("error", [ImportError("no matplotlib"), OSError("disk full")])
def test_failure_is_said_in_one_line(error, monkeypatch, capsys):
    monkeypatch.setattr(program, "run_demo", raise_error(error))
    assert program.main(["demo"]) == 1
    assert capsys.readouterr().err == f"error: {error}\n"
