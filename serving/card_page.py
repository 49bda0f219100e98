"""The card of the model that is served: as data, as a page, and as the card's own document."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from serving.headers import CARD_POLICY, PAGE_POLICY, PRIVATE
from serving.page import render_card
from serving.predictor import Predictor
from training.model_card import CARD_FILE, read_card
from training.seal import read_annex

__all__ = ["CARD_HTML", "card_document", "describe_card", "make_card_routes"]

CARD_HTML = "card.html"
_NONE = "this model has no card"


def card_document(folder: Path) -> Response:
    """Return the card's own HTML, shut off from the page around it."""
    headers = {**PRIVATE, "Content-Security-Policy": CARD_POLICY}
    path = folder / CARD_HTML
    if not path.is_file():
        return PlainTextResponse(_NONE, 404, headers=headers)
    return FileResponse(path, media_type="text/html; charset=utf-8", headers=headers)


def describe_card(predictor: Predictor, folder: Path) -> dict[str, Any]:
    """Return what `GET /model/card` answers.

    Returns
    -------
    dict
        `status` and its `stamp`; `card_sha256` and `body` of the card; `review`, who approved
        and waived what, or None for a model that was never reviewed.
    """
    card = read_card(folder)
    return {
        "status": predictor.facts.status,
        "stamp": predictor.stamp,
        "card_sha256": card.sha256,
        "body": card.body,
        "review": read_annex(folder),
    }


def make_card_routes(
    get_predictor: Callable[[], Predictor],
    get_folder: Callable[[], Path],
    to_json: Callable[..., Response],
) -> list[Route]:
    """Return the routes that show the card.

    Parameters
    ----------
    get_predictor, get_folder : callable
        Return the loaded model and its folder.
    to_json : callable
        Makes an answer of plain values and a status code.
    """

    def show_data(request: Request) -> Response:
        folder = get_folder()
        if not (folder / CARD_FILE).exists():
            return to_json({"error": _NONE}, 404)
        return to_json(describe_card(get_predictor(), folder))

    def show_page(request: Request) -> Response:
        folder = get_folder()
        html = render_card(
            get_predictor(), annex=read_annex(folder), has_card=(folder / CARD_HTML).is_file()
        )
        return HTMLResponse(html, headers={**PRIVATE, "Content-Security-Policy": PAGE_POLICY})

    def show_document(request: Request) -> Response:
        return card_document(get_folder())

    return [
        Route("/model/card", show_data),
        Route("/card", show_page),
        Route("/card.html", show_document),
    ]
