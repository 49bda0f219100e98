"""API keys: random words of which the service keeps a digest only, in one file.

A key is 256 bits of chance, so that a plain SHA-256 of it tells nothing and a slow one would
gain nothing. It is shown once, when it is made.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from features.errors import InputError, KetresponseError, Problem, did_you_mean
from features.files.locking import locked
from serving.access.caller import SCOPES, Caller

__all__ = ["PREFIX", "KeyFile"]

PREFIX = "ketr_"
"""With which every key begins: told from a token at sight, and found by scanners for secrets."""
_MOST_DAYS = 3650
_NAME = "1 to 60 of a-z, 0-9, dot, dash and underscore, beginning with a letter or digit"
_IS_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}", re.ASCII)


@dataclass(frozen=True)
class Key:
    """One key, as the file holds it.

    Parameters
    ----------
    id : str
        Part of the key itself, by which it is found.
    name : str
        Of the caller; stands in every record of what was asked with it.
    scopes : tuple of str
        Of :data:`serving.access.caller.SCOPES`.
    created, expires : str
        Times of day in UTC, ISO 8601; it opens nothing once it has expired.
    sha256 : str
        Digest of the whole key.
    """

    id: str
    name: str
    scopes: tuple[str, ...]
    created: str
    expires: str
    sha256: str

    def is_expired(self, now: datetime) -> bool:
        """Return whether its time is over."""
        return datetime.fromisoformat(self.expires) <= now

    @property
    def caller(self) -> Caller:
        """Who asks with it."""
        return Caller(self.name, self.scopes)


def _now() -> datetime:
    return datetime.now(UTC)


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()


class KeyFile:
    """The file of keys; it is read again whenever it has changed.

    Parameters
    ----------
    path : Path
        The file.
    now : callable
        Returns the time, with its zone.
    """

    def __init__(self, path: Path, *, now: Callable[[], datetime] = _now) -> None:
        self.path = path
        self._now = now
        self._lock = threading.Lock()
        self._state: tuple[int, ...] = ()
        self._keys: dict[str, Key] = {}

    def read(self) -> list[Key]:
        """Return every key, expired ones too.

        Raises
        ------
        KetresponseError
            If there is no such file, or it cannot be read as one of keys.
        """
        return [*self._read().values()]

    def _read(self) -> dict[str, Key]:
        try:
            told = self.path.stat()
            state = (told.st_mtime_ns, told.st_ino, told.st_size)
            with self._lock:
                if state != self._state:
                    self._keys = _parse(self.path.read_bytes())
                    self._state = state
                return self._keys
        except FileNotFoundError as err:
            raise KetresponseError(
                f"there is no file of keys {self.path}: ketresponse access key add NAME makes it"
            ) from err
        except (OSError, ValueError, TypeError, KeyError) as err:
            raise KetresponseError(
                f"the file of keys {self.path} cannot be read ({type(err).__name__}): bring its "
                "last good copy back, or begin a new one; until then nobody is let in"
            ) from err

    def find(self, key: str) -> Key | None:
        """Return what the file holds of a key; None where it opens nothing."""
        found = self._read().get(key.removeprefix(PREFIX).partition("_")[0])
        # Compared in the same time, whether or not there is such a key.
        same = hmac.compare_digest(_digest(key), found.sha256 if found else _digest(""))
        return found if found and same and not found.is_expired(self._now()) else None

    def find_id(self, id_: str) -> Key | None:
        """Return a key by its id where it is still good: for those who showed it before."""
        found = self._read().get(id_)
        return found if found and not found.is_expired(self._now()) else None

    def add(self, name: str, scopes: Sequence[str], *, days: int) -> tuple[Key, str]:
        """Make a key, and the file where there is none.

        Parameters
        ----------
        name : str
            Of the caller; no two keys that are in force have the same.
        scopes : sequence of str
            What it opens.
        days : int
            For how long.

        Returns
        -------
        key : Key
            What is kept.
        word : str
            The key itself, which nothing else ever tells.

        Raises
        ------
        InputError
            Listing everything that is wrong.
        """
        _check(name, scopes, days)
        made = self._now().replace(microsecond=0)
        id_ = secrets.token_hex(4)
        word = f"{PREFIX}{id_}_{secrets.token_urlsafe(32)}"
        expires = made + timedelta(days=days)
        key = Key(
            id_,
            name,
            tuple(scope for scope in SCOPES if scope in scopes),
            made.isoformat(),
            expires.isoformat(),
            _digest(word),
        )
        with self._changing() as keys:
            for other in keys.values():
                if other.name == name and not other.is_expired(made):
                    action = f"revoke it first (ketresponse access key revoke {other.id})"
                    problem = Problem(
                        "NAME", "a name that no key in force has", name, action=action
                    )
                    raise InputError("the key", [problem])
            keys[id_] = key
        return key, word

    def revoke(self, id_: str) -> Key:
        """Take a key away; whoever has it is refused from their next request on.

        Raises
        ------
        InputError
            If there is no key of this id.
        """
        with self._changing() as keys:
            if id_ not in keys:
                action = did_you_mean(id_, keys) or "ketresponse access key list shows them"
                raise InputError("the key", [Problem("ID", "that of a key", id_, action=action)])
            return keys.pop(id_)

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Key]]:
        """Yield the keys to be changed; write them whole, one who changes at a time."""
        folder = self.path.resolve().parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with locked(self.path):
                keys = dict(self._read()) if self.path.exists() else {}
                yield keys
                _write(self.path, keys)
        except OSError as err:
            raise KetresponseError(f"{self.path} cannot be written: {err.strerror}") from err


def _check(name: str, scopes: Sequence[str], days: int) -> None:
    problems = []
    if not _IS_NAME.fullmatch(name):
        problems.append(Problem("NAME", _NAME, name))
    if not scopes or set(scopes) - set(SCOPES):
        got = ", ".join(scopes) or "none"
        problems.append(Problem("--scope", "at least one of " + ", ".join(SCOPES), got))
    if not 1 <= days <= _MOST_DAYS:
        problems.append(Problem("--days", f"a whole number from 1 to {_MOST_DAYS}", str(days)))
    if problems:
        raise InputError("the key", problems)


def _parse(data: bytes) -> dict[str, Key]:
    """Return the keys of a file; what is not exactly one raises."""
    keys = {}
    for told in json.loads(data)["keys"]:
        key = Key(**told)
        key = replace(key, scopes=tuple(key.scopes))
        if set(key.scopes) - set(SCOPES) or datetime.fromisoformat(key.expires).tzinfo is None:
            raise ValueError("no key")
        keys[key.id] = key
    return keys


def _write(path: Path, keys: dict[str, Key]) -> None:
    content: dict[str, Any] = {"keys": [asdict(key) for key in keys.values()]}
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        # For whoever made it only, unless they have let others read it since: a container, say.
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            os.chmod(part, mode)
            json.dump(content, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
