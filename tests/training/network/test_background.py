import numpy as np
import pytest

from tests.training.helpers.networks import make_patients, make_signed
from training.network.background import make_shared_background
from training.network.content import NumberSummary, SharedSummary
from training.network.sharing import make_share

PROTOCOL = make_signed()
VARIABLES = PROTOCOL.predictor_variables


def make(summaries) -> np.ndarray:
    return make_shared_background(
        VARIABLES, PROTOCOL.basis, summaries, rng=np.random.default_rng(1)
    )


def test_predictors_are_spread_as_over_all_centres() -> None:
    centres = [make_patients(seed, 90) for seed in (1, 2)]
    told = [
        make_share(data, PROTOCOL, centre="basel", synthetic=True).summaries for data in centres
    ]
    found = make(told)
    X = np.vstack([data.X for data in centres])
    assert found.shape == (100, 5)
    for place, variable in enumerate(VARIABLES):
        known = X[~np.isnan(X[:, place]), place]
        width = 0.6 if variable.is_numeric else 0.03
        wanted = np.median if variable.name == "disease_duration_years" else np.mean
        assert wanted(found[:, place]) == pytest.approx(wanted(known), abs=width)


def test_columns_are_shuffled_each_on_its_own() -> None:
    told = [make_share(make_patients(1, 90), PROTOCOL, centre="basel", synthetic=True).summaries]
    found = make(told)
    assert abs(np.corrcoef(found[:, 0], found[:, 1])[0, 1]) < 0.3


def test_what_nobody_told_is_spread_as_agreed() -> None:
    found = make([])
    assert found[:, 0].mean() == pytest.approx(PROTOCOL.basis.center_[0], abs=0.5)
    opioid = [v.name for v in VARIABLES].index("opioid")
    share = PROTOCOL.basis.center_[opioid]
    assert found[:, opioid].mean() == pytest.approx(share, abs=0.01)
    assert np.isin(found[:, opioid], [0.0, 1.0]).all()


def test_bins_of_different_centres_are_put_together() -> None:
    def pain(edges: list[float], counts: list[int]) -> SharedSummary:
        number = NumberSummary(mean=7.0, sd=1.0, edges=edges, counts=counts)
        return SharedSummary(name="nrs_t0", n=sum(counts), missing=None, number=number)

    found = make([[pain([0, 6, 10], [10, 30])], [pain([0, 8, 10], [10, 10])]])[:, 0]
    below = (10 + 10 * 6 / 8) / 60
    assert np.mean(found <= 6) == pytest.approx(below, abs=0.09)
    assert found.min() >= 0
    assert found.max() <= 10
