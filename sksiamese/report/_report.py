"""A report for people: one HTML file from a table of experiments."""

from __future__ import annotations

import datetime
import importlib.metadata
import importlib.util
import json
import os
import tempfile
import webbrowser
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sksiamese._checks import (
    make_generator,
    plain_label,
    require_instance,
    require_integer,
    require_n_jobs,
    require_number,
    require_verbose,
)
from sksiamese.persistence._replacing import replace_file
from sksiamese.recommend import ExperimentRecommender
from sksiamese.report._as_json import plain_value
from sksiamese.report._computed_sections import Findings, find_all
from sksiamese.report._model_choice import read_choice
from sksiamese.report._subject import Subject, read_subject
from sksiamese.report._table_section import describe_table
from sksiamese.space import DesignSpace
from sksiamese.tables._outcome_rules import outcome_columns
from sksiamese.tables.reading._findings import plural

_FEWEST_OF_CLASS = 3  # to hold some out and learn from others
_PACKAGES = ("sksiamese", "scikit-learn", "torch", "rdkit", "numpy", "pandas")


class ExperimentReport:
    """One page on a table of experiments: what was learnt, and what to try next.

    The page says what each column was taken for and what is wrong with the table; whether a model
    beats guessing on new rows and on new molecules; whether its probabilities can be trusted; what
    matters to it; and the next experiments, with the evidence for each. It is a single HTML file
    that loads nothing from elsewhere.

    Parameters
    ----------
    table : ExperimentTable, ExperimentRecommender, DataFrame, str or Path
        What :func:`read_experiments` returned; or a frame or file, with its `outcome`; or a fitted
        recommender, such as one that got new measurements, which is used as it is.
    outcome : str or None, default=None
        What success is, of a frame or file: a column, or a rule such as ``"yield >= 50"``.
    models : list of str, mapping of str to classifier, or None, default=None
        What to choose from: "siamese classifier", "random forest" and "Gaussian process" by name,
        or unfitted classifiers of your own with ``predict_proba``. None offers all three, the
        process up to 500 rows. Beside a recommender, what to compare with its own model.
    space : DesignSpace or None, default=None
        Which experiments are possible; None derives it from the table.
    batch_size : int, default=8
        Number of experiments of the next plate.
    diversity : float or None, default=None
        How far the experiments of the plate keep apart, as in :class:`ExperimentRecommender`, whose
        default None takes. A recommender that is given has its own.
    n_repeats : int, default=3
        Repeats of each cross-validation.
    files : mapping of str to str or None, default=None
        Names of the "plate" and the "campaign" that lie beside the page, for its last section.
    n_jobs : int or None, default=None
        Processes of the cross-validations, as in joblib.
    random_state : int, RandomState instance or None, default=None
        Decides folds, models and the plate.
    verbose : int, default=0
        1 shows progress.

    Attributes
    ----------
    table : ExperimentTable
        What was read.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError
        If `table` or a parameter is of another type.
    ValueError
        If a parameter cannot be used, or the table cannot be read.

    See Also
    --------
    sksiamese.read_experiments : Reads a table.
    sksiamese.compare_classifiers : Makes the comparisons behind the verdict.

    Notes
    -----
    The models are compared by ROC-AUC on held-out rows, and the best one is used; a campaign goes
    on with its own, compared with the others. Everything is computed when it is first asked for,
    and kept. A table with errors gets a page that lists them, and no model.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sksiamese import ExperimentReport
    >>> rng = np.random.RandomState(0)
    >>> table = pd.DataFrame({"pH": rng.uniform(7, 14, 40), "time_h": rng.uniform(1, 9, 40)})
    >>> table["yield"] = 95 - 10 * (table["pH"] - 7) + rng.normal(0, 5, 40)
    >>> report = ExperimentReport(
    ...     table, "yield >= 60", models={"linear": LogisticRegression()}, random_state=0
    ... )
    >>> bool(report.plate["pH"].max() < 10.5)
    True
    >>> html = report.html()
    """

    def __init__(
        self,
        table: Any,
        outcome: str | None = None,
        *,
        models: Sequence[str] | Mapping[str, Any] | None = None,
        space: DesignSpace | None = None,
        batch_size: int = 8,
        diversity: float | None = None,
        n_repeats: int = 3,
        files: Mapping[str, str] | None = None,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        owner = type(self).__name__
        _require_matplotlib()
        require_instance(owner, "space", space, DesignSpace)
        require_integer(owner, "batch_size", batch_size, 1)
        if diversity is not None:
            require_number(owner, "diversity", diversity, 0, np.inf, open_end=True)
        require_integer(owner, "n_repeats", n_repeats, 1)
        require_n_jobs(owner, n_jobs)
        require_verbose(owner, verbose)
        self._subject: Subject = read_subject(table, outcome, space, diversity)
        self.table = self._subject.table
        self._models = read_choice(models, len(self._subject.X))
        self._batch_size = batch_size
        self._n_repeats = n_repeats
        self._files = {"plate": "", "campaign": ""} | dict(files or {})
        self._n_jobs = n_jobs
        self._seed = int(make_generator(random_state).randint(2**31 - 1))
        self._verbose = verbose

    @property
    def ok(self) -> bool:
        """Whether models can be fitted; if not, the page says why."""
        return not self._obstacle()

    @property
    def verdict(self) -> str:
        """What was learnt, in words: a line for each question, and the model in use."""
        tasks = self._require_findings().verdict.tasks
        lines = [f"{task.question}\n  {task.headline}" for task in tasks]
        return "\n".join([*lines, f"Model in use: {self._found.verdict.model}"])

    @property
    def plate(self) -> pd.DataFrame:
        """The next experiments, as :meth:`ExperimentRecommender.recommend` gives them."""
        return self._require_findings().recipes

    @property
    def recommender(self) -> ExperimentRecommender:
        """The fitted recommender, with the model in use: what ``save_model`` keeps."""
        return self._require_findings().recommender

    def html(self) -> str:
        """Give the page.

        Returns
        -------
        str
            A whole HTML document.
        """
        return self._page

    def write_html(self, path: str | os.PathLike[str]) -> Path:
        """Write the page to a file; an existing one is replaced once the new one is whole.

        Parameters
        ----------
        path : str or path-like
            The file.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        FileNotFoundError
            If its folder does not exist.
        """
        path = Path(path).expanduser()
        if not path.parent.is_dir():
            raise FileNotFoundError(
                f"The folder {str(path.parent)!r} does not exist. Create it first."
            )
        replace_file(path, self.html().encode())
        return path

    def open(self) -> None:
        """Open the page in the browser, from a temporary file."""
        folder = tempfile.mkdtemp(prefix="sksiamese-")
        webbrowser.open(self.write_html(Path(folder) / "report.html").as_uri())

    def json(self) -> str:
        """Give what the page says as JSON.

        Returns
        -------
        str
            An object with "title", "ok", "table", "verdict", "calibration", "effects", "plate" and
            "settings"; the four sections in the middle are null for a table with errors.
        """
        content = self._content()
        names = ["title", "about", "verdict", "calibration", "effects", "plate", "settings"]
        found = {name: plain_value(content[name]) for name in names}
        found["table"] = found.pop("about")
        return json.dumps({"ok": self.ok} | found, indent=2, ensure_ascii=False, allow_nan=False)

    def _repr_html_(self) -> str:
        """Show the page in a notebook, in a frame of its own."""
        from html import escape

        return (
            f'<iframe srcdoc="{escape(self.html())}" title="Report" '
            'style="width:100%;height:40rem;border:1px solid #888"></iframe>'
        )

    # -- Computing ---------------------------------------------------------------------------------

    def _obstacle(self) -> str:
        """Say why no model can be fitted; "" if one can."""
        if not self.table.ok:
            return "The table has errors, listed below with their cells."
        fewest = self._subject.y.value_counts()
        if len(fewest) < 2 or fewest.min() < _FEWEST_OF_CLASS:
            n = int(fewest.min())
            return (
                f"Only {plural(n, 'row')} {'has' if n == 1 else 'have'} the outcome "
                f"{plain_label(fewest.idxmin())!r}, and at least {_FEWEST_OF_CLASS} are needed to "
                "learn from some and check on others."
            )
        return ""

    def _require_findings(self) -> Findings:
        if obstacle := self._obstacle():
            raise ValueError(f"There is no model to report. {obstacle} See html() or json().")
        return self._found

    @cached_property
    def _found(self) -> Findings:
        return find_all(
            self._subject,
            self._models,
            batch_size=self._batch_size,
            n_repeats=self._n_repeats,
            n_jobs=self._n_jobs,
            seed=self._seed,
            verbose=self._verbose,
        )

    @cached_property
    def _page(self) -> str:
        from sksiamese.report._page import render_page

        return render_page(self._content())

    def _content(self) -> dict[str, Any]:
        subject, found = self._subject, self._found if self.ok else None
        sections = ("verdict", "calibration", "effects", "plate")
        content = {name: None if found is None else getattr(found, name) for name in sections}
        return content | {
            "title": f"{plural(len(subject.y), 'experiment')}: {subject.success}",
            "about": describe_table(subject),
            "obstacle": self._obstacle(),
            "subject": subject,
            "success": subject.success,
            "n_rows": len(subject.X),
            "rules": None if found is None else _show_rules(found.effects.rules),
            "fill_in": " and ".join(
                f"“{name}”" for name in outcome_columns(subject.outcome, subject.X.columns)
            ),
            "files": self._files,
            "settings": self._settings(),
        }

    def _settings(self) -> dict[str, Any]:
        choices = {
            "experiments of a plate": self._batch_size,
            "repeats": self._n_repeats,
            "seed": self._seed,
        }
        return {
            "date": datetime.date.today().isoformat(),
            "choices": choices,
            "versions": {name: importlib.metadata.version(name) for name in _PACKAGES},
        }


def _require_matplotlib() -> None:
    if importlib.util.find_spec("matplotlib") is None:
        raise ImportError(
            "A report needs matplotlib for its pictures. Install it with "
            "pip install 'sksiamese[plot]'."
        )


def _show_rules(rules: pd.DataFrame) -> pd.DataFrame:
    named = rules.rename(
        columns={"n_samples": "samples", "n_measured": "measured", "n_leaves": "leaves inside"}
    )
    return named.round({"probability": 2, "agreement": 2})
