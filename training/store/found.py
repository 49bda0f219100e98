"""What a run found: how the procedure does, what the model is made of and what moves it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from training.store.asked import OutcomeCount
from training.store.part import EstimateRow, Horizon, MetricRow, Outcome, ResultsPart

__all__ = [
    "Background",
    "BenefitRow",
    "BlendMember",
    "CalibrationFacts",
    "CalibrationGroup",
    "DecisionCurve",
    "FlipRow",
    "ImportanceRow",
    "InstabilityFacts",
    "LearningRow",
    "MetricTable",
    "MissingOutcomes",
    "NullTest",
    "OptimismRow",
    "OptimismTable",
    "OtherPatients",
    "OtherPatientsRow",
    "OutcomeBlend",
    "PowerRow",
    "RiskBin",
    "ScoreLabelFacts",
    "SubgroupRow",
    "UpdateFacts",
    "UpdatedOutcome",
]


class MetricTable(ResultsPart):
    """Performance at a horizon, and what its intervals are."""

    interval: str
    rows: list[MetricRow]


class OptimismRow(ResultsPart):
    """A measure of performance, corrected for optimism; the interval is the corrected value's."""

    metric: str
    apparent: float | None = None
    optimism: float | None = None
    corrected: float | None = None
    low: float | None = None
    high: float | None = None
    left_out: float | None = Field(default=None, description="in patients whom a resample left out")
    corrected_632: float | None = Field(default=None, description="by the .632+ rule")
    n_succeeded: int | None = None
    n_resamples: int | None = None
    note: str = ""

    @property
    def interval(self) -> EstimateRow:
        """The corrected value with its interval."""
        return EstimateRow(estimate=self.corrected, low=self.low, high=self.high)


class OptimismTable(ResultsPart):
    """Optimism at a horizon, and what its intervals are."""

    interval: str
    rows: list[OptimismRow]


class ScoreLabelFacts(ResultsPart):
    """What labels from scores alone make of the study."""

    done: Literal[True]
    changed: dict[Horizon, int]
    counts: dict[Horizon, OutcomeCount]
    performance: dict[Horizon, list[MetricRow]]


class CalibrationGroup(ResultsPart):
    """Patients of like predicted risk."""

    predicted: float
    observed: float
    low: float
    high: float
    n: int


class CalibrationPoint(ResultsPart):
    """A point of the smooth calibration curve."""

    risk: float
    observed: float | None = None
    low: float | None = None
    high: float | None = None


class CalibrationFacts(ResultsPart):
    """Observed against predicted, at a horizon."""

    groups: list[CalibrationGroup]
    curve: list[CalibrationPoint]
    summary: list[MetricRow]


class RiskBin(ResultsPart):
    """Patients by predicted risk and outcome."""

    low: float
    high: float
    events: int
    non_events: int
    unknown: int


class BenefitRow(ResultsPart):
    """Net benefit at a threshold."""

    threshold: float
    net_benefit: float
    net_benefit_low: float | None = None
    net_benefit_high: float | None = None
    treat_all: float
    treat_all_low: float | None = None
    treat_all_high: float | None = None
    treat_none: float
    avoided_per_100: float | None = None
    avoided_per_100_low: float | None = None
    avoided_per_100_high: float | None = None

    @property
    def gain(self) -> float:
        """What the model adds to the better of treating all and none."""
        return self.net_benefit - max(self.treat_all, self.treat_none)


class ThresholdRow(ResultsPart):
    """Who is told apart at a threshold."""

    threshold: float
    share_positive: float | None = None
    sensitivity: float | None = None
    sensitivity_low: float | None = None
    sensitivity_high: float | None = None
    specificity: float | None = None
    specificity_low: float | None = None
    specificity_high: float | None = None
    ppv: float | None = None
    ppv_low: float | None = None
    ppv_high: float | None = None
    npv: float | None = None
    npv_low: float | None = None
    npv_high: float | None = None


class DecisionCurve(ResultsPart):
    """Net benefit over the study's range of thresholds, at a horizon."""

    done: Literal[True]
    range: tuple[float, float]
    rows: list[BenefitRow]
    thresholds: list[ThresholdRow] = Field(default_factory=list)


class QuantileRow(ResultsPart):
    """How a number spreads over bootstrap reruns, at a predicted risk."""

    risk: float | None = None
    low: float | None = None
    q1: float | None = None
    median: float | None = None
    q3: float | None = None
    high: float | None = None


