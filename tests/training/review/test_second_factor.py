"""Codes as every authenticator app makes them."""

from __future__ import annotations

import time

import pyotp
import pytest

from features.errors import KetresponseError
from training.review.second_factor import (
    describe_secret,
    find_step,
    make_secret,
    open_secret,
    seal_secret,
)


def test_the_codes_are_those_of_the_standard() -> None:
    # RFC 6238, appendix B: the last six digits of 94287082 at 59 s, with the key in ASCII.
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert pyotp.TOTP(secret).at(59) == "287082"


def test_a_code_of_now_or_half_a_minute_off_is_found() -> None:
    secret, step = make_secret(), int(time.time()) // 30
    for offset in (-1, 0, 1):
        found = find_step(secret, pyotp.TOTP(secret).at((step + offset) * 30))
        assert found is not None and abs(found - step - offset) <= 1
    for code in ("", "123", "abcdef", "\u0661" * 6, pyotp.TOTP(secret).at((step + 9) * 30)):
        assert find_step(secret, code) is None


def test_an_app_reads_the_address() -> None:
    address = describe_secret("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "berta")
    assert address.startswith("otpauth://totp/ketresponse%20review:berta?secret=GEZDGNBVGY3TQOJQ")


def test_a_secret_is_kept_under_the_review_key() -> None:
    secret = make_secret()
    sealed = seal_secret(secret, b"k" * 32)
    assert secret not in sealed
    assert open_secret(sealed, b"k" * 32) == secret
    with pytest.raises(KetresponseError, match="under another review key"):
        open_secret(sealed, b"x" * 32)
