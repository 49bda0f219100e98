from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logit
from scipy.stats import binom

from serving.monitoring.chart import STEP
from serving.monitoring.charts import (
    FALSE_ALARMS,
    FIRST_REQUESTS,
    SHARES,
    SHARES_ONE_HORIZON,
    ShareBefore,
    compute_outcome_charts,
    compute_request_charts,
    compute_share_chart,
    make_changed_risks,
)
from tests.serving.monitoring.arrays import make_followed

LIKE = ShareBefore(8, 80)


def test_all_charts_share_one_budget() -> None:
    assert sum(SHARES.values()) == pytest.approx(1)
    assert sum(SHARES_ONE_HORIZON.values()) == pytest.approx(1)
    followed = make_followed(np.ones(5))
    charts = compute_outcome_charts(followed)
    charts += compute_request_charts(followed, unlike=np.zeros(5, dtype=bool), reference=LIKE)
    assert sum(chart.rate for chart in charts) == pytest.approx(FALSE_ALARMS)
    assert [chart.name for chart in charts] == list(SHARES)


def test_watched_change_is_mirrored_on_the_log_odds() -> None:
    p = np.array([0.0, 0.3, 0.6, 0.95, 1.0])
    fewer, more = (make_changed_risks(p, fewer=way) for way in (True, False))
    np.testing.assert_allclose(fewer, 0.7 * p)
    below, middle, above = (logit(risk[1:4]) for risk in (fewer, p, more))
    np.testing.assert_allclose((below + above) / 2, middle)
    assert (more[0], more[-1]) == (0, 1)


def test_second_horizon_is_followed_among_those_who_responded() -> None:
    y = np.array([1.0, 0.0, 1.0, 1.0])
    kept = np.array([1.0, 0.0, 0.0, np.nan])
    followed = make_followed(y, outcome={"t1": y, "t2": kept})
    chart = next(c for c in compute_outcome_charts(followed) if c.name == "kept_fewer")
    assert chart.steps["row"].tolist() == [0, 2]
    assert chart.steps["event"].tolist() == [1, 0]
    np.testing.assert_allclose(chart.steps["expected"], 0.8)


def test_model_of_one_horizon_has_no_chart_of_keeping() -> None:
    two = make_followed(np.ones(5))
    one = replace(
        two, **{name: {"t2": getattr(two, name)["t2"]} for name in ("risk", "outcome", "reported")}
    )
    assert [chart.name for chart in compute_outcome_charts(one)] == ["first_fewer", "first_more"]


def test_a_drop_of_responders_crosses_and_so_does_a_rise() -> None:
    rng = np.random.default_rng(4)
    few, many = (rng.random(120) < 0.3).astype(float), np.ones(60)  # where 0.6 is estimated
    for y, name in ((few, "first_fewer"), (many, "first_more")):
        crossed = [c.name for c in compute_outcome_charts(make_followed(y)) if c.crossings]
        assert name in crossed


@pytest.mark.parametrize(("risk", "y", "name"), [(1.0, 0, "first_fewer"), (0.0, 1, "first_more")])
def test_what_an_estimate_ruled_out_is_seen_at_once(risk: float, y: int, name: str) -> None:
    charts = compute_outcome_charts(make_followed(np.full(3, y), risk))
    found = {chart.name: [crossing.at for crossing in chart.crossings] for chart in charts}
    assert found[name] == [0, 1, 2]


def test_requests_are_compared_with_those_of_the_beginning() -> None:
    n = 90
    followed = make_followed(np.full(n, np.nan), missing=(np.arange(n) >= 50).astype(np.int64))
    charts = compute_request_charts(followed, unlike=np.zeros(n, dtype=bool), reference=LIKE)
    missing = next(chart for chart in charts if chart.name == "missing")
    assert missing.n == n - FIRST_REQUESTS
    assert missing.crossings[0].since == 50 - FIRST_REQUESTS
    assert [chart.name for chart in charts if chart.crossings] == ["missing"]


def _compute_alarm_probability(share: float, reference: ShareBefore, n: int) -> float:
    """Return how probable a crossing within n requests is, going from each sum to the next."""

    def follow(y: list[float] | np.ndarray) -> np.ndarray:
        chart = compute_share_chart("x", np.arange(len(y)), np.array(y), reference, 0.01)
        return chart.steps[["value", "limit"]].to_numpy().T / STEP

    value, _ = follow([1.0, 1.0, 1.0, 0.0])
    event, none = round(value[0]), round(value[3] - value[2])
    likely, crossed = {0: 1.0}, 0.0
    for limit in follow(np.zeros(n))[1]:
        after: dict[int, float] = {}
        for total, probability in likely.items():
            for step, part in ((event, share), (none, 1 - share)):
                at = max(0, total + step)
                after[at] = after.get(at, 0.0) + probability * part
        crossed += sum(p for at, p in after.items() if at >= limit - 0.5)
        likely = {at: p for at, p in after.items() if at < limit - 0.5}
    return crossed


def test_a_share_known_from_few_raises_no_more_alarms_than_are_allowed() -> None:
    share, few, n = 0.15, FIRST_REQUESTS, 150
    alarms = sum(
        binom.pmf(k, few, share) * _compute_alarm_probability(share, ShareBefore(k, few), n)
        for k in range(7)  # of more, the limit is out of reach
    )
    assert 0 < alarms < n * FALSE_ALARMS * 0.01


def test_patients_out_of_scope_are_not_counted_as_unlike_or_lacking() -> None:
    inside = np.arange(40) % 2 == 0
    followed = make_followed(np.full(40, np.nan), in_scope=inside)
    charts = compute_request_charts(followed, unlike=~inside, reference=LIKE)
    unlike = next(chart for chart in charts if chart.name == "unlike")
    assert unlike.n == 20
    assert unlike.steps["event"].sum() == 0


@pytest.mark.parametrize("n", [0, 1, 5])
def test_a_handful_of_patients_crosses_nothing(n: int) -> None:
    followed = make_followed(np.zeros(n))
    charts = compute_outcome_charts(followed)
    charts += compute_request_charts(followed, unlike=np.ones(n, dtype=bool), reference=LIKE)
    assert not any(chart.crossings for chart in charts)
    assert not any(chart.could_cross for chart in charts if chart.horizon)
