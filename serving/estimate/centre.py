"""At which centre a patient is answered, where the model was learnt from several.

Such a model has a number to start from for each centre that took part, and one for every other. A
service knows its own centre by a setting; a request may name another in its field `site`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from features.texts import say, say_list
from serving.estimate.notices import PlainNotice
from serving.estimate.submodel import SubModel
from training.model.centres import NO_CENTRE, Centre, check_centre, match_centre
from training.model.response_model import ResponseModel

__all__ = [
    "CENTRE_NOTICES",
    "CENTRE_SETTING",
    "OTHER_CENTRE",
    "SITE",
    "AskedCentre",
    "CentreModels",
    "describe_centre",
    "list_centre_notices",
    "read_centre",
]

SITE = "site"
"""The variable of the contract that names a centre."""
CENTRE_SETTING = "--centre (KETRESPONSE_CENTRE)"
"""What names the service's own centre, for messages."""
OTHER_CENTRE = say("another centre")
"""What stands for it where a reader chooses."""
_NEW, _NEW_IN_PART = CENTRE_NOTICES = "new_centre", "new_centre_outcome"
"""Codes: no patient of this centre taught the model, or none did of one outcome."""


class AskedCentre(NamedTuple):
    """The centre of a patient.

    Parameters
    ----------
    name : str
        As the model writes it; "" for one that took no part.
    is_named : bool
        Whether the request or the setting names one.
    """

    name: str
    is_named: bool


class CentreModels:
    """A model, ready to answer at each of its centres and at any other.

    What answers at a centre is made when it is first asked there: of the many centres of a model a
    service sees its own, and what is a centre's own in it was checked when the model was loaded.

    Parameters
    ----------
    model : ResponseModel
        Of several centres, or of one cohort.
    n_assays : int
        The last so many predictors are assays of a panel.
    usual : str
        The centre that is answered for unless a request names another; "" for a new one.

    Raises
    ------
    RuntimeError
        If at a new centre, or at the usual one, the model's parts do not give the number that is
        served, or the reasons do not add up to it. Any other centre's reasons are asked for the
        same with every answer.
    """

    def __init__(self, model: ResponseModel, *, n_assays: int = 0, usual: str = "") -> None:
        self.new = SubModel.of(model, n_assays=n_assays)
        self._names = frozenset(centre.name for centre in model.centres)
        self._known: dict[str, SubModel] = {}
        for one in {"": self.new, usual: self.at(usual)}.values():
            one.check()
            one.estimate(np.asarray(model.background[0]))

    def at(self, name: str) -> SubModel:
        """Return what answers at a centre; where it took no part, what answers at a new one."""
        if name not in self._names:
            return self.new
        if name not in self._known:
            self._known[name] = self.new.at(name)
        return self._known[name]


def read_centre(centres: Sequence[Centre], record: Mapping[str, object], usual: str) -> AskedCentre:
    """Return the centre of a patient: the one that the record names, else the usual one.

    Parameters
    ----------
    centres : sequence of Centre
        Of the model.
    record : mapping
        Parsed values of the patient.
    usual : str
        The service's own, from :func:`training.model.centres.choose_centre`.
    """
    asked = record.get(SITE)
    if not isinstance(asked, str) or not asked:
        return AskedCentre(usual, bool(usual))
    if asked.casefold() == NO_CENTRE:
        return AskedCentre("", False)
    return AskedCentre(match_centre(centres, asked), True)


def _list_open(model: ResponseModel, spoke: SubModel) -> list[str]:
    """Return the outcomes of which the centre that is answered for told nothing, in words."""
    if not spoke.centre:
        return []
    own = check_centre(model.centres, spoke.centre)
    asked = [(own.first, say("the first outcome"))]
    if model.kept is not None:
        asked.append((own.kept, say("the second outcome")))
    return [words for outcome, words in asked if outcome is None]


def describe_centre(
    model: ResponseModel, spoke: SubModel, asked: AskedCentre
) -> dict[str, Any] | None:
    """Return what an answer tells of its centre; None for a model of one cohort.

    Parameters
    ----------
    model : ResponseModel
        Of which `spoke` is one centre's.
    spoke : SubModel
        What answered.
    asked : AskedCentre
        The patient's centre.

    Returns
    -------
    dict
        `name`, None for a new centre; `known`, whether the model has a number of its own for it;
        `text`, what that means.
    """
    if not model.centres:
        return None
    notices = list_centre_notices(model, spoke, asked)
    if not spoke.centre:
        return {"name": None, "known": False, "text": notices[0].text}
    text = say(
        "Answered for {centre}, one of the {count} centres that the model was learnt from: the "
        "number that the estimate starts from is this centre's own.",
        centre=spoke.centre,
        count=len(model.centres),
    )
    return {
        "name": spoke.centre,
        "known": True,
        "text": say_list([text, *(notice.text for notice in notices)], " "),
    }


def list_centre_notices(
    model: ResponseModel, spoke: SubModel, asked: AskedCentre
) -> list[PlainNotice]:
    """Return what has to be known of an estimate at a centre that did not teach the model.

    The parameters are those of :func:`describe_centre`.
    """
    if not model.centres:
        return []
    count = len(model.centres)
    if spoke.centre:
        return [
            PlainNotice(
                _NEW_IN_PART,
                say(
                    "At {centre} the model could learn nothing of {outcome}: it is answered as for "
                    "a new centre, and its interval also holds what centres differ by.",
                    outcome=outcome,
                    centre=spoke.centre,
                ),
                SITE,
            )
            for outcome in _list_open(model, spoke)
        ]
    if asked.name:
        text = say(
            "The sub-model for patients with a panel has nothing of its own for {centre}: it "
            "answers as for a new centre.",
            centre=asked.name,
        )
    elif asked.is_named:
        text = say(
            "A new centre: no patient of the centre that is named was among those whom the model "
            "was learnt from ({count} centres), so the interval also holds what centres differ by.",
            count=count,
        )
    else:
        text = say(
            "Answered for a new centre, as none is named: the interval also holds what centres "
            "differ by. The model was learnt from {count} centres.",
            count=count,
        )
    return [PlainNotice(_NEW, text, SITE)]
