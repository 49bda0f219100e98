"""Models that cannot weigh anything need not be solved: what is found without them is the same."""

from __future__ import annotations

import numpy as np
import pytest

from features.dictionary.contract import CONTRACT
from features.dictionary.preprocessing import make_basis
from training.fitting.bayes import evidence
from training.fitting.bayes.effects import KNOTS, Effects, make_effects
from training.fitting.bayes.evidence import fit_evidence
from training.fitting.bayes.hypotheses import list_all
from training.fitting.bayes.laplace import find_mode
from training.fitting.bayes.screening import keep_likely, sum_up_likelihood


def _make_patients(n: int) -> tuple[Effects, np.ndarray]:
    rng = np.random.default_rng(5)
    X = np.column_stack([rng.integers(3, 11, n), rng.exponential(4.0, n), rng.integers(0, 2, n)])
    predictors = CONTRACT.check_predictors(["nrs_t0", "disease_duration_years", "opioid"])
    risk = 1 / (1 + np.exp(-(0.8 * (X[:, 0] - 7) - 2.5 * X[:, 2])))
    y = (rng.random(n) < risk).astype(np.float64)
    basis = make_basis(predictors, knots=KNOTS, steps=True).fit(X.astype(np.float64))
    return make_effects(basis, basis.expand(X.astype(np.float64))), y


def test_screened_models_give_what_all_of_them_give(monkeypatch: pytest.MonkeyPatch) -> None:
    effects, y = _make_patients(3000)
    every = fit_evidence(effects, y)
    monkeypatch.setattr(evidence, "SCREENED_FROM", 3000)
    screened = fit_evidence(effects, y)
    assert len(screened._mixture.models) < len(every._mixture.models)
    np.testing.assert_allclose(screened.coef, every.coef, atol=1e-7)
    assert screened.intercept == pytest.approx(every.intercept, abs=1e-7)
    assert screened.nothing == pytest.approx(every.nothing, abs=1e-15)
    for own, other in zip(screened.range, every.range, strict=True):
        np.testing.assert_allclose(own, other, atol=1e-7)


def test_evidence_of_the_likeliest_model_is_told_without_solving_it() -> None:
    effects, y = _make_patients(3000)
    models = list_all(effects)
    form = sum_up_likelihood(effects.design, y, models)
    assert 0 < len(keep_likely(form, models)) < len(models)
    best = max(models, key=lambda model: form.find_evidence(model.variances))
    prior = np.concatenate([[100.0], best.variances])
    used = np.flatnonzero(prior)
    solved = find_mode(effects.design[:, used], y, prior[used]).evidence
    assert form.find_evidence(best.variances) == pytest.approx(solved, abs=0.5)


def test_without_a_form_every_model_is_kept() -> None:
    effects, y = _make_patients(100)
    models = list_all(effects)
    assert keep_likely(None, models) == models
    assert keep_likely(sum_up_likelihood(effects.design, y, models), []) == []
