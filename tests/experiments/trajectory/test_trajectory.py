"""Weekly pain in two arms: R's numbers, an independent likelihood, and a known truth."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize_scalar

from experiments.trajectory.trajectory import (
    AutoregressiveFit,
    Course,
    compute_course,
    compute_weekly_means,
    fit_autoregressive,
)
from features.arrays import FloatArray
from features.cohort.weekly import WeeklyScores
from features.dictionary.contract import CONTRACT
from features.errors import InputError
from tests.experiments.helpers.trials import make_trial


def to_weekly(table: pd.DataFrame) -> WeeklyScores:
    """Put a simulated trial into the form that a checked file has."""
    patient = table["patient_id"].map({p: i for i, p in enumerate(table["patient_id"].unique())})
    start = table[table["week"] == 0]
    baseline = pd.DataFrame(
        {
            "treated": (start["arm"] == "ketamine").to_numpy(dtype=float),
            "nrs_t0": start["nrs"].to_numpy(),
        }
    )
    scores = pd.DataFrame({"patient": patient, "week": table["week"], "nrs": table["nrs"]})
    return WeeklyScores(scores, baseline, CONTRACT, ("placebo", "ketamine"), synthetic=True)


def make_example() -> pd.DataFrame:
    """10 patients, 5 weeks, every seventh score missing; no random number in it."""
    rows = [
        (
            i,
            w,
            i % 2,
            round(
                5
                + 2 * np.sin(1.3 * i + 0.5 * w)
                - 2 * (i % 2) * (5 - w) / 5
                + 0.8 * np.cos(2.9 * i * w),
                1,
            ),
        )
        for i in range(10)
        for w in range(1, 6)
        if (i + 2 * w) % 7
    ]
    return pd.DataFrame(rows, columns=["patient", "week", "treated", "nrs"])


def make_design(table: pd.DataFrame) -> FloatArray:
    weeks = (table["week"].to_numpy()[:, None] == np.arange(1, 6)).astype(float)
    return np.column_stack([weeks, weeks * table["treated"].to_numpy()[:, None]])


def fit_table(table: pd.DataFrame) -> AutoregressiveFit:
    return fit_autoregressive(
        make_design(table),
        table["nrs"].to_numpy(),
        patient=table["patient"].to_numpy(),
        time=table["week"].to_numpy(dtype=float),
    )


def test_fit_agrees_with_gls_of_r() -> None:
    # R 4.2.2, nlme 3.1.162: gls(nrs ~ 0 + factor(week) + factor(week):treated, correlation =
    # corCAR1(form = ~ week | patient), method = "REML") on this table.
    fit = fit_table(make_example())
    np.testing.assert_allclose(
        fit.coefficients[5:], [-2.127439, -1.207853, -0.538271, -0.534020, 0.323433], atol=2e-6
    )
    np.testing.assert_allclose(
        np.sqrt(np.diag(fit.covariance))[5:],
        [1.103146, 1.093434, 1.109113, 1.093434, 1.103146],
        atol=2e-6,
    )
    assert fit.rho == pytest.approx(0.782425, abs=2e-6)
    assert fit.sd == pytest.approx(1.702457, abs=2e-6)
    assert fit.log_likelihood == pytest.approx(-62.3140244, abs=1e-6)


def test_fit_maximises_the_restricted_likelihood_written_out_in_full() -> None:
    table = make_example()
    X, y = make_design(table), table["nrs"].to_numpy()
    week, patient = table["week"].to_numpy(), table["patient"].to_numpy()
    same = patient[:, None] == patient

    def restricted(rho: float) -> float:
        V = np.where(same, rho ** np.abs(week[:, None] - week), 0.0)
        inverse = np.linalg.inv(V)
        inner = X.T @ inverse @ X
        rest = y - X @ np.linalg.solve(inner, X.T @ inverse @ y)
        free = len(y) - X.shape[1]
        squares = rest @ inverse @ rest / free
        logs = np.linalg.slogdet(V)[1] + np.linalg.slogdet(inner)[1]
        return -0.5 * (free * np.log(2 * np.pi * squares) + logs + free)

    best = minimize_scalar(lambda rho: -restricted(rho), bounds=(0, 0.99), method="bounded")
    fit = fit_table(table)
    assert fit.rho == pytest.approx(best.x, abs=1e-4)
    assert fit.log_likelihood == pytest.approx(-best.fun, abs=1e-6)
    # The interval of rho ends where the log-likelihood has dropped by 3.841 / 2.
    for end in fit.rho_interval:
        assert restricted(end) == pytest.approx(fit.log_likelihood - 3.8414588 / 2, abs=1e-5)


def test_without_correlation_it_is_least_squares() -> None:
    # Errors that alternate are best described by rho = 0 here, as rho is at least 0.
    X = np.ones((8, 1))
    y = np.array([1.0, -1, 1, -1, 1, -1, 1, -1])
    fit = fit_autoregressive(X, y, patient=np.repeat([0, 1], 4), time=np.tile(np.arange(4.0), 2))
    assert fit.rho == pytest.approx(0, abs=1e-6)
    assert fit.coefficients == pytest.approx(0, abs=1e-5)
    assert fit.sd == pytest.approx(np.sqrt(8 / 7), abs=1e-5)
    assert fit.rho_interval[0] == 0


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"patient": np.array([1, 0, 0, 1])}, "sorted by patient"),
        ({"time": np.array([1.0, 1, 0, 1])}, "each once"),
        ({"patient": np.arange(4)}, "two scores"),
        ({"X": np.ones((4, 2))}, "full rank"),
    ],
)
def test_what_cannot_be_fitted_is_refused(change: dict[str, object], match: str) -> None:
    given = {"X": np.ones((4, 1)), "patient": np.array([0, 0, 1, 1]), "time": np.arange(4.0)}
    with pytest.raises(ValueError, match=match):
        fit_autoregressive(y=np.arange(4.0), **given | change)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def courses() -> list[Course]:
    """60 simulated trials of the published size."""
    return [compute_course(to_weekly(make_trial(30, seed=seed).table)) for seed in range(60)]


def test_differences_are_unbiased_and_their_intervals_cover(courses: list[Course]) -> None:
    truth = make_trial(2, seed=0).truth.set_index("week")["difference"].to_numpy()[1:]
    found = np.array([course.differences["difference"] for course in courses])
    error = np.array([course.differences["se"] for course in courses])
    np.testing.assert_allclose(
        found.mean(axis=0), truth, atol=4 * error.mean() / np.sqrt(len(courses))
    )
    # The standard errors are those that the trials show.
    assert found.std(axis=0, ddof=1).mean() == pytest.approx(error.mean(), rel=0.15)
    low, high, low_all, high_all = (
        np.array([course.differences[name] for course in courses])
        for name in ("low", "high", "low_all", "high_all")
    )
    each = ((low <= truth) & (truth <= high)).mean()
    together = ((low_all <= truth) & (truth <= high_all)).all(axis=1).mean()
    assert each == pytest.approx(0.95, abs=0.035)
    assert together >= 0.88


def test_difference_is_found_at_week_1_and_lost_by_week_12(courses: list[Course]) -> None:
    assert np.mean([course.any_week_p < 0.05 for course in courses]) > 0.8
    assert np.mean([course.average_p < 0.05 for course in courses]) > 0.8
    assert np.mean([course.differences["p_value"].iloc[0] < 0.05 for course in courses]) > 0.9
    # Week 12 has no difference: it is found in about 1 of 20 trials.
    assert np.mean([course.differences["p_value"].iloc[-1] < 0.05 for course in courses]) < 0.12
    lost = [course.lost for course in courses if course.lost is not None]
    assert 9 <= np.median(lost) <= 12


def test_adjusting_takes_out_what_was_there_before_treatment() -> None:
    weekly = to_weekly(make_trial(60, seed=11).table)
    # Everyone's later scores rise with the score before treatment, and the treated begin 3 higher.
    start = weekly.baseline["nrs_t0"] + 3 * weekly.baseline["treated"]
    shifted = weekly.scores.assign(
        nrs=weekly.scores["nrs"] + start[weekly.scores["patient"]].values
    )
    moved = WeeklyScores(shifted, weekly.baseline.assign(nrs_t0=start), CONTRACT, weekly.arms, True)
    raw, adjusted = compute_course(moved), compute_course(moved, adjusted=True)
    before = compute_course(weekly, adjusted=True)
    assert raw.differences["difference"].iloc[0] > before.differences["difference"].iloc[0] + 2
    # The lift of each patient is a multiple of the covariate: adjusted, it is gone but for the
    # 3 points that the treated have more for the same true effect.
    slope_free = adjusted.differences["difference"] - before.differences["difference"]
    assert slope_free.std() == pytest.approx(0, abs=0.15)
    assert adjusted.differences["se"].iloc[0] < raw.differences["se"].iloc[0]
    assert adjusted.df == raw.df - 1


def test_complete_scores_give_the_difference_of_the_means() -> None:
    trial = make_trial(8, seed=5)
    course = compute_course(to_weekly(trial.table))
    means = trial.table.groupby(["week", "arm"])["nrs"].mean().unstack("arm")
    expected = (means["ketamine"] - means["placebo"]).to_numpy()[1:]
    np.testing.assert_allclose(course.differences["difference"], expected, atol=1e-10)
    assert course.average[0] == pytest.approx(expected.mean())
    assert (course.patients, course.scores, course.df) == (16, 192, 14)


def test_numbering_of_patients_and_lost_rows_do_not_matter() -> None:
    table = make_trial(10, seed=6).table
    kept = table[(table["week"] == 0) | ((table.index * 7) % 5 > 0)]
    renamed = kept.assign(patient_id=kept["patient_id"].str[::-1])
    renamed = renamed.sort_values(["patient_id", "week"], ignore_index=True)
    one, other = compute_course(to_weekly(kept)), compute_course(to_weekly(renamed))
    pd.testing.assert_frame_equal(one.differences, other.differences, rtol=1e-6)


def test_exchanging_the_arms_turns_the_sign() -> None:
    weekly = to_weekly(make_trial(10, seed=7).table)
    turned = WeeklyScores(
        weekly.scores,
        weekly.baseline.assign(treated=1 - weekly.baseline["treated"]),
        CONTRACT,
        ("ketamine", "placebo"),
        True,
    )
    one, other = compute_course(weekly), compute_course(turned)
    np.testing.assert_allclose(
        one.differences["difference"], -other.differences["difference"], atol=1e-8
    )
    assert (one.lost, one.any_week_p) == (other.lost, pytest.approx(other.any_week_p))


@pytest.mark.parametrize(
    ("effects", "last", "lost"),
    [
        ([5, 5, 0, 0], 2, 3),
        ([5, 0, 5, 0], 3, 4),
        ([5, 5, 5, 5], 4, None),
        ([0, 0, 0, 0], None, None),
    ],
)
def test_week_at_which_the_difference_is_lost(
    effects: list[int], last: int | None, lost: int | None
) -> None:
    noise = np.random.default_rng(1).normal(scale=0.4, size=(20, 4))
    noise -= noise.reshape(10, 2, 4).mean(axis=0)[np.arange(20) % 2]  # no difference by chance
    rows = [
        {"patient": i, "week": w + 1, "nrs": 3 + noise[i, w] + effects[w] * (i % 2)}
        for i in range(20)
        for w in range(4)
    ]
    baseline = pd.DataFrame({"treated": np.arange(20) % 2.0, "nrs_t0": [np.nan] * 20})
    weekly = WeeklyScores(pd.DataFrame(rows), baseline, CONTRACT, ("a", "b"), synthetic=True)
    course = compute_course(weekly)
    assert (course.last_different, course.lost) == (last, lost)


def test_means_are_as_seen_and_of_too_few_are_not_told() -> None:
    table = make_trial(4, seed=8).table
    arm = table["arm"] == "ketamine"
    first_two = table["patient_id"].isin(table.loc[arm, "patient_id"].unique()[:2])
    few = table[~(arm & first_two & (table["week"] == 3))]
    means = compute_weekly_means(to_weekly(few)).set_index(["arm", "week"])
    row = means.loc[("placebo", 0)]
    scores = table.loc[~arm & (table["week"] == 0), "nrs"]
    assert (row["n"], row["mean"]) == (4, pytest.approx(scores.mean()))
    # t with 3 degrees of freedom: 3.1824 standard errors.
    assert row["high"] - row["mean"] == pytest.approx(3.182446 * scores.std() / 2, rel=1e-6)
    assert means.loc[("ketamine", 3), "n"] == 2
    assert np.isnan(means.loc[("ketamine", 3), "mean"])
    assert 3 not in set(compute_course(to_weekly(few)).differences["week"])


def test_one_week_alone_is_no_course() -> None:
    table = make_trial(4, seed=9).table
    with pytest.raises(InputError, match="at least two weeks"):
        compute_course(to_weekly(table[table["week"] <= 1]))
