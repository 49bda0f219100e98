"""The study: one TOML file that says what is fitted, for whom, and how it is judged.

::

    name = "esketamine-rotterdam"            # also the name of the registered model
    seed = 20210707

    [population]
    description = "Adults with CRPS, therapy-resistant, one tertiary centre"
    condition = "CRPS"                       # published rates are shown for CRPS only

    [treatment]
    description = "Elective inpatient low-dose intravenous S-ketamine, planned 7 days"

    [cohort]
    file = "cohort.parquet"                  # beside the study file
    mapping = "mapping.toml"                 # optional: declares a study's own variables

    [outcome]
    rule = "fall2_or_success"                # or fall30, fall50
    horizons = ["t1", "t2"]                  # or ["t1"], or ["t2"]
    t1 = "response at discharge: ..."        # optional: the outcomes in the study's own words

    [eligibility]                            # optional: without it, the rules for CRPS courses
    age_years = {min = 18}

    [predictors]
    names = ["nrs_t0", "disease_duration_years", "opioid"]

    [procedure]                              # optional
    candidates = ["evidence"]                # or several, blended by cross-validation

    [resampling]                             # optional
    folds = 5
    repeats = 20
    bootstrap_reruns = 200                   # of the whole procedure: optimism and instability
    learning_curve = 4                       # repeats on parts of the patients; 0 for none

    [null_test]                              # optional
    permutations = 100                       # of the outcomes; 100 count for approval

    [missing_outcome]                        # optional
    weighting = "follow_up"                  # or "all", or "none"

    [decision]                               # optional: without it there is no decision curve
    thresholds = [0.3, 0.7]

    [subgroups]                              # optional: where numbers are cut; true, or false
    age_years = 40

    [panel]                                  # optional: a microRNA panel, see docs/panel.md
    file = "panel.parquet"                   # what `ketresponse panel import` wrote
    reference = "global_mean"                # or genorm, normfinder, normfinder_plates, or a list

    [language.nl]                            # optional, and [language.de]: the study's own words
    population = "Volwassenen met CRPS, therapieresistent, één derdelijnscentrum"
    treatment = "Geplande opname voor een lage dosis S-ketamine intraveneus, 7 dagen"
    labels = {my_score = "Mijn schaal"}      # of variables that the mapping declares
    words = {"back pain" = "rugpijn"}        # of a scale, of categories

Naming one candidate in `[procedure]` uses it alone; naming several blends them. Unknown keys are
errors: a setting that is misspelt must not be ignored.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path

from features.dictionary.eligibility import Eligibility
from features.dictionary.outcome_words import describe_outcomes
from features.dictionary.rule import Rule
from features.dictionary.schema import Dictionary
from features.files.settings import read_settings, read_toml
from features.mapping.study_file import Place, choose_eligibility, find_place
from features.published.rates import published_base_rate
from features.texts import Text, say, say_list
from training.fitting.procedure import Procedure
from training.measures.subgroups import DEFAULT_CUTS
from training.panel.procedure import PanelProcedure
from training.study.tables import Resampling, StudyFile

__all__ = ["Study", "read_study"]


@dataclass(frozen=True)
class Study:
    """A study file, read and checked.

    Parameters
    ----------
    name : str
        Lower case letters, digits, `-` and `_`; also the registered model's name.
    seed : int
        All randomness comes from it: the same seed gives the same numbers.
    cohort : Path
        The cohort file.
    dictionary : Dictionary
        The contract with what the study's mapping declares.
    rule : Rule
        Responder rule.
    horizons : tuple of str
        ("t1",), ("t1", "t2") or ("t2",).
    outcomes : dict of str to str
        Each horizon's outcome in plain words.
    worded : frozenset of str
        The horizons whose words are the study's own.
    weighting : str
        How patients with a known outcome are weighted, a key of
        :data:`training.fitting.weighting.WEIGHTINGS`.
    subgroups : dict of str to float or bool
        As :data:`training.measures.subgroups.DEFAULT_CUTS`, the study's own added.
    thresholds : tuple of (float, float) or None
        Range of decision thresholds set beforehand; None when the study sets none.
    text : str
        The file as it was read; kept with the run.
    panel_file : Path or None
        The tidy microRNA panel; None for a study without one.
    panel : PanelProcedure
        How the panel's part of a model is made.
    null_permutations : int
        Permutations of the null test; 0 leaves it out.
    texts : dict
        Code of a language to the study's own words in it, by their English.
    """

    name: str
    title: str
    seed: int
    population: str
    condition: str
    treatment: str
    cohort: Path
    dictionary: Dictionary
    rule: Rule
    horizons: tuple[str, ...]
    outcomes: dict[str, str]
    eligibility: Eligibility
    predictors: tuple[str, ...]
    procedure: Procedure
    resampling: Resampling
    weighting: str
    subgroups: dict[str, float | bool]
    thresholds: tuple[float, float] | None
    text: str = field(repr=False)
    worded: frozenset[str] = frozenset()
    panel_file: Path | None = None
    panel: PanelProcedure = field(default_factory=PanelProcedure)
    null_permutations: int = 0
    texts: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """Digest of the study file's text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def with_follow_up(self, weeks: float | None) -> Study:
        """Return the study with its outcome words as they are where T2 is so many weeks later.

        Parameters
        ----------
        weeks : float or None
            The cohort's median; None where it does not tell. The study's own words stay.
        """
        described = describe_outcomes(
            self.rule, self.horizons, condition=self.condition, follow_up=weeks
        )
        own = {horizon: self.outcomes[horizon] for horizon in self.worded}
        return replace(self, outcomes=described | own)

    @property
    def published_text(self) -> Text:
        """What was done with published rates, for the report and every answer; empty for none."""
        if not self.procedure.published_patients:
            return Text("")
        rates = [published_base_rate(horizon) for horizon in self.horizons]
        found = say_list(
            say(
                "{events} of {n} at {horizon}",
                events=rate.events,
                n=rate.n,
                horizon=horizon.upper(),
            )
            for horizon, rate in zip(self.horizons, rates, strict=True)
        )
        return say(
            "The overall rate was pulled toward the published one ({rates}; {reference}), counted "
            "as {count:g} further patients.",
            rates=found,
            reference=rates[0].reference.text,
            count=float(self.procedure.published_patients),
        )


