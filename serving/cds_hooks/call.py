"""A call of a CDS service, read: of whom, with which orders, and what was sent of their record."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from features.errors import Problem
from serving.cds_hooks.services import CdsService
from serving.estimate.request import RequestError, parse_json
from serving.fhir.elements import mapping_of, place

__all__ = ["CdsCall", "is_had", "parse_call"]

Resource = Mapping[str, Any]

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


@dataclass(frozen=True)
class CdsCall:
    """One call.

    Parameters
    ----------
    patient_id : str
        The id of the Patient resource.
    prefetch : mapping of str to mapping or None
        By key what was sent: a resource, often a Bundle, or None where the record holds nothing. A
        key is not there where it could not be had.
    orders : list
        Resources that are being ordered, of `order-select` those that were chosen.
    medications : list
        What orders refer to, sent beside them.
    server, token : str
        Of the FHIR server that may be asked for what was not sent; empty where there is none. The
        token stays in this object.
    """

    patient_id: str
    prefetch: Mapping[str, Resource | None]
    orders: list[Resource] = field(default_factory=list)
    medications: list[Resource] = field(default_factory=list)
    server: str = ""
    token: str = field(default="", repr=False)


def is_had(sent: object) -> bool:
    """Return whether what was sent can be used: resources, or nothing (``null``) as there are none.

    A record system that failed tells so in an OperationOutcome, or leaves the key out.
    """
    if sent is None:
        return True
    kind = mapping_of(sent).get("resourceType")
    return isinstance(kind, str) and kind != "OperationOutcome"


def parse_call(service: CdsService, body: bytes) -> CdsCall:
    """Return a call of a service.

    Raises
    ------
    RequestError
        Listing everything that is wrong with it.
    """
    sent = parse_json(body, expected="a call of CDS Hooks 2.0")
    if not isinstance(sent, dict):
        raise RequestError("the call", [Problem("body", "a JSON object", "something else")])
    context = sent.get("context")
    context = context if isinstance(context, dict) else {}
    prefetch = sent.get("prefetch")
    problems = [
        *_check_frame(service, sent, context),
        *_check_orders(service, context),
        *_check_server(sent),
    ]
    if not isinstance(prefetch, dict | None):
        problems.append(Problem("prefetch", "an object", "something else"))
    if problems:
        raise RequestError("the call", problems)
    orders = [placed.content for placed in place(context.get(service.orders))]
    authorization = sent.get("fhirAuthorization") or {}
    return CdsCall(
        context["patientId"],
        {key: value for key, value in (prefetch or {}).items() if is_had(value)},
        _choose(orders, context.get("selections")),
        [one for one in orders if one.get("resourceType") == "Medication"],
        str(sent.get("fhirServer") or "").rstrip("/"),
        str(authorization.get("access_token") or ""),
    )


def _choose(orders: list[Resource], selections: object) -> list[Resource]:
    """Return the orders that were chosen; all of them where nothing was."""
    if not isinstance(selections, list):
        return orders
    return [one for one in orders if f"{one.get('resourceType')}/{one.get('id')}" in selections]


def _check_frame(
    service: CdsService, sent: Mapping[str, Any], context: Mapping[str, Any]
) -> Iterator[Problem]:
    if sent.get("hook") != service.hook:
        yield Problem("hook", f'"{service.hook}" at this address', "another, or none")
    if not _is_uuid(sent.get("hookInstance")):
        yield Problem("hookInstance", "a UUID", "something else")
    patient, user = context.get("patientId"), context.get("userId")
    if not isinstance(patient, str) or not _ID.fullmatch(patient):
        yield Problem("context.patientId", "the id of a Patient resource", "something else")
    if not isinstance(user, str) or not user:
        yield Problem("context.userId", "such as Practitioner/123", "something else")


def _check_orders(service: CdsService, context: Mapping[str, Any]) -> Iterator[Problem]:
    if not service.orders:
        return
    drafts = context.get(service.orders)
    if mapping_of(drafts).get("resourceType") != "Bundle":
        yield Problem(f"context.{service.orders}", "a Bundle of orders", "something else")
    chosen = context.get("selections")
    if service.hook == "order-select" and not (
        isinstance(chosen, list) and all(isinstance(one, str) for one in chosen)
    ):
        yield Problem("context.selections", "a list such as MedicationRequest/123", "another")


def _check_server(sent: Mapping[str, Any]) -> Iterator[Problem]:
    server, authorization = sent.get("fhirServer"), sent.get("fhirAuthorization")
    if server is not None and not isinstance(server, str):
        yield Problem("fhirServer", "an address", "something else")
    if authorization is None:
        return
    word = authorization.get("access_token") if isinstance(authorization, dict) else None
    if not isinstance(word, str) or not word.isascii() or not word.isprintable():
        yield Problem("fhirAuthorization", "an object with an access_token", "something else")
    if not server:
        yield Problem("fhirServer", "an address, as fhirAuthorization is there", "nothing")


def _is_uuid(value: object) -> bool:
    try:
        return isinstance(value, str) and len(value) == 36 and UUID(value).hex != ""
    except ValueError:
        return False
