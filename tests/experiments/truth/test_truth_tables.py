"""Tables of the study of known truths, worked by hand."""

import numpy as np
import pandas as pd
import pytest

from experiments.truth.truth_tables import (
    DEFAULT,
    compare_with_limits,
    compare_with_peers,
    compute_summary,
    format_table,
)
from training.fitting.candidates import DEFAULT_CANDIDATES


def _rows(rmse: dict[str, tuple[float, float]], *, truth: str = "noise", n: int = 48) -> list:
    rest = {"auc": 0.6, "slope": 1.0, "coverage": np.nan, "width": np.nan}
    return [
        {"truth": truth, "n": n, "cohort": cohort, "method": method, "rmse": value} | rest
        for method, values in rmse.items()
        for cohort, value in enumerate(values)
    ]


_CANDIDATES = {name: (0.16, 0.16) for name in DEFAULT_CANDIDATES if name != "prevalence"}


_EXAMPLE = _rows(
    _CANDIDATES
    | {"default": (0.10, 0.14), "prevalence": (0.20, 0.20), "firth": (0.10, 0.12), "p": (0.1, 0.2)}
)


def test_summary_by_hand() -> None:
    # RMSE 0.10 and 0.14: mean 0.12, SD 0.0283, error 0.02. Skill 1 - (0.10 / 0.20)^2 = 0.75 and
    # 1 - (0.14 / 0.20)^2 = 0.51: mean 0.63.
    row = compute_summary(pd.DataFrame(_EXAMPLE)).loc[("noise", 48, DEFAULT)]
    assert row["cohorts"] == 2
    assert row["rmse"] == pytest.approx(0.12)
    assert row["rmse_se"] == pytest.approx(0.02)
    assert row["skill"] == pytest.approx(0.63)


def test_limits_by_hand() -> None:
    # The best candidate is Firth's with (0.10 + 0.12) / 2 = 0.11: the default is 0.01 above it.
    # The same errors at n = 480 with the default 0.02 worse are 0.03 above, over the limit 0.015.
    worse = [dict(row, n=480) for row in _EXAMPLE]
    for row in worse:
        row["rmse"] += 0.02 if row["method"] == "default" else 0.0
    table = compare_with_limits(compute_summary(pd.DataFrame(_EXAMPLE + worse)))
    small, large = table.loc[("noise", 48)], table.loc[("noise", 480)]
    assert small["single"] == large["single"] == "firth"
    assert small["excess"] == pytest.approx(0.01)
    assert large["excess"] == pytest.approx(0.03)
    assert (small["limit"], large["limit"]) == (0.025, 0.015)
    assert small["within"]
    assert not large["within"]


def test_gain_over_a_peer_by_hand() -> None:
    # The peer less the default: 0.00 and 0.06, mean 0.03, SD 0.0424, error 0.03. A second truth
    # with gains 0.01 and 0.01: over both truths 0.02, error sqrt(0.03^2 + 0) / 2 = 0.015.
    rows = pd.DataFrame(_EXAMPLE + _rows({"default": (0.2, 0.2), "p": (0.21, 0.21)}, truth="bent"))
    table = compare_with_peers(rows, ["p"]).set_index("n")
    assert list(table.index) == [48, "all"]
    assert table.loc["all", "gain"] == pytest.approx(0.02)
    assert table.loc["all", "se"] == pytest.approx(0.015)
    assert table.loc["all", "rmse"] == pytest.approx(0.16)


def test_markdown_of_a_small_table() -> None:
    table = pd.DataFrame({"n": [48], "rmse": [0.12345], "slope": [np.nan], "within": [False]})
    assert format_table(table).splitlines() == [
        "| n | rmse | slope | within |",
        "| --- | --- | --- | --- |",
        "| 48 | 0.123 | - | NO |",
    ]
