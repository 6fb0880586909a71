"""Draw the picture of docs/past_campaigns.md: the last figure of examples/plot_new_salt.py."""

import runpy
from pathlib import Path

import matplotlib.pyplot as plt

DOCS = Path(__file__).parent

if __name__ == "__main__":
    plt.switch_backend("Agg")
    runpy.run_path(str(DOCS.parent / "examples" / "plot_new_salt.py"))
    plt.gcf().savefig(DOCS / "images" / "new_salt.png")
