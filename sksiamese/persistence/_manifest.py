"""What a saved model tells of itself."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from importlib.metadata import version
from numbers import Real
from typing import Any

from sksiamese._checks import shorten
from sksiamese.exceptions import ModelFileError
from sksiamese.persistence._model_parts import iterate_parts
from sksiamese.persistence._savable import Definition

FORMAT = 1
"""Format of the files; a later one is refused."""

_PREDICT_WITH = ("sksiamese", "scikit-learn", "rdkit")  # packages that shape predictions
_PACKAGES = (*_PREDICT_WITH, "numpy", "pandas", "safetensors", "scipy", "skops", "skorch", "torch")


@dataclass(frozen=True)
class ModelManifest:
    """What a saved model tells of itself.

    Parameters
    ----------
    format : int
        Format of the file.
    estimator : str
        The estimator, with its parameters; or the design space, a line for each column.
    saved, trained : str
        Times, UTC; `trained` is empty if the estimator does not tell.
    versions : dict of str to str
        Python's and the packages' versions.
    columns : dict of str to dict
        Columns of the training table: ``low`` and ``high`` of numbers, ``n_distinct`` of others;
        empty where the estimator does not tell more than the name.
    classes : list of str
        Class labels, of a classifier.
    metrics : dict of str to float or str
        What `save_model` was told.
    sha256 : str
        Checksum of the model.

    Examples
    --------
    >>> from sksiamese.persistence import ModelManifest
    >>> about = {"versions": {"sksiamese": "0.1.0"}, "columns": {"pH": {"low": 4.0, "high": 9.5}}}
    >>> empty = {"classes": [], "metrics": {}, "sha256": ""}
    >>> print(ModelManifest(1, "SVC()", "2026-11-23T10:00:00+00:00", "", **about, **empty))
    SVC()
    saved 2026-11-23T10:00:00+00:00
    column 'pH': 4 to 9.5
    versions: sksiamese 0.1.0
    """

    format: int
    estimator: str
    saved: str
    trained: str
    versions: dict[str, str]
    columns: dict[str, dict[str, float]]
    classes: list[str]
    metrics: dict[str, float | str]
    sha256: str

    def __str__(self) -> str:
        trained = f"trained {self.trained}, " if self.trained else ""
        lines = [self.estimator, f"{trained}saved {self.saved}"]
        if self.classes:
            lines.append(f"classes: {', '.join(self.classes)}")
        lines += [f"column {name!r}: {_range(seen)}" for name, seen in self.columns.items()]
        lines += [f"{name}: {value}" for name, value in self.metrics.items()]
        lines.append("versions: " + ", ".join(" ".join(item) for item in self.versions.items()))
        return "\n".join(lines)

    def to_json(self) -> str:
        """Write it as JSON.

        Returns
        -------
        str
            The text of `manifest.json`.
        """
        return json.dumps(asdict(self), indent=2)

    def version_gaps(self) -> list[str]:
        """Find packages that predictions depend on and that are of another minor version here.

        Returns
        -------
        list of str
            A phrase for each, with both versions.
        """
        return [
            f"{name} {then} (here {version(name)})"
            for name in _PREDICT_WITH
            if _series(then := self.versions.get(name, "?")) != _series(version(name))
        ]


def make_manifest(
    estimator: Any, metrics: Mapping[str, float | str] | None, payload: bytes
) -> ModelManifest:
    """Describe a fitted model.

    Raises
    ------
    TypeError
        If a metric is neither a number nor text.
    """
    records = (getattr(part, "_training_record", None) for _, part in iterate_parts(estimator))
    record: dict[str, Any] = next(filter(None, records), {"trained": "", "columns": {}})
    names = getattr(estimator, "feature_names_in_", None)  # clients overwrite it with None
    return ModelManifest(
        format=FORMAT,
        estimator=_text(estimator),
        saved=datetime.now(UTC).isoformat(timespec="seconds"),
        trained=record["trained"],
        versions={"python": platform.python_version()} | {n: version(n) for n in _PACKAGES},
        columns=record["columns"] or {str(name): {} for name in (() if names is None else names)},
        classes=[str(label) for label in getattr(estimator, "classes_", ())],
        metrics={str(name): _metric(name, value) for name, value in (metrics or {}).items()},
        sha256=sha256(payload),
    )


def read_manifest(text: bytes) -> ModelManifest:
    """Read a manifest.

    Raises
    ------
    ModelFileError
        If it is of a later format or lacks something; a predicate without its subject, the file.
    """
    found = json.loads(text)
    if not isinstance(found, dict) or not isinstance(found.get("format"), int):
        raise ModelFileError("is an archive, but none that save_model writes.")
    if found["format"] > FORMAT:
        raise ModelFileError(
            f"is of format {found['format']}, and this version knows formats up to {FORMAT}. "
            "Upgrade sksiamese to load it."
        )
    kinds = {"versions": dict, "columns": dict, "classes": list, "metrics": dict}
    for field in fields(ModelManifest):
        kind = int if field.name == "format" else kinds.get(field.name, str)
        if not isinstance(found.get(field.name), kind):
            raise ModelFileError(
                f"has a damaged manifest: {field.name!r} is absent or of a wrong type."
            )
    return ModelManifest(**{field.name: found[field.name] for field in fields(ModelManifest)})


def sha256(payload: bytes) -> str:
    """Checksum of the model."""
    return hashlib.sha256(payload).hexdigest()


def _text(estimator: Any) -> str:
    if isinstance(estimator, Definition):
        return repr(estimator)
    return " ".join(repr(estimator).split())


def _series(name: str) -> list[str]:
    """Major and minor part of a version."""
    return name.split(".")[:2]


def _range(seen: Mapping[str, float]) -> str:
    if "low" in seen:
        return f"{seen['low']:.6g} to {seen['high']:.6g}"
    return f"{seen['n_distinct']} distinct" if seen else "not told"


def _metric(name: Any, value: Any) -> float | str:
    if isinstance(value, str):
        return value
    if not isinstance(value, Real):
        raise TypeError(f"Metric {name!r} must be a number or text. Got {shorten(value)}.")
    return float(value)
