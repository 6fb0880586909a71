"""The lines for other tools run where the tool is installed (``pip install '.[clients]'``)."""

import re
from pathlib import Path

import pytest

import sksiamese

PAGE = Path(sksiamese.__file__).parents[1] / "docs" / "works_with.md"
MODULES = {
    "polars": "polars",
    "shap": "shap",
    "Optuna": "optuna",
    "imbalanced-learn": "imblearn",
    "MAPIE": "mapie",
    "mlflow": "mlflow",
    "Dask": "distributed",
    "scikit-mol": "scikit_mol",
}
FIRST, *SECTIONS = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
BLOCKS = {text.partition("\n")[0]: text for text in SECTIONS}


def code_of(text):
    """The one block of Python in a part of the page."""
    (code,) = re.findall(r"^```python[^\n]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return code


def test_each_section_is_run():
    assert list(BLOCKS) == list(MODULES)


@pytest.mark.filterwarnings("default")  # what other tools warn of is theirs
@pytest.mark.parametrize("name", MODULES)
def test_tool_works(name, tmp_path, monkeypatch):
    pytest.importorskip(MODULES[name], reason=f"{name} is not installed")
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "__main__"}
    exec(code_of(FIRST), namespace)
    exec(code_of(BLOCKS[name]), namespace)
