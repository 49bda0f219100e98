"""Identity providers in this process: one that signs whatever it is told, and a real one."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

AUDIENCE = "ketresponse"


class Issuer:
    """Signs tokens, and tells its public keys over HTTP.

    Parameters
    ----------
    url : str
        Where it is asked.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[str] = []
        self.is_up = True
        self.document: dict[str, Any] = {
            "issuer": url,
            "jwks_uri": f"{url}/keys",
            "authorization_endpoint": f"{url}/authorize",
            "token_endpoint": f"{url}/token",
        }
        self.codes: dict[str, tuple[str, dict[str, Any]]] = {}
        self.private: dict[str, Any] = {}
        self.add("rsa", "RS256")
        self.add("ec", "ES256")
        self.add("ec384", "ES384")

    def add(self, kid: str, algorithm: str) -> None:
        """Begin to sign with one more key."""
        curves = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1()}
        self.private[kid] = (
            ec.generate_private_key(curves[algorithm])
            if algorithm in curves
            else rsa.generate_private_key(65537, 2048)
        )

    def allow(self, challenge: str, **claims: Any) -> str:
        """Return a code with which whoever knows the challenge's word gets a token."""
        code = f"code-{len(self.codes)}"
        self.codes[code] = (challenge, claims)
        return code

    def redeem(self, given: dict[str, str]) -> dict[str, str] | None:
        """Return the token of a code, once; None where PKCE does not hold."""
        challenge, claims = self.codes.pop(given["code"], ("", {}))
        digest = hashlib.sha256(given["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != challenge:
            return None
        return {"id_token": self.sign(**{"aud": given["client_id"], **claims})}

    def keys(self) -> dict[str, Any]:
        """Return what anybody may know of the keys."""
        told = []
        for kid, key in self.private.items():
            kind = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
            told.append({**json.loads(kind.to_jwk(key.public_key())), "kid": kid, "use": "sig"})
        return {"keys": told}

    def sign(self, kid: str = "rsa", algorithm: str = "RS256", **changes: Any) -> str:
        """Return a token; a claim that is None is left out."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "anna",
            "iat": now,
            "exp": now + 300,
            "scope": "openid ketresponse:estimate",
            **changes,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        headers = {"kid": kid} if kid else {}
        return jwt.encode(claims, self.private[kid], algorithm, headers=headers)


@contextmanager
def running_issuer() -> Iterator[Issuer]:
    """Serve an issuer from a thread."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked.append(self.path)
            known = {
                "/.well-known/openid-configuration": lambda: issuer.document,
                "/keys": issuer.keys,
            }
            found = self.path in known and issuer.is_up
            self.send_response(200 if found else 503)
            self.end_headers()
            self.wfile.write(json.dumps(known[self.path]() if found else {}).encode())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            told = issuer.redeem(dict(parse_qsl(body))) if self.path == "/token" else None
            self.send_response(200 if told else 400)
            self.end_headers()
            self.wfile.write(json.dumps(told).encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer = Issuer(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=[0.05])
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def running_provider(subject: str, claims: dict[str, object]) -> Iterator[str]:
    """Serve a provider that others wrote, which knows one person; yield its address."""
    # Its library is on its way to other names, says so at every step, and sets filters of its own.
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        from oidc_provider_mock import User, run_server_in_thread

        with run_server_in_thread(user_claims=[User(sub=subject, claims=claims)]) as server:
            yield f"http://localhost:{server.server_port}"
