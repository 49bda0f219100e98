import pytest

from experiments.truth.panel_nondetects import compute_filling_errors


@pytest.mark.parametrize("soft", [False, True])
def test_censored_values_are_less_biased_than_replacement(soft: bool) -> None:
    table = compute_filling_errors(n=48, n_assays=60, n_simulations=15, soft=soft, seed=1)
    size = table.abs()
    for other in ("40", "ceiling"):
        assert size.loc["censored", "mean_bias"] < size.loc[other, "mean_bias"]
        assert size.loc["censored", "difference_bias"] < size.loc[other, "difference_bias"]
        assert table.loc["censored", "difference_error"] < table.loc[other, "difference_error"]
        assert table.loc["censored", "value_error"] < table.loc[other, "value_error"]
        assert abs(table.loc["censored", "sd_ratio"] - 1) < abs(table.loc[other, "sd_ratio"] - 1)


def test_a_sharp_ceiling_leaves_the_mean_where_it_was() -> None:
    table = compute_filling_errors(n=200, n_assays=60, n_simulations=10, soft=False, seed=2)
    assert abs(table.loc["censored", "mean_bias"]) < 0.05
