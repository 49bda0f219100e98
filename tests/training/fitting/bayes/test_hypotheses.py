"""What models there are, and how likely each is beforehand."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logsumexp

from features.arrays import FloatArray
from features.dictionary.transformers import PredictorBasis
from training.fitting.bayes.effects import KNOTS, Effects, make_effects
from training.fitting.bayes.hypotheses import (
    POINT,
    RANGE,
    choose_effects,
    list_all,
    list_chosen,
    list_few,
)


def _make(n_predictors: int, seed: int = 0) -> Effects:
    X = np.random.default_rng(seed).normal(size=(60, n_predictors))
    basis = PredictorBasis(knots=KNOTS, steps=True).fit(X)
    return make_effects(basis, basis.expand(X))


def _of_columns(columns: FloatArray) -> Effects:
    n = columns.shape[1]
    needs, pairs = np.eye(n, dtype=bool), np.empty((0, 2), dtype=np.intp)
    ones = np.ones(len(columns))
    return Effects(
        design=np.column_stack([ones, columns]),
        kinds=np.zeros(n, dtype=np.intp),
        needs=needs,
        pairs=pairs,
        to_basis=np.eye(1 + n),
        damping=ones,
        apart=columns[:0],
        counts=ones.astype(np.intp),
    )


@pytest.mark.parametrize("which", [0, 1])
def test_models_of_all_predictors_have_what_sparse_ones_leave(which: int) -> None:
    prior = (POINT, RANGE)[which]
    models = list_all(_make(3))
    first, *others = [np.exp(model.weights[which]) for model in models]
    assert first == pytest.approx(prior.nothing) and not models[0].variances.any()
    left = (1 - prior.nothing) * (1 - prior.chosen) * (1 - prior.few)
    assert sum(others) == pytest.approx(left)


def test_a_kind_has_one_spread_however_many_columns_it_has() -> None:
    effects = _make(4)
    for model in list_all(effects)[1:]:
        straight = model.variances[effects.kinds == 0].sum()
        assert np.isclose(np.sqrt(straight), [0.25, 0.5, 1.0, 2.0]).sum() == 1


def test_few_predictors_are_those_first_in_the_order_and_rarer_the_more_could_be_chosen() -> None:
    effects = _make(6)
    models = list_few(effects, np.array([4, 2, 0, 1, 3, 5]))
    alone = [m for m in models if effects.needs[m.variances > 0].any(axis=0).sum() == 1]
    assert all(effects.needs[m.variances > 0].any(axis=0)[4] for m in alone)
    # One of six, to the power of 0.7, and the sizes 1, 2, 3 and 4 are equally likely.
    own = (1 - POINT.nothing) * (1 - POINT.chosen) * POINT.few / 4 / 6**0.7
    assert np.exp(logsumexp([m.weights[0] for m in alone])) == pytest.approx(own)
    # The interval's prior has none of them.
    assert all(m.weights[1] == -np.inf for m in models)


def test_chosen_columns_come_one_more_each_time() -> None:
    effects = _make(3)
    y = (effects.design[:, 1] > 0).astype(float)
    chosen = [m.variances > 0 for m in list_chosen(effects, y)]
    assert [int(columns.sum()) for columns in chosen] == [*range(1, 9)] * 2
    for fewer, more in pairwise(chosen[:8]):
        assert (more >= fewer).all()
    # What tells most is a step of the predictor that tells all, near its middle.
    assert effects.needs[chosen[0]].tolist() == [[True, False, False]]


def test_of_columns_that_tell_the_same_the_first_is_chosen() -> None:
    # A flag, its copy and its reverse; four patients have it, and three of them respond.
    flag = np.repeat([1.0, -1.0], 4)
    effects, y = (
        _of_columns(np.column_stack([flag, flag, -flag])),
        np.array([1, 1, 1, 0, 0, 0, 0, 1.0]),
    )
    assert choose_effects(effects, y, sd=0.5, most=3) == [[0]]


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(5, 24), n_columns=st.integers(1, 40))
def test_rounding_chooses_no_column(seed: int, n: int, n_columns: int) -> None:
    # Few patients and many flags: what columns tell is often the same, or nothing is left to tell.
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(n) % 2).astype(float)
    columns = rng.integers(2, size=(n, n_columns)).astype(float)
    columns -= columns.mean(axis=0)
    otherwise = columns * (1 + 1e-14 * rng.uniform(-1, 1, size=columns.shape))
    one, two = (
        choose_effects(_of_columns(some), y, sd=0.5, most=8) for some in (columns, otherwise)
    )
    assert one == two
