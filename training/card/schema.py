"""The shape of a card; `model_card.schema.json` is published from it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from training.store.part import Horizon, ResultsPart
from training.store.results import Results

__all__ = [
    "CARD_VERSION",
    "OWN_RATE",
    "BaseRateRow",
    "Body",
    "CardDocument",
    "Change",
    "FieldAnswer",
    "GateSettings",
    "KnownPredictor",
    "Model",
    "Parent",
    "Part",
    "Plain",
    "Safety",
    "Status",
    "Table",
]

CARD_VERSION = 1
"""Raised when a card written by earlier code could no longer be read, or read otherwise."""

OWN_RATE = "the run"
"""The source of the cohort's own share of responders, beside published ones."""

Part = Literal["data", "predictors", "model", "performance", "gates", "author"]
"""Of a card, in the order in which a reviewer reads what changed."""

Status = Literal["filled", "not available", "missing"]
Table = Literal["TRIPOD+AI", "CHAI", "HTI-1", "ketresponse"]
Share = float


class Model(ResultsPart):
    """Which model this is."""

    name: str
    version: str
    digest: str = Field(description="SHA-256 of the artifact (model and facts)")
    run_id: str | None = Field(description="the tracked run that every number comes from")
    created: str = Field(description="ISO date")
    submodel: str
    synthetic: bool
    code_version: str
    versions: dict[str, str]
    study_sha256: str
    cohort_sha256: str
    training_ranges: dict[str, Any]


class Plain(ResultsPart):
    """What a reader must know first, in plain words."""

    what: str
    whom: str
    how_sure: list[str]
    when_not: list[str]


class FieldAnswer(ResultsPart):
    """One field of TRIPOD+AI, CHAI, HTI-1 or of this project, answered."""

    table: Table
    id: str
    title: str
    place: str
    answer: str
    status: Status
    by: Literal["run", "author"]
    missing: list[str]


class BaseRateRow(ResultsPart):
    """A share of responders, of this cohort or published."""

    horizon: Horizon
    what: str
    rate: Share = Field(ge=0, le=1)
    low: Share
    high: Share
    n: int | None
    events: int | None
    source: str
    note: str


class KnownPredictor(ResultsPart):
    """What is published on a candidate predictor, and this model's use of it."""

    matter: str
    finding: str
    strength: str
    source: str
    shares: dict[Horizon, float | None]


class Safety(ResultsPart):
    """How often something unwanted was seen: context, never a prediction."""

    matter: str
    setting: str
    events: int
    n: int
    placebo_events: int | None
    placebo_n: int | None
    source: str
    note: str


class Change(ResultsPart):
    """One difference from another version."""

    part: Part
    what: str
    before: str
    after: str


class Parent(ResultsPart):
    """The version before this one."""

    model: str
    card_sha256: str
    changes: list[Change]


class GateSettings(ResultsPart):
    """Thresholds of the gates."""

    null_low: float = Field(default=0.45, description="limits of the mean AUC on permuted outcomes")
    null_high: float = 0.55
    permutations: int = Field(default=100, description="from which a null test counts")
    slope_low: float = Field(default=0.8, description="limits of the corrected slope")
    slope_high: float = 1.2
    log_o_e: float = Field(default=0.2, description="largest |log O:E| in other patients")
    instability: float = Field(default=0.10, description="largest mean absolute prediction error")
    per_class: int = Field(
        default=10, description='events, and non-events, under which a subgroup is "not estimable"'
    )
    suspicious_auc: float = Field(default=0.85, description="above which leakage is looked for")


class Body(ResultsPart):
    """What reviewers sign: everything but approvals, waivers and history."""

    model: Model
    plain: Plain
    statements: list[str]
    flags: list[str]
    author: dict[str, str | list[str]]
    fields: list[FieldAnswer]
    base_rates: list[BaseRateRow]
    known_predictors: list[KnownPredictor]
    contradictions: list[str]
    limitations: list[str]
    safety: list[Safety]
    gate_settings: GateSettings
    parent: Parent | None
    results: Results


class CardDocument(ResultsPart):
    """A model card."""

    schema_version: Literal[1]
    body: Body
