"""Damage saved models: each loads to the same predictions, or is refused with a ModelFileError.

    python tests/fuzz/mutate_models.py --files 10000 --forged 2000

A forged file has a checksum that fits the damage. It may predict anything, but neither crashes nor
raises anything but ModelFileError when it is loaded.
"""

from __future__ import annotations

import argparse
import io
import tempfile
import time
import warnings
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

from sksiamese import GraphFingerprintSiameseClassifier, describe_model, load_model, save_model
from sksiamese.datasets import load_perovskites
from sksiamese.exceptions import ModelFileError, ModelVersionWarning
from sksiamese.persistence._manifest import sha256


def mutate(content: bytes, rng: np.random.RandomState) -> bytes:
    """Flip bits, cut, insert, repeat, or blank a stretch."""
    data = bytearray(content)
    start, stop = np.sort(rng.randint(len(data), size=2))
    stop = min(stop, start + 1 + int(rng.exponential(200)))
    kind = rng.choice(["flip", "cut", "drop", "insert", "blank", "swap"])
    if kind == "flip":
        for place in rng.randint(len(data), size=rng.randint(1, 9)):
            data[place] ^= 1 << rng.randint(8)
    elif kind == "cut":
        del data[start:]
    elif kind == "drop":
        del data[start:stop]
    elif kind == "insert":
        data[start:start] = rng.bytes(stop - start)
    elif kind == "blank":
        data[start:stop] = bytes(stop - start)
    else:
        other = rng.randint(len(data))
        data[start:stop] = data[other : other + stop - start]
    return bytes(data)


def forge(path: Path, rng: np.random.RandomState) -> bytes:
    """Damage a part of the model, and make archives and checksum fit."""
    with zipfile.ZipFile(path) as outer:
        payload = outer.read("model.skops")
    with zipfile.ZipFile(io.BytesIO(payload)) as inner:
        parts = {name: inner.read(name) for name in inner.namelist()}
    name = "schema.json" if rng.rand() < 0.5 else rng.choice(list(parts))
    parts[name] = mutate(parts[name], rng)
    again = io.BytesIO()
    with zipfile.ZipFile(again, "w") as inner:
        for each, content in parts.items():
            inner.writestr(each, content)
    manifest = replace(describe_model(path), sha256=sha256(again.getvalue()))
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as outer:
        outer.writestr("manifest.json", manifest.to_json())
        outer.writestr("model.skops", again.getvalue())
    return whole.getvalue()


def main() -> None:
    """Run the mutations."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--forged", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()

    X, y = load_perovskites(return_X_y=True)
    settings = {"n_members": 2, "max_epochs": 5, "random_state": 0}
    model = GraphFingerprintSiameseClassifier(**settings).fit(X[:40], y[:40])
    expected, rng = model.predict_proba(X[40:60]), np.random.RandomState(arguments.seed)
    found: Counter[str] = Counter()
    slowest = 0.0
    with tempfile.TemporaryDirectory() as folder:
        whole = save_model(model, Path(folder, "whole.skm"))
        path = Path(folder, "damaged.skm")
        for number in range(arguments.files + arguments.forged):
            forged = number >= arguments.files
            path.write_bytes(forge(whole, rng) if forged else mutate(whole.read_bytes(), rng))
            start = time.perf_counter()
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", ModelVersionWarning)
                    copy = load_model(path)
            except ModelFileError:
                what = "refused"
            else:
                same = forged or np.array_equal(copy.predict_proba(X[40:60]), expected)
                what = "loaded" if same else "LOADED TO OTHER PREDICTIONS"
            slowest = max(slowest, time.perf_counter() - start)
            found[f"{'forged' if forged else 'damaged'} file {what}"] += 1
    for what, n in sorted(found.items()):
        print(f"{n:>6} x {what}")
    print(f"slowest: {slowest:.2f} s")


if __name__ == "__main__":
    main()
