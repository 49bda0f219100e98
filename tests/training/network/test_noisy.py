import numpy as np
import pytest

from tests.training.helpers.network_rounds import name_digests
from tests.training.helpers.networks import KEYS, TEXT, make_patients, make_signed
from training.network.arithmetic.likelihood import expand_likelihood
from training.network.asking import make_ask
from training.network.concluding import conclude
from training.network.content import Ask, ShareContent
from training.network.gathering import Gathered
from training.network.home import list_outcomes
from training.network.noisy import make_noisy_share, plan_network_noise
from training.network.sharing import make_share

NOISY = make_signed(TEXT.replace("# noise = {", "noise = {"))


def test_a_protocol_without_noise_has_no_plan() -> None:
    with pytest.raises(ValueError, match="adds no noise"):
        plan_network_noise(make_signed())


def test_all_that_leaves_has_noise_and_the_rest_stays() -> None:
    data = make_patients(4, 80)
    told = make_share(data, NOISY, centre="basel", synthetic=True)
    assert told.noise.startswith("Noise for epsilon 3")
    assert told.summaries == []
    response = told.outcomes["response"]
    assert response.likelihood is not None and response.likelihood.curvature is not None
    assert not any(response.likelihood.at)
    outcome = list_outcomes(data, NOISY.basis)[0]
    exact = expand_likelihood(outcome.Z, outcome.y, np.zeros(1 + outcome.Z.shape[1]))
    away = np.abs(np.subtract(response.likelihood.gradient, exact.gradient))
    assert away.max() > 0.5
    again = make_share(data, NOISY, centre="basel", synthetic=True)
    assert again.outcomes["response"].likelihood != response.likelihood


def test_noise_has_the_planned_size() -> None:
    data = make_patients(4, 80)
    plan = plan_network_noise(NOISY)
    outcome = list_outcomes(data, NOISY.basis)[0]
    exact = expand_likelihood(outcome.Z, outcome.y, np.zeros(1 + outcome.Z.shape[1]))
    rng = np.random.default_rng(1)
    away = []
    for _ in range(200):
        told = make_noisy_share(data, NOISY, centre="basel", synthetic=True, rng=rng)
        likelihood = told.outcomes["response"].likelihood
        assert likelihood is not None
        away.append(np.subtract(likelihood.gradient, exact.gradient))
    assert np.std(away) == pytest.approx(plan.gradient, rel=0.1)


def test_a_network_with_noise_ends_with_a_model() -> None:
    """With so many patients that noise leaves something of them."""
    centres = {name: make_patients(place, 400) for place, name in enumerate(KEYS)}
    told: dict[str, list[ShareContent]] = {name: [] for name in centres}
    asks: list[Ask] = []
    rng = np.random.default_rng(2)
    for round_ in range(1, 4):
        for name, data in centres.items():
            one = make_noisy_share(data, NOISY, centre=name, asks=asks, synthetic=True, rng=rng)
            assert (one.patients is None) == (round_ > 1)
            assert (one.outcomes["response"].n is None) == (round_ > 1)
            told[name].append(one)
        asks.append(make_ask(Gathered(NOISY, told)))
    gathered = Gathered(NOISY, told)
    found = conclude(gathered, name_digests(gathered))
    assert np.isfinite(found.outcomes["response"].coef).all()
    assert found.evaluation == {}
    assert not found.outcomes["response"].settings.attrs["asked"]
    assert np.isfinite(found.model.interval(found.model.background)).all()
