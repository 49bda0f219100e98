"""What registry and run say against the log or the model is named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.training.helpers.examples import make_facts, make_model
from tests.training.helpers.review_cards import put_card
from tests.training.helpers.reviews import AUTHOR
from training.review.desk import Desk
from training.review.review_log import ReviewLog
from training.review.verifying import find_differences
from training.store.artifact import read_facts
from training.store.client import make_client
from training.store.registered import locate
from training.store.registry import register
from training.store.tracking import RunRecord, track_run


@pytest.fixture
def desk(tracking_uri: str, tmp_path: Path) -> Iterator[Desk]:
    """Return a desk with one model in review, its metrics on its run."""
    performance = {"t1": {"auc": [0.66, 0.61, 0.71]}, "t2": {"auc": [0.6, 0.5, 0.7]}}
    record = RunRecord("study", metrics={"t1_auc": 0.66, "t2_auc": 0.6, "t1_slope": 1.0})
    run_id = track_run(record, tracking_uri=tracking_uri)
    facts = make_facts(synthetic=False, status="research", performance=performance)
    register(run_id, make_model(), facts, name="pilot", tracking_uri=tracking_uri)
    folder = locate("pilot", tracking_uri=tracking_uri)
    put_card(folder, *read_facts(folder))
    log = ReviewLog(tmp_path / "home" / "review.db", key_file=tmp_path / "out" / "review.key")
    desk = Desk(log, tracking_uri=tracking_uri)
    desk.act("open", AUTHOR, "pilot", comment="ready")
    yield desk


def _find(desk: Desk) -> list[str]:
    return list(find_differences(desk.log.read(), desk.log, tracking_uri=desk.tracking_uri))


def test_what_agrees_is_not_named(desk: Desk) -> None:
    assert _find(desk) == []


def test_tags_of_the_registry_that_were_changed_are_named(desk: Desk) -> None:
    client = make_client(desk.tracking_uri)
    changes = {"t1.auc": "0.9900", "t1.n": "9000", "approved_by": "berta", "review": "approved"}
    for tag, value in changes.items():
        client.set_model_version_tag("pilot", "1", f"ketresponse.{tag}", value)
    assert sorted(_find(desk)) == [
        "pilot:1: the registry's tag approved_by is berta, the log has none",
        "pilot:1: the registry's tag review is approved, the log has in review",
        "pilot:1: the registry's tag t1.auc is 0.9900, the model has 0.660000",
        f"pilot:1: the registry's tag t1.n is 9000, the model has {make_facts().counts['t1']['n']}",
    ]


def test_a_metric_of_the_run_that_was_changed_is_named(desk: Desk) -> None:
    client = make_client(desk.tracking_uri)
    client.log_metric(client.get_model_version("pilot", "1").run_id, "t1_auc", 0.99)
    assert _find(desk) == ["pilot:1: its run says t1_auc 0.9900, the model 0.6600"]


def test_a_run_that_is_gone_is_named(desk: Desk) -> None:
    client = make_client(desk.tracking_uri)
    client.set_terminated(client.get_model_version("pilot", "1").run_id, status="FAILED")
    (finding,) = _find(desk)
    assert finding.startswith("pilot:1: its run cannot be read: the run ")
