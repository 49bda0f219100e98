from features.published.references import CHITNENI, MANGNUS, SIGTERMANS, ZHAO
from features.published.safety import SAFETY_FACTS, describe_safety


def test_side_effects_are_context_for_ketamine_in_crps_only() -> None:
    facts = describe_safety("CRPS")
    assert {"matter": "dizziness", "events": 14, "n": 48}.items() <= facts[1].items()
    assert all(fact["source"] for fact in facts)
    assert describe_safety("chronic back pain") == []


def test_safety_facts_are_counts_with_a_source() -> None:
    facts = {(fact.matter, fact.reference.study): fact for fact in SAFETY_FACTS}
    for fact in SAFETY_FACTS:
        assert 0 <= fact.events <= fact.n
        assert fact.reference in (MANGNUS, SIGTERMANS, ZHAO, CHITNENI)
        assert (fact.placebo_events is None) == (fact.placebo_n is None)
    # Mangnus 2021 Table 2: 30 of 48 with any; of those 8 nausea, 0 hallucinations.
    any_effect = facts["any side effect", "Mangnus"]
    assert (any_effect.events, any_effect.n) == (30, 48)
    assert facts["hallucinations", "Mangnus"].events == 0
    # Sigtermans 2009, results: 93% against 17%, 63 against 17, 47 against 10, 37 against 33.
    for matter, ketamine, placebo in (
        ("psychomimetic effects", 93, 17),
        ("nausea", 63, 17),
        ("vomiting", 47, 10),
        ("headache", 37, 33),
    ):
        fact = facts[matter, "Sigtermans"]
        assert fact.placebo_events is not None and fact.placebo_n is not None
        assert round(100 * fact.rate) == ketamine
        assert round(100 * fact.placebo_events / fact.placebo_n) == placebo
