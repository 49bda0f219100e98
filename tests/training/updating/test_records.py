"""What an update tells of itself: the parent's facts where they hold, the new ones where not."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from tests.training.helpers.cohorts import write_cohort
from tests.training.helpers.examples import make_facts, make_model
from training.evaluation.evaluation import Assessment
from training.store.artifact import LoadedModel
from training.store.statements import name_statements, tell_interval
from training.updating.plan import UpdatePlan, make_plan
from training.updating.records import make_update_facts, make_update_record
from training.updating.updated_results import describe_updated, make_update_design
from training.validation.comparison import EVALUATION_TAG
from training.validation.new_patients import read_new_patients

TABLE = pd.DataFrame(
    {"estimate": [0.7, 0.2], "low": [0.6, 0.1], "high": [0.8, 0.3]},
    index=pd.Index(["auc", "brier"], name="metric"),
)


def _make_plan(folder: Path, **facts: object) -> UpdatePlan:
    values = {"synthetic": False, "status": "research", "version": "4", **facts}
    loaded = LoadedModel(make_model(), make_facts(**values), "d" * 64)
    patients = read_new_patients(loaded, write_cohort(folder / "c.csv", 160, seed=5))
    return make_plan(loaded, patients, seed=3)


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> UpdatePlan:
    return _make_plan(tmp_path_factory.mktemp("cohort"))


def test_counts_and_performance_are_those_of_the_new_patients(plan: UpdatePlan) -> None:
    counts = describe_updated(plan, None).counts
    facts = make_update_facts(plan, counts, {"t1": TABLE})
    assert facts.counts["t1"] == {"n": counts["t1"]["n"], "events": counts["t1"]["events"]}
    assert facts.base_rates == {h: c["base_rate"] for h, c in counts.items()}
    assert facts.performance == {"t1": {"auc": [0.7, 0.6, 0.8], "brier": [0.2, 0.1, 0.3]}}
    assert facts.cohort_sha256 == plan.patients.cohort.sha256
    assert facts.seed == 3


def test_the_model_of_one_centre_says_whose_it_is(plan: UpdatePlan) -> None:
    alone = replace(plan, centre="North", is_known=True)
    facts = make_update_facts(alone, describe_updated(plan, None).counts, {"t1": TABLE})
    assert facts.notes[0].startswith("The model of North alone: updated from version 4")
    assert "of several centres" in facts.notes[0]


def test_the_interval_of_one_centres_model_promises_nothing_at_a_new_one(plan: UpdatePlan) -> None:
    members = {"network": 0.8, "prevalence": 0.2}
    facts = replace(plan.parent.facts, blend={"response": members, "kept": members})
    assert "wider, at a new one" in name_statements(facts)["interval"]
    alone = replace(plan, parent=replace(plan.parent, facts=facts), centre="North")
    updated = make_update_facts(alone, describe_updated(plan, None).counts, {"t1": TABLE})
    told = name_statements(updated)["interval"]
    assert told == tell_interval(by_evidence=False, at_one_centre=True)
    assert "of the one centre whose model this is" in told
    who = name_statements(updated)["who"]
    assert "was adapted to patients of one centre. Those with the outcome there: " in who
    again = replace(plan, parent=replace(plan.parent, facts=updated))
    later = make_update_facts(again, describe_updated(plan, None).counts, {"t1": TABLE})
    assert name_statements(later)["interval"] == told


def test_what_was_asked_stays_and_nothing_is_approved(plan: UpdatePlan) -> None:
    parent = plan.parent.facts
    facts = make_update_facts(plan, describe_updated(plan, None).counts, {"t1": TABLE})
    for name in ("name", "rule", "eligibility", "training_ranges", "study_sha256", "outcomes"):
        assert getattr(facts, name) == getattr(parent, name)
    assert (facts.version, facts.run_id, facts.card_sha256) == ("unregistered", None, None)
    assert facts.status == "research"
    assert facts.earlier_cohorts == [*parent.earlier_cohorts, parent.cohort_sha256]
    assert facts.patients_sha256 == plan.patients.data.sha256 != ""
    grandchild = replace(plan, parent=replace(plan.parent, facts=facts))
    later = make_update_facts(grandchild, describe_updated(plan, None).counts, {"t1": TABLE})
    assert later.earlier_cohorts[-2:] == [facts.cohort_sha256, facts.patients_sha256]
    assert facts.notes[1:] == parent.notes
    assert "Updated from version 4 (digest dddddddddddd) on" in facts.notes[0]
    assert plan.words in facts.notes[0]


def test_a_refitted_outcome_has_no_blend_left(plan: UpdatePlan) -> None:
    counts = describe_updated(plan, None).counts
    tests = {
        name: replace(test, method="refit" if name == "kept" else "intercept")
        for name, test in plan.update.tests.items()
    }
    other = replace(plan, update=replace(plan.update, tests=tests))
    blend = make_update_facts(other, counts, {}).blend
    assert blend == {**plan.parent.facts.blend, "kept": {"refit": 1.0}}


def test_simulated_patients_and_a_panel_left_out_are_told(plan: UpdatePlan) -> None:
    counts = describe_updated(plan, None).counts
    simulated = make_facts(version="4", panel={"assays": []})
    parent = replace(plan.parent, facts=simulated)
    facts = make_update_facts(replace(plan, parent=parent), counts, {})
    assert facts.status == "demonstration" and facts.synthetic
    assert facts.panel is None and facts.submodel == "clinical"
    assert "sub-model for patients with a microRNA panel" in facts.notes[-1]


def test_the_run_tells_estimates_closed_tests_and_whom_it_may_be_compared_with(
    plan: UpdatePlan,
) -> None:
    counts = describe_updated(plan, None).counts
    performance = {"t1": TABLE, "t2": TABLE}
    facts = make_update_facts(plan, counts, performance)
    design = make_update_design(plan, None)
    judgements = {h: _Judged(table) for h, table in performance.items()}
    assessment = Assessment(None, judgements)  # type: ignore[arg-type]
    record = make_update_record(plan, facts, design, assessment)
    assert record.kind == "update" and record.study == "example"
    assert (record.metrics["t1_auc"], record.metrics["t1_auc_low"]) == (0.7, 0.6)
    assert record.metrics["t2_n"] == counts["t2"]["n"]
    likelihood = plan.update.tests["response"].table["log_likelihood"]
    for method in ("keep", "refit"):
        name = f"response_log_likelihood_{method}"
        assert record.metrics[name] == pytest.approx(likelihood[method])
    assert record.params["parent"] == "example:4"
    assert record.params["outer_cv"] == "20 x 5"
    assert plan.lineage.items() <= record.tags.items()
    assert record.tags["cohort_synthetic"] == "false"
    other = make_update_record(replace(plan, seed=4), facts, design, assessment)
    assert record.tags[EVALUATION_TAG] != other.tags[EVALUATION_TAG]
    assert record.note == facts.notes[0]


class _Judged:
    """A horizon's judgement as far as the record reads it."""

    instability = None

    def __init__(self, performance: pd.DataFrame) -> None:
        self.performance = performance
