"""Memory of a fit: what the page promises, and what is refused before the work."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import sksiamese
from sksiamese import GraphFingerprintSiameseClassifier
from sksiamese.models import _room
from sksiamese.models._room import Size, count_support
from sksiamese.models.readouts import READOUTS


def table(n_rows, n_classes):
    random = np.random.RandomState(0)
    return random.uniform(size=(n_rows, 3)), (np.arange(n_rows) % n_classes).astype(str)


def model(**changes):
    settings = {"max_epochs": 1, "n_members": 2, "random_state": 0}
    return GraphFingerprintSiameseClassifier(**settings | changes)


@pytest.mark.parametrize(
    ("n_rows", "n_classes", "settings"),
    [
        (20, 2, {}),
        (20, 2, {"n_members": 3}),
        (450, 2, {"batch_size": 20}),
        (60, 3, {"support_size": 10}),
        (60, 30, {"n_members": 1, "support_size": 10, "batch_size": 20}),
    ],
)
def test_a_model_keeps_what_the_page_says(n_rows, n_classes, settings):
    fitted = model(**settings).fit(*table(n_rows, n_classes))
    m, f = fitted.n_members, 1 if n_classes == 2 else n_classes
    wanted = settings.get("support_size", 400)
    s = len(fitted.support_indices_)
    assert min(n_rows, max(wanted, n_classes)) - n_classes < s <= min(n_rows, wanted + n_classes)
    kept = [part.nbytes for each in fitted._support.posteriors.values() for part in each]
    assert sum(kept) == 8 * (m + 1) * f * (s**2 + s) + 2 * 8 * f


@pytest.mark.parametrize("readout", ["mean", "paper", "residual"])
def test_other_read_outs_take_little(readout):
    room = READOUTS[readout]().room(1500, 1500, 4, 500, 200)
    assert room == 0


@pytest.mark.parametrize("n_classes", [2, 10, 100, 170])
def test_the_default_number_of_support_rows_keeps_their_matrices_small(n_classes):
    size = Size(10_000, n_classes, 4, 200, None)
    s, f = count_support(READOUTS["process"](), size), 1 if n_classes == 2 else n_classes
    assert 8 * (2 * 4 + 1) * f * s**2 <= 4.2e8


def test_the_page_has_the_figures_of_the_code():
    page = (Path(sksiamese.__file__).parents[1] / "docs" / "memory.md").read_text("utf-8")
    rows = re.findall(r"^\| ([\d,]+), (\d+) \| (\d+) \| ([\d.,]+) MB \| ([\d,]+) MB", page, re.M)
    assert len(rows) == 6
    for row in rows:
        n, c, s, model_mb, fit_mb = (float(cell.replace(",", "")) for cell in row)
        size = Size(int(n), int(c), 4, 200, None)
        readout, f = READOUTS["process"](), 1 if c == 2 else c
        assert count_support(readout, size) == s
        assert 8 * 5 * f * (s**2 + s) / 1e6 + 0.2 == pytest.approx(model_mb, abs=0.51)
        assert (_room._room(readout, size) + 4e4 * n) / 1e6 == pytest.approx(fit_mb, abs=0.51)
        assert ("refused" in page.split(f"| {row[-1]} MB")[1][:10]) == (fit_mb > 8000)


def test_what_would_not_fit_is_refused_before_the_work():
    message = (
        "1,500 rows of 500 classes could take 28.0 GB with readout='process', more than 8 GB. As "
        "many rows of 289 classes fit: join rare ones, give fewer rows, lower support_size, "
        "batch_size or n_members, or choose readout='mean', which takes less."
    )
    classifier = GraphFingerprintSiameseClassifier(max_epochs=10**6)  # whose training never ends
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        classifier.fit(*table(1500, 500))
    assert not hasattr(classifier, "net_")


def test_a_support_set_that_would_not_fit_is_refused(monkeypatch):
    fitted = model().fit(*table(20, 2))
    expected = fitted.predict_proba(table(5, 2)[0])
    monkeypatch.setattr(_room, "MOST_BYTES", 5e7)
    message = (
        "2,000 rows of 2 classes could take 0.1 GB with readout='process', more than 0.05 GB. They "
        "fit with support_size=287: set it, give fewer rows, lower batch_size or n_members, or "
        "choose readout='mean', which takes less."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        fitted.set_support(*table(2000, 2))
    assert (fitted.predict_proba(table(5, 2)[0]) == expected).all()
    fitted.set_params(support_size=287).set_support(*table(2000, 2))
    assert len(fitted.support_indices_) == pytest.approx(287, abs=1)


def test_where_nothing_fits_no_number_is_named(monkeypatch):
    monkeypatch.setattr(_room, "MOST_BYTES", 1e3)
    message = re.escape("more than 1e-06 GB. Give fewer rows, lower support_size, batch_size or n_")
    with pytest.raises(ValueError, match=message):
        _room.require_room(READOUTS["process"](), "process", Size(2000, 2, 2, 200, None))


PEAKS = """
import json, sys
import numpy as np
from sksiamese import GraphFingerprintSiameseClassifier

def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if "VmHWM" in line)

def fit(n_rows, n_classes, **settings):
    X = np.random.RandomState(0).uniform(size=(n_rows, 3))
    settings = {"max_epochs": 1, "random_state": 0} | settings
    y = (np.arange(n_rows) % n_classes).astype(str)
    GraphFingerprintSiameseClassifier(**settings).fit(X, y)

fit(200, 2)
before, found = peak(), []
for n_rows, n_classes, settings in json.loads(sys.argv[1]):
    fit(n_rows, n_classes, **settings)
    found.append((peak() - before) * 1024)
print(found)
"""
CORNERS = [  # many classes in a step, many rows of support and classes, many rows
    (80, 20, {"n_members": 2, "support_size": 20, "batch_size": 80}),
    (300, 30, {"n_members": 2, "support_size": 150, "batch_size": 20}),
    (4000, 2, {"n_members": 2, "batch_size": 50}),
]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_a_fit_takes_no_more_than_the_page_says():
    command = [sys.executable, "-c", PEAKS, json.dumps(CORNERS)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    readout, bounds = READOUTS["process"](), []
    for (n_rows, n_classes, settings), peak in zip(CORNERS, json.loads(done.stdout), strict=True):
        sizes = settings["n_members"], settings["batch_size"], settings.get("support_size")
        room = _room._room(readout, Size(n_rows, n_classes, *sizes))
        bounds.append(room + 4e4 * n_rows)  # as the page says of rows
        assert peak <= max(bounds)  # a peak never falls
    assert max(bounds) < 10 * peak


BESIDE_MANY = """
import numpy as np
from sksiamese import GraphFingerprintSiameseClassifier

def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if "VmHWM" in line)

random, y = np.random.RandomState(0), np.arange(4000) % 2
model = GraphFingerprintSiameseClassifier(readout="mean", max_epochs=1, random_state=0)
model.fit(random.uniform(size=(50, 3)), y[:50]).set_support(random.uniform(size=(4000, 3)), y)
model.predict_proba(random.uniform(size=(100, 3)))
before = peak()
model.predict_proba(random.uniform(size=(1500, 3)))
print((peak() - before) * 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_predictions_beside_many_support_rows_take_what_few_rows_take():
    command = [sys.executable, "-c", BESIDE_MANY]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    assert int(done.stdout) < 5e7  # where each block keeps its result apart, three times that
