"""Small numbers that follow from totals are not told."""

from dataclasses import replace

import numpy as np
import pytest

from tests.training.helpers.network_rounds import make_centres
from tests.training.helpers.networks import make_patients, make_signed, tell
from training.fitting.response import TrainingData
from training.network.arithmetic.risk_groups import list_members
from training.network.asking import make_ask
from training.network.content import ShareContent
from training.network.counted import hide_derived, is_derived, leave_out_seen
from training.network.gathering import Gathered
from training.network.home import predict_left_out, share_evaluation
from training.network.sharing import make_share

PROTOCOL = make_signed()
CELL = PROTOCOL.limits.cell


def _make(not_: int, unseen: int, lost: int, kept: int) -> TrainingData:
    """Return patients: non-responders, and responders unseen at T2, lost and kept."""
    sizes = (not_, unseen, lost, kept)
    data = make_patients(5, sum(sizes) + 20).take(np.arange(sum(sizes)))
    nan = np.nan
    y = {"t1": np.repeat([0.0, 1.0, 1.0, 1.0], sizes), "t2": np.repeat([0.0, nan, 0.0, 1.0], sizes)}
    return replace(data, y=y, kept=np.repeat([nan, nan, 0.0, 1.0], sizes))


@pytest.mark.parametrize(
    ("sizes", "expected"), [([3, 20], True), ([5, 20], False), ([20], False), ([2], True)]
)
def test_a_part_follows_from_the_whole_and_the_rest(sizes: list[int], expected: bool) -> None:
    everyone = np.ones(sum(sizes), dtype=bool)
    assert is_derived([everyone, np.arange(len(everyone)) >= sizes[0]], cell=CELL) is expected


def test_three_totals_give_away_what_no_two_do() -> None:
    # 10 + 3 + 10: all, the first 10, the last 10.
    who = np.repeat([0, 1, 2], [10, 3, 10])
    assert not is_derived([who >= 0, who == 0], cell=CELL)
    assert is_derived([who >= 0, who == 0, who == 2], cell=CELL)


@pytest.mark.parametrize("unseen", [1, 4])
def test_few_unseen_responders_are_joined_by_others(unseen: int) -> None:
    data = _make(20, unseen, 15, 20)
    left = leave_out_seen(data, cell=CELL, seed=1)
    assert int((left.y["t1"] == 1).sum()) - int((~np.isnan(left.kept)).sum()) == CELL
    assert int(np.isnan(left.y["t2"]).sum()) == CELL
    again = leave_out_seen(data, cell=CELL, seed=1)
    np.testing.assert_array_equal(left.kept, again.kept)
    share = make_share(data, PROTOCOL, centre="basel", synthetic=True)
    events, kept = share.outcomes["response"].events, share.outcomes["kept"].n
    assert events is not None and kept is not None and events - kept == CELL
    assert share.counts["t2"].unknown == CELL


@pytest.mark.parametrize("unseen", [0, 5])
def test_none_is_left_out_without_need(unseen: int) -> None:
    data = _make(20, unseen, 15, 20)
    assert leave_out_seen(data, cell=CELL, seed=1) is data


def test_few_non_responders_do_not_follow_from_the_second_outcome() -> None:
    # Seen at T2 less responders seen there: the 3 who had not responded.
    share = make_share(_make(3, 10, 15, 20), PROTOCOL, centre="basel", synthetic=True)
    assert share.outcomes["response"].n is None
    assert share.outcomes["kept"].n == 35
    assert share.counts["t2"].n is None and share.counts["t2"].events is None


def test_few_lost_do_not_follow_from_events() -> None:
    # Events at T1, less 10 unseen, less events at T2: the 3 who lost their response.
    share = make_share(_make(20, 10, 3, 30), PROTOCOL, centre="basel", synthetic=True)
    assert share.outcomes["kept"].n is None
    assert share.counts["t2"].n == 53
    assert share.counts["t2"].events is None


def test_what_is_hidden_once_is_hidden_in_every_round() -> None:
    centres = make_centres(70)
    shares = {name: [tell(data, PROTOCOL, name)] for name, data in centres.items()}
    ask = make_ask(Gathered(PROTOCOL, shares))
    size = 1 + len(PROTOCOL.basis.linear_)
    ask = ask.model_copy(
        update={
            "evaluated": {"basel": {"response": [0.1] * size, "kept": [0.1] * size}},
            "base_rates": {"basel": {"t1": 0.6, "t2": 0.3}},
        }
    )
    for data, expected in ((_make(20, 10, 3, 30), {"t1"}), (_make(20, 10, 15, 30), {"t1", "t2"})):
        told = tell(data, PROTOCOL, "basel", ask)
        assert set(told.evaluation) == {"t1", "t2"}
        risks = predict_left_out(data.X, PROTOCOL, ask.evaluated["basel"])
        hidden = hide_derived(_hide_kept(told, data), data, cell=CELL, risks=risks)
        assert set(hidden.evaluation) == expected


def _hide_kept(told, data):
    """Return a share without the kept outcome where it has too few of either kind."""
    lost = int((data.kept == 0).sum())
    if lost >= CELL:
        return told
    kept = told.outcomes["kept"].model_copy(update={"n": None, "events": None, "likelihood": None})
    return told.model_copy(update={"outcomes": {**told.outcomes, "kept": kept}})


def test_an_outcome_whose_counts_give_somebody_away_is_withheld() -> None:
    data = _make(20, 3, 15, 20)
    told = tell(data, PROTOCOL, "basel")
    hidden = hide_derived(told, data, cell=CELL, risks={}).outcomes["kept"]
    assert (hidden.n, hidden.events, hidden.likelihood) == (None, None, None)
    assert "fewer than 5 patients" in hidden.withheld


def test_leaving_out_leaves_enough_of_those_who_lost_their_response() -> None:
    left = leave_out_seen(_make(20, 1, 5, 8), cell=CELL, seed=1)
    assert [int((left.kept == value).sum()) for value in (0, 1)] == [5, 4]
    left = leave_out_seen(_make(20, 1, 20, 20), cell=CELL, seed=1)
    assert [int((left.kept == value).sum()) for value in (0, 1)] == [18, 18]


def test_groups_of_both_horizons_are_joined_until_no_few_follow_from_them() -> None:
    data = make_patients(3, 120)
    data = leave_out_seen(data.take(~np.isnan(data.y["t1"])), cell=CELL, seed=1)
    models = {"response": [0.3, 0.9, -0.5, 0.4, 0.2, 0.3], "kept": [4.0, 0.1, 0, 0, 0, 0]}
    evaluation = share_evaluation(data, PROTOCOL, models, {"t1": 0.6, "t2": 0.3})
    told = tell(data, PROTOCOL, "basel").model_copy(update={"evaluation": evaluation})
    risks = predict_left_out(data.X, PROTOCOL, models)

    def list_bins(share: ShareContent) -> list[np.ndarray]:
        found = []
        for horizon, one in share.evaluation.items():
            y = data.y[horizon]
            groups = [group.model_dump() for group in one.groups]
            found += list_members(groups, y, risks[horizon])  # type: ignore[arg-type]
        return found

    assert is_derived(list_bins(told), cell=CELL)  # sure to be kept: nearly the same risks
    joined = hide_derived(told, data, cell=CELL, risks=risks)
    assert not is_derived(list_bins(joined), cell=CELL)
    assert joined.evaluation["t1"] == evaluation["t1"]
    groups = joined.evaluation["t2"].groups
    assert 0 < len(groups) < len(evaluation["t2"].groups)
    assert sum(group.n for group in groups) == evaluation["t2"].n
