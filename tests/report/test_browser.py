"""The page in a browser, where one is installed: no error, no request, sorting, hostile cells."""

import json
import shutil
import subprocess

import pytest

from tests.report.cases import HOSTILE

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next((path for path in map(shutil.which, BROWSERS) if path), None)

pytestmark = pytest.mark.skipif(BROWSER is None, reason=f"none of {', '.join(BROWSERS)}")

_NONE = "not an origin"  # in Chromium's log

# Beside the page's own script: sorts the columns, and leaves what it sees in the title.
PROBE = """
const seen = {};
const table = [...document.querySelectorAll("table.sortable")].find(
  (each) => each.caption.textContent.startsWith("Probability of"));
const column = [...table.tHead.rows[0].cells].findIndex((each) => each.textContent === "pH");
const values = () =>
  [...table.tBodies[0].rows].map((row) => Number(row.cells[column].dataset.value));
const button = table.tHead.rows[0].cells[column].querySelector("button");
button.click();
seen.rising = values();
button.click();
seen.falling = values();
seen.sorted = table.tHead.rows[0].cells[column].getAttribute("aria-sort");
seen.wide = document.documentElement.scrollWidth > document.documentElement.clientWidth;
document.title = JSON.stringify(seen);
"""


def browse(folder, page, *flags):
    """Open a page; what stands in it after its scripts ran, what it said, what it asked for."""
    path, log = folder / "report.html", folder / "net.json"
    path.write_text(page, encoding="utf-8")
    command = [
        BROWSER,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--enable-logging=stderr",
        f"--user-data-dir={folder / 'profile'}",
        f"--log-net-log={log}",
        *flags,
        "--dump-dom",
        path.as_uri(),
    ]
    found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    said = [line for line in found.stderr.splitlines() if "CONSOLE" in line]
    return found.stdout, said, requested(json.loads(log.read_text()))


def requested(log):
    """Addresses that the page asked for; what the browser asks for itself has no origin."""
    found = [event.get("params", {}) for event in log["events"]]
    asked = {each["url"] for each in found if each.get("initiator", _NONE) != _NONE}
    return {url for url in asked if url.startswith("http")}


def test_page_opens_without_errors_and_requests(page, tmp_path):
    dom, said, asked = browse(tmp_path, page)
    assert (said, asked) == ([], set())
    assert "<title>48 experiments: yield &gt;= 50</title>" in dom  # not "owned"
    assert HOSTILE not in dom


def test_the_log_would_show_a_request(page, tmp_path):
    """What the test above and the page's policy find, they find of a page that asks, too."""
    bad = page.replace("<body>", '<body><img src="http://127.0.0.1:9/x.png">')
    dom, said, asked = browse(tmp_path, bad)
    assert "Content Security Policy" in "".join(said)
    assert asked == set()  # the page's policy has stopped it
    policy = bad.replace("Content-Security-Policy", "no-policy")
    assert "http://127.0.0.1:9/x.png" in browse(tmp_path, policy)[2]
    assert dom


def test_foreign_scripts_do_not_run(page, tmp_path):
    dom, said, _ = browse(tmp_path, page.replace("</main>", HOSTILE + "</main>"))
    assert "<title>owned</title>" not in dom
    assert "Content Security Policy" in "".join(said)


@pytest.mark.parametrize("width", [390, 1200])
def test_tables_can_be_sorted_and_the_page_fits(page, tmp_path, width):
    probed = page.replace("Content-Security-Policy", "no-policy")
    probed = probed.replace("</body>", f"<script>{PROBE}</script></body>")
    dom, said, _ = browse(tmp_path, probed, f"--window-size={width},900")
    assert said == []
    seen = json.loads(dom.partition("<title>")[2].partition("</title>")[0])
    assert seen["rising"] == sorted(seen["rising"])
    assert seen["falling"] == seen["rising"][::-1]
    assert len(seen["rising"]) == 3
    assert seen["sorted"] == "descending"
    assert not seen["wide"]
