"""The card of the model that is served: as data, as a page, and as the card's own document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from serving.estimate.predictor import Predictor
from serving.web.headers import CARD_POLICY, PAGE_POLICY, PRIVATE
from serving.web.page import render_card
from training.card.card import CARD_FILE, Card, read_card
from training.card.render import find_holding, render_html
from training.review.seal import read_annex
from training.store.statuses import APPROVALS

__all__ = ["card_document", "make_card_routes"]

_NONE = "this model has no card"
_OTHER = "the card beside this model is not the one that was approved"
_SHUT_OFF = {**PRIVATE, "Content-Security-Policy": CARD_POLICY}


def card_document(card: Card, *, annex: Mapping[str, Any] | None, status: str) -> Response:
    """Return the card as a document, shut off from the page around it.

    It is rendered from what was signed: a file could have been changed without voiding anything.
    """
    return HTMLResponse(render_html(card, annex=annex, status=status), headers=_SHUT_OFF)


def _find_card(predictor: Predictor, folder: Path) -> tuple[Card | None, str]:
    """Return the card beside a model; or None, and why it is not shown."""
    if not (folder / CARD_FILE).exists():
        return None, _NONE
    card = read_card(folder)
    facts = predictor.facts
    if facts.status in APPROVALS and card.sha256 != facts.card_sha256:
        return None, _OTHER  # changed since the service was started
    return card, ""


def describe_card(
    predictor: Predictor, card: Card, annex: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return what `GET /model/card` answers.

    Returns
    -------
    dict
        `status` and its `stamp`; `card_sha256` and `body` of the card; `review`, who approved
        and waived what, or None for a model that was never reviewed.
    """
    return {
        "status": predictor.facts.status,
        "stamp": predictor.stamp,
        "card_sha256": card.sha256,
        "body": card.body.to_json(),
        "review": None if annex is None else dict(annex),
    }


def make_card_routes(
    get_predictor: Callable[[], Predictor],
    get_folder: Callable[[], Path],
    to_json: Callable[..., Response],
) -> list[Route]:
    """Return the routes that show the card; `to_json` makes an answer of values and a status."""

    def show_data(request: Request) -> Response:
        predictor, folder = get_predictor(), get_folder()
        card, why_not = _find_card(predictor, folder)
        if card is None:
            return to_json({"error": why_not}, 404)
        annex = find_holding(card, read_annex(folder))
        return to_json(describe_card(predictor, card, annex))

    def show_page(request: Request) -> Response:
        predictor, folder = get_predictor(), get_folder()
        card, why_not = _find_card(predictor, folder)
        annex = None if card is None else find_holding(card, read_annex(folder))
        html = render_card(predictor, annex=annex, why_not=why_not)
        return HTMLResponse(html, headers={**PRIVATE, "Content-Security-Policy": PAGE_POLICY})

    def show_document(request: Request) -> Response:
        predictor, folder = get_predictor(), get_folder()
        card, why_not = _find_card(predictor, folder)
        if card is None:
            return PlainTextResponse(why_not, 404, headers=_SHUT_OFF)
        return card_document(card, annex=read_annex(folder), status=predictor.facts.status)

    return [
        Route("/model/card", show_data),
        Route("/card", show_page),
        Route("/card.html", show_document),
    ]
