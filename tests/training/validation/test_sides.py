"""What stored runs and studies tell of themselves."""

from dataclasses import replace
from pathlib import Path

from features.dictionary.rule import RULES
from tests.training.helpers.cards import small_results
from tests.training.validation.test_comparison import folder as folder
from training.store.results import Results, write_results
from training.store.tracking import RunRecord, read_run, track_run
from training.study.settings import read_study
from training.study.study import read_description
from training.validation.contrast import Side, compute_contrast
from training.validation.sides import describe_run, describe_side


def _describe(record: RunRecord, tracking_uri: str) -> Side:
    run = read_run(track_run(record, tracking_uri=tracking_uri), tracking_uri=tracking_uri)
    return describe_run(run, (0.3, 0.7), tracking_uri=tracking_uri)


def _track_training(tmp_path: Path, tracking_uri: str) -> tuple[str, Results]:
    results = Results.model_validate(small_results())
    (tmp_path / "run").mkdir()
    write_results(results, tmp_path / "run")
    record = RunRecord(
        "plain",
        tags={"cohort_sha256": "c" * 64, "cohort_synthetic": "false"},
        files=tmp_path / "run",
        texts={"study.toml": '[cohort]\nfile = "export/cohort.csv"\n'},
    )
    return track_run(record, tracking_uri=tracking_uri), results


def test_a_training_tells_what_was_asked_and_whom_it_saw(tmp_path: Path, tracking_uri: str) -> None:
    run_id, results = _track_training(tmp_path, tracking_uri)
    run = read_run(run_id, tracking_uri=tracking_uri)
    side = describe_run(run, None, tracking_uri=tracking_uri)
    assert (side.kind, side.synthetic, side.file) == ("training", False, "cohort.csv")
    assert side.n_patients == results.cohort.n_patients
    assert side.counts == {h: (c.n, c.events) for h, c in results.counts.items()}
    assert side.rule is not None and side.rule.startswith(results.study.rule)
    assert side.predictors == tuple(p.name for p in results.predictors)
    assert side.thresholds == (results.study.thresholds or ())
    assert side.eligibility is not None and side.patients is None


def test_a_validation_tells_its_own_patients_and_the_predictors_of_its_model(
    tmp_path: Path, tracking_uri: str
) -> None:
    trained, results = _track_training(tmp_path, tracking_uri)
    record = RunRecord(
        "plain",
        kind="validation",
        metrics={"t1_n": 80.0, "t1_events": 30.0},
        tags={
            "ketresponse.training_run": trained,
            "cohort_synthetic": "true",
            "ketresponse.centre": "North",
        },
    )
    side = _describe(record, tracking_uri)
    assert (side.kind, side.synthetic, side.centre) == ("validation", True, "North")
    assert side.counts == {"t1": (80, 30)} and side.horizons == ("t1",)
    assert side.thresholds == (0.3, 0.7)
    assert side.predictors == tuple(p.name for p in results.predictors)
    assert side.n_patients is side.file is side.cohort_sha256 is None
    elsewhere = replace(record, tags={"ketresponse.training_run": "0" * 32})
    assert _describe(elsewhere, tracking_uri).predictors is None


def test_a_run_that_keeps_nothing_tells_nothing(tracking_uri: str) -> None:
    side = _describe(RunRecord("plain"), tracking_uri)
    assert side == Side(kind="training", thresholds=(0.3, 0.7))


def test_studies_count_the_patients_that_both_have(folder: Path) -> None:
    one, two = (read_study(folder / f"{name}.toml") for name in ("one", "two"))
    half = read_description(one).cohort.table["patient_id"].tolist()[:60]
    rows = (folder / "c.csv").read_text().splitlines()
    (folder / "half.csv").write_text("\n".join(rows[:61]) + "\n")
    part = replace(two, cohort=folder / "half.csv", rule=RULES["fall50"])
    sides = [describe_side(read_description(study)) for study in (one, part)]
    told = {d.what: d.text for d in compute_contrast(*sides).differs}
    assert list(told)[:2] == ["cohort file", "patients"]
    assert told["patients"].startswith(f"Patients: {len(half)} of the 120 of A and the 60 of B")
    assert told["predictors"] == "Predictors: opioid in B alone."
    assert "fall50" in told["responder rule"]
    assert "A c.csv" in told["cohort file"] and "B half.csv" in told["cohort file"]
