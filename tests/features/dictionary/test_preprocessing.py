"""The dictionary's words become the settings of a transformer that does not know them."""

import numpy as np

from features.dictionary.contract import CONTRACT
from features.dictionary.preprocessing import make_basis

PREDICTORS = [CONTRACT[n] for n in ("nrs_t0", "disease_duration_years", "opioid", "crps_type")]


def test_kinds_and_transforms_of_the_dictionary_are_passed_on() -> None:
    basis = make_basis(PREDICTORS, knots=3)
    assert basis.categories == {2: 2, 3: len(CONTRACT["crps_type"].categories)}
    assert list(basis.log1p) == [1]
    assert basis.knots == 3
    assert make_basis(PREDICTORS).knots == 0


def test_a_duration_is_straight_in_its_logarithm() -> None:
    years = np.array([0.0, 1.0, 3.0, 7.0])  # log(1 + years) = 0, 1, 2, 3 times log 2
    Z = make_basis([CONTRACT["disease_duration_years"]]).fit(years[:, None]).expand(years[:, None])
    np.testing.assert_allclose(np.diff(Z[:, 0]), np.diff(Z[:, 0])[0])
    linear = make_basis([CONTRACT["nrs_t0"]]).fit(years[:, None]).expand(years[:, None])
    np.testing.assert_allclose(np.diff(linear[:, 0]) / np.diff(years), np.diff(linear[:, 0])[0])
