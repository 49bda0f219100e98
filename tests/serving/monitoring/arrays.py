"""Made-up patients of a model in use."""

from __future__ import annotations

import numpy as np

from features.arrays import FloatArray
from serving.monitoring.followed import Followed
from serving.monitoring.monitoring import Before

START = np.datetime64("2027-01-01T08:00:00")
DAY = np.timedelta64(1, "D")


def make_followed(
    y: FloatArray, risk: FloatArray | float = 0.6, *, seed: int = 0, **changes: object
) -> Followed:
    """Return a patient each week, reported 30 and 60 days later; four of five keep it."""
    n = len(y)
    rng = np.random.default_rng(seed)
    at = START + 7 * DAY * np.arange(n)
    first = np.broadcast_to(np.asarray(risk, dtype=float), n).copy()
    values: dict[str, object] = {
        "at": at,
        "in_scope": np.ones(n, dtype=bool),
        "missing": np.zeros(n, dtype=np.int64),
        "X": rng.standard_normal((n, 2)),
        "risk": {"t1": first, "t2": 0.8 * first},
        "outcome": {"t1": y.astype(float), "t2": y * (np.arange(n) % 5 > 0)},
        "reported": {"t1": at + 30 * DAY, "t2": at + 60 * DAY},
    }
    return Followed(**(values | changes))  # type: ignore[arg-type]


def make_before(seed: int = 1) -> Before:
    rng = np.random.default_rng(seed)
    background = rng.standard_normal((100, 2))
    ends = np.column_stack([background.min(axis=0), background.max(axis=0)])
    return Before(background, (True, True), 80, ends)
