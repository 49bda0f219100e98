"""The HTTP service: a thin BentoML class around :class:`serving.estimate.predictor.Predictor`.

BentoML brings health checks, metrics and packaging. Reading a request and answering a bad one is
done here: BentoML's own validation would log what it refuses, with the patient's values.
"""

from __future__ import annotations

import gc
import os
from contextlib import suppress
from functools import cache
from typing import Any

import bentoml
from bentoml.exceptions import NotFound
from starlette.requests import Request

from serving.access.cross_origin import CrossOrigin
from serving.access.guard import Guard
from serving.access.keys import KeyFile
from serving.access.login import LOGOUT
from serving.access.paths import NamedPaths, OwnPath
from serving.access.refusal import LOGIN
from serving.access.sessions import Sessions
from serving.access.settings import AccessSettings, check_access
from serving.cds_hooks.app import CdsDesk, make_cds_addresses
from serving.cds_hooks.settings import CdsSettings, check_may_be_open
from serving.estimate.predictor import Predictor
from serving.estimate.request import RequestError, parse_body
from serving.fhir.app import make_fhir_addresses
from serving.fhir.servers import FhirServers
from serving.language.language import LANGUAGES, Language, find_language
from serving.records.asking import ask, ask_batch
from serving.records.recorder import Recorder, make_recorder
from serving.records.settings import RecordSettings
from serving.records.tokens import SeenTokens
from serving.settings import LOCAL_CALLER, ServiceSettings, check_may_record, check_may_serve
from serving.smart.app import make_launch_addresses
from serving.smart.arrivals import Arrivals
from serving.smart.launches import Launches
from serving.smart.settings import SmartSettings
from serving.status_watch import StatusGate, StatusWatch
from serving.web.answers import answer, find_caller
from serving.web.app import LocalOnly, make_app
from serving.web.posted import read_body
from training.review.seal import check_approval
from training.store.artifact import load_model

__all__ = ["make_asgi", "service"]

RELEASED = "released"
"""Name under which a released bento knows its own model; see :mod:`serving.release`."""


@cache
def _settings() -> ServiceSettings:
    environ = dict(os.environ)
    if "KETRESPONSE_MODEL" not in environ:
        with suppress(NotFound):  # told by the settings, which then lack a model
            # A released bento brings its own model, under this name.
            environ["KETRESPONSE_MODEL"] = bentoml.models.get(RELEASED).path
    return ServiceSettings.from_environ(environ)


@cache
def _access() -> AccessSettings:
    access = AccessSettings.from_environ(os.environ)
    check_access(_settings().mode, access)
    return access


@cache
def _cds() -> CdsSettings:
    settings = CdsSettings.from_environ(os.environ)
    check_may_be_open(_settings().mode, settings)
    return settings


@cache
def _servers() -> FhirServers:
    return FhirServers.from_environ(os.environ)


@cache
def _launches() -> Launches | None:
    settings = SmartSettings.from_environ(os.environ)
    return Launches(settings) if settings else None


@cache
def _sessions() -> Sessions:
    key_file = _access().key_file
    return Sessions(KeyFile(key_file) if key_file else None)


@cache
def _predictor() -> Predictor:
    settings = _settings()
    _access(), _cds(), _servers(), _launches()
    loaded = load_model(settings.model)
    check_may_serve(loaded.facts.status, settings.mode, settings.host)
    waivers = check_approval(settings.model, loaded.facts.status, environ=os.environ)
    return Predictor(loaded, waivers=waivers, centre=settings.centre)


@cache
def _watch() -> StatusWatch | None:
    settings = _settings()
    if settings.mode != "approved":
        return None
    return StatusWatch(settings.model, environ=os.environ).start()


@cache
def _recorder() -> Recorder | None:
    settings = RecordSettings.from_environ(os.environ)
    check_may_record(settings is not None, _settings().mode)
    return make_recorder(_predictor(), settings)


@cache
def _seen() -> SeenTokens:
    recorder = _recorder()
    return SeenTokens(recorder.store.database if recorder else None)


def _desk() -> CdsDesk:
    return CdsDesk(
        _predictor(),
        _recorder(),
        _servers(),
        launches=_launches() is not None,
        first=_settings().first_horizon,
    )


