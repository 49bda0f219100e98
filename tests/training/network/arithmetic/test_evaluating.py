from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from training.measures.discrimination import compute_auc_delong
from training.network.arithmetic.evaluating import compute_home_measures, group_risks


@pytest.fixture
def judged():
    rng = np.random.default_rng(5)
    p = expit(rng.normal(0.3, 0.9, size=80))
    return (rng.random(80) < p).astype(float), p


def test_measures_are_those_of_the_patients(judged):
    y, p = judged
    found, note = compute_home_measures(y, p, 0.55)
    auc, _, _, variance = compute_auc_delong(y, p)
    assert found["auc"] == pytest.approx(auc)
    assert found["auc_se"] == pytest.approx(np.sqrt(variance) / (auc * (1 - auc)))
    assert found["o_e"] == pytest.approx(y.sum() / p.sum())
    assert found["brier"] == pytest.approx(np.mean((y - p) ** 2))
    assert found["brier_prevalence"] == pytest.approx(np.mean((y - 0.55) ** 2))
    moved = expit(found["intercept"] + np.log(p / (1 - p)))
    assert moved.sum() == pytest.approx(y.sum())
    assert note == ""


def test_skill_is_the_paired_gain_over_the_others_share(judged):
    y, p = judged
    found, _ = compute_home_measures(y, p, 0.55)
    assert found["brier_skill"] == pytest.approx(1 - found["brier"] / found["brier_prevalence"])
    gain = (y - 0.55) ** 2 - (y - p) ** 2
    error = np.sqrt(gain.var(ddof=1) / 80) / np.mean((y - 0.55) ** 2)
    assert found["brier_skill_se"] == pytest.approx(error)
    same, _ = compute_home_measures(y, np.full(80, 0.55), 0.55)
    assert (same["brier_skill"], same["brier_skill_se"]) == (0, 0)


def test_few_events_leave_only_what_few_can_tell():
    y = np.array([1.0] * 6 + [0.0] * 20)
    found, note = compute_home_measures(y, np.linspace(0.1, 0.6, 26), 0.4)
    assert "auc" not in found
    assert "brier" in found
    assert "6 events" in note


@given(
    st.lists(st.tuples(st.booleans(), st.floats(0, 1)), max_size=120),
    st.integers(min_value=1, max_value=8),
)
@settings(max_examples=100, deadline=None)
def test_no_group_is_too_small_and_nobody_is_lost(patients, limit):
    y = np.array([float(event) for event, _ in patients])
    p = np.array([risk for _, risk in patients])
    groups = group_risks(y, p, limit=limit)
    enough = min(y.sum(), len(y) - y.sum()) >= limit
    assert bool(groups) == bool(enough)
    for group in groups:
        assert min(group["events"], group["n"] - group["events"]) >= limit
        assert group["low"] < group["high"]
    if groups:
        assert sum(group["n"] for group in groups) == len(y)
        assert sum(group["expected"] for group in groups) == pytest.approx(p.sum(), abs=1)
        assert (groups[0]["low"], groups[-1]["high"]) == (0.0, 1.0)
    for group, following in pairwise(groups):
        assert group["high"] == following["low"]
