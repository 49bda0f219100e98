"""What holds for all tests.

No example of Hypothesis is timed: how long one takes is the machine's doing. Services record into a
place of this run, never into the folder that the tests were started in. Each process of the tests,
and each that they start, has one thread for arrays: there are as many processes as processors, and
threads of small matrices wait for each other.
"""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # read when numpy is first imported
    os.environ.setdefault(_name, "1")
gc.set_threshold(20_000)  # as ketresponse.main has it, and for the same reason
SLOW = (
    "test_shell_blocks.py",
    "serving/test_release.py",
    "serving/review/test_app.py",
    "serving/review/test_browser.py",
    "test_containerfile.py",
    "test_documentation.py",
    "test_quickstart.py",
    "serving/test_machines.py",
    "serving/test_loop.py",
    "training/review/test_telling.py",
    "training/fitting/bayes/test_evidence.py",
)
"""Modules of many seconds, the longest first."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the slow modules: one left to the end would have one processor work alone."""
    tests = Path(__file__).parent
    place = {tests / name: at for at, name in enumerate(SLOW)}
    items.sort(key=lambda item: place.get(item.path, len(SLOW)))


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Leave out what was loaded until now when memory is looked through: a tenth of all time."""
    gc.collect()
    gc.freeze()


settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session", autouse=True)
def records_elsewhere() -> Iterator[None]:
    with (
        tempfile.TemporaryDirectory(prefix="records-") as folder,
        pytest.MonkeyPatch.context() as m,
    ):
        m.setenv("KETRESPONSE_RECORDS", str(Path(folder) / "records.db"))
        m.setenv("KETRESPONSE_RECORDS_KEY_FILE", str(Path(folder) / "keys" / "records.key"))
        yield
