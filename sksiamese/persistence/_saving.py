"""Fitted models in a file that holds no code: to save, to describe and to load them.

The file is a zip archive of two entries: `manifest.json`, which tells what the model is, and
`model.skops`, the model in the format of skops, with weights of networks as safetensors. The model
is compressed, since skops writes the hundreds of trees of a forest as text. Loading makes objects
of the types listed in `_trusted_types` alone, and runs nothing out of the file.
"""

from __future__ import annotations

import io
import os
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, overload

from sklearn.base import BaseEstimator
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.utils.validation import check_is_fitted

from sksiamese._checks import shorten
from sksiamese.exceptions import ModelFileError, ModelVersionWarning
from sksiamese.persistence._manifest import ModelManifest, make_manifest, read_manifest, sha256
from sksiamese.persistence._model_parts import (
    add_missing_parameters,
    find_culprit,
    iterate_parts,
    require_sound_parts,
)
from sksiamese.persistence._replacing import replace_file
from sksiamese.persistence._savable import Definition
from sksiamese.persistence._trusted_types import TRUSTED_TYPES

_Model = TypeVar("_Model")
_MANIFEST, _MODEL = "manifest.json", "model.skops"
_MOST_SWELLING = 100  # times that a model may be larger than in its file; forests are 20 times


def save_model(
    estimator: BaseEstimator | Definition,
    path: str | os.PathLike[str],
    *,
    metrics: Mapping[str, float | str] | None = None,
) -> Path:
    """Save a fitted model in a file that can be loaded without trust in who sent it.

    Parameters
    ----------
    estimator : estimator or DesignSpace
        A fitted estimator of this package or of scikit-learn, or a Pipeline of them; or a design
        space, whose conditions, constraints and computed columns are declared.
    path : str or path-like
        File to write; ``~`` is your home folder, and links are followed. An existing file is
        replaced once the new one is whole, and keeps its permissions; an interruption leaves it as
        it was.
    metrics : mapping of str to float or str, default=None
        What to tell of the model's quality, such as ``{"MCC, 10-fold": 0.43}``.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    OSError
        If the folder of the file does not exist or cannot be written to, or `path` is a folder.
    TypeError
        If a part of the estimator cannot be held, such as a function of your own; the message
        names it, and says what to declare instead. Or if a metric is neither a number nor text.

    See Also
    --------
    load_model : Load the file.
    describe_model : Tell what a file holds.

    Examples
    --------
    >>> import tempfile
    >>> from sksiamese import GraphFingerprintSiameseClassifier, load_model, save_model
    >>> model = GraphFingerprintSiameseClassifier(n_members=2, max_epochs=20, random_state=0)
    >>> model = model.fit([[0.0], [0.1], [0.9], [1.0]], ["no", "no", "yes", "yes"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     copy = load_model(save_model(model, f"{folder}/model.skm"))
    >>> bool((copy.predict_proba([[0.4]]) == model.predict_proba([[0.4]])).all())
    True
    """
    path = Path(path).expanduser()
    if isinstance(estimator, BaseEstimator):
        check_is_fitted(estimator)
    elif not isinstance(estimator, Definition):
        raise TypeError(
            f"save_model takes a fitted estimator or a DesignSpace. Got {shorten(estimator)}."
        )
    target = Path(os.path.realpath(path))  # a link stays, and what it leads to is replaced
    _require_place(path, target)
    payload = _dump(estimator)
    manifest = make_manifest(estimator, metrics, payload)
    replace_file(target, _archive(manifest.to_json(), payload, zipfile.ZIP_DEFLATED))
    return path


