"""What is published on the response to ketamine in CRPS, typed, with its sources and doubts.

An estimate means something only beside how many respond anyway. Two kinds of rate are kept apart:
:data:`BASE_RATES` are counts from Mangnus 2021, the one cohort whose treatment, population and
label are those of this project; :func:`read_pooled_rates` gives the pooled rates of Zhao 2018, as
printed and as they come out of the studies that the paper names. The latter are context: their
label (relief of at least 30%) is another one, and their studies mix drugs, doses and ages.

The studies (:func:`read_studies`) carry what the two reviews print on each, with units read and
checked, and every known contradiction as a note. `training.measures.meta_analysis` pools them.

References
----------
Mangnus 2021, doi:10.1111/papr.13056. Zhao 2018, doi:10.1007/s11916-018-0664-x. Chitneni 2021,
doi:10.7759/cureus.18910. Sigtermans 2009, doi:10.1016/j.pain.2009.06.023.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

from pydantic import ConfigDict, TypeAdapter

from features.shares import compute_wilson_interval

__all__ = [
    "BASE_RATES",
    "CHITNENI",
    "MANGNUS",
    "SAFETY_FACTS",
    "SIGTERMANS",
    "ZHAO",
    "BaseRate",
    "ChitneniRow",
    "DiseaseDuration",
    "Dose",
    "PainScore",
    "PooledRate",
    "Reference",
    "ResponderShare",
    "SafetyFact",
    "Study",
    "ZhaoRow",
    "published_base_rate",
    "list_safety_facts",
    "pooled_rate",
    "read_pooled_rates",
    "read_studies",
]

Interval = tuple[float, float]
_STRICT = ConfigDict(extra="forbid")

_MG_H_AT_70_KG = {"mg/h": 1.0, "mg/kg/h": 70.0, "mg/day": 1 / 24}


@dataclass(frozen=True)
class Reference:
    """Where a fact was printed. `doi` is empty where none is known."""

    __pydantic_config__ = _STRICT

    study: str
    year: int
    journal: str
    doi: str

    @property
    def text(self) -> str:
        """The reference in one line."""
        doi = f", doi:{self.doi}" if self.doi else ""
        return f"{self.study} {self.year}, {self.journal}{doi}"


MANGNUS = Reference("Mangnus", 2021, "Pain Pract 21:890-897", "10.1111/papr.13056")
SIGTERMANS = Reference("Sigtermans", 2009, "Pain 145:304-311", "10.1016/j.pain.2009.06.023")
ZHAO = Reference("Zhao", 2018, "Curr Pain Headache Rep 22:12", "10.1007/s11916-018-0664-x")
CHITNENI = Reference("Chitneni", 2021, "Cureus 13(10):e18910", "10.7759/cureus.18910")


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

    __pydantic_config__ = _STRICT

    low: float
    high: float
    sd: float | None
    unit: Literal["mg/h", "mg/kg/h", "mg/day", "mg/kg/infusion", "mg/dl"]
    printed_unit: str

    @property
    def mg_h_at_70_kg(self) -> Interval | None:
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

    __pydantic_config__ = _STRICT

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

    __pydantic_config__ = _STRICT

    percent: float
    events: int
    whole_count: Literal["rounded", "truncated", "no"]


@dataclass(frozen=True)
class DiseaseDuration:
    """Mean time since the start of CRPS. `unit` is our reading, `printed_unit` the review's."""

    __pydantic_config__ = _STRICT

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

    __pydantic_config__ = _STRICT

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

    __pydantic_config__ = _STRICT

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
class Study:
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

    __pydantic_config__ = _STRICT

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


@dataclass(frozen=True)
class BaseRate:
    """How many patients responded in a published cohort.

    Attributes
    ----------
    key, horizon : str
        Short name, and the horizon (`t1`, `t2`) that the rate belongs to.
    outcome : str
        What was counted, in plain words.
    events, n : int
        Patients counted, out of how many.
    reference : Reference
        Source of the counts.
    note : str
        What to know before using it.
    """

    key: str
    horizon: Literal["t1", "t2"]
    outcome: str
    events: int
    n: int
    reference: Reference
    note: str

    @property
    def rate(self) -> float:
        """Share of patients, in [0, 1]."""
        return self.events / self.n

    @property
    def interval(self) -> Interval:
        """95% Wilson interval of the rate: the sampling error of one small cohort."""
        low, high = compute_wilson_interval(self.events, self.n)
        return float(low), float(high)


