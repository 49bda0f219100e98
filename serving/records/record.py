"""One recorded estimate and one reported outcome, as the store gives them back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, NamedTuple

from features.dictionary.contract import CONTRACT
from features.dictionary.variable import parse_value
from features.texts import clean
from serving.estimate.centre import SITE
from serving.estimate.notices import COMPARISON
from serving.estimate.panel import PanelSample
from serving.estimate.predictor import Predictor
from training.model.centres import NO_CENTRE

__all__ = ["PSEUDONYM", "Asked", "Outcome", "RecordedEstimate", "make_estimate", "read_pseudonym"]

PSEUDONYM = "patient_id"
"""The variable of the contract by which a patient is known."""


@dataclass(frozen=True)
class RecordedEstimate:
    """One estimate that was given, or refused because the patient is out of scope.

    Parameters
    ----------
    request_id : str
        Of the answer; the outcome is reported under it, or under the patient's pseudonym.
    at : datetime
        When, in UTC.
    caller : str
        Who asked: the name of a key or account; "local" where access is not controlled.
    pseudonym : str or None
        Of the patient: in memory as it was sent, from the store as its keyed hash (hexadecimal).
        None where none was sent.
    model, model_digest, card_sha256, status : str
        ``NAME:VERSION``, the digests of artifact and card, and what the model was then.
    submodel : {"clinical", "clinical+panel"}
        Which part of the model spoke.
    in_scope : bool
        Whether the model speaks of such a patient.
    probabilities : mapping of str to float
        By horizon, 0 to 1; empty out of scope.
    notices : tuple of str
        Codes of what was said beside the number.
    missing : tuple of str
        Predictors of the model that were not known.
    inputs : mapping or None
        ``{"patient": ..., "panel": ...}`` as sent, without the pseudonym; None where contents are
        not kept.
    answer : mapping or None
        The whole answer as it was computed, also where it was withheld.
    comparison : bool
        Whether it was asked for only to be compared, and is nobody's.
    centre : str
        Of a model of several centres, the one that was answered for; "" for a new one.
    """

    request_id: str
    at: datetime
    caller: str
    pseudonym: str | None
    model: str
    model_digest: str
    card_sha256: str | None
    status: str
    submodel: str
    in_scope: bool
    probabilities: Mapping[str, float]
    notices: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    inputs: Mapping[str, Any] | None = None
    answer: Mapping[str, Any] | None = None
    comparison: bool = False
    centre: str = ""

    @property
    def site(self) -> object:
        """Where the patient is: the centre that was answered for, else what was sent; or None."""
        sent = ((self.inputs or {}).get("patient") or {}).get(SITE)
        is_none = isinstance(sent, str) and sent.strip().casefold() == NO_CENTRE
        return self.centre or (None if is_none else sent)


@dataclass(frozen=True)
class Outcome:
    """What was reported of a patient after an estimate.

    Parameters
    ----------
    request_id : str
        Of the estimate that it belongs to.
    reported_at : datetime
        When it was reported, in UTC.
    caller : str
        Who reported it.
    values : mapping of str to float, str or None
        Variables of the contract with the role "outcome", as the dictionary reads them. A later
        report of the same variable stands in place of an earlier one, which is kept.
    """

    request_id: str
    reported_at: datetime
    caller: str
    values: Mapping[str, float | str | None]


class Asked(NamedTuple):
    """One question with its answer.

    Parameters
    ----------
    patient, panel : object
        As they were sent.
    answer : mapping
        Of :meth:`serving.estimate.predictor.Predictor.predict`.
    """

    patient: object
    panel: object
    answer: Mapping[str, Any]


def read_pseudonym(raw: object) -> str | None:
    """Return a pseudonym as the contract reads it: None where it is missing, or is none.

    "unknown" is missing here as everywhere: it would make one patient of many.
    """
    found = parse_value(CONTRACT[PSEUDONYM], raw)
    return found if isinstance(found, str) else None


def make_estimate(
    predictor: Predictor,
    patient: object,
    answer: Mapping[str, Any],
    *,
    at: datetime,
    caller: str,
    panel: object = None,
) -> RecordedEstimate:
    """Return what is recorded of an answer.

    Parameters
    ----------
    predictor : Predictor
        That gave it.
    patient, panel : object
        As they were sent.
    answer : mapping
        Of :meth:`Predictor.predict`.
    at : datetime
        Now, in UTC.
    caller : str
        Who asked.
    """
    # Names as the predictor reads them: one with a blank behind it names the patient all the same.
    given = patient.items() if isinstance(patient, Mapping) else ()
    sent = {clean(str(name)): value for name, value in given}
    pseudonym = read_pseudonym(sent.pop(PSEUDONYM, None))
    notices = answer["applicability"]["notices"]
    return RecordedEstimate(
        request_id=answer["request_id"],
        at=at,
        caller=caller,
        pseudonym=pseudonym,
        model=f"{answer['model']['name']}:{answer['model']['version']}",
        model_digest=predictor.digest,
        card_sha256=answer["model"]["card_sha256"],
        status=answer["model"]["status"],
        submodel=answer["submodel"],
        in_scope=answer["applicability"]["in_scope"],
        probabilities={e["horizon"]: e["probability"] for e in answer["estimates"]},
        notices=tuple(dict.fromkeys(n["code"] for n in notices)),
        missing=tuple(n["variable"] for n in notices if n["code"] == "missing"),
        inputs={"patient": sent, "panel": _to_plain(panel)},
        answer=answer,
        comparison=any(n["code"] == COMPARISON for n in notices),
        centre=(answer["model"]["centre"] or {}).get("name") or "",
    )


def _to_plain(panel: object) -> Mapping[str, Any] | None:
    """Return a panel as JSON takes it, whether it was sent so or read from a file."""
    if isinstance(panel, PanelSample):
        return asdict(panel)
    return panel if isinstance(panel, Mapping) else None
