"""The package as a whole: import order, import side effects, docstrings, version."""

import ast
import importlib
import importlib.metadata
import inspect
import json
import pkgutil
import re
import runpy
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from numpydoc.validate import validate
from packaging.version import Version

import sksiamese

PACKAGE = Path(sksiamese.__file__).parent
PYPROJECT = PACKAGE.parent / "pyproject.toml"

# Each folder imports only folders above it, as docs/architecture.md tells the story of a row.
ORDER = [
    "exceptions",
    "_checks",
    "_frame_libraries",
    "_frames",
    "_shared_state",
    "molecules",
    "persistence",
    "nn",
    "tables",
    "datasets",
    "space",
    "models",
    "doctor",
    "plotting",
    "surrogate",
    "recommend",
    "model_selection",
    "tuning",
    "report",
    "featurizer",
    "descriptors",
    "__init__",
    "_cli",
    "__main__",
]
# The same within a folder that holds folders. A dot stands for its own files.
INNER_ORDER = {
    "tables": ["reading", ".", "encoding"],
    "models": ["training", "readouts", "."],
    "recommend": ["outcomes", "screening", "."],
}
# These work with any classifier, or with none, and so import less than the order allows.
FORBIDDEN = {
    "doctor": {"models"},
    "plotting": {"models"},
    "surrogate": {"models"},
    "recommend": {"models"},
    "model_selection": {"models"},
    "tables": {"nn"},
    "datasets": {"persistence", "nn"},
    "space": {"nn"},
}


# -- Import order ----------------------------------------------------------------------------------


def unit_of(name):
    """Return the entry of ORDER for a dotted module name within the package, None if unlisted."""
    folder = name.split(".")[0] or "__init__"
    return folder if folder in ORDER else None


def dotted_name(path):
    """Return the module's name within the package: 'nn.losses', '' for the package itself."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_type_checking(node):
    """Tell whether a node is ``if TYPE_CHECKING:``, whose imports never run."""
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def walk_runtime(node):
    """Yield the nodes of a tree, functions included, without the ``if TYPE_CHECKING`` bodies."""
    yield node
    children = node.orelse if is_type_checking(node) else ast.iter_child_nodes(node)
    for child in children:
        yield from walk_runtime(child)


def import_targets(node, package):
    """Yield the absolute names that an import statement in a module of `package` loads."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            parts = package.split(".")
            base = ".".join([*parts[: len(parts) - node.level + 1], *filter(None, [base])])
        for alias in node.names:
            submodule = f"{base}.{alias.name}"
            yield submodule if is_module(submodule) else base


def is_module(name):
    """Tell whether an absolute dotted name is a module or folder of this package."""
    path = PACKAGE.parent.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def imported_modules(path):
    """Yield (name within the package, line) for all of the package that a module imports."""
    full_name = f"sksiamese.{dotted_name(path)}".rstrip(".")
    package = full_name if path.name == "__init__.py" else full_name.rpartition(".")[0]
    for node in walk_runtime(ast.parse(path.read_text(encoding="utf-8"))):
        for target in import_targets(node, package):
            head, _, rest = target.partition(".")
            if head == "sksiamese":
                yield rest, node.lineno


def imported_units(path):
    """Return {entry of ORDER: line} for all of the package that a module imports."""
    found = {}
    for name, line in imported_modules(path):
        if (unit := unit_of(name)) != unit_of(dotted_name(path)):
            found.setdefault(unit, line)
    return found


def inner_unit_of(name, folder):
    """Return the entry of INNER_ORDER for a module of a folder: "." for the folder's own files."""
    parts = name.split(".")[1:]
    return parts[0] if parts and (PACKAGE / folder / parts[0]).is_dir() else "."


