from __future__ import annotations

import base64
import hashlib

import pytest

from features.errors import Refused
from serving.access.errands import ERRAND_SECONDS, Errands


def test_whoever_comes_back_with_their_word_goes_on():
    errands = Errands()
    state, errand = errands.begin("carried")
    assert errands.finish(state, state) == errand
    assert errand.carried == "carried"
    digest = hashlib.sha256(errand.verifier.encode()).digest()
    told = errand.challenge
    assert told["code_challenge"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert told["code_challenge_method"] == "S256"


def test_nobody_goes_on_twice_with_another_word_or_too_late():
    now = [0.0]
    errands = Errands(clock=lambda: now[0])
    state, _ = errands.begin(None)
    errands.finish(state, state)
    for given, word in [(state, state), ("", ""), ("\udcff", "\udcff")]:
        with pytest.raises(Refused, match="begun elsewhere"):
            errands.finish(given, word)
    state, _ = errands.begin(None)
    with pytest.raises(Refused):
        errands.finish(state, "another browser's")
    with pytest.raises(Refused):  # it was tried: it is over
        errands.finish(state, state)
    state, _ = errands.begin(None)
    now[0] = ERRAND_SECONDS + 1
    with pytest.raises(Refused):
        errands.finish(state, state)


def test_only_so_many_are_waited_for():
    errands = Errands()
    first, _ = errands.begin(0)
    for number in range(1000):
        last, _ = errands.begin(number)
    assert errands.finish(last, last).carried == 999
    with pytest.raises(Refused):
        errands.finish(first, first)
