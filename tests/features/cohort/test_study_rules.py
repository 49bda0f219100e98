"""What is asked of a cohort, with a study and without."""

from dataclasses import replace

import pandas as pd

from features.cohort.study_rules import CRPS_RULES
from features.dictionary.eligibility import Eligibility
from features.dictionary.rule import RULES


def test_horizons_that_were_not_asked_for_are_those_that_a_table_has() -> None:
    table = pd.DataFrame({"nrs_t0": [8.0], "nrs_t1": [5.0]})
    assert CRPS_RULES.find_horizons(table) == ("t1",)
    assert replace(CRPS_RULES, horizons=("t1", "t2")).find_horizons(table) == ("t1", "t2")


def test_published_rates_stand_beside_the_rules_that_they_were_found_by() -> None:
    assert CRPS_RULES.is_published
    assert not replace(CRPS_RULES, condition="sciatica").is_published
    assert not replace(CRPS_RULES, rule=RULES["fall30"]).is_published
    assert not replace(CRPS_RULES, eligibility=Eligibility()).is_published
