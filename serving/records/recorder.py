"""No answer without its record: what stands between an estimate and whoever asked for it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from features.errors import KetresponseError
from serving.estimate.predictor import Predictor
from serving.records.database import RecordsUnavailable
from serving.records.record import Asked, RecordedEstimate, make_estimate
from serving.records.settings import RecordSettings
from serving.records.store import RecordStore, open_store
from serving.records.tasks import find_suspension
from serving.records.upkeep import delete_old
from serving.records.writer import RecordWriter

__all__ = ["Recorder", "Suspended", "make_recorder"]

_LOOK_SECONDS = 5.0
"""How long a suspended model may yet answer."""
_DAY_SECONDS = 86_400.0
_log = logging.getLogger("bentoml.ketresponse")


class Suspended(KetresponseError):
    """The model gives no estimates for the time being."""


class Recorder:
    """Records the answers of one model.

    Parameters
    ----------
    predictor : Predictor
        Whose answers.
    store : RecordStore
        Where they are kept.
    retention_days : int or None
        How long; None keeps them.
    look_seconds : float
        How often the store is asked whether the model is suspended.

    Raises
    ------
    RecordsUnavailable
        If the store cannot be read.
    """

    def __init__(
        self,
        predictor: Predictor,
        store: RecordStore,
        *,
        retention_days: int | None = None,
        look_seconds: float = _LOOK_SECONDS,
    ) -> None:
        self.store = store
        self._predictor = predictor
        self._days = retention_days
        self._deleted = float("-inf")
        self._reason = ""
        self._look()
        self._writer = RecordWriter(store)
        self._ended = threading.Event()
        looking = threading.Thread(target=self._keep_looking, args=[look_seconds], daemon=True)
        looking.start()

    def check(self) -> None:
        """Refuse while the model is suspended.

        Raises
        ------
        Suspended
            With the reason.
        """
        if self._reason:
            raise Suspended(self._reason)

    def _keep_looking(self, seconds: float) -> None:
        while not self._ended.wait(seconds):
            try:
                self._look()
            except KetresponseError as err:  # nothing can be recorded then, nor answered
                _log.error("%s", err)

    def _look(self) -> None:
        """See whether the model is suspended; delete what is too old, at first and once a day."""
        found = find_suspension(self.store.database, self._predictor.digest)
        self._reason = (
            "" if found is None else f"suspended since {found.at:%d %B %Y}: {found.reason}"
        )
        now = time.monotonic()
        if self._days is not None and now - self._deleted >= _DAY_SECONDS:
            gone, _ = delete_old(self.store, self._days, by="the service", at=datetime.now(UTC))
            self._deleted = now
            if gone:
                _log.info("deleted %d records older than %d days", gone, self._days)

    async def keep(self, asked: Sequence[Asked], caller: str) -> None:
        """Record answers, all of them or none; they may leave when this returns.

        Raises
        ------
        RecordsUnavailable
            If they are not kept.
        """
        await self._writer.write(self._make(asked, caller))

    def keep_here(self, asked: Sequence[Asked], caller: str) -> None:
        """Do the same where no event loop runs."""
        self.store.write(self._make(asked, caller))
        self.store.database.sync()

    def _make(self, asked: Sequence[Asked], caller: str) -> list[RecordedEstimate]:
        at = datetime.now(UTC)
        return [
            make_estimate(
                self._predictor, one.patient, one.answer, at=at, caller=caller, panel=one.panel
            )
            for one in asked
        ]

    def close(self) -> None:
        """Write what waits, and close the store."""
        self._ended.set()
        self._writer.close()
        self.store.close()


def make_recorder(predictor: Predictor, settings: RecordSettings | None) -> Recorder | None:
    """Return what records a model's answers; None where the settings say that nothing is.

    Raises
    ------
    KetresponseError
        If the store cannot be opened, with what to do.
    """
    if settings is None:
        return None
    try:
        store = open_store(settings)
    except RecordsUnavailable as err:
        raise RecordsUnavailable(f"{err}; no estimate is given that is not recorded") from err
    return Recorder(predictor, store, retention_days=settings.retention_days)
