"""The HTTP service: a thin BentoML class around :class:`serving.estimate.predictor.Predictor`.

BentoML brings health checks, metrics and packaging. What answers is mounted: BentoML's own way of
reading a request would log what it refuses, with the patient's values, and takes longer than an
estimate.
"""

from __future__ import annotations

import gc
import os
from contextlib import suppress
from functools import cache
from typing import Any

import bentoml
from bentoml.exceptions import NotFound
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from serving.access.cross_origin import CrossOrigin
from serving.access.guard import Guard
from serving.access.keys import KeyFile
from serving.access.login import LOGOUT
from serving.access.paths import NamedPaths
from serving.access.refusal import LOGIN
from serving.access.sessions import Sessions
from serving.access.settings import AccessSettings, check_access
from serving.cds_hooks.app import CdsDesk, make_cds_addresses
from serving.cds_hooks.settings import CdsSettings, check_may_be_open
from serving.estimate.predictor import Predictor
from serving.fhir.app import make_fhir_addresses
from serving.fhir.servers import FhirServers
from serving.ledger import Ledger
from serving.records.recorder import Recorder, make_recorder
from serving.records.settings import RecordSettings
from serving.records.tokens import SeenTokens
from serving.settings import ServiceSettings, check_may_record, check_may_serve
from serving.smart.app import make_launch_addresses
from serving.smart.arrivals import Arrivals
from serving.smart.launches import Launches
from serving.smart.settings import SmartSettings
from serving.status_watch import StatusGate, StatusWatch
from serving.web.app import LocalOnly, make_app
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


class Ketresponse:
    """Estimates of response before admission, each with its interval and its reasons."""

    def __init__(self) -> None:
        self.predictor, self.recorder = _predictor(), _recorder()
        # What has been loaded stays: without it, each full collection walks all of it and
        # requests stall for a tenth of a second.
        gc.collect()
        gc.freeze()


def _list_layers(routes: list[BaseRoute], seconds: float) -> list[Middleware]:
    """Return what a request goes through before it is answered, from outside."""
    return [
        Middleware(NamedPaths, routes=routes, more=(LOGIN, LOGOUT)),
        Middleware(Ledger, seconds=seconds),
        Middleware(LocalOnly, get_settings=_settings),
        Middleware(CrossOrigin, get_settings=_cds),
        Middleware(
            Guard,
            get_access=_access,
            get_host=lambda: _settings().host,
            get_cds=_cds,
            get_seen=_seen,
            get_sessions=_sessions,
        ),
        Middleware(StatusGate, get_watch=_watch),
    ]


class _Service(bentoml.Service):  # type: ignore[misc]  # untyped base
    """BentoML's service without BentoML's layers: see :mod:`serving.ledger`."""

    def to_asgi(self, is_main: bool = True) -> Any:
        """Return the application."""
        app = super().to_asgi(is_main)
        app.user_middleware[:] = _list_layers(app.routes, self.config["traffic"]["timeout"])
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
