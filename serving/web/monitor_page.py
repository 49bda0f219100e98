"""The page on which reviewers see whether estimates come true, and what was asked of them.

Tables only: pictures need what a service does not install, and `ketresponse monitor --page` has
them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from features.errors import KetresponseError
from serving.estimate.predictor import Predictor
from serving.monitoring.report import make_monitoring_report
from serving.monitoring.watch import Watched, look_at
from serving.records.recorder import Recorder
from serving.records.tasks import Task, find_suspension, list_tasks
from serving.web.answers import answer_page, log_failure
from serving.web.headers import CARD_POLICY, PRIVATE
from training.document.document import COUNTS_ONLY, Block, Document, Picture, Section, Table
from training.document.render import to_html

__all__ = ["make_monitor_route"]

_NOTHING_KEPT = "Nothing is recorded here, so that there is nothing to watch."
_UNREADABLE = "The records cannot be read now: the service's log tells why."
_HOW = "Look into it, then close it: ketresponse records close NUMBER --comment TEXT."


def make_monitor_route(
    get_predictor: Callable[[], Predictor], get_recorder: Callable[[], Recorder | None]
) -> Route:
    """Return the route of the page."""
    seen: list[tuple[object, Watched]] = []  # what was found last, and in which records

    def watch(recorder: Recorder) -> Watched:
        now = datetime.now(UTC)
        # Seconds of work at a thousand patients: done again when there is more, and every day,
        # since outcomes fall due.
        state = (recorder.store.count(), now.date())
        if not seen or seen[0][0] != state:
            seen[:] = [(state, look_at(recorder.store, get_predictor(), now=now))]
        found = find_suspension(recorder.store.database, seen[0][1].model_digest)
        return replace(seen[0][1], suspended="" if found is None else found.reason)

    def look(recorder: Recorder) -> Document:
        watched = watch(recorder)
        tasks = list_tasks(recorder.store.database, watched.model_digest)
        document = _leave_pictures_out(make_monitoring_report(watched))
        first, *others = document.sections
        sections = (first, _show_tasks(tasks), *others)
        return replace(document, sections=sections, foot=COUNTS_ONLY)  # the charts are left out

    async def show(request: Request) -> Response:
        recorder = get_recorder()
        if recorder is None:
            return answer_page(_NOTHING_KEPT, 404)
        try:
            document = await run_in_threadpool(look, recorder)
        except KetresponseError as err:  # one that is not as it was written, too
            log_failure(err)
            return answer_page(_UNREADABLE, 503)
        headers = {**PRIVATE, "Content-Security-Policy": CARD_POLICY}
        return HTMLResponse(to_html(document), headers=headers)

    return Route("/monitor", show)


def _show_tasks(tasks: Sequence[Task]) -> Section:
    """Return what the reviewers were asked to look at, what is open first."""
    if not tasks:
        return Section("Asked of the reviewers", ("Nothing so far.",))
    rows = sorted(tasks, key=lambda task: (task.closed_at is not None, -task.id))
    table = Table.from_rows(
        "tasks",
        "What was asked of the reviewers.",
        rows,
        {
            "number": "id",
            "since": lambda task: f"{task.opened_at:%Y-%m-%d}",
            "what": "text",
            "closed": _tell_end,
        },
        _HOW,
    )
    return Section("Asked of the reviewers", (table,))


def _tell_end(task: Task) -> str:
    if task.closed_at is None:
        return "open"
    return f"{task.closed_at:%Y-%m-%d} by {task.closed_by}: {task.comment}"


def _leave_pictures_out(document: Document) -> Document:
    def keeps(block: Block) -> bool:
        return not isinstance(block, Picture)

    sections = tuple(
        replace(section, blocks=tuple(filter(keeps, section.blocks)))
        for section in document.sections
    )
    return replace(document, sections=sections)
