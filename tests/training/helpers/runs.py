"""Runs that models are registered under."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.store.tracking import RunRecord, track_run

__all__ = ["run_id", "track"]


def track(tracking_uri: str, tmp_path: Path) -> str:
    """Return the id of a finished run with one file."""
    files = tmp_path / "files"
    files.mkdir(exist_ok=True)
    (files / "report.html").write_text("<p>")
    return track_run(
        RunRecord("study", {"seed": 7}, {"t1.auc": 0.6}, files=files), tracking_uri=tracking_uri
    )


@pytest.fixture
def run_id(tracking_uri: str, tmp_path: Path) -> str:
    """Return the id of a run of the test's own."""
    return track(tracking_uri, tmp_path)
