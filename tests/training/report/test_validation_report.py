"""A model judged in other patients, in words."""

from pathlib import Path

import pytest

from tests.training.helpers.cohorts import write_cohort
from tests.training.helpers.examples import make_facts, make_model
from tests.training.helpers.validated import judge_small
from training.document.document import Document
from training.document.render import to_markdown
from training.report.validation_report import make_leave_site_out_report, make_validation_report
from training.store.artifact import LoadedModel
from training.validation.new_patients import read_new_patients


def _write(folder: Path, *, synthetic: bool) -> Document:
    status = "demonstration" if synthetic else "research"
    loaded = LoadedModel(make_model(), make_facts(synthetic=synthetic, status=status), "d" * 64)
    patients = read_new_patients(loaded, write_cohort(folder / "c.csv", 60, seed=2))
    return make_validation_report(
        loaded, patients, judge_small(), file="c.csv", seed=2, n_bootstrap=100
    )


def test_the_report_names_model_file_and_every_horizon(tmp_path: Path) -> None:
    document = _write(tmp_path, synthetic=False)
    titles = [section.title for section in document.sections]
    assert titles == ["Patients", "At T1", "At T2", "How it was done"]
    assert document.title == "example version unregistered in other patients: c.csv"
    assert document.stamp == "RESEARCH USE ONLY."
    text = to_markdown(document, pictures=False)
    result = judge_small()["t1"]
    assert f"Known for 296 patients, {result.events} of them responders; not known for 4." in text
    assert "d" * 64 in text and "seed 2" in text
    assert "north" in text and "not estimable" in text
    assert "PSEUDONYM" not in text


def test_a_simulated_model_is_a_demonstration(tmp_path: Path) -> None:
    assert _write(tmp_path, synthetic=True).stamp.startswith("DEMONSTRATION")


def test_each_site_left_out_is_told_by_horizon() -> None:
    sites = {h: result.sites for h, result in judge_small().items() if result.sites is not None}
    outcomes = {"t1": "Responder at discharge", "t2": "Still a responder"}
    document = make_leave_site_out_report(
        sites, title="A study", outcomes=outcomes, synthetic=False, seed=5
    )
    assert document.title == "A study: each site left out"
    text = to_markdown(document, pictures=False)
    for words in ("Outcome: Still a responder.", "Seed 5", "south"):
        assert words in text
    pooled = sites["t1"].pooled.loc["auc"]
    assert f"{pooled['estimate']:.2f} (" in text
    assert "At T2 the responders who were seen are weighted" in text


@pytest.mark.parametrize("horizon", ["t1", "t2"])
def test_one_horizon_left_out_by_site_speaks_of_no_weights(horizon: str) -> None:
    sites = judge_small()["t1"].sites
    assert sites is not None
    document = make_leave_site_out_report(
        {horizon: sites}, title="A study", outcomes={horizon: "Better"}, synthetic=False, seed=5
    )
    assert "weighted" not in to_markdown(document, pictures=False)
