"""Keys and protocols of a made-up network."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from training.network.protocol.keys import CentreKey
from training.network.protocol.protocol import Protocol, parse_protocol, sign_protocol
from training.network.protocol.template import make_protocol_template


def make_key(number: int) -> CentreKey:
    return CentreKey(Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32))


LEAD = make_key(99)
KEYS = {"rotterdam": make_key(1), "aachen": make_key(2), "basel": make_key(3)}
TEXT = make_protocol_template(
    "crps-network",
    centres={name: key.public for name, key in KEYS.items()},
    lead=("Rotterdam", LEAD.public),
)


def make_signed(text: str = TEXT) -> Protocol:
    data = sign_protocol(text.encode(), LEAD, "network.toml")
    return parse_protocol(data, "network.toml")
