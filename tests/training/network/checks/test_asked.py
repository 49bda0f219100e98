"""What no honest lead asks is told by where, and never answered."""

from __future__ import annotations

from typing import Any

import pytest

from tests.training.helpers.network_rounds import gather, make_centres
from tests.training.helpers.networks import KEYS, TEXT, make_signed
from training.network.asking import make_ask
from training.network.checks.asked import find_impossible_asks
from training.network.content import Ask

PROTOCOL = make_signed()
COEF = [0.1] * 5
RATES = {"t1": 0.5, "t2": 0.3}


@pytest.fixture(scope="module")
def asks() -> dict[int, Ask]:
    centres = make_centres()
    return {last + 1: make_ask(gather(last, centres)) for last in range(1, 6)}


def _find(ask: Ask, protocol: Any = PROTOCOL) -> list[tuple[str, str, str]]:
    found = find_impossible_asks(ask, protocol, "basel")
    return [(problem.column, problem.expected, problem.got) for problem in found]


def _change(ask: Ask, **update: Any) -> Ask:
    response = ask.outcomes["response"].model_copy(update=update)
    return ask.model_copy(update={"outcomes": {**ask.outcomes, "response": response}})


def test_an_honest_lead_asks_nothing_impossible(asks: dict[int, Ask]) -> None:
    for ask in asks.values():
        for centre in KEYS:
            assert find_impossible_asks(ask, PROTOCOL, centre) == []


@pytest.mark.parametrize(
    ("round_", "asked", "expected"),
    [
        (3, {"losses": {"basel": {"straight 1": COEF}}}, "in round 2 alone"),
        (2, {"shrinking": {"aachen": COEF}}, "in round 3 alone"),
        (3, {"blended": {"coef": COEF, "intercepts": {"basel": 0.0}}}, "from round 4 on"),
    ],
)
def test_each_part_is_asked_in_its_own_round(
    asks: dict[int, Ask], round_: int, asked: dict[str, Any], expected: str
) -> None:
    told = asks[round_].model_dump()
    told["outcomes"]["response"] |= asked
    (fault,) = _find(Ask.model_validate(told))
    (name,) = asked
    assert fault == (f"round {round_}: response, {name}", expected, f"in round {round_}")


def test_a_model_is_judged_once(asks: dict[int, Ask]) -> None:
    evaluated = {"evaluated": {"basel": {"response": [0.0, *COEF]}}, "base_rates": {"basel": RATES}}
    for round_ in (2, 3, 5):
        (fault,) = _find(asks[round_].model_copy(update=evaluated))
        assert fault[:2] == (f"round {round_}: evaluated", "in round 4 alone")
    assert _find(asks[4].model_copy(update=evaluated)) == []


def test_only_settings_of_the_protocol_are_compared(asks: dict[int, Ask]) -> None:
    losses = {"basel": {f"straight {place}": COEF for place in (1, 7, 8)}}
    (fault,) = _find(_change(asks[2], losses=losses))
    assert fault[1] == "some of straight 0.125, straight 0.25, straight 0.5, straight 1"
    assert fault[2] == "2 of another name"


@pytest.mark.parametrize(
    ("coef", "expected"),
    [
        (COEF[:4], "a coefficient for each of 5 columns"),
        ([], "a coefficient for each of 5 columns"),
        ([*COEF, 0.1], "a coefficient for each of 5 columns"),
        ([*COEF[:4], -60.0], "log-odds per column of at most 5"),
        ([*COEF[:4], 1e300], "log-odds per column of at most 5"),
    ],
)
def test_every_model_has_a_coefficient_of_a_likely_size_for_each_column(
    asks: dict[int, Ask], coef: list[float], expected: str
) -> None:
    blended = asks[4].outcomes["response"].blended
    assert blended is not None
    sly = {
        "coef": _change(asks[2], coef=coef),
        "losses, straight 1": _change(asks[2], losses={"basel": {"straight 1": coef}}),
        "shrinking": _change(asks[3], shrinking={"basel": coef}),
        "blended": _change(asks[4], blended=blended.model_copy(update={"coef": coef})),
    }
    for where, ask in sly.items():
        (fault,) = _find(ask)
        assert fault[:2] == (f"round {ask.round}: response, {where}", expected)
    models = {"basel": {"response": [0.0, *coef]}}
    (fault,) = _find(asks[4].model_copy(update={"evaluated": models}))
    assert fault[:2] == ("round 4: evaluated, response", expected)


def test_intercepts_rates_and_names_are_checked(asks: dict[int, Ask]) -> None:
    (fault,) = _find(_change(asks[2], intercepts={"basel": 1e308}))
    assert fault[1] == "an intercept of at most 10 log-odds"
    (fault,) = _find(asks[4].model_copy(update={"evaluated": {"basel": {"response": []}}}))
    assert fault[1] == "a coefficient for each of 5 columns"
    for rates in ({"t1": -0.1, "t2": 0.3}, {"t1": 1e308, "t2": 0.3}):
        (fault,) = _find(asks[4].model_copy(update={"base_rates": {"basel": rates}}))
        assert fault[:2] == ("round 4: base_rates, t1", "a share, 0 to 1")
    (fault,) = _find(asks[4].model_copy(update={"base_rates": {}}))
    assert fault[1:] == ("one of each of t1, t2", "fewer")
    named = asks[2].model_copy(update={"outcomes": {"\x1b[2J": asks[2].outcomes["response"]}})
    (fault,) = _find(named)
    assert fault == ("round 2: outcomes", "some of response, kept", "1 of another name")


def test_with_noise_any_size_may_be_asked(asks: dict[int, Ask]) -> None:
    noisy = make_signed(TEXT.replace("# noise = {", "noise = {"))
    assert noisy.limits.noise is not None
    assert _find(_change(asks[2], coef=[60.0] * 5), noisy) == []
