"""The outcome in plain words: what is known of CRPS is said of CRPS only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.dictionary.outcome import HORIZONS
from features.dictionary.outcome_words import describe_outcomes, name_horizon
from features.dictionary.rule import RULES


def test_a_crps_course_has_a_discharge_and_a_first_follow_up() -> None:
    assert describe_outcomes(RULES["fall2_or_success"], ("t1", "t2"), condition="CRPS") == {
        "t1": "response at discharge (T1): pain at least 2 points lower than before treatment, or "
        "the record calls the treatment successful",
        "t2": "sustained response: a responder at discharge (T1) and still one at the first "
        "follow-up (T2), about 4 weeks after discharge at uneven intervals",
    }
    assert describe_outcomes(RULES["fall50"], ("t2",), condition="CRPS")["t2"] == (
        "relief at the first follow-up (T2), about 4 weeks after discharge at uneven intervals: "
        "pain at least 50% lower than before treatment"
    )


def test_another_condition_has_t1_and_t2() -> None:
    assert describe_outcomes(RULES["fall30"], ("t1", "t2"), condition="sciatica") == {
        "t1": "relief at T1: pain at least 30% lower than before treatment",
        "t2": "sustained response: a responder at T1 and still one at T2",
    }
    told = describe_outcomes(RULES["fall2_or_success"], ("t2",), condition="sciatica", follow_up=52)
    assert told["t2"].startswith("response at T2 (after a median of 52 weeks): pain at least 2")


@pytest.mark.parametrize(
    ("weeks", "words"),
    [
        (None, "about 4 weeks after discharge"),
        (5.0, "about 4 weeks after discharge"),
        (52.0, "after a median of 52 weeks"),
        (1.04, "after a median of 1 week"),
    ],
)
def test_a_crps_cohort_that_was_followed_longer_is_not_called_4_weeks(
    weeks: float | None, words: str
) -> None:
    told = describe_outcomes(RULES["fall30"], ("t1", "t2"), condition="CRPS", follow_up=weeks)["t2"]
    assert words in told
    assert ("4 weeks" in told) == ("4 weeks" in words)


@given(
    st.sampled_from(list(RULES)),
    st.sampled_from(HORIZONS),
    st.text(max_size=20).filter(lambda condition: condition != "CRPS"),
    st.none() | st.floats(0, 520),
)
def test_no_other_study_speaks_of_a_discharge(
    rule: str, horizons: tuple[str, ...], condition: str, weeks: float | None
) -> None:
    told = describe_outcomes(RULES[rule], horizons, condition=condition, follow_up=weeks)
    assert set(told) == set(horizons)
    assert not any(word in str(told) for word in ("discharge", "follow-up", "about"))
    assert all(name_horizon(h, condition) == h.upper() in told[h] for h in horizons)
    if "t2" in horizons and weeks is not None:
        assert f"{round(weeks, 1):g} week" in told["t2"]
