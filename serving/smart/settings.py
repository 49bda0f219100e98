"""How the record system knows this page, and where it comes back to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from features.errors import InputError, Problem
from serving.fetching import is_safe_address
from serving.fhir.servers import FhirServers

__all__ = ["SmartSettings"]

_CLIENT, _SECRET = "KETRESPONSE_SMART_CLIENT", "KETRESPONSE_SMART_SECRET_FILE"
_SERVERS, _URL = "KETRESPONSE_FHIR_SERVERS", "KETRESPONSE_URL"


@dataclass(frozen=True)
class SmartSettings:
    """Settings of the launch.

    Parameters
    ----------
    client : str
        How the record system names this page (``client_id``).
    url : str
        Where browsers reach this service.
    servers : FhirServers
        The record systems from which it may be launched.
    secret : str
        What the page shows the record system; empty for a public client, which PKCE protects.
    """

    client: str
    url: str
    servers: FhirServers
    secret: str = field(default="", repr=False)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> SmartSettings | None:
        """Return what the environment says; None where it names no client.

        Parameters
        ----------
        environ : mapping
            KETRESPONSE_SMART_CLIENT, KETRESPONSE_SMART_SECRET_FILE, KETRESPONSE_FHIR_SERVERS,
            KETRESPONSE_URL.

        Raises
        ------
        InputError
            Listing every setting that is missing or wrong.
        """
        client, url = environ.get(_CLIENT, ""), environ.get(_URL, "").rstrip("/")
        servers = FhirServers.from_environ(environ)
        if not client:
            return None
        problems = []
        if not is_safe_address(url):
            expected = f"an address that begins with https://, as {_CLIENT} is set"
            problems.append(Problem(_URL, expected, url or "nothing"))
        if not servers.allowed:
            expected = f"the record system's FHIR server, as {_CLIENT} is set"
            problems.append(Problem(_SERVERS, expected, "nothing"))
        secret = ""
        if environ.get(_SECRET):
            try:
                secret = Path(environ[_SECRET]).read_text(encoding="utf-8").strip()
            except (OSError, ValueError):
                problems.append(Problem(_SECRET, "a file that can be read", environ[_SECRET]))
        if problems:
            raise InputError("settings of the launch", problems)
        return cls(client, url, servers, secret)
