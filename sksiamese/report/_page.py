"""The page: sections in one HTML file that asks for nothing from outside."""

from __future__ import annotations

import base64
import hashlib
import math
import warnings
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from sksiamese.molecules._canonical import canonical_key
from sksiamese.report._pictures import Pictures, draw_molecule

_DIGITS = 4  # significant ones of a number
_LARGEST = 1e9  # number that is written out


def render_page(content: Mapping[str, Any]) -> str:
    """Write the page.

    Parameters
    ----------
    content : mapping of str to object
        The sections by name, None for those that could not be computed, and the settings.

    Returns
    -------
    str
        HTML. Whatever comes from the table is text there. A content security policy lets no other
        script run than the page's own, and nothing be loaded.
    """
    environment = Environment(
        loader=PackageLoader("sksiamese.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    sheet = _Molecules()
    environment.filters.update(cell=show_cell, percent=show_percent)
    script = _read("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    page = environment.get_template("report.html.j2").render(
        **content,
        css=Markup(_read("report.css")),
        script=Markup(script),
        script_hash=digest,
        pictures=Pictures(),
        molecule=sheet.number,
    )
    return page.replace("<!--molecules-->", sheet.symbols())


def _read(name: str) -> str:
    return files("sksiamese.report").joinpath("templates", name).read_text(encoding="utf-8")


class _Molecules:
    """Drawings of the page, each held once however often it is shown."""

    def __init__(self) -> None:
        self._numbers: dict[str, int | None] = {}
        self._drawings: list[str] = []
        self._can_draw = True

    def number(self, smiles: Any) -> int | None:
        """Give the number of a drawing; None for what is not a molecule."""
        key = canonical_key(smiles) if isinstance(smiles, str) and smiles.strip() else None
        if not key:
            return None
        if key not in self._numbers:
            drawing = self._draw(key)
            self._numbers[key] = None if drawing is None else len(self._drawings)
            self._drawings += [] if drawing is None else [str(drawing)]
        return self._numbers[key]

    def _draw(self, smiles: str) -> str | None:
        """Draw a molecule; where RDKit cannot draw, say so once, and the page shows texts."""
        if not self._can_draw:
            return None
        try:
            return draw_molecule(smiles)
        except ImportError as error:
            self._can_draw = False
            warnings.warn(f"The report shows molecules as texts. {error}", stacklevel=2)
            return None

    def symbols(self) -> str:
        """Write all drawings as symbols that ``<use>`` shows."""
        return "".join(
            f'<symbol id="molecule{n}" viewBox="0 0 200 110">{drawing}</symbol>'
            for n, drawing in enumerate(self._drawings)
        )


def show_cell(value: Any) -> str:
    """Write a cell: numbers with few digits, gaps as a dash."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, float):
        is_large = 10**_DIGITS <= abs(value) < _LARGEST
        return f"{value:.0f}" if is_large else f"{value:.{_DIGITS}g}"
    return str(value)


def show_percent(value: float) -> str:
    """Write a probability as whole per cent; never a certainty."""
    text = "above 99" if value > 0.995 else "below 1" if value < 0.005 else f"{100 * value:.0f}"
    return f"{text}\u00a0%"
