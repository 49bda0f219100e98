"""Which update new patients ask for, and when none is tested."""

from dataclasses import replace

import numpy as np
import pytest

from features.errors import InputError, NotEnoughData
from tests.training.helpers.centres import add_centres
from tests.training.helpers.cohorts import write_cohort
from tests.training.helpers.examples import make_facts, make_model
from training.store.artifact import LoadedModel
from training.updating.closed_testing import METHODS
from training.updating.plan import make_plan
from training.validation.new_patients import NewPatients, read_new_patients


@pytest.fixture(scope="module")
def loaded() -> LoadedModel:
    facts = make_facts(synthetic=False, status="research", version="4")
    return LoadedModel(make_model(), facts, "d" * 64)


@pytest.fixture(scope="module")
def patients(loaded: LoadedModel, tmp_path_factory: pytest.TempPathFactory) -> NewPatients:
    file = write_cohort(tmp_path_factory.mktemp("cohort") / "c.csv", 160, seed=5)
    return read_new_patients(loaded, file)


def _keep(patients: NewPatients, events: int, others: int) -> NewPatients:
    """Return the patients with only so many known outcomes of either class at T1."""
    y = patients.data.y["t1"].copy()
    for value, n in ((1, events), (0, others)):
        y[np.flatnonzero(y == value)[n:]] = np.nan
    data = replace(patients.data, y={**patients.data.y, "t1": y})
    return replace(patients, data=data)


def test_a_plan_says_what_is_done_and_leads_to_its_parent(
    loaded: LoadedModel, patients: NewPatients
) -> None:
    plan = make_plan(loaded, patients, alpha=0.05, seed=3)
    methods = {name: test.method for name, test in plan.update.tests.items()}
    assert plan.words == "; ".join(f"{name}: {METHODS[m]}" for name, m in methods.items())
    assert plan.lineage == {
        "ketresponse.parent_version": "4",
        "ketresponse.parent_digest": "d" * 64,
        "ketresponse.method": "; ".join(f"{name}: {m}" for name, m in methods.items()),
    }
    assert (plan.seed, plan.alpha) == (3, 0.05)


def test_the_closed_tests_do_not_depend_on_the_seed(
    loaded: LoadedModel, patients: NewPatients
) -> None:
    first, second = (make_plan(loaded, patients, seed=seed) for seed in (0, 1))
    X = patients.data.X
    np.testing.assert_array_equal(first.update.probability(X), second.update.probability(X))
    one, two = (p.update.model.working_first.draws for p in (first, second))
    assert (one != two).any()
    untold = make_plan(loaded, patients)
    assert (untold.alpha, untold.seed) == (0.05, 0)
    np.testing.assert_array_equal(untold.update.model.working_first.draws, one)


def test_a_stricter_level_changes_no_more_than_a_laxer_one(
    loaded: LoadedModel, patients: NewPatients
) -> None:
    order = list(METHODS)
    strict, lax = (make_plan(loaded, patients, alpha=a).update.tests for a in (1e-9, 0.999999))
    for name in strict:
        assert order.index(strict[name].method) <= order.index(lax[name].method)
    assert lax["response"].method == "refit"


@pytest.mark.parametrize(
    ("model", "cohort", "expected"),
    [(False, False, False), (True, False, True), (False, True, True), (True, True, True)],
)
def test_simulated_parents_or_patients_make_a_demonstration(
    loaded: LoadedModel, patients: NewPatients, model: bool, cohort: bool, expected: bool
) -> None:
    parent = replace(
        loaded, facts=make_facts(synthetic=model, status="demonstration" if model else "research")
    )
    whom = replace(patients, cohort=replace(patients.cohort, synthetic=cohort))
    assert make_plan(parent, whom).synthetic is expected


def test_the_same_patients_and_other_horizons_are_told_together(
    loaded: LoadedModel, patients: NewPatients
) -> None:
    data = replace(patients.data, horizons=("t1",))
    whom = replace(patients, data=data, is_training_cohort=True)
    with pytest.raises(InputError) as caught:
        make_plan(loaded, whom)
    assert [(p.column, p.got) for p in caught.value.problems] == [
        ("cohort", "the same"),
        ("outcomes", "t1"),
    ]
    assert "t1 and t2" in caught.value.problems[1].expected


@pytest.mark.parametrize(("events", "others"), [(9, 40), (40, 9)])
def test_fewer_than_ten_of_a_class_test_nothing(
    loaded: LoadedModel, patients: NewPatients, events: int, others: int
) -> None:
    told = f"{events} responders and {others} nonresponders at T1.*at least 10"
    with pytest.raises(NotEnoughData, match=told):
        make_plan(loaded, _keep(patients, events, others))
    enough = make_plan(loaded, _keep(patients, max(events, 10), max(others, 10)))
    assert not enough.update.tests["response"].reason.startswith("9 ")
    assert enough.update.tests["response"].n == max(events, 10) + max(others, 10)


@pytest.fixture(scope="module")
def of_centres(loaded: LoadedModel) -> LoadedModel:
    return replace(loaded, model=add_centres(loaded.model, {"North": 3.0, "South": -0.3}))


def test_a_model_of_several_centres_becomes_that_of_one(
    of_centres: LoadedModel, patients: NewPatients
) -> None:
    plan = make_plan(of_centres, patients, centre="north")
    assert (plan.centre, plan.is_known) == ("North", True)
    assert plan.update.model.centres == plan.parent.model.centres == ()
    assert plan.lineage["ketresponse.centre"] == "North"
    # What is tested is North's own model: the same as to update that alone.
    alone = replace(of_centres, model=of_centres.model.at("North"))
    X = patients.data.X
    np.testing.assert_array_equal(
        plan.update.probability(X), make_plan(alone, patients).update.probability(X)
    )
    assert plan.update.tests["response"].method != "keep"  # it is wrong by log-odds of 3


def test_a_centre_that_the_model_does_not_know_begins_as_a_new_one(
    of_centres: LoadedModel, loaded: LoadedModel, patients: NewPatients
) -> None:
    at_west = replace(patients, sites=np.full(len(patients.data), "West"))
    plan = make_plan(of_centres, at_west)
    assert (plan.centre, plan.is_known) == ("West", False)
    X = patients.data.X
    np.testing.assert_array_equal(
        plan.update.probability(X), make_plan(loaded, patients).update.probability(X)
    )


def test_of_several_centres_one_has_to_be_named(
    of_centres: LoadedModel, loaded: LoadedModel, patients: NewPatients
) -> None:
    assert len(set(patients.sites.tolist())) > 1
    with pytest.raises(InputError, match="a model of several centres is updated at one"):
        make_plan(of_centres, patients)
    with pytest.raises(InputError, match="of one cohort and knows no centres"):
        make_plan(loaded, patients, centre="North")


def test_patients_of_another_of_its_centres_are_not_taken_for_ones_own(
    of_centres: LoadedModel, patients: NewPatients
) -> None:
    sites = np.where(np.arange(len(patients.data)) < 5, "south", "North")
    with pytest.raises(InputError) as caught:
        make_plan(of_centres, replace(patients, sites=sites), centre="NORTH")
    (problem,) = caught.value.problems
    assert problem.expected == "patients of NORTH"
    assert problem.got == "patients of South, by the cohort's column site"
