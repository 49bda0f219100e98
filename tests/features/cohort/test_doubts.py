"""What to be careful about: rules that nothing is known of, and scores on another scale."""

import pandas as pd
import pytest

from features.cohort.doubts import describe_cautions, describe_doubts
from features.dictionary.contract import CONTRACT
from features.dictionary.eligibility import Eligibility
from features.dictionary.scale import OutcomeScale, with_scale
from features.dictionary.schema import Dictionary

MM = with_scale(CONTRACT, OutcomeScale(min=0, max=100, label="Pain (VAS)", unit="mm"))
RELIEF = with_scale(CONTRACT, OutcomeScale(min=-100, max=100, higher_is_worse=False))
FUNCTION = with_scale(CONTRACT, OutcomeScale(min=0, max=50, higher_is_worse=False))


@pytest.mark.parametrize(
    ("dictionary", "scores", "doubted"),
    [
        (MM, [7, 8, 10, None], True),
        (MM, [7, 8, 10.5], False),
        (MM, [7, 8], False),  # too few to say
        (CONTRACT, [0.7, 0.8, 1.0], True),
        (CONTRACT, [7, 8, 6], False),
        (FUNCTION, [45, 50, 48], False),
        (FUNCTION, [4, 5, 3], True),
        (RELIEF, [-20.0, 0, 40], False),
    ],
)
def test_scores_that_are_all_near_0_are_doubted(
    dictionary: Dictionary, scores: list[float], doubted: bool
) -> None:
    table = pd.DataFrame({"nrs_t0": scores}, dtype=float)
    found = describe_doubts(table, dictionary)
    assert bool(found) is doubted


def test_a_cohort_without_the_score_or_with_another_one_is_not_doubted() -> None:
    assert describe_doubts(pd.DataFrame({"age_years": [1.0]}), CONTRACT) == ()
    relief = with_scale(CONTRACT, OutcomeScale(min=0, max=100, before=False))
    assert describe_doubts(pd.DataFrame({"nrs_t0": [0.5] * 5}), relief) == ()
    (told,) = describe_doubts(pd.DataFrame({"nrs_t1": [0.2, 0.3, 0.9]}), relief)
    assert told.startswith("every known value of Pain at T1 is within a tenth of its scale from 0")


def test_cautions_are_of_both_kinds() -> None:
    table = pd.DataFrame({"nrs_t0": [0.7, 0.8, 1.0], "age_years": [40.0, 50, 60]})
    rules = Eligibility(minimum={"age_years": 18, "course_number": 1})
    assumed, doubted = describe_cautions(rules, table, CONTRACT)
    assert "course" in assumed and "another one" in doubted
    assert describe_cautions(rules, table.assign(nrs_t0=8.0), CONTRACT) == (assumed,)
