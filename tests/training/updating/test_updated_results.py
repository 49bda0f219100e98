"""What an update found, as a document like a training's."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from tests.training.helpers.cards import small_results
from tests.training.helpers.cohorts import write_cohort
from tests.training.helpers.examples import make_facts, make_model
from training.store.artifact import LoadedModel
from training.store.results import Results
from training.study.tables import Resampling
from training.updating import updated_results
from training.updating.plan import UpdatePlan, make_plan
from training.updating.updated_results import (
    assess_update,
    describe_updated,
    make_update_design,
    make_update_results,
)
from training.validation.new_patients import read_new_patients


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> UpdatePlan:
    facts = make_facts(synthetic=False, status="research", version="4")
    loaded = LoadedModel(make_model(), facts, "d" * 64)
    file = write_cohort(tmp_path_factory.mktemp("cohort") / "c.csv", 160, seed=5)
    return make_plan(loaded, read_new_patients(loaded, file), seed=3)


@pytest.fixture(scope="module")
def before() -> Results:
    return Results.model_validate(small_results())


def test_the_patients_are_described_as_a_study_describes_its_own(
    plan: UpdatePlan, before: Results
) -> None:
    found = describe_updated(plan, before)
    # A refit of the response estimates an intercept and 7 columns (see test_update), of which two
    # tell CRPS types apart: all patients here are of one.
    assert found.parameters == 8 - 2
    assert found.counts["t1"]["events"] == plan.update.tests["response"].events
    assert found.data is plan.patients.data
    assert not any("could not be reached" in notice for notice in found.notices)
    alone = describe_updated(plan, None)
    assert alone.notices[:-1] == found.notices
    assert "could not be reached" in alone.notices[-1]


def test_thresholds_are_those_set_before_and_never_chosen_anew(
    plan: UpdatePlan, before: Results
) -> None:
    design = make_update_design(plan, before)
    assert design.thresholds == (0.3, 0.6)
    assert make_update_design(plan, None).thresholds is None
    assert design.seed == 3
    assert (design.resampling.folds, design.resampling.repeats) == (5, 20)


def test_the_whole_update_is_judged_and_told(
    plan: UpdatePlan, before: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = Resampling(repeats=1, bootstrap=100, bootstrap_reruns=0, learning_curve=0)
    monkeypatch.setattr(updated_results, "_RESAMPLING", quick)
    monkeypatch.setattr(updated_results, "_PERMUTATIONS", 1)
    asked, calls = [], []

    @contextmanager
    def show(what: str, total: int) -> Iterator[Callable[[], None]]:
        asked.append(total)
        yield lambda: calls.append(1)

    patients = describe_updated(plan, before)
    design = make_update_design(plan, before)
    assessment = assess_update(plan, patients, design, show=show)
    assert [len(calls)] == asked
    results = make_update_results(plan, patients, design, assessment, before)
    assert results.study.title == before.study.title
    assert results.study.thresholds == (0.3, 0.6)
    assert results.study.procedure.candidates == []
    assert results.counts["t1"].n == plan.update.tests["response"].n
    update = results.update
    assert update is not None
    assert "centre" not in update.to_json()
    assert (update.parent, update.parent_digest, update.alpha) == ("example:4", "d" * 64, 0.05)
    for name, test in plan.update.tests.items():
        told = update.outcomes[name]
        assert (told.method, told.n, told.events) == (test.method, test.n, test.events)
        blend = results.blend[name]
        assert blend.members == ([] if test.method == "refit" else before.blend[name].members)
    inherited = "; those of the version that it was updated from"
    assert results.background.how == before.background.how + inherited
    again = make_update_results(plan, patients, design, assessment, results)
    assert again.background.how == results.background.how
    assert results.study.name_horizon("t1")
    alone = replace(plan, centre="North", is_known=True)
    whose = make_update_results(alone, patients, design, assessment, before).update
    assert whose is not None
    assert whose.to_json()["centre"] == "North" and whose.is_known
    lost = make_update_results(alone, patients, design, assessment, None)
    assert lost.background.how == f"made of what centres shared{inherited}"
    unknown = make_update_results(plan, patients, design, assessment, None)
    assert unknown.study.title == "example"
    assert all(blend.members == [] for blend in unknown.blend.values())
