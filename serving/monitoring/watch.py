"""Look at a model's records, and let the reviewers know: open a task, suspend the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from serving.estimate.predictor import Predictor
from serving.monitoring.alarms import Alarm
from serving.monitoring.from_records import follow_records, make_before, to_moment
from serving.monitoring.monitoring import Monitoring, compute_monitoring
from serving.monitoring.reporting import DUE_DAYS
from serving.records.store import RecordStore
from serving.records.tasks import find_suspension, list_tasks, open_task, suspend
from serving.records.upkeep import has_deleted_old

__all__ = ["Watched", "look_at", "tell_reviewers"]

WATCHER = "ketresponse monitor"
"""By whom a model is suspended."""

_SHORTENED = (
    "Old records were deleted: each day the charts begin with what is left, and raise more false "
    "alarms, three in place of one where the last 100 patients are left."
)


@dataclass(frozen=True, eq=False)
class Watched:
    """A model in use, as it was found.

    Parameters
    ----------
    model : str
        ``NAME:VERSION``.
    model_digest : str
        Of the artifact.
    stamp : str
        What must not be overlooked about the model; may be empty.
    found : Monitoring
        Everything that is watched.
    remarks : tuple of str
        What could not be read.
    suspended : str
        Why the model gives no estimates for the time being; empty where it does.
    """

    model: str
    model_digest: str
    stamp: str
    found: Monitoring
    remarks: tuple[str, ...] = ()
    suspended: str = ""


def look_at(
    store: RecordStore,
    predictor: Predictor,
    *,
    now: datetime,
    due_days: Mapping[str, int] = DUE_DAYS,
) -> Watched:
    """Work out how a model does, from its records.

    Parameters
    ----------
    store : RecordStore
        Where its estimates and their outcomes are.
    predictor : Predictor
        The model.
    now : datetime
        The moment of the report.
    due_days : mapping of str to int
        After how many days an outcome is due, by horizon.
    """
    given = store.read(model_digest=predictor.digest)
    outcomes = store.read_outcomes([one.request_id for one in given])
    recorded = follow_records(given, outcomes, predictor, now=now, due_days=due_days)
    found = compute_monitoring(
        recorded.followed,
        make_before(predictor),
        now=to_moment(now),
        subgroups=recorded.subgroups,
        due_days=due_days,
    )
    suspension = find_suspension(store.database, predictor.digest)
    return Watched(
        model=f"{predictor.facts.name}:{predictor.facts.version}",
        model_digest=predictor.digest,
        stamp=predictor.stamp,
        found=found,
        remarks=(*recorded.remarks, *([_SHORTENED] if has_deleted_old(store) else [])),
        suspended="" if suspension is None else suspension.reason,
    )


def tell_reviewers(
    store: RecordStore, watched: Watched, *, now: datetime, suspends: bool = False
) -> list[Alarm]:
    """Open a task for each chart with an alarm that the reviewers have not had, and return these.

    A chart that goes on crossing its limit does not ask again: not while its task is open, and not
    for what had been reported when it was opened, once it is closed.

    Parameters
    ----------
    store : RecordStore
        Where tasks are kept.
    watched : Watched
        What was found.
    now : datetime
        When they are told.
    suspends : bool
        Whether a new alarm on outcomes also suspends the model; a running service obeys within
        seconds. Alarms on requests never do: out of scope no estimate is given anyway.
    """
    tasks = list_tasks(store.database, watched.model_digest)
    asked = {task.kind: to_moment(task.opened_at) for task in tasks}
    open_ = {task.kind for task in tasks if task.closed_at is None}
    new: dict[str, Alarm] = {}
    for alarm in watched.found.alarms:
        if alarm.kind not in open_ and (alarm.kind not in asked or alarm.at > asked[alarm.kind]):
            new.setdefault(alarm.kind, alarm)
    grave = [alarm for alarm in new.values() if alarm.horizon]
    if suspends and grave:  # first: were it broken off in between, the next run would not know
        reason = f"{grave[0].title}: its reviewers look into it"
        suspend(store.database, watched.model_digest, by=WATCHER, reason=reason, at=now)
    return [
        alarm
        for alarm in new.values()
        if open_task(store.database, watched.model_digest, alarm.kind, alarm.text, at=now)
    ]
