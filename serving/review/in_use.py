"""Models in use: what the watch over them asks of their reviewers, for the reviewers' pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from serving.records.database import Database, RecordsUnavailable
from serving.records.settings import RecordSettings
from serving.records.tasks import Task, list_suspensions, list_tasks

__all__ = ["InUse", "read_in_use"]

_NONE_HERE = (
    "No records of estimates are here (KETRESPONSE_RECORDS). What the watch over a model in use "
    "asks of its reviewers stands on its service's page /monitor."
)
_UNREADABLE = "What is asked of you about models in use cannot be read now"


@dataclass(frozen=True)
class InUse:
    """What was found.

    Parameters
    ----------
    tasks : mapping of str to sequence of Task
        Open ones, by the digest of the model.
    suspended : mapping of str to str
        Why a model gives no estimates for the time being, by digest.
    remark : str
        Why nothing is known; empty where it was looked for and found or not.
    """

    tasks: Mapping[str, Sequence[Task]] = field(default_factory=dict)
    suspended: Mapping[str, str] = field(default_factory=dict)
    remark: str = ""


def read_in_use(settings: RecordSettings | None) -> InUse:
    """Read open tasks and suspensions of every model; nothing is made where there are no records.

    Parameters
    ----------
    settings : RecordSettings or None
        Where estimates are recorded.
    """
    if settings is None or (settings.file is not None and not settings.file.exists()):
        return InUse(remark=_NONE_HERE)
    try:
        with closing(Database(settings)) as database:
            tasks: dict[str, list[Task]] = {}
            for task in list_tasks(database):
                if task.closed_at is None:
                    tasks.setdefault(task.model_digest, []).append(task)
            suspended = {one.model_digest: one.reason for one in list_suspensions(database)}
    except RecordsUnavailable as err:
        return InUse(remark=f"{_UNREADABLE}: {err}.")
    return InUse(tasks, suspended)
