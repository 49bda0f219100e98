"""For whom a model gives no number: the outcome cannot be reached, or too little is known.

A model draws a smooth curve through its patients, and the curve goes on where the outcome does not:
to someone whose pain is 1, a fall of 2 points is given a share like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from features.arrays import FloatArray, IntArray
from features.dictionary.rule import Rule, is_compared, read_rule
from features.texts import Text, as_text, say, say_list
from training.model.response_model import ResponseModel

__all__ = ["CANNOT_BE_MET", "TOO_LITTLE_KNOWN", "Reach"]

CANNOT_BE_MET, TOO_LITTLE_KNOWN = "cannot_be_met", "too_little_known"
"""Codes: the score before treatment leaves no room for the outcome; fewer predictors are known
than the model asks for."""

_SCORE = "nrs_t0"


class _Reason(NamedTuple):
    """Why there is no number for a patient.

    Parameters
    ----------
    code : str
        :data:`CANNOT_BE_MET` or :data:`TOO_LITTLE_KNOWN`.
    text : Text
        Plain words, without the patient's values.
    variable : str or None
        The variable it is about, if it is about one.
    """

    code: str
    text: Text
    variable: str | None = None


class Reach:
    """Whom a model's estimates are about, beside its entry rules.

    Parameters
    ----------
    model : ResponseModel
        With its dictionary and predictors.
    rule : str
        Its responder rule, as its facts have it.
    """

    def __init__(self, model: ResponseModel, rule: str) -> None:
        dictionary = model.dictionary
        self._rule: Rule = read_rule(rule, dictionary)
        self._score = dictionary[_SCORE]
        self._compared = is_compared(dictionary)
        self._predictors = model.predictor_variables
        self._min_known = model.min_known

    def list_reasons(self, record: Mapping[str, float | str | None]) -> list[_Reason]:
        """Return every reason against a number for a patient; none where there may be one.

        Parameters
        ----------
        record : mapping
            Parsed values of one patient. Without a score before treatment nobody can tell whether
            the outcome can be reached, and that alone is no reason.
        """
        reasons = []
        if self._rule.has_no_room(self._find_score(record))[0]:
            reasons.append(_Reason(CANNOT_BE_MET, self._tell_room(), _SCORE))
        missing = [v for v in self._predictors if not isinstance(record.get(v.name), float)]
        known = len(self._predictors) - len(missing)
        if known < self._min_known:
            text = say(
                "Of the {count} values that the model uses, at least {least} have to be known; "
                "here it is {known}. Not known: {names}.",
                count=len(self._predictors),
                names=say_list([as_text(v.label) for v in missing], "; "),
                least=self._min_known,
                known=known or say("none of them"),
            )
            reasons.append(_Reason(TOO_LITTLE_KNOWN, text))
        return reasons

    def is_met_already(self, record: Mapping[str, float | str | None]) -> bool:
        """Return whether a rule on the score alone is met before treatment, by doing nothing."""
        if not self._compared or self._rule.compares:
            return False
        before = self._find_score(record)
        return bool(self._rule.is_met(before, before)[0])

    def sort_scores(self, before: FloatArray) -> IntArray:
        """Return which scores before treatment (n,) are told of alike: equal numbers, alike."""
        alone = self._compared and not self._rule.compares
        met = self._rule.is_met(before, before) & alone
        return np.asarray(self._rule.has_no_room(before) + 2 * met, dtype=np.intp)

    def _find_score(self, record: Mapping[str, float | str | None]) -> FloatArray:
        value = record.get(_SCORE)
        return np.array([value if isinstance(value, float) else np.nan])

    def _tell_room(self) -> Text:
        rule = self._rule
        told = {"label": self._score.label, "room": rule.room, "rule": rule.past}
        if rule.or_success:
            return say(
                "The outcome cannot be reached: {label} has to be {room} for it "
                "({rule}). That a treatment may be called successful all the same is not enough "
                "for a number.",
                **told,
            )
        return say(
            "The outcome cannot be reached: {label} has to be {room} for it ({rule}).", **told
        )
