"""What a run found."""

import pytest
from pydantic import ValidationError

from training.store.found import BenefitRow, NullTest, OptimismRow, SubgroupRow, UpdateFacts


@pytest.mark.parametrize(
    ("model", "treat_all", "gain"),
    [
        (0.30, 0.20, 0.10),  # above both
        (0.30, 0.40, -0.10),  # treating all is better
        (0.05, -0.30, 0.05),  # treating none is the better of the two
        (-0.01, -0.30, -0.01),
    ],
)
def test_a_gain_is_over_the_better_of_treating_all_and_none(
    model: float, treat_all: float, gain: float
) -> None:
    row = BenefitRow(threshold=0.4, net_benefit=model, treat_all=treat_all, treat_none=0.0)
    assert row.gain == pytest.approx(gain)


@pytest.mark.parametrize(
    ("events", "n", "smaller"), [(3, 10, 3), (7, 10, 3), (5, 10, 5), (0, 4, 0), (4, 4, 0)]
)
def test_the_smaller_class_of_a_subgroup(events: int, n: int, smaller: int) -> None:
    row = SubgroupRow(variable="sex", subgroup="male", n=n, events=events)
    assert row.smaller_class == smaller


def test_the_interval_of_optimism_is_the_corrected_values() -> None:
    row = OptimismRow(metric="auc", apparent=0.8, corrected=0.7, low=0.6, high=0.75)
    assert list(row.interval.to_json().values()) == [0.7, 0.6, 0.75]


@pytest.mark.parametrize(
    ("verdict", "judged"), [("right", True), ("wrong", True), ("constant", False)]
)
def test_a_constant_ranks_nobody_and_is_not_judged(verdict: str, judged: bool) -> None:
    row = {"model": "x", "horizon": "t1", "auc": None, "n_permutations": 100, "verdict": verdict}
    test = NullTest.model_validate({"done": True, "n_permutations": 100, "rows": [row]})
    assert test.rows[0].judged is judged


def test_an_update_is_of_outcomes_that_there_are() -> None:
    outcome = {"method": "shift", "words": "moved", "n": 80, "events": 30}
    facts = {"parent": "pilot:1", "parent_digest": "d", "alpha": 0.05}
    for name in ("response", "kept"):
        assert UpdateFacts.model_validate(facts | {"outcomes": {name: outcome}}).outcomes[name].n
    with pytest.raises(ValidationError, match="outcomes"):
        UpdateFacts.model_validate(facts | {"outcomes": {"survival": outcome}})
