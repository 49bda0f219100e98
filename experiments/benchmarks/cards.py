"""What a card costs a record system: a call of CDS Hooks beside `/predict` of the same service.

Run as ``python -m experiments.benchmarks.cards MODEL [--rounds 20]``, with the artifact folder of a
demonstration model. One service that records and asks for tokens is asked in turns, round by round,
so that whatever else the machine does falls on all: for an estimate, for a card with a token, for
the cards of patients whom it does not concern, and for an estimate of a FHIR Bundle. Tokens are
signed before the clock runs: that is the record system's work.
"""

from __future__ import annotations

import argparse
import copy
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import jwt
import numpy as np
import pandas as pd
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from experiments.benchmarks.traffic import Asker, Reply, list_store_settings
from serving.cds_hooks.document import make_example_call
from serving.estimate.predictor import Predictor
from serving.fhir.example import make_example_bundle
from serving.process import start_process
from training.model.example import make_example
from training.store.artifact import load_model

__all__ = ["main", "time_cards"]

_PER_ROUND = 50
_BASE = "https://estimates.example"
_PATH = "/cds-services/ketresponse-patient-view"
_ISSUER = "https://ehr.example"


@contextmanager
def _publishing(document: object) -> Iterator[str]:
    """Tell a document over HTTP; yield its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=[0.05])
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/keys"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _sign(key: ec.EllipticCurvePrivateKey) -> dict[str, str]:
    now = int(time.time())
    claims = {"iss": _ISSUER, "aud": f"{_BASE}{_PATH}", "iat": now, "exp": now + 300}
    token = jwt.encode({**claims, "jti": uuid4().hex}, key, "ES384", headers={"kid": "k"})
    return {"Authorization": f"Bearer {token}"}


def _time(ask: Callable[[int], Reply], count: int) -> list[float]:
    taken = []
    for number in range(count):
        began = time.perf_counter()
        assert ask(number).status == 200
        taken.append(1000 * (time.perf_counter() - began))
    return taken


def time_cards(model: Path, folder: Path, *, rounds: int, count: int = _PER_ROUND) -> pd.DataFrame:
    """Time what one caller asks of a service, in turns.

    Parameters
    ----------
    model : Path
        Artifact folder of a demonstration model.
    folder : Path
        For the records and their key.
    rounds : int
        Turns; the first warms up and is not counted.
    count : int
        Answers in a turn, of each kind.

    Returns
    -------
    DataFrame
        By what was asked (``/predict``, ``card``, ``no card``, ``/fhir/predict``): ``p50_ms``,
        ``p95_ms`` and ``p50_ratio`` to ``/predict``.
    """
    predictor = Predictor(load_model(model))
    patient = make_example(predictor.model, predictor.eligibility)
    call, other = make_example_call(predictor), make_example_call(predictor)
    other["prefetch"] = {**copy.deepcopy(other["prefetch"]), "conditions": None}
    bundle = make_example_bundle(predictor)
    key = ec.generate_private_key(ec.SECP384R1())
    public = {**json.loads(ECAlgorithm.to_jwk(key.public_key())), "kid": "k", "use": "sig"}
    taken: dict[str, list[float]] = {}
    with _publishing({"keys": [public]}) as place:
        environ = {
            **list_store_settings(folder),
            "KETRESPONSE_URL": _BASE,
            "KETRESPONSE_CDS_ISSUERS": f"{_ISSUER}={place}",
        }
        with (
            start_process(model, "demonstration", environ=environ) as server,
            closing(Asker(server.url)) as asker,
        ):
            for turn in range(rounds + 1):
                tokens = [_sign(key) for _ in range(2 * count)]
                asked: dict[str, Callable[[int], Reply]] = {
                    "/predict": lambda n: asker.predict(patient),
                    "card": lambda n, t=tokens: asker.send(_PATH, call, t[n]),  # type: ignore[misc]
                    "no card": lambda n, t=tokens: asker.send(_PATH, other, t[count + n]),  # type: ignore[misc]
                    "/fhir/predict": lambda n: asker.send("/fhir/predict", bundle),
                }
                for name, ask in asked.items():
                    found = _time(ask, count)
                    taken.setdefault(name, []).extend(found if turn else [])
    median = np.median(taken["/predict"])
    rows = [
        {
            "asked": name,
            "p50_ms": np.median(found),
            "p95_ms": np.quantile(found, 0.95),
            "p50_ratio": np.median(found) / median,
        }
        for name, found in taken.items()
    ]
    return pd.DataFrame(rows)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="artifact folder of a demonstration model")
    parser.add_argument("--rounds", type=int, default=20)
    asked = parser.parse_args()
    with TemporaryDirectory() as folder:
        table = time_cards(asked.model, Path(folder), rounds=asked.rounds)
    print(table.to_string(index=False, float_format="{:.2f}".format))


if __name__ == "__main__":
    main()
