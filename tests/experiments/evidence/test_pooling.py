"""Every number in which the published pooling of Zhao 2018 comes back, or does not."""

from collections.abc import Iterable

import pandas as pd
import pytest

from experiments.evidence.pooling import (
    compute_pain_changes,
    compute_published_pooling,
    compute_responders,
)
from features.published.rates import read_pooled_rates
from features.published.studies import read_studies
from training.measures.pooling.asymmetry import compute_begg_test, compute_egger_test
from training.measures.pooling.meta_analysis import compute_pooled_effect, compute_pooled_proportion

RAW, ZERO_CORRECTED, LOGIT, FT = ("raw", 0.0), ("raw", 0.5), ("logit", 0.5), ("freeman_tukey", -1)

# The reanalysis with printed percentages: rate, 95% interval, I2, all in percent.
TABLE = [
    ("immediate", "as_stated", RAW, 64.4, 50.2, 78.6, 70),
    ("immediate", "as_stated", ZERO_CORRECTED, 58.2, 41.4, 75.0, 80),
    ("immediate", "as_stated", LOGIT, 61.7, 46.2, 75.2, 59),
    ("immediate", "as_stated", FT, 59.3, 42.0, 75.6, 70),
    ("immediate", "as_reproduced", RAW, 68.8, 53.5, 84.1, 81),
    ("immediate", "as_reproduced", ZERO_CORRECTED, 68.8, 53.5, 84.1, 81),
    ("immediate", "as_reproduced", LOGIT, 68.0, 53.0, 80.1, 62),
    ("immediate", "as_reproduced", FT, 69.1, 53.8, 82.8, 70),
    ("1-3 months", "as_stated", RAW, 51.5, 41.4, 61.6, 0),
    ("1-3 months", "as_stated", ZERO_CORRECTED, 45.3, 31.5, 59.1, 49),
    ("1-3 months", "as_stated", LOGIT, 50.5, 40.3, 60.7, 0),
    ("1-3 months", "as_stated", FT, 47.6, 34.1, 61.2, 28),
    ("1-3 months", "as_reproduced", RAW, 58.4, 41.2, 75.5, 74),
    ("1-3 months", "as_reproduced", ZERO_CORRECTED, 58.4, 41.2, 75.5, 74),
    ("1-3 months", "as_reproduced", LOGIT, 57.1, 43.0, 70.1, 43),
    ("1-3 months", "as_reproduced", FT, 58.9, 42.9, 74.2, 58),
]


def in_percent(shares: Iterable[float]) -> list[float]:
    """Round as the reanalysis did: to two decimals, then to one (52.947 became 53.0)."""
    return [round(round(100 * float(share), 2), 1) for share in shares]


@pytest.fixture(scope="module")
def pooling() -> pd.DataFrame:
    return compute_published_pooling(read_studies()).fillna({"correction": -1})


