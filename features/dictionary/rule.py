"""When a patient has responded: a responder rule, as a study writes it and in plain words.

References
----------
Mangnus 2021, doi:10.1111/papr.13056 (a fall of 2 points, or success in the record's words);
Zhao 2018, doi:10.1007/s11916-018-0664-x (a fall of 30%). A percentage is counted from the best
score, which is not 0 on every scale: Obermeier 2010, doi:10.1186/1471-244X-10-3.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

import numpy as np

from features.arrays import BoolArray, FloatArray
from features.dictionary.schema import Dictionary
from features.dictionary.variable import Variable
from features.errors import InputError, Problem
from features.numerals import parse_number
from features.texts import Text, as_text, say, say_words

__all__ = ["NRS", "RULES", "Rule", "is_compared", "is_rule", "read_rule"]

NRS = say("pain (NRS)")
"""What the contract's own scores measure: the numeric rating scale, 0 to 10."""

# 30% of 7 is 2.1, and 7 - 4.9 is a little less in binary arithmetic.
_TOLERANCE = 1e-9

_Way = Literal["fall", "rise", "at most", "at least"]


@dataclass(frozen=True)
class Rule:
    """A responder rule, read against the scale that the outcome is measured on.

    Parameters
    ----------
    text : str
        As a study writes it, such as "fall >= 20".
    way : {"fall", "rise", "at most", "at least"}
        A change from before treatment towards the better end of the scale, or a score at that
        time.
    amount : float
        In units of the scale; with `relative` a share of the distance from the best score.
    relative : bool
        Whether the amount is a share, 0 to 1.
    or_success : bool
        Whether the record's own wording makes a responder too.
    low, high : float
        The ends of the scale.
    measure, unit : str
        What is measured, and in what; for people.
    words : tuple of (Text, Text, Text) or None
        What it is called ("response"), the rule, and what it says of one time, where these are
        not made of the rest.
    """

    text: str
    way: _Way
    amount: float
    relative: bool = False
    or_success: bool = False
    low: float = 0.0
    high: float = 10.0
    measure: str = "pain"
    unit: str = "points"
    words: tuple[Text, Text, Text] | None = None

    @property
    def compares(self) -> bool:
        """Whether the score before treatment is needed."""
        return self.way in ("fall", "rise")

    @property
    def what(self) -> Text:
        """What responding is called."""
        return self.words[0] if self.words else say("response")

    @property
    def past(self) -> Text:
        """The rule in plain words: "pain fell by at least 30% from before treatment"."""
        if self.words:
            return self.words[1]
        told = {"measure": as_text(self.measure), "bound": self._bound}
        if self.way == "fall":
            return self._close(say("{measure} fell by {bound} from before treatment", **told))
        if self.way == "rise":
            return self._close(say("{measure} rose by {bound} from before treatment", **told))
        return self._close(say("{measure} is {bound}", **told))

    @property
    def state(self) -> Text:
        """What it says of one time: "pain at least 30% lower than before treatment"."""
        if self.words:
            return self.words[2]
        told = {"measure": as_text(self.measure), "bound": self._bound}
        if self.way == "fall":
            return self._close(say("{measure} {bound} lower than before treatment", **told))
        if self.way == "rise":
            return self._close(say("{measure} {bound} higher than before treatment", **told))
        return self._close(say("{measure} {bound}", **told))

    @property
    def _bound(self) -> Text:
        if self.relative:
            return say("at least {share:g}%", share=100 * self.amount)
        if self.unit == "%" and self.compares:
            return say("at least {amount:g} percentage points", amount=self.amount)
        amount = self._measure_out(self.amount)
        if self.way == "at most":
            return say("at most {amount}", amount=amount)
        return say("at least {amount}", amount=amount)

    def _close(self, sentence: Text) -> Text:
        if self.relative and self.low != 0:
            sentence = say(
                "{rule} (counted from the best score, {best:g})", rule=sentence, best=self.low
            )
        if self.or_success:
            return say("{rule}, or the record calls the treatment successful", rule=sentence)
        return sentence

    def is_met(self, before: FloatArray, after: FloatArray) -> BoolArray:
        """Return who meets the score's part of the rule; a missing score never does.

        Parameters
        ----------
        before, after : ndarray of shape (n,)
            Scores before treatment and at that time, NaN where missing. A relative fall from the
            best score does not exist: such a patient is no responder.
        """
        if self.way == "at most":
            return np.asarray(after <= self.amount + _TOLERANCE)
        if self.way == "at least":
            return np.asarray(after >= self.amount - _TOLERANCE)
        better = before - after if self.way == "fall" else after - before
        if not self.relative:
            return np.asarray(better >= self.amount - _TOLERANCE)
        room = before - self.low
        return np.asarray((better >= self.amount * room - _TOLERANCE) & (room > 0))

    def has_no_room(self, before: FloatArray) -> BoolArray:
        """Return whose score before treatment is too near the best one to meet the rule."""
        if not self.compares:
            return np.zeros(before.shape, dtype=np.bool_)
        room = before - self.low if self.way == "fall" else self.high - before
        return np.asarray(room == 0 if self.relative else room < self.amount - _TOLERANCE)

    @property
    def room(self) -> Text:
        """What the score before treatment has to be to meet the rule: "at least 2 points"."""
        if self.way == "fall" and self.relative:
            return say("above {amount}", amount=self._measure_out(self.low))
        if self.way == "fall":
            return say("at least {amount}", amount=self._measure_out(self.low + self.amount))
        return say("at most {amount}", amount=self._measure_out(self.high - self.amount))

    def _measure_out(self, amount: float) -> Text:
        """Return a score with its unit: "2 points", "30%"."""
        if self.unit == "%":
            return say("{share:g}%", share=amount)
        return say_words(say("{amount:g}", amount=amount), as_text(self.unit))


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "fall2_or_success": Rule(
            "fall2_or_success",
            "fall",
            2.0,
            or_success=True,
            words=(
                say("response"),
                say(
                    "pain fell by at least 2 of 10 points from before treatment, or the record "
                    "calls the treatment successful"
                ),
                say(
                    "pain at least 2 points lower than before treatment, or the record calls the "
                    "treatment successful"
                ),
            ),
        ),
        **{
            f"fall{share}": Rule(
                f"fall{share}",
                "fall",
                share / 100,
                relative=True,
                words=(
                    say("relief"),
                    say("pain fell by at least {share}% from before treatment", share=share),
                    say("pain at least {share}% lower than before treatment", share=share),
                ),
            )
            for share in (30, 50)
        },
    }
)
"""The rules with a name, on the numeric rating scale of pain, 0 to 10."""

