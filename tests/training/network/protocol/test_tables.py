import pytest

from training.network.protocol.tables import Limits, Noise


def test_limits_are_those_of_the_documents_where_nothing_is_said() -> None:
    limits = Limits()
    assert (limits.cell, limits.parameters_share, limits.remaining) == (5, 0.33, 0.05)
    assert [limits.find_gradient_decimals(k) for k in (1, 2, 6, 9)] == [2, 3, 8, 8]
    assert [limits.find_curvature_decimals(k) for k in (1, 3, 4)] == [1, 1, None]
    assert limits.noise is None


@pytest.mark.parametrize("wrong", [{"cell": 2}, {"cell": 1}, {"parameters_share": 0}])
def test_limits_that_protect_nobody_are_none(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="from"):
        Limits.model_validate(wrong)


def test_noise_has_a_budget() -> None:
    assert Noise(epsilon=3.0).delta == 1e-6
    with pytest.raises(ValueError, match=r"from 0\.01 to 100"):
        Noise(epsilon=0.0)
