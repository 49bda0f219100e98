"""Whether models, cards, registry and releases are as the log has them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from features.errors import KetresponseError
from training.approval.case import FINAL, Event, approved_version, find_end
from training.review.file import File, compute_status, list_events, read_file
from training.review.placing import MODEL, ReleasePlace, list_places
from training.review.review_log import ReviewLog
from training.review.seal import read_signed
from training.review.signature import check_signature
from training.review.standing import find_approved, read_tags
from training.review.telling import make_tags
from training.store.artifact import load_model, read_facts
from training.store.registered import RegisteredModel, list_models
from training.store.registry import describe_tags
from training.store.tracking import read_run

__all__ = ["find_differences"]

_CLOSE = 1e-9


def find_differences(
    events: Sequence[Event], log: ReviewLog, *, tracking_uri: str
) -> Iterator[str]:
    """Yield whatever is not as the log has it, each by the name of what is at fault.

    Parameters
    ----------
    events : sequence of Event
        The whole log.
    log : ReviewLog
        Where they are from.
    tracking_uri : str
        Of the registry.
    """
    models = list_models(tracking_uri=tracking_uri)
    for model in models:
        yield from _check_version(model, events, tracking_uri)
    for name in dict.fromkeys(model.name for model in models):
        alias = find_approved(name, tracking_uri=tracking_uri)
        wanted = approved_version(events, name)
        if alias != wanted:
            yield (
                f"{name}: the registry's alias approved names version {alias or 'none'}, the "
                f"log {wanted or 'none'}"
            )
    there = {f"{model.name}:{model.version}" for model in models}
    for subject in dict.fromkeys(e.subject for e in events if e.kind != "account"):
        if subject not in there:
            yield f"{subject}: it was reviewed, and is no longer registered"
    for event, place in list_places(events, log.file.parent).values():
        yield from _check_release(event, place, events, log)


def _check_version(
    model: RegisteredModel, events: Sequence[Event], tracking_uri: str
) -> Iterator[str]:
    subject = f"{model.name}:{model.version}"
    try:
        file = read_file(model.name, model.version, events, tracking_uri=tracking_uri)
    except KetresponseError as err:
        if list_events(events, subject):
            yield f"{subject}: {err}"
        return
    for unmet in file.unmet:
        if unmet.code in ("void", "changed"):
            yield f"{subject}: {unmet.text}"
    wanted = compute_status(file.facts, file.case)
    for where, told in (("registry", model.status), ("stored model", file.facts.status)):
        if told != wanted:
            yield f"{subject}: the {where} says {told}, the log {wanted}"
    yield from _check_tags(file, model, tracking_uri)
    yield from _check_metrics(file, model, tracking_uri)


def _check_tags(file: File, model: RegisteredModel, tracking_uri: str) -> Iterator[str]:
    """Yield the registry's tags that are not what the log, or the model itself, says."""
    subject = file.case.subject
    told = read_tags(model.name, model.version, tracking_uri=tracking_uri)
    wanted = {"log": make_tags(file.case) if file.case.events else {}}
    loaded = load_model(file.folder)
    wanted["model"] = describe_tags(loaded.facts, loaded.model)
    wanted["model"].pop("status")
    for whose, tags in wanted.items():
        for name, value in tags.items():
            if told.get(name, "") != value:
                yield (
                    f"{subject}: the registry's tag {name} is {told.get(name) or 'not there'}, "
                    f"the {whose} has {value or 'none'}"
                )


def _check_metrics(file: File, model: RegisteredModel, tracking_uri: str) -> Iterator[str]:
    """Yield the metrics of the model's run that are not those the model was saved with."""
    try:
        found = read_run(model.run_id, tracking_uri=tracking_uri).metrics
    except KetresponseError as err:
        yield f"{file.case.subject}: its run cannot be read: {err}"
        return
    for horizon, performance in file.facts.performance.items():
        for metric, (estimate, *_) in performance.items():
            name = f"{horizon}_{metric}"
            if name not in found or estimate is None:
                continue
            if abs(found[name] - estimate) > _CLOSE:
                yield (
                    f"{file.case.subject}: its run says {name} {found[name]:.4f}, the model "
                    f"{estimate:.4f}"
                )


def _check_release(
    event: Event, place: ReleasePlace, events: Sequence[Event], log: ReviewLog
) -> Iterator[str]:
    """Yield how a released folder differs from what the log says was released there."""
    said = f"{place.folder}: the log says {event.subject} was released there (entry {event.number})"
    again = f"; `ketresponse release {event.subject.partition(':')[0]}` puts it right"
    folder = place.folder / MODEL
    if not folder.is_dir():
        yield f"{said}, and nothing is there{again}"
        return
    try:
        facts, _ = read_facts(folder)
        signed = read_signed(folder)
    except KetresponseError as err:
        yield f"{said}: {err}{again}"
        return
    if f"{facts.name}:{facts.version}" != event.subject:
        yield f"{said}, and it holds {facts.name}:{facts.version}{again}"
    elif signed is None:
        yield f"{said}, and it holds no record of a review{again}"
    else:
        fault = _find_fault(*signed, list_events(events, event.subject), log.public_key)
        if fault:
            yield f"{said}, and its record {fault}{again}"


def _find_fault(
    annex: dict[str, Any], signature: str, own: Sequence[Event], public_key: Path
) -> str:
    """Return what is wrong with a released record of a review; empty if nothing is."""
    if not check_signature(annex, signature, public_key):
        return "was not signed with the reviewers' key"
    history = [(e["at"], e["kind"], e["account"], e["comment"]) for e in annex["history"]]
    written = [(e.at, e.kind, e.actor, e.comment) for e in own]
    if history != written[: len(history)]:
        return "tells another history than the log"
    ended = find_end(own)
    if ended is not None and annex["standing"] != FINAL[ended.kind]:
        return f"does not tell that it was {FINAL[ended.kind]}"
    return ""
