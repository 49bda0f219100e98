"""What a model knows about itself: read back as written, or refused with every reason."""

import json

import pytest

from features.errors import InputError, KetresponseError
from features.texts import say, say_count
from tests.training.helpers.examples import make_facts
from training.store.facts import STATUSES, ModelFacts, package_versions


def test_facts_come_back_from_json_as_they_were():
    facts = make_facts()
    again = ModelFacts.from_dict(json.loads(json.dumps(facts.to_dict(), allow_nan=False)))
    assert again == facts


def test_a_number_that_is_none_is_written_as_nothing():
    assert make_facts().performance["t1"]["slope"] == [0.8, 0.1, None]


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("synthetic", [True, False])
def test_a_model_of_simulated_patients_is_a_demonstration_and_no_other_is(status, synthetic):
    if synthetic == (status == "demonstration"):
        assert make_facts(status=status, synthetic=synthetic).status == status
        return
    with pytest.raises(KetresponseError, match='is "demonstration" for ever, and no other is'):
        make_facts(status=status, synthetic=synthetic)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rule": "feels_better"}, "such as fall30; got 'feels_better'"),
        ({"status": "blessed", "synthetic": False}, "status is one of"),
    ],
)
def test_an_unknown_rule_or_status_is_refused(changes, words):
    with pytest.raises(KetresponseError, match=words):
        make_facts(**changes)


def test_every_fact_that_cannot_be_is_named_at_once():
    values = make_facts().to_dict()
    del values["seed"]
    values |= {"synthetic": "yes", "colour": "red", "counts": []}
    with pytest.raises(InputError) as caught:
        ModelFacts.from_dict(values)
    found = {problem.column: problem.got for problem in caught.value.problems}
    assert found == {"colour": "str", "seed": "nothing", "synthetic": "str", "counts": "list"}


def test_the_versions_are_those_that_run():
    found = package_versions()
    assert found["numpy"] == __import__("numpy").__version__
    assert found["python"].startswith("3.")


def test_a_text_can_be_said_again_by_what_it_was_made_of():
    kept = say("{n} of {who}", n=3, who=say_count("{count} patient", "{count} patients", 5))
    facts = make_facts(notes=[kept, say("whole"), "plain {n}"])
    again = ModelFacts.from_dict(json.loads(json.dumps(facts.to_dict())))
    assert again == facts and type(facts.notes[0]) is str
    told = again.say("3 of 5 patients")
    assert (told.pattern, told.values["who"].plural) == ("{n} of {who}", "{count} patients")
    assert [again.say(note) for note in again.notes] == ["3 of 5 patients", "whole", "plain {n}"]


@pytest.mark.parametrize(
    "parts",
    [
        {"pattern": "{n} of 6", "plural": "", "counted": None, "values": {"n": 3}},
        {"pattern": "{m}", "plural": "", "counted": None, "values": {"n": 3}},
        {"pattern": "{}", "plural": "", "counted": None, "values": {"n": 3}},
        {"pattern": "3 of 5", "values": {}},
        "3 of 5",
        None,
    ],
)
def test_a_text_is_made_of_nothing_else(parts):
    with pytest.raises(KetresponseError, match="not made of what its facts say"):
        make_facts(notes=["3 of 5"], made_of={"3 of 5": parts})
