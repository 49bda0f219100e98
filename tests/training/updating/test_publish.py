"""What is registered after an update: whole, or not at all."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from features.errors import InputError, Refused
from tests.training.helpers.cohorts import write_cohort
from tests.training.helpers.examples import make_facts, make_model
from tests.training.helpers.runs import track
from training.store.artifact import LoadedModel, load_model
from training.store.registered import list_models, locate
from training.store.registry import register
from training.store.results import RESULTS_FILE, read_results
from training.store.tracking import fetch_file, read_run
from training.study.tables import Resampling
from training.updating import publish, updated_results
from training.updating.plan import UpdatePlan, make_plan
from training.updating.publish import publish_update
from training.validation.new_patients import read_new_patients


@contextmanager
def _show(what: str, total: int) -> Iterator[Callable[[], None]]:
    yield lambda: None


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> UpdatePlan:
    quick = Resampling(repeats=1, bootstrap=100, bootstrap_reruns=0, learning_curve=0)
    monkeypatch.setattr(updated_results, "_RESAMPLING", quick)
    monkeypatch.setattr(updated_results, "_PERMUTATIONS", 1)
    facts = make_facts(synthetic=False, status="research", version="4")
    loaded = LoadedModel(make_model(), facts, "d" * 64)
    patients = read_new_patients(loaded, write_cohort(tmp_path / "c.csv", 120, seed=5))
    return make_plan(loaded, patients, seed=3)


def test_a_version_and_a_run_lead_to_the_parent_and_to_the_same_numbers(
    plan: UpdatePlan, tracking_uri: str
) -> None:
    registered = publish_update(plan, tracking_uri=tracking_uri, show=_show)
    assert (registered.name, registered.version) == ("example", "1")
    folder = locate("example", "1", tracking_uri=tracking_uri)
    X = plan.patients.data.X
    served = load_model(folder).model.probability(X)
    np.testing.assert_array_equal(served, plan.update.probability(X))
    run = read_run(registered.run_id, tracking_uri=tracking_uri)
    assert plan.lineage.items() <= run.tags.items()
    assert {"closed_test_response.csv", "closed_test_kept.csv", "draws_t1.csv"} <= set(run.files)
    file = fetch_file(registered.run_id, RESULTS_FILE, tracking_uri=tracking_uri)
    assert read_results(file).counts["t1"].n == plan.update.tests["response"].n


def test_a_model_that_is_kept_is_not_registered_again(plan: UpdatePlan, tracking_uri: str) -> None:
    tests = {name: replace(test, method="keep") for name, test in plan.update.tests.items()}
    kept = replace(plan, update=replace(plan.update, tests=tests))
    with pytest.raises(InputError, match="nothing to register"):
        publish_update(kept, tracking_uri=tracking_uri, show=_show)
    assert list_models(tracking_uri=tracking_uri) == []


def test_real_and_simulated_patients_are_not_mixed_unless_told_to(
    plan: UpdatePlan, tracking_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = track(tracking_uri, tmp_path)
    register(run, make_model(), make_facts(), name="example", tracking_uri=tracking_uri)
    fitted: list[object] = []
    with monkeypatch.context() as patch:
        patch.setattr(publish, "assess_update", lambda *a, **k: fitted.append(a))
        with pytest.raises(Refused, match="version 1 of a simulated cohort, and this model is of"):
            publish_update(plan, tracking_uri=tracking_uri, show=_show)
    assert fitted == []
    told = publish_update(plan, tracking_uri=tracking_uri, show=_show, mixed=True)
    assert told.version == "2"


def test_an_update_that_cannot_be_judged_leaves_nothing(
    plan: UpdatePlan, tracking_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **keywords: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(publish, "assess_update", fail)
    with pytest.raises(RuntimeError, match="broken"):
        publish_update(plan, tracking_uri=tracking_uri, show=_show)
    assert list_models(tracking_uri=tracking_uri) == []
