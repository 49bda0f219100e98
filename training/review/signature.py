"""The signature under what a review has decided: the service can check it, and cannot make it.

The private key (Ed25519) follows from the review key, which stays where the review log is kept;
the public one lies beside it, and goes to every place that serves an approved model.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from features.errors import KetresponseError

__all__ = [
    "BESIDE_CODE",
    "check_signature",
    "find_key_file",
    "find_public_key",
    "make_public_key",
    "sign",
]

BESIDE_CODE = "review.pub"
"""Name of the public key in a bento, beside the packages."""
_ROOT = Path(__file__).resolve().parents[2]
_PURPOSE = b"ketresponse: what a review has decided"


def find_key_file(environ: Mapping[str, str]) -> Path:
    """Return the file of the review key: KETRESPONSE_REVIEW_KEY_FILE, or in the user's settings."""
    if environ.get("KETRESPONSE_REVIEW_KEY_FILE"):
        return Path(environ["KETRESPONSE_REVIEW_KEY_FILE"])
    config = environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(config) / "ketresponse" / "review.key"


def find_public_key(environ: Mapping[str, str]) -> Path:
    """Return the file of the public key.

    KETRESPONSE_REVIEW_PUBLIC_KEY where it is set, else the one that a bento brings, else the one
    beside the review key of this machine.
    """
    if environ.get("KETRESPONSE_REVIEW_PUBLIC_KEY"):
        return Path(environ["KETRESPONSE_REVIEW_PUBLIC_KEY"])
    brought = _ROOT / BESIDE_CODE
    return brought if brought.is_file() else find_key_file(environ).with_suffix(".pub")


def _private(key: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hmac.digest(key, _PURPOSE, hashlib.sha256))


def _canonical(annex: Mapping[str, Any]) -> bytes:
    return json.dumps(annex, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def make_public_key(key: bytes) -> str:
    """Return the public key that belongs to a review key, in hexadecimal."""
    return _private(key).public_key().public_bytes_raw().hex()


def sign(annex: Mapping[str, Any], key: bytes) -> str:
    """Return the signature of an annex under the review key, in hexadecimal."""
    return _private(key).sign(_canonical(annex)).hex()


def check_signature(annex: Mapping[str, Any], signature: str, public_key: Path) -> bool:
    """Return whether an annex is as it was signed by the holder of the review key.

    Raises
    ------
    KetresponseError
        If the public key cannot be read.
    """
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key.read_text()))
    except (OSError, ValueError) as err:
        raise KetresponseError(
            f"the reviewers' public key {public_key} cannot be read, so that nobody can tell who "
            "approved this model: copy review.pub from where the reviews are held, and name it in "
            "KETRESPONSE_REVIEW_PUBLIC_KEY"
        ) from err
    try:
        public.verify(bytes.fromhex(signature), _canonical(annex))
    except (InvalidSignature, ValueError):
        return False
    return True
