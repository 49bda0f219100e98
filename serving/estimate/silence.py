"""Silent evaluation: an estimate is recorded, and nobody who treats the patient sees it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from features.texts import say
from serving.estimate.notices import RECORDED, PlainNotice
from serving.estimate.predictor import Predictor

__all__ = ["withhold"]

_RECORDED_TEXT = say(
    "The estimate was computed and recorded for evaluation, under the number of this request. "
    "It is not shown: it must change nothing."
)


def withhold(predictor: Predictor, answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an answer as it may leave: under silent evaluation without its numbers.

    Parameters
    ----------
    predictor : Predictor
        That gave it.
    answer : mapping
        Whole, or the problems of a record that could not be read, which are left as they are.

    Returns
    -------
    mapping
        `estimates` is empty under silent evaluation, and a notice says that they were recorded.
    """
    if not predictor.is_silent or not answer.get("estimates"):
        return answer
    told = answer["applicability"]
    notices = [*told["notices"], PlainNotice(RECORDED, _RECORDED_TEXT)._asdict()]
    return {**answer, "estimates": [], "applicability": {**told, "notices": notices}}