SOURCES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: dotted_name(path) or "__init__")
def test_module_imports_only_folders_above_its_own(path):
    unit = unit_of(dotted_name(path))
    assert unit is not None, f"{path.name} is not in the list; give it a place in ORDER"
    above = set(ORDER[: ORDER.index(unit)]) - FORBIDDEN.get(unit, set())
    wrong = {name: line for name, line in imported_units(path).items() if name not in above}
    assert not wrong, f"{path.name} imports what it must not: {wrong} (module: line)"


@pytest.mark.parametrize("folder", INNER_ORDER)
def test_folders_within_a_folder_are_in_order_too(folder):
    order = INNER_ORDER[folder]
    held = {inner_unit_of(dotted_name(path), folder) for path in (PACKAGE / folder).rglob("*.py")}
    assert held == set(order)
    for path in (PACKAGE / folder).rglob("*.py"):
        place = order.index(inner_unit_of(dotted_name(path), folder))
        for name, line in imported_modules(path):
            if unit_of(name) == folder:
                imported = inner_unit_of(name, folder)
                assert order.index(imported) <= place, f"{path.name}, line {line}: {name}"


def test_folders_hold_no_more_files_than_can_be_surveyed():
    held = Counter(path.parent for path in SOURCES)
    assert {str(folder.relative_to(PACKAGE)): n for folder, n in held.items() if n > 14} == {}
    inner = {path.parent.parent.name for path in SOURCES if path.parent.parent.parent == PACKAGE}
    assert inner == set(INNER_ORDER)


def test_import_order_reads_every_form_of_import(tmp_path, monkeypatch):
    root = tmp_path / "sksiamese"
    (root / "nn").mkdir(parents=True)
    for name in ("_frames", "exceptions", "space", "recommend", "nn/__init__", "nn/_losses"):
        (root / f"{name}.py").touch()
    source = """
        from typing import TYPE_CHECKING
        import numpy, sksiamese.space
        from .. import exceptions
        from .._frames import choose
        from . import _losses
        if TYPE_CHECKING:
            from ..surrogate import Tree
        else:
            from sksiamese.recommend import _recommender as recommend
        def later():
            from sksiamese import Name
    """
    path = root / "nn" / "_fingerprint.py"
    path.write_text(inspect.cleandoc(source))
    monkeypatch.setattr(sys.modules[__name__], "PACKAGE", root)
    assert imported_units(path) == {
        "space": 2,
        "exceptions": 3,
        "_frames": 4,
        "recommend": 9,
        "__init__": 11,
    }


# -- Import side effects ---------------------------------------------------------------------------

# The first import also loads what the package depends on, which may well change global state. The
# second import, from marked state, runs this package's own code alone.
SIDE_EFFECTS = """
import importlib, json, random, sys, warnings
modules = json.loads(sys.argv[1])

def import_all():
    for name in modules:
        importlib.import_module(name)

import_all()
has_matplotlib = "matplotlib" in sys.modules
for name in [name for name in sys.modules if name.split(".")[0] == "sksiamese"]:
    del sys.modules[name]

import numpy as np, pandas as pd, sklearn, torch
from rdkit import rdBase

def state():
    kind, keys, *rest = np.random.get_state()
    return {
        "warnings.filters": list(warnings.filters),
        "random": random.getstate(),
        "numpy.random": (kind, keys.tobytes(), *rest),
        "numpy print options": {k: v for k, v in np.get_printoptions().items()},
        "numpy error state": np.geterr(),
        "torch generator": torch.get_rng_state().numpy().tobytes(),
        "torch threads": (torch.get_num_threads(), torch.get_num_interop_threads()),
        "torch dtype": torch.get_default_dtype(),
        "torch determinism": torch.are_deterministic_algorithms_enabled(),
        "torch gradients": torch.is_grad_enabled(),
        "sklearn config": sklearn.get_config(),
        "pandas copy": pd.get_option("mode.chained_assignment"),
        "rdkit log": rdBase.LogStatus(),
    }

warnings.resetwarnings()
random.seed(7), np.random.seed(7), torch.manual_seed(7), torch.set_num_threads(3)
before = state()
import_all()
after = state()
changed = [name for name in before if before[name] != after[name]]
print(json.dumps({"changed": changed, "matplotlib": has_matplotlib}))
"""


