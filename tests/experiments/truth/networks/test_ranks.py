"""What AUC and groups of risk add to what an attacker has."""

import numpy as np
import pytest

from experiments.truth.networks.ranks import (
    attack_judged,
    find_left_open,
    judge_centre,
    tabulate_ranks,
)
from experiments.truth.networks.shares import Telling, draw_attacked


def test_ranks_and_groups_leave_open_nearly_what_sums_do() -> None:
    centre = draw_attacked(60, Telling(rounds=4, curvature=0), seed=1)
    left = find_left_open(centre, judge_centre(centre, seed=1))
    assert list(left) == ["sums", "measures", "ranks", "bin", "order"]
    assert list(left.values()) == sorted(left.values(), reverse=True)  # each is told beside
    assert left["ranks"] > 0.8 * left["sums"]
    assert left["order"] > 0.05


def test_every_patient_lies_in_the_bin_that_counts_them() -> None:
    centre = draw_attacked(45, Telling(rounds=1), seed=2)
    judged = judge_centre(centre, seed=2)
    np.testing.assert_array_equal(np.sum(judged.members, axis=0), 1)
    assert ((judged.low <= judged.p) & (judged.p < judged.high)).all()
    away = np.abs(judged.compute(judged.p) - judged.told)
    assert (away <= judged.errors * np.sqrt(12) / 2 + 1e-9).all()


def test_with_them_an_attacker_finds_nobody_whom_sums_leave_open() -> None:
    centre = draw_attacked(30, Telling(rounds=1, curvature=0), seed=3)
    found = attack_judged(centre, judge_centre(centre, seed=3), starts=1, seed=3)
    assert found["near_judged"] < 0.1
    assert found["error_judged"] > 0.3


def test_the_table_has_a_row_for_each_telling() -> None:
    table = tabulate_ranks((30,), starts=0, centres=1)
    assert table["told"].tolist() == ["fine", "coarse"]
    assert table["sums"].tolist() == pytest.approx(sorted(table["sums"]))
