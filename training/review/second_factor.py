"""The second factor of an account: a code that changes every half minute (TOTP, RFC 6238).

What the codes are computed from is kept in the review log, encrypted under the review key: who can
read the log alone cannot make them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pyotp
from cryptography.fernet import Fernet, InvalidToken

from features.errors import KetresponseError

__all__ = ["describe_secret", "find_step", "make_secret", "open_secret", "seal_secret"]

_PURPOSE = b"ketresponse: second factors"
_SECONDS = 30
_EARLIER_OR_LATER = (0, -1, 1)
"""Steps by which a phone's clock may differ."""


def make_secret() -> str:
    """Return a new secret, as authenticator apps take it: base32."""
    return pyotp.random_base32()


def describe_secret(secret: str, name: str) -> str:
    """Return the address of a secret that authenticator apps read: ``otpauth://``."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name="ketresponse review")


def _cipher(key: bytes) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hmac.digest(key, _PURPOSE, hashlib.sha256)))


def seal_secret(secret: str, key: bytes) -> str:
    """Return a secret as it is kept, encrypted under the review key."""
    return _cipher(key).encrypt(secret.encode()).decode()


def open_secret(sealed: str, key: bytes) -> str:
    """Return a secret that was kept.

    Raises
    ------
    KetresponseError
        If it was kept under another key.
    """
    try:
        return _cipher(key).decrypt(sealed.encode()).decode()
    except InvalidToken as err:
        raise KetresponseError("this second factor was kept under another review key") from err


def find_step(secret: str, code: str) -> int | None:
    """Return the step of time that a code is of; None if it is not one of now.

    Parameters
    ----------
    secret : str
        From :func:`make_secret`.
    code : str
        Six digits.
    """
    made = pyotp.TOTP(secret)
    now = int(datetime.now(UTC).timestamp()) // _SECONDS
    for offset in _EARLIER_OR_LATER:
        step = now + offset
        expected = made.at(step * _SECONDS)
        if hmac.compare_digest(expected.encode(), code.strip().encode(errors="replace")):
            return step
    return None