@pytest.mark.parametrize(
    ("horizon", "selection", "way", "rate", "low", "high", "i2"),
    TABLE,
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_reanalysis_of_the_printed_percentages(
    pooling: pd.DataFrame,
    horizon: str,
    selection: str,
    way: tuple[str, float],
    rate: float,
    low: float,
    high: float,
    i2: float,
) -> None:
    is_row = (pooling["horizon"] == horizon) & (pooling["selection"] == selection)
    is_way = (pooling["scale"] == way[0]) & (pooling["correction"] == way[1])
    row = pooling[is_row & is_way].iloc[0]
    assert in_percent(row[["rate", "low", "high"]]) == [rate, low, high]
    assert round(row["i2"]) == i2


def test_raw_scale_drops_the_one_negative_study(pooling: pd.DataFrame) -> None:
    stated = pooling[(pooling["selection"] == "as_stated") & (pooling["correction"] == 0)]
    assert stated[["studies", "used"]].to_numpy().tolist() == [[8, 7], [7, 6]]


@pytest.mark.parametrize(
    ("horizon", "rate", "low", "high", "tau2", "q", "printed"),
    [
        ("immediate", 68.8, 53.3, 84.4, 0.0392, 39.6, (69, 53, 84)),
        ("1-3 months", 58.3, 41.4, 75.3, 0.0352, 22.1, (58, 41, 75)),
    ],
)
def test_printed_rates_come_back_to_the_digit(
    horizon: str,
    rate: float,
    low: float,
    high: float,
    tau2: float,
    q: float,
    printed: tuple[int, int, int],
) -> None:
    # Zhao 2018: 69% (53 to 84) and 58% (41 to 75), from percentages rounded to whole ones.
    table = compute_published_pooling(read_studies(), counts="whole_percent")
    is_row = (table["horizon"] == horizon) & (table["selection"] == "as_reproduced")
    row = table[is_row & (table["scale"] == "raw") & (table["correction"] == 0)].iloc[0]
    shares = row[["rate", "low", "high"]].tolist()
    assert in_percent(shares) == [rate, low, high]
    assert [round(100 * share) for share in shares] == list(printed)
    assert row["tau2"] == pytest.approx(tau2, abs=5e-5)
    assert row["q"] == pytest.approx(q, abs=0.05)
    assert row["used"] - 1 == {"immediate": 7, "1-3 months": 6}[horizon]


def test_no_way_of_pooling_the_stated_studies_gives_the_printed_rates(
    pooling: pd.DataFrame,
) -> None:
    stated = pooling[pooling["selection"] == "as_stated"]
    for horizon, printed in (("immediate", 0.69), ("1-3 months", 0.58)):
        rates = stated.loc[stated["horizon"] == horizon, "rate"]
        assert (rates < printed - 0.04).all()


def test_packaged_pooled_rates_are_what_the_stated_studies_give() -> None:
    studies = read_studies()
    recomputed = [rate for rate in read_pooled_rates() if rate.origin == "recomputed"]
    assert [rate.horizon for rate in recomputed] == ["immediate", "1-3 months"]
    for rate in recomputed:
        table = compute_responders(studies, horizon=rate.horizon)
        pooled = compute_pooled_proportion(table["events"], table["n"])
        assert rate.studies == len(table)
        assert rate.rate == pytest.approx(pooled.rate, abs=5e-4)
        assert rate.interval == pytest.approx(pooled.interval, abs=5e-4)
        assert pooled.prediction_interval is not None
        assert rate.prediction_interval == pytest.approx(pooled.prediction_interval, abs=5e-4)


@pytest.mark.parametrize(
    ("horizon", "expected", "prediction"),
    [
        ("immediate", (61.6, 46.2, 75.0), (21.1, 90.6)),
        ("1-3 months", (51.6, 41.3, 61.7), (38.2, 64.7)),
    ],
)
def test_whole_counts_of_the_stated_studies(
    horizon: str, expected: tuple[float, ...], prediction: tuple[float, float]
) -> None:
    table = compute_responders(read_studies(), horizon=horizon)  # type: ignore[arg-type]
    pooled = compute_pooled_proportion(table["events"], table["n"])
    assert pooled.prediction_interval is not None
    assert in_percent((pooled.rate, *pooled.interval)) == list(expected)
    assert in_percent(pooled.prediction_interval) == list(prediction)


def test_whole_counts_on_the_double_arcsine_scale() -> None:
    # 59.0 (42 to 75) and 48.8 (35 to 62), the same sets.
    for horizon, expected in (("immediate", (59.0, 42, 75)), ("1-3 months", (48.8, 35, 62))):
        table = compute_responders(read_studies(), horizon=horizon)  # type: ignore[arg-type]
        pooled = compute_pooled_proportion(table["events"], table["n"], scale="freeman_tukey")
        assert 100 * pooled.rate == pytest.approx(expected[0], abs=0.0501)
        assert [100 * end for end in pooled.interval] == pytest.approx(expected[1:], abs=0.501)


def test_sets_differ_by_the_two_studies_named() -> None:
    for horizon in ("immediate", "1-3 months"):
        stated, reproduced = (
            set(compute_responders(read_studies(), horizon=horizon, selection=selection)["key"])
            for selection in ("as_stated", "as_reproduced")
        )
        assert stated - reproduced == {"kiefer-2008-pilot"}
        assert reproduced - stated == {"kiefer-2008-anaesthetic"}


LEIDEN = ("sigtermans-2009", "sigtermans-2010", "dahan-2011")
KIEFER = ("kiefer-2008-anaesthetic", "kiefer-2008-pilot")


def test_pain_scores_pool_as_published() -> None:
    changes = compute_pain_changes(read_studies())
    pooled = compute_pooled_effect(changes["effect"], changes["variance"])
    assert len(changes) == 13
    assert (pooled.estimate, *pooled.interval) == pytest.approx((-4.32, -5.90, -2.73), abs=0.0051)
    assert pooled.i2 == pytest.approx(95.9, abs=0.05)
    assert pooled.p_value == pytest.approx(9.8e-8, abs=0.05e-8)
    egger = compute_egger_test(changes["effect"], changes["variance"])
    begg = compute_begg_test(changes["effect"], changes["variance"])
    assert egger.p_value == pytest.approx(0.0083, abs=5e-5)
    assert begg.p_value == pytest.approx(0.015, abs=5e-5)


@pytest.mark.parametrize(
    ("reread", "egger_p", "tolerance"),
    [(LEIDEN[:1], 0.009, 5e-4), (LEIDEN, 0.051, 5e-4), (LEIDEN + KIEFER, 0.11, 5e-3)],
)
def test_asymmetry_fades_when_standard_errors_are_read_as_such(
    reread: tuple[str, ...], egger_p: float, tolerance: float
) -> None:
    changes = compute_pain_changes(read_studies(), reread=reread)
    egger = compute_egger_test(changes["effect"], changes["variance"])
    assert egger.p_value == pytest.approx(egger_p, abs=tolerance)


def test_standardised_change_of_the_one_trial_that_tells_its_spread() -> None:
    # 7.20 (SD 1.2) to 2.68: as SD 0.51 d is -4.52 / sqrt((1.44 + 0.2601) / 2) = -4.9025;
    # as SEM the variance is 30 * 0.2601 = 7.803, and d is -4.52 / sqrt((1.44 + 7.803) / 2) =
    # -2.1025.
    for reread, expected in (((), -4.9025), (LEIDEN, -2.1025)):
        changes = compute_pain_changes(read_studies(), reread=reread).set_index("key")
        assert changes.loc["sigtermans-2009", "effect"] == pytest.approx(expected, abs=1e-4)
        # 2/30 + d^2/120
        variance = 2 / 30 + expected**2 / 120
        assert changes.loc["sigtermans-2009", "variance"] == pytest.approx(variance, abs=1e-4)


def test_unknown_study_is_refused() -> None:
    with pytest.raises(ValueError, match="reread: expected keys of studies, got nobody-1999"):
        compute_pain_changes(read_studies(), reread=("nobody-1999",))
