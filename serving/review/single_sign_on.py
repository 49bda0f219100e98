"""Reviewers log in at the hospital's identity provider: authorization code flow with PKCE.

The provider tells who somebody is; what they may do stays with their account in the review log.
The password and the second factor are then the provider's.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from features.errors import InputError, KetresponseError, Problem, Refused
from serving.access.errands import ERRAND_SECONDS, Errand, Errands
from serving.access.provider import discover, post_form
from serving.access.tokens import Provider, TokenReader, find_claim
from serving.fetching import is_safe_address
from serving.web.headers import PRIVATE
from training.approval.case import Account

__all__ = ["SIGN_ON", "SignOnSettings", "SingleSignOn", "make_sign_on_routes"]

SIGN_ON = "/sign-on"
"""Where people are sent to the provider from."""
_BACK = "/sign-on/back"
_COOKIE = "ketresponse_sign_on"
_ISSUER = "KETRESPONSE_OIDC_ISSUER"
_CLIENT, _SECRET = "KETRESPONSE_REVIEW_OIDC_CLIENT", "KETRESPONSE_REVIEW_OIDC_SECRET_FILE"
_URL = "KETRESPONSE_REVIEW_URL"
_CLAIM, _FACTORS = "KETRESPONSE_REVIEW_OIDC_CLAIM", "KETRESPONSE_REVIEW_OIDC_FACTORS"
_FAILED = "the identity provider did not tell who you are: log in again"


@dataclass(frozen=True)
class SignOnSettings:
    """How reviewers log in at an identity provider.

    Parameters
    ----------
    issuer, client : str
        The provider, and how it names the review's pages.
    secret : str
        What the pages show the provider; empty for a public client, which PKCE protects.
    url : str
        Of the review's pages, as browsers reach them.
    claim : str
        The claim that is the name of an account here.
    factors : tuple of str
        Ways of showing oneself (``amr``) of which the provider has to name one: mfa, otp, hwk.
        Empty leaves it to the provider.
    """

    issuer: str
    client: str
    secret: str
    url: str
    claim: str = "preferred_username"
    factors: tuple[str, ...] = ()

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> SignOnSettings | None:
        """Return the settings that the environment names; None where it names no client.

        Raises
        ------
        InputError
            Listing every setting that is missing or wrong.
        """
        client = environ.get(_CLIENT, "")
        if not client:
            return None
        issuer, url = environ.get(_ISSUER, ""), environ.get(_URL, "").rstrip("/")
        problems = [
            Problem(name, f"an address that begins with https://, as {_CLIENT} is set", value)
            for name, value in ((_ISSUER, issuer), (_URL, url))
            if not is_safe_address(value)
        ]
        secret = ""
        if environ.get(_SECRET):
            try:
                secret = Path(environ[_SECRET]).read_text(encoding="utf-8").strip()
            except (OSError, ValueError):
                problems.append(Problem(_SECRET, "a file that can be read", environ[_SECRET]))
        if problems:
            raise InputError("settings of logging in", problems)
        factors = tuple(environ.get(_FACTORS, "").replace(",", " ").split())
        claim = environ.get(_CLAIM) or cls.claim
        return cls(issuer, client, secret, url, claim, factors)


class SingleSignOn:
    """Sends people to the provider, and tells whose account they have when they come back.

    Parameters
    ----------
    settings : SignOnSettings
        Of the provider.
    list_accounts : callable
        Returns the accounts in use.
    clock : callable
        Seconds that never go back.
    """

    def __init__(
        self,
        settings: SignOnSettings,
        list_accounts: Callable[[], Sequence[Account]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._list_accounts = list_accounts
        self._reader = TokenReader(Provider(settings.issuer, settings.client, "", {}))
        # Carries what the provider's token has to repeat (nonce).
        self._errands: Errands[str] = Errands(clock=clock)

    def begin(self) -> tuple[str, str]:
        """Return where to send somebody, and the word that has to come back with them.

        Raises
        ------
        Unreachable
            If the provider cannot be asked.
        """
        endpoint = discover(self._settings.issuer)["authorization_endpoint"]
        state, errand = self._errands.begin(secrets.token_urlsafe(32))
        asked = {
            "response_type": "code",
            "client_id": self._settings.client,
            "redirect_uri": f"{self._settings.url}{_BACK}",
            "scope": "openid profile",
            "state": state,
            "nonce": errand.carried,
            **errand.challenge,
        }
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}", state

    def finish(self, asked: Mapping[str, str], word: str) -> Account:
        """Return the account of somebody whom the provider sent back.

        Parameters
        ----------
        asked : mapping
            What stands behind the address.
        word : str
            The state that this browser was sent away with.

        Raises
        ------
        Refused
            If the provider does not vouch for them, or they have no account here.
        Unreachable
            If the provider cannot be asked.
        """
        errand = self._errands.finish(asked.get("state", ""), word)
        if "code" not in asked or asked.get("iss", self._settings.issuer) != self._settings.issuer:
            raise Refused(_FAILED)
        claims = self._reader.read_claims(self._redeem(asked["code"], errand))
        nonce = str((claims or {}).get("nonce", ""))
        if claims is None or not hmac.compare_digest(nonce.encode(), errand.carried.encode()):
            raise Refused(_FAILED)
        return self._find_account(claims)

    def _redeem(self, code: str, errand: Errand[str]) -> str:
        settings = self._settings
        given = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": f"{settings.url}{_BACK}",
            "client_id": settings.client,
            "code_verifier": errand.verifier,
            **({"client_secret": settings.secret} if settings.secret else {}),
        }
        told = post_form(discover(settings.issuer)["token_endpoint"], given)
        return str(told.get("id_token", ""))

    def _find_account(self, claims: Mapping[str, Any]) -> Account:
        azp, factors = claims.get("azp"), self._settings.factors
        if azp not in (None, self._settings.client):
            raise Refused(_FAILED)
        used = claims.get("amr")
        if factors and not set(factors) & set(used if isinstance(used, list) else ()):
            raise Refused(
                f"the identity provider has to ask for a second factor ({', '.join(factors)}), and "
                "did not say that it has"
            )
        name = find_claim(claims, self._settings.claim)
        # Other letters may become these when their case is folded: ſ an s, the Kelvin sign a k.
        known = isinstance(name, str) and name.isascii()
        for account in self._list_accounts():
            if known and account.name == name.strip().lower():
                return account
        raise Refused(
            "the identity provider knows you, and there is no account of that name here: an admin "
            "adds it (ketresponse review user add)"
        )


def make_sign_on_routes(
    sign_on: SingleSignOn,
    *,
    welcome: Callable[[Account], Response],
    refuse: Callable[[KetresponseError], Response],
) -> list[Route]:
    """Return the addresses from which people go to the provider, and at which they come back.

    Parameters
    ----------
    sign_on : SingleSignOn
        Of the provider.
    welcome : callable
        Returns the answer for somebody whose account is known.
    refuse : callable
        Returns the answer for somebody else.
    """

    async def leave(request: Request) -> Response:
        try:
            url, word = await run_in_threadpool(sign_on.begin)
        except KetresponseError as err:
            return refuse(err)
        answer = RedirectResponse(url, 303, headers=PRIVATE)
        # Lax: it has to come back with somebody whom another site, the provider, sends.
        answer.set_cookie(
            _COOKIE, word, max_age=int(ERRAND_SECONDS), httponly=True, secure=True, samesite="lax"
        )
        return answer

    async def come_back(request: Request) -> Response:
        word = request.cookies.get(_COOKIE, "")
        try:
            account = await run_in_threadpool(sign_on.finish, dict(request.query_params), word)
        except KetresponseError as err:
            return refuse(err)
        answer = welcome(account)
        answer.delete_cookie(_COOKIE, secure=True, httponly=True, samesite="lax")
        return answer

    return [Route(SIGN_ON, leave), Route(_BACK, come_back)]
