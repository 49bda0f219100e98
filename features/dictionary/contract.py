"""The cohort contract: what a table of courses may hold, one row per course.

Every name, unit and range is written here once. Where one comes from stands beside it as `source`.
"""

from __future__ import annotations

from features.dictionary.schema import Dictionary
from features.dictionary.variable import Kind, Variable

__all__ = ["CONTRACT", "DEFAULT_PREDICTORS"]


_MANGNUS = "Mangnus 2021, doi:10.1111/papr.13056"
_SIGTERMANS = "Sigtermans 2009, doi:10.1016/j.pain.2009.06.023"
_BOTH = f"{_MANGNUS}; {_SIGTERMANS}"


def _drug_class(
    name: str, label: str, atc: str, *, parent: str = "", hint: str = "", source: str = _BOTH
) -> Variable:
    codes = tuple(("ATC", code) for code in atc.split())
    return Variable(
        name,
        label,
        "yes_no",
        "baseline",
        ("predictor",),
        parent=parent,
        codes=codes,
        hint=hint,
        source=source,
    )


def _score(name: str, label: str, low: float, high: float, *, hint: str = "") -> Variable:
    return Variable(
        name,
        label,
        "number",
        "baseline",
        ("predictor",),
        unit="points",
        low=low,
        high=high,
        hint=hint,
        source=_SIGTERMANS,
    )


def _course(
    name: str, label: str, unit: str, low: float, high: float, *, kind: Kind = "number"
) -> Variable:
    return Variable(
        name, label, kind, "infusion", ("course",), unit=unit, low=low, high=high, source=_MANGNUS
    )


