"""The store of estimates and outcomes: write them, find them, read them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, select

from features.errors import KetresponseError
from serving.records.database import Database, bring_up_to_date, make_file
from serving.records.keys import KeyRing, make_key_file, read_keys
from serving.records.record import Outcome, RecordedEstimate
from serving.records.settings import RecordSettings
from serving.records.tables import estimates, outcomes

__all__ = ["RecordStore", "fetch_rows", "open_store"]

_MOST_AT_ONCE = 500


class RecordStore:
    """What was estimated, and what became of it.

    Parameters
    ----------
    database : Database
        Where it is kept.
    key_file : Path
        Of the keys that seal what is about patients.
    keeps_content : bool
        Whether inputs and whole answers are kept.

    Raises
    ------
    KetresponseError
        If the key file cannot be read.
    """

    def __init__(self, database: Database, key_file: Path, *, keeps_content: bool = True) -> None:
        self.database = database
        self.key_file = key_file
        self.keeps_content = keeps_content
        self._read_at: tuple[int, int] | None = None
        self._keys = self.keys

    @property
    def keys(self) -> KeyRing:
        """The keys as they are now: read again when their file is another one."""
        try:
            found = self.key_file.stat()
        except OSError:
            if self._read_at is None:
                read_keys(self.key_file)  # tells what is wrong with it
            return self._keys  # the file is on its way out; what was read still holds
        stamp = (found.st_ino, found.st_mtime_ns)
        if stamp != self._read_at:
            self._keys, self._read_at = read_keys(self.key_file), stamp
        return self._keys

    def write(self, given: Sequence[RecordedEstimate], *, wait: bool = True) -> None:
        """Record estimates, all of them or none.

        Parameters
        ----------
        given : sequence of RecordedEstimate
            With pseudonyms as they were sent.
        wait : bool
            Whether another process that writes is waited for.

        Raises
        ------
        RecordsUnavailable
            If they cannot be written; then none is.
        """
        rows = [self._to_row(estimate) for estimate in given]
        with self.database.writing(wait=wait) as connection:
            connection.execute(insert(estimates), rows)

    def write_outcomes(self, reported: Sequence[Outcome]) -> None:
        """Record outcomes, all of them or none; earlier reports are kept.

        Raises
        ------
        RecordsUnavailable
            If they cannot be written; then none is.
        """
        rows = [
            {
                "request_id": one.request_id,
                "reported_at": one.reported_at,
                "caller": one.caller,
                "sealed": self.keys.seal(dict(one.values), "outcomes", one.request_id),
            }
            for one in reported
        ]
        if rows:
            with self.database.writing() as connection:
                connection.execute(insert(outcomes), rows)

    def read(
        self,
        *,
        pseudonym: str | None = None,
        request_ids: Collection[str] | None = None,
        model_digest: str | None = None,
    ) -> list[RecordedEstimate]:
        """Return recorded estimates in the order in which they were given.

        Parameters
        ----------
        pseudonym : str or None
            Of one patient, as it was sent.
        request_ids : collection of str or None
            Those of these answers.
        model_digest : str or None
            Those of one model.

        Raises
        ------
        RecordsUnavailable
            If the store cannot be read.
        KetresponseError
            If a record is not as it was written.
        """
        query = select(estimates).order_by(estimates.c.at, estimates.c.request_id)
        if pseudonym is not None:
            query = query.where(estimates.c.pseudonym == self.keys.hash_pseudonym(pseudonym))
        if model_digest is not None:
            query = query.where(estimates.c.model_digest == model_digest)
        with self.database.reading() as connection:
            rows = fetch_rows(connection, query, estimates.c.request_id, request_ids)
        return sorted(map(self._from_row, rows), key=lambda one: (one.at, one.request_id))

    def find_requests(self, beginning: str) -> list[str]:
        """Return the numbers of at most two estimates that begin so; one alone is meant.

        A whole number is that of its own estimate, whichever others begin with it: the first of a
        batch is the beginning of the tenth.
        """
        if not (beginning.isascii() and beginning.isprintable()):
            return []  # no number is written so, and not every database takes it
        column = estimates.c.request_id
        query = select(column).where(column.startswith(beginning, autoescape=True))
        with self.database.reading() as connection:
            found = list(connection.execute(query.order_by(column).limit(2)).scalars())
        return [beginning] if beginning in found else found

    def read_outcomes(self, request_ids: Collection[str] | None = None) -> list[Outcome]:
        """Return reported outcomes in the order in which they came, corrections last.

        Parameters
        ----------
        request_ids : collection of str or None
            Those of these answers; None for all.

        Raises
        ------
        RecordsUnavailable
            If the store cannot be read.
        """
        query = select(outcomes).order_by(outcomes.c.id)
        with self.database.reading() as connection:
            rows = fetch_rows(connection, query, outcomes.c.request_id, request_ids)
        return [
            Outcome(
                row.request_id,
                row.reported_at,
                row.caller,
                self.keys.unseal(row.sealed, "outcomes", row.request_id),
            )
            for row in sorted(rows, key=lambda row: row.id)
        ]

    def count(self) -> dict[str, Any]:
        """Return how much there is: `estimates`, `outcomes`, and `first` and `last`, when."""
        query = select(func.count(), func.min(estimates.c.at), func.max(estimates.c.at))
        with self.database.reading() as connection:
            number, first, last = connection.execute(query.select_from(estimates)).one()
            reported = connection.execute(select(func.count()).select_from(outcomes)).scalar_one()
        return {"estimates": number, "outcomes": reported, "first": first, "last": last}

    def close(self) -> None:
        """Close every connection."""
        self.database.close()

    def _to_row(self, one: RecordedEstimate) -> dict[str, Any]:
        about: dict[str, Any] = {
            "probabilities": dict(one.probabilities),
            "notices": one.notices,
            "missing": one.missing,
        }
        if one.centre:
            about["centre"] = one.centre
        if self.keeps_content:
            about |= {"inputs": one.inputs, "answer": one.answer}
        keys, name = self.keys, one.request_id
        return {
            "request_id": one.request_id,
            "at": one.at,
            "caller": one.caller,
            "pseudonym": None if one.pseudonym is None else keys.hash_pseudonym(one.pseudonym),
            "model": one.model,
            "model_digest": one.model_digest,
            "card_sha256": one.card_sha256,
            "status": one.status,
            "submodel": one.submodel,
            "in_scope": one.in_scope,
            "comparison": one.comparison,
            "sealed": keys.seal(about, "estimates", name),
        }

    def _from_row(self, row: Row[Any]) -> RecordedEstimate:
        kept = dict(row._mapping)
        name = kept["request_id"]
        about = self.keys.unseal(kept.pop("sealed"), "estimates", name)
        return RecordedEstimate(
            **kept,
            probabilities=about["probabilities"],
            notices=tuple(about["notices"]),
            missing=tuple(about["missing"]),
            centre=about.get("centre", ""),
            inputs=about.get("inputs"),
            answer=about.get("answer"),
        )


def open_store(settings: RecordSettings) -> RecordStore:
    """Return the store, made where there is none, its tables brought up to date.

    Parameters
    ----------
    settings : RecordSettings
        Where it is.

    Raises
    ------
    RecordsUnavailable
        If it cannot be reached or made.
    KetresponseError
        If its keys are missing or another store's, or if it is gone or empty while its keys are
        there: then a backup is to be put back, and nothing is made anew in silence.
    """
    file, key_file = settings.file, settings.key_file
    if file is not None:
        if key_file.exists() and (not file.exists() or not file.stat().st_size):
            raise KetresponseError(
                f"the store of records {file} is {'empty' if file.exists() else 'gone'}, while its "
                f"key {key_file} is there: put the store back from its backup; to begin a new one, "
                "move the key file away"
            )
        make_file(file)
    database = Database(settings)
    bring_up_to_date(database)
    with database.reading() as connection:
        newest = connection.execute(
            select(estimates).order_by(estimates.c.at.desc()).limit(1)
        ).first()
    if newest is None and not key_file.exists():
        make_key_file(key_file)
    store = RecordStore(database, key_file, keeps_content=settings.keeps_content)
    if newest is not None:
        store._from_row(newest)  # with another store's keys, patients' hashes would not meet
    return store


def fetch_rows(
    connection: Connection, query: Select[Any], column: Any, wanted: Collection[str] | None
) -> list[Row[Any]]:
    """Return the rows of a query, only those of some answers where they are named.

    Parameters
    ----------
    connection : Connection
        Of the store.
    query : Select
        What is asked.
    column : Column
        In which answers are named.
    wanted : collection of str or None
        Which; None for all. There may be any number.
    """
    if wanted is None:
        return list(connection.execute(query))
    names = list(dict.fromkeys(wanted))
    parts = [names[i : i + _MOST_AT_ONCE] for i in range(0, len(names), _MOST_AT_ONCE)]
    return [row for part in parts for row in connection.execute(query.where(column.in_(part)))]
