"""An answer in a person's words: what the clinician's page, the letter and the terminal tell.

Pure: a model, an answer and what was entered in, texts and numbers of 100 out. Sentences are made
by :func:`features.texts.say`, so that each is said in the reader's language where it is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from features.dictionary.rule import read_rule
from features.dictionary.substances import name_codes, to_codes
from features.dictionary.variable import Variable, spell_choice
from features.numerals import parse_number
from features.texts import Text, as_text, say, say_count, say_list, say_words
from serving.estimate.centre import CENTRE_NOTICES, OTHER_CENTRE, SITE
from serving.estimate.notices import (
    NO_ESTIMATE,
    RECORDED,
    SILENT,
    WAIVED,
    list_reasons,
    name_absence,
)
from serving.estimate.predictor import Predictor
from serving.estimate.submodel import WITH_PANEL
from training.model.centres import NO_CENTRE
from training.model.reach import TOO_LITTLE_KNOWN

__all__ = [
    "count_of_hundred",
    "describe_contributions",
    "describe_submodel",
    "make_estimates",
    "make_result",
    "name_start",
    "show_value",
]

_CHOICES = {"yes": say("yes"), "no": say("no")}
_HUNDRED = 100
_MOST_SHOWN = 2
"""So many notices on a patient stand open on the page, the others folded."""
_UNUSUAL = ("outside_training", "rare")
"""Codes of notices on values that hardly any patient of the training cohort had."""


def make_result(
    predictor: Predictor,
    found: Mapping[str, Any],
    *,
    fields: Mapping[str, str],
    today: date,
    first: str = "",
) -> dict[str, Any]:
    """Return what the page shows of an answer.

    Parameters
    ----------
    predictor : Predictor
        That gave it.
    found : mapping
        The answer.
    fields : mapping
        What was entered, as it came.
    today : date
        Stands on what is printed.
    first : str
        The horizon that the clinic cares about; the model's first where it has no such.
    """
    if predictor.is_silent:  # whatever it was handed
        found = {**found, "estimates": []}
    notices = found["applicability"]["notices"]
    hidden = {*NO_ESTIMATE, "note", "panel_unused", predictor.facts.status, SILENT, RECORDED}
    hidden |= set(CENTRE_NOTICES)  # told with the centre
    if any(n["code"] == TOO_LITTLE_KNOWN for n in notices):
        hidden.add("missing")  # the reason names them
    shown = _list_shown(predictor, [n for n in notices if n["code"] not in hidden | {WAIVED}])
    estimates = make_estimates(predictor, found)
    estimates.sort(key=lambda estimate: estimate["horizon"] != first)  # stable
    return {
        "request_id": found["request_id"],
        "today": today,
        "recorded": [n["text"] for n in notices if n["code"] == RECORDED],
        "in_scope": found["applicability"]["in_scope"],
        "reasons": list_reasons(found),
        "absence": name_absence(found),
        "spoke": describe_submodel(predictor, found),
        "centre": found["model"]["centre"],
        "notices": shown[:_MOST_SHOWN],
        "more_notices": shown[_MOST_SHOWN:],
        "unusual": any(n["code"] in _UNUSUAL for n in notices),
        "estimates": estimates,
        "inputs": list_inputs(predictor, fields),
    }


def _list_shown(predictor: Predictor, notices: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return notices in the order in which they matter, what was not checked as one of them."""
    unchecked = [n["variable"] for n in notices if n["code"] == "eligibility_unknown"]
    first = [n["text"] for n in notices if n["code"] in _UNUSUAL]
    if len(unchecked) > 1:
        labels = [as_text(predictor.dictionary[name].label) for name in unchecked]
        first.append(
            say(
                "Not given, and so not checked: {labels}. The model is only for patients as the "
                "form says beside each.",
                labels=say_list(labels, "; "),
            )
        )
    told = {*_UNUSUAL, *(["eligibility_unknown"] if len(unchecked) > 1 else [])}
    return first + [n["text"] for n in notices if n["code"] not in told]


