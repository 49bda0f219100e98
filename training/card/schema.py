"""The shape of a card's body, and the JSON Schema that is published from it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["CARD_VERSION", "CardDocument", "make_json_schema"]

CARD_VERSION = 1
"""Raised when a card written by earlier code could no longer be read, or read otherwise."""

Horizon = Literal["t1", "t2"]
Share = float


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Model(_Strict):
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


class Plain(_Strict):
    """What a reader must know first, in plain words."""

    what: str
    whom: str
    how_sure: list[str]
    when_not: list[str]


class FieldAnswer(_Strict):
    """One field of TRIPOD+AI, CHAI, HTI-1 or of this project, answered."""

    table: Literal["TRIPOD+AI", "CHAI", "HTI-1", "ketresponse"]
    id: str
    title: str
    place: str
    answer: str
    status: Literal["filled", "not available", "missing"]
    by: Literal["run", "author"]
    missing: list[str]


class BaseRateRow(_Strict):
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


class KnownPredictor(_Strict):
    """What is published on a candidate predictor, and this model's use of it."""

    matter: str
    finding: str
    strength: str
    source: str
    shares: dict[Horizon, float | None]


class Safety(_Strict):
    """How often something unwanted was seen: context, never a prediction."""

    matter: str
    setting: str
    events: int
    n: int
    placebo_events: int | None
    placebo_n: int | None
    source: str
    note: str


class Change(_Strict):
    """One difference from another version."""

    part: Literal["data", "predictors", "performance", "gates", "model", "author"]
    what: str
    before: str
    after: str


class Parent(_Strict):
    """The version before this one."""

    model: str
    card_sha256: str
    changes: list[Change]


class Results(BaseModel):
    """What the run found (results.json), as it is; further parts may be added."""

    model_config = ConfigDict(extra="allow")

    schema_version: int
    study: dict[str, Any]
    cohort: dict[str, Any]
    flow: list[dict[str, Any]]
    counts: dict[Horizon, dict[str, float]]
    labels: dict[str, Any]
    score_labels: dict[str, Any]
    parameters: int
    weighting: str
    predictors: list[dict[str, Any]]
    sample_size: dict[Horizon, dict[str, Any]]
    performance: dict[Horizon, dict[str, Any]]
    optimism: dict[str, Any]
    calibration: dict[Horizon, dict[str, Any]]
    decision: dict[Horizon, dict[str, Any]]
    instability: dict[Horizon, dict[str, Any]]
    null_test: dict[str, Any]
    subgroups: dict[str, Any]
    sites: dict[str, Any]
    missing_outcomes: dict[Horizon, dict[str, Any]]
    blend: dict[str, dict[str, Any]]
    importance: list[dict[str, Any]]
    background: dict[str, Any]
    notices: list[str]
    verdict: list[str]
    code_version: str
    versions: dict[str, str]


class Body(_Strict):
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
    gate_settings: dict[str, float]
    parent: Parent | None
    results: Results


class CardDocument(_Strict):
    """A model card."""

    schema_version: Literal[1]
    body: Body


def make_json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of card.json; published as model_card.schema.json."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "ketresponse model card",
        **{k: v for k, v in CardDocument.model_json_schema().items() if k != "title"},
    }
