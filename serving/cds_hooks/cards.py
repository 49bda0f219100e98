"""A card: the estimate in a sentence, and beneath it all that has to stand beside such a number."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from features.texts import say
from serving.estimate.notices import RECORDED, WAIVED, list_reasons, name_absence
from serving.estimate.predictor import Predictor
from serving.fhir.issues import Issue
from serving.language.language import Language
from serving.web.result import count_of_hundred, show_value
from training.store.statements import make_statements

__all__ = ["LONGEST_SUMMARY", "make_cds_card", "make_unread_card"]

_Block = tuple[str, Iterable[str]]
"""A heading, and the sentences beneath it."""

LONGEST_SUMMARY = 139
"""Letters of a summary: CDS Hooks asks for fewer than 140."""

_HUNDRED = 100
_MOST_ISSUES = 20
_SIGNS = re.compile(r"[\\`*_\[\]<>|~]")
_WHEN = {"t1": say("at discharge"), "t2": say("at follow-up")}
_STATUS = {
    "demonstration": say("Demonstration: invented numbers."),
    "research": say("Research use only."),
}
_WITHOUT_USE = ("unused", "note")
"""Notices that a card leaves out: what a record holds and nobody asked, and what stands below."""


def make_cds_card(
    predictor: Predictor,
    answer: Mapping[str, Any],
    language: Language,
    *,
    patient: Mapping[str, Any],
    links: Sequence[Mapping[str, str]],
    issues: Sequence[Issue] = (),
    first: str = "",
) -> dict[str, Any]:
    """Return the card that tells an answer.

    Parameters
    ----------
    predictor : Predictor
        That gave it.
    answer : mapping
        As it may leave: of :func:`serving.records.asking.ask`.
    language : Language
        Of whoever reads it.
    patient : mapping
        What was asked with: the card shows what of it the estimate rests on.
    links : sequence of mapping
        As a card has them.
    issues : sequence of Issue
        What of the patient's record could not be used.
    first : str
        The horizon that the clinic cares about; the model's first where it has no such.

    Returns
    -------
    dict
        `uuid` is the number of the answer, so that what is reported of the card is reported of the
        estimate.
    """
    notices = answer["applicability"]["notices"]
    estimates = sorted(answer["estimates"], key=lambda one: one["horizon"] != first)
    reasons = [*list_reasons(answer), *(n["text"] for n in notices if n["code"] == RECORDED)]
    said = {*reasons, predictor.stamp}
    others = [n["text"] for n in notices if n["text"] not in said and n["code"] not in _WITHOUT_USE]
    centre = answer["model"]["centre"]
    if centre is not None and estimates:
        others = [centre["text"], *(one for one in others if one != centre["text"])]
    waived = [n["text"] for n in notices if n["code"] == WAIVED]
    blocks: list[_Block] = [
        (predictor.stamp, waived),
        (say("No estimate"), reasons),
        *((estimate["outcome"], _describe_estimate(estimate)) for estimate in estimates),
        (say("Please note, for this patient"), [one for one in others if one not in waived]),
        (say("Read from the record"), _list_values(predictor, patient)),
        *_make_end(predictor, issues, language),
    ]
    return {
        "uuid": str(UUID(answer["request_id"])),
        **_make_frame(predictor, language, links),
        "summary": _summarise(predictor, {**answer, "estimates": estimates}, language),
        "detail": _write(blocks, language),
    }


def make_unread_card(
    predictor: Predictor,
    issues: Sequence[Issue],
    language: Language,
    *,
    links: Sequence[Mapping[str, str]],
) -> dict[str, Any]:
    """Return the card of a patient whose record holds what cannot be read: without an estimate."""
    told = say("No estimate: the record holds values that cannot be read.")
    blocks: list[_Block] = [(predictor.stamp, ()), *_make_end(predictor, issues, language)]
    return {
        **_make_frame(predictor, language, links),
        "summary": _add_status(predictor, told, language),
        "detail": _write(blocks, language),
    }


def _make_frame(
    predictor: Predictor, language: Language, links: Sequence[Mapping[str, str]]
) -> dict[str, Any]:
    facts = predictor.facts
    label = say(
        "ketresponse, model {name} version {version}", name=facts.name, version=facts.version
    )
    return {
        "indicator": "info",
        "source": {"label": language.tell(label)},
        "links": [dict(link) for link in links],
    }


def _make_end(predictor: Predictor, issues: Sequence[Issue], language: Language) -> list[_Block]:
    return [
        (say("Not read from the record"), _tell_issues(issues, language)),
        (say("What such a number is, and what it is not"), make_statements(predictor.facts)[1:]),
    ]


def _summarise(predictor: Predictor, answer: Mapping[str, Any], language: Language) -> str:
    told: str = say("No estimate is shown: silent evaluation.")
    if answer["estimates"]:
        first = answer["estimates"][0]
        low, high = (_HUNDRED * limit for limit in first["interval"])
        told = say(
            "Response {when}: {count} of 100 such patients (95% interval {low:.0f} to {high:.0f}).",
            when=_WHEN[first["horizon"]],
            count=count_of_hundred(first["probability"]),
            low=low,
            high=high,
        )
    elif list_reasons(answer):
        return _add_status(predictor, f"{language.tell(name_absence(answer))}.", language)
    return _add_status(predictor, told, language)


def _add_status(predictor: Predictor, told: str, language: Language) -> str:
    """Return a summary: a sentence, and what the model may be used for where it is not approved."""
    status = _STATUS.get(predictor.facts.status, "")
    text = f"{language.tell(told)} {language.tell(status)}".strip()
    # Tests hold that no sentence is so long, in any language: a last resort against a client that
    # drops a card whose summary is.
    return text if len(text) <= LONGEST_SUMMARY else f"{text[: LONGEST_SUMMARY - 1]}…"


def _describe_estimate(estimate: Mapping[str, Any]) -> list[str]:
    low, high = (_HUNDRED * limit for limit in estimate["interval"])
    return [
        say(
            "Of 100 patients like this one, {count} responded (95% interval {low:.0f} to "
            "{high:.0f}).",
            count=count_of_hundred(estimate["probability"]),
            low=low,
            high=high,
        ),
        say("In the model's cohort {rate:.0f} of 100.", rate=_HUNDRED * estimate["base_rate"]),
    ]


def _list_values(predictor: Predictor, patient: Mapping[str, Any]) -> list[str]:
    """Return what the estimate rests on, as far as the record has it."""
    names = dict.fromkeys([*predictor.model.predictors, *predictor.eligibility_names])
    return [
        say(
            "{label}: {value}",
            label=predictor.dictionary[name].label,
            value=show_value(predictor.dictionary[name], patient[name]),
        )
        for name in names
        if patient.get(name) is not None
    ]


def _tell_issues(issues: Sequence[Issue], language: Language) -> list[str]:
    """Return issues as Markdown shows them: they may repeat what stands in the record, as it is."""
    told = dict.fromkeys(" ".join(language.tell(issue.text).split()) for issue in issues)
    lines = [_SIGNS.sub(r"\\\g<0>", text) for text in [*told][:_MOST_ISSUES]]
    more = len(told) - _MOST_ISSUES
    return [*lines, *([say("and {count} more", count=more)] if more > 0 else [])]


def _write(blocks: Sequence[_Block], language: Language) -> str:
    """Return blocks as Markdown; of those that follow the first, empty ones are left out."""
    stamp, *others = [(heading, [*items]) for heading, items in blocks]
    told = []
    for heading, items in [stamp, *(one for one in others if one[1])]:
        lines = [f"- {language.tell(item)}" for item in items]
        told.append("\n".join([f"**{language.tell(heading)}**", *([""] if lines else []), *lines]))
    return "\n\n".join(told)