CONTRACT = Dictionary(
    [
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
        Variable(
            "course_number",
            "Number of the ketamine course",
            "integer",
            "baseline",
            ("eligibility",),
            low=1,
            high=100,
            hint="1 for the patient's first course",
            source=_MANGNUS,
        ),
        Variable(
            "crps_type",
            "CRPS type",
            "category",
            "baseline",
            ("eligibility",),
            categories=("1", "2", "unspecified"),
            codes=(("SNOMED", "128200000"),),
            source=_BOTH,
        ),
        Variable(
            "setting",
            "Admission",
            "category",
            "baseline",
            ("eligibility",),
            categories=("elective", "emergency"),
            source=_MANGNUS,
        ),
        Variable(
            "drug",
            "Infusion drug",
            "category",
            "baseline",
            ("eligibility",),
            categories=("s_ketamine", "racemic_ketamine", "other", "none"),
            codes=(("ATC", "N01AX14"), ("ATC", "N01AX03")),
            source=_MANGNUS,
        ),
        Variable(
            "route",
            "Route of administration",
            "category",
            "baseline",
            ("eligibility",),
            categories=(
                "intravenous",
                "oral",
                "sublingual",
                "intranasal",
                "topical",
                "other",
                "none",
            ),
            source=_MANGNUS,
        ),
        Variable(
            "treatment_year",
            "Year of treatment",
            "integer",
            "baseline",
            ("group",),
            low=1990,
            high=2100,
        ),
        Variable(
            "concurrent_infusion_drug",
            "Other infusion drug in the same admission",
            "category",
            "baseline",
            ("eligibility",),
            categories=("none", "mannitol", "tadalafil", "pamidronic_acid", "other"),
            codes=(("ATC", "B05BC01"), ("ATC", "G04BE08"), ("ATC", "M05BA03")),
            source=_MANGNUS,
        ),
        Variable(
            "age_years",
            "Age",
            "number",
            "baseline",
            ("predictor", "eligibility"),
            unit="years",
            low=0,
            high=120,
            codes=(("LOINC", "30525-0"),),
            hint="at the day of treatment",
            source=_BOTH,
        ),
        Variable(
            "sex",
            "Sex",
            "category",
            "baseline",
            ("predictor",),
            categories=("female", "male"),
            codes=(("LOINC", "46098-0"),),
            source=_BOTH,
        ),
        Variable(
            "nrs_t0",
            "Pain before treatment (NRS)",
            "number",
            "baseline",
            ("predictor",),
            unit="points, 0 no pain to 10 worst",
            low=0,
            high=10,
            codes=(("LOINC", "72514-3"), ("LOINC", "38208-5")),
            hint="numeric rating scale before the infusion",
            source=_BOTH,
        ),
        Variable(
            "disease_duration_years",
            "Duration of the pain disease",
            "number",
            "baseline",
            ("predictor",),
            unit="years",
            low=0,
            high=60,
            transform="log1p",
            precision=0.1,
            hint="in years: 9 months is 0.75",
            source=_BOTH,
        ),
        Variable(
            "medication_atc",
            "Pain co-medication (ATC codes)",
            "codes",
            "baseline",
            ("source",),
            hint="codes with ; between; none = takes none; empty = unknown",
        ),
        _drug_class("paracetamol", "Paracetamol", "N02BE01 N02BE51 N02BE71"),
        _drug_class("nsaid", "Anti-inflammatory drug (NSAID)", "M01A"),
        _drug_class("opioid", "Opioid, any", "N02A N07BC01 N07BC02 N07BC05 N07BC51 R05DA04"),
        _drug_class(
            "weak_opioid",
            "Weak opioid",
            "N02AX02 N02AJ R05DA04",
            parent="opioid",
            hint="tramadol, codeine and the like; the split is by convention",
        ),
        _drug_class(
            "strong_opioid",
            "Strong opioid",
            "N02AA N02AB N02AE N02AX06 N07BC01 N07BC02 N07BC05 N07BC51",
            parent="opioid",
            hint="morphine, oxycodone, fentanyl, tapentadol and the like",
        ),
        _drug_class("antidepressant", "Antidepressant, any", "N06A"),
        _drug_class(
            "tricyclic",
            "Tricyclic antidepressant",
            "N06AA",
            parent="antidepressant",
            source=_SIGTERMANS,
        ),
        _drug_class(
            "ssri_snri",
            "SSRI or SNRI antidepressant",
            "N06AB N06AX16 N06AX17 N06AX21 N06AX23 N06AX28",
            parent="antidepressant",
            source=_SIGTERMANS,
        ),
        _drug_class("anti_epileptic", "Anti-epileptic drug, any", "N03A N02BF"),
        _drug_class(
            "gabapentinoid",
            "Gabapentin or pregabalin",
            "N02BF01 N02BF02 N03AX12 N03AX16",
            parent="anti_epileptic",
            source=_SIGTERMANS,
        ),
        _drug_class("benzodiazepine", "Benzodiazepine", "N05BA N05CD N03AE01", source=_SIGTERMANS),
        Variable(
            "weight_kg",
            "Body weight",
            "number",
            "baseline",
            ("predictor",),
            unit="kg",
            low=20,
            high=350,
            codes=(("LOINC", "29463-7"),),
            source=_SIGTERMANS,
        ),
        Variable(
            "height_cm",
            "Height",
            "number",
            "baseline",
            ("predictor",),
            unit="cm",
            low=80,
            high=250,
            codes=(("LOINC", "8302-2"),),
            source=_SIGTERMANS,
        ),
        Variable(
            "affected_limbs",
            "Number of affected limbs",
            "integer",
            "baseline",
            ("predictor",),
            unit="limbs",
            low=1,
            high=4,
            source=_SIGTERMANS,
        ),
        Variable(
            "affected_site",
            "Affected limb",
            "category",
            "baseline",
            ("predictor",),
            categories=("upper", "lower", "both"),
            source=_SIGTERMANS,
        ),
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
        _course("max_dose_mg_h", "Highest infusion rate", "mg/h", 0, 100),
        _course("effective_dose_mg_h", "Infusion rate at which pain fell", "mg/h", 0, 100),
        _course("first_effect_day", "Day of the first effect", "day", 1, 60, kind="integer"),
        _course("infusion_days", "Days of infusion", "days", 0, 60),
        Variable(
            "side_effects",
            "Side effects",
            "text",
            "infusion",
            ("course",),
            hint="words with ; between; none = none seen",
            source=_MANGNUS,
        ),
        Variable(
            "nrs_t1",
            "Pain at discharge (NRS)",
            "number",
            "t1",
            ("outcome",),
            unit="points, 0 no pain to 10 worst",
            low=0,
            high=10,
            codes=(("LOINC", "72514-3"),),
            source=_MANGNUS,
        ),
        Variable(
            "success_t1",
            "Record calls the treatment successful at discharge",
            "yes_no",
            "t1",
            ("outcome",),
            source=_MANGNUS,
        ),
        Variable(
            "nrs_t2",
            "Pain at the first follow-up (NRS)",
            "number",
            "t2",
            ("outcome",),
            unit="points, 0 no pain to 10 worst",
            low=0,
            high=10,
            codes=(("LOINC", "72514-3"),),
            source=_MANGNUS,
        ),
        Variable(
            "success_t2",
            "Record calls the treatment successful at follow-up",
            "yes_no",
            "t2",
            ("outcome",),
            source=_MANGNUS,
        ),
        Variable(
            "follow_up_weeks",
            "Weeks from discharge to the first follow-up",
            "number",
            "t2",
            ("outcome",),
            unit="weeks",
            low=0,
            high=520,
            source=_MANGNUS,
        ),
        Variable(
            "relief_weeks",
            "Weeks of relief",
            "number",
            "later",
            ("outcome",),
            unit="weeks",
            low=0,
            high=520,
            source=_MANGNUS,
        ),
    ]
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
