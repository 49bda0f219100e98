"""What a share holds, and what a round asks: every number that leaves a centre stands here.

A count is None where it lies under the limit of the protocol, or would tell one that does. Lists
of coefficients begin with the intercept, then follow the columns of the protocol's basis.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "Ask",
    "Blended",
    "ColumnFamily",
    "CourseCount",
    "Expansion",
    "HomeEvaluation",
    "HomeLosses",
    "HomeShrinking",
    "InterceptPoint",
    "NumberSummary",
    "OutcomeAsk",
    "OutcomeShare",
    "OutcomeBin",
    "RiskGroup",
    "ShareContent",
    "SharedSummary",
    "name_setting",
]

ColumnFamily = Literal["straight", "bends"]
"""Which columns of the basis take part: the straight ones, or all."""


def name_setting(family: str, prior_sd: float) -> str:
    """Return how a family and a prior standard deviation are named in losses."""
    return f"{family} {prior_sd:g}"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class CourseCount(_Part):
    """Courses of a horizon: with a known outcome, responders among them, outcome unknown."""

    n: int | None
    events: int | None
    unknown: int | None


class NumberSummary(_Part):
    """A numeric predictor: mean, standard deviation, and counts between agreed edges.

    Where bins were too small they are joined: `edges` has one more entry than `counts`.
    """

    mean: float
    sd: float
    edges: list[float]
    counts: list[int]


class SharedSummary(_Part):
    """A predictor at a centre: patients with and without a value, and how they are spread."""

    name: str
    n: int | None
    missing: int | None
    number: NumberSummary | None = None
    shares: dict[str, int | None] | None = None


class Expansion(_Part):
    """A log-likelihood, its gradient and its curvature, at coefficients, in one family's columns.

    The first of each is the intercept. The curvature is None in rounds that tell none. `others`
    are the coefficients of the columns that were asked and are not told, which may not leave: they
    stood so when the log-likelihood was computed.
    """

    family: ColumnFamily
    at: list[float]
    others: list[float] = Field(default_factory=list)
    value: float
    gradient: list[float]
    curvature: list[list[float]] | None


class HomeLosses(_Part):
    """Log loss, in nats over all patients, of models that a centre had no part in, by setting."""

    prevalence: float
    settings: dict[str, float]


class HomeShrinking(_Part):
    """The loss of one such model drawn toward the prevalence, at every weight."""

    losses: list[float]
    intercepts: list[float]
    squares: float


class InterceptPoint(_Part):
    """First derivative and curvature of the log-likelihood in the intercept alone."""

    at: float
    gradient: float
    curvature: float


class OutcomeShare(_Part):
    """What a centre tells of one outcome.

    `withheld` says in words why its slopes do not take part; empty where they do.
    """

    n: int | None
    events: int | None
    withheld: str = ""
    likelihood: Expansion | None = None
    losses: HomeLosses | None = None
    shrinking: HomeShrinking | None = None
    blended: InterceptPoint | None = None


class OutcomeBin(_Part):
    """Patients of one outcome between two risks: how many, and the sum of their risks."""

    low: float
    high: float
    n: int
    expected: float


class RiskGroup(_Part):
    """Patients between two risks: how many, how many responded, and how many were expected to.

    `responders` and `others` are the same patients, in bins of each outcome's own.
    """

    low: float
    high: float
    n: int
    events: int
    expected: float
    responders: list[OutcomeBin]
    others: list[OutcomeBin]


class HomeEvaluation(_Part):
    """How the model made without a centre did there. Estimates are None where too few are.

    `_se` of the AUC is of its logit, of O:E of its logarithm, as sites are pooled. In every measure
    patients who were seen stand for those alike who were not; `n`, `events` and groups are counts,
    in which a responder stands for `responder_weight` patients and so many are left to the others
    that all are `n`.
    """

    n: int
    events: int
    auc: float | None = None
    auc_se: float | None = None
    o_e: float | None = None
    o_e_se: float | None = None
    slope: float | None = None
    slope_se: float | None = None
    intercept: float | None = None
    intercept_se: float | None = None
    brier: float
    brier_se: float
    brier_prevalence: float
    brier_skill: float
    brier_skill_se: float
    groups: list[RiskGroup]
    responder_weight: float = 1.0
    note: str = ""


class ShareContent(_Part):
    """All that a centre tells in one round.

    `patients` is None where noise is added and the number was told before.
    """

    round: int = Field(ge=1)
    patients: int | None
    synthetic: bool
    counts: dict[str, CourseCount] = Field(default_factory=dict)
    summaries: list[SharedSummary] = Field(default_factory=list)
    outcomes: dict[str, OutcomeShare]
    evaluation: dict[str, HomeEvaluation] = Field(default_factory=dict)
    noise: str = ""
    remarks: list[str] = Field(default_factory=list)


class Blended(_Part):
    """Coefficients after the blend with the prevalence, and each centre's intercept for them."""

    coef: list[float]
    intercepts: dict[str, float]


class OutcomeAsk(_Part):
    """Where the log-likelihood of one outcome is asked, and of which models the loss.

    Attributes
    ----------
    family : {"straight", "bends"}
        The columns asked for; `coef` has all columns of the basis.
    intercepts : dict of str to float
        Each centre's.
    losses : dict
        By centre and setting, the coefficients of the model made without it.
    shrinking : dict
        By centre, the coefficients of the chosen model made without it.
    blended : Blended or None
        Where the intercepts of the blended model are asked.
    """

    family: ColumnFamily
    intercepts: dict[str, float]
    coef: list[float]
    losses: dict[str, dict[str, list[float]]] = Field(default_factory=dict)
    shrinking: dict[str, list[float]] = Field(default_factory=dict)
    blended: Blended | None = None


class Ask(_Part):
    """What the lead asks of the centres in a round from the second on.

    Attributes
    ----------
    evaluated : dict
        By centre and outcome ("response", "kept"), intercept and coefficients of the model made
        without that centre, as for a new one.
    base_rates : dict
        By centre and horizon, the share of responders at the other centres.
    dropped : dict
        Centres that no longer take part, and why.
    """

    round: int = Field(ge=2)
    outcomes: dict[str, OutcomeAsk]
    evaluated: dict[str, dict[str, list[float]]] = Field(default_factory=dict)
    base_rates: dict[str, dict[str, float]] = Field(default_factory=dict)
    dropped: dict[str, str] = Field(default_factory=dict)
