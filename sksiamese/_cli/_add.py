"""``sksiamese add``: from a filled plate to the next one."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from sksiamese._cli import _arguments, _files
from sksiamese._cli._report import add_targets, write_results

if TYPE_CHECKING:
    from sksiamese.recommend import ExperimentRecommender


def add_parser(commands: _arguments.Commands) -> None:
    """Add the command."""
    text = (
        "Add a filled plate to a campaign. It writes the next campaign, plate and report: "
        "campaign-2.skm, plate-2.xlsx and report-2.html after campaign.skm, which stays as it is. "
        "Rows whose outcome is empty stay open, and are not recommended again. A campaign that "
        "looks for the best number gets no report."
    )
    parser = _arguments.new_command(commands, "add", _add, text)
    parser.add_argument("campaign_file", type=_arguments.file_name, metavar="CAMPAIGN")
    parser.add_argument(
        "filled", type=_arguments.file_name, metavar="PLATE", help="the filled plate"
    )
    parser.add_argument("--sheet", metavar="NAME", help="the sheet of a workbook")
    parser.add_argument(
        "--quick", action="store_true", help="check the campaign's model alone, without the others"
    )
    parser.add_argument(
        "--repeats", action="store_true", help="the plate repeats experiments that are measured"
    )
    add_targets(parser, "-2")
    _arguments.add_batch(parser)
    _arguments.add_computing(parser)
    _arguments.add_force(parser)
    _arguments.add_json(parser)


def _add(options: argparse.Namespace) -> int:
    campaign = options.campaign or _files.next_name(options.campaign_file)
    html = options.output or _files.same_number(campaign, "report.html")
    plate = options.plate or _files.same_number(campaign, "plate.xlsx")
    _files.require_writable_table(plate)
    _files.require_free([plate, campaign], options.force)
    _files.require_free([html], force=True)
    from sksiamese._cli._plates import add_plate, read_plate, set_diversity
    from sksiamese.report import ExperimentReport

    recommender = _files.load_campaign(options.campaign_file)
    set_diversity(recommender, options.diversity)
    plate_done = read_plate(recommender, options.filled, options.sheet)
    _files.say(options, add_plate(recommender, plate_done, options.repeats))
    if recommender.goal is not None:
        return _write_plate(options, recommender, plate, campaign)
    report = ExperimentReport(
        recommender,
        models=[] if options.quick else None,
        batch_size=options.batch_size,
        files={"plate": plate.name, "campaign": campaign.name},
        n_jobs=options.n_jobs,
        random_state=options.seed,
        verbose=1,
    )
    return write_results(options, report, html, plate, campaign)


def _write_plate(
    options: argparse.Namespace, recommender: ExperimentRecommender, plate: Path, campaign: Path
) -> int:
    """Write plate and campaign of a campaign on numbers, of which there is no report."""
    from sksiamese._cli import _plates
    from sksiamese.persistence import save_model
    from sksiamese.report._computed_sections import recommend_batch

    recipes = recommend_batch(recommender, options.batch_size)
    _files.write_table(_plates.lay_out_plate(recommender, recipes), plate)
    save_model(recommender, campaign)
    if options.json:
        print(json.dumps(_plates.plain_records(recipes), indent=2, ensure_ascii=False))
    _files.say(
        options,
        f"Written\n- {plate}: the next plate, to fill in\n- {campaign}: the campaign\n"
        "A report is on successes and failures, so that there is none on numbers.\n\n"
        f"When the plate is filled in:\n  sksiamese add {campaign} {plate}",
    )
    return 0
