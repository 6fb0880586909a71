"""``sksiamese report``: from a table to a page, the next plate and a campaign."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from sksiamese._cli import _arguments, _files

if TYPE_CHECKING:
    from sksiamese.report import ExperimentReport


def add_parser(commands: _arguments.Commands) -> None:
    """Add the command."""
    text = (
        "Report on a table: verdict, next plate, campaign. It writes a page for the browser, the "
        "next plate to fill in, and the campaign, which 'sksiamese add' goes on with. A report "
        "that exists is replaced; a plate or a campaign is not, unless --force is given."
    )
    parser = _arguments.new_command(commands, "report", _report, text)
    parser.add_argument("file", type=_arguments.file_name, metavar="FILE", help="the table")
    _arguments.add_outcome(parser, required=True)
    _arguments.add_ignore(parser)
    add_targets(parser)
    _arguments.add_model(
        parser, "best", "the model to use (the best of the three on held-out rows)"
    )
    _arguments.add_batch(parser)
    _arguments.add_computing(parser)
    _arguments.add_force(parser)
    _arguments.add_json(parser)


def add_targets(parser: argparse.ArgumentParser, number: str = "") -> None:
    """Name the files to write; `number` stands in the names that they have by default."""
    parser.add_argument(
        "-o",
        "--output",
        type=_arguments.file_name,
        metavar="HTML",
        help=f"the report (report{number}.html)",
    )
    parser.add_argument(
        "--plate",
        type=_arguments.file_name,
        metavar="FILE",
        help=f"the next plate, .xlsx, .csv or .tsv (plate{number}.xlsx beside it)",
    )
    parser.add_argument(
        "--campaign",
        type=_arguments.file_name,
        metavar="FILE",
        help=f"the campaign (campaign{number}.skm beside it)",
    )


def _report(options: argparse.Namespace) -> int:
    html = options.output or Path("report.html")
    plate = options.plate or html.with_name("plate.xlsx")
    campaign = options.campaign or html.with_name("campaign.skm")
    _files.require_writable_table(plate)
    _files.require_free([plate, campaign], options.force)
    _files.require_free([html], force=True)
    from sksiamese.report import ExperimentReport

    table = _files.read_table(options, options.file)
    chosen = _arguments.MODELS.get(options.model)
    report = ExperimentReport(
        table,
        models=None if chosen is None else [chosen],
        batch_size=options.batch_size,
        diversity=options.diversity,
        files={"plate": plate.name, "campaign": campaign.name},
        n_jobs=options.n_jobs,
        random_state=options.seed,
        verbose=1,
    )
    return write_results(options, report, html, plate, campaign)


def write_results(
    options: argparse.Namespace, report: ExperimentReport, html: Path, plate: Path, campaign: Path
) -> int:
    """Write page, plate and campaign, and say what comes next.

    Returns
    -------
    int
        0, or 1 for a table with errors, which gets a page alone.
    """
    from sksiamese.persistence import save_model

    report.write_html(html)
    if report.ok:
        from sksiamese._cli._plates import lay_out_plate

        _files.write_table(lay_out_plate(report.recommender, report.plate), plate)
        save_model(report.recommender, campaign)
    if options.json:
        print(report.json())
    if not report.ok:
        _files.say(options, f"{report.table}\n\nNo model was fitted; {html} tells why.")
        return 1
    if not len(report.plate):
        _files.say(options, "No experiment of the design space is left: the plate is empty.")
    _files.say(
        options,
        f"{report.verdict}\n\nWritten\n- {html}: the report, for the browser\n"
        f"- {plate}: the next plate, to fill in\n- {campaign}: the campaign\n\n"
        f"When the plate is filled in:\n  sksiamese add {campaign} {plate}",
    )
    return 0
