"""Whether the model that is served may still be: its signed record is read again every half minute.

A withdrawal reaches a service that runs. The record is the ``review.json`` of the served folder, or
what KETRESPONSE_REVIEW_STATUS names: a file, or an address such as the one at which `ketresponse
review serve` tells of a released model. Nobody without the review key can make one, and an older
one put back is refused.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

from starlette.types import ASGIApp, Receive, Scope, Send

from features.errors import KetresponseError
from features.texts import Text, say
from serving.access.caller import is_health
from serving.access.refusal import Refusal
from training.approval.case import FINAL
from training.review.counter import find_counter, find_newer, name_model
from training.review.seal import ANNEX, check_newest, parse_signed
from training.review.signature import check_signature, find_public_key
from training.store.artifact import read_facts

__all__ = ["PATIENCE", "SECONDS", "StatusGate", "StatusWatch"]

SECONDS = 30.0
"""Between two looks at the record."""
PATIENCE = 3600.0
"""Seconds for which a record that cannot be read is taken to be as it was."""
_TIMEOUT = 10.0
_MOST_BYTES = 5_000_000
_STYLE = ("/clinic.css", "/clinic.js", "/docs.css", "/icon.svg")
_AFTERWARDS = ("/outcomes", "/monitor", "/login", "/logout")
_log = logging.getLogger("bentoml.ketresponse")


class StatusWatch:
    """Looks at the record of one served model, in the background.

    Parameters
    ----------
    folder : Path
        The model's.
    environ : mapping
        KETRESPONSE_REVIEW_STATUS, and where the reviewers' public key and the counter are.
    now : callable
        The clock.
    """

    def __init__(
        self, folder: Path, *, environ: Mapping[str, str], now: Callable[[], float] = time.monotonic
    ) -> None:
        facts, digest = read_facts(folder)
        self._subject, self._digest = f"{facts.name}:{facts.version}", digest
        self._place = environ.get("KETRESPONSE_REVIEW_STATUS") or str(folder / ANNEX)
        self._public_key = find_public_key(environ, folder)
        self._counter = find_counter(environ, folder)
        self._noted, self._entry = "", 0
        # As the check at the start has it, so that both see the same record as one.
        self._where = str(folder.resolve()) if self._is_own(folder) else self._place
        self._now = now
        self._read = now()
        self._reason = ""
        self._told = ""

    def _is_own(self, folder: Path) -> bool:
        return self._place == str(folder / ANNEX)

    @property
    def reason(self) -> str:
        """Why the model may not be served any more; empty as long as it may."""
        return self._reason

    def start(self) -> StatusWatch:
        """Look once, and from then on every :data:`SECONDS`, as long as this process lives."""
        self.look()
        threading.Thread(target=self._go_on, name="status-watch", daemon=True).start()
        return self

    def _go_on(self) -> None:
        while True:
            time.sleep(SECONDS)
            try:
                self.look()
            except Exception as err:  # a watch that ends would not notice a withdrawal any more
                self._wait(f"the record of its review could not be judged: {type(err).__name__}")

    def look(self) -> None:
        """Read the record once, and decide."""
        try:
            self._reason = self._judge(_fetch(self._place))
        except (OSError, ValueError) as err:
            self._wait(f"the record of its review cannot be read at {self._place}: {err}")
            return
        except KetresponseError as err:
            self._reason = str(err).splitlines()[-1].strip().removeprefix("- ")
        self._read = self._now()
        self._tell(self._reason)

    def _wait(self, text: str) -> None:
        """Go on as before for a while."""
        self._tell(text)
        waited = self._now() - self._read
        if waited > PATIENCE and not self._reason:
            self._reason = f"{text}, for {waited / 60:.0f} minutes by now"

    def _tell(self, text: str) -> None:
        """Write into the log what is new, once."""
        if text and text != self._told:
            _log.warning("%s: %s", self._subject, text)
        self._told = text

    def _judge(self, document: bytes) -> str:
        annex, signature = parse_signed(document)
        if (annex["model"], annex["digests"]["model"]) != (self._subject, self._digest):
            # Another version was released here: this one goes on until it is started again, or
            # until its own review is noted to have ended.
            if find_newer(self._counter, [self._noted], self._entry) is not None:
                return "its review has ended: it was withdrawn, and another version lies here"
            raise ValueError(f"it is that of {annex['model']}")
        self._noted, self._entry = name_model(annex), annex.get("entry", 0)
        if not check_signature(annex, signature, self._public_key):
            return "the record of its review was not signed with the reviewers' key"
        if not check_newest(annex, self._where, self._counter):
            self._tell(f"{self._counter} cannot be written: an older record put back is not found")
        if annex["standing"] not in FINAL.values():
            return ""
        last = next(e for e in reversed(annex["history"]) if e["kind"] in FINAL)
        return say(
            "it was {standing} on {day}: {comment}",
            standing=Text(FINAL[last["kind"]]),
            day=date.fromisoformat(last["at"][:10]),
            comment=last["comment"],
        )


def _fetch(place: str) -> bytes:
    """Return what lies at a path or an address."""
    if not place.startswith(("http://", "https://")):
        return Path(place).read_bytes()
    request = Request(place, headers={"Cache-Control": "no-cache"})
    try:
        with urlopen(request, timeout=_TIMEOUT) as answer:
            return bytes(answer.read(_MOST_BYTES))
    except URLError as err:  # an answer of 404 is one, too
        raise OSError(str(err.reason)) from err


class StatusGate:
    """Middleware: a model that may no longer be served answers nothing but why.

    What became of the patients who were asked about can still be reported, and be looked at.

    Parameters
    ----------
    app : ASGI application
        What is behind it.
    get_watch : callable
        Returns the watch; None of a model that was not approved, which nobody can withdraw.
    """

    def __init__(self, app: ASGIApp, get_watch: Callable[[], StatusWatch | None]) -> None:
        self.app = app
        self.get_watch = get_watch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 503 with the reason, in words for whoever asks."""
        if scope["type"] == "http" and not _may_pass(scope["path"]):
            watch = self.get_watch()
            if watch is not None and watch.reason:
                text = say("this model is no longer served: {reason}", reason=watch.reason)
                await Refusal(503, text).answer(scope, has_login=False)(scope, receive, send)
                return
        await self.app(scope, receive, send)


def _may_pass(path: str) -> bool:
    return path in (*_STYLE, *_AFTERWARDS) or (is_health(path) and path != "/readyz")
