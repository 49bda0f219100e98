"""How a record becomes a patient, as tables for people: docs/fhir.md holds them."""

from __future__ import annotations

from collections.abc import Iterable

from features.dictionary.codes import (
    COMBINATION_DRUGS,
    DIAGNOSES,
    DRUG_CLASSES,
    INFUSION_DRUGS,
    MEASURED,
    NOT_DETECTED,
    NOTHING_TAKEN,
    OTHER_SCALES,
    PAIN_METHODS,
    PAIN_SCORE,
    ROUTES,
    SYSTEMS,
    WINDOWS,
)

__all__ = ["describe_mapping"]

_HEAD = ("Variable", "Resource and code", "Unit (UCUM)", "At most so old")


def describe_mapping() -> str:
    """Return the mapping as Markdown: systems, what is measured, diagnoses, drugs."""
    return "\n\n".join(
        [
            _table(("System", "Addresses"), [(n, _list(uris)) for n, uris in SYSTEMS.items()]),
            _table(_HEAD, [*_list_measured(), *_list_others()]),
            _table(
                ("Diagnosis", "Code", "`crps_type`"),
                [
                    (d.system, f"`{d.code}`" + " and what begins so" * d.further, d.crps_type)
                    for d in DIAGNOSES
                ],
            ),
            _table(("Drug class", "ATC, and what begins so", "but not"), _list_drugs()),
        ]
    )


def _list(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _pairs(pairs: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{system} `{code}`" for system, code in sorted(pairs))


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _list_measured() -> list[tuple[str, ...]]:
    return [
        (
            f"`{name}`",
            f"Observation, LOINC {_list(measured.codes)}",
            _list(measured.units),
            f"{measured.days} days",
        )
        for name, measured in MEASURED.items()
    ]


def _list_others() -> list[tuple[str, ...]]:
    ways = {
        is_nrs: _pairs(c for c, told in PAIN_METHODS.items() if told is is_nrs)
        for is_nrs in (True, False)
    }
    scales = "; ".join(f"LOINC `{code}` is {what}" for code, what in OTHER_SCALES.items())
    asked = f"{WINDOWS['questionnaire']} days"
    prescribed = f"{WINDOWS['prescription']} days without an end"
    return [
        (
            "`nrs_t0`",
            f"Observation, {_pairs([PAIN_SCORE])} with the method {ways[True]}",
            "as above",
            "as above",
        ),
        ("not `nrs_t0`", f"Observation: {scales}; any with the method {ways[False]}", "", ""),
        ("`age_years`", "Patient.birthDate", "", ""),
        ("`sex`", "Patient.gender: female, male", "", ""),
        ("`crps_type`", "Condition.code, as below", "", ""),
        ("`disease_duration_years`", "Condition.onset of these", _list(["a", "mo", "wk", "d"]), ""),
        (
            "`medication_atc`",
            f"MedicationStatement, MedicationRequest: ATC; none: {_pairs(NOTHING_TAKEN)}, or a "
            "List LOINC `10160-0` that is empty as `nilknown`",
            "",
            prescribed,
        ),
        (
            "`drug`",
            "MedicationRequest: "
            + ", ".join(f"ATC `{code}` {drug}" for code, drug in INFUSION_DRUGS.items()),
            "",
            "",
        ),
        (
            "`route`",
            "its dosageInstruction.route: "
            + ", ".join(f"SNOMED `{code}` {route}" for code, route in ROUTES.items()),
            "",
            "",
        ),
        (
            "`course_number`",
            "MedicationAdministration of these drugs, courses that are over "
            f"({WINDOWS['course']} days without), plus one",
            "",
            "",
        ),
        (
            "the panel",
            f"Observation, miRBase's name; not detected: {_pairs(NOT_DETECTED)}, or the "
            "interpretation `ND`",
            "`1`, `{Ct}`",
            f"{WINDOWS['panel']} days",
        ),
        ("every other", "QuestionnaireResponse, by `linkId`", "as above", asked),
    ]


def _list_drugs() -> list[tuple[str, ...]]:
    told = [
        (f"`{name}`", _list(drugs.within), _list(drugs.without))
        for name, drugs in DRUG_CLASSES.items()
    ]
    noticed = ", ".join(_list(drugs.within) for drugs in COMBINATION_DRUGS.values())
    return [*told, ("a notice only", noticed, "")]
