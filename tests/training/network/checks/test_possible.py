"""Sums that no patients could have."""

from typing import Any

import numpy as np
import pytest

from tests.training.helpers.networks import TEXT, make_patients, make_signed, tell
from training.network.checks.possible import check_expansion
from training.network.content import Expansion

PROTOCOL = make_signed()
TOLD = tell(make_patients(1, 45), PROTOCOL, "basel").outcomes["response"]


def find(**changed: Any) -> list[str]:
    assert TOLD.likelihood is not None
    told = Expansion.model_validate({**TOLD.likelihood.model_dump(), **changed})
    found = check_expansion("response", TOLD, told, PROTOCOL, 1)
    return [f"{where}: {expected}" for where, expected, _ in found]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("n", [30, 90])
@pytest.mark.parametrize("intercept_sd", ["", "\nintercept_sd = 1.0"])
def test_own_sums_of_patients_are_possible(seed: int, n: int, intercept_sd: str) -> None:
    protocol = make_signed(TEXT.replace("[model]", f"[model]{intercept_sd}"))
    assert (protocol.intercept_sd is not None) == bool(intercept_sd)
    for told in tell(make_patients(seed, n), protocol, "basel").outcomes.values():
        assert told.likelihood is not None
        assert list(check_expansion("x", told, told.likelihood, protocol, 1)) == []


def test_another_place_than_the_own_mode_is_found() -> None:
    assert TOLD.likelihood is not None
    at = TOLD.likelihood.at
    assert find() == []
    # What rounding moves is no fault; what ten moves is one.
    assert find(at=[at[0] + 0.01, *at[1:]]) == []
    assert find(at=[*at[:-1], at[-1] + 10.0]) == [
        "response.likelihood.gradient: that of the centre's own best coefficients under the prior"
    ]


def test_no_curvature_entry_is_beyond_what_its_two_columns_can_have() -> None:
    assert TOLD.likelihood is not None
    curvature = np.array(TOLD.likelihood.curvature)
    curvature[3, 4] = curvature[4, 3] = 1e3
    (fault,) = find(curvature=curvature.tolist())
    assert fault.startswith("response.likelihood.curvature: at most what")


def test_a_curvature_has_the_agreed_decimals() -> None:
    assert TOLD.likelihood is not None
    curvature = np.array(TOLD.likelihood.curvature)
    curvature[0, 0] += 0.01
    (fault,) = find(curvature=curvature.tolist())
    assert fault == "response.likelihood.curvature: numbers of at most 1 decimals, as agreed"


def test_a_log_likelihood_is_no_lower_than_the_coefficients_can_make_it() -> None:
    (fault,) = find(value=-1e5)
    assert fault.startswith("response.likelihood.value: a log-likelihood, -")
