"""What every part of a run's results is made of."""

import pytest
from pydantic import TypeAdapter, ValidationError

from training.store.part import EstimateRow, MetricRow, NotDone, OrNotDone, ResultsPart


class Found(ResultsPart):
    done: bool = True
    n: int


EITHER: TypeAdapter[Found | NotDone] = TypeAdapter(OrNotDone[Found])


def test_a_part_holds_what_is_named_and_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="extra"):
        EstimateRow.model_validate({"estimate": 1, "hgih": 2})
    row = EstimateRow(estimate=1)
    with pytest.raises(ValidationError, match="frozen"):
        row.estimate = 2


def test_what_was_left_out_stays_out_and_what_was_given_stays_in() -> None:
    assert EstimateRow(estimate=1.0, low=None).to_json() == {"estimate": 1.0, "low": None}
    assert MetricRow(metric="auc").to_json() == {"metric": "auc"}


@pytest.mark.parametrize(
    ("command", "told"), [("", "switched off"), ("train", "switched off; train")]
)
def test_why_a_part_is_missing_is_told_with_what_to_run(command: str, told: str) -> None:
    assert NotDone(done=False, reason="switched off", command=command).told == told


def test_a_part_or_the_reason_it_is_missing_is_told_apart_by_done() -> None:
    assert EITHER.validate_python({"done": True, "n": 3}) == Found(n=3)
    assert EITHER.validate_python({"n": 3}) == Found(n=3)
    absent = NotDone(done=False, reason="off")
    assert EITHER.validate_python({"done": False, "reason": "off"}) == absent
    assert EITHER.validate_python(absent) is absent


def test_the_errors_of_a_part_name_what_is_wrong_with_it_and_nothing_else() -> None:
    for wrong, where in (
        ({"done": True, "n": "many"}, ("(done)", "n")),
        ({"done": False, "n": 3}, ("(not done)", "reason")),
    ):
        with pytest.raises(ValidationError) as caught:
            EITHER.validate_python(wrong)
        assert caught.value.errors()[0]["loc"] == where
    assert not any("reason" in error["loc"] for error in _errors({"done": True, "n": "x"}))


def _errors(wrong: dict[str, object]) -> list[dict[str, object]]:
    with pytest.raises(ValidationError) as caught:
        EITHER.validate_python(wrong)
    return [dict(error) for error in caught.value.errors()]