_WRITTEN = re.compile(
    r"(?P<what>fall|rise|score)\s*(?P<sign>>=|<=|=|\u2265|\u2264)\s*(?P<amount>[-+]?[0-9.]+)"
    r"(?P<unit>.*?)(?P<success>\s+or\s+success)?",
    re.IGNORECASE,
)
_WRITTEN_OUT = {
    "fall2_or_success": "fall >= 2 or success",
    "fall30": "fall = 30%",
    "fall50": "fall = 50%",
}
_SIGNS = {"\u2265": ">=", "\u2264": "<="}


def is_rule(text: str) -> bool:
    """Return whether a text is written as a responder rule is, whatever the scale."""
    return text in RULES or _WRITTEN.fullmatch(text.strip()) is not None


def read_rule(text: str, dictionary: Dictionary) -> Rule:
    """Read a responder rule.

    Parameters
    ----------
    text : str
        A name of :data:`RULES`; a change from before treatment, ``fall >= 20`` or ``fall = 30%``
        (``rise >= 20`` where more is better); or a score at that time, ``score <= 30``
        (``score >= 30`` where more is better). ``or success`` at its end lets the record's own
        wording make a responder too.
    dictionary : Dictionary
        The study's: its outcome's scale is that of `nrs_t1`.

    Raises
    ------
    InputError
        If the rule is not written so, or does not go with the scale.

    Examples
    --------
    >>> from features.dictionary.contract import CONTRACT
    >>> read_rule("fall >= 3", CONTRACT).past
    'pain (NRS) fell by at least 3 points from before treatment'
    """
    score = _find_score(dictionary)
    rule = RULES[text] if text in RULES and score.measure == NRS else _parse(text, score)
    if rule is None or not _goes_with(rule, dictionary):
        choices = " or ".join(f'"{choice}"' for choice in _list_choices(dictionary))
        expected = f"a rule on the outcome's scale ({score.name_scale()}): {choices}"
        raise InputError("responder rule", [Problem("rule", expected, repr(text))])
    return rule


