"""``sksiamese predict``: the probabilities of new rows, or their numbers."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from sksiamese._cli import _arguments, _files

if TYPE_CHECKING:
    import pandas as pd


def add_parser(commands: _arguments.Commands) -> None:
    """Add the command."""
    text = (
        "Predict the rows of a table. MODEL is a campaign or what save_model wrote; FILE has its "
        f"columns, and is {_arguments.TABLES}."
    )
    parser = _arguments.new_command(commands, "predict", _predict, text)
    parser.add_argument("model", type=_arguments.file_name, metavar="MODEL")
    parser.add_argument("file", type=_arguments.file_name, metavar="FILE")
    parser.add_argument("--sheet", metavar="NAME", help="the sheet of a workbook")
    parser.add_argument(
        "-o", "--output", type=_arguments.file_name, metavar="FILE", help="write the table here"
    )
    _arguments.add_force(parser)
    _arguments.add_json(parser)


def _predict(options: argparse.Namespace) -> int:
    if options.output is not None:
        _files.require_writable_table(options.output)
        _files.require_free([options.output], options.force)
    from sksiamese._cli._plates import plain_records

    model = _files.load_fitted(options.model)
    frame = _read_rows(options, model)
    said = _predictions(model, frame)
    found = frame.join(said.rename(columns=lambda name: _free_name(name, frame)))
    rows = found.rename_axis(_free_name("row", found)).reset_index()
    if options.output is not None:
        _files.write_table(rows, options.output)
        _files.say(options, f"Written: {options.output}")
    if options.json:
        print(json.dumps(plain_records(rows), indent=2, ensure_ascii=False))
    elif options.output is None:
        print(found.round(3).to_string())
    return 0


def _free_name(name: str, frame: pd.DataFrame) -> str:
    """Name a column that is added, also where the table has one of that name."""
    while name in frame:
        name = f"sksiamese {name}"
    return name


def _read_rows(options: argparse.Namespace, model: Any) -> pd.DataFrame:
    """Columns of the model out of the file."""
    from sksiamese._frames import require_columns
    from sksiamese.tables.reading._clean_cells import clean_cells
    from sksiamese.tables.reading._files import read_table_file

    names = list(model.feature_names_in_)
    table = read_table_file(options.file, sheet=options.sheet, names=names)
    frame, _ = clean_cells(table.frame, ())
    require_columns(frame.columns, names, f"The table {options.file.name!r}")
    return frame[names].infer_objects()


def _predictions(model: Any, frame: pd.DataFrame) -> pd.DataFrame:
    """Probabilities of the classes and the most probable one; of a regressor its numbers."""
    import pandas as pd
    from sklearn.base import is_regressor

    from sksiamese._checks import plain_label, require_probabilities

    if is_regressor(model):
        return pd.DataFrame({"predicted": model.predict(frame)}, frame.index)
    require_probabilities("sksiamese predict", model, name="model")
    columns = [f"p({plain_label(label)})" for label in model.classes_]
    found = pd.DataFrame(model.predict_proba(frame), frame.index, columns)
    return found.assign(predicted=model.predict(frame))
