"""The standing sentences: what a number is, for whom, and what it is not."""

import pytest

from features.dictionary.outcome_words import describe_outcomes
from features.dictionary.rule import RULES
from tests.places import PROJECT
from tests.training.helpers.examples import make_facts
from training.store.statements import COVERAGE, make_statements, plain, stamp, tell_interval


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("demonstration", "Demonstration: this model was made from simulated patients."),
        ("research", "must not guide the care of a patient"),
        ("approved", "supports a clinician's judgement and does not replace it"),
        ("refused", "This model is refused and must not be used."),
        ("withdrawn", "This model is withdrawn and must not be used."),
    ],
)
def test_each_status_has_its_stamp(status, words):
    assert words in stamp(status)


def test_silent_evaluation_withholds_and_claims_no_record():
    told = stamp("approved for silent evaluation only")
    assert told.startswith("Approved for silent evaluation only, by two people")
    assert "withheld from those who treat the patient" in told
    assert "are recorded" not in told
    assert stamp("approved") != told


def test_words_of_the_dictionary_become_plain():
    assert plain("s_ketamine or racemic_ketamine") == "S-ketamine or racemic ketamine"


def test_the_stamp_is_first_the_notes_last_and_the_counts_between():
    facts = make_facts(notes=["One note.", "Another."])
    told = make_statements(facts)
    assert told[0] == stamp("demonstration")
    assert told[-2:] == ("One note.", "Another.")
    assert told[1] == (
        "The estimate rests on Simulated adults with CRPS, given Low-dose intravenous S-ketamine. "
        "Those with the outcome: 48 of 80 (Responder at discharge); 28 of 70 (Still a responder "
        "at follow-up)."
    )
    assert tell_interval(by_evidence=False) in told
    assert "A low estimate alone is no ground to refuse treatment." in told


def test_what_is_known_of_crps_is_said_of_crps_models_only():
    words = describe_outcomes(RULES["fall30"], ("t1", "t2"), condition="CRPS")
    crps = " ".join(make_statements(make_facts(outcomes=words)))
    other = " ".join(make_statements(make_facts(outcomes=words, condition="chronic back pain")))
    for said in ("about 4 weeks later", "Sigtermans 2009", "Liver enzymes"):
        assert said in crps
        assert said not in other
    assert "not the benefit over placebo" in other
    assert "says nothing about harm" in other
    alone = make_facts(outcomes={"t1": words["t1"]})
    assert "about 4 weeks later" not in " ".join(make_statements(alone))


def test_a_follow_up_that_the_study_words_itself_is_not_called_4_weeks():
    own = make_facts(outcomes={"t2": "relief 12 months after discharge"})
    late = describe_outcomes(RULES["fall30"], ("t2",), condition="CRPS", follow_up=52)
    for facts in (own, make_facts(outcomes=late)):
        assert "4 weeks" not in " ".join(make_statements(facts))


@pytest.mark.parametrize(
    ("way", "title"),
    [
        ("evidence", "## The patient's 95% interval"),
        ("blend", "## The interval of a blend by cross-validation"),
    ],
)
def test_the_caveat_tells_the_worst_coverage_that_was_measured_at_any_size(
    way: str, title: str
) -> None:
    text = (PROJECT / "docs" / "known_truth.md").read_text(encoding="utf-8")
    section = text.split(title)[1].split("\n## ")[0]
    lines = [line.strip("| ").split(" | ") for line in section.splitlines() if line[:1] == "|"]
    head = lines[0]
    sizes = [int(name) for name in head if name.isdigit()]
    rows = [line for line in lines[2:] if line[1] in {"yes", "no"}]
    assert len(rows) == 25

    def find_worst(known: set[str]) -> dict[int, float]:
        cells = [row[-len(sizes) :] for row in rows if row[head.index("known")] in known]
        columns = zip(sizes, zip(*cells, strict=True), strict=True)
        return {n: min(float(cell.split()[0]) for cell in column) for n, column in columns}

    assert (find_worst({"yes"}), find_worst({"yes", "no"})) == COVERAGE[way]
    told = tell_interval(by_evidence=way == "evidence")
    for found in COVERAGE[way]:
        first, *others = found.items()
        assert f"{round(100 * first[1])} of 100 with {first[0]} patients" in told
        assert all(f"{round(100 * share)} with {n}" in told for n, share in others)
