"""Draw the package's folders and what each imports, read from the source: docs/images/folders.svg.

Usage: python docs/draw_folders.py [PATH]

A folder stands below all that it imports. An arrow that a path of other arrows replaces is left
out. Needs matplotlib.
"""

import ast
import re
import sys
import textwrap
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "sksiamese"
ALIASES = {"featurizer", "descriptors"}  # one-line modules for older-looking paths
WIDTH, HEIGHT = 2.5, 1.05  # of a box, inches
GAP, DROP = 0.35, 0.7
COLORS = {"models": "#FFE3B3", "nn": "#FFE3B3"}  # the folders that know torch


def unit_of(path):
    """First part of a module's path within the package: its folder, or the module itself."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def read_units():
    """Return {unit: its files}, without the package's own `__init__` and the aliases."""
    units = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        units.setdefault(unit_of(path), []).append(path)
    return {u: files for u, files in units.items() if not u.startswith("__") and u not in ALIASES}


def imported_by(path):
    """Yield the units that a file imports, in functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom) and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            if name.startswith("sksiamese."):
                yield name.split(".")[1]


def read_arrows(units):
    """Return {unit: the units that it imports}."""
    found = {
        unit: {to for path in files for to in imported_by(path)} for unit, files in units.items()
    }
    return {unit: (targets & units.keys()) - {unit} for unit, targets in found.items()}


def levels_of(arrows):
    """Longest path of arrows that leaves each unit; raises RecursionError on a circle."""

    def level(unit):
        return 1 + max(map(level, arrows[unit]), default=-1)

    return {unit: level(unit) for unit in arrows}


def reach(arrows, unit):
    """All units that can be reached from one."""
    found = set()
    for target in arrows[unit]:
        found |= {target} | reach(arrows, target)
    return found


def reduce_arrows(arrows):
    """Leave out each arrow that a longer path replaces."""
    return {
        unit: {
            target
            for target in targets
            if not any(target in reach(arrows, other) for other in targets - {target})
        }
        for unit, targets in arrows.items()
    }


def describe(files):
    """First sentence of the docstring of a folder or module."""
    init = next((path for path in files if path.name == "__init__.py"), files[0])
    text = ast.get_docstring(ast.parse(init.read_text(encoding="utf-8"))) or ""
    return re.sub(r"``", "", text.partition("\n")[0]).rstrip(".")


def place(arrows):
    """Centre of each box, {unit: (x, y)}: a row for each level, near what it imports."""
    levels = levels_of(arrows)
    places = {}
    for number in range(max(levels.values()) + 1):
        row = [unit for unit in arrows if levels[unit] == number]
        row.sort(
            key=lambda unit: sum(places[t][0] for t in arrows[unit]) / max(len(arrows[unit]), 1)
        )
        start = -(len(row) - 1) / 2
        for k, unit in enumerate(row):
            places[unit] = ((start + k) * (WIDTH + GAP), -number * (HEIGHT + DROP))
    return places


def draw(units, path):
    """Draw boxes and arrows."""
    arrows = read_arrows(units)
    places, few = place(arrows), reduce_arrows(arrows)
    xs, ys = zip(*places.values(), strict=True)
    size = (max(xs) - min(xs) + WIDTH + GAP, max(ys) - min(ys) + HEIGHT + GAP)
    figure = Figure(figsize=size)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(min(xs) - (WIDTH + GAP) / 2, max(xs) + (WIDTH + GAP) / 2)
    axes.set_ylim(min(ys) - (HEIGHT + GAP) / 2, max(ys) + (HEIGHT + GAP) / 2)
    axes.axis("off")
    for unit, targets in few.items():
        for target in targets:
            draw_arrow(axes, places[unit], places[target])
    for unit, (x, y) in places.items():
        draw_box(axes, x, y, unit, units[unit])
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "folders"})
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None, dpi=100)


def draw_arrow(axes, start, end):
    """Draw an arrow from the top of one box to the bottom of another; boxes cover it."""
    axes.annotate(
        "",
        xy=(end[0], end[1] - HEIGHT / 2),
        xytext=(start[0], start[1] + HEIGHT / 2),
        arrowprops={"arrowstyle": "-|>", "color": "0.45", "lw": 1, "shrinkA": 0, "shrinkB": 0},
    )


def draw_box(axes, x, y, unit, files):
    """Draw a box with the unit's name, number of modules and first sentence."""
    axes.add_patch(
        FancyBboxPatch(
            (x - WIDTH / 2, y - HEIGHT / 2),
            WIDTH,
            HEIGHT,
            boxstyle="round,pad=0,rounding_size=0.08",
            facecolor=COLORS.get(unit, "#E8F0F7"),
            edgecolor="0.3",
            zorder=3,
        )
    )
    modules = [path for path in files if path.name != "__init__.py"]
    is_folder = files[0].parent != PACKAGE
    title = f"{unit}/ ({len(modules)})" if is_folder else f"{unit}.py"
    axes.text(x, y + 0.25, title, ha="center", fontsize=11, fontweight="bold", zorder=4)
    words = textwrap.fill(describe(files), 34, max_lines=3, placeholder=" …")
    axes.text(x, y - 0.14, words, ha="center", va="center", fontsize=8, zorder=4)


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images" / "folders.svg"
    draw(read_units(), target)
