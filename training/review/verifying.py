"""Whether models, cards, registry and releases are as the log has them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from features.errors import KetresponseError
from training.approval.case import FINAL, Event, approved_version, find_end, name_standing
from training.card.card import read_card
from training.review.file import File, compute_status, list_events, read_file
from training.review.placing import MODEL, ReleasePlace, find_released, list_places
from training.review.review_log import ReviewLog
from training.review.seal import read_signed
from training.review.signature import BESIDE_CODE, check_signature
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
    for subject in dict.fromkeys(e.subject for e in events if e.kind in FINAL):
        yield from _check_ended(subject, events, log)


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
    folder, own = place.folder / MODEL, list_events(events, event.subject)
    ended = find_end(own)
    if ended is not None:
        again = f"; it was {FINAL[ended.kind]} since: take the folder away"
    there = folder.is_dir()
    fault = _find_fault(folder, event.subject, own, log.public_key) if there else ""
    if fault:
        yield f"{said}{fault}{again}"
    if not there and ended is None:  # of what has ended nothing need be there
        yield f"{said}, and nothing is there{again}"
    if place.stored.is_dir():
        fault = _find_fault(place.stored, event.subject, own, log.public_key)
        if fault:
            yield f"{place.stored}: BentoML's copy of what was released{fault}{again}"
    key = place.folder / BESIDE_CODE
    if there and (not key.is_file() or key.read_bytes() != log.public_key.read_bytes()):
        yield f"{said}, and its {BESIDE_CODE} is not the reviewers' public key{again}"


def _check_ended(subject: str, events: Sequence[Event], log: ReviewLog) -> Iterator[str]:
    """Yield where a model that was withdrawn still lies, and nothing there tells so."""
    home = log.file.parent
    last = [place for _, place in list_places(events, home).values()]  # looked at by themselves
    seen = {folder for place in last for folder in (place.folder / MODEL, place.stored)}
    for folder in find_released(events, home, subject):
        if folder in seen:
            continue
        fault = _find_fault(folder, subject, list_events(events, subject), log.public_key)
        if fault:
            yield f"{folder}: {subject} lies there{fault}"


def _find_fault(folder: Path, subject: str, own: Sequence[Event], public_key: Path) -> str:
    """Return what is wrong with a released model and its record; empty if nothing is."""
    try:
        facts, digest = read_facts(folder)
        signed = read_signed(folder)
        card = read_card(folder).sha256
    except KetresponseError as err:
        return f": {err}"
    if f"{facts.name}:{facts.version}" != subject:
        return f", and it holds {facts.name}:{facts.version}"
    if signed is None:
        return ", and it holds no record of a review"
    annex, signature = signed
    if not check_signature(annex, signature, public_key):
        return ", and its record was not signed with the reviewers' key"
    history = [(e["at"], e["kind"], e["account"], e["comment"]) for e in annex["history"]]
    if history != [(e.at, e.kind, e.actor, e.comment) for e in own][: len(history)]:
        return ", and its record tells another history than the log"
    ended = find_end(own)
    if ended is not None and annex["standing"] != FINAL[ended.kind]:
        return f", and its record does not tell that it was {FINAL[ended.kind]}"
    standing = name_standing(annex["standing"], annex["scope"])
    if facts.status != standing:
        return f", and its files call it {facts.status}, its record {standing}"
    if ended is None and (digest, card) != (annex["digests"]["model"], annex["digests"]["card"]):
        return ", and its model or its card is not the one that was signed"
    return ""
