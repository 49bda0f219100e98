"""Whom a network saw, as far as its centres tell it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.training.helpers.network_runs import make_network_run
from training.network.content import NumberSummary, SharedSummary
from training.network.publishing.network_judgement import judge_network
from training.network.publishing.network_patients import (
    compute_cohort_sha256,
    describe_network_cohort,
    describe_network_flow,
    describe_network_labels,
    describe_network_predictor,
)


def test_the_digest_is_of_every_share_and_of_their_order_independent() -> None:
    result, _ = make_network_run()
    digest = compute_cohort_sha256(result)
    assert compute_cohort_sha256(replace(result, shares=result.shares[::-1])) == digest
    assert compute_cohort_sha256(replace(result, shares=result.shares[1:])) != digest
    eligible = sum(n or 0 for n in result.patients.values())
    assert describe_network_cohort(result) == {
        "sha256": digest,
        "synthetic": True,
        "rows": eligible,
        "years": None,
        "sites": 3,
        "n_patients": eligible,
    }


def test_rules_are_told_without_counts_that_stay_at_the_centres() -> None:
    result, _ = make_network_run()
    flow = describe_network_flow(result, judge_network(result))
    assert [step["excluded"] for step in flow[:-2]] == [None] * (len(flow) - 2)
    assert flow[-3]["remaining"] == sum(n or 0 for n in result.patients.values())
    assert flow[1]["step"] == "Age: at least 18 years"
    known = [(step["remaining"], step["excluded"]) for step in flow[-2:]]
    unseen = result.counts["t2"]["unknown"].sum()
    assert known == [(235, None), (209, unseen)]  # at T1 no centre tells so small a number


def test_labels_are_counts_and_no_sources() -> None:
    result, _ = make_network_run()
    labels = describe_network_labels(result, judge_network(result))
    assert labels["t1"] == {"responders": 148, "nonresponders": 87, "unknown": 12}
    assert labels["kept"] == {"responders": 85, "nonresponders": 37, "unknown": 148 - 122}
    assert "cannot_meet" not in labels


def test_mean_and_spread_are_those_of_all_patients_in_one_place() -> None:
    result, _ = make_network_run()
    rng = np.random.default_rng(1)
    parts = {c: rng.normal(place, 1, 30 + place) for place, c in enumerate(result.centres)}
    summaries = {
        c: [
            SharedSummary(
                name="nrs_t0",
                n=len(x),
                missing=1,
                number=NumberSummary(mean=x.mean(), sd=x.std(ddof=1), edges=[0, 9], counts=[9]),
            )
        ]
        for c, x in parts.items()
    }
    variable = result.protocol.dictionary["nrs_t0"]
    told = describe_network_predictor(replace(result, summaries=summaries), variable)
    whole = np.concatenate(list(parts.values()))
    assert told["mean"] == pytest.approx(whole.mean())
    assert told["sd"] == pytest.approx(whole.std(ddof=1))
    assert told["missing"] == 3


def test_what_one_centre_does_not_tell_has_no_sum() -> None:
    result, _ = make_network_run()
    variable = result.protocol.dictionary["opioid"]
    told = describe_network_predictor(result, variable)
    assert sum(told["shares"].values()) == told["n"]
    first, *others = result.centres
    silent = [SharedSummary(name="opioid", n=None, missing=None, shares={"no": 30, "yes": None})]
    summaries = {first: silent, **{c: result.summaries[c] for c in others}}
    told = describe_network_predictor(replace(result, summaries=summaries), variable)
    assert list(told["shares"]) == ["no"]
    assert told["missing"] is None
