"""What the operator sets: who is let in, how often, by which names the service is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import limits

from features.errors import InputError, Problem, Refused
from serving.access.caller import SCOPES
from serving.access.keys import KeyFile
from serving.access.tokens import Provider
from serving.fetching import is_safe_address
from serving.settings import Mode, is_loopback

__all__ = ["AccessSettings", "check_access", "find_access_file", "find_hosts"]

_FILE = "KETRESPONSE_ACCESS_FILE"
_ISSUER, _AUDIENCE = "KETRESPONSE_OIDC_ISSUER", "KETRESPONSE_OIDC_AUDIENCE"
_CLAIM, _SCOPES = "KETRESPONSE_OIDC_SCOPE_CLAIM", "KETRESPONSE_OIDC_SCOPES"
_HOSTS, _REVIEW_URL = "KETRESPONSE_ALLOWED_HOSTS", "KETRESPONSE_REVIEW_URL"
_CALLER, _ADDRESS = "KETRESPONSE_RATE_CALLER", "KETRESPONSE_RATE_ADDRESS"
_RATE = "a number per second, minute or hour, such as 600/minute"
_DEFAULT_RATES = {_CALLER: "600/minute", _ADDRESS: "1200/minute"}
_DEFAULT_SCOPES = {f"ketresponse:{scope}": scope for scope in SCOPES}


@dataclass(frozen=True)
class AccessSettings:
    """Who may ask, how often, and by which name the service is called.

    Parameters
    ----------
    key_file : Path or None
        The file of API keys.
    provider : Provider or None
        Whose bearer tokens are believed.
    hosts : tuple of str
        Names beside this machine's own under which the service is reached.
    rate_caller, rate_address : str
        How often one caller, one address may ask; empty is as often as they like.
    """

    key_file: Path | None = None
    provider: Provider | None = None
    hosts: tuple[str, ...] = field(default=())
    rate_caller: str = ""
    rate_address: str = ""

    @property
    def is_on(self) -> bool:
        """Whether callers have to show who they are."""
        return self.key_file is not None or self.provider is not None

    def describe(self, host: str) -> str:
        """Return in words who may ask a service that listens on an address."""
        keys = [f"a key of {self.key_file}"] if self.key_file else []
        tokens = [f"a token of {self.provider.issuer}"] if self.provider else []
        if not self.is_on:
            return "whoever is on this machine"
        behind = (
            "" if is_loopback(host) else "; put HTTPS in front of it: keys travel in clear text"
        )
        return f"whoever has {' or '.join(keys + tokens)}{behind}"

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> AccessSettings:
        """Return the settings that the environment names.

        Raises
        ------
        InputError
            Listing every setting that is wrong.
        """
        problems: list[Problem] = []
        file = environ.get(_FILE)
        provider = _read_provider(environ, problems)
        on = bool(file) or provider is not None
        rates = {
            name: environ.get(name, told if on else "") for name, told in _DEFAULT_RATES.items()
        }
        problems += [
            Problem(name, _RATE, rate)
            for name, rate in rates.items()
            if rate and not _is_rate(rate)
        ]
        hosts, wrong = _read_hosts(environ)
        problems += wrong
        if problems:
            raise InputError("settings of access", problems)
        return cls(Path(file) if file else None, provider, hosts, rates[_CALLER], rates[_ADDRESS])


def _read_hosts(environ: Mapping[str, str]) -> tuple[tuple[str, ...], list[Problem]]:
    hosts = tuple(
        name.strip().lower() for name in environ.get(_HOSTS, "").split(",") if name.strip()
    )
    wrong = [
        Problem(_HOSTS, "names of hosts, with commas between, without ports", name)
        for name in hosts
        if set(name) & set("/*: ")
    ]
    return hosts, wrong


def find_hosts(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return by which names beside this machine's own the pages of reviews are reached.

    Those that the environment allows, and that of the address at which browsers reach them.

    Raises
    ------
    InputError
        If one is no name of a host.
    """
    hosts, wrong = _read_hosts(environ)
    if wrong:
        raise InputError("settings of access", wrong)
    own = urlsplit(environ.get(_REVIEW_URL, "")).hostname
    return (*hosts, own) if own else hosts


def _is_rate(text: str) -> bool:
    try:
        return limits.parse(text).amount > 0
    except ValueError:
        return False


def _read_provider(environ: Mapping[str, str], problems: list[Problem]) -> Provider | None:
    issuer, audience = environ.get(_ISSUER, ""), environ.get(_AUDIENCE, "")
    if not issuer:
        problems += [
            Problem(_ISSUER, f"the provider's address, as {name} is set", "nothing")
            for name in (_AUDIENCE, _CLAIM, _SCOPES)
            if environ.get(name)
        ]
        return None
    if not is_safe_address(issuer):
        problems.append(Problem(_ISSUER, "an address that begins with https://", issuer))
    if not audience:
        problems.append(Problem(_AUDIENCE, "how the provider names this service", "nothing"))
    scopes = {}
    for pair in filter(None, (part.strip() for part in environ.get(_SCOPES, "").split(","))):
        scope, equals, word = pair.partition("=")
        if not equals or not word or scope not in SCOPES:
            expected = "SCOPE=WORD with commas between, SCOPE one of " + ", ".join(SCOPES)
            problems.append(Problem(_SCOPES, expected, pair))
        scopes[word] = scope
    return Provider(issuer, audience, environ.get(_CLAIM) or "scope", scopes or _DEFAULT_SCOPES)


def check_access(mode: Mode, access: AccessSettings) -> None:
    """Refuse to serve an approved model to whoever asks, and keys that cannot be read.

    That a caller is on this machine tells nothing there: through a reverse proxy all of them are.

    Raises
    ------
    Refused
        If the model is an approved one and no access control is set.
    KetresponseError
        If the file of keys cannot be read.
    """
    if mode == "approved" and not access.is_on:
        raise Refused(
            "an approved model answers only callers who show who they are: make a key "
            f"(export {_FILE}=access.json; ketresponse access key add NAME --scope estimate), or "
            f"name an identity provider ({_ISSUER})"
        )
    if access.key_file is not None:
        KeyFile(access.key_file).read()


def find_access_file(environ: Mapping[str, str]) -> KeyFile:
    """Return the file of keys that the environment names.

    Raises
    ------
    InputError
        If it names none.
    """
    if not environ.get(_FILE):
        raise InputError(f"where the keys are kept is not set: export {_FILE}=access.json")
    return KeyFile(Path(environ[_FILE]))
