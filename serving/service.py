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

from serving.estimate.predictor import Predictor
from serving.estimate.request import RequestError, parse_body
from serving.settings import ServiceSettings, check_may_serve
from serving.web.app import LocalOnly, answer, make_app, read_body
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
def _predictor() -> Predictor:
    settings = _settings()
    loaded = load_model(settings.model)
    check_may_serve(loaded.facts.status, settings.mode, settings.host)
    waivers = check_approval(settings.model, loaded.facts.status, environ=os.environ)
    return Predictor(loaded, waivers=waivers)


class _Body(bentoml.IODescriptor):  # type: ignore[misc]  # untyped base
    """A request body, read by our own parser: its first field is required."""

    @classmethod
    async def from_http_request(cls, request: Request, serde: object) -> Any:
        """Return the request; what is wrong with it is raised where it can be answered."""
        key, *optional = cls.model_fields
        content: dict[str, object]
        try:
            content = parse_body(await read_body(request), key, optional=optional)
        except RequestError as err:
            content = {key: err, **dict.fromkeys(optional)}
        return cls.model_construct(**content)


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
        self.predictor = _predictor()
        # What has been loaded stays: without it, each full collection walks all of it and
        # requests stall for a tenth of a second.
        gc.collect()
        gc.freeze()

    @bentoml.api(input_spec=PatientBody)  # type: ignore[untyped-decorator]
    def predict(self, patient: Any, panel: Any = None) -> Any:
        """Return the estimate for one patient."""
        return answer(
            lambda request_id: self.predictor.predict(
                _read(patient), request_id=request_id, panel=panel
            )
        )

    @bentoml.api(input_spec=PatientsBody)  # type: ignore[untyped-decorator]
    def predict_batch(self, patients: Any) -> Any:
        """Return an answer for each patient."""
        return answer(
            lambda request_id: self.predictor.predict_batch(_read(patients), request_id=request_id)
        )


service = bentoml.service(name="ketresponse", workers=1, traffic={"timeout": 30})(Ketresponse)
service.mount_asgi_app(
    make_app(_predictor, get_folder=lambda: _settings().model), path="/", name="web"
)
service.add_asgi_middleware(LocalOnly, get_settings=_settings)


def make_asgi() -> Any:
    """Return the whole application, its model loaded, for a server in this process.

    Raises
    ------
    KetresponseError
        If the model cannot be read or may not be served.
    """
    from bentoml._internal.context import server_context
    from bentoml._internal.log import configure_server_logging

    _predictor()
    configure_server_logging()  # type: ignore[no-untyped-call]
    server_context.service_name = service.name
    return service.to_asgi()