class PredictionSpread(QuantileRow):
    """Estimates of patients of like risk, over reruns."""

    n: int
    mean_absolute_prediction_error: float | None = None


class CurveSpread(QuantileRow):
    """Calibration curves, over reruns."""

    n_curves: int | None = None


class FlipRow(ResultsPart):
    """Patients whom a rerun puts on the other side of a threshold."""

    threshold: float
    share_positive: float | None = None
    classification_instability: float | None = None
    unstable_patients: float | None = None


class InstabilityFacts(ResultsPart):
    """How far estimates move when the whole procedure is rerun, at a horizon."""

    mean_absolute_prediction_error: float | None
    p90_prediction_error: float | None = None
    n_resamples: float
    predictions: list[PredictionSpread] = Field(default_factory=list)
    classification: list[FlipRow] | None = Field(default=None, description="null: no thresholds")
    calibration: list[CurveSpread] | None = None


class LearningRow(ResultsPart):
    """Performance with a part of the patients."""

    n: float
    auc: float | None = None
    auc_low: float | None = None
    auc_high: float | None = None
    brier_skill: float | None = None
    brier_skill_low: float | None = None
    brier_skill_high: float | None = None


class PowerRow(ResultsPart):
    """How often a study like this one finds a model that ranks patients with this AUC."""

    auc: float
    power: float | None = Field(default=None, description="lower limit of the Brier skill above 0")
    mc_error: float | None = None
    n_studies: int


class NullRow(ResultsPart):
    """A model on permuted outcomes."""

    model: str
    horizon: Horizon
    auc: float | None
    mc_error: float | None = None
    n_permutations: int
    share_constant: float | None = None
    verdict: str

    @property
    def judged(self) -> bool:
        """Whether there is anything to judge: a constant ranks nobody."""
        return self.verdict != "constant"


class NullTest(ResultsPart):
    """The whole procedure on outcomes dealt out at random."""

    done: Literal[True]
    n_permutations: int
    rows: list[NullRow]


class SubgroupRow(ResultsPart):
    """Performance in a subgroup; null where it is too small."""

    variable: str
    subgroup: str
    n: int
    events: int
    auc: float | None = None
    auc_low: float | None = None
    auc_high: float | None = None
    o_e: float | None = None
    o_e_low: float | None = None
    o_e_high: float | None = None
    note: str = ""

    @property
    def smaller_class(self) -> int:
        """Responders or nonresponders, whichever are fewer."""
        return min(self.events, self.n - self.events)


class OtherPatientsRow(EstimateRow):
    """A measure in patients of other sites or cohorts."""

    horizon: Horizon
    measure: str


class OtherPatients(ResultsPart):
    """How the model or its procedure does in other patients."""

    done: Literal[True]
    kind: str = ""
    run_id: str = ""
    text: str
    o_e: dict[Horizon, float | None]
    rows: list[OtherPatientsRow] = Field(default_factory=list)


class BoundRow(ResultsPart):
    """What unknown outcomes could change about a result."""

    metric: str
    known: float | None = None
    lowest: float | None = None
    highest: float | None = None


class MissingOutcomes(ResultsPart):
    """Unknown outcomes of a horizon, and the bounds of each result over whatever they are."""

    unknown: int
    rows: list[BoundRow]


class BlendMember(ResultsPart):
    """A candidate in the blend."""

    name: str
    label: str
    weight: float
    setting: str
    log_loss: float | None
    constant: bool


class OutcomeBlend(ResultsPart):
    """What the model of an outcome is made of."""

    members: list[BlendMember]
    slope: float
    reason: str
    constant: bool


class ImportanceRow(ResultsPart):
    """How much a predictor moves the estimate."""

    predictor: str
    horizon: Horizon
    mean_absolute_contribution: float


class Background(ResultsPart):
    """The rows that contributions are measured against: nobody."""

    rows: int
    how: str


class UpdatedOutcome(ResultsPart):
    """What an update did to an outcome."""

    method: str
    words: str
    n: int
    events: int


class UpdateFacts(ResultsPart):
    """Which version was updated, and how.

    `centre` is whose model it became, where the version was of several centres; `is_known`, whether
    that version was learnt from this centre too.
    """

    parent: str
    parent_digest: str
    alpha: float
    outcomes: dict[Outcome, UpdatedOutcome]
    centre: str = ""
    is_known: bool = False
