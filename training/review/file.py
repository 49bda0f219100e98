"""A model on the desk: its artifact, its card, and what the log says of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from features.errors import KetresponseError
from training.approval.approval import Unmet, compute_unmet, make_annex
from training.approval.case import Case, Event, compute_standing, name_standing
from training.approval.gate import Gate
from training.card.card import Card, read_card
from training.card.constancy import is_deployable
from training.card.gates import compute_gates
from training.card.render import describe_gates
from training.review.seal import compute_digests
from training.store.artifact import read_facts
from training.store.code_digest import list_code_parts
from training.store.facts import STATUSES, ModelFacts
from training.store.registered import locate

__all__ = ["File", "compute_status", "list_events", "read_file"]

_GATES: dict[str, Sequence[Gate]] = {}
"""Of the card that was read last, by its digest."""


@dataclass(frozen=True)
class File:
    """A model on the desk: what a reviewer reads, and how its review stands.

    Parameters
    ----------
    folder : Path
        Its artifact, checked against its registration.
    facts : ModelFacts
        About it.
    card : Card
        Of it.
    case : Case
        What the decision rests on.
    """

    folder: Path
    facts: ModelFacts
    card: Card
    case: Case

    @property
    def standing(self) -> str:
        """How the review stands; "demonstration" for simulated data."""
        return "demonstration" if self.case.synthetic else self.case.name

    @property
    def status(self) -> str:
        """What the model is now, whatever is written beside it: see STATUSES."""
        standing = self.standing
        return standing if standing in STATUSES else "research"

    @property
    def annex(self) -> dict[str, Any]:
        """What stands beside the card, by the log."""
        return make_annex(self.case)

    @property
    def gates(self) -> list[Gate]:
        """The twelve gates as the card shows them, waivers and approvals counted."""
        return describe_gates(self.card.body, self.annex)

    @property
    def unmet(self) -> list[Unmet]:
        """Every criterion that keeps the model from being released."""
        return compute_unmet(self.case)


def _compute_gates(card: Card) -> Sequence[Gate]:
    """Return the gates of a card; they take a third of a second, and each step reads it thrice."""
    if card.sha256 not in _GATES:
        _GATES.clear()
        _GATES[card.sha256] = compute_gates(card.body)
    return _GATES[card.sha256]


def list_events(events: Sequence[Event], subject: str) -> list[Event]:
    """Return what the log says of one model, ``NAME:VERSION``."""
    return [event for event in events if event.subject == subject and event.kind != "account"]


def compute_status(facts: ModelFacts, case: Case) -> str:
    """Return the status of a model by its log."""
    if facts.synthetic:
        return "demonstration"
    standing = name_standing(compute_standing(case.events), case.scope)
    return standing if standing in STATUSES else "research"


def read_file(
    name: str, version: str | None, events: Sequence[Event], *, tracking_uri: str
) -> File:
    """Return a model with its card, gates and history.

    Parameters
    ----------
    name : str
        Of the model.
    version : str or None
        None takes the newest.
    events : sequence of Event
        The whole log.
    tracking_uri : str
        Of the registry.

    Raises
    ------
    KetresponseError
        If there is no such model, its files are not those that were registered, or it has no
        card.
    """
    folder = locate(name, version, tracking_uri=tracking_uri)
    facts, digest = read_facts(folder)
    card = read_card(folder)
    if card.body.model.digest != digest:
        raise KetresponseError(
            f"the card in {folder} is another model's; make it again with `ketresponse card make`"
        )
    subject = f"{facts.name}:{facts.version}"
    case = Case(
        subject=subject,
        synthetic=facts.synthetic,
        digests=compute_digests(facts, digest, card.sha256),
        gates=_compute_gates(card),
        authors=frozenset(card.authors),
        events=list_events(events, subject),
        code=list_code_parts(),
        deployable=is_deployable(card.body.results),
    )
    return File(folder, facts, card, case)
