"""Responder rules: how they are written, whom they make a responder, and what they are called."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.dictionary.contract import CONTRACT
from features.dictionary.rule import RULES, Rule, is_rule, read_rule
from features.dictionary.scale import OutcomeScale, with_scale
from features.dictionary.schema import Dictionary
from features.errors import InputError

MM = with_scale(CONTRACT, OutcomeScale(min=0, max=100, label="Pain (VAS)", unit="mm"))
PANSS = with_scale(CONTRACT, OutcomeScale(min=30, max=210, label="Total score"))
FUNCTION = with_scale(
    CONTRACT, OutcomeScale(min=0, max=50, higher_is_worse=False, label="Function")
)
RELIEF = with_scale(
    CONTRACT,
    OutcomeScale(
        min=0, max=100, higher_is_worse=False, label="Pain relief", unit="%", before=False
    ),
)
NAN = float("nan")


def _met(rule: Rule, before: float, after: float) -> bool:
    return bool(rule.is_met(np.array([before]), np.array([after]))[0])


@pytest.mark.parametrize(
    ("text", "dictionary", "before", "just", "short"),
    [
        ("fall >= 20", MM, 65, 45, 45.1),
        ("fall = 30%", MM, 70, 49, 49.1),
        ("fall >= 30 %", MM, 70, 49, 49.1),
        ("fall >= 20 mm", MM, 65, 45, 45.1),
        ("fall>=0.5", CONTRACT, 7, 6.5, 6.6),
        ("fall \u2265 20", MM, 65, 45, 45.1),
        ("score <= 30", MM, NAN, 30, 30.5),
        # From the best score, which is 30: half of 90 above it.
        ("fall = 50%", PANSS, 120, 75, 76),
        ("fall50", PANSS, 120, 75, 76),
        ("rise >= 10", FUNCTION, 20, 30, 29),
        ("score >= 30", RELIEF, 8, 30, 29.5),
        ("score >= 30 %", RELIEF, 8, 30, 29.5),
    ],
)
def test_a_rule_is_met_from_its_amount_on(
    text: str, dictionary: Dictionary, before: float, just: float, short: float
) -> None:
    rule = read_rule(text, dictionary)
    assert (_met(rule, before, just), _met(rule, before, short)) == (True, False)
    assert not _met(rule, before, NAN)
    assert is_rule(text)


@pytest.mark.parametrize(
    ("text", "dictionary", "offered"),
    [
        ("fall20", CONTRACT, '"fall2_or_success" or "fall30" or "fall50" or "fall >= 3"'),
        # Two points of ten are not two of a hundred.
        ("fall2_or_success", MM, '"fall >= 30" or "fall = 30%" or "score <= 30"'),
        ("rise >= 20", MM, '"fall >= 30"'),
        ("fall <= 20", MM, '"fall >= 30"'),
        ("score >= 30", MM, '"score <= 30"'),
        ("score = 30", MM, '"score <= 30"'),
        ("score <= 100", MM, '"score <= 30"'),  # everybody
        ("fall >= 0", MM, '"fall >= 30"'),
        ("fall >= 101", MM, '"fall >= 30"'),
        ("fall = 101%", MM, '"fall = 30%"'),
        ("fall >= 2 cm", MM, '"fall >= 30"'),
        ("fall >= 1.2.3", MM, '"fall >= 30"'),
        ("fall >= 1,500", MM, '"fall >= 30"'),
        ("fall >= 10", FUNCTION, '"rise >= 15" or "score >= 35"'),
        ("rise = 30%", FUNCTION, '"rise >= 15"'),
        ("rise >= 20", RELIEF, ': "score >= 70"'),
        ("fall2_or_success", RELIEF, ': "score >= 70"'),
        ("", CONTRACT, '"fall30"'),
    ],
)
def test_what_does_not_go_with_the_scale_is_refused_with_what_does(
    text: str, dictionary: Dictionary, offered: str
) -> None:
    with pytest.raises(InputError) as caught:
        read_rule(text, dictionary)
    [problem] = caught.value.problems
    assert offered in problem.expected
    assert dictionary["nrs_t1"].name_scale() in problem.expected


@pytest.mark.parametrize("dictionary", [CONTRACT, MM, PANSS, FUNCTION, RELIEF])
def test_every_rule_that_is_offered_can_be_had(dictionary: Dictionary) -> None:
    with pytest.raises(InputError) as caught:
        read_rule("?", dictionary)
    offered = caught.value.problems[0].expected.split('"')[1::2]
    assert offered
    for text in offered:
        assert read_rule(text, dictionary).text == text


def test_words_say_what_is_measured_in_its_unit() -> None:
    rule = read_rule("fall >= 20 or success", MM)
    assert rule.past == (
        "Pain (VAS) fell by at least 20 mm from before treatment, or the record calls the "
        "treatment successful"
    )
    assert rule.state == (
        "Pain (VAS) at least 20 mm lower than before treatment, or the record calls the "
        "treatment successful"
    )
    assert read_rule("fall = 50%", PANSS).past == (
        "Total score fell by at least 50% from before treatment (counted from the best score, 30)"
    )
    assert read_rule("score >= 30", RELIEF).past == "Pain relief is at least 30%"
    assert read_rule("rise >= 10", FUNCTION).state == (
        "Function at least 10 points higher than before treatment"
    )
    assert read_rule("fall30", CONTRACT).state == "pain at least 30% lower than before treatment"
    assert read_rule("fall30", MM).state == "Pain (VAS) at least 30% lower than before treatment"


def test_a_model_of_before_other_scales_has_the_numeric_rating_scale() -> None:
    items = CONTRACT.to_list()
    for item in items:
        del item["measure"], item["better"]
    assert read_rule("fall2_or_success", Dictionary.from_list(items)) == RULES["fall2_or_success"]


@given(
    st.sampled_from([("fall >= {}", MM), ("fall = {}%", MM), ("rise >= {}", FUNCTION)]),
    st.integers(1, 50),
    st.integers(0, 50),
    st.integers(0, 50),
)
def test_more_of_the_better_never_unmakes_a_responder(
    kind: tuple[str, Dictionary], amount: int, before: int, after: int
) -> None:
    rule = read_rule(kind[0].format(amount), kind[1])
    better = max(after - 1, 0) if rule.way == "fall" else min(after + 1, 50)
    assert _met(rule, before, better) >= _met(rule, before, after)
    # Who has no room cannot meet it, even at the best score there is.
    if rule.has_no_room(np.array([float(before)]))[0]:
        assert not _met(rule, before, rule.low if rule.way == "fall" else rule.high)


def test_per_cent_means_one_thing() -> None:
    disability = with_scale(CONTRACT, OutcomeScale(min=0, max=100, label="ODI", unit="%"))
    absolute, relative = read_rule("fall >= 30", disability), read_rule("fall = 30%", disability)
    assert "by at least 30 percentage points from" in absolute.past
    assert "by at least 30% from" in relative.past
    assert (_met(absolute, 60, 40), _met(relative, 60, 40)) == (False, True)
    better = with_scale(
        CONTRACT, OutcomeScale(min=0, max=100, higher_is_worse=False, label="Score", unit="%")
    )
    with pytest.raises(InputError, match="rise >= 30"):
        read_rule("rise = 30%", better)
    assert _met(read_rule("Rise >= 30", better), 20, 50)


def test_a_score_may_be_below_0() -> None:
    relief = with_scale(
        CONTRACT, OutcomeScale(min=-100, max=100, higher_is_worse=False, label="Relief", unit="%")
    )
    rule = read_rule("score >= -20%", relief)
    assert (_met(rule, NAN, -20), _met(rule, NAN, -21)) == (True, False)
    for text in ("score >= -101", "rise >= -5"):
        with pytest.raises(InputError):
            read_rule(text, relief)
