"""Intervals as a card words them."""

import pytest

from training.card.words import interval
from training.store.part import EstimateRow


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (None, "not estimable"),
        (EstimateRow(estimate=None, low=0.1, high=0.2), "not estimable"),
        (EstimateRow(estimate=0.62, low=0.48, high=0.74), "0.62 (0.48 to 0.74)"),
        (EstimateRow(estimate=0.62), "0.62 (no interval)"),
        (EstimateRow(estimate=0.62, low=0.48), "0.62 (no interval)"),
        (EstimateRow(estimate=0.62, high=0.48), "0.62 (no interval)"),
        (EstimateRow(estimate=0.0, low=-0.1, high=0.1), "0.00 (−0.10 to 0.10)"),
    ],
)
def test_an_interval_is_told_with_what_it_lacks(row: EstimateRow | None, words: str) -> None:
    assert interval(row) == words
