from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.serving.helpers.smart import RecordSystem, running_record_system

PAGE = "http://127.0.0.1:3000"


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Iterator[RecordSystem]:
    """Serve a record system that takes loopback addresses for safe ones, as we do."""
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    with running_record_system(redirect=f"{PAGE}/launch/back") as system:
        yield system
