from __future__ import annotations

from experiments.truth.monitoring_requests import compute_request_detection


def test_a_large_rise_is_seen_and_none_is_not() -> None:
    options = {"within": (60,), "simulations": 12, "seed": 2}
    seen, quiet = (
        compute_request_detection(60, 0.1, after, **options)["within 60"].iloc[0]
        for after in (0.7, 0.1)
    )
    assert seen > 0.8
    assert quiet < 0.2
