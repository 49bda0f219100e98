"""What has been published on response, as it stands beside an estimate."""

from __future__ import annotations

from typing import Any

from features.published.rates import pooled_rate, published_base_rate
from features.texts import say

__all__ = ["describe_published"]


def describe_published(horizon: str) -> dict[str, Any]:
    """Return the rate of a published study at a horizon, and what all of them say together."""
    rate, pooled = published_base_rate(horizon), pooled_rate(horizon)
    return {
        "rate": rate.rate,
        "interval": list(rate.interval),
        "source": say(
            "{events} of {n}, {reference}",
            events=rate.events,
            n=rate.n,
            reference=rate.reference.text,
        ),
        "pooled": {
            "rate": pooled.rate,
            "interval": list(pooled.interval),
            "new_centre": list(pooled.prediction_interval or pooled.interval),
            "outcome": pooled.outcome,
            "source": say(
                "{count} studies of {reference}, recomputed",
                count=pooled.studies,
                reference=pooled.reference.text,
            ),
        },
    }
