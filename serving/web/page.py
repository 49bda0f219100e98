"""The clinician's page: the form, and an estimate in plain words.

Rendering is pure: model, fields and answer in, HTML out. The page works without its script, and
takes nothing from outside, so that it works without a network and under a strict content policy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from features.dictionary.substances import SUBSTANCES
from features.errors import Problem
from features.published.safety import describe_safety
from features.texts import Text
from serving.estimate.predictor import Predictor
from serving.language.language import ENGLISH, Language
from serving.web.compare import describe_comparison, list_known
from serving.web.form import (
    make_compare_fields,
    make_form_sections,
    make_panel_fields,
    make_record_fields,
    show_problem,
)
from serving.web.letter import write_letter
from serving.web.rendering import render
from serving.web.result import make_result
from training.approval.case import SILENT as SILENT_SCOPE
from training.store.statements import name_statements

__all__ = ["PageContent", "render_card", "render_page"]

_SHORT = ("placebo", "harm", "refuse", "causes")
"""The standing sentences that stand open beside a number. Whom it rests on and when the follow-up
was are told there in other words; the others are folded."""


@dataclass(frozen=True, kw_only=True)
class PageContent:
    """What the page shows beside the form.

    Parameters
    ----------
    fields : mapping
        What was filled in, as it came.
    found : mapping or None
        The answer of :meth:`serving.estimate.predictor.Predictor.predict`.
    compared : tuple of mapping or None
        The answers for two patients who differ in one value.
    problems : sequence of Problem
        What was wrong with `fields`; each is shown beside its field.
    unavailable : str
        Why there is no estimate now; empty where that is not so.
    unread : sequence of str or None
        Where `fields` come from a record system: what of the record was not used, and why.
    """

    fields: Mapping[str, str] | None = None
    found: Mapping[str, Any] | None = None
    compared: tuple[Mapping[str, Any], Mapping[str, Any]] | None = None
    problems: Sequence[Problem] = ()
    unavailable: str = ""
    unread: Sequence[str] | None = None


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
    shown: PageContent | None = None,
    *,
    records: bool = False,
    csrf: str = "",
    first: str = "",
    language: Language = ENGLISH,
    query: str = "",
    today: date | None = None,
) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    predictor : Predictor
        The loaded model, from whose dictionary the form is made.
    shown : PageContent or None
        None for the empty form.
    records : bool
        Whether what is asked and answered is recorded.
    csrf : str
        The word of the session, which each form carries; empty where nobody has logged in.
    first : str
        The horizon that the clinic cares about.
    language : Language
        In which it is written.
    query : str
        What links of the page end with, so that they stay in the language.
    today : date or None
        The day of the answer; None for today.
    """
    shown = shown or PageContent()
    facts, fields = predictor.facts, shown.fields or {}
    statements = name_statements(facts)
    stamp = statements.pop("stamp")
    notes = [facts.say(note) for note in facts.notes]
    return render(
        "clinic.html",
        language=language,
        query=query,
        facts=facts,
        status=Text(facts.status),
        created=date.fromisoformat(facts.created),
        notes=notes,
        outcomes=[facts.say(outcome) for outcome in facts.outcomes.values()],
        population=facts.say(facts.population),
        treatment=facts.say(facts.treatment),
        digest=predictor.digest,
        stamp=stamp,
        waivers=predictor.waivers,
        silent=predictor.is_silent,
        statements=[*statements.values(), *notes],
        short=[statements[name] for name in _SHORT if name in statements],
        more=[text for name, text in statements.items() if name not in _SHORT] + notes[1:],
        safety=describe_safety(facts.condition),
        sections=[
            *make_form_sections(predictor, fields, shown.problems),
            *make_panel_fields(predictor, fields, shown.problems),
            *(make_record_fields(predictor, fields, shown.problems) if records else ()),
        ],
        substances=SUBSTANCES,
        min_known=predictor.model.min_known,
        n_predictors=len(predictor.model.predictors),
        multipart=predictor.panel is not None,
        csrf=csrf,
        problems=[show_problem(predictor, problem) for problem in shown.problems],
        unavailable=shown.unavailable,
        unread=shown.unread,
        records=records,
        **_make_answer(predictor, shown, today=today or datetime.now(UTC).date(), first=first),
    )


def _make_answer(
    predictor: Predictor, shown: PageContent, *, today: date, first: str
) -> dict[str, Any]:
    """Return what the page shows of an answer, or of two that are compared."""
    fields = shown.fields or {}
    told: dict[str, Any] = {"result": None, "compared": None, "known": {}, "compare": []}
    if shown.compared is not None:
        told["compared"] = describe_comparison(predictor, *shown.compared)
    if shown.found is None:
        return told
    result = make_result(predictor, shown.found, fields=fields, today=today, first=first)
    told["result"] = result
    if result["estimates"]:
        known = list_known(predictor, shown.found, fields)
        told |= {"known": known, "compare": make_compare_fields(predictor, known)}
        told["letter"] = write_letter(predictor, result)
    return told
