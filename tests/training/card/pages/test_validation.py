"""A later run's result in other patients, on the card."""

import pytest

from features.errors import InputError
from tests.training.helpers.cards import DIGEST, full_author, small_card, small_facts, small_results
from training.card.card import make_card
from training.card.gates import compute_gates
from training.card.pages.validation import add_validation
from training.store.found import OtherPatients
from training.store.part import NotDone
from training.store.results import Results
from training.store.tracking import TrackedRun


def _results() -> Results:
    return Results.model_validate(small_results())


def _run(**tags: str) -> TrackedRun:
    return TrackedRun(
        run_id="run2",
        name="validation",
        params={},
        files=(),
        metrics={
            "t1_n": 60,
            "t1_auc": 0.61,
            "t1_auc_low": 0.5,
            "t1_auc_high": 0.7,
            "t1_o_e": 1.1,
            "t2_o_e": 0.9,
            "t1_sites_o_e": 1.5,
        },
        tags={
            "ketresponse.kind": "validation",
            "ketresponse.model_digest": DIGEST,
            "ketresponse.is_training_cohort": "false",
            "cohort_synthetic": "true",
            **tags,
        },
    )


def test_the_result_and_its_run_stand_on_the_card() -> None:
    results = add_validation(_results(), _run(), digest=DIGEST)
    sites = results.sites
    assert isinstance(sites, OtherPatients)
    assert sites.o_e == {"t1": 1.1, "t2": 0.9}
    assert "run2" in sites.text
    assert "60 patients, AUC 0.61 (0.50 to 0.70)" in sites.text
    body = make_card(small_facts(), DIGEST, results, full_author()).body
    assert compute_gates(body)[8].status == "pass"
    assert not any("No external validation" in line for line in body.limitations)
    assert "It has not been tried" not in " ".join(body.plain.how_sure)


def test_sites_left_out_count_where_study_and_cohort_are_the_models() -> None:
    results = _results()
    run = _run(
        **{"ketresponse.kind": "leave-site-out"},
        study_sha256=results.study.sha256,
        cohort_sha256=results.cohort.sha256,
    )
    sites = add_validation(results, run, digest="x").sites
    assert isinstance(sites, OtherPatients)
    assert sites.o_e == {"t1": 1.5, "t2": None}


@pytest.mark.parametrize(
    ("tags", "match"),
    [
        ({"ketresponse.model_digest": "another"}, "another model"),
        ({"ketresponse.centre": "North"}, "one centre's own; run `ketresponse validate` without"),
        ({"ketresponse.is_training_cohort": "true"}, "made from"),
        ({"ketresponse.kind": "training"}, "a validation"),
        ({"ketresponse.kind": "leave-site-out", "study_sha256": "x"}, "study"),
    ],
)
def test_a_run_that_is_no_validation_of_this_model_is_refused(
    tags: dict[str, str], match: str
) -> None:
    with pytest.raises(InputError) as caught:
        add_validation(_results(), _run(**tags), digest=DIGEST)
    assert match in caught.value.report()


def test_simulated_patients_validate_no_model_of_real_ones() -> None:
    results = small_results()
    results["cohort"]["synthetic"] = False
    with pytest.raises(InputError, match="real patients"):
        add_validation(Results.model_validate(results), _run(), digest=DIGEST)


def test_results_without_validation_are_left_as_they_were() -> None:
    results = _results()
    add_validation(results, _run(), digest=DIGEST)
    assert results == _results()
    assert isinstance(small_card().body.results.sites, NotDone)
