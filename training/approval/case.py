"""A model under review: who takes part, what was done, and how the review stands. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from features.texts import clean
from training.approval.gate import EXTERNAL_GATE, NEVER_WAIVED, REVIEWERS_GATE, SYNTHETIC_GATE, Gate
from training.approval.reasons import check_reason
from training.store.statuses import SILENT_APPROVAL

__all__ = [
    "ACTIONS",
    "FINAL",
    "NAMED_USE",
    "NEEDED",
    "ROLES",
    "SILENT",
    "SYSTEM",
    "Account",
    "Action",
    "Case",
    "Digests",
    "Event",
    "Role",
    "approved_version",
    "compute_standing",
    "find_end",
    "fold_name",
    "list_approvals",
    "name_standing",
    "released_versions",
    "since_opened",
]

Role = Literal["author", "reviewer", "admin", "releaser"]
ROLES: tuple[Role, ...] = get_args(Role)
Action = Literal["open", "approve", "refuse", "waive", "withdraw"]
ACTIONS: tuple[Action, ...] = get_args(Action)
Standing = Literal["not opened", "in review", "approved", "void", "refused", "withdrawn"]

NEEDED = 2
"""Reviewers who must approve."""

FINAL: dict[str, Standing] = {"refuse": "refused", "withdraw": "withdrawn"}
"""Actions that end a review, and how it then stands."""

SILENT, NAMED_USE = "silent prospective evaluation", "the use that its card names"
"""What an approval can be for: without validation in other patients, or where the data do not bear
a model, at most the first."""


@dataclass(frozen=True)
class Account:
    """Someone who takes part in a review.

    Parameters
    ----------
    name : str
        The account's short name.
    display : str
        The person's name, as it stands on the card.
    role : {"author", "reviewer", "admin", "releaser"}
        An author makes models, a reviewer judges those of others, an admin keeps the accounts, a
        releaser lets out what two reviewers approved.
    """

    name: str
    display: str
    role: Role


SYSTEM = Account("system", "the system user (demonstration only)", "reviewer")
"""Needs no password; may act on models of simulated data and on nothing else."""


@dataclass(frozen=True)
class Digests:
    """What an approval is bound to: SHA-256 of four things, as hexadecimal digits.

    Parameters
    ----------
    model, data, card, code : str
        Of the artifact, of the cohort table, of the card's body, and of the modules on the
        prediction path with the versions of the numerical packages.
    """

    model: str
    data: str
    card: str
    code: str

    def changed_from(self, other: Digests) -> tuple[str, ...]:
        """Return the names of the digests that differ."""
        mine, theirs = asdict(self), asdict(other)
        return tuple(name for name in mine if mine[name] != theirs[name])


@dataclass(frozen=True)
class Event:
    """One entry of the review log.

    Parameters
    ----------
    number : int
        Place in the log, from 1.
    at : str
        UTC, ISO 8601 to the second.
    kind : str
        An action, or "release", "rollback" or "account".
    subject : str
        ``NAME:VERSION`` of a model; for "account" the account's name.
    actor : str
        Account that did it.
    comment : str
        In the actor's words.
    details : dict
        `name` (the actor's display name), `digests`, `code` (what its digest is made of), `gate`,
        `demonstration`, `opened` (parts of the card that were opened before, by their anchor):
        where they apply.
    """

    number: int
    at: str
    kind: str
    subject: str
    actor: str
    comment: str
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def digests(self) -> Digests | None:
        """What the actor had before them."""
        found = self.details.get("digests")
        return None if found is None else Digests(**found)

    @property
    def who(self) -> str:
        """The actor's display name and account."""
        return f"{self.name} ({self.actor})"

    @property
    def name(self) -> str:
        """The actor's display name."""
        return str(self.details.get("name", self.actor))


@dataclass(frozen=True)
class Case:
    """A model under review, as it is now.

    Parameters
    ----------
    subject : str
        ``NAME:VERSION``.
    synthetic : bool
        Whether it was trained on simulated data.
    digests : Digests
        As they are now.
    gates : sequence of Gate
        From the card as it is now.
    authors : frozenset of str
        Accounts or names that the card gives as the model's authors.
    events : sequence of Event
        Of this subject, in the order of the log.
    code : mapping of str to str
        What the code's digest is made of, to tell what changed in it.
    deployable : bool
        Whether the training itself says that its data bear a model.
    """

    subject: str
    synthetic: bool
    digests: Digests
    gates: Sequence[Gate]
    authors: frozenset[str]
    events: Sequence[Event]
    code: Mapping[str, str] = field(default_factory=dict)
    deployable: bool = True

    def of_kind(self, kind: str) -> list[Event]:
        """Return the events of one kind."""
        return [event for event in self.events if event.kind == kind]

    def holding(self, kind: str) -> list[Event]:
        """Return the events of one kind, since the review was last opened, that hold now.

        They are bound to the digests as they are now. Opening a review again starts it anew.
        """
        return [
            event
            for event in since_opened(self.events)
            if event.kind == kind and event.digests == self.digests
        ]

    @property
    def standing(self) -> Standing:
        """How the review stands: "void" where what was approved is no longer what there is.

        Also where a gate is open again: what let it pass does not count, or asks more today.
        """
        told = compute_standing(self.events)
        holds = len(self.approvals) >= NEEDED and not self.open_gates()
        return "void" if told == "approved" and not holds else told

    @property
    def name(self) -> str:
        """How the review stands, in the words that people read."""
        return name_standing(self.standing, self.scope)

    @property
    def approvals(self) -> list[Event]:
        """Return the approvals that hold, one for each person; never an author's."""
        given = list_approvals(self.holding("approve"))
        return [e for e in given if not self.is_author(Account(e.actor, e.name, "reviewer"))]

    @property
    def waivers(self) -> dict[int, Event]:
        """Gate number to the waiver that holds."""
        return self._judge_waivers()[0]

    @property
    def idle_waivers(self) -> dict[int, tuple[Event, list[str]]]:
        """Gate number to a waiver that was given and does not count, with the reasons why."""
        held, idle = self._judge_waivers()
        return {number: told for number, told in idle.items() if number not in held}

    def _judge_waivers(self) -> tuple[dict[int, Event], dict[int, tuple[Event, list[str]]]]:
        held: dict[int, Event] = {}
        idle: dict[int, tuple[Event, list[str]]] = {}
        for event in self.holding("waive"):
            number = event.details["gate"]
            faults = self.check_waiver(number, event.comment, held)
            if faults:
                idle[number] = event, faults
            else:
                held.setdefault(number, event)
        return held, idle

    def check_waiver(
        self, number: int, reason: str, others: Mapping[int, Event] | None = None
    ) -> list[str]:
        """Return what keeps a gate from being waived for a reason; empty if nothing does.

        Parameters
        ----------
        number : int
            Of the gate.
        reason : str
            In the reviewer's words.
        others : mapping of int to Event or None
            The waivers beside which it stands; None for every one of this card.
        """
        gate = next((gate for gate in self.gates if gate.number == number), None)
        never = gate.never_waived if gate else NEVER_WAIVED.get(number, "")
        if never:
            return [f"gate {number} is never waived: {never}"]
        events = (
            [e for e in self.of_kind("waive") if e.digests and e.digests.card == self.digests.card]
            if others is None
            else others.values()
        )
        beside = [(e.details["gate"], e.comment) for e in events if e.details["gate"] != number]
        return check_reason(reason, beside)

    def is_author(self, account: Account) -> bool:
        """Return whether the card names this person, or they have opened the review.

        Under whichever account: who hands a model in may be given another one later.
        """
        names = self.authors.union(*((e.actor, e.name) for e in self.of_kind("open")))
        own = {fold_name(account.name), fold_name(account.display)}
        return not own.isdisjoint(map(fold_name, names))

    @property
    def scope(self) -> str:
        """What the model may be approved for."""
        passed = any(g.number == EXTERNAL_GATE and g.status == "pass" for g in self.gates)
        return NAMED_USE if passed and self.deployable else SILENT

    def open_gates(self) -> list[Gate]:
        """Return the gates that fail and are not waived, but for those that the card cannot tell.

        Whether two people have reviewed the model is in the log; a model of simulated data is
        told apart by its facts.
        """
        elsewhere = {REVIEWERS_GATE, *((SYNTHETIC_GATE,) if self.synthetic else ())}
        closed = elsewhere | set(self.waivers)
        return [g for g in self.gates if g.status != "pass" and g.number not in closed]


def fold_name(name: str) -> str:
    """Return a name as it is compared: letters however they are written, and single spaces.

    Parameters
    ----------
    name : str
        Of a person or an account. Letters of another alphabet that look alike stay apart.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", clean(name)).casefold())
    return " ".join(folded.split())


def name_standing(standing: str, scope: str) -> str:
    """Return how a review stands, in the words that people read.

    Parameters
    ----------
    standing : str
        :attr:`Case.standing`.
    scope : str
        What it is approved for, :data:`SILENT` or :data:`NAMED_USE`.
    """
    return SILENT_APPROVAL if standing == "approved" and scope == SILENT else standing


def list_approvals(events: Iterable[Event]) -> list[Event]:
    """Return each person's last approval; those of a demonstration count for nothing.

    Two accounts of the same name are one person's: one may have been removed in between.
    """
    given = (e for e in events if e.kind == "approve" and not e.details.get("demonstration"))
    return list({fold_name(event.name): event for event in given}.values())


def since_opened(events: Sequence[Event]) -> Sequence[Event]:
    """Return the events from the last opening on; none where the review was never opened."""
    places = [place for place, event in enumerate(events) if event.kind == "open"]
    return events[places[-1] :] if places else ()


def find_end(events: Iterable[Event]) -> Event | None:
    """Return the refusal or withdrawal that ended the review, if one did."""
    return next((event for event in events if event.kind in FINAL), None)


def compute_standing(events: Sequence[Event]) -> Standing:
    """Return how a review has gone so far, by its log alone.

    Parameters
    ----------
    events : sequence of Event
        Of one subject, in the order of the log.

    Returns
    -------
    str
        "approved" tells that two people have approved what was last handed in, not that it is
        still the same: see :attr:`Case.standing`.
    """
    ended = find_end(events)
    if ended is not None:
        return FINAL[ended.kind]
    current = since_opened(events)
    if not current:
        return "not opened"
    same = [event for event in current if event.digests == current[0].digests]
    return "approved" if len(list_approvals(same)) >= NEEDED else "in review"


def approved_version(events: Sequence[Event], name: str) -> str | None:
    """Return the version of a model that is approved: the last one, or what was rolled back to.

    Parameters
    ----------
    events : sequence of Event
        The whole log.
    name : str
        Of the model.
    """
    approved: str | None = None
    seen: dict[str, list[Event]] = {}
    for event in events:
        model, _, version = event.subject.partition(":")
        if model != name or event.kind == "account":
            continue
        before = compute_standing(seen.setdefault(version, []))
        seen[version].append(event)
        after = compute_standing(seen[version])
        if event.kind == "rollback" or (after == "approved" != before):
            approved = version
        elif after != "approved" and approved == version:
            approved = None
    return approved


def released_versions(events: Sequence[Event], name: str) -> list[str]:
    """Return the versions released and not rolled back, the one in use last."""
    stack: list[str] = []
    for event in events:
        model, _, version = event.subject.partition(":")
        if model == name and event.kind == "release" and stack[-1:] != [version]:
            stack.append(version)
        elif model == name and event.kind == "rollback":
            while stack and stack[-1] != version:
                stack.pop()
    return stack