def _find_score(dictionary: Dictionary) -> Variable:
    """Return what the outcome is read from; a model of before other scales has the NRS."""
    score = dictionary["nrs_t1"]
    return score if score.better else replace(score, measure=NRS, better="low")


def _parse(text: str, score: Variable) -> Rule | None:
    found = _WRITTEN.fullmatch(_WRITTEN_OUT.get(text, text).strip())
    amount = parse_number(found["amount"], decimal=".") if found else None
    if found is None or amount is None:
        return None
    unit, sign = found["unit"].strip(), _SIGNS.get(found["sign"], found["sign"])
    what = found["what"].lower()
    # Per cent of a change is always relative; a score in per cent has per cent points.
    relative = unit == "%" and what != "score"
    way = _WAYS.get((what, sign))
    if way is None or not (relative or unit in ("", score.short_unit)):
        return None
    return Rule(
        text.strip(),
        way,
        amount / 100 if relative else amount,
        relative=relative,
        or_success=found["success"] is not None,
        low=_end(score.low),
        high=_end(score.high),
        measure=score.measure,
        unit=score.short_unit,
    )


_WAYS: Mapping[tuple[str, str], _Way] = MappingProxyType(
    {
        ("fall", ">="): "fall",
        ("fall", "="): "fall",
        ("rise", ">="): "rise",
        ("rise", "="): "rise",
        ("score", "<="): "at most",
        ("score", ">="): "at least",
    }
)
_FOR_THE_BETTER: Mapping[str, tuple[_Way, ...]] = MappingProxyType(
    {"low": ("fall", "at most"), "high": ("rise", "at least")}
)


def _end(value: float | None) -> float:
    assert value is not None, "a scale has two ends"
    return float(value)


def is_compared(dictionary: Dictionary) -> bool:
    """Return whether the score before treatment is on the outcome's scale."""
    before, after = dictionary["nrs_t0"], dictionary["nrs_t1"]
    return (before.low, before.high, before.unit) == (after.low, after.high, after.unit)


def _goes_with(rule: Rule, dictionary: Dictionary) -> bool:
    score = _find_score(dictionary)
    low, high = _end(score.low), _end(score.high)
    if rule.way not in _FOR_THE_BETTER[score.better]:
        return False
    if rule.compares and not is_compared(dictionary):
        return False
    if rule.text == "fall2_or_success" and (low, high) != (0, 10):
        return False  # 2 points of a scale of 10
    if rule.relative:
        return rule.way == "fall" and 0 < rule.amount <= 1
    if rule.compares:
        return 0 < rule.amount <= high - low
    # A score that everybody has makes everybody a responder.
    return low <= rule.amount < high if rule.way == "at most" else low < rule.amount <= high


def _list_choices(dictionary: Dictionary) -> list[str]:
    score = _find_score(dictionary)
    low, high = _end(score.low), _end(score.high)
    part = 0.3 * (high - low)
    if score.better == "high":
        rise = [f"rise >= {part:g}"] if is_compared(dictionary) else []
        return [*rise, f"score >= {high - part:g}"]
    fall = [f"fall >= {part:g}", "fall = 30%"] if is_compared(dictionary) else []
    named = list(RULES) if score.measure == NRS else []
    return [*named, *fall, f"score <= {low + part:g}"]
