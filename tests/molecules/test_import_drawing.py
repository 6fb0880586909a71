"""RDKit's drawing where the system lacks a library it links to."""

import subprocess
import sys

import pytest

from sksiamese.molecules._import_drawing import import_drawing


def test_what_is_missing_is_said_with_its_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "rdkit.Chem.Draw", None)
    with pytest.raises(ImportError) as caught:
        import_drawing()
    assert str(caught.value) == (
        "RDKit cannot draw molecules on this system (import of rdkit.Chem.Draw halted; None in "
        "sys.modules). On Debian and Ubuntu, apt-get install libxrender1 libxext6 brings what it "
        "needs."
    )


def test_nothing_but_a_drawing_needs_it():
    """Importing every module leaves RDKit's drawing alone, which a slim system cannot load."""
    code = (
        "import importlib, pkgutil, sys, sksiamese\n"
        "for each in pkgutil.walk_packages(sksiamese.__path__, 'sksiamese.'):\n"
        "    each.name.endswith('__main__') or importlib.import_module(each.name)\n"
        "sys.exit('rdkit.Chem.Draw.rdMolDraw2D' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
