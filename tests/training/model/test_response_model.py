import numpy as np
import pytest
from scipy.special import logit

from features.dictionary.contract import CONTRACT
from features.dictionary.preprocessing import make_basis
from training.model.response_model import OutcomeModel, ResponseModel, WorkingModel


def test_an_interval_follows_the_served_probability_as_far_as_bends_and_trees_carry_it() -> None:
    # The working model gives everyone log-odds around 0, the served model log-odds 2: following
    # by half, the same interval is also laid around 1.
    rng = np.random.default_rng(0)
    basis = make_basis((CONTRACT["nrs_t0"],)).fit(np.array([[2.0], [8.0]]))
    draws = np.column_stack([np.sort(rng.normal(size=999)), np.zeros(999)])
    low, middle, high = np.quantile(draws[:, 0], [0.025, 0.5, 0.975])
    nothing = np.empty(0)
    served = OutcomeModel(basis, 2.0, np.zeros(1), "", 0, 0.0, nothing, nothing)

    def limits(follow: float) -> np.ndarray:
        model = ResponseModel(
            ("t1",),
            ("nrs_t0",),
            tuple(CONTRACT.to_list()),
            served,
            None,
            WorkingModel(basis, draws, follow),
            None,
            np.zeros((1, 1)),
        )
        return logit(model.interval(np.array([[5.0]]))[0, 0])

    assert limits(0.0) == pytest.approx([low, max(high, 2.0)], abs=0.01)
    half = 0.5 * (2.0 - middle)
    assert limits(0.5) == pytest.approx([low, high + half], abs=0.01)
    assert limits(1.0) == pytest.approx([low, high + 2 * half], abs=0.01)


def test_the_second_interval_follows_as_far_as_either_outcome_does() -> None:
    # Only the first outcome follows its served log-odds of 2: the product's interval moves too.
    basis = make_basis((CONTRACT["nrs_t0"],)).fit(np.array([[2.0], [8.0]]))
    draws = np.column_stack([np.linspace(-1, 1, 999), np.zeros(999)])
    nothing = np.empty(0)
    served = OutcomeModel(basis, 2.0, np.zeros(1), "", 0, 0.0, nothing, nothing)

    def upper(first: float, kept: float) -> float:
        model = ResponseModel(
            ("t1", "t2"),
            ("nrs_t0",),
            tuple(CONTRACT.to_list()),
            served,
            served,
            WorkingModel(basis, draws, first),
            WorkingModel(basis, draws, kept),
            np.zeros((1, 1)),
        )
        return float(model.interval(np.array([[5.0]]))[0, 1, 1])

    assert upper(1.0, 0.0) == pytest.approx(upper(0.0, 1.0))
    assert upper(1.0, 0.0) > upper(0.0, 0.0) + 0.01


@pytest.mark.parametrize(("n_draws", "n_fills"), [(12, 4), (14, 4), (3, 5)])
def test_draws_take_turns_with_the_fillings_of_a_gap(n_draws: int, n_fills: int) -> None:
    rng = np.random.default_rng(n_draws)
    basis = make_basis((CONTRACT["nrs_t0"], CONTRACT["age_years"])).fit(rng.random((9, 2)))
    pairs = np.array([[0, 1]])
    model = WorkingModel(basis, rng.normal(size=(n_draws, 4)), pairs=pairs)
    rows = rng.normal(size=(3, n_fills, 4))
    expected = [[model.draws[d] @ of_one[d % n_fills] for d in range(n_draws)] for of_one in rows]
    np.testing.assert_allclose(model.draw_ways(rows), expected, rtol=1e-13)
    np.testing.assert_allclose(model.draw_ways(rows[:1]), expected[:1], rtol=1e-13)
