"""The types of parameters with a few values, which editors and type checkers read."""

import inspect
import re
from typing import Literal, get_args, get_origin, get_type_hints

import pytest

import sksiamese
from sksiamese import datasets, plotting, tuning
from sksiamese.models.readouts import READOUTS
from sksiamese.nn._layers import ACTIVATIONS

NAMED = re.compile(r"^ *(\w+) : \{(.+?)\}", re.MULTILINE)


def documented():
    """Each parameter of a public name that is documented to have one of some values."""
    for module in (sksiamese, datasets, plotting, tuning):
        for name in module.__all__:
            each = getattr(module, name)
            methods = (
                dict(inspect.getmembers(each, inspect.isfunction)) if inspect.isclass(each) else {}
            )
            functions = {name: (each.__init__ if methods else each, each.__doc__)}
            own = {n: m for n, m in methods.items() if m.__module__.startswith("sksiamese.")}
            public = {n: m for n, m in own.items() if not n.startswith("_")}
            functions |= {f"{name}.{n}": (m, m.__doc__) for n, m in public.items()}
            for label, (function, text) in functions.items():
                for parameter, values in NAMED.findall(text or ""):
                    yield pytest.param(function, parameter, values, id=f"{label}-{parameter}")


def literals(hint):
    """Values of a Literal, also within a union."""
    parts = [hint, *get_args(hint)]
    return next((set(get_args(p)) for p in parts if get_origin(p) is Literal), None)


@pytest.mark.parametrize(("function", "parameter", "values"), [*documented()])
def test_the_type_lists_the_values_that_the_docstring_lists(function, parameter, values):
    expected = {value.strip(' "') for value in values.split(",")}
    assert literals(get_type_hints(function)[parameter]) == expected


def test_read_outs_and_activations_are_those_that_there_are():
    hints = get_type_hints(sksiamese.GraphFingerprintSiameseClassifier.__init__)
    assert literals(hints["readout"]) == set(READOUTS)
    assert literals(hints["activation"]) == set(ACTIVATIONS)
    assert literals(hints["embedding_activation"]) == set(ACTIVATIONS)