@overload
def load_model(path: str | os.PathLike[str]) -> Any: ...
@overload
def load_model(path: str | os.PathLike[str], kind: type[_Model]) -> _Model: ...
def load_model(path: str | os.PathLike[str], kind: type[Any] = object) -> Any:
    """Load a model that :func:`save_model` wrote.

    Parameters
    ----------
    path : str or path-like
        The file; ``~`` is your home folder.
    kind : type, default=object
        What the model must be, such as ``Pipeline``: type checkers take it as the type of the
        result.

    Returns
    -------
    estimator or DesignSpace
        What was saved; its predictions, or samples, are those of the original.

    Raises
    ------
    OSError
        If the file does not exist, or is a folder.
    TypeError
        If the model is not of the `kind`.
    ModelFileError
        If the file is not a model, is cut off or damaged, was written by a later version in a
        format that this one does not know, or holds types that are not to be trusted.

    Warns
    -----
    ModelVersionWarning
        If packages that predictions depend on have other versions here.

    See Also
    --------
    save_model : Save a model.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sksiamese import load_model, save_model
    >>> model = LogisticRegression().fit([[0.0], [0.1], [0.9], [1.0]], [0, 0, 1, 1])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = save_model(model, f"{folder}/model.skm")
    ...     load_model(path).predict([[0.8]])
    array([1])
    """
    path = Path(path).expanduser()
    manifest, payload = _read(path)
    gaps = manifest.version_gaps()
    if gaps:
        warnings.warn(
            f"{path.name} was saved with {', '.join(gaps)}. Predictions may differ: compare "
            "some with known ones, or install those versions.",
            ModelVersionWarning,
            stacklevel=2,
        )
    model = _restore(payload, path)
    if not isinstance(model, kind):
        raise TypeError(
            f"{path.name} holds a {type(model).__name__}, not a {kind.__name__}. Load it "
            "without kind=, or name another file."
        )
    return model


def describe_model(path: str | os.PathLike[str]) -> ModelManifest:
    """Tell what a file holds, without loading the model.

    Parameters
    ----------
    path : str or path-like
        The file; ``~`` is your home folder.

    Returns
    -------
    ModelManifest
        Estimator, versions, dates, columns and metrics; printed, it is a readable text.

    Raises
    ------
    OSError
        If the file does not exist, or is a folder.
    ModelFileError
        If the file is not a model, is cut off or damaged, or of a later format.

    Examples
    --------
    >>> import tempfile
    >>> from sksiamese import GraphFingerprintSiameseClassifier, describe_model, save_model
    >>> model = GraphFingerprintSiameseClassifier(n_members=2, max_epochs=20, random_state=0)
    >>> model = model.fit([[0.0], [0.1], [0.9], [1.0]], ["no", "no", "yes", "yes"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     manifest = describe_model(save_model(model, f"{folder}/m.skm", metrics={"MCC": 0.4}))
    >>> manifest.columns
    {'x0': {'low': 0.0, 'high': 1.0}}
    """
    return _read(Path(path).expanduser())[0]


def _dump(estimator: BaseEstimator | Definition) -> bytes:
    """Write a model, and say which part stands in the way if it cannot be written."""
    try:
        return _write(estimator)
    except Exception as error:  # whatever stands in the way, the user wants to know which part
        _refuse_functions(estimator, error)
        part, value = find_culprit(estimator, _can_be_held)
        where = f"its part {part}, " if part else ""
        raise TypeError(
            f"{type(estimator).__name__} cannot be saved: {where}{shorten(value)} of type "
            f"{type(value).__module__}.{type(value).__qualname__}, is not of the types that may be "
            "loaded. Replace it by what this package or scikit-learn offers, or use joblib.dump, "
            "whose files run code when they are loaded."
        ) from error


def _refuse_functions(estimator: BaseEstimator | Definition, error: Exception) -> None:
    """Say which functions of a definition stand in the way, and what to declare instead."""
    for _, part in iterate_parts(estimator):
        if not isinstance(part, Definition):
            continue
        own = {
            place: function.__qualname__ if hasattr(function, "__qualname__") else repr(function)
            for place, function in part._held_functions().items()
            if not _can_be_held(function)
        }
        if own:
            places = ", ".join(f"{place} ({name})" for place, name in own.items())
            raise TypeError(
                f"{type(estimator).__name__} cannot be saved: its {type(part).__name__} holds "
                f"functions, and a file that holds no code cannot hold them: {places}. "
                f"{part._instead}, or use joblib.dump, whose files run code when they are loaded."
            ) from error


def _archive(manifest: str, payload: bytes, method: int) -> memoryview:
    """Write both entries; a model that would swell too much to be loaded is not compressed."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(_MANIFEST, manifest)
        file.writestr(_MODEL, payload, method)
        swells = _swells(file.getinfo(_MODEL))
    return _archive(manifest, payload, zipfile.ZIP_STORED) if swells else archive.getbuffer()


def _swells(entry: zipfile.ZipInfo) -> bool:
    return entry.file_size > _MOST_SWELLING * entry.compress_size


def _can_be_held(value: Any) -> bool:
    try:
        _write(value)
    except Exception:
        return False
    return True


def _write(value: Any) -> bytes:
    """Write an object in skops' format, and see that it can be read again."""
    import skops.io  # takes more than a second

    payload = bytes(skops.io.dumps(value))
    _load_trusted(payload)
    return payload


