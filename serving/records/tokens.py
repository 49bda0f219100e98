"""Tokens that may be shown once: which were, in all services on one store, until they have expired.

A token is known by a digest, which tells neither who showed it nor of whom it was asked.
"""

from __future__ import annotations

import hashlib
import threading
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, insert

from serving.records.database import Database, RecordsRefused
from serving.records.tables import tokens

__all__ = ["SeenTokens"]

_LOOK = timedelta(minutes=1)
"""Between two looks for what has expired."""


class SeenTokens:
    """Which tokens have been shown.

    Parameters
    ----------
    database : Database or None
        Where it is noted, so that it outlasts this process; None where nothing is recorded: then
        it is known in this process only.
    """

    def __init__(self, database: Database | None = None) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._seen: dict[str, datetime] = {}
        self._looks_at = datetime.min.replace(tzinfo=UTC)

    def take(self, token: str, *, until: datetime, now: datetime) -> bool:
        """Note a token, and return whether it had not been shown before.

        Parameters
        ----------
        token : str
            What makes it the only one.
        until : datetime
            When it expires; after that nobody takes it anyway, and it is forgotten.
        now : datetime
            In UTC.

        Raises
        ------
        RecordsUnavailable
            If it cannot be noted.
        """
        name = hashlib.sha256(token.encode(errors="replace")).hexdigest()
        with self._lock:
            if self._seen.get(name, now) > now:
                return False
            forgets = now >= self._looks_at
            if forgets:
                self._seen = {one: end for one, end in self._seen.items() if end > now}
                self._looks_at = now + _LOOK
            self._seen[name] = until
        if self._database is None:
            return True
        try:
            with self._database.writing() as connection:
                if forgets:
                    connection.execute(delete(tokens).where(tokens.c.until <= now))
                connection.execute(insert(tokens), {"name": name, "until": until})
        except RecordsRefused:  # a name that is there already
            return False
        return True
