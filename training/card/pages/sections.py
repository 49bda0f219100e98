"""A card laid out once, for every form: sections of sentences, tables and pictures.

Nothing is computed here; each block shows part of the body, the gates or the annex.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from training.approval.case import SILENT, name_standing
from training.card.fields import PLACES
from training.card.pages.answers import make_answers_blocks
from training.card.pages.cohort import (
    make_outcome_blocks,
    make_population_blocks,
    make_predictors_blocks,
    make_use_blocks,
)
from training.card.pages.data_protection import make_data_protection_blocks
from training.card.pages.findings import (
    make_calibration_blocks,
    make_decision_blocks,
    make_fairness_blocks,
    make_model_blocks,
    make_performance_blocks,
    make_stability_blocks,
)
from training.card.pages.network import make_network_blocks
from training.card.pages.once import say_once
from training.card.pages.panel import make_panel_blocks
from training.card.pages.pictures import draw_base_rates
from training.card.schema import OWN_RATE, Body, Safety
from training.document.document import Block, Bullets, Drawing, Drawings, Section, make_table
from training.document.words import capital, join, percent

__all__ = ["make_sections"]


def _literature(body: Body) -> list[Block]:
    if not body.base_rates:
        return [
            "The published rates and predictors held here are those of CRPS; this model is "
            "about another condition."
        ]
    blocks: list[Block] = []
    if body.contradictions:
        blocks.append(Bullets(tuple(body.contradictions), "warning"))
    else:
        blocks.append(
            "It does not rank by disease duration, depression or dose, of which the only "
            "placebo-controlled trial found no effect."
        )
    rates = {
        body.results.study.name_horizon(h): [r for r in body.base_rates if r.horizon == h]
        for h in body.results.horizons
    }
    blocks.append(
        Drawings(
            tuple(
                Drawing(draw_base_rates(rows, at), f"Share of responders at {at}")
                for at, rows in rates.items()
            ),
            "The pooled rates count relief of at least 30%, another outcome, in studies that mix "
            "drugs, doses and ages; they are context only.",
        )
    )
    notes = dict.fromkeys(
        f"{r.source.split(',')[0]}: {r.note}"
        for r in body.base_rates
        if r.note and r.source != OWN_RATE  # page one tells of whom the cohort's own share is
    )
    return [*blocks, Bullets(tuple(notes)), _make_known_blocks(body)]


def _make_known_blocks(body: Body) -> Block:
    """Return what is published on each predictor beside the model's use of it."""
    used = [
        (
            k.matter,
            k.finding,
            k.strength,
            _shorten(k.source) or "–",
            ", ".join(
                f"{h.upper()} {'not used' if s is None else percent(s)}"
                for h, s in k.shares.items()
            ),
        )
        for k in body.known_predictors
    ]
    sources = dict.fromkeys(
        source for k in body.known_predictors for source in k.source.split("; ") if source
    )
    return make_table(
        "What is published on predictors, and what this model makes of them",
        (
            "predictor",
            "finding",
            "how far to trust it",
            "source",
            "share of what moves the estimate",
        ),
        used,
        "No published study holds a validated predictor of response that is known before "
        f"admission. Sources: {'; '.join(sources)}.",
    )


def _shorten(sources: str) -> str:
    """Return "Mangnus 2021; Sigtermans 2009" of the full references."""
    return "; ".join(source.split(",")[0] for source in sources.split("; "))


def _limitations(body: Body) -> list[Block]:
    probast = next(f.answer for f in body.fields if f.id == "probast")
    return [Bullets(tuple(body.limitations)), f"PROBAST+AI: {probast}."]


def _safety(body: Body) -> list[Block]:
    if not body.safety:
        return [
            "No published side effects are held for this treatment. The model says nothing "
            "about harm."
        ]
    blocks: list[Block] = [
        "The model says nothing about harm. What follows is published, and no prediction."
    ]
    places = dict.fromkeys((fact.setting, fact.source) for fact in body.safety)
    for setting, source in places:
        here = [f for f in body.safety if (f.setting, f.source) == (setting, source)]
        shared = {n for n, times in Counter(f.note for f in here if f.note).items() if times > 1}
        rows = [
            (
                fact.matter,
                f"{fact.events} of {fact.n} ({percent(fact.events / fact.n)})",
                _describe_placebo(fact),
                "" if fact.note in shared else fact.note,
            )
            for fact in here
        ]
        more = [
            f" {capital(join([f.matter for f in here if f.note == note]))}: {note}"
            for note in sorted(shared)
        ]
        head = ("what", "patients", "placebo", "note")
        blocks.append(make_table(capital(setting), head, rows, f"{source}.{''.join(more)}"))
    return blocks


