"""What the prior of centres that differ in nothing does to intervals."""

import pandas as pd
import pytest

from experiments.truth.networks.priors import compare_priors, summarise_priors
from experiments.truth.networks.worlds import NETWORK_WORLDS


def test_the_likelier_centres_are_alike_the_narrower_the_intervals() -> None:
    open_, even, sure = compare_priors(
        NETWORK_WORLDS["weak_alike"], 0, alike=[0.0, 0.5, 0.99], seed=3
    )
    for name in ("width", "width_new"):
        assert open_[name] > even[name] > sure[name]
    assert open_["rmse"] == sure["rmse"]  # it is the intervals that are looked at
    # Of centres that are alike for sure, a new one is as well known as one that took part.
    assert sure["width_new"] == pytest.approx(sure["width"], rel=0.05)
    assert open_["width_new"] > 1.1 * open_["width"]


def test_coverage_is_told_with_its_error() -> None:
    told = {"width": 0.3, "width_new": 0.4}
    rows = [
        {"world": "w", "alike": 0.5, "coverage": c, "coverage_new": 1.0} | told for c in (0.9, 1.0)
    ]
    (found,) = summarise_priors(pd.DataFrame(rows)).to_dict("records")
    assert found["networks"] == 2
    assert found["coverage"] == pytest.approx(0.95)
    assert found["coverage_se"] == pytest.approx(0.05)  # 0.0707 / sqrt(2)
    assert found["coverage_new_se"] == 0
