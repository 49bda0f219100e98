"""A card as a page for people (HTML, self-contained) and as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from features.errors import KetresponseError
from training.approval.case import NEEDED, SILENT
from training.approval.gate import REVIEWERS_GATE, Gate
from training.card.card import Card
from training.card.checks import count_fields
from training.card.fields import PLACES
from training.card.gates import compute_gates
from training.card.pages.answers import list_asked
from training.card.pages.first_page import list_said, make_sureness, name_checked
from training.card.pages.sections import make_sections
from training.card.schema import Body
from training.document.render import make_environment
from training.store.statements import stamp
from training.store.statuses import APPROVED, SILENT_APPROVAL

__all__ = ["find_holding", "render_html", "render_markdown", "describe_gates", "write_pages"]

CARD_HTML, CARD_MARKDOWN = "card.html", "card.md"
_VOID = "void: model or card changed since"


def describe_gates(body: Body, annex: Mapping[str, Any] | None) -> list[Gate]:
    """Return the gates of a card beside its annex.

    Parameters
    ----------
    body : Body
        Of the card.
    annex : mapping or None
        :func:`training.approval.approval.make_annex`; None where the model was never reviewed.
    """
    annex = annex or {}
    waivers = {entry["gate"]: entry for entry in annex.get("waivers", [])}
    approvals = annex.get("approvals", [])
    shown = []
    for gate in compute_gates(body):
        if gate.number == REVIEWERS_GATE:
            who = " and ".join(entry["name"] for entry in approvals)
            how = SILENT_APPROVAL if annex.get("scope") == SILENT and approvals else APPROVED
            gate = replace(gate, value=f"{how} by {who or 'nobody yet'}")
            if len({entry["account"] for entry in approvals}) >= NEEDED:
                gate = replace(gate, status="pass")
        if gate.status == "fail" and gate.number in waivers and not gate.never_waived:
            entry = waivers[gate.number]
            words = f"waived by {entry['name']} on {entry['at'][:10]}: {entry['comment']}"
            gate = replace(gate, status="waived", waiver=words)
        shown.append(gate)
    return shown


_PACKAGE = "training.card"


def find_holding(card: Card, annex: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return the annex as it holds for this card.

    Parameters
    ----------
    card : Card
        As it is now.
    annex : mapping or None
        :func:`training.approval.approval.make_annex`. If it speaks of another card or model, its
        approvals and waivers are void and left out; the history stays.
    """
    if annex is None:
        return None
    signed = annex["digests"]
    if (signed["model"], signed["card"]) == (card.body.model.digest, card.sha256):
        return annex
    return {**annex, "standing": _VOID, "scope": "", "approvals": [], "waivers": []}


def _context(card: Card, annex: Mapping[str, Any] | None, status: str | None) -> dict[str, Any]:
    body = card.body
    annex = find_holding(card, annex)
    results = body.results
    gates = describe_gates(body, annex)
    standing = status or ("demonstration" if body.model.synthetic else "research")
    stamped = stamp(standing)
    protection, *sections = make_sections(body, annex, said=list_said(body, stamped))
    return {
        "card": card,
        "body": body,
        "model": body.model,
        "study": results.study,
        "plain": body.plain,
        "stamp": stamped,
        "status": standing,
        "headline": results.headline or [],
        "verdict": results.verdict[0],
        "sureness": make_sureness(body),
        "checked": name_checked(gates),
        "gates": gates,
        "waivers": [
            f"Gate {gate.number}, {gate.name}, fails and was let pass: {gate.waiver}"
            for gate in gates
            if gate.status == "waived"
        ],
        "counts": {s: sum(g.status == s for g in gates) for s in ("pass", "waived", "fail")},
        "protection": protection,
        "sections": sections,
        "asked": list_asked(body),
        "field_counts": count_fields(body.fields),
        "places": PLACES,
    }


def render_html(
    card: Card, *, annex: Mapping[str, Any] | None = None, status: str | None = None
) -> str:
    """Return a card as one HTML page that needs nothing else: no network, no script.

    Parameters
    ----------
    card : Card
        What is shown.
    annex : mapping or None
        Approvals, waivers and history, :func:`training.approval.approval.make_annex`; those given
        to another card or model are shown as void.
    status : str or None
        The model's status now; None for "demonstration" or "research".
    """
    return _lay_out_html(_context(card, annex, status))


def _lay_out_html(context: Mapping[str, Any]) -> str:
    return make_environment(_PACKAGE).get_template("card.html").render(context)


def render_markdown(
    card: Card,
    *,
    annex: Mapping[str, Any] | None = None,
    status: str | None = None,
    pictures: bool = True,
) -> str:
    """Return a card as Markdown; see :func:`render_html`.

    `pictures` tells whether they are embedded; a terminal cannot show them.
    """
    return _lay_out_markdown(_context(card, annex, status), pictures=pictures)


def _lay_out_markdown(context: Mapping[str, Any], *, pictures: bool = True) -> str:
    template = make_environment(_PACKAGE, markdown=True).get_template("card.md.jinja")
    return template.render(context, pictures=pictures)


def write_pages(
    card: Card, folder: Path, *, annex: Mapping[str, Any] | None, status: str
) -> list[Path]:
    """Write the card's page and Markdown into a folder; see :func:`render_html`.

    They are copies for people. Whatever shows a card renders it from ``card.json``, which is what
    was signed.

    Raises
    ------
    KetresponseError
        If they cannot be written.
    """
    context = _context(card, annex, status)
    # Whole before anything is written.
    pages = {CARD_HTML: _lay_out_html(context), CARD_MARKDOWN: _lay_out_markdown(context)}
    try:
        for name, text in pages.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as err:
        raise KetresponseError(f"cannot write the card into {folder}: {err.strerror}") from err
    return [folder / name for name in pages]
