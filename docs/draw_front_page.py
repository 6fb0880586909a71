"""Draw the README's first picture: a table, its report, the next plate.

Usage: python docs/draw_front_page.py DEMO_OUTPUT, with a browser named chromium.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd

from sksiamese.datasets import load_perovskites

IMAGE = Path(__file__).parent / "images" / "front_page.png"
NAMES = ["ammonium", "lead_iodide_M"]
PAGE = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 4px; font: 13px sans-serif; display: flex; align-items: stretch; gap: 4px }}
section {{ border: 1px solid #bbb; border-radius: 8px; padding: 8px; overflow: hidden; flex: none }}
h1 {{ font-size: 16px; margin: 0 0 6px }}
table {{ border-collapse: collapse; font-size: 11px }}
td, th {{ padding: 3px 4px; border-bottom: 1px solid #ddd; text-align: left; white-space: nowrap }}
iframe {{ border: 0; width: 740px; height: 700px; transform: scale(.64); transform-origin: 0 0 }}
.report {{ width: 462px; height: 438px }}
p {{ margin: 8px 4px; font-size: 11px; color: #666 }}
.arrow {{ align-self: center; font-size: 22px; color: #666 }}
</style>
<section><h1>A table of experiments</h1>{table}<p>and further conditions</p></section>
<div class="arrow">&#10132;</div>
<section class="report"><h1>Its report</h1><iframe src="{report}" scrolling="no"></iframe></section>
<div class="arrow">&#10132;</div>
<section><h1>The next plate</h1>{plate}<p>and further conditions</p></section>"""


def main(folder):
    """Lay the three out beside each other, and photograph them."""
    measured = load_perovskites().frame
    measured["result"] = measured["large_crystal"].map({1: "large crystal", 0: "failure"})
    plate = pd.read_csv(folder / "plate.csv").rename(columns={"result": "result?"}).fillna("")
    name_of = dict(zip(measured["ammonium"], measured["ammonium_name"], strict=True))
    plate["ammonium"] = plate["ammonium"].map(name_of)
    plate = plate[[*NAMES, *plate.columns[plate.columns.str.startswith("p(")]]]
    measured["ammonium"] = measured["ammonium_name"]
    for frame in (measured, plate):
        frame["ammonium"] = frame["ammonium"].str.removesuffix(" iodide")
    html = PAGE.format(
        table=measured[[*NAMES, "result"]].iloc[4::13].round(2).to_html(index=False, border=0),
        report=(folder / "report.html").resolve().as_uri() + "#verdict",
        plate=plate.round(2).to_html(index=False, border=0),
    )
    with tempfile.TemporaryDirectory() as page:
        path = Path(page) / "front.html"
        path.write_text(html, encoding="utf-8")
        look = ["--headless", "--no-sandbox", "--hide-scrollbars"]
        look += ["--window-size=1182,468", "--force-device-scale-factor=2"]
        subprocess.run(["chromium", *look, f"--screenshot={IMAGE}", path.as_uri()], check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
