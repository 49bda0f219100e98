"""By which names this service is called.

A page of another site can have its own name lead to this machine, and so make a browser here ask
for it. The name then stands in the request, and is refused.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from serving.settings import is_loopback

__all__ = ["is_own_name"]


def _read_name(host: str) -> str:
    """Return the name of a Host header without its port; empty where it is none."""
    name, bracket, rest = host.strip().lower().partition("]")
    if bracket:
        return name.removeprefix("[") if not rest or rest.startswith(":") else ""
    name, _, port = name.partition(":")
    return name.rstrip(".") if not port or port.isdigit() else ""


def is_own_name(given: Sequence[str], host: str, more: Sequence[str] = ()) -> bool:
    """Return whether a request names this service.

    Parameters
    ----------
    given : sequence of str
        Every Host header of the request: there has to be exactly one.
    host : str
        The address that is listened on; one that stands for every address is no name.
    more : sequence of str
        Further names, in small letters.
    """
    if len(given) != 1:
        return False
    name = _read_name(given[0])
    return name in more or is_loopback(name) or (name == host.lower() and not _is_every(host))


def _is_every(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return not host
