"""The simulated trial against Sigtermans 2009 (doi:10.1016/j.pain.2009.06.023) and its truth."""

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from features.cohort.weekly import parse_weekly
from tests.experiments.helpers.trials import ARMS, make_trial

# Table 1 and section 3.3, by arm: mean and SD.
NUMBERS = {
    ("age_years", "ketamine"): (43.7, 11.5),
    ("age_years", "placebo"): (47.5, 13.1),
    ("weight_kg", "ketamine"): (78.9, 17.8),
    ("weight_kg", "placebo"): (79.3, 20.1),
    ("height_cm", "ketamine"): (173.6, 9.9),
    ("height_cm", "placebo"): (170.1, 9.7),
    ("disease_duration_years", "ketamine"): (9.4, 8.0),
    ("disease_duration_years", "placebo"): (6.1, 5.1),
    ("mcgill_pri", "ketamine"): (28.6, 10.4),
    ("mcgill_pri", "placebo"): (25.1, 12.9),
    ("hads_depression", "ketamine"): (4.7, 3.1),
    ("hads_depression", "placebo"): (2.8, 1.8),
    ("hads_anxiety", "ketamine"): (6.1, 3.1),
    ("hads_anxiety", "placebo"): (4.4, 2.4),
    ("sf36_physical", "ketamine"): (30.0, 19.2),
    ("sf36_physical", "placebo"): (33.0, 19.6),
    ("sf36_mental", "ketamine"): (51.8, 20.8),
    ("sf36_mental", "placebo"): (65.9, 13.7),
    ("tsk", "ketamine"): (38.0, 6.8),
    ("tsk", "placebo"): (39.6, 14.2),
    ("nrs_week_0", "ketamine"): (7.20, 1.16),
    ("nrs_week_0", "placebo"): (6.87, 1.43),
    # Standard errors of 0.51 and 0.48 with 30 patients.
    ("nrs_week_1", "ketamine"): (2.68, 2.79),
    ("nrs_week_1", "placebo"): (5.45, 2.63),
}
# Patients of 30, by arm.
COUNTS = {
    ("sex", "female"): {"ketamine": 22, "placebo": 26},
    ("affected_limbs", "1"): {"ketamine": 15, "placebo": 21},
    ("affected_limbs", "2"): {"ketamine": 11, "placebo": 5},
    ("affected_limbs", "4"): {"ketamine": 3, "placebo": 2},
    ("affected_site", "lower"): {"ketamine": 11, "placebo": 11},
    ("affected_site", "upper"): {"ketamine": 10, "placebo": 13},
    ("affected_site", "both"): {"ketamine": 9, "placebo": 6},
    ("paracetamol", "yes"): {"ketamine": 6, "placebo": 9},
    ("nsaid", "yes"): {"ketamine": 9, "placebo": 5},
    ("benzodiazepine", "yes"): {"ketamine": 10, "placebo": 9},
    ("weak_opioid", "yes"): {"ketamine": 6, "placebo": 9},
    ("tricyclic", "yes"): {"ketamine": 5, "placebo": 5},
    ("ssri_snri", "yes"): {"ketamine": 3, "placebo": 3},
    ("gabapentinoid", "yes"): {"ketamine": 7, "placebo": 2},
}


@pytest.fixture(scope="module")
def trials() -> dict[str, pd.DataFrame]:
    """120 trials of the published size: one row per patient and trial, by arm."""
    parts = []
    for seed in range(120):
        table = make_trial(30, seed=seed).table
        one = (
            table[table["week"] == 0].rename(columns={"nrs": "nrs_week_0"}).set_index("patient_id")
        )
        week_1 = table[table["week"] == 1].set_index("patient_id")["nrs"]
        parts.append(one.assign(nrs_week_1=week_1, trial=seed))
    together = pd.concat(parts)
    return {arm: together[together["arm"] == arm] for arm in ARMS}


def is_central(simulated: pd.Series, published: float) -> bool:
    """Whether the published value lies in the central 99% of the simulated ones."""
    low, high = np.quantile(simulated, [0.005, 0.995])
    return bool(low <= published <= high)


@pytest.mark.parametrize(("variable", "arm"), NUMBERS)
def test_published_means_and_sds_are_usual_in_simulated_trials(
    trials: dict[str, pd.DataFrame], variable: str, arm: str
) -> None:
    mean, sd = NUMBERS[variable, arm]
    by_trial = trials[arm].groupby("trial")[variable]
    assert is_central(by_trial.mean(), mean)
    assert is_central(by_trial.std(), sd)
    # On the average over the trials they are met closely: 3,600 patients.
    assert by_trial.mean().mean() == pytest.approx(mean, abs=4 * sd / np.sqrt(3600))


@pytest.mark.parametrize(("variable", "level"), COUNTS)
def test_published_counts_are_usual_in_simulated_trials(
    trials: dict[str, pd.DataFrame], variable: str, level: str
) -> None:
    for arm, count in COUNTS[variable, level].items():
        rows = trials[arm]
        found = (rows[variable] == level).groupby(rows["trial"]).sum()
        assert is_central(found, count)
        assert found.mean() == pytest.approx(count, abs=4 * np.sqrt(30 / 4 / 120))


def test_entry_was_at_a_score_of_five(trials: dict[str, pd.DataFrame]) -> None:
    assert min(rows["nrs_week_0"].min() for rows in trials.values()) >= 5


def test_truth_is_the_mean_of_a_large_trial() -> None:
    trial = make_trial(3000, seed=1)
    means = trial.table.groupby(["arm", "week"])["nrs"].mean().unstack("arm")
    truth = trial.truth.set_index("week")
    for arm in ARMS:
        # The SD of a score is under 2.8.
        np.testing.assert_allclose(means[arm], truth[arm], atol=4 * 2.8 / np.sqrt(3000))
    published = truth.loc[[0, 1], ["ketamine", "placebo"]].to_numpy().tolist()
    assert published == [[7.20, 6.87], [pytest.approx(2.68), 5.45]]
    assert truth.loc[12, "difference"] == 0
    assert (np.diff(truth.loc[1:, "difference"]) > 0).all()


def test_every_row_says_that_it_is_simulated_and_the_file_can_be_read() -> None:
    table = make_trial(10, seed=3).table
    assert set(table["record_origin"]) == {"synthetic"}
    assert table["patient_id"].str.startswith("SYN-").all()
    weekly = parse_weekly(table.astype(str))
    assert weekly.synthetic
    assert weekly.arms == ("placebo", "ketamine")
    assert len(weekly.baseline) == 20
    assert weekly.weeks == list(range(1, 13))


def test_same_seed_same_trial() -> None:
    assert_frame_equal(make_trial(5, seed=2).table, make_trial(5, seed=2).table)
    assert not make_trial(5, seed=2).table["nrs"].equals(make_trial(5, seed=3).table["nrs"])


def test_pseudonyms_do_not_tell_the_arm() -> None:
    table = make_trial(20, seed=4).table.drop_duplicates("patient_id").sort_values("patient_id")
    assert 0 < (table["arm"].head(20) == "ketamine").sum() < 20


def test_a_single_patient_an_arm_is_refused() -> None:
    with pytest.raises(ValueError, match="n_per_arm: expected at least 2 patients, got 1"):
        make_trial(1, seed=0)
