"""What a training leaves behind in its run, and where it is found again."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from features.errors import InputError
from tests.training.helpers.cards import small_results
from tests.training.helpers.documents import REPORT
from tests.training.helpers.examples import make_facts, make_model
from training.document.render import to_html
from training.running.publish import Published, fetch_page, find_published, finish_training
from training.store.artifact import load_model
from training.store.client import make_client
from training.store.registry import register
from training.store.results import Results, read_results
from training.store.tracking import RunRecord, begin_run, fetch_file, read_run

IMPORTANCE = pd.DataFrame({"predictor": ["nrs_t0", "opioid"], "importance": [0.4, 0.1]})
DRAWS = {h: pd.DataFrame({"auc": [0.6, 0.7]}) for h in ("t1", "t2")}


@pytest.fixture
def results() -> Results:
    return Results.model_validate(small_results())


def _finish(run_id: str, results: Results, tracking_uri: str) -> None:
    record = RunRecord("small", metrics={"t1_auc": 0.61}, tags={"v": "1"}, note="Done.")
    finish_training(run_id, record, results, REPORT, IMPORTANCE, DRAWS, tracking_uri=tracking_uri)


def _train(results: Results, tracking_uri: str) -> str:
    with begin_run(RunRecord("small", params={"seed": 3}), tracking_uri=tracking_uri) as run_id:
        _finish(run_id, results, tracking_uri)
    return run_id


def test_a_run_holds_results_report_importance_and_draws(
    results: Results, tracking_uri: str
) -> None:
    run_id = _train(results, tracking_uri)
    run = read_run(run_id, tracking_uri=tracking_uri)
    assert run.metrics == {"t1_auc": 0.61}
    assert run.params == {"seed": "3"}
    assert run.tags["v"] == "1" and run.tags["mlflow.note.content"] == "Done."
    assert set(run.files) == {"results.json", "report", "draws_t1.csv", "draws_t2.csv"}
    stored = make_client(tracking_uri).list_artifacts(run_id, "report")
    names = {Path(str(info.path)).name for info in stored}
    # Tables and pictures are numbered by their place in the report.
    assert names >= {"report.html", "report.md", "importance.csv"}
    assert sum(name.endswith(".png") for name in names) == 1

    def fetch(path: str) -> Path:
        return fetch_file(run_id, path, tracking_uri=tracking_uri)

    assert read_results(fetch("results.json")) == results
    pd.testing.assert_frame_equal(pd.read_csv(fetch("report/importance.csv")), IMPORTANCE)
    pd.testing.assert_frame_equal(pd.read_csv(fetch("draws_t2.csv")), DRAWS["t2"])


def test_a_registered_model_and_its_page_are_found_again(
    results: Results, tracking_uri: str
) -> None:
    run_id = _train(results, tracking_uri)
    model = register(run_id, make_model(), make_facts(), name="small", tracking_uri=tracking_uri)
    published = find_published(model, tracking_uri=tracking_uri)
    assert published.name_and_version == "small:1"
    assert (published.status, published.run_id) == ("demonstration", run_id)
    assert load_model(published.folder).digest == model.digest
    assert Path(published.report).read_text() == to_html(REPORT)
    page = fetch_page(published, tracking_uri=tracking_uri)
    assert page.read_text() == to_html(REPORT)


def test_a_report_that_cannot_be_written_leaves_a_failed_run_without_results(
    results: Results, tracking_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(*args: object, **kwargs: object) -> None:
        raise InputError("no space left")

    monkeypatch.setattr("training.running.publish.write_document", break_off)
    with (
        pytest.raises(InputError, match="no space"),
        begin_run(RunRecord("small"), tracking_uri=tracking_uri) as run_id,
    ):
        _finish(run_id, results, tracking_uri)
    run = make_client(tracking_uri).get_run(run_id)
    assert run.info.status == "FAILED" and run.data.metrics == {}
    assert make_client(tracking_uri).list_artifacts(run_id) == []


def test_a_name_and_version_are_what_other_commands_take() -> None:
    published = Published("a", "12", "research", Path("x"), "r", "y")
    assert published.name_and_version == "a:12"
