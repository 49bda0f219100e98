"""The clinician's page: the form, and an estimate in plain words.

Rendering is pure: model, fields and answer in, HTML out. The page has no script and nothing from
outside, so that it works without a network and under a strict content policy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from features.dictionary.variable import Variable, spell_choice
from features.errors import Problem
from features.published.safety import describe_safety
from features.texts import Text, as_text, say, say_count, say_list, say_words
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
from serving.web.form import (
    make_form_sections,
    make_panel_fields,
    make_record_fields,
    short_unit,
    show_problem,
)
from serving.web.rendering import render
from training.approval.case import SILENT as SILENT_SCOPE
from training.store.statements import make_statements

__all__ = [
    "count_of_hundred",
    "describe_contributions",
    "describe_submodel",
    "render_card",
    "render_page",
    "show_value",
]

_HUNDRED = 100


def render_card(predictor: Predictor, *, annex: Mapping[str, Any] | None, why_not: str) -> str:
    """Return the page around the model's card: its stamp, who has reviewed it, or why not."""
    facts = predictor.facts
    return render(
        "card.html",
        facts=facts,
        stamp=predictor.stamp,
        annex=annex,
        silent_scope=SILENT_SCOPE,
        why_not=why_not,
    )


def render_page(
    predictor: Predictor,
    *,
    fields: Mapping[str, str] | None = None,
    found: Mapping[str, Any] | None = None,
    problems: Sequence[Problem] = (),
    unavailable: str = "",
    records: bool = False,
    csrf: str = "",
) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    predictor : Predictor
        The loaded model, from whose dictionary the form is made.
    fields : mapping or None
        What was filled in, as it came.
    found : mapping or None
        The answer of :meth:`Predictor.predict`.
    problems : sequence of Problem
        What was wrong with `fields`; each is shown beside its field.
    unavailable : str
        Why there is no estimate now; empty where that is not so.
    records : bool
        Whether what is asked and answered is recorded.
    csrf : str
        The word of the session, which each form carries; empty where nobody has logged in.
    """
    facts = predictor.facts
    return render(
        "clinic.html",
        facts=facts,
        digest=predictor.digest,
        stamp=predictor.stamp,
        waivers=predictor.waivers,
        silent=predictor.is_silent,
        statements=make_statements(facts)[1:],
        safety=describe_safety(facts.condition),
        sections=[
            *make_form_sections(predictor, fields or {}, problems),
            *make_panel_fields(predictor, fields or {}, problems),
            *(make_record_fields(predictor, fields or {}, problems) if records else ()),
        ],
        multipart=predictor.panel is not None,
        csrf=csrf,
        problems=[show_problem(predictor, problem) for problem in problems],
        unavailable=unavailable,
        records=records,
        result=None if found is None else _make_result(predictor, found),
    )


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


def _make_result(predictor: Predictor, found: Mapping[str, Any]) -> dict[str, Any]:
    notices = found["applicability"]["notices"]
    if predictor.is_silent:  # whatever it was handed
        found = {**found, "estimates": []}
    estimates = found["estimates"]
    drawn = [c for e in estimates for c in e["explanation"]["contributions"]]
    drawn += [part for row in drawn for part in row.get("parts", ())]
    largest = max((abs(row["contribution"]) for row in drawn), default=0.0)
    # said elsewhere on the page
    hidden = {
        *NO_ESTIMATE,
        "note",
        "panel_unused",
        predictor.facts.status,
        SILENT,
        RECORDED,
        WAIVED,
    }
    return {
        "request_id": found["request_id"],
        "recorded": [n["text"] for n in notices if n["code"] == RECORDED],
        "in_scope": found["applicability"]["in_scope"],
        "reasons": list_reasons(found),
        "absence": name_absence(found),
        "spoke": describe_submodel(predictor, found),
        "notices": [n["text"] for n in notices if n["code"] not in hidden],
        "estimates": [
            _make_estimate(predictor, e, largest or 1.0, found["submodel"]) for e in estimates
        ],
    }


def _make_estimate(
    predictor: Predictor, estimate: Mapping[str, Any], largest: float, submodel: str
) -> dict[str, Any]:
    low, high = estimate["interval"]
    explanation = estimate["explanation"]
    counts = predictor.facts.counts[estimate["horizon"]]
    rows = describe_contributions(predictor, explanation["contributions"])
    told = predictor.facts.panel or {}
    with_panel = told.get("horizons", {}).get(estimate["horizon"], {}).get("n")
    published = estimate["published_base_rate"]
    return {
        "horizon": estimate["horizon"],
        "outcome": estimate["outcome"],
        "probability": _HUNDRED * estimate["probability"],
        "dots": round(_HUNDRED * estimate["probability"]),
        "about": count_of_hundred(estimate["probability"]),
        "low": _HUNDRED * low,
        "high": _HUNDRED * high,
        "base_rate": _HUNDRED * estimate["base_rate"],
        "n": counts["n"],
        "n_panel": with_panel if submodel == WITH_PANEL else None,
        "counted": _describe_count(counts["events"], counts["n"], estimate["base_rate"]),
        "published": None
        if published is None
        else {
            "rate": _HUNDRED * published["rate"],
            "source": published["source"],
            "pooled": _HUNDRED * published["pooled"]["rate"],
            "pooled_outcome": published["pooled"]["outcome"],
            "pooled_source": published["pooled"]["source"],
            "new_centre": [_HUNDRED * limit for limit in published["pooled"]["new_centre"]],
        },
        "base": _HUNDRED * explanation["base"],
        "error": _HUNDRED * explanation["error"],
        "moved": any(row["contribution"] for row in rows),
        "rows": _draw_bars(rows, largest),
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
    return say_words(say("{value:g}", value=value), short_unit(variable))
