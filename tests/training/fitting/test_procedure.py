from __future__ import annotations

import numpy as np
import pytest

from features.dictionary.contract import CONTRACT
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


@pytest.mark.parametrize(
    ("candidates", "bends", "steps"),
    [
        (("prevalence", "splines"), 1, 0),
        (("prevalence", "ridge", "lightgbm"), 0, 0),
        (("evidence",), 2, 19),
    ],
)
def test_numbers_bend_and_step_where_a_candidate_asks_for_it(
    candidates: tuple[str, ...], bends: int, steps: int
) -> None:
    X = np.random.default_rng(0).uniform(0, 10, (100, 1))
    basis = Procedure(candidates).make_basis([CONTRACT["nrs_t0"]], len(X)).fit(X)
    assert len(basis.groups_) == 1 + bends + steps
    assert np.count_nonzero(~np.isnan(basis.cut_)) == steps


def test_only_a_bayesian_member_alone_needs_no_inner_cross_validation() -> None:
    assert Procedure(("evidence",)).shrinks_itself
    assert not Procedure(("evidence", "lightgbm")).shrinks_itself
    assert not Procedure(("ridge",)).shrinks_itself