def module_names():
    """Return the dotted names of the package and of its modules, except the programs."""
    found = pkgutil.walk_packages([str(PACKAGE)], "sksiamese.")
    names = [module.name for module in found]
    return [
        "sksiamese",
        *(n for n in names if n not in ("sksiamese._cli._main", "sksiamese._cli._demo")),
    ]


def test_import_changes_nothing_global():
    command = [sys.executable, "-c", SIDE_EFFECTS, json.dumps(module_names())]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == {"changed": [], "matplotlib": False}


def test_import_prints_nothing_and_warns_nothing():
    # Without -W error: third-party imports may warn on some future version; ours is the text.
    code = "import sys; [__import__(name) for name in sys.argv[1:]]"
    command = [sys.executable, "-c", code, *module_names()]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


# -- Docstrings ------------------------------------------------------------------------------------


def public_modules():
    """Return the modules without an underscore in their dotted name."""
    return [name for name in module_names() if "._" not in name]


def public_objects():
    """Return {dotted name: object} of all classes and functions in the modules' `__all__`."""
    found = {}
    for module_name in public_modules():
        module = importlib.import_module(module_name)
        for name in getattr(module, "__all__", []):
            thing = getattr(module, name)
            if inspect.isclass(thing) or inspect.isfunction(thing):
                found[f"{thing.__module__}.{thing.__qualname__}"] = thing
    return found


def public_methods(name, cls):
    """Yield dotted names of the public methods and properties that a class itself defines."""
    for attribute, value in vars(cls).items():
        # scikit-learn makes the set_*_request methods.
        if attribute.startswith("_") or attribute.endswith("_request"):
            continue
        value = getattr(value, "__func__", value)  # of a classmethod or staticmethod
        if isinstance(value, property) or inspect.isfunction(value):
            yield f"{name}.{attribute}"


def numpydoc_checks():
    """Return the codes of the checks listed in pyproject.toml."""
    with PYPROJECT.open("rb") as file:
        return set(tomllib.load(file)["tool"]["numpydoc_validation"]["checks"])


def docstring_errors(name, waived=frozenset()):
    """Return the chosen numpydoc checks that the docstring fails, as text."""
    checks = numpydoc_checks() - waived
    return [f"{code}: {text}" for code, text in validate(name)["errors"] if code in checks]


PUBLIC = public_objects()
METHODS = [
    method
    for name, thing in PUBLIC.items()
    if inspect.isclass(thing)
    for method in public_methods(name, thing)
]


def test_names_are_loaded_from_where_type_checkers_look():
    """The lazy names of `sksiamese` are those under TYPE_CHECKING, from the same folders."""
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    block = next(node for node in tree.body if is_type_checking(node))
    shown = {alias.name: node.module for node in block.body for alias in node.names}
    assert shown == {name: f"sksiamese.{home}" for name, home in sksiamese._HOMES.items()}
    assert sorted(shown) == sorted(sksiamese.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"^module 'sksiamese' has no attribute 'Nothing'$"):
        _ = sksiamese.Nothing


def test_all_names_exist_and_are_sorted_out():
    assert len(set(sksiamese.__all__)) == len(sksiamese.__all__)
    missing = [name for name in sksiamese.__all__ if not hasattr(sksiamese, name)]
    assert not missing, f"in sksiamese.__all__ but not defined: {missing}"


