"""What the service is told from outside: which model, for whom, and where it listens.

The command line writes these settings into the environment and the service reads them there, so
that it can be started by `ketresponse serve`, by BentoML itself or in a container alike.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, cast, get_args

from features.errors import InputError, Problem, Refused
from training.store.statuses import APPROVALS, APPROVED

__all__ = [
    "LOCAL_CALLER",
    "MODES",
    "Mode",
    "ServiceSettings",
    "check_may_record",
    "check_may_serve",
    "is_loopback",
]

LOCAL_CALLER = "local"
"""The name of whoever asks where access is not controlled."""

Mode = Literal["approved", "research", "demonstration"]
MODES: tuple[Mode, ...] = get_args(Mode)

_WHY_NOT = {
    "demonstration": "was made from simulated data and can only ever be shown: use --demonstration",
    "research": "has not been approved by two reviewers: use --research, on this machine only",
    **{status: f"is {status}: leave --research and --demonstration out" for status in APPROVALS},
    "refused": "was refused by its reviewers and is not served",
    "withdrawn": "was withdrawn and is no longer served",
}


@dataclass(frozen=True)
class ServiceSettings:
    """Settings of one running service.

    Parameters
    ----------
    model : Path
        Artifact folder.
    mode : {"approved", "research", "demonstration"}
        The status that the model must have. Anything but "approved" answers only callers on the
        same machine.
    host : str
        Address to listen on.
    port : int
        Port to listen on.
    first_horizon : {"", "t1", "t2"}
        Which estimate the clinician's page shows first; empty for the model's first.
    centre : str
        Where this service answers, of a model of several centres: the name of one of them; empty
        or "none" for a new one.
    """

    model: Path
    mode: Mode = "approved"
    host: str = "127.0.0.1"
    port: int = 3000
    first_horizon: str = ""
    centre: str = ""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> ServiceSettings:
        """Return the settings that the environment names.

        Parameters
        ----------
        environ : mapping
            KETRESPONSE_MODEL (required), KETRESPONSE_MODE, KETRESPONSE_HOST, KETRESPONSE_PORT,
            KETRESPONSE_FIRST_HORIZON, KETRESPONSE_CENTRE.

        Raises
        ------
        InputError
            Listing every setting that is missing or wrong.
        """
        model = environ.get("KETRESPONSE_MODEL", "")
        mode = environ.get("KETRESPONSE_MODE", cls.mode)
        port = environ.get("KETRESPONSE_PORT", str(cls.port))
        problems = []
        if not model:
            problems.append(Problem("KETRESPONSE_MODEL", "the folder of a model", "nothing"))
        if mode not in MODES:
            problems.append(Problem("KETRESPONSE_MODE", "one of " + ", ".join(MODES), mode))
        if not (port.isascii() and port.isdigit() and int(port) < 65536):
            problems.append(Problem("KETRESPONSE_PORT", "a port from 0 to 65535", port))
        first = environ.get("KETRESPONSE_FIRST_HORIZON", "")
        if first not in ("", "t1", "t2"):
            problems.append(Problem("KETRESPONSE_FIRST_HORIZON", "t1 or t2", first))
        if problems:
            raise InputError("settings of the service", problems)
        host = environ.get("KETRESPONSE_HOST", cls.host)
        centre = environ.get("KETRESPONSE_CENTRE", "").strip()
        return cls(Path(model), cast(Mode, mode), host, int(port), first, centre)

    def to_environ(self) -> dict[str, str]:
        """Return the variables that :meth:`from_environ` reads; what is left open is not named."""
        named = {
            "KETRESPONSE_MODEL": str(self.model),
            "KETRESPONSE_MODE": self.mode,
            "KETRESPONSE_HOST": self.host,
            "KETRESPONSE_PORT": str(self.port),
            "KETRESPONSE_FIRST_HORIZON": self.first_horizon,
            "KETRESPONSE_CENTRE": self.centre,
        }
        return {name: value for name, value in named.items() if value}


@lru_cache(maxsize=1024)
def is_loopback(host: str) -> bool:
    """Return whether `host` can only be reached from the same machine."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def check_may_record(records: bool, mode: Mode) -> None:
    """Refuse an approved model whose estimates nobody records.

    Raises
    ------
    Refused
        In one line.
    """
    if mode == "approved" and not records:
        raise Refused(
            "an approved model's estimates are recorded: leave KETRESPONSE_RECORDS=off out, or "
            "name a file or a database in it"
        )


def check_may_serve(status: str, mode: Mode, host: str) -> None:
    """Refuse a model whose status does not allow what is asked.

    A mode never upgrades a model: it has to be exactly the model's status.

    Raises
    ------
    Refused
        In one line, with what to do instead.
    """
    if (APPROVED if status in APPROVALS else status) != mode:
        why = _WHY_NOT.get(status, f"has the unknown status {status!r} and is not served")
        raise Refused(f"this model {why}")
    if mode != "approved" and not is_loopback(host):
        raise Refused(
            f"a {mode} model is served on this machine only: --host may be 127.0.0.1, not {host}"
        )
