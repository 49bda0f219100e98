"""A cohort by the values of one column."""

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.description import description
from experiments.description.description import CohortDescription, describe_cohort
from experiments.description.groups import GroupDescription, declare_column, describe_groups
from features.cohort.cohort import Cohort, parse_cohort
from features.cohort.study_rules import CRPS_RULES
from features.dictionary.contract import CONTRACT
from features.errors import InputError
from tests.training.helpers.mangnus import make_mangnus_cohort

DICTIONARY = declare_column("arm", CONTRACT)
RULES = replace(CRPS_RULES, dictionary=DICTIONARY)


def _keep_eligible() -> pd.DataFrame:
    raw = make_mangnus_cohort()
    table, _ = parse_cohort(raw.astype(object).where(raw.notna(), "").astype(str))
    return raw.loc[CRPS_RULES.eligibility.select(table)[0].index].reset_index(drop=True)


RAW = _keep_eligible()
N = len(RAW)


def _parse(arm: list[str], **columns: Any) -> pd.DataFrame:
    raw = RAW.assign(arm=arm, **columns)
    texts = raw.astype(object).where(raw.notna(), "").astype(str)
    table, problems = parse_cohort(texts, DICTIONARY)
    assert problems == []
    return table


def _describe(arm: list[str], *, by: str = "arm", **columns: Any) -> CohortDescription:
    table = _parse(arm, **columns)
    return describe_cohort(Cohort(table, DICTIONARY, synthetic=True, sha256=""), RULES, by=by)


def _groups(arm: list[str], **columns: Any) -> GroupDescription:
    groups = _describe(arm, **columns).groups
    assert groups is not None
    return groups


def test_rates_means_and_counts_are_those_of_each_group() -> None:
    arm = ["ketamine" if i % 3 else "Placebo" for i in range(N)]
    d = _describe(arm)
    groups = d.groups
    assert groups is not None
    alone = [
        _describe(["x"] * N, course_number=[1 if word == name else 2 for word in arm])
        for name in ("ketamine", "Placebo")
    ]
    for name, only in zip(("ketamine", "Placebo"), alone, strict=True):
        rates = groups.rates[groups.rates["group"] == name].drop(columns="group")
        pd.testing.assert_frame_equal(rates.reset_index(drop=True), only.rates, check_dtype=False)
        scores = groups.scores[groups.scores["group"] == name].reset_index(drop=True)
        everyone = only.pain[only.pain["group"] == "all"].reset_index(drop=True)
        pd.testing.assert_frame_equal(scores.drop(columns="group"), everyone.drop(columns="group"))
        size = groups.sizes.set_index("group").loc[name]
        assert size["patients"] == str(only.eligible)
        count = groups.baseline.loc[0, f"arm: {name}"]
        assert count == str(only.eligible)
    # Without the column, everything is as it was.
    plain = _describe(arm, by=None)  # type: ignore[arg-type]
    assert plain.groups is None
    pd.testing.assert_frame_equal(plain.rates, d.rates)
    pd.testing.assert_frame_equal(plain.baseline, d.baseline)


def test_case_does_not_count_and_the_first_spelling_is_told() -> None:
    groups = _groups(["Ketamine", "ketamine", "KETAMINE"] * (N // 3))
    assert groups.sizes["group"].tolist() == ["Ketamine"]


@pytest.fixture(scope="module")
def wanted() -> dict[str, Any]:
    """Return what `describe_cohort` asks of groups; what else it tells takes twice as long."""
    noted: dict[str, Any] = {}

    def note(table: pd.DataFrame, by: str, *args: Any, **more: Any) -> None:
        noted.update(more, by=by, response=args[0], summarised=args[1])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(description, "describe_groups", note)
        _describe(["x"] * N)
    return noted


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 6), min_size=N, max_size=N), st.integers(1, 2))
def test_a_value_of_fewer_than_three_patients_is_never_named_and_nobody_is_lost(
    wanted: dict[str, Any], drawn: list[int], few: int
) -> None:
    arm = ["" if i == 0 else f"arm{min(i, 3)}" for i in drawn]
    arm[:3] = ["arm1"] * 3
    arm[3 : 3 + few] = ["secret"] * few
    groups = describe_groups(_parse(arm), **wanted)
    written = "".join(
        frame.to_csv()
        for frame in (groups.sizes, groups.rates, groups.scores, groups.baseline, groups.treatment)
    )
    assert "secret" not in written
    names = groups.sizes["group"].tolist()
    assert "values of fewer than 3 patients" in names
    assert ("not known" in names) == ("" in arm)
    known = [int(n) for n in groups.sizes["patients"] if not n.startswith("fewer")]
    hidden = len(names) - len(known)
    assert N - 2 * hidden <= sum(known) <= N - hidden
    counted = groups.rates["n"].dropna()
    assert (counted >= 3).all()
    assert (
        groups.rates.loc[groups.rates["n"].isna() & (groups.rates["rate"] != "sustained"), "share"]
        .isna()
        .all()
    )


def test_the_order_is_the_dictionarys() -> None:
    numbers = _describe(
        ["x"] * N, by="treatment_year", treatment_year=[2020, 2019, 2021] * (N // 3)
    )
    assert numbers.groups is not None
    assert numbers.groups.sizes["group"].tolist() == ["2019", "2020", "2021"]
    flags = _describe(["x"] * N, by="opioid").groups
    assert flags is not None and flags.sizes["group"].tolist()[:2] == ["yes", "no"]
    assert "Opioid" not in "".join(flags.baseline["characteristic"].tolist()[1:2])


@pytest.mark.parametrize(
    ("by", "words"),
    [
        ("nothing", "--by nothing: expected a column of the file.*columns of few values are"),
        ("patient_id", "expected a column that makes groups of patients"),
        ("arm", "expected a column of 1 to 10 different values"),
        ("mcgill_pri", "expected a column of the file"),
    ],
)
def test_what_makes_no_groups_is_refused_with_what_would(by: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        _describe([f"a{i}" for i in range(N)], by=by)


def test_a_column_without_values_or_with_nobody_alike_is_refused() -> None:
    with pytest.raises(InputError) as none:
        _describe([""] * N)
    assert "got no value" in none.value.report()
    with pytest.raises(InputError, match="a value that at least 3 patients have"):
        _describe(["a", "a", "b", "b", *[""] * (N - 4)])


def test_a_column_that_the_contract_knows_keeps_its_meaning() -> None:
    assert declare_column("sex", CONTRACT) is CONTRACT
    assert declare_column("arm", CONTRACT)["arm"].kind == "text"
