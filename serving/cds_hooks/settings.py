"""Which record systems are answered, and how they show who they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import Scope

from features.errors import InputError, Problem, Refused
from serving.fetching import is_safe_address
from serving.settings import Mode

__all__ = ["CdsSettings", "check_may_be_open"]

_ISSUERS, _ORIGINS = "KETRESPONSE_CDS_ISSUERS", "KETRESPONSE_CDS_ORIGINS"
_TOKENS, _URL = "KETRESPONSE_CDS_TOKENS", "KETRESPONSE_URL"
_WORDS = {"required": True, "off": False}


@dataclass(frozen=True)
class CdsSettings:
    """Settings of the CDS services.

    Parameters
    ----------
    issuers : mapping of str to str
        By the name that a record system's tokens give it (``iss``): where it publishes its keys.
    origins : tuple of str
        Pages of other sites that may ask, such as ``https://sandbox.cds-hooks.org``.
    asks_tokens : bool
        Whether a call needs a token. Without, anybody who reaches the service is answered: for a
        sandbox.
    url : str
        Where record systems and browsers reach this service; empty takes what a request says.
    """

    issuers: Mapping[str, str] = field(default_factory=dict)
    origins: tuple[str, ...] = ()
    asks_tokens: bool = True
    url: str = ""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> CdsSettings:
        """Return what the environment says.

        Parameters
        ----------
        environ : mapping
            KETRESPONSE_CDS_ISSUERS (``ISSUER=ADDRESS OF ITS KEYS``, with commas between),
            KETRESPONSE_CDS_ORIGINS, KETRESPONSE_CDS_TOKENS ("required" or "off"), KETRESPONSE_URL.

        Raises
        ------
        InputError
            Listing every setting that is wrong.
        """
        problems = []
        issuers = {}
        for pair in _split(environ.get(_ISSUERS, "")):
            issuer, _, keys = pair.partition("=")
            issuers[issuer.strip()] = keys.strip()
            if not issuer.strip() or not is_safe_address(keys.strip()):
                expected = "ISSUER=ADDRESS, the address of its keys beginning with https://"
                problems.append(Problem(_ISSUERS, expected, pair))
        origins = tuple(one.lower() for one in _split(environ.get(_ORIGINS, "")))
        problems += [
            Problem(_ORIGINS, "such as https://ehr.example: no path, and no * for all", one)
            for one in origins
            if not _is_origin(one)
        ]
        tokens = environ.get(_TOKENS) or "required"
        if tokens not in _WORDS:
            problems.append(Problem(_TOKENS, " or ".join(_WORDS), tokens[:40]))
        url = environ.get(_URL, "").rstrip("/")
        if url and not is_safe_address(url):
            problems.append(Problem(_URL, "an address that begins with https://", url))
        if problems:
            raise InputError("settings of the CDS services", problems)
        return cls(issuers, origins, _WORDS[tokens], url)

    def find_base(self, scope: Scope) -> str:
        """Return where the sender of a request reaches this service."""
        return self.url or str(Request(scope).base_url).rstrip("/")


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _is_origin(text: str) -> bool:
    parts = urlsplit(text)
    return is_safe_address(text) and text == f"{parts.scheme}://{parts.netloc}"


def check_may_be_open(mode: Mode, settings: CdsSettings) -> None:
    """Refuse to answer whoever asks for an approved model's cards.

    Raises
    ------
    Refused
        In one line.
    """
    if mode == "approved" and not settings.asks_tokens:
        raise Refused(
            f"an approved model's cards are given to record systems that show who they are: leave "
            f"{_TOKENS}=off out, and name them in {_ISSUERS}"
        )
