"""What is wrong with a text that breaks the rules of SMILES; RDKit writes that to its log alone."""

from __future__ import annotations

import re

from rdkit import Chem

from sksiamese.molecules._quiet_rdkit import quiet_rdkit

_TOKEN = re.compile(
    r"(?P<atom>\[[^\[\]]*\])|(?P<ring>[0-9]|%[0-9]{2}|%\([0-9]+\))|(?P<open>\()|(?P<close>\))"
    r"|Br?|Cl?|[NOPSFIbcnops*]|[-=#$:/\\~.<>]"
)


def syntax_problem(smiles: str) -> str:
    """Say where a text breaks the rules of SMILES; "" where it does not.

    Parameters
    ----------
    smiles : str
        A text that RDKit cannot read.

    Examples
    --------
    >>> from sksiamese.molecules._smiles_errors import syntax_problem
    >>> syntax_problem("CC(C"), syntax_problem("water")
    ("'(' at position 3 is not closed", "'w' at position 1 is not part of SMILES")
    """
    open_brackets: list[int] = []
    open_rings: dict[str, int] = {}
    place = 0
    while place < len(smiles):
        token = _TOKEN.match(smiles, place)
        if token is None:
            what = "is not closed" if smiles[place] == "[" else "is not part of SMILES"
            return f"{smiles[place]!r} at position {place + 1} {what}"
        if token["atom"] and not _is_atom(token["atom"]):
            return f"{token['atom']!r} at position {place + 1} is not an atom"
        if token["ring"] and open_rings.pop(token["ring"], None) is None:
            open_rings[token["ring"]] = place + 1
        if token["open"]:
            open_brackets.append(place + 1)
        if token["close"]:
            if not open_brackets:
                return f"')' at position {place + 1} closes nothing"
            open_brackets.pop()
        place = token.end()
    if open_brackets:
        return f"'(' at position {open_brackets[0]} is not closed"
    for ring, place in open_rings.items():
        return f"the ring {ring!r} at position {place} is not closed"
    return ""


def _is_atom(text: str) -> bool:
    with quiet_rdkit:
        return Chem.MolFromSmiles(text, sanitize=False) is not None
