"""Groups that are too small to be told of."""

import numpy as np
import pytest

from tests.training.helpers.disclosed import NAMES, agree_basis, draw_centre
from training.network.disclosure.cells import check_cells


@pytest.fixture
def centre() -> tuple[np.ndarray, np.ndarray]:
    return draw_centre(45, seed=1)


def test_a_centre_with_enough_of_everyone_may_share(centre) -> None:
    X, y = centre
    assert check_cells(X, y, agree_basis(), NAMES, cell=5) == []


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_too_few_with_or_without_the_outcome(centre, value: float) -> None:
    X, y = centre
    y = np.full(len(y), 1 - value)
    y[:4] = value
    (reason,) = check_cells(X, y, agree_basis(), NAMES, cell=5)
    assert "with the outcome" not in reason or "fewer than 5" in reason
    y[4] = value
    assert check_cells(X, y, agree_basis(), NAMES, cell=5) == []


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_flag_that_too_few_carry_or_lack_is_named(centre, value: float) -> None:
    X, y = centre
    X[:, 3] = 1 - value
    X[:4, 3] = value
    (reason,) = check_cells(X, y, agree_basis(), NAMES, cell=5)
    assert reason.startswith("antidepressant: fewer than 5 patients on one side of it; ")
    X[4, 3] = value
    assert check_cells(X, y, agree_basis(), NAMES, cell=5) == []


def test_a_missing_value_is_on_no_side(centre) -> None:
    X, y = centre
    X[:, 3] = 1.0
    X[:8, 3] = 0.0
    X[:4, 3] = np.nan
    (reason,) = check_cells(X, y, agree_basis(), NAMES, cell=5)
    assert reason.startswith("antidepressant")


def test_a_bend_that_too_few_reach_is_named(centre) -> None:
    X, y = centre
    basis = agree_basis()
    X[:, 1] = np.linspace(0.1, 0.3, len(X))  # below the first knot the bend is 0
    (reason,) = check_cells(X, y, basis, NAMES, cell=5)
    assert reason.startswith("disease_duration_years: fewer than 5 patients differ")
    assert check_cells(X, y, agree_basis(knots=0), NAMES, cell=5) == []


def test_no_reason_tells_a_count_under_the_limit(centre) -> None:
    X, y = centre
    X[:, 2], X[:, 4] = 0.0, 1.0
    X[:3, 2] = 1.0
    y[:] = 1.0
    y[:3] = 0.0
    reasons = check_cells(X, y, agree_basis(), NAMES, cell=5)
    assert len(reasons) == 3
    assert not any(digit in "".join(reasons) for digit in "01234")
