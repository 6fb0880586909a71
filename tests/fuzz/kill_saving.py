"""Kill a process that saves a model, again and again: the file is always the old or the new one.

python tests/fuzz/kill_saving.py --kills 200
"""

from __future__ import annotations

import argparse
import os
import signal
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from sksiamese import GraphFingerprintSiameseClassifier, describe_model, load_model, save_model
from sksiamese.datasets import load_perovskites


def kill_once(model: Any, source: Path, target: Path, delay: float) -> str:
    """Save over the target in a forked process, kill it after a delay, and tell what is there."""
    target.write_bytes(source.read_bytes())
    receiver, sender = os.pipe()
    child = os.fork()
    if not child:
        os.write(sender, b"-")
        save_model(model, target, metrics={"which": "new"})
        os.write(sender, b"+")
        time.sleep(60)
    os.read(receiver, 1)  # it has begun
    time.sleep(delay)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(sender)
    with os.fdopen(receiver, "rb") as pipe:
        ended = bool(pipe.read())
    which = describe_model(target).metrics["which"]
    load_model(target)
    return f"{which} file, killed {'after' if ended else 'while'} saving"


def main() -> None:
    """Run the kills."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    arguments = parser.parse_args()

    X, y = load_perovskites(return_X_y=True)
    model = GraphFingerprintSiameseClassifier(max_epochs=5, random_state=0).fit(X, y)
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "source.skm"), Path(folder, "target.skm")
        for _ in range(2):  # the first imports what it needs
            start = time.perf_counter()
            save_model(model, source, metrics={"which": "old"})
        longest = 1.3 * (time.perf_counter() - start)
        delays = np.linspace(0, longest, arguments.kills)
        found = Counter(kill_once(model, source, target, delay) for delay in delays)
        left = len(list(Path(folder).glob(".*.part")))
    for what, n in sorted(found.items()):
        print(f"{n:>5} x {what}")
    print(f"{left:>5} unfinished files left beside it; the model itself was always whole")


if __name__ == "__main__":
    main()
