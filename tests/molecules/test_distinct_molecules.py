"""The molecules of a table: each read once, in one process or several; bad cells listed."""

import io
import pickle
import re
from contextlib import redirect_stderr

import joblib
import pandas as pd
import pytest

from sksiamese.exceptions import InvalidSMILESError, InvalidSMILESWarning
from sksiamese.featurizer import SMILESFeaturizer
from sksiamese.molecules._graph import MAX_SMILES_LENGTH

OUTPUTS = ["graph", "ecfp", "descriptors", "table1"]
LIGANDS = ["SCCN", "SCCO", "SCCN", "Sc1ccccc1"]
CURE = (
    "Correct these cells, leave them empty where there is no molecule, or read the columns with "
    "SMILESFeaturizer(on_invalid='warn') to treat them as absent."
)


def exactly(message):
    return f"^{re.escape(message)}$"


@pytest.mark.parametrize("output", OUTPUTS)
def test_each_distinct_smiles_is_parsed_once(output):
    X = pd.DataFrame({"a": ["O", "CO", "O"] * 50, "b": ["CO", "N", None] * 50})
    screen = io.StringIO()
    with redirect_stderr(screen):
        SMILESFeaturizer(output, verbose=1).fit_transform(X)
    assert "3/3" in screen.getvalue()


@pytest.mark.parametrize("output", OUTPUTS)
def test_every_bad_cell_is_listed(output):
    X = pd.DataFrame(
        {"ligand": ["CCO", "C(C", None, 7], "solvent": ["c1cccc1", "O", "C(C", "CO–C"]},
        index=["run 1", "run 2", "run 3", "run 4"],
    )
    message = (
        "Not readable as SMILES (5 in all):\n"
        "  column 'ligand', row 'run 2': 'C(C' ('(' at position 2 is not closed)\n"
        "  column 'ligand', row 'run 4': 7 (int, not text)\n"
        "  column 'solvent', row 'run 1': 'c1cccc1' (can't kekulize mol. Unkekulized atoms: 0 1 "
        "2 3 4)\n"
        "  column 'solvent', row 'run 3': 'C(C' ('(' at position 2 is not closed)\n"
        "  column 'solvent', row 'run 4': 'CO–C' (not ASCII)\n"
    )
    featurizer = SMILESFeaturizer(output).fit(X)
    with pytest.raises(InvalidSMILESError, match=exactly(message + CURE)) as caught:
        featurizer.transform(X)
    assert caught.value.cells[0] == ("ligand", "run 2", "C(C")
    assert len(caught.value.cells) == 5
    assert pickle.loads(pickle.dumps(caught.value)).cells == caught.value.cells

    featurizer.set_params(on_invalid="warn")
    absent = exactly(message + "These cells are treated as absent.")
    with pytest.warns(InvalidSMILESWarning, match=absent) as warned:
        got = featurizer.transform(X)
    assert len(warned) == 1
    mended = X.mask([[False, True], [True, False], [False, True], [True, True]], None)
    assert (got == featurizer.transform(mended)).all()


def test_long_text_is_shown_short():
    text = "C" * (MAX_SMILES_LENGTH + 1)
    message = (
        f"Not readable as SMILES (1 in all):\n  column 'x0', row 0: '{'C' * 56}... "
        f"(5,001 characters; at most 5,000 are read)\n{CURE}"
    )
    with pytest.raises(InvalidSMILESError, match=exactly(message)):
        SMILESFeaturizer().fit_transform([text])


def many_smiles():
    """1,200 distinct molecules, enough for several processes, and 29 texts that are none."""
    ends = [f"{'C' * m}{end}" for m in range(8) for end in ("O", "N", "Cl", "c1ccccc1", "[Au]")]
    smiles = [f"{'C' * n}S{end}" for n in range(30) for end in ends]
    return smiles + [f"{'C' * n}(C" for n in range(1, 30)]


@pytest.mark.parametrize("output", ["graph", "ecfp", "descriptors"])
def test_processes_give_the_same(output):
    smiles = many_smiles()
    assert len(set(smiles)) == 1229
    alone, together = (
        SMILESFeaturizer(output, fp_size=64, on_invalid="warn", n_jobs=n) for n in (1, 2)
    )
    with pytest.warns(InvalidSMILESWarning, match=r"^Not readable as SMILES \(29 in all\)"):
        expected = alone.fit_transform(smiles)
    with pytest.warns(InvalidSMILESWarning, match=r"^Not readable as SMILES \(29 in all\)"):
        got = together.fit_transform(smiles)
    assert (got == expected).all()


def test_n_jobs_from_the_context():
    smiles = many_smiles()[:1200]
    with joblib.parallel_config(backend="threading", n_jobs=2):
        got = SMILESFeaturizer().fit_transform(smiles)
    assert (got == SMILESFeaturizer().fit_transform(smiles)).all()


def test_progress_bar_only_when_asked_for():
    for verbose, shown in ((0, False), (1, True), (True, True)):
        screen = io.StringIO()
        with redirect_stderr(screen):
            SMILESFeaturizer(verbose=verbose).fit_transform(LIGANDS)
        assert ("3/3" in screen.getvalue()) == shown
