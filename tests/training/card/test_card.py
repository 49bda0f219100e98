"""The card as a document: its shape, its digest, and what it takes from where."""

import dataclasses
import hashlib
import json
from pathlib import Path

import pytest

import training
from features.errors import KetresponseError
from features.published.safety import SAFETY_FACTS
from tests.training.helpers.cards import DIGEST, full_author, small_card, small_facts, small_results
from training.card.card import compute_body_sha256, make_card, read_card, write_card
from training.card.schema import CardDocument
from training.store.results import Results, make_json_schema


def test_the_published_schema_is_the_one_that_is_checked() -> None:
    path = Path(training.__file__).parent / "card" / "model_card.schema.json"
    schema = make_json_schema(CardDocument, "ketresponse model card")
    assert json.loads(path.read_text(encoding="utf-8")) == schema


def test_the_digest_is_that_of_the_canonical_body() -> None:
    # {"a":"é","b":1}, keys sorted, no spaces, UTF-8
    expected = hashlib.sha256('{"a":"é","b":1}'.encode()).hexdigest()
    assert compute_body_sha256({"b": 1, "a": "é"}) == expected


def test_a_card_survives_its_file(tmp_path: Path) -> None:
    card = small_card()
    path = write_card(card, tmp_path)
    assert read_card(tmp_path) == read_card(path) == card
    assert set(json.loads(path.read_text())) == {"schema_version", "body"}


def test_the_same_run_and_author_give_the_same_digest() -> None:
    assert small_card().sha256 == small_card().sha256


def test_whatever_an_author_says_changes_the_digest() -> None:
    other = full_author() | {"openness.funding": "someone else"}
    assert small_card(author=other).sha256 != small_card().sha256


def test_a_changed_number_changes_the_digest(tmp_path: Path) -> None:
    card = small_card()
    path = write_card(card, tmp_path)
    document = json.loads(path.read_text())
    document["body"]["results"]["counts"]["t1"]["events"] += 1
    path.write_text(json.dumps(document))
    assert read_card(tmp_path).sha256 != card.sha256


def test_the_layout_of_the_file_does_not_change_the_digest(tmp_path: Path) -> None:
    card = small_card()
    path = write_card(card, tmp_path)
    path.write_text(json.dumps(json.loads(path.read_text()), sort_keys=True))
    assert read_card(tmp_path).sha256 == card.sha256


def test_authors_are_told_to_the_review() -> None:
    assert small_card().authors == ("alice", "Dr. B. Writer")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema_version": 2, "body": {}}'])
def test_what_is_no_card_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "card.json").write_text(text)
    with pytest.raises(KetresponseError, match="card"):
        read_card(tmp_path)


def test_a_folder_without_a_card_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(KetresponseError, match="card make"):
        read_card(tmp_path)


def test_the_results_of_another_run_are_refused() -> None:
    results = small_results()
    results["cohort"]["sha256"] = "0" * 64
    with pytest.raises(KetresponseError, match="not those of small"):
        make_card(small_facts(), DIGEST, Results.model_validate(results), full_author())


def test_the_words_that_must_stand_on_every_card_are_there() -> None:
    words = " ".join(small_card().body.statements)
    for needed in (
        "not the benefit over placebo",
        "1.4 points",
        "4.5 points",
        "no clearance",
        "Liver enzymes",
        "psychosis",
        "no ground to refuse",
        "not causes",
        "first visit",
    ):
        assert needed in words


def test_safety_has_source_and_count() -> None:
    safety = small_card().body.safety
    assert len(safety) == len(SAFETY_FACTS)
    assert all(fact.source and fact.n for fact in safety)


def test_another_condition_has_no_ketamine_side_effects_and_no_crps_words() -> None:
    facts = dataclasses.replace(small_facts(), condition="sciatica")
    results = small_results()
    results["study"]["condition"] = "sciatica"
    body = make_card(facts, DIGEST, Results.model_validate(results), full_author()).body
    assert body.safety == body.base_rates == []
    assert "Sigtermans" not in " ".join(body.statements)


def test_plain_words_come_first_and_admit_what_is_not_known() -> None:
    plain = small_card().body.plain
    assert plain.what.startswith("Before admission, the probability of")
    assert "any other hospital" in plain.how_sure[-1]
    assert any("refuse treatment" in line for line in plain.when_not)
