"""How often one caller, and one address, may ask."""

from __future__ import annotations

import ipaddress
import math
import time
from functools import lru_cache

import limits
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

__all__ = ["Limiter", "name_address"]

_HOUSEHOLD = 64
"""Of an IPv6 address: whoever has one has all that begin alike."""


class Limiter:
    """Counts what was asked in this process, and says when one has to wait.

    Parameters
    ----------
    rate : str
        Such as ``600/minute``; empty lets everyone ask as often as they like.
    """

    def __init__(self, rate: str) -> None:
        self._rate = limits.parse(rate) if rate else None
        self._counts = SlidingWindowCounterRateLimiter(MemoryStorage())

    def wait(self, name: str) -> int:
        """Count a request of a name; return 0, or after how many seconds it may ask again."""
        if self._rate is None or self._counts.hit(self._rate, name):
            return 0
        reset = self._counts.get_window_stats(self._rate, name).reset_time
        return max(1, math.ceil(reset - time.time()))


def name_address(client: tuple[str, int] | None) -> str:
    """Return by what an address is counted."""
    return _name_host(client[0] if client else "")


@lru_cache(maxsize=1024)
def _name_host(host: str) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, _HOUSEHOLD), strict=False))
    return str(getattr(address, "ipv4_mapped", None) or address)
