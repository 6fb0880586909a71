"""All that a report computes with models, one step after the other."""

from __future__ import annotations

import sys
import warnings
from typing import NamedTuple

import pandas as pd
from sklearn.exceptions import ConvergenceWarning

from sksiamese.exceptions import TooFewCandidatesError
from sksiamese.recommend import ExperimentRecommender
from sksiamese.recommend._plate import RESULTS
from sksiamese.report._calibration_section import CalibrationSection, calibrate
from sksiamese.report._effects_section import EffectsSection, explain_model
from sksiamese.report._model_choice import Choice, add_model
from sksiamese.report._plate_section import PlateSection, describe_recipes
from sksiamese.report._subject import Subject
from sksiamese.report._verdict_section import VerdictSection, judge_models


class Findings(NamedTuple):
    """What was found.

    Parameters
    ----------
    verdict, calibration, effects, plate
        The sections.
    recommender : ExperimentRecommender
        The fitted recommender.
    recipes : DataFrame
        What it recommended.
    """

    verdict: VerdictSection
    calibration: CalibrationSection
    effects: EffectsSection
    plate: PlateSection
    recommender: ExperimentRecommender
    recipes: pd.DataFrame


def find_all(
    subject: Subject,
    models: Choice,
    *,
    batch_size: int,
    n_repeats: int,
    n_jobs: int | None,
    seed: int,
    verbose: int,
) -> Findings:
    """Judge the models, use one of them, and explain it."""
    used = None
    if subject.recommender is not None:
        models, used = add_model(models, subject.recommender.estimator)
    _say(verbose, "Comparing models on held-out experiments")
    verdict = judge_models(subject, models, used, n_repeats, n_jobs, seed, verbose)
    _say(verbose, f"Choosing the next experiments with the {verdict.model}")
    recommender = subject.recommender or _fit(subject, models, verdict.model, seed)
    calibration = calibrate(subject, recommender)
    recipes = recommend_batch(recommender, batch_size)
    plate = describe_recipes(recommender, recipes, calibration)
    _say(verbose, "Finding what matters")
    effects = explain_model(subject, recommender, seed)
    return Findings(verdict, calibration, effects, plate, recommender, recipes)


def _fit(subject: Subject, models: Choice, name: str, seed: int) -> ExperimentRecommender:
    recommender = ExperimentRecommender(
        models.make(name, subject.X, seed),
        subject.space,
        positive=subject.positive,
        random_state=seed,
    )
    if subject.diversity is not None:
        recommender.set_params(diversity=subject.diversity)
    with warnings.catch_warnings():
        if name in models.baselines:  # about an optimiser that the user has no hand in
            warnings.simplefilter("ignore", ConvergenceWarning)
        return recommender.fit(subject.X, subject.y)


def recommend_batch(recommender: ExperimentRecommender, batch_size: int) -> pd.DataFrame:
    """Recommend a batch, or what is left of the space; no row where all of it is measured."""
    try:
        return recommender.recommend(batch_size)
    except TooFewCandidatesError as error:
        if error.n_left:
            return recommender.recommend(error.n_left)
    told = [*recommender.measured_.columns, *recommender._model.columns, *RESULTS]
    return pd.DataFrame(columns=told)


def _say(verbose: int, text: str) -> None:
    if verbose:
        print(text, file=sys.stderr, flush=True)
