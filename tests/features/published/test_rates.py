import pytest

from features.published.rates import BASE_RATES, pooled_rate, published_base_rate, read_pooled_rates
from features.published.references import ZHAO


@pytest.mark.parametrize(
    ("key", "events", "n", "percent", "low", "high"),
    [
        # Wilson 95%, Mangnus 2021 counts
        ("t1", 29, 47, 61.7, 47.4, 74.2),
        ("t2", 19, 40, 47.5, 32.9, 62.5),
        ("t1_if_seen_at_t2", 25, 40, 62.5, 47.0, 75.8),
        ("kept", 19, 25, 76.0, 56.6, 88.5),
    ],
)
def test_base_rates_are_the_published_counts(
    key: str, events: int, n: int, percent: float, low: float, high: float
) -> None:
    rate = next(rate for rate in BASE_RATES if rate.key == key)
    assert (rate.events, rate.n) == (events, n)
    got = [100 * value for value in (rate.rate, *rate.interval)]
    assert got == pytest.approx([percent, low, high], abs=0.0501)
    assert rate.reference.doi == "10.1111/papr.13056"


def test_rate_beside_an_estimate_is_that_of_its_horizon() -> None:
    assert published_base_rate("t1").rate == pytest.approx(0.617, abs=5e-4)
    assert published_base_rate("t2").rate == pytest.approx(0.475)
    with pytest.raises(ValueError, match="no published base rate for horizon 't3'"):
        published_base_rate("t3")
    assert (pooled_rate("t1").horizon, pooled_rate("t2").horizon) == ("immediate", "1-3 months")
    assert pooled_rate("t1").prediction_interval == pytest.approx((0.211, 0.906))


def test_pooled_rates_keep_print_and_recomputation_apart() -> None:
    rates = {(rate.horizon, rate.origin): rate for rate in read_pooled_rates()}
    assert len(rates) == 4
    printed = rates["immediate", "as published"]
    assert (printed.rate, *printed.interval) == (0.69, 0.53, 0.84)
    later = rates["1-3 months", "as published"]
    assert (later.rate, *later.interval) == (0.58, 0.41, 0.75)
    for (_, origin), rate in rates.items():
        assert rate.interval[0] < rate.rate < rate.interval[1]
        assert (rate.prediction_interval is None) == (origin == "as published")
        assert rate.note and rate.reference == ZHAO
