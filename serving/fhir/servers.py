"""The FHIR servers that may be asked for a patient's record, and how one is asked.

Only servers on the operator's list: an address that a caller names is asked for nothing, and no
token of one server is shown to another. What is fetched waits for a network: call it outside of the
event loop.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from features.errors import InputError, Problem
from serving.fetching import Unreachable, fetch_json, is_safe_address

__all__ = ["FhirServers", "fetch_resources"]

_SERVERS = "KETRESPONSE_FHIR_SERVERS"
_NAME = "the FHIR server"
_MOST_BYTES = 20_000_000
_MOST_PAGES = 20


@dataclass(frozen=True)
class FhirServers:
    """Which FHIR servers may be asked.

    Parameters
    ----------
    allowed : tuple of str
        Their base addresses, without a slash at the end.
    """

    allowed: tuple[str, ...] = ()

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> FhirServers:
        """Return what KETRESPONSE_FHIR_SERVERS names: addresses with commas between.

        Raises
        ------
        InputError
            Listing every address that is wrong.
        """
        given = [part.strip().rstrip("/") for part in environ.get(_SERVERS, "").split(",")]
        servers = tuple(one for one in given if one)
        problems = [
            Problem(_SERVERS, "addresses that begin with https://, with commas between", one)
            for one in servers
            if not is_safe_address(one)
        ]
        if problems:
            raise InputError("settings of the FHIR servers", problems)
        return cls(servers)

    def allows(self, server: str) -> bool:
        """Return whether a server may be asked."""
        return server.rstrip("/") in self.allowed


def fetch_resources(server: str, query: str, *, token: str = "") -> list[Mapping[str, Any]]:
    """Return the resources that a query finds, of every page.

    Parameters
    ----------
    server : str
        Base address of the server, which :class:`FhirServers` allows.
    query : str
        What stands behind it: ``Patient/1``, ``Condition?patient=1``.
    token : str
        Shown as a bearer token; empty shows none.

    Raises
    ------
    Unreachable
        If it does not answer, or with something else than resources.
    """
    headers = {"Accept": "application/fhir+json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    found: list[Mapping[str, Any]] = []
    url = f"{server}/{query}"
    for _ in range(_MOST_PAGES):
        page = fetch_json(url, of=_NAME, headers=headers, most_bytes=_MOST_BYTES)
        try:
            if page["resourceType"] == "OperationOutcome":
                raise Unreachable(f"{_NAME} tells of a failure of its own")
            if page["resourceType"] != "Bundle":
                return [*found, page]
            found += [one["resource"] for one in page.get("entry", ())]
            following = [one["url"] for one in page.get("link", ()) if one["relation"] == "next"]
        except (KeyError, TypeError, AttributeError) as err:
            raise Unreachable.because(err, of=_NAME) from err
        if not following:
            return found
        url = urljoin(url, following[0])
        if not url.startswith(f"{server}/") and not url.startswith(f"{server}?"):
            raise Unreachable(f"{_NAME} sends to another for its next page")
    raise Unreachable(f"{_NAME} has more than {_MOST_PAGES} pages of what was asked for")
