"""A question's way through: may the model answer, the estimate, its record, and then the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar
from uuid import uuid4

from features.texts import say
from serving.estimate.notices import COMPARISON, PlainNotice
from serving.estimate.predictor import Predictor
from serving.estimate.silence import withhold
from serving.records.record import Asked
from serving.records.recorder import Recorder
from serving.settings import LOCAL_CALLER

__all__ = ["ask", "ask_batch", "ask_comparison"]

T = TypeVar("T")

_COMPARED = PlainNotice(
    COMPARISON, say("Asked for to be compared with another patient: nobody's estimate.")
)
_computing = ThreadPoolExecutor(1, thread_name_prefix="estimates")
"""One thread: two would only take the interpreter from each other."""


async def ask(
    predictor: Predictor,
    recorder: Recorder | None,
    patient: object,
    *,
    panel: object = None,
    caller: str = LOCAL_CALLER,
) -> Mapping[str, Any]:
    """Return the answer for one patient, once it is recorded.

    Parameters
    ----------
    predictor : Predictor
        The loaded model.
    recorder : Recorder or None
        None where nothing is recorded.
    patient, panel : object
        As :meth:`Predictor.predict` takes them.
    caller : str
        Who asks.

    Raises
    ------
    RequestError
        Listing every value that cannot be read; nothing is recorded.
    Suspended, RecordsUnavailable
        If the model may not answer now, or the record cannot be kept; there is no answer then.
    """
    if recorder is not None:
        recorder.check()
    compute = partial(predictor.predict, patient, request_id=uuid4().hex, panel=panel)
    # Without a panel it takes a millisecond: to hand it to a thread would take as long again.
    answer = compute() if panel is None else await _compute(compute)
    if recorder is not None:
        await recorder.keep([Asked(patient, panel, answer)], caller)
    return withhold(predictor, answer)


async def ask_comparison(
    predictor: Predictor,
    recorder: Recorder | None,
    patients: Sequence[object],
    *,
    panel: object = None,
    caller: str = LOCAL_CALLER,
) -> list[Mapping[str, Any]]:
    """Return the answers for patients who are compared, once they are recorded.

    No number leaves without its record; but these are nobody's estimates: each is recorded as one
    of a comparison (:data:`serving.estimate.notices.COMPARISON`), and counts neither when a model
    is watched nor in the next cohort.

    Parameters
    ----------
    predictor, recorder, panel, caller
        As for :func:`ask`.
    patients : sequence of object
        As :meth:`Predictor.predict` takes them, without a pseudonym.

    Raises
    ------
    RequestError, Suspended, RecordsUnavailable
        As for :func:`ask`.
    """
    if recorder is not None:
        recorder.check()
    answers = []
    for patient in patients:
        compute = partial(predictor.predict, patient, request_id=uuid4().hex, panel=panel)
        answer = compute() if panel is None else await _compute(compute)
        answer["applicability"]["notices"].append(_COMPARED._asdict())
        answers.append(answer)
    if recorder is not None:
        asked = [Asked(p, panel, answer) for p, answer in zip(patients, answers, strict=True)]
        await recorder.keep(asked, caller)
    return [withhold(predictor, answer) for answer in answers]


async def ask_batch(
    predictor: Predictor, recorder: Recorder | None, patients: object, *, caller: str = LOCAL_CALLER
) -> list[Mapping[str, Any]]:
    """Return an answer for each patient, once all of them are recorded.

    Parameters
    ----------
    predictor, recorder, caller
        As for :func:`ask`.
    patients : object
        As :meth:`Predictor.predict_batch` takes them.

    Raises
    ------
    RequestError, Suspended, RecordsUnavailable
        As for :func:`ask`.
    """
    if recorder is not None:
        recorder.check()
    compute = partial(predictor.predict_batch, patients, request_id=uuid4().hex)
    answers = await _compute(compute)
    if recorder is not None and isinstance(patients, list):
        asked = [
            Asked(*predictor.split(patient), answer)
            for patient, answer in zip(patients, answers, strict=True)
            if "request_id" in answer
        ]
        if asked:
            await recorder.keep(asked, caller)
    return [withhold(predictor, answer) for answer in answers]


async def _compute(compute: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(_computing, compute)
