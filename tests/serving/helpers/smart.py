"""A record system that opens our page: its authorization is Authlib's, its records are made up."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import flask
from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge

from tests.serving.helpers.record_systems import PATIENT_ID, bundle, make_prefetch

CLIENT, SECRET = "ketresponse-page", "a secret of the page"


@dataclass
class RecordSystem(ClientMixin):  # type: ignore[misc]  # untyped base
    """What the record system knows, and what it was asked.

    It is its own only client: the page that it opens.
    """

    url: str = ""
    redirect: str = ""
    secret: str = ""
    patient: str | None = PATIENT_ID
    capabilities: tuple[str, ...] = ("launch-ehr", "launch-standalone", "permission-v2")
    records: dict[str, Any] = field(default_factory=make_prefetch)
    asked: list[str] = field(default_factory=list)
    authorizations: list[dict[str, str]] = field(default_factory=list)
    codes: dict[str, Any] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)

    def get_client_id(self) -> str:
        return CLIENT

    def get_default_redirect_uri(self) -> str:
        return self.redirect

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, uri: str) -> bool:
        return uri == self.redirect

    def check_client_secret(self, secret: str) -> bool:
        return secret == self.secret

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == ("client_secret_basic" if self.secret else "none")

    def check_response_type(self, kind: str) -> bool:
        return kind == "code"

    def check_grant_type(self, kind: str) -> bool:
        return kind == "authorization_code"


@dataclass
class _Code(AuthorizationCodeMixin):  # type: ignore[misc]  # untyped base
    code: str
    redirect_uri: str
    scope: str
    code_challenge: str
    code_challenge_method: str

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope


def _make_grant(system: RecordSystem) -> type:
    class Grant(AuthorizationCodeGrant):  # type: ignore[misc]  # untyped base
        TOKEN_ENDPOINT_AUTH_METHODS = ("none", "client_secret_basic")

        def save_authorization_code(self, code: str, request: Any) -> None:
            told = request.payload.data
            system.codes[code] = _Code(
                code,
                request.payload.redirect_uri,
                request.payload.scope,
                told["code_challenge"],
                told["code_challenge_method"],
            )

        def query_authorization_code(self, code: str, client: object) -> object:
            return system.codes.get(code)

        def delete_authorization_code(self, code: Any) -> None:
            del system.codes[code.code]

        def authenticate_user(self, code: object) -> object:
            return "Practitioner/1"

    return Grant


def make_app(system: RecordSystem) -> flask.Flask:
    """Return the record system's application."""
    app = flask.Flask(__name__)
    server = AuthorizationServer(
        app,
        query_client=lambda name: system if name == CLIENT else None,
        save_token=lambda token, request: system.tokens.add(token["access_token"]),
    )
    server.register_grant(_make_grant(system), [CodeChallenge(required=True)])

    @app.get("/fhir/.well-known/smart-configuration")
    def configure() -> Any:
        return {
            "authorization_endpoint": f"{system.url}/authorize",
            "token_endpoint": f"{system.url}/token",
            "capabilities": system.capabilities,
            "code_challenge_methods_supported": ["S256"],
        }

    @app.get("/authorize")
    def authorize() -> Any:
        system.authorizations.append(dict(flask.request.args))
        grant = server.get_consent_grant(end_user="Practitioner/1")
        return server.create_authorization_response(grant=grant, grant_user="Practitioner/1")

    @app.post("/token")
    def give_token() -> Any:
        answer = server.create_token_response()
        if answer.status_code != 200 or system.patient is None:
            return answer
        return {**answer.get_json(), "patient": system.patient}

    @app.get("/fhir/<path:path>")
    def read(path: str) -> Any:
        _, _, token = flask.request.headers.get("Authorization", "").partition(" ")
        if token not in system.tokens:
            return {"resourceType": "OperationOutcome"}, 401
        system.asked.append(path)
        kind = path.partition("/")[0]
        if kind == "Patient":
            return system.records["patient"]
        named = {"Condition": "conditions", "Observation": "observations"}
        return system.records.get(named.get(kind, ""), bundle())

    return app


@contextmanager
def running_record_system(**options: Any) -> Iterator[RecordSystem]:
    """Serve a record system from a thread."""

    class Quiet(WSGIRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingMixIn, WSGIServer):
        daemon_threads = True  # a browser opens connections that it may never use

    system = RecordSystem(**options)
    server = make_server("127.0.0.1", 0, make_app(system), Server, Quiet)
    system.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=[0.05])
    thread.start()
    try:
        yield system
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
