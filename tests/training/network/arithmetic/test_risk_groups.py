from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from training.network.arithmetic.risk_groups import count_above, group_risks, list_members


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


@given(
    st.lists(st.tuples(st.booleans(), st.floats(0, 1)), max_size=120),
    st.integers(min_value=1, max_value=8),
)
@settings(max_examples=100, deadline=None)
def test_what_is_told_are_parts_that_do_not_overlap_and_none_is_too_small(patients, limit):
    y = np.array([float(event) for event, _ in patients])
    p = np.array([risk for _, risk in patients])
    groups = group_risks(y, p, limit=limit)
    bins = [one for group in groups for one in (*group["responders"], *group["others"])]
    members = list_members(groups, y, p)
    assert [int(whose.sum()) for whose in members] == [one["n"] for one in bins]
    assert all(one["n"] >= limit for one in bins)
    if groups:
        np.testing.assert_array_equal(np.sum(members, axis=0), 1)
    for group in groups:
        for name, n in (("responders", group["events"]), ("others", group["n"] - group["events"])):
            assert sum(one["n"] for one in group[name]) == n
            assert (group[name][0]["low"], group[name][-1]["high"]) == (group["low"], group["high"])


def test_counts_above_a_threshold_are_nearly_those_of_the_patients():
    rng = np.random.default_rng(3)
    cuts = np.arange(0.3, 0.71, 0.05)
    away = []
    for _ in range(60):
        p = expit(rng.normal(0.2, 1.2, size=45))
        y = (rng.random(45) < p).astype(float)
        bins = [one for group in group_risks(y, p, limit=5) for one in group["responders"]]
        told = [sum(count_above(**one, cut=cut, limit=5) for one in bins) for cut in cuts]
        away.append(np.array(told) - np.array([(y[p >= cut] == 1).sum() for cut in cuts]))
    assert np.abs(np.mean(away, axis=0)).max() < 0.5  # patients
    assert np.std(away) < 1.3


def test_a_bin_counts_wholly_at_its_ends_and_about_its_mean_between():
    found = [count_above(8, 2.8, 0.0, 0.5, cut=cut, limit=5) for cut in (0.0, 0.19, 0.35, 0.51)]
    assert found == pytest.approx([8, 8, 4, 0])
    assert count_above(5, 1.0, 0.2, 0.2, cut=0.2, limit=5) == 5  # one risk for all


def test_one_risk_for_nearly_all_counts_on_one_side_of_a_threshold():
    y, p = np.repeat([1.0, 0.0], [28, 17]), np.full(45, 0.6)
    (group,) = group_risks(y, p, limit=5)
    for name, n in (("responders", 28), ("others", 17)):
        (one,) = group[name]
        assert count_above(**one, cut=0.5, limit=5) > 0.8 * n
        assert count_above(**one, cut=0.7, limit=5) < 0.2 * n
