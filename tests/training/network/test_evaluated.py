from dataclasses import replace

import numpy as np
import pytest

from tests.training.helpers.network_rounds import gather, gather_all, make_centres
from tests.training.helpers.network_runs import make_network_run
from training.measures.decision_curve import COARSE, make_thresholds
from training.network.evaluated import tabulate_counts, tabulate_evaluation


def test_counts_are_told_by_centre_and_horizon() -> None:
    gathered = gather_all()
    table = tabulate_counts(gathered)["t1"]
    assert table.index.tolist() == list(gathered.centres)
    told = gathered.shares["basel"][0].counts["t1"]
    assert table.loc["basel"].tolist() == [told.n, told.events, told.unknown]


def test_what_is_not_told_is_no_number() -> None:
    gathered = gather(1, make_centres(40))
    gathered.shares["basel"][0].counts.clear()
    assert tabulate_counts(gathered)["t1"].loc["basel"].isna().all()


def test_measures_have_intervals_on_their_own_scales() -> None:
    tables = tabulate_evaluation(gather_all())
    table = tables["evaluation"]["t1"]
    assert table["site"].tolist() == list(gather_all().centres)
    row = table.iloc[0]
    assert row["auc_low"] < row["auc"] < row["auc_high"] < 1
    ratio = row["o_e_high"] / row["o_e"]
    assert ratio == pytest.approx(row["o_e"] / row["o_e_low"])
    assert row["slope_high"] - row["slope"] == pytest.approx(1.96 * row["slope_se"], rel=1e-3)


def test_every_centre_tells_every_threshold() -> None:
    result, _ = make_network_run()
    cuts = make_thresholds(result.protocol.thresholds, COARSE)
    for horizon, decision in result.decision.items():
        evaluation = result.evaluation[horizon].set_index("site")
        groups = result.groups[horizon]
        assert len(decision) == len(cuts) * len(evaluation)
        for centre, rows in decision.groupby("centre"):
            assert rows["threshold"].tolist() == cuts
            assert set(rows["n"]) == {evaluation.loc[centre, "n"]}
            here = groups[groups["centre"] == centre]
            assert here["n"].sum() == pytest.approx(evaluation.loc[centre, "n"])
            assert here["events"].sum() == pytest.approx(rows["events"].iloc[0])
            for side, most in (("true", rows["events"]), ("false", rows["n"] - rows["events"])):
                positives = rows[f"{side}_positives"].to_numpy()
                assert (np.diff(positives) <= 1e-9).all()
                assert ((positives >= 0) & (positives <= most)).all()


def test_where_a_group_begins_all_above_it_are_counted() -> None:
    gathered = gather_all()
    told = gathered.shares["basel"][3].evaluation["t1"]
    edges = [group.low for group in told.groups]
    assert len(edges) > 1
    protocol = replace(gathered.protocol, thresholds=(edges[1], edges[1]))
    decision = tabulate_evaluation(replace(gathered, protocol=protocol))["decision"]["t1"]
    row = decision[decision["centre"] == "basel"].iloc[0]
    above = told.groups[1:]
    assert row["true_positives"] == pytest.approx(sum(group.events for group in above))
    assert row["false_positives"] == pytest.approx(sum(g.n - g.events for g in above))


def test_at_the_second_horizon_those_seen_stand_for_those_alike() -> None:
    gathered = gather_all()
    tables = tabulate_evaluation(gathered)
    for centre in gathered.centres:
        told = gathered.shares[centre][3].evaluation["t2"]
        assert told.responder_weight > 1  # responders only can be missing at T2
        groups = tables["groups"]["t2"]
        here = groups[groups["centre"] == centre]
        assert here["n"].sum() == pytest.approx(told.n)
        assert here["events"].sum() == pytest.approx(told.responder_weight * told.events)
        assert gathered.shares[centre][3].evaluation["t1"].responder_weight == 1


def test_before_the_fourth_round_nothing_is_judged() -> None:
    tables = tabulate_evaluation(gather(3, make_centres(40)))
    assert tables == {"evaluation": {}, "groups": {}, "decision": {}}
    assert np.all([not table for table in tables.values()])
