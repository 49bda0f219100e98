"""No number where the outcome cannot be reached, whatever the rule, nor where little is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.dictionary.contract import CONTRACT
from features.dictionary.rule import RULES, read_rule
from features.dictionary.scale import OutcomeScale, with_scale
from features.dictionary.schema import Dictionary
from tests.training.helpers.examples import PREDICTORS, make_model
from training.model.reach import CANNOT_BE_MET, TOO_LITTLE_KNOWN, Reach

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
KNOWN: dict[str, float | str | None] = {
    "nrs_t0": 8.0,
    "disease_duration_years": 2.0,
    "opioid": 1.0,
    "crps_type": 0.0,
}
WRITTEN = [
    *((name, CONTRACT) for name in RULES),
    ("fall >= 0.5", CONTRACT),
    ("fall >= 20", MM),
    ("fall = 30%", MM),
    ("fall >= 20 or success", MM),
    ("score <= 30", MM),
    ("fall = 50%", PANSS),
    ("fall >= 40", PANSS),
    ("rise >= 10", FUNCTION),
    ("score >= 40", FUNCTION),
    ("score >= 30", RELIEF),
]


def make_reach(rule: str, dictionary: Dictionary) -> Reach:
    return Reach(replace(make_model(), variables=tuple(dictionary.to_list())), rule)


def find_codes(reach: Reach, **changes: float | None) -> list[str]:
    return [reason.code for reason in reach.list_reasons({**KNOWN, **changes})]


@pytest.mark.parametrize(("text", "dictionary"), WRITTEN)
def test_there_is_a_number_exactly_where_some_score_would_meet_the_rule(
    text: str, dictionary: Dictionary
) -> None:
    rule, reach = read_rule(text, dictionary), make_reach(text, dictionary)
    score = dictionary["nrs_t0"]
    assert score.low is not None
    assert score.high is not None
    for before in np.linspace(score.low, score.high, 41):
        after = np.linspace(rule.low, rule.high, 361)
        reachable = bool(rule.is_met(np.full(after.shape, before), after).any())
        assert find_codes(reach, nrs_t0=float(before)) == ([] if reachable else [CANNOT_BE_MET])


@pytest.mark.parametrize(
    ("text", "dictionary", "room", "just", "short"),
    [
        ("fall2_or_success", CONTRACT, "at least 2 points", 2, 1),
        ("fall30", CONTRACT, "above 0 points", 0.5, 0),
        ("fall >= 20", MM, "at least 20 mm", 20, 19),
        ("fall = 50%", PANSS, "above 30 points", 31, 30),
        ("rise >= 10", FUNCTION, "at most 40 points", 40, 41),
    ],
)
def test_the_reason_says_which_score_would_have_room(
    text: str, dictionary: Dictionary, room: str, just: float, short: float
) -> None:
    reach = make_reach(text, dictionary)
    assert reach.list_reasons({**KNOWN, "nrs_t0": float(just)}) == []
    (reason,) = reach.list_reasons({**KNOWN, "nrs_t0": float(short)})
    assert reason.variable == "nrs_t0"
    label, rule = dictionary["nrs_t0"].label, read_rule(text, dictionary)
    assert f"{label} has to be {room} for it ({rule.past})." in reason.text
    assert ("successful all the same" in reason.text) is rule.or_success


def test_an_unknown_score_is_no_reason() -> None:
    assert find_codes(make_reach("fall2_or_success", CONTRACT), nrs_t0=None) == []


@given(st.sets(st.sampled_from(PREDICTORS)))
def test_half_of_the_predictors_have_to_be_known(missing: set[str]) -> None:
    found = find_codes(make_reach("fall30", CONTRACT), **dict.fromkeys(missing))
    assert found == ([TOO_LITTLE_KNOWN] if len(missing) > 2 else [])


def test_what_is_too_little_is_said_and_every_reason_at_once() -> None:
    reach = make_reach("fall30", CONTRACT)
    (little,) = reach.list_reasons({"age_years": 40.0})
    assert little.text == (
        "Of the 4 values that the model uses, at least 2 have to be known; here it is none of "
        "them. Not known: Pain before treatment (NRS); Duration of the pain disease; Opioid, any; "
        "CRPS type."
    )
    found = reach.list_reasons({"nrs_t0": 0.0})
    assert [reason.code for reason in found] == [CANNOT_BE_MET, TOO_LITTLE_KNOWN]
    assert "here it is 1. Not known: Duration" in found[1].text


@pytest.mark.parametrize(("n", "least"), [(1, 1), (2, 1), (4, 2), (5, 3)])
def test_half_is_rounded_up(n: int, least: int) -> None:
    assert replace(make_model(), predictors=("x",) * n).min_known == least


def test_a_score_rule_may_be_met_before_anything_is_done() -> None:
    reach = make_reach("score <= 30", MM)
    assert reach.is_met_already({"nrs_t0": 30.0})
    assert not reach.is_met_already({"nrs_t0": 31.0})
    assert not reach.is_met_already({})
    # Before treatment this study has pain, after it relief: nothing to compare.
    assert not make_reach("score >= 30", RELIEF).is_met_already({"nrs_t0": 10.0})
    assert not make_reach("fall >= 20", MM).is_met_already({"nrs_t0": 0.0})