class _Body(bentoml.IODescriptor):  # type: ignore[misc]  # untyped base
    """A request body, read by our own parser: its first field is required.

    `caller` and `language` are no fields of the body: they are who sent it, and the code of the
    language in which it is answered.
    """

    caller: str = LOCAL_CALLER
    language: str = "en"

    @classmethod
    async def from_http_request(cls, request: Request, serde: object) -> Any:
        """Return the request; what is wrong with it is raised where it can be answered."""
        key, *optional = (name for name in cls.model_fields if name not in _Body.model_fields)
        content: dict[str, object]
        try:
            content = parse_body(await read_body(request), key, optional=optional)
        except RequestError as err:
            content = {key: err, **dict.fromkeys(optional)}
        caller, language = find_caller(request.scope), find_language(request.scope).code
        return cls.model_construct(**content, caller=caller, language=language)


class PatientBody(_Body):
    """The body of /predict."""

    patient: Any
    panel: Any = None


class PatientsBody(_Body):
    """The body of /predict_batch."""

    patients: Any


def _read(content: object) -> object:
    if isinstance(content, RequestError):
        raise content
    return content


class Ketresponse:
    """Estimates of response before admission, each with its interval and its reasons."""

    def __init__(self) -> None:
        self.predictor, self.recorder = _predictor(), _recorder()
        # What has been loaded stays: without it, each full collection walks all of it and
        # requests stall for a tenth of a second.
        gc.collect()
        gc.freeze()

    @bentoml.api(input_spec=PatientBody)  # type: ignore[untyped-decorator]
    async def predict(
        self, patient: Any, panel: Any = None, caller: str = LOCAL_CALLER, language: str = "en"
    ) -> Any:
        """Return the estimate for one patient."""
        return await answer(self._ask(patient, panel, caller), self._speak(language))

    @bentoml.api(input_spec=PatientsBody)  # type: ignore[untyped-decorator]
    async def predict_batch(
        self, patients: Any, caller: str = LOCAL_CALLER, language: str = "en"
    ) -> Any:
        """Return an answer for each patient."""
        return await answer(self._ask_batch(patients, caller), self._speak(language))

    def _speak(self, code: str) -> Language:
        return LANGUAGES[code].with_texts(self.predictor.facts.texts)

    async def _ask(self, patient: object, panel: object, caller: str) -> object:
        return await ask(self.predictor, self.recorder, _read(patient), panel=panel, caller=caller)

    async def _ask_batch(self, patients: object, caller: str) -> object:
        return await ask_batch(self.predictor, self.recorder, _read(patients), caller=caller)


class _Service(bentoml.Service):  # type: ignore[misc]  # untyped base
    """BentoML counts and logs by address, and its own middleware is the outermost but for this."""

    def to_asgi(self, is_main: bool = True) -> Any:
        """Return the application, whose counters and logs see no address as it was written."""
        app = super().to_asgi(is_main)
        app.add_middleware(NamedPaths, routes=app.routes, more=(LOGIN, LOGOUT))
        return app


service = bentoml.service(
    name="ketresponse", workers=1, traffic={"timeout": 30}, service_class=_Service
)(Ketresponse)
service.mount_asgi_app(
    make_app(
        _predictor,
        get_folder=lambda: _settings().model,
        get_recorder=_recorder,
        more=[
            make_fhir_addresses(_predictor, _recorder),
            make_cds_addresses(_desk, _cds),
            make_launch_addresses(
                _launches,
                _predictor,
                _recorder,
                arrivals=Arrivals(),
                get_sessions=_sessions,
                get_first=lambda: _settings().first_horizon,
            ),
        ],
        get_first=lambda: _settings().first_horizon,
    ),
    path="/",
    name="web",
)
# In this order, from outside.
service.add_asgi_middleware(OwnPath)
service.add_asgi_middleware(LocalOnly, get_settings=_settings)
service.add_asgi_middleware(CrossOrigin, get_settings=_cds)
service.add_asgi_middleware(
    Guard,
    get_access=_access,
    get_host=lambda: _settings().host,
    get_cds=_cds,
    get_seen=_seen,
    get_sessions=_sessions,
)
service.add_asgi_middleware(StatusGate, get_watch=_watch)


def make_asgi() -> Any:
    """Return the whole application, its model loaded, for a server in this process.

    Raises
    ------
    KetresponseError
        If the model cannot be read or may not be served.
    """
    from bentoml._internal.context import server_context
    from bentoml._internal.log import configure_server_logging

    _recorder()
    configure_server_logging()  # type: ignore[no-untyped-call]
    server_context.service_name = service.name
    return service.to_asgi()
