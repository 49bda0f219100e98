"""What the reader of one estimate has to know about it: plain sentences, each with a code.

A notice belongs to the answer to the sender, so it may name a variable, but none repeats what
came.

References
----------
Mangnus 2021, doi:10.1111/papr.13056; Sigtermans 2009, doi:10.1016/j.pain.2009.06.023.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from features.dictionary.contract import CONTRACT
from features.dictionary.eligibility import Eligibility
from features.dictionary.schema import Dictionary
from features.dictionary.variable import Variable
from features.texts import Text, as_text, say, say_list, say_words
from training.model.reach import CANNOT_BE_MET, TOO_LITTLE_KNOWN, Reach
from training.model.response_model import ResponseModel
from training.store.facts import STATUSES, ModelFacts
from training.store.statements import stamp
from training.store.statuses import APPROVED, SILENT_APPROVAL

__all__ = [
    "COMPARISON",
    "EVIDENCE_CUTS",
    "EVIDENCE_VARIABLES",
    "NO_ESTIMATE",
    "RECORDED",
    "SILENT",
    "WAIVED",
    "PlainNotice",
    "compute_usual",
    "evidence_notices",
    "list_reasons",
    "model_notices",
    "name_absence",
    "record_notices",
    "reach_notices",
    "scope_notices",
    "unused_notice",
]

Record = Mapping[str, float | str | None]
"""A patient as parsed: a variable's name to its value."""

_TRIAL_LOWEST_NRS = 5.0
_RECENT_YEARS = 0.5

EVIDENCE_CUTS: Mapping[str, float] = MappingProxyType(
    {"nrs_t0": _TRIAL_LOWEST_NRS, "disease_duration_years": _RECENT_YEARS}
)
"""Below which number of a variable a patient differs from those of the published studies."""

EVIDENCE_VARIABLES = ("nrs_t0", "strong_opioid", "crps_type", "disease_duration_years")
"""Variables that tell whether a CRPS patient is like those of the published studies."""


class PlainNotice(NamedTuple):
    """One sentence about an estimate.

    Parameters
    ----------
    code : str
        Kind of notice, for machines.
    text : str
        Plain words.
    variable : str or None
        The variable it is about, if it is about one.
    """

    code: str
    text: Text
    variable: str | None = None


COMPARISON = "comparison"
"""Code: the answer is one of two that were asked for to be compared, and no patient's estimate."""

WAIVED, SILENT, RECORDED = "waived_gate", "silent_evaluation", "recorded"
"""Codes: a gate that the model fails and was let pass; an estimate for the evaluation alone; that
it was recorded and is withheld."""

NO_ESTIMATE: Mapping[str, str] = MappingProxyType(
    {
        "out_of_scope": say("No estimate: outside what this model knows"),
        CANNOT_BE_MET: say(
            "No estimate: the score before treatment leaves no room for this outcome"
        ),
        TOO_LITTLE_KNOWN: say("No estimate: too little is known"),
    }
)
"""By code of the reason: how a missing estimate is headed. Where several hold, the first does."""

_NOTHING = Text("")
_STAMP_CODES = {status: status for status in STATUSES} | {SILENT_APPROVAL: SILENT}
_MIDDLE = say("the middle of the training patients is taken")
_EACH_VALUE = say(
    "the estimate is the mean over the values it may have, as far as the others tell, and the "
    "interval is as much wider"
)


