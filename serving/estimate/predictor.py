"""Record in, estimate out: the whole request path, without any server.

A request is checked by the dictionary of the loaded model, assessed for scope, written as one
float array, and everything after that is a pure function of this array.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from features.arrays import FloatArray
from features.cohort.cohort import parse_record
from features.dictionary.eligibility import Admission, Eligibility
from features.errors import Problem
from features.texts import clean, say, say_count
from serving.estimate.centre import (
    CENTRE_SETTING,
    SITE,
    AskedCentre,
    CentreModels,
    describe_centre,
    list_centre_notices,
    read_centre,
)
from serving.estimate.notices import (
    PlainNotice,
    compute_usual,
    evidence_notices,
    model_notices,
    reach_notices,
    record_notices,
    scope_notices,
    unused_notice,
)
from serving.estimate.panel import PanelSample, choose_panel, find_extremes, parse_sample
from serving.estimate.published import describe_published
from serving.estimate.request import RequestError, unique
from serving.estimate.submodel import SubModel
from training.model.centres import choose_centre
from training.model.reach import Reach
from training.store.artifact import LoadedModel
from training.store.statements import stamp
from training.store.statuses import SILENT_APPROVAL

__all__ = ["MAX_BATCH", "Predictor"]

Record = Mapping[str, float | str | None]

MAX_BATCH = 100
"""Most patients in one batch request: more would hold up every other caller."""


class Predictor:
    """One loaded model, ready to answer.

    Parameters
    ----------
    loaded : LoadedModel
        The frozen model with its facts and digest.
    waivers : sequence of str
        Gates that it fails and was let pass, a sentence each: they stand on every answer.
    centre : str
        Where patients are who name no other `site`; "" or "none" for a new centre. Only a model of
        several centres asks for it.

    Raises
    ------
    InputError
        If the model knows no such centre.
    """

    def __init__(
        self, loaded: LoadedModel, *, waivers: Sequence[str] = (), centre: str = ""
    ) -> None:
        self.digest = loaded.digest
        self.model = loaded.model
        self.facts = loaded.facts
        self.dictionary = loaded.model.dictionary
        self.predictors = loaded.model.predictor_variables
        self.eligibility = Eligibility.from_dict(loaded.facts.eligibility)
        self._admission = Admission(self.eligibility, self.dictionary)
        self.eligibility_names = tuple(name for step in self.eligibility.steps for name in step)
        self.published = {
            horizon: describe_published(horizon) if self.facts.condition == "CRPS" else None
            for horizon in self.model.horizons
        }
        self.usual = compute_usual(loaded.model)
        self.reach = Reach(loaded.model, loaded.facts.rule)
        self.panel = loaded.panel
        # Without the variable a patient's centre cannot be asked for: the service's own remains.
        names = [one.name for one in self.model.centres]
        self.centres = tuple(names) if SITE in self.dictionary else ()
        self.centre = choose_centre(self.model.centres, centre, setting=CENTRE_SETTING)
        self._unused = self._make_unused()
        self._clinical = CentreModels(loaded.model, usual=self.centre)
        self._with_panel = (
            None
            if loaded.panel is None
            else CentreModels(
                loaded.panel.response, n_assays=len(loaded.panel.selected), usual=self.centre
            )
        )
        self.stamp = stamp(self.facts.status)
        self.waivers = tuple(waivers)
        # The same at every centre: a model of one that tells its patients apart does so at all.
        of_centres = bool(self.model.centres)
        self._model_notices = {
            models.new.name: [
                notice._asdict()
                for notice in model_notices(
                    models.new.model, self.facts, self.waivers, of_centres=of_centres
                )
            ]
            for models in (self._clinical, self._with_panel)
            if models
        }
        self._model = self._describe_model()
        self._comparisons = {
            horizon: {
                "outcome": self.facts.say(self.facts.outcomes[horizon]),
                "base_rate": self.facts.base_rates[horizon],
                "published_base_rate": self.published[horizon],
            }
            for horizon in self.model.horizons
        }

    @property
    def is_silent(self) -> bool:
        """Whether its estimates are withheld from those who treat the patient.

        An answer holds them all the same, for the record: see
        :func:`serving.estimate.silence.withhold`, through which every answer leaves.
        """
        return self.facts.status == SILENT_APPROVAL

    def find_clinical(self, centre: str) -> SubModel:
        """Return what answers without a panel at a centre; "" for a new one."""
        return self._clinical.at(centre)

    def predict(self, raw: object, *, request_id: str, panel: object = None) -> dict[str, Any]:
        """Return the answer for one patient.

        Parameters
        ----------
        raw : object
            What came as the patient: a mapping of contract names to values.
        request_id : str
            Stands in the answer.
        panel : object
            The patient's panel: what came for :func:`serving.estimate.panel.parse_sample`; a
            :class:`PanelSample`, or the RequestError of reading one; None where there is none.

        Returns
        -------
        dict
            The answer as documented in :mod:`serving.estimate.answer`, plain JSON values.
            `submodel` tells whether the panel was used. `estimates` is empty for a patient out of
            scope, one who cannot reach the outcome, and one of whom too little is known, with
            the reasons among the notices (:data:`serving.estimate.notices.NO_ESTIMATE`).

        Raises
        ------
        RequestError
            Listing every value that cannot be read or must not be known yet.
        """
        patient = _as_mapping(raw)
        record, sample = self._read(patient, panel)
        reasons, unknown = self._admission.assess(record)
        notices: list[PlainNotice] = []
        estimates: list[dict[str, Any]] = []
        centre = read_centre(self.model.centres, record, self.centre)
        spoke = self._clinical.at(centre.name)
        if reasons:
            notices += [
                PlainNotice("out_of_scope", say("{reason}.", reason=reason), name)
                for name, reason in reasons
            ]
        elif not_for := reach_notices(record, self.predictors, self.reach):
            notices += not_for
        else:
            x = self.dictionary.encode([record], self.model.predictors)[0]
            spoke, x, found = self._choose(x, sample, centre)
            estimates = [self._complete(estimate) for estimate in spoke.estimate(x)]
            notices += list_centre_notices(self.model, spoke, centre)
            notices += found
            notices += self._describe(patient, record)
        notices += scope_notices(unknown, self.eligibility, self.dictionary)
        return {
            "request_id": request_id,
            "model": {**self._model, "centre": describe_centre(self.model, spoke, centre)},
            "submodel": spoke.name,
            "estimates": estimates,
            "applicability": {
                "in_scope": not reasons,
                "notices": [*self._model_notices[spoke.name], *(n._asdict() for n in notices)],
            },
        }

    def _describe(self, patient: Mapping[str, object], record: Record) -> list[PlainNotice]:
        """Return what has to be known of the values that an estimate was made from."""
        notices = record_notices(
            record,
            self.predictors,
            self.facts.training_ranges,
            usual=self.usual,
            fills=self.model.gaps is not None,
        )
        notices += [
            self._unused[name]
            for name in patient
            if name in self._unused and record.get(name) is not None
        ]
        if self.reach.is_met_already(record):
            text = say(
                "{label} meets the outcome already: such a patient counts as a responder if "
                "nothing changes.",
                label=self.dictionary["nrs_t0"].label,
            )
            notices.append(PlainNotice("met_already", text, "nrs_t0"))
        if self.facts.condition == "CRPS":
            notices += evidence_notices(record, self.dictionary)
        return notices

    def predict_batch(self, raws: object, *, request_id: str) -> list[dict[str, Any]]:
        """Return one answer for each patient; one bad record does not spoil the others.

        Parameters
        ----------
        raws : object
            A list of at most :data:`MAX_BATCH` patients, each as for :meth:`predict`, or
            ``{"patient": ..., "panel": ...}``.
        request_id : str
            Each answer gets it with a point and the patient's place, from 1.

        Returns
        -------
        list of dict
            In the order asked: answers, or for a record that cannot be read what
            :meth:`RequestError.body` says.

        Raises
        ------
        RequestError
            If it is no list, or too long a one.
        """
        if not isinstance(raws, list) or len(raws) > MAX_BATCH:
            got = say("something else")
            if isinstance(raws, list):
                got = say_count("{count} patient", "{count} patients", len(raws))
            expected = say("a list of at most {most} patients", most=MAX_BATCH)
            raise RequestError(say("the request"), [Problem("patients", expected, got)])
        answers = []
        for place, raw in enumerate(raws, start=1):
            try:
                patient, panel = self.split(raw)
                answers.append(
                    self.predict(patient, request_id=f"{request_id}.{place}", panel=panel)
                )
            except RequestError as err:
                answers.append(err.body())
        return answers

    def _complete(self, estimate: Mapping[str, Any]) -> dict[str, Any]:
        """Return a sub-model's estimate with what it means and what it can be compared with."""
        told = self._comparisons[estimate["horizon"]]
        return {
            "horizon": estimate["horizon"],
            "outcome": told["outcome"],
            "probability": estimate["probability"],
            "interval": estimate["interval"],
            "base_rate": told["base_rate"],
            "published_base_rate": told["published_base_rate"],
            "explanation": estimate["explanation"],
        }

    def split(self, raw: object) -> tuple[object, object]:
        """Return the patient and the panel of an entry of a batch.

        Raises
        ------
        RequestError
            If it holds more than these two.
        """
        if not isinstance(raw, Mapping) or "patient" not in raw or "patient" in self.dictionary:
            return raw, None
        others = [name for name in raw if name not in ("patient", "panel")]
        if others:
            expected, got = say('only the names "patient" and "panel"'), say("another")
            raise RequestError(say("the record"), [Problem(n[:40], expected, got) for n in others])
        return raw["patient"], raw.get("panel")

    def _choose(
        self, x: FloatArray, sample: PanelSample | None, centre: AskedCentre
    ) -> tuple[SubModel, FloatArray, list[PlainNotice]]:
        """Return the sub-model that answers, what it takes, and the notices on the panel."""
        clinical = self._clinical.at(centre.name)
        if sample is None:
            return clinical, x, []
        row, notices = choose_panel(self.panel, sample)
        if row is None or self.panel is None or self._with_panel is None:
            return clinical, x, notices
        both = self.panel.encode(x[np.newaxis], row[np.newaxis])[0]
        spoke = self._with_panel.at(centre.name)
        return spoke, both, notices + find_extremes(self.panel, both)

    def _read(self, raw: Mapping[str, object], panel: object) -> tuple[Record, PanelSample | None]:
        """Return the parsed record and panel, or list every problem in them."""
        record, problems = self._read_record(raw)
        sample = None
        try:
            sample = self._read_panel(panel)
        except RequestError as err:
            if not problems:
                raise
            problems += err.problems
        if problems:
            raise RequestError(say("the record"), problems)
        return record, sample

    def _read_panel(self, panel: object) -> PanelSample | None:
        if isinstance(panel, RequestError):
            raise panel
        if panel is None or isinstance(panel, PanelSample):
            return panel
        return parse_sample(panel, known=() if self.panel is None else self.panel.assays)

    def _read_record(self, raw: Mapping[str, object]) -> tuple[Record, list[Problem]]:
        """Return the parsed record and every problem in it."""
        # A table's reader takes NaN for an empty cell. In a request it is a number that went
        # wrong on its way.
        broken = [
            name
            for name, value in raw.items()
            if isinstance(value, float) and not math.isfinite(value) and name in self.dictionary
        ]
        readable = {name: value for name, value in raw.items() if name not in broken}
        record, problems = parse_record(readable, self.dictionary)
        problems += [
            self.dictionary[name].problem(str(raw[name]), action=say("leave a missing value out"))
            for name in broken
        ]
        problems += [
            Problem(
                name,
                say("only what is known before treatment"),
                say("a value known later"),
                action=say("leave it out: no estimate may use it"),
            )
            for name, value in record.items()
            if value is not None and self.dictionary[name].known_at not in ("always", "baseline")
        ]
        return record, problems

    def _describe_model(self) -> dict[str, Any]:
        """Return what every answer says of the model."""
        facts = self.facts
        return {
            "name": facts.name,
            "version": facts.version,
            "status": facts.status,
            "card_sha256": facts.card_sha256,
            "population": facts.say(facts.population),
            "treatment": facts.say(facts.treatment),
        }

    def _make_unused(self) -> dict[str, PlainNotice]:
        """Return what is said of each variable on which neither estimate nor scope rests."""
        used = {*self.model.predictors, *self.eligibility_names}
        used |= {SITE} if self.centres else set()
        for variable in self.predictors:
            used.add(variable.parent)
            if any(system == "ATC" for system, _ in variable.codes):
                used.add("medication_atc")
        return {
            variable.name: unused_notice(variable)
            for variable in self.dictionary
            if variable.name not in used
            and "identifier" not in variable.roles
            and variable.parent not in self.model.predictors
        }


def _as_mapping(raw: object) -> Mapping[str, object]:
    if isinstance(raw, Mapping):
        # As a heading of a file: a name that was pasted may hold what nobody sees.
        return unique([(clean(str(name)), value) for name, value in raw.items()])
    expected = say("an object of variable names and values")
    raise RequestError(say("the record"), [Problem("patient", expected, say("something else"))])
