"""A launch from the record system: people are sent to it, and come back with the patient in view.

SMART App Launch 2: the authorization code flow with PKCE, for scopes that only read. The token that
a record system gives is used once, to read the record, and is kept nowhere.
"""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from features.errors import Refused
from features.texts import say
from serving.access.errands import Errands
from serving.fetching import TROUBLE, Unreachable, fetch_json, is_safe_address
from serving.smart.settings import SmartSettings

__all__ = ["ARRIVED", "BACK", "LAUNCH", "Launched", "Launches"]

LAUNCH, BACK, ARRIVED = "/launch", "/launch/back", "/arrived"
"""Where a launch begins, where people come back to, and the page that is filled in for them."""

_READ = (
    "Patient",
    "Condition",
    "Observation",
    "MedicationStatement",
    "MedicationRequest",
    "MedicationAdministration",
    "QuestionnaireResponse",
)
_NAME = "the record system"
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_OTHER = say("this page is not opened from there: whoever runs it names the record system")
_FAILED = say("the record system did not let this page read the record: open it there again")
_NOBODY = say("the record system did not say which patient is meant: choose one there first")


@dataclass(frozen=True)
class Launched:
    """Somebody who came back.

    Parameters
    ----------
    server : str
        The record system's FHIR server.
    patient_id : str
        The patient whose record is open there.
    token : str
        With which it can be read.
    """

    server: str
    patient_id: str
    token: str = field(repr=False)


@dataclass(frozen=True)
class _Away:
    server: str
    token_endpoint: str


class Launches:
    """Sends people to the record system, and takes them in when they come back.

    Parameters
    ----------
    settings : SmartSettings
        Of the launch.
    clock : callable
        Seconds that never go back.
    """

    def __init__(
        self, settings: SmartSettings, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.settings = settings
        self._errands: Errands[_Away] = Errands(clock=clock)

    def begin(self, server: str, launch: str) -> tuple[str, str]:
        """Return where to send somebody, and the word that has to come back with them.

        Parameters
        ----------
        server : str
            The FHIR server (``iss``); empty means the only one that there is.
        launch : str
            What the record system opened the page with; empty where it did not, and the patient is
            chosen on the way.

        Raises
        ------
        Refused
            If the server is not on the list.
        Unreachable
            If it does not tell how to log in.
        """
        allowed = self.settings.servers.allowed
        server = server.rstrip("/") or (allowed[0] if len(allowed) == 1 else "")
        if not self.settings.servers.allows(server):
            raise Refused(_OTHER)
        told = _discover(server)
        state, errand = self._errands.begin(_Away(server, told["token_endpoint"]))
        asked = {
            "response_type": "code",
            "client_id": self.settings.client,
            "redirect_uri": f"{self.settings.url}{BACK}",
            "scope": _name_scopes(told, launch),
            "state": state,
            "aud": server,
            **errand.challenge,
            **({"launch": launch} if launch else {}),
        }
        place = told["authorization_endpoint"]
        return f"{place}{'&' if '?' in place else '?'}{urlencode(asked)}", state

    def finish(self, asked: Mapping[str, str], word: str) -> Launched:
        """Return which patient somebody came back with.

        Parameters
        ----------
        asked : mapping
            What stands behind the address.
        word : str
            The state that this browser was sent away with.

        Raises
        ------
        Refused
            If the record system lets nobody in, or names no patient.
        Unreachable
            If it cannot be asked.
        """
        errand = self._errands.finish(asked.get("state", ""), word)
        if "code" not in asked:
            raise Refused(_FAILED)
        given = {
            "grant_type": "authorization_code",
            "code": asked["code"],
            "redirect_uri": f"{self.settings.url}{BACK}",
            "client_id": self.settings.client,
            "code_verifier": errand.verifier,
        }
        told = _read_object(errand.carried.token_endpoint, form=given, headers=self._show_secret())
        token, patient = told.get("access_token"), told.get("patient")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise Refused(_FAILED)
        if not isinstance(patient, str) or not _ID.fullmatch(patient):
            raise Refused(_NOBODY)
        return Launched(errand.carried.server, patient, token)

    def _show_secret(self) -> dict[str, str]:
        if not self.settings.secret:
            return {}
        pair = f"{quote(self.settings.client)}:{quote(self.settings.secret)}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _discover(server: str) -> dict[str, Any]:
    """Return how to log in at a record system."""
    told = _read_object(f"{server}/.well-known/smart-configuration")
    endpoints = [told.get(f"{name}_endpoint") for name in ("authorization", "token")]
    methods = told.get("code_challenge_methods_supported", ["S256"])
    if not all(isinstance(one, str) and is_safe_address(one) for one in endpoints):
        raise Unreachable(f"{_NAME} tells no address that begins with https:// for logging in")
    if not isinstance(methods, list) or "S256" not in methods:
        raise Unreachable(f"{_NAME} does not know PKCE by S256")
    return told


def _read_object(url: str, **options: Any) -> dict[str, Any]:
    try:
        return dict(fetch_json(url, of=_NAME, **options))
    except TROUBLE as err:
        raise Unreachable.because(err, of=_NAME) from err


def _name_scopes(told: Mapping[str, Any], launch: str) -> str:
    """Return what is asked for: the patient in view, and to read, in the server's own version."""
    able = told.get("capabilities")
    old = isinstance(able, list) and "permission-v1" in able and "permission-v2" not in able
    how = "read" if old else "rs"
    return " ".join(
        ["launch" if launch else "launch/patient", *(f"patient/{kind}.{how}" for kind in _READ)]
    )