def model_notices(
    model: ResponseModel,
    facts: ModelFacts,
    waivers: Sequence[str] = (),
    *,
    of_centres: bool = False,
) -> list[PlainNotice]:
    """Return what holds for every answer of a model.

    Its stamp (but for one approved for what its card names, which the status says), the gates that
    it fails and was let pass, its limits, its own notes. `of_centres` tells that each centre has a
    number of its own.
    """
    notices = [PlainNotice(_STAMP_CODES[facts.status], stamp(facts.status))]
    if facts.status == APPROVED:
        notices = []
    notices += [PlainNotice(WAIVED, as_text(text)) for text in waivers]
    if model.is_constant:
        text = say(
            "This model gives every patient the same estimate, the share of responders in "
            "its cohort: nothing in the record moved it."
        )
        if of_centres:
            text = say(
                "This model tells centres apart, and no patients: within a centre everyone gets "
                "the same estimate, as nothing else in the record moved it."
            )
        notices.append(PlainNotice("prevalence_only", text))
    elif model.kept is not None and model.kept.is_constant:
        notices.append(
            PlainNotice(
                "kept_constant",
                say(
                    "The data could not tell who keeps the response: the share that keeps it is "
                    "taken to be the same for everyone."
                ),
            )
        )
    own = [v.label for v in model.predictor_variables if v.source == "declared by the study"]
    if own:
        text = say("Measured in this study's own way: {labels}.", labels=say_list(own))
        notices.append(PlainNotice("study_variables", text))
    return notices + [PlainNotice("note", facts.say(note)) for note in facts.notes]


def list_reasons(answer: Mapping[str, Any]) -> list[str]:
    """Return why an answer holds no estimate; nothing where it does, or only withholds it."""
    notices = answer["applicability"]["notices"]
    return [notice["text"] for notice in notices if notice["code"] in NO_ESTIMATE]


def name_absence(answer: Mapping[str, Any]) -> str:
    """Return how an answer without an estimate is headed; empty where :func:`list_reasons` is."""
    codes = {notice["code"] for notice in answer["applicability"]["notices"]}
    return next((words for code, words in NO_ESTIMATE.items() if code in codes), "")


def reach_notices(
    record: Record, predictors: Sequence[Variable], reach: Reach
) -> list[PlainNotice]:
    """Return why the model gives no number for a patient, and then which values are missing."""
    reasons = [PlainNotice(*reason) for reason in reach.list_reasons(record)]
    if not reasons:
        return []
    return reasons + [
        PlainNotice("missing", say("{label} is not known.", label=variable.label), variable.name)
        for variable in predictors
        if not isinstance(record.get(variable.name), float)
    ]


def scope_notices(
    unknown: Sequence[str], eligibility: Eligibility, dictionary: Dictionary
) -> list[PlainNotice]:
    """Return one notice for each entry rule that could not be checked."""
    return [
        PlainNotice(
            "eligibility_unknown",
            say(
                "{label} is not given: the model is only for: {rule}.",
                label=dictionary[name].label,
                rule=eligibility.describe(name, dictionary=dictionary),
            ),
            name,
        )
        for name in unknown
    ]


def compute_usual(model: ResponseModel) -> dict[str, tuple[float, float]]:
    """Return between which values the middle 95% of the background lies, by numeric predictor."""
    usual = {}
    for variable, column in zip(model.predictor_variables, model.background.T, strict=True):
        known = column[~np.isnan(column)]
        if variable.is_numeric and len(known):
            low, high = np.quantile(known, [0.025, 0.975])
            step = variable.precision
            usual[variable.name] = (
                float(np.floor(low / step) * step),
                float(np.ceil(high / step) * step),
            )
    return usual


def record_notices(
    record: Record,
    predictors: Sequence[Variable],
    training_ranges: Mapping[str, Mapping[str, object]],
    *,
    usual: Mapping[str, tuple[float, float]],
    fills: bool = False,
) -> list[PlainNotice]:
    """Return what is missing, and what is beyond or rare in what training saw.

    Parameters
    ----------
    record : mapping
        Parsed values of one patient.
    predictors : sequence of Variable
        The model's predictors.
    training_ranges : mapping
        By predictor: `low` and `high` of a number in raw units, or `seen`, the categories met.
    usual : mapping
        By numeric predictor: between which values the middle 95% of training patients lay.
    fills : bool
        Whether the model takes every value that a missing one may be, not the middle one.
    """
    notices = []
    for variable in predictors:
        value = record.get(variable.name)
        if not isinstance(value, float):
            text = say(
                "{label} is not known: {what}.",
                label=variable.label,
                what=_EACH_VALUE if fills else _MIDDLE,
            )
            notices.append(PlainNotice("missing", text, variable.name))
            continue
        text = _beyond(variable, value, training_ranges.get(variable.name, {}))
        if text:
            notices.append(PlainNotice("outside_training", text, variable.name))
        elif variable.name in usual:
            notices += _make_rare_notices(variable, value, *usual[variable.name])
    return notices