@pytest.mark.parametrize("name", public_modules())
def test_public_module_has_a_docstring_and_lists_its_names(name):
    module = importlib.import_module(name)
    assert (module.__doc__ or "").strip(), f"{name} has no docstring"
    assert hasattr(module, "__all__"), f"{name} has no __all__"


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_public_docstring_is_numpydoc_with_examples(name):
    waived = set()
    if issubclass_of(PUBLIC[name], BaseException):
        waived |= {"EX01"}  # shown where it is raised
    if issubclass_of(PUBLIC[name], tuple) or hasattr(PUBLIC[name], "__dataclass_fields__"):
        waived |= {"PR01"}  # a record may describe its fields under Attributes
    assert not docstring_errors(name, waived)


def issubclass_of(thing, parent):
    """Tell whether `thing` is a class and a subclass of `parent`."""
    return inspect.isclass(thing) and issubclass(thing, parent)


@pytest.mark.parametrize("name", sorted(METHODS))
def test_public_method_docstring_is_numpydoc(name):
    # The example of the class shows its methods.
    assert not docstring_errors(name, {"EX01"})


# -- Version ---------------------------------------------------------------------------------------


def test_version_is_that_of_the_installed_package():
    assert sksiamese.__version__ == importlib.metadata.version("sksiamese")


def test_package_is_marked_as_typed():
    assert (PACKAGE / "py.typed").is_file()


def test_the_oldest_versions_are_tested():
    """What `make test-oldest` installs are the lower bounds of pyproject.toml."""
    project = tomllib.loads(PYPROJECT.read_text())["project"]
    lines = (PYPROJECT.parent / "constraints-oldest.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    for needed in project["dependencies"] + project["optional-dependencies"]["test"]:
        name, bound = needed.split(">=")
        assert Version(pins[name]) == Version(bound), name


def test_source_distribution_holds_what_a_reader_of_the_readme_looks_for():
    """All folders of the repository: tests run the examples, the Makefile runs the docs."""
    target = tomllib.loads(PYPROJECT.read_text())["tool"]["hatch"]["build"]["targets"]["sdist"]
    root = PYPROJECT.parent
    assert [path for path in target["include"] if not (root / path[1:]).exists()] == []
    folders = {"/.ci", "/.github", "/benchmarks", "/docs", "/examples", "/sksiamese", "/tests"}
    assert folders <= set(target["include"])
    assert {"/CHANGELOG.md", "/CITATION.cff", "/CONTRIBUTING.md"} <= set(target["include"])
    named = re.findall(r"\]\((?!http)([^)#]+)\)", (root / "README.md").read_text(encoding="utf-8"))
    assert "docs/pictures.md" in named
    for path in named:
        assert (root / path).exists(), path
        assert "/" + path.split("/")[0] in target["include"], path


def test_pages_for_contributors_name_what_exists():
    """Paths in backquotes within the repository, and links, of the pages for contributors."""
    root = PYPROJECT.parent
    for page in ("CONTRIBUTING.md", "docs/architecture.md"):
        text = (root / page).read_text(encoding="utf-8")
        links = re.findall(r"\]\((?!http)([^)#]+)\)", text)
        missing = [link for link in links if not (root / page).parent.joinpath(link).exists()]
        paths = re.findall(r"`((?:sksiamese|tests|docs|benchmarks)/[\w./]+)`", text)
        missing += [path for path in paths if "name" not in path and not (root / path).exists()]
        assert paths
        assert not missing, page


def test_picture_of_the_folders_can_be_drawn(tmp_path, monkeypatch):
    script = PYPROJECT.parent / "docs" / "draw_folders.py"
    monkeypatch.setattr(sys, "argv", [str(script), str(tmp_path / "folders.png")])
    units = runpy.run_path(str(script), run_name="__main__")["read_order"]()
    assert (tmp_path / "folders.png").stat().st_size > 0
    assert [unit for unit in ORDER if unit in units] == units
    skipped = {"featurizer", "descriptors", "__init__", "__main__"}
    assert set(ORDER) - set(units) == skipped


def test_citation_has_the_version_of_the_package():
    text = (PYPROJECT.parent / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {sksiamese.__version__}\n" in text
