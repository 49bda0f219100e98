"""The record that a card rests on: what was sent with the call, the rest from the FHIR server."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.concurrency import run_in_threadpool

from features.errors import Problem
from serving.cds_hooks.call import CdsCall
from serving.cds_hooks.services import NEEDED, PATIENT_ID
from serving.estimate.request import RequestError
from serving.fetching import Unreachable
from serving.fhir.elements import Placed, place
from serving.fhir.servers import FhirServers, fetch_resources

__all__ = ["DataNotHad", "gather_record"]

Resource = Mapping[str, Any]


_EXPECTED = "a resource or a Bundle, or null where the record holds nothing"
_ACTION = "send it with the call, or let its FHIR server be asked"


class DataNotHad(RequestError):
    """What an estimate needs was not sent with a call, and cannot be asked for.

    Parameters
    ----------
    missing : sequence of str
        Keys of the prefetch.
    """

    status = 412

    def __init__(self, missing: Sequence[str]) -> None:
        problems = [
            Problem(f"prefetch.{key}", _EXPECTED, "nothing", action=_ACTION) for key in missing
        ]
        super().__init__("the patient's record", problems)


async def gather_record(
    call: CdsCall, prefetch: Mapping[str, str], servers: FhirServers
) -> list[Placed]:
    """Return the resources of a patient's record, and of what is being ordered.

    Parameters
    ----------
    call : CdsCall
        With what was sent.
    prefetch : mapping
        What should have been, as queries by key.
    servers : FhirServers
        Which servers may be asked for the rest.

    Raises
    ------
    DataNotHad
        Naming every key that is needed and can be had neither way.
    """
    missing = {key: query for key, query in prefetch.items() if key not in call.prefetch}
    had = {key: call.prefetch[key] for key in prefetch if key in call.prefetch}
    if missing and call.server and servers.allows(call.server):
        asked = await asyncio.gather(*(_fetch(call, query) for query in missing.values()))
        had |= {key: found for key, found in zip(missing, asked, strict=True) if found}
    absent = [key for key in NEEDED if key not in had]
    # There is nobody to speak of without the patient.
    absent += ["patient"] if had.get("patient", call) is None else []
    if absent:
        raise DataNotHad(absent)
    # Within one Bundle, so that what came twice is there once.
    resources = [*had.values(), *call.orders, *call.medications]
    return place({"resourceType": "Bundle", "entry": [{"resource": one} for one in resources]})


async def _fetch(call: CdsCall, query: str) -> Resource | None:
    """Return what a query finds; None where the server does not tell."""
    asked = query.replace(PATIENT_ID, call.patient_id)
    try:
        found = await run_in_threadpool(fetch_resources, call.server, asked, token=call.token)
    except Unreachable:
        return None
    return {"resourceType": "Bundle", "entry": [{"resource": one} for one in found]}
