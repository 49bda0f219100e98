"""What a network of centres found: who brought what, and by how much centres differ."""

from __future__ import annotations

from types import MappingProxyType

from pydantic import Field

from training.store.part import EstimateRow, Horizon, Outcome, ResultsPart

__all__ = [
    "CENTRE_MEASURES",
    "NEEDS_ROWS",
    "NETWORK",
    "ONE_CENTRE",
    "CentreFacts",
    "CentrePerformanceFacts",
    "CentrePredictorFacts",
    "NetworkFacts",
    "NetworkOutcomeFacts",
    "PooledMeasureFacts",
    "TauFacts",
]

NETWORK = "network"
"""What the model of all centres is called in a blend, and its run's kind."""
ONE_CENTRE = "network_centre"
"""What it is called in a blend once it was updated at one centre, and is that centre's alone."""

CENTRE_MEASURES = MappingProxyType(
    {"auc": "AUC", "o_e": "O:E", "slope": "calibration slope", "brier_skill": "Brier skill"}
)
"""What is told of each centre, in plain words; all but the last have a forest plot."""

NEEDS_ROWS = "it asks for the rows of all patients in one place, and each centre keeps its own"
"""Why a network cannot compute what reruns a procedure on patients."""


class CentreCountFacts(ResultsPart):
    """Patients of a centre at a horizon; null where fewer than the agreed least cell."""

    n: int | None = Field(description="with a known outcome")
    events: int | None
    unknown: int | None = None


class CentreFacts(ResultsPart):
    """What a centre brought."""

    name: str
    counts: dict[Horizon, CentreCountFacts]
    withheld: dict[Outcome, str] = Field(
        default_factory=dict, description="outcomes of which it shared counts alone, and why"
    )
    dropped: str = Field(default="", description="why its patients do not count; empty: they do")

    @property
    def counts_for(self) -> bool:
        """Whether its patients stand behind the model."""
        return not self.dropped


class CentrePredictorFacts(ResultsPart):
    """A predictor at a centre: a cell of the table of patients by centre.

    Null where fewer patients stand behind a number than the agreed least cell.
    """

    centre: str
    predictor: str
    n: int | None = Field(description="patients of whom it is known")
    missing: int | None = None
    mean: float | None = None
    sd: float | None = None
    counts: dict[str, int | None] = Field(
        default_factory=dict, description="patients of each category, or between agreed numbers"
    )


class ShareFacts(ResultsPart):
    """A file that a centre shared, by its digest; the file itself is kept with the run."""

    centre: str
    round: int
    sha256: str


class TriedSettingFacts(ResultsPart):
    """A family and penalty, and how it did at centres that had no part in the fit."""

    family: str
    prior_sd: float | None
    deviance: float | None = Field(description="of the left-out centres' patients, summed")
    prevalence: float | None = Field(description="the same of the others' share of events")


class TauFacts(EstimateRow):
    """A standard deviation between centres, in log-odds, with its 95% interval."""

    p_value: float | None = Field(default=None, description="of no difference between centres")


class NetworkOutcomeFacts(ResultsPart):
    """How one outcome was fitted over centres."""

    n: int
    events: int
    centres: list[str] = Field(description="those whose slopes count")
    family: str
    prior_sd: float | None
    weight: float = Field(description="of the model in its blend with the share of events")
    settings: list[TriedSettingFacts]
    tau_intercept: TauFacts | None = None
    tau_slope: TauFacts | None = None
    random_slopes: bool
    change: float | None = Field(description="largest change of a coefficient in the last round")
    reason: str = Field(default="", description="why everyone gets the same; empty: they do not")


class CentrePerformanceFacts(ResultsPart):
    """How a centre's patients were told by the model that was made without them."""

    centre: str
    n: int | None
    events: int | None
    measures: dict[str, EstimateRow]
    note: str = ""


class PooledMeasureFacts(EstimateRow):
    """A measure over centres by random effects, with where a further centre is expected."""

    measure: str
    centres: int
    prediction_low: float | None = None
    prediction_high: float | None = None
    tau2: float | None = None
    i2: float | None = None
    q_p_value: float | None = None
    note: str = ""


class NetworkFacts(ResultsPart):
    """Who the centres of a network are, what each shared, and how they differ."""

    protocol_sha256: str
    lead: str
    lead_key: str
    planned: int = Field(description="rounds that the protocol agrees on")
    rounds: int = Field(description="rounds that were done")
    centres: list[CentreFacts]
    shares: list[ShareFacts]
    patients: list[CentrePredictorFacts]
    outcomes: dict[Outcome, NetworkOutcomeFacts]
    performance: dict[Horizon, list[CentrePerformanceFacts]]
    pooled: dict[Horizon, list[PooledMeasureFacts]]
    untold: dict[Horizon, list[float]] = Field(
        default_factory=dict, description="thresholds of the range without a net benefit"
    )
    flags: list[str] = Field(description="what about a centre is unlike the others")
    lacks: list[str] = Field(description="what fewer rounds than six leave out")
    cell: int = Field(description="fewest patients that a number may stand for")
    round_words: list[str] = Field(description="what each round shares, as the centres read it")
    limits: list[str] = Field(description="what no share may hold")
    noise: str = Field(description="what was added to the shares, and what it costs; or that none")
    remarks: list[str] = Field(description="what centres say of their shares")

    @property
    def names(self) -> list[str]:
        """The centres whose patients stand behind the model."""
        return [centre.name for centre in self.centres if centre.counts_for]