def _describe_placebo(fact: Safety) -> str:
    if fact.placebo_n is None:
        return "–"
    return f"{fact.placebo_events} of {fact.placebo_n}"


def _provenance(body: Body) -> list[Block]:
    model = body.model
    rows = [
        ("model", f"{model.name} {model.version} ({model.submodel})"),
        ("tracked run", model.run_id or "–"),
        ("made on", model.created),
        ("model artifact, SHA-256", model.digest),
        ("cohort, SHA-256", model.cohort_sha256),
        ("study, SHA-256", model.study_sha256),
        ("seed", body.results.study.seed),
        ("code", f"ketresponse {model.code_version}"),
        ("packages", ", ".join(f"{k} {v}" for k, v in model.versions.items())),
    ]
    return [
        "Every number on this card is computed from the run named here.",
        make_table("", ("what", "value"), rows),
    ]


def _describe_scope(annex: Mapping[str, Any]) -> str:
    """Return what an approval is for, or what it could be for."""
    if annex["standing"] == "approved" and annex["scope"] != SILENT:
        return f", for {annex['scope']}"
    return f"; at most for {annex['scope']}" if annex["standing"] == "in review" else ""


def _history(body: Body, annex: Mapping[str, Any] | None) -> list[Block]:
    blocks: list[Block] = []
    if annex is None:
        blocks.append("Not reviewed yet.")
    else:
        standing = name_standing(annex["standing"], annex["scope"])
        blocks.append(f"Review: {standing}{_describe_scope(annex)}.")
        for title, key in (
            ("Approvals", "approvals"),
            ("Waivers", "waivers"),
            ("History", "history"),
        ):
            rows = [
                (
                    e["at"][:10],
                    e.get("kind", key.rstrip("s"))
                    + (f", gate {e['gate']}" if e.get("gate") else ""),
                    f"{e['name']} ({e['account']})",
                    e["comment"],
                )
                for e in annex.get(key, [])
            ]
            if rows:
                blocks.append(make_table(title, ("date", "what", "who", "in their words"), rows))
    parent = body.parent
    if parent is None:
        return [*blocks, "There is no earlier version with a card to compare with."]
    rows = [(c.part, c.what, c.before, c.after) for c in parent.changes]
    changes = make_table(
        f"Changes since {parent.model}",
        ("part", "what", "before", "after"),
        rows,
        f"Card of {parent.model}: {parent.card_sha256}",
    )
    return [*blocks, changes if rows else f"Nothing changed since {parent.model}."]


def make_sections(
    body: Body, annex: Mapping[str, Any] | None, *, said: Sequence[str] = ()
) -> list[Section]:
    """Lay out everything of a card that is no page's own.

    Parameters
    ----------
    body : mapping
        Of the card.
    annex : mapping or None
        :func:`training.approval.approval.make_annex`; None where the model was never reviewed.
    said : sequence of str
        What page one says: it is said there only.

    Returns
    -------
    list of Section
        First data protection, which stands on page two beside the gates; then the annex, in order.
    """
    blocks: dict[str, list[Block]] = {
        "use": make_use_blocks(body),
        "population": make_population_blocks(body),
        "outcome": make_outcome_blocks(body),
        "predictors": make_predictors_blocks(body),
        "model": make_model_blocks(body),
        "performance": make_performance_blocks(body),
        "calibration": make_calibration_blocks(body),
        "decision": make_decision_blocks(body),
        "stability": make_stability_blocks(body),
        "fairness": make_fairness_blocks(body),
        "literature": _literature(body),
        "limitations": _limitations(body),
        "safety": _safety(body),
        "people": [],
        "maintenance": [],
        "provenance": _provenance(body),
        "history": _history(body, annex),
    }
    sections = [
        Section(PLACES[place], (*found, *make_answers_blocks(body, place)), place)
        for place, found in blocks.items()
    ]
    for after, title, anchor, found in (
        ("stability", "MicroRNA panel", "panel", make_panel_blocks(body)),
        ("population", "Centres", "centres", make_network_blocks(body)),
    ):
        if found:
            place = list(blocks).index(after) + 1
            sections.insert(place, Section(title, tuple(found), anchor))
    protection = tuple(make_data_protection_blocks(body))
    first = Section(PLACES["data_protection"], protection, "data_protection")
    return [first, *say_once(sections, said)]
