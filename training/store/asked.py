"""What a run was asked, and whom it saw: study, cohort, labels, predictors."""

from __future__ import annotations

from pydantic import Field

from features.dictionary.outcome_words import HORIZON_WORDS
from training.measures.sample_size.development import DevelopmentSize
from training.store.part import Horizon, Number, ResultsPart

__all__ = [
    "CohortFacts",
    "FlowStep",
    "LabelFacts",
    "OutcomeCount",
    "PredictorFacts",
    "SizeFacts",
    "StudyFacts",
]


class ProcedureFacts(ResultsPart):
    """How the model was made; empty for an update."""

    candidates: list[str] = Field(default_factory=list)
    inner_folds: int | None = None
    inner_repeats: int | None = None
    prior_strength: Number | None = None
    published_patients: Number | None = None
    published_rates: list[Number] = Field(default_factory=list)


class ResamplingFacts(ResultsPart):
    """How it was judged."""

    # Not the study file's own type: of what was done, nothing is taken for granted.
    folds: int
    repeats: int
    bootstrap: int
    bootstrap_reruns: int
    learning_curve: int


class StudyFacts(ResultsPart):
    """What was asked: the study file."""

    name: str
    title: str
    population: str
    condition: str
    treatment: str
    rule: str
    rule_text: str
    horizons: list[Horizon]
    outcomes: dict[Horizon, str]
    eligibility: dict[str, dict[str, Number | list[str]]]
    thresholds: tuple[float, float] | None
    seed: int
    sha256: str
    procedure: ProcedureFacts
    resampling: ResamplingFacts

    def name_horizon(self, horizon: Horizon) -> str:
        """Return "discharge (T1)" where the study speaks of a discharge, else "T1"."""
        words = HORIZON_WORDS[horizon]
        return words if words in self.outcomes[horizon] else horizon.upper()


class CohortFacts(ResultsPart):
    """Whom the run saw."""

    sha256: str
    synthetic: bool
    rows: int
    years: tuple[int, int] | None
    sites: int
    n_patients: int


class FlowStep(ResultsPart):
    """Courses left after a step; null where only the centres know."""

    step: str
    remaining: int | None
    excluded: int | None
    unknown_kept: int | None


class OutcomeCount(ResultsPart):
    """Patients with a known outcome, responders, and their share with its 95% interval."""

    n: int
    events: int
    base_rate: float | None = None
    low: float | None = None
    high: float | None = None


class LabelCount(ResultsPart):
    """Labels of one outcome."""

    responders: int
    nonresponders: int
    unknown: int


class LabelSources(LabelCount):
    """Labels of one horizon, and how many rest on what; null where no centre tells."""

    score: int | None = None
    wording: int | None = None
    both: int | None = None
    none: int | None = None


class LabelFacts(ResultsPart):
    """What the outcome labels rest on."""

    rows: int
    t1: LabelSources | None = None
    t2: LabelSources | None = None
    kept: LabelCount | None = None
    cannot_meet: int | None = None
    t2_after_t1_no: int | None = None

    def at(self, horizon: Horizon) -> LabelSources:
        """Return the labels of one of the study's horizons."""
        found = self.t1 if horizon == "t1" else self.t2
        assert found is not None, "Results holds labels of each horizon"
        return found


class PredictorFacts(ResultsPart):
    """A predictor's dictionary entry, what is missing, and its spread over patients."""

    name: str
    label: str
    kind: str
    unit: str
    expected: str
    known_at: str
    transform: str
    codes: list[str]
    hint: str
    source: str
    n: int
    missing: int | None = Field(description="null: a centre does not tell")
    quartiles: tuple[float, float, float] | None = Field(
        default=None, description="of a number, rounded"
    )
    mean: float | None = Field(default=None, description="of a number, where no row was seen")
    sd: float | None = None
    shares: dict[str, int] = Field(default={}, description="of a category: patients of each")


class SizeRowFacts(ResultsPart):
    """What one count of the parameters asks for at one AUC."""

    counted: str
    parameters: Number
    c_statistic: float
    source: str
    needed: int | None
    expected_shrinkage: float | None


class SizeFacts(ResultsPart):
    """Whether the patients were enough, :class:`training.measures.sample_size.verdict.SizeVerdict`.

    The expected shrinkage is null where one class is absent.
    """

    n: int
    events: int
    parameters: int
    c_statistic: float
    needed: DevelopmentSize | None
    enough: bool
    expected_shrinkage: float | None
    text: str
    fitted: int | None = None
    effective: float | None = None
    rows: list[SizeRowFacts] = Field(default_factory=list)