@dataclass(frozen=True)
class PooledRate:
    """A responder rate pooled over the studies of Zhao 2018 by random effects.

    Attributes
    ----------
    horizon : {"immediate", "1-3 months"}
        End of treatment, or 1 to 3 months later.
    origin : {"as published", "recomputed"}
        Printed by Zhao 2018, or pooled here from the studies it says it pooled.
    studies : int
        How many studies went in.
    rate : float
        In [0, 1].
    interval : (float, float)
        95% interval of the mean over studies.
    prediction_interval : (float, float) or None
        95% interval for the rate of a new centre: the one to read when planning for a centre,
        and much wider than `interval`.
    note : str
        How it came about.
    """

    __pydantic_config__ = _STRICT

    horizon: Literal["immediate", "1-3 months"]
    origin: Literal["as published", "recomputed"]
    studies: int
    rate: float
    interval: Interval
    prediction_interval: Interval | None
    note: str

    @property
    def outcome(self) -> str:
        """What was counted: another outcome than that of :data:`BASE_RATES`."""
        return "relief of at least 30%"

    @property
    def reference(self) -> Reference:
        """Source of the studies' rates."""
        return ZHAO


@dataclass(frozen=True)
class SafetyFact:
    """How often something unwanted was seen: context for people, never a prediction.

    Attributes
    ----------
    matter : str
        What was seen.
    setting : str
        In whom, at which dose.
    events, n : int
        Patients with it, out of how many.
    placebo_events, placebo_n : int or None
        The same under placebo, where there was a placebo arm.
    reference : Reference
        Source.
    note : str
        May be empty.
    """

    matter: str
    setting: str
    events: int
    n: int
    reference: Reference
    note: str = ""
    placebo_events: int | None = None
    placebo_n: int | None = None

    @property
    def rate(self) -> float:
        """Share of patients, in [0, 1]."""
        return self.events / self.n


BASE_RATES = (
    BaseRate(
        "t1",
        "t1",
        "responder at discharge: pain fell by at least 2 points or the record calls "
        "the treatment successful",
        29,
        47,
        MANGNUS,
        "Of 48 patients, 1 could not be classified. At least 11 of the 47 labels rest on the "
        "record's wording alone. There was no comparison group, so the rate holds whatever "
        "placebo and time would have done.",
    ),
    BaseRate(
        "t2",
        "t2",
        "responder at the first follow-up, a median of 4 weeks after discharge (same rule)",
        19,
        40,
        MANGNUS,
        "Of 48 patients, 8 could not be classified. At least 22 of the 40 labels rest on the "
        "record's wording alone. The visit had no fixed date. The abstract words 48% as patients "
        "who remained responders; it is the share of all who were seen.",
    ),
    BaseRate(
        "t1_if_seen_at_t2",
        "t1",
        "responder at discharge among those also seen at the first follow-up",
        25,
        40,
        MANGNUS,
        "The other denominator of the same paper (its Table 3).",
    ),
    BaseRate(
        "kept",
        "t2",
        "still a responder at the first follow-up, of the responders at discharge "
        "who were seen again",
        19,
        25,
        MANGNUS,
        "Computed from Table 3. None of 15 nonresponders at discharge became a responder.",
    ),
)
"""Responder rates of Mangnus 2021: retrospective, one tertiary centre, therapy-resistant CRPS."""

_LOW_DOSE = "low-dose course of up to 14 mg/h, 48 patients (no comparison group)"
_TRIAL = "titrated to about 22 mg/h at 70 kg over 4.2 days, 30 patients an arm"
_PER_CENT_NOTE = "The paper prints a percentage of the 30 patients with any side effect."


def _low_dose(matter: str, events: int, note: str = _PER_CENT_NOTE) -> SafetyFact:
    return SafetyFact(matter, _LOW_DOSE, events, 48, MANGNUS, note)


def _trial(matter: str, ketamine: int, placebo: int, note: str = "") -> SafetyFact:
    return SafetyFact(matter, _TRIAL, ketamine, 30, SIGTERMANS, note, placebo, 30)