def read_study(path: Path) -> Study:
    """Read a study file.

    Parameters
    ----------
    path : Path
        TOML, UTF-8. Files it names are looked for beside it.

    Raises
    ------
    InputError
        Listing every problem: unknown tables and settings, wrong types and values, predictors
        that are not known at baseline, a missing cohort file.
    """
    text, content = read_toml(path, "study file")
    # What the study's mapping declares comes first: all else is read by its dictionary.
    place = find_place(path, content)
    file = read_settings(StudyFile, content, f"study file {path.name}", context=place)
    return _make_study(file, text, place)


def _make_study(file: StudyFile, text: str, place: Place) -> Study:
    outcome, panel, thresholds = file.outcome, file.panel, file.decision.thresholds
    worded = outcome.model_dump(include=set(outcome.horizons), exclude_none=True)
    described = describe_outcomes(
        outcome.rule, outcome.horizons, condition=file.population.condition
    )
    rates = tuple(published_base_rate(horizon).rate for horizon in outcome.horizons)
    procedure = file.procedure.model_dump()
    return Study(
        name=file.name,
        title=file.name if file.title is None else file.title,
        seed=file.seed,
        population=file.population.description,
        condition=file.population.condition,
        treatment=file.treatment.description,
        cohort=place.folder / file.cohort.file,
        dictionary=place.dictionary,
        rule=outcome.rule,
        horizons=outcome.horizons,
        outcomes=described | worded,
        worded=frozenset(worded),
        eligibility=choose_eligibility(file.eligibility, file.population.condition),
        predictors=file.predictors.names,
        procedure=Procedure(
            **procedure, published_rates=rates if file.procedure.published_patients else ()
        ),
        resampling=file.resampling,
        weighting=file.missing_outcome.weighting,
        subgroups={**DEFAULT_CUTS, **file.subgroups},
        thresholds=(thresholds[0], thresholds[1]) if thresholds else None,
        text=text,
        panel_file=None if panel.file is None else place.folder / panel.file,
        panel=panel.make_procedure(),
        null_permutations=file.null_test.permutations,
        texts=file.list_texts(place.dictionary),
    )
