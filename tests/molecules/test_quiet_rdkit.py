"""RDKit's log: silent in every thread that reads, and as before once all have left."""

import contextlib
import threading

import pytest
from rdkit import Chem, rdBase

from sksiamese.molecules._quiet_rdkit import quiet_rdkit


def read_while_another_leaves(quiet):
    """Read a bad SMILES in one thread after another one, which came first, has left."""
    first_in, second_in, first_out = (threading.Event() for _ in range(3))

    def first():
        with quiet():
            first_in.set()
            second_in.wait(10)
        first_out.set()

    def second():
        first_in.wait(10)
        with quiet():
            second_in.set()
            first_out.wait(10)
            assert Chem.MolFromSmiles("C(C") is None

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_no_thread_ends_the_silence_of_another(capfd):
    read_while_another_leaves(lambda: quiet_rdkit)
    assert capfd.readouterr().err == ""
    read_while_another_leaves(rdBase.BlockLogs)
    assert "SMILES Parse Error" in capfd.readouterr().err  # what RDKit's own context does


def test_the_log_speaks_again_afterwards_also_after_an_error(capfd):
    with contextlib.suppress(ValueError), quiet_rdkit, quiet_rdkit:
        raise ValueError
    Chem.MolFromSmiles("C(C")
    assert "SMILES Parse Error" in capfd.readouterr().err


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_contexts_may_be_nested(capfd, depth):
    with contextlib.ExitStack() as stack:
        for _ in range(depth):
            stack.enter_context(quiet_rdkit)
        Chem.MolFromSmiles("C(C")
    assert capfd.readouterr().err == ""
