from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest

from features.arrays import TextArray
from features.errors import InputError
from tests.training.helpers.examples import make_facts, make_model
from tests.training.helpers.validated import SITES, judge_small, make_patients
from training.fitting.procedure import Procedure
from training.fitting.response import TrainingData, fit_response
from training.fitting.weighting import compute_seen_weights
from training.measures.calibration_curve import compute_calibration_curve
from training.measures.decision_curve import compute_decision_curve
from training.measures.discrimination import compute_auc
from training.measures.performance import compute_performance
from training.measures.risk_histogram import compute_risk_histogram
from training.validation.validation import (
    Judged,
    compute_case_mix,
    compute_validation,
    cross_validate_sites,
)


@pytest.fixture(scope="module")
def judged() -> dict[str, Judged]:
    return judge_small()


def test_every_table_is_that_of_the_served_probabilities(judged: dict[str, Judged]) -> None:
    data = make_patients()
    p = make_model().probability(data.X)[:, 0]
    y = data.y["t1"]
    result = judged["t1"]
    assert (result.n, result.events, result.unknown) == (296, int(np.nansum(y)), 4)
    pd.testing.assert_frame_equal(
        result.performance,
        compute_performance(y, p, sample_weight=np.ones(300), n_bootstrap=100, seed=2),
    )
    curve = compute_calibration_curve(y, p, n_bootstrap=100, seed=2)
    pd.testing.assert_frame_equal(result.calibration.summary, curve.summary)
    decision = compute_decision_curve(y, p, [0.2, 0.21, 0.62], n_bootstrap=100, seed=2)
    pd.testing.assert_frame_equal(
        result.decisions.curve.iloc[[0, 1, -1]].reset_index(drop=True), decision
    )
    assert result.decisions.thresholds["threshold"].tolist() == pytest.approx(
        [0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.62]
    )
    assert set(result.decisions.thresholds["threshold"]) <= set(result.decisions.curve["threshold"])
    assert result.draws["auc"][0] == pytest.approx(result.performance.loc["auc", "estimate"])
    assert len(result.draws) == 101
    known = result.bounds["known"]
    assert known["o_e"] == pytest.approx(result.performance.loc["o_e", "estimate"])
    assert (result.bounds["lowest"] <= known).all() and (known <= result.bounds["highest"]).all()


def test_t2_is_weighted_by_being_seen(judged: dict[str, Judged]) -> None:
    data = make_patients()
    p = make_model().probability(data.X)[:, 1]
    weight = compute_seen_weights(data)
    auc = compute_auc(data.y["t2"], p, sample_weight=weight)
    assert judged["t2"].performance.loc["auc", "estimate"] == pytest.approx(auc)
    sites = judged["t2"].sites
    assert sites is not None
    north = sites.table.set_index("site").loc["north"]
    here = np.flatnonzero(SITES == "north")
    assert north["auc"] == pytest.approx(
        compute_auc(data.y["t2"][here], p[here], sample_weight=weight[here])
    )


def test_sites_are_judged_and_pooled(judged: dict[str, Judged]) -> None:
    sites = judged["t1"].sites
    assert sites is not None
    assert sites.table["site"].tolist() == ["north", "south", "east", "small"]
    assert sites.table["n"].tolist() == [116, 100, 70, 10]
    assert sites.table["note"].str.startswith("not estimable").tolist() == [False] * 3 + [True]
    assert sites.pooled["sites"].tolist() == [3, 3, 3]
    assert sites.pooled["prediction_low"].notna().all()
    data = make_patients(60)
    nowhere = compute_validation(
        make_model(), data, np.full(60, "one"), thresholds=(0.3, 0.6), n_bootstrap=100, seed=0
    )
    assert nowhere["t1"].sites is None


