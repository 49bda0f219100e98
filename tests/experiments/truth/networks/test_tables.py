"""What simulated networks say, as tables."""

import numpy as np
import pandas as pd
import pytest

from experiments.truth.networks.tables import (
    ALONE,
    NETWORK,
    ONE_ROUND,
    POOLED,
    UNGUARDED,
    compare_errors,
    describe_networks,
    tabulate_choices,
    tabulate_errors,
)


@pytest.fixture
def rows() -> pd.DataFrame:
    """Return two networks of a world; the second is harder for everyone."""
    chosen = {"weight": 0.9, "tau": 0.2, "tau_slope": 0.0, "bends": 0.0, "random_slopes": 0.0}
    errors = {NETWORK: (0.06, 0.084), ONE_ROUND: (0.07, 0.09), POOLED: (0.06, 0.08)}
    errors[UNGUARDED] = (0.06, 0.08)
    errors[ALONE] = (0.12, 0.12)
    found = []
    for method, two in errors.items():
        for replicate, error in enumerate(two):
            row = {"world": "w", "replicate": replicate, "method": method, "rmse": error}
            row |= {"rmse_new": 2 * error}
            if method in (NETWORK, UNGUARDED, ONE_ROUND):
                row |= chosen | {"as_pooled": float(replicate), "taking_part": 6.0}
                row |= {"coverage": 0.9 + replicate / 10, "width": 0.3}
                row |= {"coverage_new": 0.95, "width_new": 0.4}
            found.append(row)
    return pd.DataFrame(found)


def test_errors_are_means_over_networks(rows: pd.DataFrame) -> None:
    table = tabulate_errors(rows, "rmse_new").set_index("method")
    assert table.loc[ALONE, "w"] == pytest.approx(0.24)
    assert list(table.index) == [NETWORK, ONE_ROUND, POOLED, UNGUARDED, ALONE]


def test_the_network_is_held_against_all_rows_and_a_centre_alone(rows: pd.DataFrame) -> None:
    # Excesses 0 and 0.004: mean 0.002, SD 0.0028, over sqrt(2). 0.072 of 0.12 is 0.6.
    (found,) = compare_errors(rows, "rmse").to_dict("records")
    assert found["excess"] == pytest.approx(0.002)
    assert found["excess_se"] == pytest.approx(0.002)
    assert found["share"] == pytest.approx(0.6)
    assert found["within"] and found["below"] and found["networks"] == 2
    # At new centres everything is twice as far: 0.004 is too much.
    (found,) = compare_errors(rows, "rmse_new").to_dict("records")
    assert not found["within"] and found["below"]
    (found,) = compare_errors(rows, "rmse_new", UNGUARDED).to_dict("records")
    assert found["excess"] == 0 and found["within"]


def test_choices_and_coverage_have_standard_errors(rows: pd.DataFrame) -> None:
    (found,) = tabulate_choices(rows).to_dict("records")
    assert found["coverage"] == pytest.approx(0.95)
    assert found["coverage_se"] == pytest.approx(0.1 / np.sqrt(2) / np.sqrt(2))
    assert found["coverage_new_se"] == 0
    assert found["as_pooled"] == 0.5


def test_everything_is_told(rows: pd.DataFrame) -> None:
    text = describe_networks(rows)
    assert text.count("## ") == 9
    assert "| network, 1 round | 0.08" in text
