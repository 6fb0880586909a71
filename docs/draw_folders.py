"""Draw the package's folders and their imports, read from the source: docs/images/folders.png.

Usage: python docs/draw_folders.py [PATH]

The boxes stand in the order of tests/test_package.py. Lines are read as in a circuit diagram: each
folder that others import has a line of its own, which ends in an arrow at its box, and a dot on
that line is a folder that imports it. Needs matplotlib.
"""

import ast
import sys
from collections import Counter
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "sksiamese"
# Re-exports, lazy names and the two lines that start the command line.
SKIPPED = {"featurizer", "descriptors", "__init__", "__main__"}
SHARED = ("exceptions", "_checks", "_frames")  # nearly all import them: drawn without lines

WIDTH, HEIGHT, STEP = 6.4, 0.56, 0.78  # of a box, and from one to the next, inches
LANE, MARGIN = 0.3, 0.25  # from one line to the next; around the drawing
PLAIN, WITH_TORCH = "#E8F0F7", "#FFE3B3"
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#8C6D00", "#404040")


def read_order():
    """Return the folders and modules in the order that the tests hold them to."""
    tree = ast.parse((ROOT / "tests" / "test_package.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "ORDER":
            return [name for name in ast.literal_eval(node.value) if name not in SKIPPED]
    raise LookupError("tests/test_package.py has no list ORDER.")


def files_of(unit):
    """Return the Python files of a folder, or the one file of a module."""
    folder = PACKAGE / unit
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]


def imports_of(unit):
    """Return the names of modules that a unit imports, within functions too."""
    found = set()
    for path in files_of(unit):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def read_arrows(units):
    """Return {unit: the others that it imports, in order}, without the shared ones."""
    arrows = {}
    for unit in units:
        heads = {name.split(".")[1] for name in imports_of(unit) if name.startswith("sksiamese.")}
        arrows[unit] = [u for u in units if u in heads - {unit, *SHARED}]
    return arrows


def uses_torch(unit):
    """Tell whether a unit imports torch or skorch."""
    return any(name.split(".")[0] in ("torch", "skorch") for name in imports_of(unit))


def count_modules(unit):
    """Return how many modules a folder holds, and how many its folders: "3 modules, inner/ 2"."""
    counts = Counter(path.parent for path in files_of(unit) if path.name != "__init__.py")
    own = counts.pop(PACKAGE / unit)
    inner = [f"{folder.name}/ {number}" for folder, number in sorted(counts.items())]
    return ", ".join([f"{own} modules", *inner])


def describe(unit):
    """Return the first sentence of the docstring of a folder or module."""
    files = files_of(unit)
    path = next((path for path in files if path == PACKAGE / unit / "__init__.py"), files[0])
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0].replace("``", "").rstrip(".")


def draw(units, path):
    """Draw a column of boxes, and lines to the right of it."""
    arrows = read_arrows(units)
    y = {unit: -STEP * place for place, unit in enumerate(units)}
    targets = [unit for unit in units if any(unit in each for each in arrows.values())]
    # The line of the topmost box is farthest out, so that no arrow crosses another line.
    lanes = {unit: WIDTH + LANE * (1 + k) for k, unit in enumerate(reversed(targets))}
    right = WIDTH + LANE * (len(targets) + 1)
    bottom = min(y.values()) - HEIGHT / 2 - 2 * MARGIN
    size = right + 2 * MARGIN, HEIGHT / 2 - bottom + 2 * MARGIN
    axes = Figure(figsize=size).add_axes((0, 0, 1, 1))
    axes.set_xlim(-MARGIN, right + MARGIN)
    axes.set_ylim(bottom - MARGIN, HEIGHT / 2 + MARGIN)
    axes.axis("off")
    for k, target in enumerate(targets):
        importers = [unit for unit in units if target in arrows[unit]]
        draw_line(axes, lanes[target], y, target, importers, COLORS[k % len(COLORS)])
    for unit in units:
        draw_box(axes, y[unit], unit)
    shared = f"{', '.join(SHARED[:-1])} and {SHARED[-1]}"
    note = (
        "A dot on a coloured line: this folder imports the one where the line ends in an arrow.\n"
        f"Orange boxes import torch. Imports of {shared} are not drawn."
    )
    axes.text(0, bottom, note, va="center", fontsize=9, color="0.3")
    axes.figure.savefig(path, dpi=110)


def draw_line(axes, x, y, target, importers, color):
    """Draw the line of one box: down from its arrow, with a dot for each that imports it."""
    up, down = 0.12, -0.12  # arrows enter above the middle of a box, lines leave below it
    top = y[target] + up
    rows = [y[unit] + down for unit in importers]
    style = {"color": color, "linewidth": 1.5, "solid_capstyle": "round"}
    axes.plot([x, x], [top, min(rows)], **style)
    for row in rows:
        axes.plot([WIDTH, x], [row, row], color="0.6", linewidth=0.9, zorder=1)
        axes.plot(x, row, "o", color=color, markersize=6)
    arrow = {"arrowstyle": "-|>", "color": color, "linewidth": 1.5, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", xy=(WIDTH, top), xytext=(x, top), arrowprops=arrow)


def draw_box(axes, y, unit):
    """Draw a box with the unit's name, its number of files and its first sentence."""
    box = FancyBboxPatch(
        (0, y - HEIGHT / 2),
        WIDTH,
        HEIGHT,
        boxstyle="round,pad=0,rounding_size=0.08",
        facecolor=WITH_TORCH if uses_torch(unit) else PLAIN,
        edgecolor="0.3",
    )
    axes.add_patch(box)
    title = f"{unit}/" if (PACKAGE / unit).is_dir() else f"{unit}.py"
    axes.text(0.15, y + 0.12, title, va="center", fontsize=12, fontweight="bold")
    if title.endswith("/"):
        label = count_modules(unit)
        axes.text(WIDTH - 0.15, y + 0.12, label, va="center", ha="right", fontsize=9, color="0.3")
    axes.text(0.15, y - 0.13, describe(unit), va="center", fontsize=9)


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images" / "folders.png"
    draw(read_order(), target)
