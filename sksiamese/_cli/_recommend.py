"""``sksiamese recommend``: a plate at once, from a table or a campaign."""

from __future__ import annotations

import argparse
import json
import warnings
from typing import TYPE_CHECKING

from sksiamese._cli import _arguments, _files

if TYPE_CHECKING:
    from sksiamese.doctor._check_experiments import TableReport
    from sksiamese.recommend import ExperimentRecommender


def add_parser(commands: _arguments.Commands) -> None:
    """Add the command."""
    text = (
        "Recommend experiments, without a report. SOURCE is a table, with --outcome, or a campaign."
    )
    parser = _arguments.new_command(commands, "recommend", _recommend, text)
    parser.add_argument("source", type=_arguments.file_name, metavar="SOURCE")
    _arguments.add_outcome(parser, required=False)
    _arguments.add_ignore(parser)
    _arguments.add_model(parser, "siamese", "the model, for a table (siamese)")
    parser.add_argument(
        "--mode",
        choices=["explore", "optimize"],
        default="explore",
        help="the whole space, or near the best experiments (explore)",
    )
    parser.add_argument(
        "--exclude",
        metavar="COLUMN=VALUE",
        action="append",
        default=[],
        type=_read_exclusion,
        help="what must not occur, such as solvent=CCO; may be repeated",
    )
    parser.add_argument(
        "-o", "--output", type=_arguments.file_name, metavar="FILE", help="write the plate here"
    )
    _arguments.add_batch(parser)
    _arguments.add_computing(parser)
    _arguments.add_force(parser)
    _arguments.add_json(parser)


def _recommend(options: argparse.Namespace) -> int:
    if options.output is not None:
        _files.require_writable_table(options.output)
        _files.require_free([options.output], options.force)
    from sksiamese._cli import _plates

    recommender = _make_recommender(options)
    _plates.set_diversity(recommender, options.diversity)
    plate = recommender.recommend(options.batch_size, options.mode, _gather(options.exclude))
    if options.output is not None:
        _files.write_table(_plates.lay_out_plate(recommender, plate), options.output)
        _files.say(options, f"Written: {options.output}")
    if options.json:
        print(json.dumps(_plates.plain_records(plate), indent=2, ensure_ascii=False))
    elif options.output is None:
        print(_plates.show_plate(recommender, plate))
    return 0


def _make_recommender(options: argparse.Namespace) -> ExperimentRecommender:
    """Load a campaign, or fit a model to a table."""
    from sksiamese.tables.reading._files import TABLE_SUFFIXES

    if options.source.suffix.lower() not in TABLE_SUFFIXES:
        if options.outcome is not None:
            raise ValueError("A campaign knows its outcome. Leave --outcome out.")
        return _files.load_campaign(options.source)
    if options.outcome is None:
        raise ValueError("What is success? Say it with --outcome, such as --outcome 'yield >= 50'.")
    from sklearn.exceptions import ConvergenceWarning

    from sksiamese.recommend import ExperimentRecommender
    from sksiamese.report._model_choice import read_choice

    table = _files.read_table(options, options.source)
    _require_ok(table.report, options)
    name = _arguments.MODELS[options.model]
    model = read_choice([name], len(table.X)).make(name, table.X, options.seed)
    recommender = ExperimentRecommender(
        model, positive=table.positive, n_jobs=options.n_jobs, random_state=options.seed
    )
    with warnings.catch_warnings():  # about an optimiser that the user has no hand in
        warnings.simplefilter("ignore", ConvergenceWarning)
        return recommender.fit(table.X, table.y)


def _require_ok(report: TableReport, options: argparse.Namespace) -> None:
    if not report.ok:
        raise ValueError(
            f"The table has {report.n_errors} error(s). 'sksiamese check {options.source} "
            f"--outcome {options.outcome!r}' lists them."
        )


def _read_exclusion(text: str) -> tuple[str, str]:
    column, sign, value = text.partition("=")
    if not sign or not column:
        raise argparse.ArgumentTypeError(f"must be COLUMN=VALUE. Got {text!r}")
    return column, value


def _gather(pairs: list[tuple[str, str]]) -> dict[str, list[str]] | None:
    """Values by column."""
    found: dict[str, list[str]] = {}
    for column, value in pairs:
        found.setdefault(column, []).append(value)
    return found or None
