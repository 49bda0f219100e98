"""The types of a run's results, their file and the schema that is published from them."""

import json
from pathlib import Path
from typing import Any

import pytest

import training
from features.errors import InputError, KetresponseError
from tests.training.helpers.cards import small_results
from training.store.part import NotDone
from training.store.results import (
    RESULTS_FILE,
    Results,
    make_json_schema,
    read_results,
    write_results,
)


def _write(folder: Path, content: dict[str, Any]) -> Path:
    path = folder / RESULTS_FILE
    path.write_text(json.dumps(content))
    return path


def test_the_published_schema_is_the_one_that_is_checked() -> None:
    path = Path(training.__file__).parent / "card" / "results.schema.json"
    schema = make_json_schema(Results, "ketresponse results")
    assert json.loads(path.read_text(encoding="utf-8")) == schema


def test_results_survive_a_file(tmp_path: Path) -> None:
    results = Results.model_validate(small_results())
    assert read_results(write_results(results, tmp_path)) == results


def test_a_file_keeps_every_key_and_adds_none(tmp_path: Path) -> None:
    content = small_results()
    del content["panel"]  # as an earlier version wrote it
    content["study"]["procedure"]["published_patients"] = 10  # as a study file may say it
    path = write_results(read_results(_write(tmp_path, content)), tmp_path)
    assert json.dumps(json.loads(path.read_text())) == json.dumps(content)


def test_a_part_that_was_not_computed_tells_why_and_what_to_run() -> None:
    null = Results.model_validate(small_results()).null_test
    assert isinstance(null, NotDone)
    assert null.told == "no null test was run; ketresponse train STUDY --null-test 100"


def test_a_row_is_found_by_horizon_and_measure() -> None:
    content = small_results()
    results = Results.model_validate(content)
    for horizon in results.horizons:
        held_out = results.find_performance(horizon, "auc")
        corrected = results.find_optimism(horizon, "auc")
        assert held_out is not None
        assert corrected is not None
        asked = [r for r in content["performance"][horizon]["rows"] if r["metric"] == "auc"]
        assert held_out.estimate == asked[0]["estimate"]
        asked = [r for r in content["optimism"][horizon]["rows"] if r["metric"] == "auc"]
        assert corrected.interval.estimate == asked[0]["corrected"]
    assert results.find_performance("t1", "no such measure") is None
    content["optimism"] = {"done": False, "reason": "switched off"}
    assert Results.model_validate(content).find_optimism("t1", "auc") is None


@pytest.mark.parametrize("text", ["{}", "no json", '{"schema_version": 99}', "[]"])
def test_another_file_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / RESULTS_FILE
    path.write_text(text)
    with pytest.raises(KetresponseError, match="results"):
        read_results(path)


def test_everything_that_does_not_fit_is_listed_at_once(tmp_path: Path) -> None:
    content = small_results()
    del content["cohort"]["sha256"]
    content["counts"]["t1"]["evnts"] = content["counts"]["t1"].pop("events")
    content["decision"]["t2"]["rows"][0]["net_benefit"] = "much"
    with pytest.raises(InputError, match="train again") as caught:
        read_results(_write(tmp_path, content))
    assert {problem.column for problem in caught.value.problems} == {
        "cohort.sha256",
        "counts.t1.events",
        "counts.t1.evnts",
        "decision.t2.rows.0.net_benefit",
    }
    assert "cohort.sha256: expected an entry" in str(caught.value)
    assert "counts.t1.evnts: expected no such entry" in str(caught.value)
    assert "much" not in caught.value.report()


def test_a_horizon_of_the_study_may_not_be_left_out(tmp_path: Path) -> None:
    content = small_results()
    del content["decision"]["t2"]
    content["labels"].pop("t1")
    with pytest.raises(InputError, match=r"missing: labels\.t1, decision\.t2"):
        read_results(_write(tmp_path, content))
