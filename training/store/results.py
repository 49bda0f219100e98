"""What one run found, as one typed document (``results.json``), read and written here alone.

It holds counts, summaries and digests; no id, prediction or row of a patient. A number that could
not be estimated is null; a part that was not computed is :class:`training.store.part.NotDone`,
with the reason and what would fill it.

The types lie in the store, below everyone who reads them: reports and updates make the document
(:mod:`training.report.results`); cards, gates, reviews and the service read it, and the service
must not load what makes it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Container
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, Field, ValidationError, model_validator

from features.errors import InputError, KetresponseError
from training.store.asked import (
    CohortFacts,
    FlowStep,
    LabelFacts,
    OutcomeCount,
    PredictorFacts,
    SizeFacts,
    StudyFacts,
)
from training.store.found import (
    Background,
    CalibrationFacts,
    DecisionCurve,
    ImportanceRow,
    InstabilityFacts,
    LearningRow,
    MetricTable,
    MissingOutcomes,
    NullTest,
    OptimismRow,
    OptimismTable,
    OtherPatients,
    OutcomeBlend,
    PowerRow,
    RiskBin,
    ScoreLabelFacts,
    SubgroupRow,
    UpdateFacts,
)
from training.store.headline import Finding
from training.store.optional.network_found import NETWORK, NetworkFacts
from training.store.optional.panel_found import PanelResults
from training.store.part import (
    Horizon,
    MetricRow,
    NotDone,
    OrNotDone,
    Outcome,
    ResultsPart,
    list_problems,
)

__all__ = [
    "RESULTS_FILE",
    "RESULTS_VERSION",
    "Results",
    "make_json_schema",
    "read_results",
    "write_results",
]

RESULTS_FILE = "results.json"
RESULTS_VERSION = 1

_BY_HORIZON = ("counts", "performance", "calibration", "decision", "missing_outcomes")


class Results(ResultsPart):
    """What the run found (results.json)."""

    schema_version: Literal[1]
    study: StudyFacts
    cohort: CohortFacts
    flow: list[FlowStep]
    counts: dict[Horizon, OutcomeCount]
    labels: LabelFacts
    score_labels: OrNotDone[ScoreLabelFacts]
    parameters: int
    predictors: list[PredictorFacts]
    sample_size: dict[Horizon, SizeFacts]
    power: dict[Horizon, list[PowerRow]] | None = None
    weighting: str
    performance: dict[Horizon, MetricTable]
    optimism: OrNotDone[dict[Horizon, OptimismTable]]
    calibration: dict[Horizon, CalibrationFacts]
    risks: dict[Horizon, list[RiskBin]] = Field(default_factory=dict)
    decision: dict[Horizon, OrNotDone[DecisionCurve]]
    instability: dict[Horizon, InstabilityFacts]
    rerun_failures: list[str] = Field(default_factory=list)
    learning_curve: OrNotDone[dict[Horizon, list[LearningRow]]] | None = None
    null_test: OrNotDone[NullTest]
    panel: OrNotDone[PanelResults] | None = None
    subgroups: OrNotDone[dict[Horizon, list[SubgroupRow]]]
    sites: OrNotDone[OtherPatients]
    missing_outcomes: dict[Horizon, MissingOutcomes]
    blend: dict[Outcome, OutcomeBlend]
    importance: list[ImportanceRow]
    background: Background
    notices: list[str]
    verdict: list[str]
    findings: dict[Horizon, Finding] | None = None
    headline: list[str] | None = Field(
        default=None, description="the result, one sentence for each horizon"
    )
    code_version: str
    versions: dict[str, str]
    update: UpdateFacts | None = None
    network: NetworkFacts | None = None

    @model_validator(mode="after")
    def _check_horizons(self) -> Self:
        """Refuse results in which a horizon of the study is left out of a part."""
        parts: dict[str, Container[str]] = {
            "study.outcomes": self.study.outcomes,
            "labels": {h for h in ("t1", "t2") if getattr(self.labels, h)},
            **{name: getattr(self, name) for name in _BY_HORIZON},
        }
        absent = [
            f"{name}.{h}" for name, part in parts.items() for h in self.horizons if h not in part
        ]
        if absent:
            raise ValueError(f"a part for each horizon of the study; missing: {', '.join(absent)}")
        return self

    @property
    def horizons(self) -> list[Horizon]:
        """The study's horizons, in order."""
        return self.study.horizons

    @property
    def made_of(self) -> set[str]:
        """What the model, or that which an update began with, is made of."""
        return {member.name for blend in self.blend.values() for member in blend.members}

    @property
    def by_evidence(self) -> bool:
        """Whether that is a model shrunk by evidence alone."""
        return self.made_of - {"prevalence"} == {"evidence"}

    @property
    def is_of_one_centre(self) -> bool:
        """Whether the model began as a network's, and is one centre's own by an update there."""
        if self.update is None or self.network is not None:
            return False
        left = any(outcome.method != "refit" for outcome in self.update.outcomes.values())
        return NETWORK in self.made_of or (left and bool(self.update.centre))

    def is_constant(self, horizon: Horizon) -> bool:
        """Whether everyone gets the same estimate at a horizon."""
        if self.findings is not None:
            return self.findings[horizon].constant
        parts = ["response", "kept"] if horizon == "t2" and "kept" in self.blend else ["response"]
        return all(part in self.blend and self.blend[part].constant for part in parts)

    @property
    def is_internal_external(self) -> bool:
        """Whether the other patients that it was tried in are those of its network's centres."""
        return not isinstance(self.sites, NotDone) and self.sites.kind == NETWORK

    def per_horizon(self, tell: Callable[[Horizon], str]) -> str:
        """Return one text for all horizons, each under its name."""
        return "; ".join(f"{h.upper()}: {tell(h)}" for h in self.horizons)

    def find_performance(self, horizon: Horizon, metric: str) -> MetricRow | None:
        """Return a measure, held out; None where there is none."""
        table = self.performance.get(horizon)
        return next((row for row in table.rows if row.metric == metric), None) if table else None

    def find_optimism(self, horizon: Horizon, metric: str) -> OptimismRow | None:
        """Return a measure, corrected for optimism; None where there is none."""
        table = None if isinstance(self.optimism, NotDone) else self.optimism.get(horizon)
        return next((row for row in table.rows if row.metric == metric), None) if table else None


def make_json_schema(document: type[BaseModel], title: str) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a document, as it is published."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        **{k: v for k, v in document.model_json_schema().items() if k != "title"},
    }


def write_results(results: Results, folder: Path) -> Path:
    """Write the document as :data:`RESULTS_FILE` into a folder."""
    path = folder / RESULTS_FILE
    text = json.dumps(results.to_json(), indent=1, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
    return path


def read_results(path: Path) -> Results:
    """Read what :func:`write_results` wrote.

    Raises
    ------
    KetresponseError
        If it cannot be read, is of another version, or does not fit: every place is named.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        version = content["schema_version"]
    except (OSError, ValueError, KeyError, TypeError) as err:
        raise KetresponseError(f"{path} does not hold a run's results") from err
    if version != RESULTS_VERSION:
        raise KetresponseError(
            f"the results in {path} are of version {version}; this version of ketresponse reads "
            f"version {RESULTS_VERSION}: train again"
        )
    try:
        return Results.model_validate(content)
    except ValidationError as err:
        raise InputError(
            f"{path} does not hold results as this version of ketresponse writes them; train "
            "again, or name the results.json of the model's own run",
            list_problems(err),
        ) from err
