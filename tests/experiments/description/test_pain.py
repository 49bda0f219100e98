"""Pain scores and their change, as in the paper."""

import pandas as pd
import pytest

from experiments.description.description import CohortDescription, describe_cohort
from features.cohort.cohort import Cohort, parse_cohort
from features.dictionary.contract import CONTRACT
from tests.training.helpers.mangnus import make_mangnus_cohort


def make_cohort_of(raw: pd.DataFrame) -> Cohort:
    """Check a table of any cells."""
    texts = raw.astype(object).where(raw.notna(), "").astype(str)
    table, problems = parse_cohort(texts)
    assert problems == []
    return Cohort(table, CONTRACT, synthetic=True, sha256="")


@pytest.fixture(scope="module")
def mangnus() -> CohortDescription:
    return describe_cohort(make_cohort_of(make_mangnus_cohort()))


@pytest.mark.parametrize(
    ("group", "time", "n", "median", "width"),
    [
        ("all", "t0", 42, 8, 2),
        ("all", "t1", 36, 6, 4),
        ("all", "t2", 18, 7, 3),
        ("responders at T1", "t0", 27, 8, 1),
        ("responders at T1", "t1", 24, 5, 4),
        ("responders at T2", "t2", 9, 6, 3),
        ("nonresponders at T1", "t0", 15, 8, 2),
        ("nonresponders at T1", "t1", 12, 8, 1),
    ],
)
def test_pain_scores_are_those_of_the_paper(
    mangnus: CohortDescription, group: str, time: str, n: int, median: float, width: float
) -> None:
    row = mangnus.pain.set_index(["group", "time"]).loc[(group, time)]
    assert (row["n"], row["median"], row["q3"] - row["q1"]) == (n, median, width)


def test_tests_of_pain_are_those_of_the_paper(mangnus: CohortDescription) -> None:
    tests = mangnus.pain_tests.set_index(["comparison", "group"])
    assert tests.loc[("T0, T1 and T2", "all"), "p_value"] < 0.001
    assert tests.loc[("T0, T1 and T2", "all"), "n"] <= 18
    assert tests.loc[("T0 and T1", "all"), ["n"]].item() == 36
    assert tests.loc[("T0 and T1", "all"), "p_value"] < 0.001
    assert tests.loc[("T0 and T1", "responders at T1"), "p_value"] < 0.001
    assert tests.loc[("T0 and T1", "nonresponders at T1"), "p_value"] == pytest.approx(0.125)
