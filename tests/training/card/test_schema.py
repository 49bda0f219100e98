"""The shape of a card."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from pydantic import ValidationError

from tests.training.helpers.cards import small_card
from training.card.schema import CardDocument, GateSettings


def _card() -> dict[str, Any]:
    return {"schema_version": 1, "body": copy.deepcopy(small_card().body.to_json())}


def test_a_card_is_read_as_it_was_written() -> None:
    assert CardDocument.model_validate(_card()).body.to_json() == _card()["body"]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"remark": "x"}, ("body", "remark")),
        ({"author": {"a": 1}}, ("body", "author", "a", "str")),
        ({"statements": None}, ("body", "statements")),
    ],
)
def test_a_body_holds_what_is_named_and_nothing_else(
    change: dict[str, Any], where: tuple[str, ...]
) -> None:
    card = _card()
    card["body"] |= change
    with pytest.raises(ValidationError) as caught:
        CardDocument.model_validate(card)
    assert where in [error["loc"] for error in caught.value.errors()]


@pytest.mark.parametrize(("rate", "fits"), [(0, True), (1, True), (1.01, False), (-0.01, False)])
def test_a_published_rate_is_a_share(rate: float, fits: bool) -> None:
    card = _card()
    card["body"]["base_rates"][0]["rate"] = rate
    if fits:
        assert CardDocument.model_validate(card).body.base_rates[0].rate == rate
        return
    with pytest.raises(ValidationError):
        CardDocument.model_validate(card)


def test_a_card_of_another_version_is_refused() -> None:
    with pytest.raises(ValidationError):
        CardDocument.model_validate(_card() | {"schema_version": 2})


def test_the_gates_thresholds_are_those_of_the_documentation() -> None:
    assert GateSettings().model_dump() == {
        "null_low": 0.45,
        "null_high": 0.55,
        "permutations": 100,
        "slope_low": 0.8,
        "slope_high": 1.2,
        "log_o_e": 0.2,
        "instability": 0.1,
        "per_class": 10,
        "suspicious_auc": 0.85,
    }