SAFETY_FACTS = (
    _low_dose("any side effect", 30, ""),
    _low_dose("dizziness", 14),
    _low_dose("drowsiness", 11),
    _low_dose("nausea", 8),
    _low_dose("headache", 6),
    _low_dose("hallucinations", 0),
    _trial(
        "psychomimetic effects",
        28,
        5,
        "From 93% and 17% in the results; the abstract's 76% and 18% do not fit 30 patients.",
    ),
    _trial("nausea", 19, 5),
    _trial("vomiting", 14, 3),
    _trial("headache", 11, 10),
    SafetyFact(
        "infusion stopped early for a drug high",
        "the same trial, both arms together",
        2,
        60,
        SIGTERMANS,
        "Days 3 and 4; the arm is not told, ketamine is likely.",
    ),
    SafetyFact(
        "hallucinations",
        "continuous course, mean 23.4 mg/h (Correll 2004)",
        6,
        33,
        CHITNENI,
        "Printed as 18%; the count is computed from it.",
    ),
    SafetyFact(
        "raised liver enzymes",
        "continuous course, mean 23.4 mg/h (Correll 2004)",
        4,
        33,
        ZHAO,
        "Back to normal within 20 days.",
    ),
    SafetyFact(
        "raised liver enzymes",
        "racemic ketamine, 4.5 days (Goebel 2015)",
        1,
        5,
        ZHAO,
        "Lasted 2 months; the number of patients may be 6.",
    ),
    SafetyFact(
        "raised liver enzymes",
        "all patients of the 15 studies",
        5,
        258,
        ZHAO,
        "An underestimate: most studies do not report on it, and repeats are counted. Sigtermans "
        "2009 measured liver function daily and saw no effect.",
    ),
)
"""Side effects with count and source; what to do about them is not for this software."""


def published_base_rate(horizon: str) -> BaseRate:
    """Return the published rate that stands beside an estimate of a CRPS model.

    Parameters
    ----------
    horizon : str
        `t1` (discharge) or `t2` (first follow-up).

    Returns
    -------
    BaseRate
        29 of 47 at t1, 19 of 40 at t2 (Mangnus 2021).

    Raises
    ------
    ValueError
        If nothing is published for the horizon.
    """
    if horizon not in ("t1", "t2"):
        raise ValueError(f"no published base rate for horizon {horizon!r}; expected t1 or t2")
    return next(rate for rate in BASE_RATES if rate.key == horizon)


@lru_cache(maxsize=1)
def read_studies() -> tuple[Study, ...]:
    """Return every study of Table 1 of Zhao 2018 (15) and of Chitneni 2021 (14): 17 in all.

    Returns
    -------
    tuple of Study
        By year.
    """
    return TypeAdapter(tuple[Study, ...]).validate_json(_read("published_studies.json"))


@lru_cache(maxsize=1)
def read_pooled_rates() -> tuple[PooledRate, ...]:
    """Return the pooled responder rates, as published and recomputed.

    Returns
    -------
    tuple of PooledRate
        At the end of treatment and at 1 to 3 months. The recomputed ones are what
        `training.measures.meta_analysis` gives, to three decimals.
    """
    return TypeAdapter(tuple[PooledRate, ...]).validate_json(_read("pooled_rates.json"))


def _read(name: str) -> bytes:
    return files("features.published").joinpath("data", name).read_bytes()


def pooled_rate(horizon: str) -> PooledRate:
    """Return the rate pooled over the published studies that comes nearest to a horizon.

    Parameters
    ----------
    horizon : str
        `t1`: the end of treatment; `t2`: 1 to 3 months later.

    Returns
    -------
    PooledRate
        Recomputed, with the prediction interval for a new centre. Its outcome is another one
        (relief of at least 30%): it stands beside an estimate and is not compared with it.
    """
    when = {"t1": "immediate", "t2": "1-3 months"}[horizon]
    return next(
        rate for rate in read_pooled_rates() if (rate.horizon, rate.origin) == (when, "recomputed")
    )


def list_safety_facts(condition: str) -> list[dict[str, Any]]:
    """Return published side effects as plain values; none for another condition than CRPS.

    Parameters
    ----------
    condition : str
        Of a model; side effects of ketamine in CRPS say nothing on other treatments.

    Returns
    -------
    list of dict
        `matter`, `setting`, `events`, `n`, `placebo_events`, `placebo_n`, `source`, `note`.
    """
    if condition != "CRPS":
        return []
    return [
        {
            "matter": fact.matter,
            "setting": fact.setting,
            "events": fact.events,
            "n": fact.n,
            "placebo_events": fact.placebo_events,
            "placebo_n": fact.placebo_n,
            "source": fact.reference.text,
            "note": fact.note,
        }
        for fact in SAFETY_FACTS
    ]
