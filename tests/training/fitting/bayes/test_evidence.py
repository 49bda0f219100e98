import numpy as np
import pytest
from scipy.special import expit

from features.arrays import FloatArray
from features.dictionary.transformers import PredictorBasis
from training.fitting.bayes.effects import KNOTS, Effects, make_effects
from training.fitting.bayes.evidence import Evidence, fit_evidence


def _design(X: FloatArray) -> tuple[Effects, FloatArray]:
    basis = PredictorBasis(knots=KNOTS, steps=True).fit(X)
    Z = basis.expand(X)
    effects = make_effects(basis, Z)
    together = Z[:, effects.pairs[:, 0]] * Z[:, effects.pairs[:, 1]]
    return effects, np.hstack([np.ones((len(Z), 1)), Z, together])


def _draw(n: int, seed: int, n_predictors: int = 3) -> FloatArray:
    return np.random.default_rng(seed).normal(size=(n, n_predictors))


def _answer(margin: FloatArray, seed: int) -> FloatArray:
    return (np.random.default_rng(seed).random(len(margin)) < expit(margin)).astype(float)


def _margin(found: Evidence, design: FloatArray) -> FloatArray:
    return np.asarray(found.intercept + design @ found.coef)


def test_the_mean_risk_is_the_observed_one() -> None:
    X = _draw(60, 1)
    y = _answer(1.5 * X[:, 0] + 0.4, 2)
    effects, design = _design(X)
    assert expit(_margin(fit_evidence(effects, y), design)).mean() == pytest.approx(y.mean())


def test_noise_is_found_to_be_nothing_the_surer_the_more_patients() -> None:
    nothing = []
    for n in (60, 400):
        shares = []
        for seed in range(8):
            effects, _ = _design(_draw(n, seed))
            shares.append(fit_evidence(effects, _answer(np.zeros(n), seed + 50)).nothing)
        nothing.append(np.mean(shares))
    # Beforehand it is 0.3.
    assert nothing[0] > 0.4
    assert nothing[1] > nothing[0]


@pytest.mark.parametrize(
    "shape",
    [
        lambda X: 1.5 * X[:, 0],
        lambda X: 1.5 * (X[:, 0] ** 2 - 1),
        lambda X: 3.0 * (X[:, 0] > 0.5) - 1,
        lambda X: 1.5 * X[:, 0] * X[:, 1],
        lambda X: 1.5 * np.sign(X[:, 0]) * np.sign(X[:, 1]),
    ],
    ids=["straight", "bent", "step", "product", "switch"],
)
def test_every_kind_of_effect_is_found_where_it_is(shape) -> None:
    X = _draw(400, 3)
    margin = shape(X)
    effects, design = _design(X)
    found = fit_evidence(effects, _answer(margin, 4))
    off = np.sqrt(np.mean((expit(_margin(found, design)) - expit(margin)) ** 2))
    assert found.nothing < 1e-3
    # Cuts lie at quantiles: a patient between one and the true step gets the other side's risk.
    assert off < 0.5 * expit(margin).std()


def test_few_effective_parameters_where_one_predictor_tells_all() -> None:
    X = _draw(500, 5, n_predictors=6)
    effects, _ = _design(X)
    found = fit_evidence(effects, _answer(1.5 * X[:, 2], 6))
    assert len(effects.kinds) > 100
    assert 0.7 < found.effective < 4
    assert fit_evidence(effects, _answer(0 * X[:, 2], 7)).effective < 1.5


def test_what_is_left_out_was_not_seen() -> None:
    # A fit without the patient gives him about the same log-odds.
    X = _draw(50, 8)
    y = _answer(1.2 * X[:, 0], 9)
    effects, _ = _design(X)
    held_out = fit_evidence(effects, y).leave_out(y, np.arange(50))
    without = np.empty(50)
    for place in range(50):
        rest = np.delete(np.arange(50), place)
        basis = PredictorBasis(knots=KNOTS, steps=True).fit(X[rest])
        Z, z = basis.expand(X[rest]), basis.expand(X[[place]])
        other = make_effects(basis, Z)
        found = fit_evidence(other, y[rest])
        row = np.hstack([np.ones((1, 1)), z, z[:, other.pairs[:, 0]] * z[:, other.pairs[:, 1]]])
        without[place] = _margin(found, row)[0]
    assert np.corrcoef(held_out, without)[0, 1] > 0.85
    # It must not be more hopeful than the truth of refitting.
    loss = [np.mean(np.logaddexp(0, m) - y * m) for m in (held_out, without)]
    assert loss[0] == pytest.approx(loss[1], abs=0.03)


def test_a_patient_with_several_rows_is_left_out_with_all_of_them() -> None:
    X = _draw(40, 10)
    y = _answer(2 * X[:, 0], 11)
    twice, groups = np.repeat(X, 2, axis=0), np.repeat(np.arange(40), 2)
    effects, _ = _design(twice)
    found = fit_evidence(effects, np.repeat(y, 2))
    together = found.leave_out(np.repeat(y, 2), groups)
    apart = found.leave_out(np.repeat(y, 2), np.arange(80))
    np.testing.assert_allclose(together[::2], together[1::2], atol=1e-9)
    own = np.repeat(2 * y - 1, 2)
    assert np.mean(own * together) < np.mean(own * apart)


def test_the_interval_of_the_log_odds_holds_the_truth_as_often_as_it_says() -> None:
    held = []
    for seed in range(12):
        X = _draw(150, seed + 20)
        margin = 0.8 * X[:, 0] - 0.6 * X[:, 1]
        effects, design = _design(X)
        mean, covariance = fit_evidence(effects, _answer(margin, seed + 90)).range
        spread = np.sqrt(np.einsum("ij,jk,ik->i", design, covariance, design))
        held.append(np.mean(np.abs(design @ mean - margin) < 1.96 * spread))
    assert 0.9 < np.mean(held) <= 1.0


def test_however_many_patients_there_are_no_model_is_taken_as_quite_right() -> None:
    X = _draw(4000, 3)
    effects, design = _design(X)
    _, covariance = fit_evidence(effects, _answer(0.5 * X[:, 0], 4)).range
    spread = np.sqrt(np.einsum("ij,jk,ik->i", design, covariance, design))
    assert 0.1 < spread.min() < 0.15


def test_the_same_patients_in_another_order_give_the_same_answer() -> None:
    X = _draw(50, 12)
    y = _answer(X[:, 0], 13)
    order = np.random.default_rng(14).permutation(50)
    effects, design = _design(X)
    other, moved = _design(X[order])
    one, two = fit_evidence(effects, y), fit_evidence(other, y[order])
    assert two.nothing == pytest.approx(one.nothing, abs=1e-6)
    np.testing.assert_allclose(_margin(two, moved), _margin(one, design)[order], atol=1e-5)
