"""Models that cannot weigh anything need not be solved: what is found without them is the same."""

from __future__ import annotations

import numpy as np
import pytest

from features.dictionary.contract import CONTRACT
from features.dictionary.preprocessing import make_basis
from training.fitting.bayes import evidence
from training.fitting.bayes.effects import KNOTS, Effects, make_effects
from training.fitting.bayes.evidence import fit_evidence
from training.fitting.bayes.hypotheses import Hypothesis, list_all
from training.fitting.bayes.laplace import find_mode
from training.fitting.bayes.screening import SCREENED_FROM, keep_likely, sum_up_likelihood


def _make_patients(n: int) -> tuple[Effects, np.ndarray]:
    rng = np.random.default_rng(5)
    X = np.column_stack([rng.integers(3, 11, n), rng.exponential(4.0, n), rng.integers(0, 2, n)])
    predictors = CONTRACT.check_predictors(["nrs_t0", "disease_duration_years", "opioid"])
    risk = 1 / (1 + np.exp(-(0.8 * (X[:, 0] - 7) - 2.5 * X[:, 2])))
    y = (rng.random(n) < risk).astype(np.float64)
    basis = make_basis(predictors, knots=KNOTS, steps=True).fit(X.astype(np.float64))
    return make_effects(basis, basis.expand(X.astype(np.float64))), y


def _solve(effects: Effects, y: np.ndarray, model: Hypothesis) -> float:
    prior = np.concatenate([[100.0], model.variances])
    used = np.flatnonzero(prior)
    return find_mode(effects.design[:, used], y, prior[used]).evidence


def test_screened_models_give_what_all_of_them_give(monkeypatch: pytest.MonkeyPatch) -> None:
    effects, y = _make_patients(3000)
    screened = fit_evidence(effects, y)
    monkeypatch.setattr(evidence, "SCREENED_FROM", 3001)
    every = fit_evidence(effects, y)
    assert len(screened._mixture.models) < len(every._mixture.models)
    np.testing.assert_allclose(screened.coef, every.coef, atol=1e-7)
    assert screened.intercept == pytest.approx(every.intercept, abs=1e-7)
    assert screened.nothing == pytest.approx(every.nothing, abs=1e-15)
    for own, other in zip(screened.range, every.range, strict=True):
        np.testing.assert_allclose(own, other, atol=1e-7)


def test_distance_from_the_best_is_told_to_a_quarter_without_solving_a_model() -> None:
    effects, y = _make_patients(SCREENED_FROM)
    models = list_all(effects)
    form = sum_up_likelihood(effects.design, y, models)
    kept = keep_likely(form, models)
    assert 0 < len(kept) < len(models)
    told = np.array([form.find_evidence(model.variances) for model in models])
    solved = np.array([_solve(effects, y, model) for model in models])
    weight = solved + [model.weights[0] for model in models]
    best = int(np.argmax(weight))
    assert told[best] == pytest.approx(solved[best], abs=0.5)
    behind = solved[best] - solved
    near = np.abs(behind) < 100
    assert near.sum() > len(kept) / 2
    assert np.all(np.abs(told[best] - told - behind)[near] < 0.25 * np.abs(behind[near]) + 0.5)


def test_what_is_left_out_lies_far_behind() -> None:
    effects, y = _make_patients(SCREENED_FROM)
    models = list_all(effects)
    kept = keep_likely(sum_up_likelihood(effects.design, y, models), models)
    weights = np.array([np.add(model.weights, _solve(effects, y, model)) for model in models])
    left = [place for place, model in enumerate(models) if model not in kept]
    assert left
    assert np.all(weights.max(axis=0) - weights[left] > 36)


def test_without_a_form_every_model_is_kept() -> None:
    effects, y = _make_patients(100)
    models = list_all(effects)
    assert keep_likely(None, models) == models
    assert keep_likely(sum_up_likelihood(effects.design, y, models), []) == []
