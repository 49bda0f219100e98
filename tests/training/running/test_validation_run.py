"""A validation, and each site left out: what is tracked, and what is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.errors import InputError, NotEnoughData
from tests.training.helpers.centres import add_centres
from tests.training.helpers.cohorts import write_cohort
from tests.training.helpers.examples import make_facts, make_model
from training.document.document import Bullets, Document, Table
from training.running.validation_run import run_leave_site_out, run_validation
from training.store.artifact import LoadedModel
from training.store.tracking import fetch_file, read_run
from training.study.settings import Study, read_study
from training.validation.comparison import EVALUATION_TAG, compare_runs
from training.validation.new_patients import NewPatients, read_new_patients

STUDY = """
name = "sites"
title = "Four places"
seed = 4
[population]
description = "adults"
[treatment]
description = "treated"
[cohort]
file = "c.csv"
[outcome]
horizons = ["t1"]
[procedure]
candidates = ["logistic"]
inner_repeats = 0
"""


pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cohort(tmp_path_factory.mktemp("v") / "c.csv", 120, seed=5, horizons=("t1",))


def _load(**facts: object) -> LoadedModel:
    values = {"synthetic": False, "status": "research", "version": "3", **facts}
    return LoadedModel(make_model(), make_facts(**values), "d" * 64)


def _judge(
    cohort: Path, uri: str, *, loaded: LoadedModel | None = None, seed: int = 2, **keywords: object
) -> tuple[Document, str, NewPatients]:
    loaded = loaded or _load()
    patients = read_new_patients(loaded, cohort)
    report, run_id = run_validation(
        loaded,
        patients,
        file=cohort.name,
        thresholds=(0.3, 0.6),
        n_bootstrap=20,
        seed=seed,
        tracking_uri=uri,
        **keywords,  # type: ignore[arg-type]  # `out` and `force`
    )
    return report, run_id, patients


def _find_table(report: Document, name: str, key: str) -> pd.DataFrame:
    blocks = [block for section in report.sections for block in section.blocks]
    (table,) = [b for b in blocks if isinstance(b, Table) and b.name == name]
    return table.data.set_index(key)


def test_a_validation_is_tracked_by_trainings_names_with_the_reports_numbers(
    cohort: Path, tracking_uri: str
) -> None:
    report, run_id, patients = _judge(cohort, tracking_uri)
    run = read_run(run_id, tracking_uri=tracking_uri)
    assert run.params["model"] == "example:3" and run.params["horizons"] == "t1"
    assert run.params["bootstrap"] == "20" and run.params["seed"] == "2"
    y = patients.data.y["t1"]
    assert run.metrics["t1_n"] == np.isfinite(y).sum()
    assert run.metrics["t1_events"] == np.nansum(y)
    found = _find_table(report, "performance_t1", "metric")
    for metric in ("auc", "brier"):
        for end, column in (("", "estimate"), ("_low", "low"), ("_high", "high")):
            assert run.metrics[f"t1_{metric}{end}"] == pytest.approx(found.loc[metric, column])
    assert run.metrics["t1_ici"] > 0
    assert run.tags["ketresponse.status"] == "research"
    assert run.tags["ketresponse.model"] == "example"
    assert run.tags["ketresponse.model_version"] == "3"
    assert run.tags["ketresponse.model_digest"] == "d" * 64
    assert run.tags["ketresponse.is_training_cohort"] == "false"
    assert run.tags["cohort_sha256"] == patients.cohort.sha256
    assert run.tags["cohort_synthetic"] == "false"
    note = run.tags["mlflow.note.content"]
    assert note.startswith("Version 3 judged in other patients.")
    assert note.endswith(patients.warnings[-1]) and "at T1 alone" in note
    assert "validation.html" in run.files
    draws = pd.read_csv(fetch_file(run_id, "draws_t1.csv", tracking_uri=tracking_uri))
    assert len(draws) == 1 + 20  # the estimate, and its resamples
    assert draws["auc"][0] == pytest.approx(run.metrics["t1_auc"])


def test_sites_are_pooled_with_the_interval_of_a_further_site(
    tmp_path: Path, tracking_uri: str
) -> None:
    # The mean's own interval is the narrower one: stored under the further site's name it would
    # promise a new hospital more than is known.
    cohort = write_cohort(tmp_path / "c.csv", 160, seed=5, horizons=("t1",))
    report, run_id, _ = _judge(cohort, tracking_uri)
    metrics = read_run(run_id, tracking_uri=tracking_uri).metrics
    pooled = _find_table(report, "sites_pooled_t1", "measure").loc["auc"]
    assert metrics["t1_sites_auc"] == pytest.approx(pooled["estimate"])
    assert metrics["t1_sites_auc_low"] == pytest.approx(pooled["prediction_low"])
    assert metrics["t1_sites_auc_high"] == pytest.approx(pooled["prediction_high"])


def test_the_same_patients_judged_alike_have_one_key_and_others_another(
    cohort: Path, tracking_uri: str
) -> None:
    # `compare` sets the draws of two runs against each other only where the keys agree.
    def find_key(**keywords: object) -> str:
        _, run_id, _ = _judge(cohort, tracking_uri, **keywords)  # type: ignore[arg-type]
        return read_run(run_id, tracking_uri=tracking_uri).tags[EVALUATION_TAG]

    first = find_key()
    assert find_key(loaded=_load(name="other")) == first
    assert find_key(seed=3) != first
    assert find_key(loaded=_load(rule="fall50")) != first


def test_a_simulated_model_and_the_training_cohort_are_told(
    cohort: Path, tracking_uri: str
) -> None:
    digest = read_new_patients(_load(), cohort).cohort.sha256
    own = _load(synthetic=True, status="demonstration", cohort_sha256=digest)
    _, run_id, _ = _judge(cohort, tracking_uri, loaded=own)
    run = read_run(run_id, tracking_uri=tracking_uri)
    assert run.tags["ketresponse.status"] == "demonstration"
    assert run.tags["cohort_synthetic"] == "false"
    assert run.tags["ketresponse.is_training_cohort"] == "true"
    assert "no validation" in run.tags["mlflow.note.content"]


def test_files_are_written_where_asked_and_replaced_only_by_force(
    cohort: Path, tracking_uri: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    _judge(cohort, tracking_uri, out=out)
    assert (out / "validation.html").is_file() and (out / "validation.md").is_file()
    with pytest.raises(InputError, match="--force"):
        _judge(cohort, tracking_uri, out=out)
    (out / "validation.md").write_text("old")
    _judge(cohort, tracking_uri, out=out, force=True)
    assert "in other patients" in (out / "validation.md").read_text()
    stored = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in stored if b"PSEUDONYM" in path.read_bytes()]


# ---------------------------------------------------------------- leaving sites out


def _write_study(folder: Path, n: int, *, synthetic: bool = False) -> Study:
    write_cohort(folder / "c.csv", n, seed=7, horizons=("t1",), synthetic=synthetic)
    (folder / "study.toml").write_text(STUDY)
    return read_study(folder / "study.toml")


class _Progress:
    """Counts what is shown."""

    asked = 0
    done = 0

    @contextmanager
    def show(self, what: str, total: int) -> Iterator[Callable[[], None]]:
        self.asked = total
        yield self.step

    def step(self) -> None:
        self.done += 1


@pytest.mark.parametrize("synthetic", [False, True])
def test_each_site_left_out_is_tracked_and_told(
    tmp_path: Path, tracking_uri: str, synthetic: bool
) -> None:
    study, progress = _write_study(tmp_path, 150, synthetic=synthetic), _Progress()
    out = tmp_path / "out"
    report, run_id = run_leave_site_out(
        study, n_jobs=1, show=progress.show, tracking_uri=tracking_uri, out=out
    )
    assert progress.done == progress.asked == 4
    assert report.title == "Four places: each site left out"
    run = read_run(run_id, tracking_uri=tracking_uri)
    status = "demonstration" if synthetic else "research"
    assert run.tags["ketresponse.kind"] == "leave-site-out"
    assert run.tags["ketresponse.status"] == status
    assert run.tags["cohort_synthetic"] == str(synthetic).lower()
    assert run.tags["study_sha256"] == study.sha256
    assert run.params == {"sites": "4", "seed": "4"}
    pooled = _find_table(report, "sites_pooled_t1", "measure").loc["auc"]
    assert run.metrics["t1_sites_auc"] == pytest.approx(pooled["estimate"])
    assert run.metrics["t1_sites_auc_low"] == pytest.approx(pooled["prediction_low"])
    assert "leave-site-out.html" in run.files and (out / "leave_site_out.html").is_file()


def test_too_few_patients_are_told_before_anything_is_fitted(
    tmp_path: Path, tracking_uri: str
) -> None:
    progress = _Progress()
    with pytest.raises(NotEnoughData):
        run_leave_site_out(
            _write_study(tmp_path, 12), n_jobs=1, show=progress.show, tracking_uri=tracking_uri
        )
    assert progress.asked == 0


def test_a_model_of_several_centres_is_judged_as_at_a_new_one_or_at_one_of_them(
    cohort: Path, tracking_uri: str
) -> None:
    several = _load()
    several = replace(several, model=add_centres(several.model, {"North": 1.5, "South": -0.3}))
    runs = {}
    for centre in ("", "North"):
        report, run_id, patients = _judge(cohort, tracking_uri, loaded=several, centre=centre)
        runs[centre] = read_run(run_id, tracking_uri=tracking_uri)
        (told, *_) = [
            line
            for section in report.sections
            for block in section.blocks
            if isinstance(block, Bullets)
            for line in block.items
            if line.startswith("Judged is ")
        ]
        alone = replace(several, model=several.model.at(centre)) if centre else _load()
        as_one, _, _ = _judge(cohort, tracking_uri, loaded=alone)
        found, expected = (_find_table(r, "performance_t1", "metric") for r in (report, as_one))
        pd.testing.assert_frame_equal(found, expected)
        assert not any("Judged" in line for line in patients.warnings)
    assert "North's own model, one of 2 centres'" in told
    assert [run.tags["ketresponse.centre"] for run in runs.values()] == ["none", "North"]
    assert "at a centre that took no part" in runs[""].tags["mlflow.note.content"]
    assert runs["North"].metrics["t1_o_e"] < runs[""].metrics["t1_o_e"]
    names = [run.run_id for run in runs.values()]
    compared = compare_runs(names[0], names[1], tracking_uri=tracking_uri)
    assert compared.paired and [d.what for d in compared.contrast.differs] == ["centre"]
