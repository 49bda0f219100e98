"""What has been published on response, as it stands beside an estimate."""

import pytest

from features.published.rates import pooled_rate, published_base_rate
from serving.estimate.published import describe_published


@pytest.mark.parametrize("horizon", ["t1", "t2"])
def test_the_studies_rate_and_all_studies_together_stand_beside_an_estimate(horizon: str) -> None:
    told, rate, pooled = (
        describe_published(horizon),
        published_base_rate(horizon),
        pooled_rate(horizon),
    )
    assert told["rate"] == rate.rate
    assert told["source"].startswith(f"{rate.events} of {rate.n}, ")
    low, high = told["pooled"]["new_centre"]
    # What a new centre may see is wider than what is known of the mean.
    assert low <= pooled.interval[0] <= told["pooled"]["rate"] <= pooled.interval[1] <= high
