"""What a browser is told to do with a page about a patient: keep nothing, load nothing."""

import pytest

from serving.web.headers import CARD_POLICY, DOCS_POLICY, PAGE_POLICY, PRIVATE


def directives(policy):
    return {words[0]: words[1:] for words in (part.split() for part in policy.split(";"))}


@pytest.mark.parametrize("policy", [PAGE_POLICY, CARD_POLICY, DOCS_POLICY])
def test_nothing_is_loaded_from_outside(policy):
    found = directives(policy)
    assert found["default-src"] == ["'none'"]
    assert found["base-uri"] == ["'none'"]
    for sources in found.values():
        assert not [word for word in sources if "http" in word or "*" in word]


def test_no_script_runs_on_a_patients_page_or_on_a_card():
    assert "script-src" not in directives(PAGE_POLICY)
    assert "script-src" not in directives(CARD_POLICY)
    assert "allow-scripts" not in directives(CARD_POLICY)["sandbox"]
    assert directives(DOCS_POLICY)["script-src"] == ["'self'"]


def test_pages_cannot_be_framed_by_others():
    assert directives(PAGE_POLICY)["frame-ancestors"] == ["'none'"]
    assert directives(CARD_POLICY)["frame-ancestors"] == ["'self'"]


def test_nothing_is_kept():
    assert PRIVATE["Cache-Control"] == "no-store"
    assert PRIVATE["Referrer-Policy"] == "no-referrer"
