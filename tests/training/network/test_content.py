import pytest
from pydantic import ValidationError

from training.network.content import Ask, Expansion, ShareContent, name_setting


def test_a_setting_is_named_as_centres_name_it() -> None:
    assert name_setting("straight", 0.125) == "straight 0.125"
    assert name_setting("bends", 1.0) == "bends 1"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_are_numbers(value: float) -> None:
    with pytest.raises(ValidationError, match="finite"):
        Expansion(family="straight", at=[0.0], value=value, gradient=[0.0], curvature=None)


def test_nothing_else_may_stand_in_a_share() -> None:
    told = {"round": 1, "patients": 40, "synthetic": True, "outcomes": {}}
    assert ShareContent.model_validate(told).patients == 40
    with pytest.raises(ValidationError, match="rows"):
        ShareContent.model_validate({**told, "rows": [[7, 2]]})


def test_a_round_is_asked_from_the_second_on() -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 2"):
        Ask(round=1, outcomes={})
