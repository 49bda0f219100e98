"""Whether review and release leave all stores agreeing, wherever they are killed.

Run as ``python -m experiments.benchmarks.reliability.review_kills [--kills 100]
[--seconds 900]``: a store of
its own in a temporary folder; approvals, withdrawals and releases, each in a process of its own,
which is killed (SIGKILL, by its number) after a random time. After each the next command runs, and
log, registry, signed records, released folder and BentoML's store are compared. Ends with 1 if any
disagree. Needs ``os.fork``.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from serving.release import release_version
from tests.serving.helpers.models import make_facts, make_model
from tests.training.helpers.killed import restore
from tests.training.helpers.review_cards import put_card
from tests.training.helpers.reviews import ADMIN, AUTHOR, FIRST, SECOND
from training.approval.case import FINAL, approved_version, find_end, released_versions
from training.review.desk import Desk
from training.review.file import list_events
from training.review.review_log import ReviewLog
from training.review.seal import read_annex
from training.review.standing import find_approved
from training.store.artifact import read_facts
from training.store.registered import locate
from training.store.registry import register
from training.store.tracking import RunRecord, track_run

_NAME = "pilot"


def _add_version(desk: Desk) -> str:
    """Register one more version with a card, in review."""
    uri, model = desk.tracking_uri, make_model()
    run = track_run(RunRecord("study"), tracking_uri=uri)
    facts = make_facts(model, synthetic=False, status="research")
    version = register(run, model, facts, name=_NAME, tracking_uri=uri).version
    folder = locate(_NAME, version, tracking_uri=uri)
    put_card(folder, *read_facts(folder))
    desk.act("open", AUTHOR, _NAME, version, comment="ready")
    desk.act("approve", FIRST, _NAME, version, comment="read")
    return version


def _do(step: Callable[[], object], seconds: float) -> tuple[bool, float]:
    """Do a step in a process of its own; return whether it was killed, and how long it lasted."""
    begun = time.monotonic()
    pid = os.fork()
    if pid == 0:
        try:
            step()
        except BaseException as err:
            print(f"a step failed: {err}", file=sys.stderr)
            os._exit(1)
        os._exit(0)
    status = 0
    while time.monotonic() - begun < seconds:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            break
        time.sleep(0.002)
    else:
        os.kill(pid, signal.SIGKILL)  # its own number: it is not waited for yet
        _, status = os.waitpid(pid, 0)
    ended = os.waitstatus_to_exitcode(status)
    if ended not in (0, -signal.SIGKILL):
        raise SystemExit(f"a step ended with {ended}")
    return ended != 0, time.monotonic() - begun


def _find_disagreements(desk: Desk, places: dict[str, Path]) -> list[str]:
    """Return what differs after the next command."""
    desk.queue()
    found = desk.verify()
    events = desk.log.read()
    if desk.log.has_pending:
        found.append("entries are pending after the next command")
    approved = approved_version(events, _NAME)
    if find_approved(_NAME, tracking_uri=desk.tracking_uri) != approved:
        found.append("the alias is not what the log says")
    released = released_versions(events, _NAME)
    if not released:
        return found
    stored = places["bentoml_home"] / "models" / _NAME / released[-1]
    ended = find_end(list_events(events, f"{_NAME}:{released[-1]}"))
    for folder in (places["folder"] / "model", stored):
        annex = read_annex(folder)
        wanted = FINAL[ended.kind] if ended else "approved"
        if annex is None or (annex["model"], annex["standing"]) != (
            f"{_NAME}:{released[-1]}",
            wanted,
        ):
            found.append(f"{folder} is not what the log says")
    return found


def _list_steps(
    desk: Desk, version: str, places: dict[str, Path]
) -> dict[str, Callable[[], object]]:
    def release() -> None:
        release_version(
            desk, _NAME, version, folder=places["folder"], bentoml_home=places["bentoml_home"]
        )

    return {
        "approve": lambda: desk.act("approve", SECOND, _NAME, version, comment="read"),
        "release": release,
        "withdraw": lambda: desk.act("withdraw", ADMIN, _NAME, version, comment="an error"),
    }


def _is_done(desk: Desk, kind: str, version: str) -> bool:
    own = list_events(desk.log.read(), f"{_NAME}:{version}")
    return sum(event.kind == kind for event in own) == (2 if kind == "approve" else 1)


def main() -> None:
    """Kill, compare, and print how often what was killed where."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=900, help="at most")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    os.environ["BENTOML_DO_NOT_TRACK"] = "True"
    import bentoml  # noqa: F401  # once, and not in each process that is killed

    rng, counts, wrong = random.Random(options.seed), Counter[str](), []
    begun = time.monotonic()
    with TemporaryDirectory(prefix="kills-") as temporary:
        root, kept = Path(temporary) / "store", Path(temporary) / "kept"
        log = ReviewLog(root / "home" / "review.db", key_file=root / "out" / "review.key")
        desk = Desk(log, tracking_uri=f"sqlite:///{root / 'mlflow.db'}")
        places = {"folder": root / "released" / _NAME, "bentoml_home": root / "bentoml"}
        steps = _list_steps(desk, _add_version(desk), places)
        lasting = dict.fromkeys(steps, 8.0)  # until it is known
        shutil.copytree(root, kept)
        while counts["killed"] < options.kills and time.monotonic() - begun < options.seconds:
            restore(kept, root)
            for kind, step in steps.items():
                while not _is_done(desk, kind, "1"):
                    killed, lasted = _do(step, rng.uniform(0, lasting[kind]))
                    lasting[kind] = lasting[kind] if killed else 1.1 * lasted
                    counts["killed"] += killed
                    written = _is_done(desk, kind, "1")
                    counts[f"{kind}: {'killed' if killed else 'ended'}, {written=}"] += 1
                    wrong += _find_disagreements(desk, places)
    print({kind: f"{seconds / 1.1:.2f} s" for kind, seconds in lasting.items()})
    print(f"{counts.pop('killed')} kills in {time.monotonic() - begun:.0f} s")
    print("\n".join(f"{count:>4}  {what}" for what, count in sorted(counts.items())))
    print("\n".join(wrong) if wrong else "All stores agreed after every next command.")
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
