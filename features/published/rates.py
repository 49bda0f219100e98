"""How many patients respond anyway: the rates that stand beside an estimate.

Two kinds are kept apart: :data:`BASE_RATES` are counts from Mangnus 2021, the one cohort whose
treatment, population and label are those of this project; :func:`read_pooled_rates` gives the
pooled rates of Zhao 2018, as printed and as they come out of the studies that the paper names.
The latter are context: their label (relief of at least 30%) is another one, and their studies mix
drugs, doses and ages.

References
----------
Mangnus 2021, doi:10.1111/papr.13056. Zhao 2018, doi:10.1007/s11916-018-0664-x.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from pydantic import TypeAdapter

from features.published.references import STRICT, ZHAO, Cited, Reference, read_data
from features.shares import compute_wilson_interval
from features.texts import Text, say

__all__ = [
    "BASE_RATES",
    "PooledBaseRate",
    "pooled_rate",
    "published_base_rate",
    "read_pooled_rates",
]


@dataclass(frozen=True)
class BaseRate:
    """How many patients responded in a published cohort.

    Attributes
    ----------
    key, horizon : str
        Short name, and the horizon (`t1`, `t2`) that the rate belongs to.
    outcome : str
        What was counted, in plain words.
    events, n : int
        Patients counted, out of how many.
    reference : Reference
        Source of the counts.
    note : str
        What to know before using it.
    """

    __pydantic_config__ = STRICT

    key: str
    horizon: Literal["t1", "t2"]
    outcome: str
    events: int
    n: int
    reference: Cited
    note: str

    @property
    def rate(self) -> float:
        """Share of patients, in [0, 1]."""
        return self.events / self.n

    @property
    def interval(self) -> tuple[float, float]:
        """95% Wilson interval of the rate: the sampling error of one small cohort."""
        low, high = compute_wilson_interval(self.events, self.n)
        return float(low), float(high)


@dataclass(frozen=True)
class PooledBaseRate:
    """A responder rate pooled over the studies of Zhao 2018 by random effects.

    Attributes
    ----------
    horizon : {"immediate", "1-3 months"}
        End of treatment, or 1 to 3 months later.
    origin : {"as published", "recomputed"}
        Printed by Zhao 2018, or pooled here from the studies it says it pooled.
    studies : int
        How many studies went in.
    rate : float
        In [0, 1].
    interval : (float, float)
        95% interval of the mean over studies.
    prediction_interval : (float, float) or None
        95% interval for the rate of a new centre: the one to read when planning for a centre,
        and much wider than `interval`.
    note : str
        How it came about.
    """

    __pydantic_config__ = STRICT

    horizon: Literal["immediate", "1-3 months"]
    origin: Literal["as published", "recomputed"]
    studies: int
    rate: float
    interval: tuple[float, float]
    prediction_interval: tuple[float, float] | None
    note: str

    @property
    def outcome(self) -> Text:
        """What was counted: another outcome than that of :data:`BASE_RATES`."""
        return say("relief of at least 30%")

    @property
    def reference(self) -> Reference:
        """Source of the studies' rates."""
        return ZHAO


BASE_RATES = TypeAdapter(tuple[BaseRate, ...]).validate_json(read_data("base_rates.json"))
"""Responder rates of Mangnus 2021: retrospective, one tertiary centre, therapy-resistant CRPS."""


def published_base_rate(horizon: str) -> BaseRate:
    """Return the published rate that stands beside an estimate of a CRPS model.

    Parameters
    ----------
    horizon : str
        `t1` (discharge) or `t2` (first follow-up).

    Returns
    -------
    BaseRate
        29 of 47 at t1, 19 of 40 at t2 (Mangnus 2021).

    Raises
    ------
    ValueError
        If nothing is published for the horizon.
    """
    if horizon not in ("t1", "t2"):
        raise ValueError(f"no published base rate for horizon {horizon!r}; expected t1 or t2")
    return next(rate for rate in BASE_RATES if rate.key == horizon)


@lru_cache(maxsize=1)
def read_pooled_rates() -> tuple[PooledBaseRate, ...]:
    """Return the pooled responder rates, as published and recomputed.

    Returns
    -------
    tuple of PooledBaseRate
        At the end of treatment and at 1 to 3 months. The recomputed ones are what
        `training.measures.pooling.meta_analysis` gives, to three decimals.
    """
    return TypeAdapter(tuple[PooledBaseRate, ...]).validate_json(read_data("pooled_rates.json"))


def pooled_rate(horizon: str) -> PooledBaseRate:
    """Return the rate pooled over the published studies that comes nearest to a horizon.

    Parameters
    ----------
    horizon : str
        `t1`: the end of treatment; `t2`: 1 to 3 months later.

    Returns
    -------
    PooledBaseRate
        Recomputed, with the prediction interval for a new centre. Its outcome is another one
        (relief of at least 30%): it stands beside an estimate and is not compared with it.
    """
    when = {"t1": "immediate", "t2": "1-3 months"}[horizon]
    return next(
        rate for rate in read_pooled_rates() if (rate.horizon, rate.origin) == (when, "recomputed")
    )
