from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit

from tests.training.helpers.network_rounds import gather, gather_all, make_centres
from training.network.home import list_outcomes
from training.network.pooled import PooledOutcome, make_rate_points


def fit_rows(outcome: PooledOutcome, design: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Fit all rows in one place, by Newton's method on a column for each centre."""
    sizes = [len(y) for _, y in design]
    own = np.repeat(np.eye(len(design)), sizes, axis=0)
    Z, y = np.vstack([Z for Z, _ in design]), np.concatenate([y for _, y in design])
    whole = np.hstack([own, Z])
    prior = np.append(np.zeros(len(design)), outcome.make_precision(outcome.setting))
    beta = np.zeros(whole.shape[1])
    for _ in range(40):
        risk = expit(whole @ beta)
        hessian = (whole.T * (risk * (1 - risk))) @ whole + np.diag(prior)
        beta += np.linalg.solve(hessian, whole.T @ (y - risk) - prior * beta)
    return beta


@pytest.mark.parametrize("name", ["response", "kept"])
def test_six_rounds_are_all_rows_in_one_place(name: str) -> None:
    gathered = gather_all()
    outcome = gathered.pooled[name]
    place = gathered.outcomes.index(name)
    basis = gathered.protocol.basis
    homes = [list_outcomes(data, basis)[place] for data in make_centres().values()]
    columns = outcome.choose(outcome.setting.family)
    expected = fit_rows(outcome, [(home.Z[:, columns], home.y) for home in homes])
    found = outcome.estimate(6, outcome.setting)
    np.testing.assert_allclose(np.append(found.intercepts, found.coef), expected, atol=1e-8)


def test_the_setting_of_least_loss_at_other_centres_is_chosen() -> None:
    outcome = gather_all().pooled["response"]
    table = outcome.settings
    assert table.attrs["asked"]
    best = table["deviance"].idxmin()
    assert outcome.setting.prior_sd == table["prior_sd"][best]
    told = [outcome.rounds[1][c].losses for c in outcome.centres]
    expected = 2 * sum(one.settings[outcome.setting.name] for one in told if one)
    assert table["deviance"][best] == pytest.approx(expected)


def test_a_setting_that_a_centre_was_not_asked_about_is_not_chosen() -> None:
    # It happens where the one left for whose sake bends were not asked.
    outcome = gather_all().pooled["response"]
    best, first = outcome.setting.name, outcome.centres[0]
    share = outcome.rounds[1][first]
    assert share.losses is not None
    left = {name: loss for name, loss in share.losses.settings.items() if name != best}
    losses = share.losses.model_copy(update={"settings": left})
    told = outcome.rounds[1] | {first: share.model_copy(update={"losses": losses})}
    fewer = replace(outcome, rounds=[outcome.rounds[0], told, *outcome.rounds[2:]])
    assert len(fewer.settings) == len(outcome.settings) - 1
    assert fewer.setting.name != best


def test_an_eigenvalue_below_0_that_rounding_made_is_none() -> None:
    outcome = gather_all().pooled["response"]
    first, share = outcome.centres[0], outcome.rounds[0][outcome.centres[0]]
    assert share.likelihood is not None
    rounded = np.array(share.likelihood.curvature)
    rounded[1, 1] = -0.5
    likelihood = share.likelihood.model_copy(update={"curvature": rounded.tolist()})
    told = outcome.rounds[0] | {first: share.model_copy(update={"likelihood": likelihood})}
    point = replace(outcome, rounds=[told]).find_points(1, likelihood.family)[0]
    assert np.linalg.eigvalsh(rounded)[0] < -0.1
    assert np.linalg.eigvalsh(point.curvature)[0] > -1e-9


def test_before_centres_are_asked_losses_are_foreseen() -> None:
    early, late = gather(1, make_centres()).pooled["response"], gather_all().pooled["response"]
    assert not early.settings.attrs["asked"]
    away = early.settings["deviance"] - late.settings["deviance"]
    assert np.abs(away).max() < 6  # of about 240, in all three centres together
    assert early.find_weight() == pytest.approx(late.find_weight(), abs=0.35)


def test_leaving_one_out_uses_the_others_only() -> None:
    outcome = gather_all().pooled["response"]
    whole = outcome.estimate(6, outcome.setting)
    left = outcome.leave_out(6, outcome.setting)
    assert len(left) == 3
    assert all(len(coef) == len(whole.coef) for coef in left)
    assert np.abs(left[0] - whole.coef).max() > 1e-3
    assert 0 <= outcome.find_weight(0) <= 1


def test_a_rate_is_a_point_of_its_own() -> None:
    point, none = make_rate_points([(40, 10), (20, 0)])
    assert point.at[0] == pytest.approx(logit(0.25))
    assert point.curvature[0, 0] == pytest.approx(40 * 0.25 * 0.75)
    assert none.at[0] == pytest.approx(logit(0.5 / 21))
