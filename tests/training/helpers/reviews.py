"""Cases, gates and cards made by hand, for the tests of reviews."""

from __future__ import annotations

from typing import Any, Literal

from training.approval.case import Account, Case, Digests, Event
from training.approval.gate import Gate

AUTHOR = Account("anna", "Anna Author", "author")
FIRST = Account("berta", "Berta First", "reviewer")
SECOND = Account("carl", "Carl Second", "reviewer")
THIRD = Account("dora", "Dora Third", "reviewer")
ADMIN = Account("emil", "Emil Keeper", "admin")

DIGESTS = Digests("m" * 64, "d" * 64, "c" * 64, "e" * 64)


def make_gate(number: int, status: Literal["pass", "fail"] = "pass") -> Gate:
    return Gate(number, "calibration", status, "slope 0.71", "0.80 to 1.20")


PASSING = tuple(make_gate(number) for number in range(1, 13))


def make_reason(gate: object = "") -> str:
    """Return a reason for waiving a gate that is one."""
    return f"gate {gate} asks for what a single centre cannot have before its first use"


def failing(*numbers: int) -> tuple[Gate, ...]:
    return tuple(make_gate(n, "fail" if n in numbers else "pass") for n in range(1, 13))


def make_case(
    *steps: tuple[str, Account] | tuple[str, Account, Any],
    digests: Digests = DIGESTS,
    gates: tuple[Gate, ...] = failing(11),
    synthetic: bool = False,
    authors: frozenset[str] = frozenset(),
) -> Case:
    """Return a case after (action, account) or (action, account, digests or gate number)."""
    events = []
    for number, (kind, account, *more) in enumerate(steps, start=1):
        extra = more[0] if more else None
        seen = extra if isinstance(extra, Digests) else DIGESTS
        details: dict[str, Any] = {"name": account.display, "digests": vars(seen)}
        if isinstance(extra, int):
            details["gate"] = extra
        if synthetic:
            details["demonstration"] = True
        at = f"2026-11-{number:02}T10:00:00+00:00"
        why = make_reason(extra) if kind == "waive" else f"{kind}: why"
        events.append(Event(number, at, kind, "pilot:3", account.name, why, details))
    return Case("pilot:3", synthetic, digests, gates, authors, events)
