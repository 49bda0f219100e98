from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit

from training.network.arithmetic.evaluating import compute_home_measures
from training.network.arithmetic.measure_slopes import differentiate_measures
from training.network.arithmetic.risk_groups import group_risks

STEP = 1e-6
NAMES = ("brier", "o_e", "intercept", "slope")
ERRORS = ("brier_se", "brier_skill_se", "intercept_se", "slope_se")


@pytest.fixture(params=[False, True], ids=["alike", "weighted"])
def judged(request):
    rng = np.random.default_rng(5)
    margin = rng.normal(0.3, 0.9, size=60)
    y = (rng.random(60) < expit(margin)).astype(float)
    weight = rng.uniform(0.8, 2.0, size=60) if request.param else np.ones(60)
    return y, expit(margin), weight


def test_smooth_numbers_move_as_they_are_said_to(judged):
    y, p, weight = judged
    everyone = np.arange(60)
    told = differentiate_measures(y, p, weight, 0.55, everyone, np.ones(60), limit=5).measures
    names = (*NAMES, *ERRORS)
    assert len(told) == len(names)
    for patient in (0, 17, 41):
        ends = []
        for side in (1, -1):
            moved = p.copy()
            moved[patient] += side * STEP
            found, _ = compute_home_measures(y, moved, 0.55, weight)
            ends.append(np.array([found[name] for name in names]))
        expected = (ends[0] - ends[1]) / (2 * STEP)
        np.testing.assert_allclose(told[:, patient], expected, atol=2e-4)


def test_ranks_move_as_they_do_on_average():
    rng = np.random.default_rng(8)
    margin = rng.normal(0.3, 0.9, size=1500)
    y = (rng.random(1500) < expit(1.2 * margin)).astype(float)
    p, by = expit(margin), 0.1
    moves = by * p * (1 - p)  # every patient's log-odds by so much
    told = differentiate_measures(y, p, np.ones(1500), 0.5, np.arange(1500), moves, limit=5).ranks
    up, down = (
        compute_home_measures(y, expit(margin + side * by / 2 * (y == 1)), 0.5)[0]
        for side in (1, -1)
    )
    for row, name in zip(told, ("auc", "auc_se"), strict=True):
        # Pairs that are counted smoothly change places a little less.
        assert row[y == 1].sum() == pytest.approx(up[name] - down[name], rel=0.25), name
    np.testing.assert_allclose(told.sum(axis=1), 0, atol=1e-9)  # all by the same: no rank changes


def test_sums_of_risks_move_with_those_in_them(judged):
    y, p, weight = judged
    moves = np.linspace(0.1, 0.2, 60)
    sums = differentiate_measures(y, p, weight, 0.5, np.arange(60), moves, limit=5).sums
    bins = sum(len(g["responders"]) + len(g["others"]) for g in group_risks(y, p, limit=5))
    assert len(sums) == bins
    np.testing.assert_allclose(sums.sum(axis=0), moves)


def test_one_risk_for_all_has_neither_slope_nor_ranks():
    y = np.tile([1.0, 0.0], 20)
    found = differentiate_measures(
        y, np.full(40, expit(logit(0.4))), np.ones(40), 0.5, np.arange(40), np.ones(40), limit=5
    )
    assert len(found.ranks) == 0
    assert len(found.measures) == 6
