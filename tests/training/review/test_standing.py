"""What the registry says about reviews."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mlflow.entities.model_registry import ModelVersion

from features.errors import KetresponseError
from tests.training.helpers.examples import make_facts, make_model
from training.review.standing import find_approved, write_standing
from training.store.client import make_client
from training.store.registered import locate
from training.store.registry import register
from training.store.tracking import RunRecord, track_run


@pytest.fixture
def store(tracking_uri: str) -> str:
    """Return a store in which two versions of a model are registered."""
    for _ in range(2):
        run_id = track_run(RunRecord("study"), tracking_uri=tracking_uri)
        register(run_id, make_model(), make_facts(), name="pilot", tracking_uri=tracking_uri)
    return tracking_uri


def _write(store: str, version: str = "1", **given: Any) -> None:
    options: dict[str, Any] = {"status": "research", "tags": {}, "files": [], "approved": None}
    write_standing("pilot", version, **options | given, tracking_uri=store)


def _read(store: str, version: str = "1") -> ModelVersion:
    return make_client(store).get_model_version("pilot", version)


def test_the_alias_points_to_what_is_approved_until_it_is_taken_away(store: str) -> None:
    assert find_approved("pilot", tracking_uri=store) is None
    _write(store, approved="2")
    assert find_approved("pilot", tracking_uri=store) == "2"
    _write(store, approved="1")
    assert find_approved("pilot", tracking_uri=store) == "1"
    _write(store, approved=None)
    assert find_approved("pilot", tracking_uri=store) is None
    _write(store, approved=None)  # nothing to take away
    assert find_approved("other", tracking_uri=store) is None


def test_tags_are_written_with_our_prefix_and_an_empty_one_is_taken_away(store: str) -> None:
    before = dict(_read(store).tags)
    _write(store, status="approved", tags={"approved_by": "berta", "never": ""})
    found = _read(store).tags
    assert found["ketresponse.status"] == "approved"
    assert found["ketresponse.approved_by"] == "berta"
    assert "ketresponse.never" not in found
    _write(store, status=before["ketresponse.status"], tags={"approved_by": ""})
    assert dict(_read(store).tags) == before
    assert "ketresponse.approved_by" not in _read(store, "2").tags


def test_files_replace_those_of_the_same_name_and_no_others(store: str, tmp_path: Path) -> None:
    folder = locate("pilot", "1", tracking_uri=store)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    file = tmp_path / "review.json"
    for text in ("one", "two"):
        file.write_text(text)
        _write(store, files=[file])
    after = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert after == before | {"review.json": b"two"}
    assert not (locate("pilot", "2", tracking_uri=store) / "review.json").exists()


def test_what_is_not_registered_is_told(store: str) -> None:
    with pytest.raises(KetresponseError, match="cannot write the standing of pilot version 9"):
        _write(store, "9")


def test_a_registry_that_cannot_be_read_is_told_and_not_taken_for_empty(tmp_path: Path) -> None:
    broken = tmp_path / "mlflow.db"
    broken.write_text("no database")
    with pytest.raises(KetresponseError, match="cannot"):
        find_approved("pilot", tracking_uri=f"sqlite:///{broken}")
