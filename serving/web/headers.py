"""What every answer tells the browser: keep nothing, run nothing, load nothing from outside."""

from __future__ import annotations

from starlette.requests import Request

__all__ = ["CARD_POLICY", "CLINIC_POLICY", "DOCS_POLICY", "PAGE_POLICY", "PRIVATE", "find_csrf"]

PRIVATE = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""No script at all, nothing from outside, no inline style, no framing by another page."""

CLINIC_POLICY = f"{PAGE_POLICY}; script-src 'self'; connect-src 'self'"
"""The clinician's page has one script of our own, which asks this service only. The page works
without it."""

CARD_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'self'; sandbox allow-popups"
)
"""A card carries its own styles and pictures, and is shown inside our pages. It is written by
others, so that it may do nothing else."""

DOCS_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
"""The API's page has one script of our own, which sends what is tried to this service."""


def find_csrf(request: Request) -> str:
    """Return the word that each form of a session carries; empty where there is no session."""
    return str(request.scope.get("state", {}).get("csrf", ""))
