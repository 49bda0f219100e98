"""Callers of a service on this machine: what they ask, and what came back whole."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from serving.estimate.predictor import Predictor
from training.model.example import make_example
from training.store.artifact import load_model

__all__ = ["BATCH", "Asker", "Reply", "list_store_settings", "make_patient", "running_beside"]

BATCH = 4
"""Patients of a batch."""

_TIMEOUT = 60.0
_JSON = {"Content-Type": "application/json"}
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Reply:
    """What came back whole: an answer that was cut off is none.

    Parameters
    ----------
    status : int
        Of HTTP.
    body : bytes
        All of it.
    """

    def __init__(self, status: int, body: bytes) -> None:
        self.status, self.body = status, body

    def json(self) -> Any:
        """Return what it says."""
        return json.loads(self.body)


class Asker:
    """One program that asks over one connection, one thing after another.

    Parameters
    ----------
    url : str
        Of the service, on this machine.
    """

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        self._connection = http.client.HTTPConnection(
            place.hostname or "", place.port, timeout=_TIMEOUT
        )

    def _post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        self._connection.request("POST", path, body, dict(headers))
        answer = self._connection.getresponse()
        # Fails where the connection ends before the length that was told.
        return Reply(answer.status, answer.read())

    def predict(self, patient: Mapping[str, Any]) -> Reply:
        """Ask for one patient."""
        return self.send("/predict", {"patient": dict(patient)})

    def predict_batch(self, patients: Sequence[Mapping[str, Any]]) -> Reply:
        """Ask for several patients at once."""
        return self.send("/predict_batch", {"patients": [dict(one) for one in patients]})

    def fill_in(self, path: str, fields: Mapping[str, Any]) -> Reply:
        """Send a page's form."""
        return self._post(path, urlencode({k: str(v) for k, v in fields.items()}).encode(), _FORM)

    def report(self, outcomes: Sequence[Mapping[str, Any]]) -> Reply:
        """Report what became of patients."""
        return self.send("/outcomes", {"outcomes": [dict(one) for one in outcomes]})

    def send(self, path: str, content: object, headers: Mapping[str, str] | None = None) -> Reply:
        """Send any JSON."""
        return self._post(path, json.dumps(content).encode(), {**_JSON, **(headers or {})})

    def send_bytes(self, path: str, body: bytes) -> Reply:
        """Send JSON that is written already."""
        return self._post(path, body, _JSON)

    def close(self) -> None:
        """End the connection."""
        self._connection.close()


def make_patient(model: Path) -> dict[str, Any]:
    """Return a made-up patient of the model in an artifact folder."""
    predictor = Predictor(load_model(model))
    return make_example(predictor.model, predictor.eligibility)


def list_store_settings(folder: Path, name: str = "records") -> dict[str, str]:
    """Return what tells a service to record into a store of a folder, whose key lies beside it."""
    return {
        "KETRESPONSE_RECORDS": str(folder / f"{name}.db"),
        "KETRESPONSE_RECORDS_KEY_FILE": str(folder / f"{name}.key"),
    }


@contextmanager
def running_beside(work: Callable[[int], None], count: int) -> Iterator[None]:
    """Run `work` in `count` threads beside the block, and wait for them after it.

    Parameters
    ----------
    work : callable
        Given the number of the thread, from 0. What it raises is raised after the block.
    count : int
        Threads.
    """
    failures: list[BaseException] = []

    def run(number: int) -> None:
        try:
            work(number)
        except BaseException as err:
            failures.append(err)

    threads = [threading.Thread(target=run, args=[number]) for number in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]