def test_a_cohort_of_one_class_is_survived() -> None:
    data = make_patients(40)
    single = replace(data, horizons=("t1",), y={"t1": np.ones(40)}, kept=np.full(40, np.nan))
    result = compute_validation(
        make_model(), single, np.full(40, ""), thresholds=(0.3, 0.6), n_bootstrap=100, seed=0
    )["t1"]
    assert np.isnan(result.performance.loc["auc", "estimate"])
    assert "one class only" in str(result.performance.loc["auc", "note"])


def test_risks_are_counted_by_outcome() -> None:
    y = np.array([1, 1, 0, np.nan, 0])
    table = compute_risk_histogram(y, np.array([0.02, 0.97, 0.97, 1.0, 0.05]))
    assert table.iloc[0].tolist() == pytest.approx([0, 0.05, 1, 0, 0])
    assert table.iloc[1][["events", "non_events"]].tolist() == [0, 1]
    assert table.iloc[-1].tolist() == pytest.approx([0.95, 1, 1, 1, 1])
    assert table[["events", "non_events", "unknown"]].to_numpy().sum() == 5


def test_case_mix_counts_what_training_did_not_see() -> None:
    data = make_patients(100)
    X = np.full((100, 4), np.nan)
    X[:, 0] = 5
    X[:3, 0] = [1, 11, 2]  # training saw 2 to 10
    X[0, 1] = 18.5
    X[:, 2] = 1
    X[:5, 3] = 2  # the third CRPS type; training saw two
    table = compute_case_mix(replace(data, X=X), make_facts().training_ranges)
    assert table.set_index("predictor")["beyond"].to_dict() == {
        "nrs_t0": 2,
        "disease_duration_years": 0,
        "opioid": 0,
        "crps_type": 5,
    }
    assert table["missing"].tolist() == [0, 99, 0, 95]


# ---------------------------------------------------------------- leaving sites out


QUICK = Procedure(("prevalence", "ridge"), inner_folds=2, inner_repeats=1)


def test_a_site_is_predicted_by_a_model_of_the_others() -> None:
    data = make_patients(150)
    sites = np.repeat(["b", "a", "c"], [60, 50, 40])
    out = cross_validate_sites(data, sites, QUICK, seed=5)
    assert out.predictions["t1"].shape == (1, 150)
    for number, site in enumerate("abc"):  # the folds are the sites in order of their names
        here = sites == site
        assert (out.folds[0][here] == number).all()
        rng = np.random.default_rng((5, 2, 0, number))
        model = fit_response(data.take(~here), QUICK, rng=rng)
        np.testing.assert_allclose(
            out.predictions["t2"][0, here], model.probability(data.X[here])[:, 1]
        )


def test_a_sites_own_outcomes_do_not_reach_its_predictions() -> None:
    data, sites = make_patients(150), np.repeat(["a", "b", "c"], 50)
    flipped = data.y["t1"].copy()
    flipped[:50] = 1 - flipped[:50]
    other = replace(data, y={**data.y, "t1": flipped})
    first, second = (
        cross_validate_sites(d, sites, QUICK, seed=5).predictions["t1"][0] for d in (data, other)
    )
    np.testing.assert_array_equal(first[:50], second[:50])
    assert np.abs(first[50:] - second[50:]).max() > 0


def test_sites_that_cannot_be_left_out_are_all_told() -> None:
    data = make_patients(60)
    leave = partial(cross_validate_sites, procedure=QUICK, seed=0)

    def problems(data: TrainingData, sites: TextArray) -> list[str]:
        with pytest.raises(InputError) as caught:
            leave(data, sites)
        return [f"{problem.expected}: {problem.got}" for problem in caught.value.problems]

    assert problems(data, np.full(60, "a")) == ["at least two sites: 1"]
    assert problems(data, np.repeat(["a", ""], 30)) == [
        "a site for each eligible course: 30 without one",
        "at least two sites: 1",
    ]
    twice = replace(data, groups=np.concatenate([np.arange(58), [0, 1]]))
    assert problems(twice, np.repeat(["a", "b"], 30)) == [
        "each patient at one site: 2 at more than one"
    ]
