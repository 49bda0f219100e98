import numpy as np
import pytest

from features.dictionary.agreed import AgreedNumber, AgreedShares, draw_reference
from features.dictionary.transformers import PredictorBasis

PAIN = AgreedNumber(low=3, high=10, fill=8, center=7.6, scale=1.5, knots=(5.0, 8.0, 9.0))
YEARS = AgreedNumber(low=0.1, high=40, fill=5, center=np.log(6), scale=0.65)
OPIOID = AgreedShares(share=(0.6,), center=(0.6,), scale=(0.49,))
LIMB = AgreedShares(share=(0.5, 0.1), center=(0.5, 0.1), scale=(0.5, 0.3))


def test_the_reference_is_the_normal_between_its_ends() -> None:
    # Cut at one scale on either side, a standard normal has SD sqrt(1 - 2 * phi(1) / 0.6827).
    drawn = draw_reference(AgreedNumber(-1, 1, 0, 0.0, 1.0), -1.0, 1.0)
    assert drawn.min() > -1 and drawn.max() < 1
    assert drawn.mean() == pytest.approx(0, abs=1e-12)
    expected = np.sqrt(1 - 2 * np.exp(-0.5) / np.sqrt(2 * np.pi) / 0.6826895)
    assert drawn.std() == pytest.approx(expected, abs=1e-4)


def test_a_basis_from_agreed_numbers_does_what_they_say() -> None:
    basis = PredictorBasis.from_agreed([PAIN, YEARS, OPIOID, LIMB], log1p=[1])
    Z = basis.transform(
        [[8.0, 5.0, 1.0, 2.0], [99.0, 99.0, np.nan, np.nan], [np.nan, np.nan, 0.0, 0.0]]
    )
    assert basis.groups_.tolist() == [0, 0, 1, 2, 3, 3]
    assert basis.linear_.tolist() == [True, False, True, True, True, True]
    # Straight columns by hand; a value beyond the ends is taken as the nearer end.
    assert Z[:, 0] == pytest.approx([0.4 / 1.5, 2.4 / 1.5, 0.4 / 1.5])
    assert Z[:, 2] == pytest.approx([0, (np.log(41) - np.log(6)) / 0.65, 0])
    # A missing flag or category is at the agreed share, and so at 0.
    assert Z[:, 3] == pytest.approx([0.4 / 0.49, 0, -0.6 / 0.49])
    assert Z[:, 4] == pytest.approx([-1, 0, -1])
    assert Z[:, 5] == pytest.approx([0.9 / 0.3, 0, -0.1 / 0.3])


def test_a_bend_is_the_one_that_rows_would_give_at_the_same_knots() -> None:
    rows = np.random.default_rng(0).normal(7.6, 1.5, (2000, 1))
    fitted = PredictorBasis(knots=3).fit(rows)
    told = AgreedNumber(0, 15, 8, 7.6, 1.5, tuple(fitted.knots_[0]))
    agreed = PredictorBasis.from_agreed([told]).transform(rows)[:, 1]
    # The same column but for the place of its 0 and its unit.
    assert np.corrcoef(agreed, fitted.transform(rows)[:, 1])[0, 1] == pytest.approx(1, abs=1e-12)
    assert agreed.mean() == pytest.approx(0, abs=0.05)
    assert agreed.std() == pytest.approx(1, abs=0.05)


def test_flags_alone_make_a_basis() -> None:
    assert PredictorBasis.from_agreed([OPIOID]).transform([[1.0]])[0, 0] == pytest.approx(
        0.4 / 0.49
    )
