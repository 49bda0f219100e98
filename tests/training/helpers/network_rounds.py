"""Networks of made-up centres, from patients to what is found, without files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import numpy as np

from tests.training.helpers.networks import KEYS, make_patients, make_signed, tell
from training.fitting.response import TrainingData
from training.network.asking import make_ask
from training.network.content import Ask, ShareContent
from training.network.gathering import Gathered
from training.network.protocol.protocol import Protocol

__all__ = ["gather", "make_centres", "name_digests"]


def make_centres(n: int = 60, *, seed: int = 0) -> dict[str, TrainingData]:
    """Return patients of every centre of the made-up protocol."""
    return {name: make_patients(seed + place, n) for place, name in enumerate(KEYS)}


def gather(
    rounds: int,
    centres: Mapping[str, TrainingData],
    protocol: Protocol | None = None,
    *,
    stays: Mapping[str, int] | None = None,
) -> Gathered:
    """Return what centres have told in so many rounds, nothing withheld."""
    protocol = protocol or make_signed()
    told: dict[str, list[ShareContent]] = {name: [] for name in centres}
    for round_ in range(1, rounds + 1):
        ask: Ask | None = None if round_ == 1 else make_ask(Gathered(protocol, told))
        for name, data in centres.items():
            if round_ <= (stays or {}).get(name, rounds):
                told[name].append(tell(data, protocol, name, ask))
    return Gathered(protocol, told)


@cache
def gather_all() -> Gathered:
    """Return six rounds of three centres of 60 patients."""
    return gather(6, make_centres())


def name_digests(gathered: Gathered) -> dict[str, list[str]]:
    """Return a digest for every share."""
    return {
        name: [f"{name}-{place}" for place in range(len(told))]
        for name, told in gathered.shares.items()
    }


def turn_round(data: TrainingData) -> TrainingData:
    """Return patients whose labels are the wrong way round at the first horizon."""
    first = data.horizons[0]
    turned = 1 - data.y[first]
    kept = np.where(turned == 1, np.arange(len(data)) % 2, np.nan)
    return replace(data, y={**data.y, first: turned}, kept=kept)
