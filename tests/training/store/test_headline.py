"""One plain sentence for each horizon, whatever was found."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.store.headline import Finding, list_next, tell_about, tell_headline

FOUND: dict[str, Any] = {
    "where": "discharge (T1)",
    "n": 59,
    "base_rate": 0.58,
    "simulated": False,
    "mean": 0.58,
    "low": 0.4,
    "high": 0.7,
    "constant": False,
    "better": False,
    "enough": False,
    "needed": 384,
}


def _find(**other: Any) -> Finding:
    return Finding.model_validate(FOUND | other)


@pytest.mark.parametrize(
    ("other", "kind", "sentence"),
    [
        (
            {"constant": True, "low": 0.58, "high": 0.58},
            "constant",
            "This model gives everyone 58%: nothing in these 59 patients tells responders from "
            "nonresponders, and they are too few to say that nothing does.",
        ),
        (
            {"constant": True, "enough": True, "n": 900},
            "constant",
            "This model gives everyone 58%: nothing in these 900 patients tells responders from "
            "nonresponders.",
        ),
        (
            {"low": 0.56, "high": 0.6},
            "hardly",
            "This model gives nearly everyone the same, 56% to 60%: next to nothing in these 59 "
            "patients tells responders from nonresponders, and 58% responded; do not use it.",
        ),
        (
            {},
            "unproven",
            "Do not use this model: nothing shows that its estimates are better than telling "
            "everyone 58%, the share of all who responded; 59 patients stand behind it.",
        ),
        (
            {"better": True},
            "few",
            "This model does better than telling everyone 58%, the share of all who responded, but "
            "59 patients are too few to make a model (about 380 are needed, and then a trial in "
            "another hospital): use it for nobody.",
        ),
        (
            {"better": True, "enough": True, "n": 900},
            "better",
            "This model does better than telling everyone 58%, the share of all who responded, and "
            "900 patients are enough to make one: try it in patients of another hospital before "
            "anyone relies on it.",
        ),
        (
            {"better": True, "enough": True, "leaks": True},
            "leak",
            "This model must not be used: it also finds something where outcomes were dealt out at "
            "random, so something leaks in these 59 patients, of whom 58% responded.",
        ),
    ],
)
def test_what_was_found_is_one_sentence(other: dict[str, Any], kind: str, sentence: str) -> None:
    found = _find(**other)
    assert found.kind == kind
    assert tell_headline({"t1": found}) == [sentence]


def test_two_horizons_are_two_sentences_that_say_where() -> None:
    good = _find(better=True, enough=True)
    told = tell_headline({"t1": good, "t2": _find(where="T2", constant=True, mean=0.39)})
    assert [sentence.split(":")[0] for sentence in told] == ["Discharge (T1)", "T2"]
    assert "gives everyone 39%" in told[1]
    assert told[0].endswith("enough to make one, which is not yet a reason to use it.")
    assert "another hospital" not in told[0]  # not while the other horizon holds it back
    assert all("another hospital" in s for s in tell_headline({"t1": good, "t2": good}))


def test_simulated_patients_and_a_panel_are_told() -> None:
    (told,) = tell_headline({"t1": _find(constant=True, simulated=True, panel=True)})
    assert "gives everyone without a panel 58%: nothing in these 59 simulated patients" in told


_FINDINGS = st.builds(
    lambda base, low, width, **other: _find(base_rate=base, low=low, high=low + width, **other),
    base=st.floats(0, 1),
    low=st.floats(0, 0.5),
    width=st.floats(0, 0.5),
    n=st.integers(1, 100_000),
    mean=st.floats(0, 1),
    needed=st.none() | st.integers(1, 100_000),
    **{name: st.booleans() for name in ("constant", "better", "enough", "leaks", "simulated")},
)


@given(_FINDINGS, st.booleans(), st.booleans())
def test_every_finding_is_one_sentence_with_its_patients_and_no_model_is_lent_to_patients(
    found: Finding, thresholds: bool, null_test: bool
) -> None:
    (sentence,) = tell_headline({"t1": found})
    assert sentence.count(".") == 1 and sentence.endswith(".")
    assert str(found.n) in sentence and "%" in sentence
    steps = list_next({"t1": found}, thresholds=thresholds, null_test=null_test)
    good = found.kind == "better"
    assert ("no patient" in steps[0]) is not good
    assert any("ketresponse validate" in step for step in steps) is good
    assert not any("ketresponse serve" in step for step in steps)
    assert any("[decision]" in step for step in steps) is not thresholds
    assert any("--null-test" in step for step in steps) is not null_test
    if found.kind in ("constant", "hardly", "unproven") and found.enough:
        assert any("More patients alone" in step for step in steps)


@pytest.mark.parametrize(("n", "told"), [(384, "380"), (7, "7"), (1450, "1400"), (96, "96")])
def test_what_is_needed_is_told_no_more_exactly_than_it_is_known(n: int, told: str) -> None:
    assert tell_about(n) == told


def test_the_horizon_that_needs_most_says_how_many() -> None:
    steps = list_next({"t1": _find(), "t2": _find(where="T2", n=50, needed=410)})
    assert "about 410 whose outcome at T2 is known; so far it is known of 50" in steps[1]
    assert "either outcome" in list_next({"t1": _find(needed=None)})[1]
