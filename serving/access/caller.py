"""Who asks, and what each address demands of them.

An address that is not listed demands the operator's scope: what is added and forgotten here stays
shut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from features.texts import Text, say, say_list
from serving.cds_hooks.services import CDS_SERVICES
from serving.settings import LOCAL_CALLER

__all__ = [
    "LOCAL",
    "SCOPES",
    "Caller",
    "describe_need",
    "find_first_page",
    "is_for_record_systems",
    "is_health",
    "may_open",
]

SCOPES = ("estimate", "outcomes", "review", "admin")
"""What a caller may be let do: ask for estimates, report outcomes, watch and review, operate."""

_HEALTH = frozenset({"/livez", "/readyz", "/healthz"})
_OPEN = _HEALTH | {"/clinic.css", "/clinic.js", "/docs.css", "/docs.js", "/icon.svg"}
_OPEN |= {"/fhir/metadata", CDS_SERVICES, "/launch", "/launch/back"}
_ANYBODY = ("/", "/card", "/card.html", "/docs", "/docs.json", "/model", "/schema.json")
_NEEDED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(_ANYBODY, SCOPES),
    "/clinic": ("estimate",),
    "/arrived": ("estimate",),
    "/fhir": ("estimate",),
    "/predict": ("estimate",),
    "/predict_batch": ("estimate",),
    CDS_SERVICES: ("estimate",),
    "/outcomes": ("outcomes",),
    "/monitor": ("review",),
    "/metrics": ("admin",),
}
"""By address, and for everything beneath it: the scopes of which one is enough."""
_HOMES = (("estimate", "/clinic"), ("outcomes", "/outcomes"), ("review", "/monitor"))


@dataclass(frozen=True)
class Caller:
    """Who asks.

    Parameters
    ----------
    name : str
        A key's name, ``oidc:`` and the subject of a token, or "local" where access control is off.
    scopes : tuple of str
        Of :data:`SCOPES`.
    """

    name: str
    scopes: tuple[str, ...]


LOCAL = Caller(LOCAL_CALLER, SCOPES)
"""Whoever is on this machine, where access control is off."""


def is_health(path: str) -> bool:
    """Return whether an address tells only whether the service lives."""
    return path in _HEALTH


def is_for_record_systems(path: str) -> bool:
    """Return whether an address is one of CDS Hooks."""
    return path == CDS_SERVICES or path.startswith(f"{CDS_SERVICES}/")


def _find_needed(path: str) -> tuple[str, ...]:
    while path not in _NEEDED:
        path, _, last = path.rpartition("/")
        if not path or not last:
            return ("admin",)
    return _NEEDED[path]


def may_open(path: str, caller: Caller | None, *, known: bool = True) -> bool:
    """Return whether a caller may open an address.

    Parameters
    ----------
    path : str
        The address.
    caller : Caller or None
        None is nobody in particular.
    known : bool
        Whether anything answers there; that nothing does, every caller may hear.
    """
    if path in _OPEN:
        return True
    needed = _find_needed(path) if known else SCOPES
    return caller is not None and not set(needed).isdisjoint(caller.scopes)


def describe_need(path: str) -> Text:
    """Return in words which scope an address demands."""
    needed = _find_needed(path)
    return say_list(needed, say(" or ")) if needed != SCOPES else say("any")


def find_first_page(scopes: Sequence[str]) -> str:
    """Return the page with which somebody of these scopes begins."""
    return next((page for scope, page in _HOMES if scope in scopes), "/model")
