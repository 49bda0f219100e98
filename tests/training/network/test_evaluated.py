import numpy as np
import pytest

from tests.training.helpers.network_rounds import gather, gather_all, make_centres
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


def test_those_above_a_threshold_are_those_of_the_groups_above() -> None:
    tables = tabulate_evaluation(gather_all())
    groups, decision = tables["groups"]["t1"], tables["decision"]["t1"]
    here = groups[groups["centre"] == "basel"]
    rows = decision[decision["centre"] == "basel"].set_index("threshold")
    assert rows.index.tolist() == here["low"].tolist()
    everyone = rows.loc[0.0]
    assert everyone["true_positives"] == everyone["events"]
    assert everyone["true_positives"] + everyone["false_positives"] == everyone["n"]
    top = rows.iloc[-1]
    last = here.iloc[-1]
    assert top["true_positives"] + top["false_positives"] == last["n"]


def test_before_the_fourth_round_nothing_is_judged() -> None:
    tables = tabulate_evaluation(gather(3, make_centres(40)))
    assert tables == {"evaluation": {}, "groups": {}, "decision": {}}
    assert np.all([not table for table in tables.values()])