def unused_notice(variable: Variable) -> PlainNotice:
    """Return what is said of a value that was given and that the model does not use."""
    text = say("{label} does not enter this estimate.", label=variable.label)
    return PlainNotice("unused", text, variable.name)


def _beyond(variable: Variable, value: float, seen: Mapping[str, object]) -> Text:
    """Return the sentence on a value that training did not see, or nothing."""
    if variable.is_numeric and "low" in seen:
        low, high = float(str(seen["low"])), float(str(seen["high"]))
        if low <= value <= high:
            return _NOTHING
        return say(
            "{label} lies outside what the model has seen ({range}): the nearest value seen is "
            "used.",
            label=variable.label,
            range=say_words(say("{low:g} to {high:g}", low=low, high=high), variable.short_unit),
        )
    if "seen" in seen and variable.decode(value) not in list(seen["seen"]):  # type: ignore[call-overload]
        return say(
            "{label}: no patient of the training cohort had this answer, so the model could not "
            "learn from it.",
            label=variable.label,
        )
    return _NOTHING


def _make_rare_notices(
    variable: Variable, value: float, low: float, high: float
) -> list[PlainNotice]:
    """Tell a value that hardly anybody in training had: often one in another unit."""
    if low <= value <= high:
        return []
    told = {"label": variable.label, "low": low, "high": high}
    if variable.short_unit:
        text = say(
            "{label}: hardly any patient of the model's cohort was like that (95 in 100 lay "
            "between {low:g} and {high:g} {unit}). Check the entry; if it is right, the number may "
            "be less sure than its interval says.",
            **told,
            unit=variable.short_unit,
        )
    else:
        text = say(
            "{label}: hardly any patient of the model's cohort was like that (95 in 100 "
            "lay between {low:g} and {high:g}). Check the entry; if it is right, the number may be "
            "less sure than its interval says.",
            **told,
        )
    return [PlainNotice("rare", text, variable.name)]


def evidence_notices(record: Record, dictionary: Dictionary) -> list[PlainNotice]:
    """Return where a CRPS patient differs from the patients of the published studies.

    Parameters
    ----------
    record : mapping
        Parsed values of one patient.
    dictionary : Dictionary
        What they mean.
    """
    notices = []
    nrs = record.get("nrs_t0")
    low = isinstance(nrs, float) and nrs < _TRIAL_LOWEST_NRS
    if low and dictionary["nrs_t0"].expected() == CONTRACT["nrs_t0"].expected():
        text = say(
            "Pain before treatment is below 5: the placebo-controlled trial did not admit such "
            "patients (Sigtermans 2009)."
        )
        notices.append(PlainNotice("outside_evidence", text, "nrs_t0"))
    if record.get("strong_opioid") == 1.0:
        text = say(
            "Patients on strong opioids were not admitted to the placebo-controlled trial "
            "(Sigtermans 2009)."
        )
        notices.append(PlainNotice("outside_evidence", text, "strong_opioid"))
    crps_type = record.get("crps_type")
    if isinstance(crps_type, float) and dictionary["crps_type"].decode(crps_type) == "2":
        text = say("The placebo-controlled trial was in CRPS type 1 only (Sigtermans 2009).")
        notices.append(PlainNotice("outside_evidence", text, "crps_type"))
    years = record.get("disease_duration_years")
    if isinstance(years, float) and years < _RECENT_YEARS:
        text = say(
            "CRPS of less than half a year: the published patients had had it for years, and the "
            "authors warn against carrying results over to new disease (Mangnus 2021)."
        )
        notices.append(PlainNotice("outside_evidence", text, "disease_duration_years"))
    return notices
