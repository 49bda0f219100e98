from __future__ import annotations

import pytest

from serving.access.limiter import Limiter, name_address


def test_each_may_ask_so_often_and_then_is_told_how_long_to_wait():
    limiter = Limiter("3/minute")
    assert [limiter.wait("anna") for _ in range(3)] == [0, 0, 0]
    assert 1 <= limiter.wait("anna") <= 120
    assert limiter.wait("berta") == 0


def test_after_the_wait_it_goes_on(monkeypatch):
    import time

    limiter = Limiter("2/second")
    while any(limiter.wait("anna") for _ in range(2)):  # in the middle of a window
        time.sleep(0.1)
    seconds = limiter.wait("anna")
    assert 1 <= seconds <= 2
    time.sleep(seconds)
    assert limiter.wait("anna") == 0


def test_without_a_rate_nobody_waits():
    limiter = Limiter("")
    assert not any(limiter.wait("anna") for _ in range(5000))


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("10.1.2.3", "10.1.2.3"),
        ("::ffff:10.1.2.3", "10.1.2.3"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::9", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
    ],
)
def test_addresses_are_counted_by_who_has_them(address, counted):
    assert name_address((address, 1)) == counted


def test_an_address_may_be_unknown():
    assert name_address(None) == ""
