"""``sksiamese demo``: a report on measured crystallisations."""

from __future__ import annotations

import argparse
from pathlib import Path

from sksiamese._cli import _arguments
from sksiamese._cli._report import write_results


def add_parser(commands: _arguments.Commands) -> None:
    """Add the command."""
    text = (
        "Report on measured crystallisations that come with the package. 208 experiments with ten "
        "ammonium salts: which gave large crystals? Writes the same files as 'sksiamese report'."
    )
    parser = _arguments.new_command(commands, "demo", _demo, text)
    parser.add_argument(
        "--output",
        type=_arguments.file_name,
        default=Path("demo_output"),
        help="folder for the results (demo_output)",
    )
    parser.add_argument(
        "--quick", action="store_true", help="a Gaussian process alone: to see that all works"
    )
    _arguments.add_computing(parser)
    _arguments.add_json(parser)


def _demo(options: argparse.Namespace) -> int:
    folder = options.output
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"{folder} is a file. Name a folder with --output.")
    from sksiamese.datasets import load_perovskites
    from sksiamese.doctor import read_experiments
    from sksiamese.report import ExperimentReport
    from sksiamese.report._model_choice import PROCESS

    data = load_perovskites()
    outcomes = data.target.map({0: "failure", 1: "large crystal"})
    table = read_experiments(data.data.assign(result=outcomes), "result", positive="large crystal")
    report = ExperimentReport(
        table,
        models=[PROCESS] if options.quick else None,
        files={"plate": "plate.csv", "campaign": "campaign.skm"},
        n_jobs=options.n_jobs,
        random_state=options.seed,
        verbose=1,
    )
    report.html()  # nothing is written before all is computed
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in ("report.html", "plate.csv", "campaign.skm")]
    return write_results(options, report, *paths)
