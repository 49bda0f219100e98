"""What so many patients bear: everything up to 20,000, then what the budget allows."""

from __future__ import annotations

import pytest

from training.fitting.bayes.kinds import choose_kinds
from training.measures.many import MANY


@pytest.mark.parametrize(("n", "n_numbers"), [(MANY, 10), (2_000, 40)])
def test_at_usual_sizes_nothing_is_left_out(n: int, n_numbers: int) -> None:
    assert choose_kinds(n, n_numbers=n_numbers, n_flags=5).left_out == ()


def test_what_memory_does_not_bear_is_left_out_at_any_size() -> None:
    assert choose_kinds(11_000, n_numbers=37, n_flags=3).left_out == ("steps",)


def test_steps_go_first_then_products_then_bends() -> None:
    found = [
        choose_kinds(n, n_numbers=2, n_flags=3).left_out
        for n in (100_000, 1_000_000, 20_000_000, 100_000_000)
    ]
    assert found == [(), ("steps",), ("products", "steps"), ("bends", "products", "steps")]


def test_the_more_predictors_the_fewer_kinds() -> None:
    assert choose_kinds(1_000_000, n_numbers=8, n_flags=32).left_out == ("products", "steps")
