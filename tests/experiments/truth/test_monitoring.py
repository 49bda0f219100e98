from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from experiments.truth.monitoring import (
    UsedModel,
    compute_bound,
    compute_detection,
    compute_false_alarms,
    compute_imperfect,
    simulate_followed,
)
from serving.monitoring.charts import SHARES


def test_estimates_have_the_mean_that_is_asked_for() -> None:
    risks = UsedModel(spread=0.8).draw_risks(0.4, 20_000, np.random.default_rng(1))
    assert risks.mean() == pytest.approx(0.4, abs=0.005)
    constant = UsedModel(spread=0.0).draw_risks(0.4, 3, np.random.default_rng(1))
    np.testing.assert_allclose(constant, 0.4)


def test_outcomes_follow_the_estimates_until_the_change() -> None:
    rng = np.random.default_rng(2)
    followed, *_ = simulate_followed(UsedModel(), 8000, change=4000, ratio=(0.5, 1.0), rng=rng)
    ratio = followed.outcome["t1"], followed.risk["t1"]
    before, after = (
        ratio[0][part].sum() / ratio[1][part].sum() for part in (slice(4000), slice(4000, None))
    )
    assert before == pytest.approx(1, abs=0.04)
    assert after == pytest.approx(0.5, abs=0.04)


def test_bound_of_like_estimates_is_the_binomial_tests() -> None:
    # Level 0.06: reject below the smallest count whose tail exceeds it, and there by chance.
    n, p = 60, 0.617
    below = binom.cdf(np.arange(n), n, p)
    limit = int(np.searchsorted(below, 0.06, side="right"))
    share = (0.06 - below[limit - 1]) / binom.pmf(limit, n, p)
    power = binom.cdf(limit - 1, n, 0.7 * p) + share * binom.pmf(limit, n, 0.7 * p)
    found = compute_bound(UsedModel(spread=0.0), n, ratio=(0.7, 1.0), seed=3)
    assert found == pytest.approx(power, abs=0.01)


def test_a_large_fall_is_seen_and_no_method_passes_the_bound() -> None:
    table = compute_detection(
        UsedModel(), ratio=(0.4, 1.0), within=(40,), before=5, simulations=20, seed=4
    )
    row = table.iloc[0]
    assert row["ours"] > 0.7
    assert row["strict"] <= row["whole"] + 1e-9
    assert row["bound"] > 0.95


def test_false_alarms_are_counted_for_each_chart() -> None:
    table = compute_false_alarms(UsedModel(), simulations=2, seed=5)
    assert table["chart"].tolist() == [*SHARES, "all"]
    assert table["allowed"].iloc[-1] == pytest.approx(1)
    assert table["alarms"].iloc[-1] == pytest.approx(table["alarms"].iloc[:-1].sum())


def test_unchanged_models_are_followed_in_three_ways() -> None:
    table = compute_imperfect(UsedModel(), 60, simulations=2, seed=6)
    assert len(table) == 3
    assert (table["first_50"] <= table["first_1000"]).all()
