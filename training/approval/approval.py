"""May this model be used? Events of a review in, every unmet criterion out. Pure.

A review binds two named reviewers to four digests: of the model's files, of the data, of the
card's body and of the code on the prediction path. An approval holds for exactly these; whatever
changes afterwards voids it. A refusal and a withdrawal are final: a better model is a new version.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from features.texts import Text, say
from training.approval.case import (
    FINAL,
    NEEDED,
    SYSTEM,
    Account,
    Action,
    Case,
    Digests,
    Event,
    Role,
    compute_standing,
    find_end,
    list_approvals,
    since_opened,
)
from training.approval.gate import REVIEWERS_GATE, Gate
from training.approval.reasons import check_reason

__all__ = [
    "Unmet",
    "check_annex",
    "compute_objections",
    "compute_unmet",
    "describe_waivers",
    "make_annex",
]

_MAY: dict[Action, tuple[Role, ...]] = {
    "open": ("author", "reviewer"),
    "approve": ("reviewer",),
    "refuse": ("reviewer",),
    "waive": ("reviewer",),
    "withdraw": ("author", "reviewer", "admin"),
}

_SIMULATED = "trained on simulated data: it stays a demonstration for ever"


@dataclass(frozen=True)
class Unmet:
    """One criterion that keeps a model from being approved.

    Parameters
    ----------
    code : str
        For machines: "refused", "withdrawn", "synthetic", "not_opened", "gate_4", "void",
        "approvals", "changed".
    text : str
        In plain words, with what to do where something can be done.
    short : str
        The same where what a gate found and asks is told beside it; empty where `text` serves.
    """

    code: str
    text: str
    short: str = ""


def _day(event: Event) -> str:
    return event.at[:10]


def compute_unmet(case: Case) -> list[Unmet]:
    """Return every criterion that keeps a model from being used as approved.

    Parameters
    ----------
    case : Case
        As it is now.

    Returns
    -------
    list of Unmet
        Empty only for a model that may be released.
    """
    unmet = []
    ended = find_end(case.events)
    if ended is not None:
        kind = FINAL[ended.kind]
        unmet.append(Unmet(kind, f"{kind} by {ended.who} on {_day(ended)}: {ended.comment}"))
    if case.synthetic:
        unmet.append(Unmet("synthetic", _SIMULATED))
    opened = case.of_kind("open")
    if not opened:
        unmet.append(Unmet("not_opened", "its author has not opened a review"))
    elif not case.holding("open"):
        unmet.append(Unmet("changed", _changed(case, opened[-1], "the review was opened")))
    unmet += [_describe_open(case, gate) for gate in case.open_gates()]
    holding = case.approvals
    names = {event.actor for event in holding}
    for event in list_approvals(since_opened(case.events)):
        if event.actor not in names and event.digests != case.digests:
            since = f"the approval of {event.who} on {_day(event)}"
            unmet.append(Unmet("void", f"{_changed(case, event, since)}; it is void"))
    if len(holding) < NEEDED:
        by = " and ".join(event.who for event in holding)
        more = "one more reviewer who is not its author is needed"
        if not holding:
            more = f"{NEEDED} reviewers who are not its author are needed"
        unmet.append(Unmet("approvals", f"approved by {by or 'nobody'}; {more}"))
    return unmet


def _describe_open(case: Case, gate: Gate) -> Unmet:
    named, idle = f"gate {gate.number}, {gate.name}", ""
    if gate.number in case.idle_waivers:
        event, faults = case.idle_waivers[gate.number]
        idle = f"; the waiver of {event.who} does not count: {'; '.join(faults)}"
    return Unmet(
        f"gate_{gate.number}", f"{named}: {gate.text}{idle}", f"{named}, is not passed{idle}"
    )


def _changed(case: Case, event: Event, since: str) -> str:
    assert event.digests is not None, "opening and approving record what was seen"
    what = " and ".join(case.digests.changed_from(event.digests))
    before = event.details.get("code", {})
    parts = [n for n in sorted({*before, *case.code}) if before.get(n) != case.code.get(n)]
    which = f" ({', '.join(parts)})" if before and parts else ""
    return f"{what}{which} changed since {since}"


def compute_objections(
    case: Case, action: Action, account: Account, *, comment: str | None, gate: int | None = None
) -> list[str]:
    """Return everything that stands against someone doing something now.

    Parameters
    ----------
    case : Case
        As it is now.
    action : {"open", "approve", "refuse", "waive", "withdraw"}
        What is asked for.
    account : Account
        Who asks.
    comment : str or None
        In their words; it will be read with the model for ever. None before they have written it:
        what stands against them whatever they write.
    gate : int or None
        The gate to waive.

    Returns
    -------
    list of str
        Empty if it may be done.
    """
    against = _objections_to_person(case, action, account)
    if comment is not None and not comment.strip():
        against.append("a comment is needed: it stands beside the card for ever")
    ended = find_end(case.events)
    if ended is not None:
        against.append(
            f"this version was {FINAL[ended.kind]} by {ended.who} on {_day(ended)}, which is "
            f"final: {ended.comment}; train a new version"
        )
    opened = case.of_kind("open")
    if action == "open" and case.holding("open"):
        against.append("its review is open already")
    elif action != "open" and not opened:
        against.append("its review is not open: its author opens it first")
    elif action in ("approve", "waive") and not case.holding("open"):
        against.append(
            _changed(case, opened[-1], "the review was opened") + "; its author opens it again"
        )
    approved = compute_standing(case.events) == "approved"
    if action == "refuse" and approved:
        against.append("it is approved already: withdraw it instead")
    if action == "withdraw" and not approved and not case.is_author(account):
        against.append("it is not approved: refuse it instead")
    if action == "approve":
        against += _objections_to_approval(case, account)
    if action == "waive":
        against += _objections_to_waiver(case, gate, comment)
    return against


def _objections_to_person(case: Case, action: Action, account: Account) -> list[str]:
    if account == SYSTEM:
        return (
            []
            if case.synthetic
            else ["the system user may act on a demonstration only; log in with an account"]
        )
    against = []
    if account.role not in _MAY[action]:
        against.append(
            f"{account.name} has the role {account.role}; to {action} takes the role "
            f"{' or '.join(_MAY[action])}"
        )
    if action in ("approve", "refuse", "waive") and case.is_author(account):
        against.append(f"{account.name} is an author of this model: nobody judges their own")
    return against


def _objections_to_approval(case: Case, account: Account) -> list[str]:
    against = [_SIMULATED] if case.synthetic and account != SYSTEM else []
    against += [
        f"gate {gate.number}, {gate.name}, is open: {gate.told}" for gate in case.open_gates()
    ]
    if any(event.actor == account.name for event in case.holding("approve")):
        against.append(f"{account.name} has approved it already")
    return against


def _objections_to_waiver(case: Case, number: int | None, reason: str | None) -> list[str]:
    gate = next((gate for gate in case.gates if gate.number == number), None)
    if gate is None:
        return ["name the gate to waive, by its number"]
    if gate.status == "pass":
        return [f"gate {number} passes: there is nothing to waive"]
    if gate.never_waived:
        return [f"gate {number} is never waived: {gate.never_waived}"]
    if gate.number in case.waivers:
        return [f"gate {number} is waived already, by {case.waivers[gate.number].who}"]
    if reason is None or not reason.strip():
        return []  # not written yet, or asked for already
    return [f"gate {number}: {fault}" for fault in case.check_waiver(gate.number, reason)]


def _entry(event: Event, **more: Any) -> dict[str, Any]:
    name = event.details.get("name", event.actor)
    told = {"at": event.at, "name": name, "account": event.actor, "comment": event.comment}
    return told | more


def make_annex(case: Case) -> dict[str, Any]:
    """Return what stands beside the card: standing, approvals, waivers, history.

    It is kept apart from the card's body, so that signing does not change what is signed.

    Parameters
    ----------
    case : Case
        As it is now.

    Returns
    -------
    dict
        Plain values: `model`, `standing`, `scope` (what the approval is for), `entry` (the last
        of the log that this tells of: it only ever rises), `digests`,
        `approvals`, `waivers` (with `gate`, and `title`, its name) and `history`, each entry with
        `at`, `name`, `account` and `comment`.
    """
    titles = {gate.number: gate.name for gate in case.gates}
    return {
        "model": case.subject,
        "standing": case.standing,
        "scope": case.scope,
        "entry": max((event.number for event in case.events), default=0),
        "digests": asdict(case.digests),
        "approvals": [_entry(event) for event in case.approvals],
        "waivers": [
            _entry(event, gate=number, title=titles.get(number, ""))
            for number, event in sorted(case.waivers.items())
        ],
        "history": [
            _entry(event, kind=event.kind, gate=event.details.get("gate")) for event in case.events
        ],
    }


def check_annex(
    annex: Mapping[str, Any], digests: Digests, gates: Sequence[Gate] = ()
) -> list[Unmet]:
    """Return what keeps a released folder from being served as approved.

    Parameters
    ----------
    annex : mapping
        As :func:`make_annex` wrote it at the release.
    digests : Digests
        Of what lies in the folder, and of the code that runs, now.
    gates : sequence of Gate
        Of the card in the folder: what one of them asks today may be more than it was then.
    """
    unmet = []
    if annex["standing"] != "approved":
        unmet.append(Unmet("approvals", f"its review ended as: {annex['standing']}"))
    if len({approval["account"] for approval in annex["approvals"]}) < NEEDED:
        unmet.append(Unmet("approvals", f"fewer than {NEEDED} people have approved it"))
    changed = digests.changed_from(Digests(**annex["digests"]))
    unmet += [Unmet("changed", f"the {what} is not the one that was approved") for what in changed]
    return unmet + _check_gates(annex, gates)


def _check_gates(annex: Mapping[str, Any], gates: Sequence[Gate]) -> list[Unmet]:
    """Return the gates that fail and that no waiver of an annex lets pass."""
    reasons = {entry["gate"]: entry["comment"] for entry in annex["waivers"]}
    unmet = []
    for gate in gates:
        number = gate.number
        if gate.status == "pass" or number == REVIEWERS_GATE:
            continue
        told = f"gate {number}, {gate.name}: {gate.text}"
        if number not in reasons:
            unmet.append(Unmet(f"gate_{number}", told))
            continue
        others = [(other, said) for other, said in reasons.items() if other < number]
        never = [f"it is never waived: {gate.never_waived}"] if gate.never_waived else []
        faults = never or check_reason(reasons[number], others)
        if faults:
            told += f"; its waiver does not count: {'; '.join(faults)}"
            unmet.append(Unmet(f"gate_{number}", told))
    return unmet


def describe_waivers(annex: Mapping[str, Any] | None) -> list[Text]:
    """Return the waivers of an annex, a sentence each: which gate, by whom, when and why."""
    return [_describe_waiver(entry) for entry in (annex or {}).get("waivers", [])]


def _describe_waiver(entry: Mapping[str, Any]) -> Text:
    told = {
        "gate": entry["gate"],
        "name": entry["name"],
        "day": date.fromisoformat(entry["at"][:10]),
        "why": " ".join(entry["comment"].split()),
    }
    title = entry.get("title", "")
    if not title:  # an older one does not tell it
        return say("Gate {gate} waived by {name} on {day}: {why}", **told)
    return say("Gate {gate}, {title}, waived by {name} on {day}: {why}", **told, title=title)
