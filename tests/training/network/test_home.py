from dataclasses import replace

import numpy as np
import pytest

from features.errors import KetresponseError
from tests.training.helpers.network_rounds import gather, make_centres
from tests.training.helpers.networks import make_patients, make_signed
from training.fitting.blending import compute_log_loss
from training.network.arithmetic.likelihood import expand_likelihood
from training.network.asking import make_ask
from training.network.disclosure.families import take_family
from training.network.home import (
    compute_losses,
    find_own_mode,
    list_outcomes,
    predict_left_out,
    share_evaluation,
    share_outcome,
)

PROTOCOL = make_signed()


def test_outcomes_are_response_of_all_known_and_kept_of_responders_seen() -> None:
    data = make_patients(3, 60)
    response, kept = list_outcomes(data, PROTOCOL.basis)
    assert (response.name, kept.name) == ("response", "kept")
    assert len(response.y) == int((~np.isnan(data.y["t1"])).sum())
    assert len(kept.y) < response.y.sum() + 1
    np.testing.assert_array_equal(kept.X, data.X[kept.rows])


def test_the_first_share_is_at_the_rounded_own_mode_and_rounded() -> None:
    outcome = list_outcomes(make_patients(3, 60), PROTOCOL.basis)[0]
    told = share_outcome(
        outcome, PROTOCOL, family="straight", centre="basel", ask=None, round_=1
    ).likelihood
    assert told is not None and told.curvature is not None
    columns = take_family("straight", PROTOCOL.basis.linear_)
    mode = find_own_mode(outcome, PROTOCOL, columns)
    assert told.at == mode.tolist() == np.round(mode, 2).tolist()
    exact = expand_likelihood(outcome.Z[:, columns], outcome.y, mode)
    np.testing.assert_allclose(told.gradient, exact.gradient, atol=0.005)
    np.testing.assert_allclose(told.curvature, exact.curvature, atol=0.05)
    assert np.array_equal(np.round(told.curvature, 1), told.curvature)


def test_columns_that_may_not_leave_count_all_the_same() -> None:
    """A centre that tells straight columns tells them where the bends stand as asked."""
    protocol = make_signed()
    protocol.basis.linear_ = protocol.basis.linear_.copy()
    protocol.basis.linear_[1] = False  # as if it were a bend
    outcome = list_outcomes(make_patients(3, 60), protocol.basis)[0]
    ask = make_ask(gather(1, make_centres())).outcomes["response"]
    ask = ask.model_copy(update={"family": "bends"})
    told = share_outcome(
        outcome, protocol, family="straight", centre="basel", ask=ask, round_=2
    ).likelihood
    assert told is not None
    assert told.others == [ask.coef[1]]
    at = np.append(ask.intercepts["basel"], ask.coef)
    whole = expand_likelihood(outcome.Z, outcome.y, at).gradient
    np.testing.assert_allclose(told.gradient, np.delete(whole, 2), atol=1e-3)


def test_what_is_asked_of_others_only_is_refused() -> None:
    outcome = list_outcomes(make_patients(3, 60), PROTOCOL.basis)[0]
    ask = make_ask(gather(1, make_centres())).outcomes["response"]
    with pytest.raises(KetresponseError, match="asks nothing of 'ghent'"):
        share_outcome(outcome, PROTOCOL, family="straight", centre="ghent", ask=ask, round_=2)


def test_losses_are_with_an_intercept_of_the_centres_own() -> None:
    outcome = list_outcomes(make_patients(3, 60), PROTOCOL.basis)[0]
    coef = np.linspace(-0.3, 0.3, outcome.Z.shape[1])
    (loss,) = compute_losses(outcome.Z, outcome.y, {"straight 1": coef.tolist()}).values()
    worst = compute_log_loss(outcome.Z @ coef + 0.5, outcome.y).sum()
    assert 0 < loss < worst


def test_left_out_models_are_judged_by_horizon() -> None:
    data = make_patients(3, 80)
    size = len(PROTOCOL.basis.linear_)
    models = {"response": [0.5, *np.full(size, -0.2)], "kept": [0.2, *np.zeros(size)]}
    risks = predict_left_out(data.X, PROTOCOL, models)
    assert (risks["t2"] < risks["t1"]).all()
    found = share_evaluation(data, PROTOCOL, models, {"t1": 0.6, "t2": 0.3})
    assert set(found) == {"t1", "t2"}
    known = ~np.isnan(data.y["t1"])
    first = found["t1"]
    assert (first.n, first.events) == (known.sum(), data.y["t1"][known].sum())
    expected = np.mean((data.y["t1"][known] - risks["t1"][known]) ** 2)
    assert first.brier == pytest.approx(expected, abs=5e-4)
    assert sum(group.n for group in first.groups) == first.n


def test_a_true_model_is_calibrated_at_t2_though_responders_are_not_seen_again() -> None:
    rng = np.random.default_rng(7)
    data = make_patients(3, 3000)
    size = len(PROTOCOL.basis.linear_)
    models = {"response": [0.5, *np.full(size, -0.4)], "kept": [0.6, *np.full(size, -0.4)]}
    risks = predict_left_out(data.X, PROTOCOL, models)
    response = (rng.random(3000) < risks["t1"]).astype(float)
    kept = (rng.random(3000) < risks["t2"] / risks["t1"]).astype(float)
    away = rng.random(3000) < np.where(data.X[:, 2] == 1, 0.45, 0.15)  # more with a flag
    kept[(response == 0) | away] = np.nan
    later = np.where(response == 0, 0.0, kept)
    data = replace(data, y={"t1": response, "t2": later}, kept=kept)
    found = share_evaluation(data, PROTOCOL, models, {"t1": 0.6, "t2": 0.4})["t2"]
    seen = ~np.isnan(later)
    assert later[seen].sum() / risks["t2"][seen].sum() < 0.92  # as if too few responded
    assert found.o_e == pytest.approx(1, abs=0.05)
    assert found.intercept == pytest.approx(0, abs=0.1)
    assert found.slope == pytest.approx(1, abs=0.12)
    assert found.responder_weight > 1.1


def test_a_horizon_with_few_events_is_not_judged() -> None:
    data = make_patients(3, 80)
    data.y["t2"][:] = np.where(np.arange(80) < 3, 1.0, 0.0)
    models = {"response": [0.5, *np.zeros(5)], "kept": [0.2, *np.zeros(5)]}
    assert set(share_evaluation(data, PROTOCOL, models, {"t1": 0.6, "t2": 0.3})) == {"t1"}