def list_inputs(predictor: Predictor, fields: Mapping[str, str]) -> list[tuple[Text, str]]:
    """Return the label and the value of each field that was filled in, in the dictionary's order.

    A panel is told by what was sent of it; a pseudonym is left out: a print may lie about.
    """
    told: list[tuple[Text, str]] = []
    for variable in predictor.dictionary:
        text = str(fields.get(variable.name, ""))
        if not text or "identifier" in variable.roles:
            continue
        value: str
        if variable.kind == "codes":
            value = name_codes(to_codes(text))
        elif variable.name == SITE and text.casefold() == NO_CENTRE:
            value = OTHER_CENTRE
        elif variable.is_numeric:
            number = parse_number(text)
            value = text if number is None else show_value(variable, number)
        else:
            value = _CHOICES.get(text) or spell_choice(text)
        told.append((as_text(variable.label), value))
    if fields.get("panel_text"):
        told.append((say("microRNA panel"), say("given")))
    return told


def make_estimates(predictor: Predictor, found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return each horizon's estimate in words and numbers of 100, its bars to one scale."""
    estimates = found["estimates"]
    drawn = [c for e in estimates for c in e["explanation"]["contributions"]]
    drawn += [part for row in drawn for part in row.get("parts", ())]
    largest = max((abs(row["contribution"]) for row in drawn), default=0.0)
    start = name_start(found)
    return [
        {**_make_estimate(predictor, e, largest or 1.0, found["submodel"]), "start": start}
        for e in estimates
    ]


def name_start(found: Mapping[str, Any]) -> Text:
    """Return what an answer's estimates start from: nothing known but, where it counts, where."""
    centre = found["model"]["centre"]
    if centre is None:
        return say("Knowing nothing")
    if not centre["known"]:
        return say("Knowing nothing, at a new centre")
    return say("Knowing nothing, at {centre}", centre=centre["name"])


def describe_submodel(predictor: Predictor, found: Mapping[str, Any]) -> Text:
    """Return which sub-model gave an answer's estimates, and why; empty where there is one only."""
    unused = [
        as_text(n["text"]) for n in found["applicability"]["notices"] if n["code"] == "panel_unused"
    ]
    if not found["estimates"]:
        return Text("")
    if unused:
        return unused[0]
    told = predictor.facts.panel
    if told is None:
        return Text("")
    if found["submodel"] == WITH_PANEL:
        return say(
            "The microRNA panel was used: {n} patients with a panel taught this sub-model what to "
            "make of it. {verdict}",
            n=told["n_patients"],
            verdict=predictor.facts.say(told["verdict"]),
        )
    return say("No microRNA panel was given: the estimate is the clinical sub-model's.")


def describe_contributions(
    predictor: Predictor, contributions: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return an explanation's rows in words, the largest first.

    Returns
    -------
    list of dict
        `label`, `value` in words, `contribution`, and `parts`, the same for a panel's assays.
    """
    rows = []
    for row in sorted(contributions, key=lambda row: -abs(row["contribution"])):
        parts = row.get("parts", ())
        if "parts" in row:
            label = say("microRNA panel")
            value = say_count("{count} assay", "{count} assays", len(parts))
        elif row["variable"] in predictor.dictionary:
            variable = predictor.dictionary[row["variable"]]
            label, value = as_text(variable.label), show_value(variable, row["value"])
        else:
            label = Text(row["variable"])
            value = say("not measured")
            if row["value"] is not None:
                value = say("ΔCt {delta}", delta=_sign(row["value"]))
        rows.append(
            {
                "label": label,
                "value": value,
                "contribution": row["contribution"],
                "error": row.get("error", 0.0),
                "parts": describe_contributions(predictor, parts),
            }
        )
    return rows


def _make_estimate(
    predictor: Predictor, estimate: Mapping[str, Any], largest: float, submodel: str
) -> dict[str, Any]:
    low, high = estimate["interval"]
    explanation = estimate["explanation"]
    counts = predictor.facts.counts[estimate["horizon"]]
    rows = describe_contributions(predictor, explanation["contributions"])
    told = predictor.facts.panel or {}
    with_panel = told.get("horizons", {}).get(estimate["horizon"], {}).get("n")
    return {
        "horizon": estimate["horizon"],
        "at": _name_horizon(predictor, estimate["horizon"]),
        "outcome": estimate["outcome"],
        "plainly": _say_plainly(predictor, estimate),
        "probability": _HUNDRED * estimate["probability"],
        "dots": round(_HUNDRED * estimate["probability"]),
        "about": count_of_hundred(estimate["probability"]),
        "low": _HUNDRED * low,
        "high": _HUNDRED * high,
        "base_rate": _HUNDRED * estimate["base_rate"],
        "beside": _compare(estimate),
        "n": counts["n"],
        "events": counts["events"],
        "n_panel": with_panel if submodel == WITH_PANEL else None,
        "corrected": abs(counts["events"] / counts["n"] - estimate["base_rate"]) >= 0.005,
        "counted": _describe_count(counts["events"], counts["n"], estimate["base_rate"]),
        "published": _describe_published(estimate["published_base_rate"]),
        "base": _HUNDRED * explanation["base"],
        "error": _HUNDRED * explanation["error"],
        "moved": any(row["contribution"] for row in rows),
        "rows": _draw_bars(rows, largest),
    }


def _name_horizon(predictor: Predictor, horizon: str) -> str:
    if predictor.facts.condition != "CRPS":
        return horizon.upper()
    return say("discharge (T1)") if horizon == "t1" else say("first follow-up (T2)")


def _say_plainly(predictor: Predictor, estimate: Mapping[str, Any]) -> str:
    """Return what counted as a response, and when, for somebody who is no physician."""
    facts = predictor.facts
    if facts.condition != "CRPS":
        return str(estimate["outcome"])
    rule = read_rule(facts.rule, predictor.dictionary).past
    if estimate["horizon"] == "t1":
        return say("when they left hospital, {rule}", rule=rule)
    return say(
        "when they left hospital, and still at the first check-up some weeks later, {rule}",
        rule=rule,
    )


def _compare(estimate: Mapping[str, Any]) -> str:
    """Return how an estimate stands to the cohort's: "same" where the interval holds both."""
    low, high = estimate["interval"]
    if low <= estimate["base_rate"] <= high:
        return "same"
    return "more" if estimate["probability"] > estimate["base_rate"] else "fewer"


def _describe_published(published: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if published is None:
        return None
    pooled = published["pooled"]
    return {
        "rate": _HUNDRED * published["rate"],
        "source": published["source"],
        "pooled": _HUNDRED * pooled["rate"],
        "pooled_outcome": pooled["outcome"],
        "pooled_source": pooled["source"],
        "new_centre": [_HUNDRED * limit for limit in pooled["new_centre"]],
    }


def _draw_bars(rows: Sequence[Mapping[str, Any]], largest: float) -> list[dict[str, Any]]:
    return [
        {
            "label": row["label"],
            "value": row["value"],
            "points": _HUNDRED * row["contribution"],
            "width": 50 * abs(row["contribution"]) / largest,
            "error": _HUNDRED * row["error"],
            "parts": _draw_bars(row["parts"], largest),
        }
        for row in rows
    ]


def _describe_count(events: int, n: int, base_rate: float) -> Text:
    if abs(events / n - base_rate) < 0.005:
        return say("{events} of {n}", events=events, n=n)
    # Nonresponders at T1 count at T2 without being seen, responders only if seen.
    return say("{events} of {n} known, corrected for those not seen again", events=events, n=n)


def _sign(value: float) -> Text:
    """Return a number with a minus that is as wide as a plus."""
    number = say("{size:.1f}", size=abs(value))
    return say_list(["\N{MINUS SIGN}", number], "") if f"{value:.1f}" < "0" else number


def count_of_hundred(probability: float) -> Text:
    """Return a probability as a count of 100 patients, in words."""
    if probability < 0.005:
        return say("fewer than 1")
    if probability > 0.995:
        return say("more than 99")
    return say("about {count}", count=round(_HUNDRED * probability))


def show_value(variable: Variable, value: float | str | None) -> Text:
    """Return a variable's value as people write it, with its unit."""
    if value is None:
        return say("not known")
    if isinstance(value, str):
        return spell_choice(value)
    return say_words(say("{value:g}", value=value), variable.short_unit)
