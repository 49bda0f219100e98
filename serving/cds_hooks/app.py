"""The addresses of CDS Hooks: which services there are, a card, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from features.errors import Problem
from features.texts import say
from serving.cds_hooks.call import parse_call
from serving.cds_hooks.cards import make_cds_card, make_unread_card
from serving.cds_hooks.document import describe_cds_addresses
from serving.cds_hooks.feedback import take_feedback
from serving.cds_hooks.gathering import gather_record
from serving.cds_hooks.orders import find_ordered_drug
from serving.cds_hooks.services import (
    CDS_SERVICES,
    SERVICES,
    CdsService,
    describe_services,
    make_prefetch,
)
from serving.cds_hooks.settings import CdsSettings
from serving.estimate.predictor import Predictor
from serving.estimate.request import RequestError
from serving.fhir.reading import list_issues, read_bundle
from serving.fhir.servers import FhirServers
from serving.language.language import Language, find_language
from serving.records.asking import ask
from serving.records.recorder import Recorder
from serving.web.answers import JsonAnswer, answer, find_caller
from serving.web.openapi import Addresses
from serving.web.posted import read_body

__all__ = ["CdsDesk", "make_cds_addresses"]

_NO_SERVICE = {
    "error": say("there is no such service: GET /cds-services lists them"),
    "problems": [],
}
_OTHER_PATIENT = Problem(
    "prefetch.patient", say("the Patient of context.patientId"), say("another")
)
_LONG, _MANY = 100_000, 200
"""Bytes and resources that a thread reads: fewer are read before a thread has begun."""
_NO_RECORDS = {
    "error": say("nothing is recorded here: there is no card to report on"),
    "problems": [],
}


@dataclass(frozen=True)
class CdsDesk:
    """What calls are answered with.

    Parameters
    ----------
    predictor : Predictor
        The loaded model.
    recorder : Recorder or None
        Records the answers; None where nothing is recorded.
    servers : FhirServers
        Which may be asked for what was not sent.
    launches : bool
        Whether the page can be opened from the record system, with the patient's fields filled in.
    first : str
        The horizon that the clinic cares about; empty for the model's first.
    """

    predictor: Predictor
    recorder: Recorder | None
    servers: FhirServers
    launches: bool = False
    first: str = ""

    async def give_cards(
        self, service: CdsService, body: bytes, *, base: str, language: Language, caller: str
    ) -> Mapping[str, Any]:
        """Return the cards of a call; none where the patient is not concerned.

        Parameters
        ----------
        service : CdsService
            That is called.
        body : bytes
            As it was sent.
        base : str
            Address of this service, for links.
        language : Language
            Of the card.
        caller : str
            Who asks.

        Raises
        ------
        RequestError
            If the call cannot be read; :class:`DataNotHad` if what it needs cannot be had.
        Suspended, RecordsUnavailable
            If the model may not answer now, or the record cannot be kept.
        """
        predictor = self.predictor
        parse = partial(parse_call, service, body)
        call = parse() if len(body) < _LONG else await run_in_threadpool(parse)
        drug = find_ordered_drug(call.orders, call.medications)
        if service.orders and drug is None:
            return {"cards": []}
        resources = await gather_record(call, make_prefetch(predictor), self.servers)
        read = partial(read_bundle, resources, predictor, now=datetime.now(UTC))
        found = read() if len(resources) < _MANY else await run_in_threadpool(read)
        if found.subject.id != call.patient_id:
            raise RequestError("the call", [_OTHER_PATIENT])
        if not found.conditions:
            return {"cards": []}
        links = self._make_links(base, language)
        patient = {**found.patient, **({"drug": drug} if drug else {})}
        try:
            answer = await ask(predictor, self.recorder, patient, panel=found.panel, caller=caller)
        except RequestError as err:
            issues = [*list_issues(err, found.paths), *found.problems]
            return {"cards": [make_unread_card(predictor, issues, language, links=links)]}
        card = make_cds_card(
            predictor,
            answer,
            language,
            patient=patient,
            links=links,
            issues=found.problems,
            first=self.first,
        )
        return {"cards": [card]}

    def _make_links(self, base: str, language: Language) -> list[dict[str, str]]:
        stay = "" if language.code == "en" else f"?lang={language.code}"
        page = (
            {
                "label": say("Open the page with these values"),
                "url": f"{base}/launch",
                "type": "smart",
            }
            if self.launches
            else {"label": say("Open the page"), "url": f"{base}/clinic{stay}", "type": "absolute"}
        )
        card = {"label": say("The model's card"), "url": f"{base}/card", "type": "absolute"}
        return [language.tell(page), language.tell(card)]


def make_cds_addresses(
    get_desk: Callable[[], CdsDesk], get_settings: Callable[[], CdsSettings]
) -> Addresses:
    """Return the addresses of CDS Hooks.

    Parameters
    ----------
    get_desk : callable
        Returns what calls are answered with; asked for at each request.
    get_settings : callable
        Returns the settings.
    """

    def speak(request: Request) -> Language:
        return find_language(request.scope).with_texts(get_desk().predictor.facts.texts)

    async def list_services(request: Request) -> Response:
        language = speak(request)
        told = describe_services(get_desk().predictor, language)
        return JsonAnswer(told, language=language)

    async def call_service(request: Request) -> Response:
        service = SERVICES.get(request.path_params["service"])
        if service is None:
            return JsonAnswer(_NO_SERVICE, 404, language=speak(request))
        language = speak(request)
        asking = get_desk().give_cards(
            service,
            await read_body(request),
            base=get_settings().find_base(request.scope),
            language=language,
            caller=find_caller(request.scope),
        )
        return await answer(asking, language)

    async def take_report(request: Request) -> Response:
        service, recorder = SERVICES.get(request.path_params["service"]), get_desk().recorder
        if service is None or recorder is None:
            why = _NO_SERVICE if service is None else _NO_RECORDS
            return JsonAnswer(why, 404, language=speak(request))
        take = partial(
            take_feedback,
            recorder.store,
            service,
            await read_body(request),
            caller=find_caller(request.scope),
            at=datetime.now(UTC),
        )
        return await answer(run_in_threadpool(take), speak(request))

    one = f"{CDS_SERVICES}/{{service}}"
    routes = [
        Route(CDS_SERVICES, list_services),
        Route(one, call_service, methods=["POST"]),
        Route(f"{one}/feedback", take_report, methods=["POST"]),
    ]
    return Addresses(routes, describe_cds_addresses)
