"""The published evidence as tables: what is printed, what reproduces, and what does not."""

import numpy as np
import pandas as pd
import pytest

from experiments.evidence.tables import (
    compute_asymmetry,
    compute_base_rates,
    compute_forests,
    compute_funnels,
    compute_rate_comparison,
    compute_safety,
    compute_study_table,
)
from features.published.studies import read_studies

END, MONTHS = "at the end of treatment", "at 1 to 3 months"


@pytest.fixture(scope="module")
def rates() -> pd.DataFrame:
    return compute_rate_comparison(read_studies()).set_index(["horizon", "way"])


def in_percent(row: pd.Series, *columns: str) -> list[int]:
    return [round(100 * float(row[column])) for column in columns]


@pytest.mark.parametrize(("horizon", "expected"), [(END, [69, 53, 84]), (MONTHS, [58, 41, 75])])
def test_printed_rates_are_reproduced_to_the_digit(
    rates: pd.DataFrame, horizon: str, expected: list[int]
) -> None:
    for way in ("printed", "reproduced"):
        assert in_percent(rates.loc[(horizon, way)], "rate", "low", "high") == expected


@pytest.mark.parametrize(
    ("horizon", "way", "expected"),
    [
        # From whole counts: pooling.md of the reanalysis; prediction interval of a new centre.
        (END, "logit", [62, 46, 75, 21, 91]),
        (MONTHS, "logit", [52, 41, 62, 38, 65]),
        (END, "freeman_tukey", [59, 42, 75]),
        (MONTHS, "freeman_tukey", [49, 35, 62]),
    ],
)
def test_the_studies_as_stated_give_other_rates(
    rates: pd.DataFrame, horizon: str, way: str, expected: list[int]
) -> None:
    columns = ["rate", "low", "high", "prediction_low", "prediction_high"][: len(expected)]
    assert in_percent(rates.loc[(horizon, way)], *columns) == expected


def test_the_raw_scale_drops_the_study_in_which_nobody_responded(rates: pd.DataFrame) -> None:
    for horizon, studies in ((END, 8), (MONTHS, 7)):
        assert rates.loc[(horizon, "raw"), ["studies", "used"]].tolist() == [studies, studies - 1]
        assert rates.loc[(horizon, "logit"), "used"] == studies


def test_forest_shows_the_study_that_is_not_named_without_weight() -> None:
    for forest in compute_forests(read_studies()).values():
        assert forest["weight"].sum() == pytest.approx(1)
        (slipped,) = forest[~forest["stated"]].to_dict("records")
        assert slipped["study"] == "Kiefer (anaesthetic dose) 2008"
        assert slipped["weight"] == 0
        (pilot,) = forest[forest["study"].str.contains("pilot")].to_dict("records")
        assert (pilot["events"], pilot["n"], pilot["low"]) == (0, 4, 0)
        assert pilot["weight"] > 0


def test_asymmetry_is_that_of_the_paper_and_fades() -> None:
    tests = compute_asymmetry(read_studies())
    printed = tests.iloc[0]
    assert printed["studies"] == 13
    assert [printed["pooled"], printed["low"], printed["high"]] == pytest.approx(
        [-4.32, -5.90, -2.73], abs=0.0051
    )
    assert printed["egger_p"] == pytest.approx(0.0083, abs=5e-5)
    assert printed["begg_p"] == pytest.approx(0.015, abs=5e-5)
    assert tests.loc[1, "egger_p"] == pytest.approx(0.009, abs=5e-4)
    assert tests.loc[2, "egger_p"] > 0.05
    assert len(tests) == 5


def test_each_reading_of_the_spreads_changes_those_studies_only() -> None:
    printed, one, all_ = (
        funnel.set_index("key") for funnel in compute_funnels(read_studies()).values()
    )
    changed = printed.index[printed["effect"] != one["effect"]]
    assert changed.tolist() == ["sigtermans-2009"]
    # 30 patients, SEM 0.51: SD 2.79, and the effect is -2.1 instead of -4.9.
    assert one.loc["sigtermans-2009", "effect"] == pytest.approx(-2.1, abs=0.05)
    assert (printed["effect"] != all_["effect"]).sum() == 6


def test_counts_of_the_cohort_stand_first() -> None:
    table = compute_base_rates().set_index("key")
    assert table.loc["t1", ["events", "n"]].tolist() == [29, 47]
    assert table.loc["t2", ["events", "n"]].tolist() == [19, 40]
    assert in_percent(table.loc["t2"], "low", "high") == [33, 63]  # 32.9 to 62.5


def test_safety_facts_keep_their_counts_and_placebo() -> None:
    table = compute_safety()
    psychomimetic = table[table["matter"] == "psychomimetic effects"].iloc[0]
    assert psychomimetic[["events", "n", "placebo_events", "placebo_n"]].tolist() == [28, 30, 5, 30]
    low_dose = table[table["source"].str.startswith("Mangnus")]
    assert low_dose["placebo_n"].isna().all()
    assert table["source"].str.contains("doi:").all()


def test_every_study_of_either_review_has_a_row() -> None:
    table = compute_study_table(read_studies()).set_index("key")
    assert table["n_zhao"].notna().sum() == 15
    assert table["n_chitneni"].notna().sum() == 14
    trial = table.loc["sigtermans-2009"]
    assert trial["same_trial_as"] == "dahan-2011;schilder-2013"
    assert trial["mg_h_low"] == 22.2
    assert np.isnan(table.loc["patil-2012", "mg_h_low"])  # an infusion of half an hour
