"""What a run found about the microRNA panel."""

from __future__ import annotations

from typing import Literal

from training.store.asked import SizeFacts
from training.store.part import Horizon, ResultsPart

__all__ = ["PanelAssay", "PanelResults"]


class AddedValueRow(ResultsPart):
    """A measure without (`first`) and with the panel (`second`), in the same patients."""

    metric: str
    first: float | None
    first_low: float | None
    first_high: float | None
    second: float | None
    second_low: float | None
    second_high: float | None
    difference: float | None
    low: float | None
    high: float | None
    n_failed: int | None = None


class GainRow(ResultsPart):
    """Net benefit without and with the panel, at a threshold."""

    threshold: float
    clinical: float | None
    panel: float | None
    difference: float | None
    low: float | None
    high: float | None


class PanelCandidateRow(ResultsPart):
    """A candidate of the panel's score."""

    candidate: str = ""
    label: str
    weight: float
    mean_weight: float | None
    share_used: float | None
    auc: float | None
    share_constant: float | None


class PanelAssay(ResultsPart):
    """A single assay beside the clinical estimate."""

    assay: str
    odds_ratio: float | None
    low: float | None
    high: float | None
    z: float | None = None
    p_value: float | None
    q_value: float | None
    detected: float | None
    half_samples: float | None
    folds: float | None
    coefficient: float | None


class PanelSize(ResultsPart):
    """How many parameters the patients with a panel bear."""

    verdict: SizeFacts | None
    parameters_borne: int
    text: str


class PanelCounts(ResultsPart):
    """Panels, patients and assays, :class:`training.evaluation.panel.PanelEvaluation`."""

    panels: int | None = None
    without_course: int | None = None
    in_cohort: int | None = None
    known: int
    events: int
    not_normalised: int | None = None
    unknown_timing: int | None = None
    assays: int
    kept: int | None = None
    folds: int | None = None
    failed: int | None = None


class PanelResults(ResultsPart):
    """Whether the panel adds anything, in the same patients, and which assays."""

    done: Literal[True]
    found: Literal["found", "not_shown", "nothing", "too_few"]
    verdict: str
    counts: PanelCounts
    sample_size: PanelSize
    added_value: dict[Horizon, list[AddedValueRow]]
    net_benefit: dict[Horizon, list[GainRow]]
    candidates: list[PanelCandidateRow]
    assays: list[PanelAssay]
