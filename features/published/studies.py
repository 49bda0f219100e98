"""The published studies of ketamine in CRPS, typed, with their doubts.

They carry what two reviews print on each, with units read and checked, and every known
contradiction as a note. `training.measures.pooling.meta_analysis` pools them.

References
----------
Zhao 2018, doi:10.1007/s11916-018-0664-x. Chitneni 2021, doi:10.7759/cureus.18910. Sigtermans 2009,
doi:10.1016/j.pain.2009.06.023.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from pydantic import TypeAdapter

from features.published.references import STRICT, Reference, read_data

__all__ = ["Dose", "PainScore", "PublishedStudy", "read_studies"]


_MG_H_AT_70_KG = {"mg/h": 1.0, "mg/kg/h": 70.0, "mg/day": 1 / 24}


@dataclass(frozen=True)
class Dose:
    """A dose as a review prints it.

    Attributes
    ----------
    low, high : float
        Range, in `unit`; equal where one dose or a mean is printed.
    sd : float or None
        Spread around a mean dose, in `unit`.
    unit : str
        Unit as read here. mg/dl is a plasma concentration, not a dose.
    printed_unit : str
        Unit as printed; another than `unit` where the print is wrong or says more.
    """

    __pydantic_config__ = STRICT

    low: float
    high: float
    sd: float | None
    unit: Literal["mg/h", "mg/kg/h", "mg/day", "mg/kg/infusion", "mg/dl"]
    printed_unit: str

    @property
    def mg_h_at_70_kg(self) -> tuple[float, float] | None:
        """The range as a rate for 70 kg body weight, in mg/h; None where it is no rate."""
        factor = _MG_H_AT_70_KG.get(self.unit)
        return None if factor is None else (self.low * factor, self.high * factor)


@dataclass(frozen=True)
class PainScore:
    """A mean pain score with its spread.

    Attributes
    ----------
    mean, spread : float
        In points of a scale from 0 to `scale_max`. Zhao 2018 takes every spread as an SD.
    spread_read_as : {"SD", "SEM"}
        What the spread is in our reading. SEM is certain for Sigtermans 2009, whose own report
        says so; elsewhere it follows from the size of the number.
    scale_max : {10, 100}
        Highest score of the scale.
    """

    __pydantic_config__ = STRICT

    mean: float
    spread: float
    spread_read_as: Literal["SD", "SEM"]
    scale_max: Literal[10, 100]


@dataclass(frozen=True)
class ResponderShare:
    """A share of patients, in percent as printed.

    Attributes
    ----------
    percent : float
        0 to 100.
    events : int
        The whole number of patients nearest to it.
    whole_count : {"rounded", "truncated", "no"}
        Whether `events` patients give the printed percentage by rounding, only by cutting
        digits off, or not at all: then the print cannot be a share of these patients.
    """

    __pydantic_config__ = STRICT

    percent: float
    events: int
    whole_count: Literal["rounded", "truncated", "no"]


@dataclass(frozen=True)
class DiseaseDuration:
    """Mean time since the start of CRPS. `unit` is our reading, `printed_unit` the review's."""

    __pydantic_config__ = STRICT

    mean: float
    sd: float | None
    printed_unit: Literal["months", "years"]
    unit: Literal["months", "years", "doubtful"]

    @property
    def years(self) -> float | None:
        """The mean in years; None where the unit is in doubt."""
        return {"months": self.mean / 12, "years": self.mean}.get(self.unit)


@dataclass(frozen=True)
class ZhaoRow:
    """A row of Table 1 of Zhao 2018.

    Attributes
    ----------
    row, reference : int
        Position in the table, and the study's number in the list of references.
    n, n_alternative, men : int or None
        Patients; a second number of patients where the review prints or implies one; men.
    infusion_days : float or None
        Days of infusion; None where the print cannot be days.
    immediate, follow_up, no_effect : ResponderShare or None
        Relief of at least 30% at the end of treatment and at 1 to 3 months; no effect.
    cited_for_immediate, cited_for_follow_up : bool
        Whether the text cites the study among those it pooled.
    said_left_out_of_immediate : bool
        Whether the text says that it was left out all the same.
    """

    __pydantic_config__ = STRICT

    row: int
    reference: int
    drug_as_printed: Literal["s_ketamine", "racemic_ketamine"]
    dose: Dose
    infusion_days: float | None
    n: int
    n_alternative: int | None
    men: int | None
    weight_mean_kg: float | None
    weight_sd_kg: float | None
    age_mean_years: float | None
    age_sd_years: float | None
    disease_duration: DiseaseDuration | None
    baseline: PainScore | None
    end: PainScore | None
    immediate: ResponderShare | None
    follow_up: ResponderShare | None
    no_effect: ResponderShare | None
    cited_for_immediate: bool
    said_left_out_of_immediate: bool
    cited_for_follow_up: bool
    side_effects: tuple[str, ...]


@dataclass(frozen=True)
class ChitneniRow:
    """A row of Table 1 of Chitneni 2021.

    Attributes
    ----------
    row, reference_as_printed, reference : int
        Position in the table; the reference number printed there, and the one that is meant.
    n, women, men : int or None
        Patients as printed.
    age_low_years, age_high_years : float or None
        Youngest and oldest patient.
    follow_up_days : float
        Days; 0.125 is 3 hours.
    """

    __pydantic_config__ = STRICT

    row: int
    reference_as_printed: int
    reference: int
    design: Literal[
        "randomised trial", "open-label", "cohort", "observational", "retrospective", "experiment"
    ]
    n: int
    women: int | None
    men: int | None
    age_mean_years: float | None
    age_sd_years: float | None
    age_low_years: float | None
    age_high_years: float | None
    follow_up_days: float
    infusion: str
    dose: Dose
    pain_relief: Literal["yes", "no", "threshold only"]
    function_gain: Literal["yes", "no", "not told"]


@dataclass(frozen=True)
class PublishedStudy:
    """One published study, as the reviews give it.

    Attributes
    ----------
    key : str
        Stable short name.
    reference : Reference
        The study's own paper.
    drug : {"s_ketamine", "racemic_ketamine", "unstated"}
        What the papers at hand back, not what one review's column says.
    anaesthetic_dose, under_18, mixed_pain : bool
        Whether the dose reached anaesthesia, patients under 18 were among the treated, and
        patients without CRPS are, or may be, among those counted.
    same_trial_as, may_share_patients_with : tuple of str
        Keys of other studies of the same patients, certain and suspected.
    zhao, chitneni : ZhaoRow, ChitneniRow or None
        What each review prints; None where it does not list the study.
    notes : tuple of str
        Every known contradiction or doubt.
    """

    __pydantic_config__ = STRICT

    key: str
    reference: Reference
    drug: Literal["s_ketamine", "racemic_ketamine", "unstated"]
    anaesthetic_dose: bool
    under_18: bool
    mixed_pain: bool
    same_trial_as: tuple[str, ...]
    may_share_patients_with: tuple[str, ...]
    zhao: ZhaoRow | None
    chitneni: ChitneniRow | None
    notes: tuple[str, ...]


@lru_cache(maxsize=1)
def read_studies() -> tuple[PublishedStudy, ...]:
    """Return every study of Table 1 of Zhao 2018 (15) and of Chitneni 2021 (14): 17 in all.

    Returns
    -------
    tuple of PublishedStudy
        By year.
    """
    return TypeAdapter(tuple[PublishedStudy, ...]).validate_json(
        read_data("published_studies.json")
    )
