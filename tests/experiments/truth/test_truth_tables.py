"""Tables of the study of known truths, worked by hand."""

import numpy as np
import pandas as pd
import pytest

from experiments.truth.truth_tables import (
    DEFAULT,
    average_over_truths,
    compare_coverage,
    compare_with_before,
    compare_with_best,
    compare_with_limits,
    compare_with_peers,
    compute_summary,
    format_table,
)
from training.fitting.candidates import BLENDED


def _rows(rmse: dict[str, tuple[float, float]], *, truth: str = "noise", n: int = 48) -> list:
    rest = {"auc": 0.6, "slope": 1.0, "coverage": np.nan, "width": np.nan}
    return [
        {"truth": truth, "n": n, "cohort": cohort, "method": method, "rmse": value} | rest
        for method, values in rmse.items()
        for cohort, value in enumerate(values)
    ]


_CANDIDATES = {name: (0.16, 0.16) for name in BLENDED if name != "prevalence"}


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


def test_excess_over_the_best_of_prevalence_and_peers_by_hand() -> None:
    # Default 0.10 and 0.14. "p" was fitted to both cohorts, 0.10 and 0.20: the default is nearer.
    # "slow" was fitted to the second alone, 0.11: there the default is 0.03 above it, over 0.025.
    # Were their means held against each other, 0.12 and 0.11, it would be 0.01.
    slow = [row for row in _rows({"slow": (np.nan, 0.11)}) if row["cohort"] == 1]
    rows = pd.DataFrame(_EXAMPLE + slow)
    row = compare_with_best(rows, ["p", "slow"]).iloc[0]
    assert (row["truth"], row["n"], row["cohorts"], row["best"]) == ("noise", 48, 1, "slow")
    assert row["default"] == pytest.approx(0.14)
    assert row["rmse_best"] == pytest.approx(0.11)
    assert row["excess"] == pytest.approx(0.03)
    assert not row["within"]
    # Without it "p" is next: 0.00 and -0.06, mean -0.03, SD 0.0424, error 0.03.
    row = compare_with_best(rows, ["p"]).iloc[0]
    assert (row["best"], row["cohorts"]) == ("p", 2)
    assert row["excess"] == pytest.approx(-0.03)
    assert row["se"] == pytest.approx(0.03)
    assert row["within"]


def test_the_prevalence_is_among_those_to_be_matched() -> None:
    rows = pd.DataFrame(_rows({"default": (0.10,), "prevalence": (0.08,), "p": (0.09,)}, n=480))
    row = compare_with_best(rows, ["p"]).iloc[0]
    assert row["best"] == "prevalence"
    assert row["limit"] == 0.015
    assert not row["within"]


def test_change_since_an_earlier_run_by_hand() -> None:
    # Noise: 0.10 to 0.11 and 0.14 to 0.14, mean +0.005, SD 0.00707, error 0.005: over 0.004. A
    # third cohort of one run alone does not count. Bent: 0.30 to 0.28 twice, -0.02.
    before = pd.DataFrame(
        _rows({"default": (0.10, 0.14, 0.9), "p": (0.5, 0.5)})
        + _rows({"default": (0.30, 0.30)}, truth="bent")
    )
    now = pd.DataFrame(
        _rows({"default": (0.11, 0.14), "p": (0.1, 0.1)})
        + _rows({"default": (0.28, 0.28)}, truth="bent")
    )
    changes = compare_with_before(now, before)
    noise, bent = (row for _, row in changes.iterrows())
    assert (noise["truth"], noise["n"], noise["cohorts"]) == ("noise", 48, 2)
    assert [noise["before"], noise["now"]] == pytest.approx([0.12, 0.125])
    assert [noise["change"], noise["se"]] == pytest.approx([0.005, 0.005])
    assert (noise["limit"], noise["within"]) == (0.004, False)
    assert bent["change"] == pytest.approx(-0.02)
    assert bent["within"]
    # On average 0.21 to 0.2025: -0.0075, 3.57% nearer, error sqrt(0.005^2 + 0) / 2 / 0.21.
    (row,) = (row for _, row in average_over_truths(changes).iterrows())
    assert [row["n"], row["before"], row["now"]] == pytest.approx([48, 0.21, 0.2025])
    assert row["share"] == pytest.approx(-0.0357, abs=1e-4)
    assert row["se"] == pytest.approx(0.0025 / 0.21)
    assert row["worst"] == pytest.approx(0.005)


def test_coverage_by_tenth_is_averaged_before_the_worst_is_taken() -> None:
    # Tenth 1: 0.8 and 1.0, mean 0.9; tenth 2: 1.0 and 0.7, mean 0.85, the worst; tenth 3 is empty
    # in one cohort. The mean of each cohort's worst, 0.75, is no property of any tenth.
    rows = pd.DataFrame(_EXAMPLE)
    mine = rows["method"] == DEFAULT
    rows.loc[mine, "coverage"] = [0.90, 0.94]
    rows.loc[mine, "coverage_1"] = [0.8, 1.0]
    rows.loc[mine, "coverage_2"] = [1.0, 0.7]
    rows.loc[mine, "coverage_3"] = [np.nan, 0.95]
    rows.loc[mine, "coverage_rarest"] = [0.6, 0.7]
    table = compare_coverage(compute_summary(rows))
    assert list(table["method"]) == [DEFAULT]
    row = table.iloc[0]
    assert row["coverage"] == pytest.approx(0.92)
    assert row["se"] == pytest.approx(0.02)
    assert [row["1"], row["2"], row["3"]] == pytest.approx([0.9, 0.85, 0.95])
    assert np.isnan(row["4"])
    assert row["worst"] == pytest.approx(0.85)
    assert row["rarest"] == pytest.approx(0.65)


def test_markdown_of_a_small_table() -> None:
    table = pd.DataFrame({"n": [48], "rmse": [0.12345], "slope": [np.nan], "within": [False]})
    assert format_table(table).splitlines() == [
        "| n | rmse | slope | within |",
        "| --- | --- | --- | --- |",
        "| 48 | 0.123 | - | NO |",
    ]
