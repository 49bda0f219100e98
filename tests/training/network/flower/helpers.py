"""Shares of a made-up network of two rounds, as nodes would send them."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from tests.training.helpers.networks import KEYS, TEXT, make_patients, make_signed, tell
from training.network.content import Ask
from training.network.protocol.envelope import open_round, seal_share
from training.network.protocol.keys import CentreKey

PROTOCOL = make_signed(
    re.sub(r"number = 5\n(words = .*\n(?:  .*\n){2})(?:  .*\n)*", r"number = 2\n\1", TEXT)
)


@cache
def share(
    centre: str, asked: bytes = b"", *, seed: int = 0, key: CentreKey | None = None, **changed: Any
) -> bytes:
    """Return a share of the first round, or of the second where one is asked."""
    patients = make_patients(seed or 1 + sum(map(ord, centre)), 45)
    sealed = open_round(asked, "round 2") if asked else None
    ask = None if sealed is None else Ask.model_validate(sealed.content)
    told = tell(patients, PROTOCOL, centre, ask).model_dump(mode="json") | changed
    before = "" if sealed is None else sealed.shares.get(centre, "0" * 64)
    return seal_share(
        told,
        {},
        protocol=PROTOCOL,
        centre=centre,
        key=KEYS[centre] if key is None else key,
        round_=1 if sealed is None else sealed.round,
        answers="" if sealed is None else sealed.sha256,
        previous=before,
        patients=str(seed).encode(),
    )
