from __future__ import annotations

import numpy as np
import pytest

from serving.monitoring.performance import (
    BLOCK,
    compute_blocks,
    compute_o_e_course,
    compute_performance_so_far,
    compute_subgroup_o_e,
)
from tests.serving.monitoring.arrays import make_followed
from training.measures.subgroups import Subgroup


@pytest.mark.parametrize("n", [0, 1, 5])
def test_a_handful_of_outcomes_has_a_ratio_and_nothing_else(n: int) -> None:
    found = compute_performance_so_far(make_followed(np.ones(n)))
    ratio = found[found["metric"] == "o_e"]
    others = found[found["metric"] != "o_e"]
    assert others["estimate"].isna().all()
    assert others["note"].str.startswith("too few to say").all()
    assert ratio["estimate"].notna().all() == (n > 0)
    if n:
        assert (ratio["low"] < 1).all()  # five of five are no proof of anything


def test_many_outcomes_have_slope_and_auc() -> None:
    rng = np.random.default_rng(8)
    risk = rng.uniform(0.2, 0.9, 200)
    y = (rng.random(200) < risk).astype(float)
    found = compute_performance_so_far(make_followed(y, risk)).set_index(["horizon", "metric"])
    slope, shrunken = (
        found.loc[("t1", name)] for name in ("calibration_slope", "calibration_slope_shrunken")
    )
    assert abs(shrunken["estimate"] - 1) < abs(slope["estimate"] - 1)
    assert shrunken["high"] - shrunken["low"] < slope["high"] - slope["low"]
    assert found.loc[("t1", "auc"), "low"] > 0.5


def test_constant_estimates_have_no_slope_and_no_auc() -> None:
    y = np.tile([1.0, 0.0], 30)
    found = compute_performance_so_far(make_followed(y, 0.6)).set_index(["horizon", "metric"])
    assert np.isnan(found.loc[("t1", "auc"), "estimate"])
    assert found.loc[("t1", "auc"), "note"] == "the estimates do not differ"
    assert found.loc[("t1", "calibration_in_the_large"), "note"] == ""


def test_blocks_are_of_25_and_tell_no_fewer_than_three() -> None:
    found = compute_blocks(make_followed(np.tile([1.0, 0.0], 26)))
    first = found[found["horizon"] == "t1"]
    assert first["n"].tolist() == [BLOCK, BLOCK + 2] == [25, 27]  # of 52: two are no block
    assert first["observed"].tolist() == [13, 13]
    np.testing.assert_allclose(first["expected"], [15, 16.2])


@pytest.mark.parametrize(
    ("n", "blocks"), [(0, []), (2, []), (3, [3]), (24, [24]), (27, [27]), (28, [25, 3])]
)
def test_every_outcome_is_in_a_block_of_three_or_more(n: int, blocks: list[int]) -> None:
    found = compute_blocks(make_followed(np.ones(n)))
    assert found.loc[found["horizon"] == "t1", "n"].tolist() == blocks


def test_parts_are_hidden_where_all_the_others_are_one_or_two() -> None:
    y, number = np.tile([1.0, 0.0], 10), np.arange(20)
    parts = [
        Subgroup("Sex", "female", number < 10),
        Subgroup("Sex", "male", (9 < number) & (number < 19)),
    ]
    found = compute_subgroup_o_e(make_followed(y), parts).set_index("variable")
    assert found.loc["Sex", "hidden"].all()  # of one the sex is not known


def test_course_ends_with_all_outcomes() -> None:
    found = compute_o_e_course(make_followed(np.tile([1.0, 0.0], 50)))
    first = found[found["horizon"] == "t1"]
    assert first["n"].iloc[-1] == 100
    assert first["o_e"].iloc[-1] == pytest.approx(50 / 60)
    widths = (first["high"] - first["low"]).to_numpy()
    assert widths[-1] < widths[0]


def test_subgroups_are_shrunken_and_small_ones_hidden_with_their_complement() -> None:
    y = np.tile([1.0, 0.0], 20)
    women, old = np.arange(40) < 30, np.arange(40) < 2
    parts = [
        Subgroup("Sex", "female", women),
        Subgroup("Sex", "male", ~women),
        Subgroup("Age", "80 and over", old),
        Subgroup("Age", "under 80", ~old),
    ]
    found = compute_subgroup_o_e(make_followed(y), parts)
    first = found[found["horizon"] == "t1"].set_index(["variable", "subgroup"])
    assert first.loc["Age", "hidden"].all()
    assert first.loc["Age", "o_e"].isna().all()
    female, whole = first.loc[("Sex", "female")], first.loc[("all patients", "")]
    # 15 of 18 expected among 30; all: 20 of 24; both 0.833, so the shrunken one as well
    assert female["shrunken"] == pytest.approx(whole["o_e"])
    assert female["low"] < whole["low"]