def _load_trusted(payload: bytes) -> Any:
    import skops.io

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InconsistentVersionWarning)  # the manifest tells of it
        return skops.io.loads(payload, trusted=TRUSTED_TYPES)


def _read(path: Path) -> tuple[ModelManifest, bytes]:
    """Read the two entries of a file, and check that they belong together."""
    if path.is_dir():
        raise IsADirectoryError(f"{str(path)!r} is a folder. Name the file in it.")
    content = path.read_bytes()
    if not content.startswith(b"PK\x03\x04"):
        raise ModelFileError(
            f"{str(path)!r} was not written by save_model. Files of pickle and joblib are not "
            "loaded here, since they can run any code."
        )
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            # Cut behind the model, which is an archive itself, the file ends as that one does.
            if _MANIFEST not in file.namelist() and content[30:].startswith(_MANIFEST.encode()):
                raise zipfile.BadZipFile("its end is missing")
            _require_entries(file, {_MANIFEST, _MODEL}, packed=_MODEL)
            text = file.read(_MANIFEST)
            with file.open(_MODEL) as entry:  # in one go it would be read to its end, however far
                payload = entry.read(file.getinfo(_MODEL).file_size + 1)
        with zipfile.ZipFile(io.BytesIO(payload)) as file:
            _require_entries(file, set(file.namelist()) | {"schema.json"})
        manifest = read_manifest(text)
    except ModelFileError as error:
        raise ModelFileError(f"{str(path)!r} {error}") from error.__cause__
    except Exception as error:  # zipfile raises a dozen types on damaged archives
        raise ModelFileError(
            f"{str(path)!r} is cut off or damaged ({type(error).__name__}: {error}). Copy it "
            "again, or save the model again."
        ) from error
    if sha256(payload) != manifest.sha256:
        raise ModelFileError(
            f"{str(path)!r} was changed after it was saved: the model is not the one that the "
            "manifest was written for. Copy it again, or save the model again."
        )
    return manifest, payload


def _require_entries(file: zipfile.ZipFile, names: set[str], packed: str = "") -> None:
    """Refuse archives of other entries, and compressed ones, but for one that swells little.

    No more is ever read of an entry than the size that the archive tells.
    """
    entries = file.infolist()
    plain = all(
        (entry.compress_type == zipfile.ZIP_STORED and entry.file_size == entry.compress_size)
        or (
            entry.filename == packed
            and entry.compress_type == zipfile.ZIP_DEFLATED
            and not _swells(entry)
        )
        for entry in entries
    )
    if not plain or sorted(entry.filename for entry in entries) != sorted(names):
        raise ModelFileError("is an archive, but none that save_model writes.")


def _restore(payload: bytes, path: Path) -> Any:
    """Build the model, and check what a forged file could use to crash the process."""
    from skops.io.exceptions import UntrustedTypesFoundException

    try:
        model = _load_trusted(payload)
        require_sound_parts(model)
        add_missing_parameters(model)
        if not isinstance(model, Definition):
            check_is_fitted(model)
            model.get_params()
    except UntrustedTypesFoundException as error:
        raise ModelFileError(
            f"{str(path)!r} holds types that load_model does not trust: {error}. Nothing of it was "
            "run. Ask its sender for a model of this package's and scikit-learn's parts."
        ) from error
    except Exception as error:  # a forged state can fail anywhere in the parts' own code
        raise ModelFileError(
            f"{str(path)!r} holds a model that cannot be built here ({type(error).__name__}: "
            f"{error}). Save it again, or install the versions that describe_model tells."
        ) from error
    return model


def _require_place(path: Path, target: Path) -> None:
    """Refuse a path where no file can be, before anything is done."""
    folder = target.parent
    if target.is_dir():
        raise IsADirectoryError(
            f"{str(path)!r} is a folder. Name a file in it, such as {str(path / 'model.skm')!r}."
        )
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"{str(folder)!r} is a file, and no folder. Choose a folder.")
    if not folder.is_dir():
        raise FileNotFoundError(f"The folder {str(folder)!r} does not exist. Create it first.")
