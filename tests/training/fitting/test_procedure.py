from __future__ import annotations

import pytest

from training.fitting.procedure import Procedure


def test_without_inner_repeats_there_is_one_candidate_with_one_setting() -> None:
    assert Procedure(("logistic",), inner_repeats=0).is_plain
    for candidates in [("ridge",), ("prevalence", "logistic")]:
        with pytest.raises(ValueError, match="one candidate, with one setting"):
            Procedure(candidates, inner_repeats=0)


@pytest.mark.parametrize(
    "procedure",
    [
        Procedure(("firth",), inner_repeats=0),
        Procedure(("logistic",)),
        Procedure(("logistic",), inner_repeats=0, published_patients=5, published_rates=(0.6,)),
    ],
)
def test_a_plain_procedure_is_maximum_likelihood_and_nothing_else(procedure: Procedure) -> None:
    assert not procedure.is_plain


def test_bends_are_needed_by_splines_only() -> None:
    assert Procedure(("prevalence", "splines")).needs_bends
    assert not Procedure(("prevalence", "ridge", "lightgbm")).needs_bends
