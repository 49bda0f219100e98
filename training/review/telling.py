"""Registry and released folders are told what the log says of a model."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields, replace
from pathlib import Path

from features.files.temporary import temporary_folder
from training.approval.approval import make_annex
from training.approval.case import (
    Case,
    Digests,
    Event,
    approved_version,
    compute_standing,
    find_end,
)
from training.card.render import write_pages
from training.review.counter import name_model, note_entry
from training.review.file import File, compute_status
from training.review.placing import find_released, put_files
from training.review.review_log import ReviewLog
from training.review.seal import write_annex
from training.review.standing import write_standing
from training.store.artifact import write_release

__all__ = ["make_tags", "tell_of"]

_DIGESTS = tuple(field.name for field in fields(Digests))


def make_tags(case: Case) -> dict[str, str]:
    """Return the registry's tags of a version by its log, but for its status.

    Parameters
    ----------
    case : Case
        As it is now.

    Returns
    -------
    dict of str to str
        By name without our prefix; an empty one does not stand in the registry.
    """
    standing = compute_standing(case.events)
    # Of what was handed in, as the log has it: it may have changed since, which voids the approval.
    opened = [event.digests for event in case.of_kind("open") if event.digests is not None]
    case = replace(case, digests=opened[-1]) if opened else case
    signed = asdict(case.digests) if standing == "approved" else dict.fromkeys(_DIGESTS, "")
    return {
        "review": standing,
        "scope": case.scope if standing == "approved" else "",
        "approved_by": ", ".join(event.actor for event in case.approvals),
        **{f"approved.{name}": digest for name, digest in signed.items()},
    }


def tell_of(file: File, events: Sequence[Event], log: ReviewLog, *, tracking_uri: str) -> None:
    """Make registry, stored model and released folders say what the log says of a model.

    Parameters
    ----------
    file : File
        The model, as the log has it.
    events : sequence of Event
        The whole log.
    log : ReviewLog
        Signs the record of the review.
    tracking_uri : str
        Of the registry.

    Raises
    ------
    KetresponseError, OSError
        If one of them cannot be written.
    """
    facts = replace(
        file.facts, status=compute_status(file.facts, file.case), card_sha256=file.card.sha256
    )
    with _make_files(file, facts.status, log) as files:
        if find_end(file.case.events):  # a service that runs reads it there
            annex = make_annex(file.case)
            counter = log.public_key.with_suffix(".seen")  # where services of this machine look
            note_entry(counter, name_model(annex), annex["entry"])
            for folder in find_released(events, log.file.parent, file.case.subject):
                put_files(files, folder)
        write_standing(
            facts.name,
            facts.version,
            status=facts.status,
            tags=make_tags(file.case),
            files=files,
            approved=approved_version(events, facts.name),
            tracking_uri=tracking_uri,
        )


@contextmanager
def _make_files(file: File, status: str, log: ReviewLog) -> Iterator[list[Path]]:
    """Yield the files beside a model that tell of its review, the signed record last."""
    facts = replace(file.facts, status=status, card_sha256=file.card.sha256)
    with temporary_folder() as temporary:
        folder = temporary / "artifact"
        shutil.copytree(file.folder, folder)
        annex = make_annex(file.case)
        yield [
            write_release(folder, facts),
            *write_pages(file.card, folder, annex=annex, status=status),
            write_annex(folder, annex, log.sign(annex)),
        ]
