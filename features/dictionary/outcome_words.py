"""The outcome of a study in plain words, as every answer, card and report tells it.

What is said of T1 and T2 beyond their names is known of CRPS courses only: T1 is discharge, T2 the
first visit after it. Another study says what its own are, or they are called T1 and T2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from features.dictionary.rule import Rule
from features.texts import Text, say, say_count

__all__ = ["ABOUT_4_WEEKS", "HORIZON_WORDS", "describe_outcomes", "name_horizon"]

HORIZON_WORDS: Mapping[str, Text] = MappingProxyType(
    {"t1": say("discharge (T1)"), "t2": say("first follow-up (T2)")}
)
"""What the times of a CRPS course are."""

ABOUT_4_WEEKS = say("about 4 weeks after discharge at uneven intervals")
"""When a CRPS course's T2 is, where its cohort does not say otherwise (Mangnus 2021,
doi:10.1111/papr.13056)."""

_USUAL_WEEKS = (2.0, 8.0)
"""Medians of a CRPS cohort's follow-up that are still "about 4 weeks"."""


def name_horizon(horizon: str, condition: str) -> Text:
    """Return "discharge (T1)" for a CRPS course, "T1" for any other.

    Parameters
    ----------
    horizon : str
        "t1" or "t2".
    condition : str
        The study's.
    """
    return HORIZON_WORDS[horizon] if condition == "CRPS" else Text(horizon.upper())


def describe_outcomes(
    rule: Rule, horizons: Sequence[str], *, condition: str, follow_up: float | None = None
) -> dict[str, Text]:
    """Return each horizon's outcome in plain words.

    Parameters
    ----------
    rule : Rule
        The responder rule.
    horizons : sequence of str
        One of :data:`features.dictionary.outcome.HORIZONS`.
    condition : str
        The study's; "CRPS" has words of its own.
    follow_up : float or None
        Median weeks until T2 in the cohort; None where it does not tell.

    Examples
    --------
    >>> from features.dictionary.rule import RULES
    >>> describe_outcomes(RULES["fall30"], ["t2"], condition="sciatica", follow_up=52.0)["t2"]
    'relief at T2 (after a median of 52 weeks): pain at least 30% lower than before treatment'
    """
    times = {"t1": name_horizon("t1", condition), "t2": _name_t2(condition, follow_up)}
    described = {
        h: say("{what} at {time}: {state}", what=rule.what, time=times[h], state=rule.state)
        for h in horizons
    }
    if tuple(horizons) == ("t1", "t2"):
        described["t2"] = say(
            "sustained response: a responder at {first} and still one at {second}",
            first=times["t1"],
            second=times["t2"],
        )
    return described


def _name_t2(condition: str, follow_up: float | None) -> Text:
    weeks = None if follow_up is None else _tell_median(round(follow_up, 1))
    if condition != "CRPS":
        return say("T2 ({when})", when=weeks) if weeks else Text("T2")
    usual = follow_up is None or _USUAL_WEEKS[0] <= follow_up <= _USUAL_WEEKS[1]
    return say("the first follow-up (T2), {when}", when=ABOUT_4_WEEKS if usual else weeks)


def _tell_median(weeks: float) -> Text:
    return say_count("after a median of {count:g} week", "after a median of {count:g} weeks", weeks)
