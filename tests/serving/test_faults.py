"""What a running service does when something around it fails, and that it comes back."""

from __future__ import annotations

import resource
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from serving.process import start_process
from serving.records.settings import RecordSettings
from serving.records.store import open_store
from tests.serving.helpers.models import PATIENT

pytestmark = pytest.mark.service


class Served:
    """A service that records, and its store."""

    def __init__(self, url: str, pid: int, settings: RecordSettings) -> None:
        self.http = httpx.Client(base_url=url, timeout=30, trust_env=False)
        self.pid, self.settings = pid, settings
        assert settings.file is not None
        self.file = settings.file

    def ask(self) -> httpx.Response:
        return self.http.post("/predict", json={"patient": PATIENT})

    def count(self) -> int:
        with closing(open_store(self.settings)) as store:
            return int(store.count()["estimates"])


def _environ(home: Path) -> dict[str, str]:
    return {
        "KETRESPONSE_RECORDS": str(home / "records.db"),
        "KETRESPONSE_RECORDS_KEY_FILE": str(home / "keys" / "records.key"),
    }


@pytest.fixture(scope="module")
def served(save: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    environ = _environ(tmp_path_factory.mktemp("faults"))
    settings = RecordSettings.from_environ(environ)
    assert settings is not None
    with start_process(save(), "demonstration", environ=environ) as server:
        served = Served(server.url, server.pid, settings)
        with served.http:
            yield served


def _check_refused(response: httpx.Response) -> None:
    assert response.status_code == 503
    assert "cannot be recorded now" in response.json()["error"]
    assert "estimates" not in response.json()


def test_a_store_that_another_process_locks_is_503_until_it_is_let_go(served: Served) -> None:
    assert served.ask().status_code == 200
    before = served.count()
    with closing(sqlite3.connect(served.file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        _check_refused(served.ask())
        assert 3 < time.monotonic() - began < 15  # it has waited for some seconds
        assert served.http.get("/livez").status_code == 200
        other.execute("ROLLBACK")
    assert served.ask().status_code == 200
    assert served.count() == before + 1


def test_a_short_lock_is_waited_for(served: Served) -> None:
    with closing(sqlite3.connect(served.file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(served.ask)
            time.sleep(0.3)
            assert not answer.done()
            other.execute("ROLLBACK")
            assert answer.result().status_code == 200


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="limits of a process: Linux only")
def test_a_full_disk_is_503_until_there_is_room_again(served: Served) -> None:
    assert served.ask().status_code == 200
    before = served.count()
    usual = resource.prlimit(served.pid, resource.RLIMIT_FSIZE)
    # No file of the service may grow, nor be written beyond its first page.
    resource.prlimit(served.pid, resource.RLIMIT_FSIZE, (4096, usual[1]))
    try:
        for _ in range(3):
            _check_refused(served.ask())
    finally:
        resource.prlimit(served.pid, resource.RLIMIT_FSIZE, usual)
    assert served.count() == before
    deadline = time.monotonic() + 10
    while (answer := served.ask()).status_code == 503 and time.monotonic() < deadline:
        time.sleep(0.2)
    assert answer.status_code == 200
    assert served.count() == before + 1


def test_a_store_overwritten_by_something_else_is_503_until_it_is_put_back(served: Served) -> None:
    assert served.ask().status_code == 200
    before = served.count()
    aside = served.file.parent / "aside"
    aside.mkdir()
    for file in served.file.parent.glob(f"{served.file.name}*"):  # with what is not yet in it
        file.rename(aside / file.name)
    served.file.write_bytes(b"no database at all" * 1000)
    _check_refused(served.ask())
    served.file.unlink()
    for file in aside.iterdir():
        file.rename(served.file.parent / file.name)
    assert served.ask().status_code == 200
    assert served.count() == before + 1


def test_two_services_on_one_store_record_all_that_both_answer(
    served: Served, save: Callable[..., Path]
) -> None:
    before = served.count()
    environ = _environ(served.file.parent)
    with start_process(save(), "demonstration", environ=environ) as other:
        urls = [str(served.http.base_url), other.url]

        def ask(place: int) -> str:
            body = {"patient": PATIENT}
            answer = httpx.post(f"{urls[place % 2]}/predict", json=body, timeout=30)
            assert answer.status_code == 200
            return str(answer.json()["request_id"])

        with ThreadPoolExecutor(8) as pool:
            asked = list(pool.map(ask, range(80)))
    with closing(open_store(served.settings)) as store:
        assert len(store.read(request_ids=asked)) == len(set(asked)) == 80
    assert served.count() == before + 80


def test_processes_that_begin_one_store_at_once_share_it_and_its_key(tmp_path: Path) -> None:
    for turn in range(5):
        settings = RecordSettings.from_environ(_environ(tmp_path / str(turn)))
        assert settings is not None
        with ThreadPoolExecutor(4) as pool:
            opened = list(pool.map(open_store, [settings] * 4))
        assert len({store.keys.hash_pseudonym("P-1") for store in opened}) == 1
        for store in opened:
            store.close()
