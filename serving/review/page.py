"""What the page of one model shows a reviewer: gates with their evidence, and what can be done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from serving.review.checklist import PARTS
from training.approval.approval import compute_objections
from training.approval.case import Account, Action, Case, compute_standing, find_end
from training.approval.gate import Gate
from training.card.evidence import PLACE_OF, collect_evidence
from training.card.pages.rulers import draw_ruler
from training.card.schema import Change, Part
from training.document.words import join
from training.review.seen import make_mark

if TYPE_CHECKING:  # the desk brings MLflow, which no page needs
    from training.review.file import File

__all__ = ["describe_review", "list_changes"]

_BUTTONS: dict[Action, tuple[str, str]] = {
    "open": ("Hand it in for review", "You are then its author and cannot judge it."),
    "waive": (
        "Waive a gate",
        "Your name and your reason (40 characters or more) will stand on the card and on every "
        "answer.",
    ),
    "approve": ("Approve", "It holds for exactly this model, data, card and code."),
    "refuse": ("Refuse", "This is final; your reason stands beside the model for ever."),
    "withdraw": (
        "Withdraw",
        "This is final. A service that serves what was released from here, or reads the record of "
        "this review, stops within a minute and says so; a copy that reads neither goes on until "
        "somebody ends it.",
    ),
}
_TELLING: tuple[Part, ...] = ("gates", "performance", "data", "predictors", "model", "author")


@dataclass(frozen=True)
class _GateRow:
    """A gate as the page shows it, once.

    Parameters
    ----------
    gate : Gate
        With its waiver.
    place : str
        Anchor of the part of the card that tells more.
    title : str
        What that part is called.
    opened : bool
        Whether this reviewer has opened it.
    picture : str
        What was found beside what is asked, as SVG; empty where there is no number.
    caption : str
        What the picture shows.
    idle : str
        Why a waiver that was given does not count; empty where none was.
    """

    gate: Gate
    place: str
    title: str
    opened: bool
    picture: str
    caption: str
    idle: str


def list_changes(changes: Sequence[Change]) -> list[Change]:
    """Return the differences from the version before, those that decide first."""
    return sorted(changes, key=lambda change: _TELLING.index(change.part))


def _make_rows(file: File, opened: Sequence[str]) -> list[_GateRow]:
    evidence = collect_evidence(file.card.body)
    idle = file.case.idle_waivers
    rows = []
    for gate in file.gates:
        found, place = evidence.get(gate.number), PLACE_OF[gate.number]
        event, faults = idle.get(gate.number, (None, []))
        rows.append(
            _GateRow(
                gate,
                place,
                PARTS[place],
                place in opened,
                draw_ruler(found, found.what) if found else "",
                found.what if found else "",
                f"The waiver of {event.who} does not count: {'; '.join(faults)}" if event else "",
            )
        )
    return rows


def _list_waivable(case: Case) -> list[Gate]:
    return [gate for gate in case.open_gates() if not gate.never_waived]


def _offered(case: Case, account: Account) -> list[Action]:
    """Return the steps that this review has come to, whoever may take them."""
    if find_end(case.events):
        return []
    again: list[Action] = [] if case.holding("open") else ["open"]
    if compute_standing(case.events) == "approved":
        return [*again, "withdraw"]
    if again:
        return again
    offered: list[Action] = ["waive"] if _list_waivable(case) else []
    offered += ["approve", "refuse"]
    return [*offered, "withdraw"] if case.is_author(account) else offered


def _tell_open(case: Case) -> list[str]:
    """Return one line for all the gates that are open: each is told in the list of gates."""
    numbers = [str(gate.number) for gate in case.open_gates()]
    if not numbers:
        return []
    many = len(numbers) > 1
    return [f"{'gates' if many else 'gate'} {join(numbers)} {'are' if many else 'is'} open"]


def _make_actions(case: Case, account: Account) -> list[dict[str, Any]]:
    """Return each step with its words; and why not, where something stands against it."""
    waivable = _list_waivable(case)
    actions = []
    for action in _offered(case, account):
        label, words = _BUTTONS[action]
        gate = waivable[0].number if action == "waive" else None
        # What each gate says stands in the list of gates, and not here once more.
        asked = replace(case, gates=()) if action == "approve" else case
        against = compute_objections(asked, action, account, comment=None, gate=gate)
        actions.append(
            {
                "name": action,
                "label": label,
                "words": words,
                "against": against + (_tell_open(case) if action == "approve" else []),
                "gates": waivable if action == "waive" else [],
            }
        )
    return actions


def describe_review(
    file: File, account: Account, opened: Sequence[str], part: str
) -> dict[str, Any]:
    """Return what the page of one model is filled with.

    Parameters
    ----------
    file : File
        The model.
    account : Account
        Whose page it is.
    opened : sequence of str
        Anchors of the parts of the card that they have opened.
    part : str
        Anchor of the part that the card is opened at; empty for its beginning.

    Returns
    -------
    dict
        `file`; `rows`, what is shown of each gate; `keeps`, what keeps the model from being
        released, the open gates in one line; `changes` since the version before, the telling ones
        first, and `parent`, that version, or None; `actions`; `parts` of the card with whether
        each was opened; `part`; `seen`, which card and model this page shows.
    """
    keeps = [unmet.text for unmet in file.unmet if not unmet.code.startswith("gate_")]
    parent = file.card.body.parent
    return {
        "file": file,
        "rows": _make_rows(file, opened),
        "keeps": _tell_open(file.case) + keeps,
        "parent": parent,
        "changes": list_changes(parent.changes) if parent else [],
        "actions": _make_actions(file.case, account),
        "parts": [(anchor, title, anchor in opened) for anchor, title in PARTS.items()],
        "part": part if part in PARTS else "",
        "seen": make_mark(file.case.digests),
    }
