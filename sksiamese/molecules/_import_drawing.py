"""RDKit's drawing, which needs libraries of the system that slim ones come without."""

from __future__ import annotations

from typing import Any


def import_drawing() -> Any:
    """Import RDKit's module that draws molecules, or say what it lacks here.

    Raises
    ------
    ImportError
        Naming the library that is missing, and how Debian and Ubuntu install it.
    """
    try:
        from rdkit.Chem.Draw import rdMolDraw2D
    except ImportError as error:
        raise ImportError(
            f"RDKit cannot draw molecules on this system ({error}). On Debian and Ubuntu, "
            "apt-get install libxrender1 libxext6 brings what it needs."
        ) from error
    return rdMolDraw2D
