"""Kill a process that saves a model, again and again: the file is always the old or the new one.

python tests/fuzz/kill_saving.py --kills 200
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

from sksiamese import GraphFingerprintSiameseClassifier, describe_model, load_model, save_model
from sksiamese.datasets import load_perovskites

SAVE = """
import sys, sksiamese
model = sksiamese.load_model(sys.argv[1])
for line in sys.stdin:
    print("saving", flush=True)
    sksiamese.save_model(model, sys.argv[2], metrics={"which": "new"})
    print("saved", flush=True)
"""


def kill_once(source: Path, target: Path, delay: float) -> str:
    """Save over the target in another process, kill it after a delay, and tell what is there."""
    target.write_bytes(source.read_bytes())
    command = [sys.executable, "-c", SAVE, str(source), str(target)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:
        process.stdin.write("go\n")
        process.stdin.flush()
        assert process.stdout.readline() == "saving\n"
        time.sleep(delay)
        process.kill()
        ended = "saved" in process.stdout.read()
    which = describe_model(target).metrics["which"]
    load_model(target)
    return f"{which} file, killed {'after' if ended else 'while'} saving"


def main() -> None:
    """Run the kills."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--longest", type=float, default=1.0, help="seconds before the last kill")
    arguments = parser.parse_args()

    X, y = load_perovskites(return_X_y=True)
    model = GraphFingerprintSiameseClassifier(max_epochs=5, random_state=0).fit(X, y)
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "source.skm"), Path(folder, "target.skm")
        save_model(model, source, metrics={"which": "old"})
        delays = np.linspace(0, arguments.longest, arguments.kills)
        found = Counter(kill_once(source, target, delay) for delay in delays)
        left = len(list(Path(folder).glob(".*.part")))
    for what, n in sorted(found.items()):
        print(f"{n:>5} x {what}")
    print(f"{left:>5} unfinished files left beside it; the model itself was always whole")


if __name__ == "__main__":
    main()
