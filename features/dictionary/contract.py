"""The cohort contract: what a table of courses may hold, one row per course.

Every name, unit and range is written here once. Where one comes from stands beside it as `source`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from features.dictionary.codes import find_codes
from features.dictionary.rule import NRS
from features.dictionary.schema import Dictionary
from features.dictionary.variable import KnownAt, Variable, VariableRole

__all__ = ["CONTRACT", "DEFAULT_PREDICTORS"]


_MANGNUS = "Mangnus 2021, doi:10.1111/papr.13056"
_SIGTERMANS = "Sigtermans 2009, doi:10.1016/j.pain.2009.06.023"
_BOTH = f"{_MANGNUS}; {_SIGTERMANS}"
_PAIN = "points, 0 no pain to 10 worst"
_NRS = {"measure": NRS, "better": "low"}


def _cite(source: str, *variables: Variable) -> tuple[Variable, ...]:
    """Return variables with the paper that they and their ranges come from."""
    return tuple(replace(variable, source=source) for variable in variables)


def _number(name: str, label: str, unit: str, low: float, high: float, **more: Any) -> Variable:
    """Declare a number known at baseline, a predictor unless `more` says otherwise."""
    given: dict[str, Any] = {"kind": "number", "known_at": "baseline", "roles": ("predictor",)}
    codes = find_codes(name)
    return Variable(name, label, unit=unit, low=low, high=high, codes=codes, **(given | more))


def _category(
    name: str, label: str, words: str, role: VariableRole = "eligibility", **more: Any
) -> Variable:
    given: dict[str, Any] = {"categories": tuple(words.split()), "codes": find_codes(name)}
    return Variable(name, label, "category", "baseline", (role,), **given, **more)


def _drug_class(name: str, label: str, source: str = _BOTH, **more: Any) -> Variable:
    given: dict[str, Any] = {"codes": find_codes(name), "source": source}
    return Variable(name, label, "yes_no", "baseline", ("predictor",), **given, **more)


def _score(name: str, label: str, low: float, high: float, hint: str = "") -> Variable:
    return _number(name, label, "points", low, high, hint=hint)


def _course(
    name: str, label: str, unit: str, low: float, high: float, kind: str = "number"
) -> Variable:
    return _number(name, label, unit, low, high, kind=kind, known_at="infusion", roles=("course",))


def _outcome(name: str, label: str, known_at: KnownAt, unit: str, high: float) -> Variable:
    pain: dict[str, Any] = _NRS if unit == _PAIN else {}
    return _number(name, label, unit, 0, high, known_at=known_at, roles=("outcome",), **pain)


def _wording(name: str, label: str, known_at: KnownAt) -> Variable:
    return Variable(name, label, "yes_no", known_at, ("outcome",))


_IDENTITY = (
    Variable(
        "patient_id",
        "Patient pseudonym",
        "text",
        "always",
        ("identifier",),
        hint="a pseudonym, never a name or hospital number",
    ),
    Variable(
        "record_origin",
        "Origin of the record",
        "category",
        "always",
        ("provenance",),
        categories=("patient", "synthetic"),
        hint="empty means patient; simulated rows say synthetic",
    ),
    Variable("site", "Treatment centre", "text", "always", ("group",)),
)

_TREATMENT = (
    _number(
        "course_number",
        "Number of the ketamine course",
        "",
        1,
        100,
        kind="integer",
        roles=("eligibility",),
        hint="1 for the patient's first course",
        source=_MANGNUS,
    ),
    _category("crps_type", "CRPS type", "1 2 unspecified", source=_BOTH),
    _category("setting", "Admission", "elective emergency", source=_MANGNUS),
    _category("drug", "Infusion drug", "s_ketamine racemic_ketamine other none", source=_MANGNUS),
    _category(
        "route",
        "Route of administration",
        "intravenous oral sublingual intranasal topical other none",
        source=_MANGNUS,
    ),
    _number(
        "treatment_year", "Year of treatment", "", 1990, 2100, kind="integer", roles=("group",)
    ),
    _category(
        "concurrent_infusion_drug",
        "Other infusion drug in the same admission",
        "none mannitol tadalafil pamidronic_acid other",
        source=_MANGNUS,
    ),
)

_PATIENT = (
    _number(
        "age_years",
        "Age",
        "years",
        0,
        120,
        roles=("predictor", "eligibility"),
        hint="at the day of treatment",
        source=_BOTH,
    ),
    _category("sex", "Sex", "female male", "predictor", source=_BOTH),
    _number(
        "nrs_t0",
        "Pain before treatment (NRS)",
        _PAIN,
        0,
        10,
        hint="numeric rating scale before the infusion",
        source=_BOTH,
        **_NRS,
    ),
    _number(
        "disease_duration_years",
        "Duration of the pain disease",
        "years",
        0,
        60,
        transform="log1p",
        precision=0.1,
        hint="in years: 9 months is 0.75",
        source=_BOTH,
    ),
)

_MEDICATION = (
    Variable(
        "medication_atc",
        "Pain co-medication (ATC codes)",
        "codes",
        "baseline",
        ("source",),
        hint="codes with ; between; none = takes none; empty = unknown",
    ),
    _drug_class("paracetamol", "Paracetamol"),
    _drug_class("nsaid", "Anti-inflammatory drug (NSAID)"),
    _drug_class("opioid", "Opioid, any"),
    _drug_class(
        "weak_opioid",
        "Weak opioid",
        parent="opioid",
        hint="tramadol, codeine and the like; the split is by convention",
    ),
    _drug_class(
        "strong_opioid",
        "Strong opioid",
        parent="opioid",
        hint="morphine, oxycodone, fentanyl, tapentadol and the like",
    ),
    _drug_class("antidepressant", "Antidepressant, any"),
    _drug_class("tricyclic", "Tricyclic antidepressant", _SIGTERMANS, parent="antidepressant"),
    _drug_class("ssri_snri", "SSRI or SNRI antidepressant", _SIGTERMANS, parent="antidepressant"),
    _drug_class("anti_epileptic", "Anti-epileptic drug, any"),
    _drug_class("gabapentinoid", "Gabapentin or pregabalin", _SIGTERMANS, parent="anti_epileptic"),
    _drug_class("benzodiazepine", "Benzodiazepine", _SIGTERMANS),
)

_FURTHER = _cite(
    _SIGTERMANS,
    _number("weight_kg", "Body weight", "kg", 20, 350),
    _number("height_cm", "Height", "cm", 80, 250),
    _number("affected_limbs", "Number of affected limbs", "limbs", 1, 4, kind="integer"),
    _category("affected_site", "Affected limb", "upper lower both", "predictor"),
    _score("mcgill_pri", "McGill pain rating index", 0, 78),
    _score("hads_depression", "HADS depression", 0, 21),
    _score("hads_anxiety", "HADS anxiety", 0, 21),
    _score("sf36_physical", "SF-36 physical health", 0, 100),
    _score("sf36_mental", "SF-36 mental health", 0, 100),
    _score(
        "tsk",
        "Tampa scale for kinesiophobia, 17 items",
        17,
        68,
        hint="the 17-item form; the 11-item form is another scale",
    ),
)

_INFUSION = _cite(
    _MANGNUS,
    _course("max_dose_mg_h", "Highest infusion rate", "mg/h", 0, 100),
    _course("effective_dose_mg_h", "Infusion rate at which pain fell", "mg/h", 0, 100),
    _course("first_effect_day", "Day of the first effect", "day", 1, 60, "integer"),
    _course("infusion_days", "Days of infusion", "days", 0, 60),
    Variable(
        "side_effects",
        "Side effects",
        "text",
        "infusion",
        ("course",),
        hint="words with ; between; none = none seen",
    ),
)

_OUTCOMES = _cite(
    _MANGNUS,
    _outcome("nrs_t1", "Pain at discharge (NRS)", "t1", _PAIN, 10),
    _wording("success_t1", "Record calls the treatment successful at discharge", "t1"),
    _outcome("nrs_t2", "Pain at the first follow-up (NRS)", "t2", _PAIN, 10),
    _wording("success_t2", "Record calls the treatment successful at follow-up", "t2"),
    _outcome("follow_up_weeks", "Weeks from discharge to the first follow-up", "t2", "weeks", 520),
    _outcome("relief_weeks", "Weeks of relief", "later", "weeks", 520),
)

CONTRACT = Dictionary(
    (*_IDENTITY, *_TREATMENT, *_PATIENT, *_MEDICATION, *_FURTHER, *_INFUSION, *_OUTCOMES)
)
"""The cohort contract: one row per course."""


DEFAULT_PREDICTORS = (
    "nrs_t0",
    "disease_duration_years",
    "opioid",
    "antidepressant",
    "anti_epileptic",
)
"""What a study uses when it names no predictors."""
