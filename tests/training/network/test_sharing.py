"""What of a centre's patients may leave in a round."""

from dataclasses import replace

import numpy as np
import pytest

from features.errors import NotEnoughData
from tests.training.helpers.network_rounds import gather, make_centres
from tests.training.helpers.networks import KEYS, TEXT, make_patients, make_signed
from training.fitting.response import TrainingData
from training.network.asking import make_ask
from training.network.content import Ask, ShareContent
from training.network.gathering import Gathered
from training.network.sharing import make_share

PROTOCOL = make_signed()


def _forget(data: TrainingData, horizon: str, n: int) -> TrainingData:
    """Return patients of whom n have no known outcome at a horizon, and all others have."""
    y = np.nan_to_num(data.y[horizon], nan=1.0)
    y[:n] = np.nan
    return replace(data, y={**data.y, horizon: y})


@pytest.mark.parametrize(("n", "told", "unknown"), [(0, 60, None), (3, 57, None), (5, 60, 5)])
def test_few_unknown_outcomes_do_not_follow_from_any_total(
    n: int, told: int, unknown: int | None
) -> None:
    data = make_patients(3, n=60)
    first = PROTOCOL.horizons[0]
    assert len(data) == 60
    share = make_share(_forget(data, first, n), PROTOCOL, centre="aachen", synthetic=True)
    assert share.patients == told
    assert share.counts[first].unknown == unknown
    assert share.counts[first].n == share.outcomes["response"].n == 60 - n
    for summary in share.summaries:
        assert summary.n in (None, told - (summary.missing or 0))


def test_too_few_patients_tell_nothing() -> None:
    data = make_patients(3, n=60).take(np.arange(4))
    with pytest.raises(NotEnoughData, match="fewer than 5 patients can be used"):
        make_share(data, PROTOCOL, centre="aachen", synthetic=True)


def test_no_count_under_the_limit_leaves() -> None:
    data = make_patients(4, n=30)
    flags = data.X.copy()
    place = PROTOCOL.predictors.index("opioid")
    flags[:, place] = 0.0
    flags[:3, place] = 1.0
    share = make_share(replace(data, X=flags), PROTOCOL, centre="basel", synthetic=True)
    for outcome in share.outcomes.values():
        assert outcome.likelihood is None
        assert "opioid" in outcome.withheld or "outcome" in outcome.withheld
    opioid = next(s for s in share.summaries if s.name == "opioid")
    assert opioid.shares == {"no": None, "yes": None}
    counts = [*_list_counts(share.model_dump(exclude={"round"}))]
    assert len(counts) > 5
    assert min(counts) >= PROTOCOL.limits.cell


def _list_counts(told: object) -> list[int]:
    """Return every whole number of a share."""
    if isinstance(told, dict):
        return [count for value in told.values() for count in _list_counts(value)]
    if isinstance(told, list):
        return [count for value in told for count in _list_counts(value)]
    return [told] if isinstance(told, int) and not isinstance(told, bool) else []


def share(data, protocol=None, asks=(), centre="basel") -> ShareContent:
    return share_all(data, protocol, asks, centre)[-1]


def share_all(data, protocol=None, asks=(), centre="basel") -> list[ShareContent]:
    """Return the shares of a centre that is asked this, one after another."""
    told: list[ShareContent] = []
    for n in range(len(asks) + 1):
        told.append(share_after(told, data, protocol, asks[:n], centre))
    return told


def share_after(told, data, protocol, asks, centre) -> ShareContent:
    protocol = protocol or make_signed()
    return make_share(data, protocol, centre=centre, asks=asks, earlier=told, synthetic=True)


def walk(protocol, centres, rounds: int) -> tuple[dict[str, list[ShareContent]], list[Ask]]:
    told: dict[str, list[ShareContent]] = {name: [] for name in centres}
    asks: list[Ask] = []
    for round_ in range(1, rounds + 1):
        for name, data in centres.items():
            told[name].append(share_after(told[name], data, protocol, asks, name))
        if round_ < rounds:
            asks.append(make_ask(Gathered(protocol, told)))
    return told, asks


def test_the_first_share_tells_counts_summaries_and_slopes() -> None:
    data = make_patients(5, 60)
    told = share(data)
    assert told.round == 1
    assert told.patients is not None and 55 < told.patients <= 60
    assert set(told.counts) == {"t1", "t2"}
    assert [summary.name for summary in told.summaries] == list(make_signed().predictors)
    pain = told.summaries[0].number
    assert pain is not None and min(pain.counts) >= 5
    assert told.outcomes["response"].likelihood is not None


def test_a_flag_of_few_keeps_slopes_at_home_and_says_why() -> None:
    data = make_patients(5, 60)
    column = [v.name for v in data.predictors].index("opioid")
    X = data.X.copy()
    X[:, column] = np.arange(60) < 3
    data = replace(data, X=X)
    told = share(data).outcomes["response"]
    assert told.likelihood is None
    assert told.n is not None and told.events is not None
    assert "opioid: fewer than 5 patients" in told.withheld


def test_few_patients_bear_few_coefficients() -> None:
    told = share(make_patients(5, 60)).outcomes["kept"]
    assert told.n is not None and told.n < 60
    few = make_patients(5, 14)
    response = share(few).outcomes["response"]
    assert response.likelihood is None
    assert "0.33" in response.withheld or "fewer than 5" in response.withheld


def test_every_round_is_within_the_limits() -> None:
    centres = make_centres(90)
    told, _ = walk(make_signed(), centres, 6)
    for shares in told.values():
        assert [one.round for one in shares] == [1, 2, 3, 4, 5, 6]
        assert all(one.outcomes["response"].likelihood for one in shares)
        assert [bool(one.evaluation) for one in shares] == [i == 3 for i in range(6)]
        assert [bool(one.summaries) for one in shares] == [i == 0 for i in range(6)]
        curved = [bool(one.outcomes["response"].likelihood.curvature) for one in shares]
        assert curved == [True] * 3 + [False] * 3


def test_sums_that_would_give_somebody_away_are_kept() -> None:
    strict = make_signed(TEXT.replace("remaining = 0.05", "remaining = 0.9"))
    told = share(make_patients(5, 60), strict).outcomes["response"]
    assert told.likelihood is None
    assert "no number left that stays uncertain" in told.withheld


def test_curvatures_that_would_give_somebody_away_are_told_to_fewer_decimals() -> None:
    told = share(make_patients(3, 60), make_signed())
    curvature = np.array(told.outcomes["response"].likelihood.curvature)
    np.testing.assert_array_equal(curvature, np.round(curvature))
    assert told.remarks == [
        "curvatures are told to 0 decimals, fewer than agreed: with more, somebody's numbers could "
        "be solved"
    ]
    unguarded = make_signed(TEXT.replace("remaining = 0.05", "remaining = 0"))
    fine = share(make_patients(3, 60), unguarded)
    curvature = np.array(fine.outcomes["response"].likelihood.curvature)
    assert np.any(curvature != np.round(curvature))
    assert fine.remarks == []


def test_a_round_that_goes_too_far_is_not_answered() -> None:
    protocol = make_signed()
    centres = make_centres(70)
    _, asks = walk(protocol, centres, 3)
    fine = make_signed(
        TEXT.replace("gradient_decimals = [2, 3, 4, 5, 7, 8]", "gradient_decimals = [9]").replace(
            "curvature_decimals = 1", "curvature_decimals = 9"
        )
    )
    told = share(make_patients(0, 30), fine, asks, next(iter(KEYS))).outcomes["response"]
    assert told.likelihood is None
    assert told.withheld


def _judge(ask: Ask, coef: list[float]) -> Ask:
    """Return a round that asks how models with these coefficients do."""
    models = {name: [0.0, *coef] for name in ("response", "kept")}
    return ask.model_copy(update={"evaluated": {"basel": models}})


def test_a_model_that_singles_few_out_is_not_judged_and_slopes_are_told_all_the_same() -> None:
    centres = make_centres(70)
    asks = [make_ask(gather(last, centres)) for last in range(1, 5)]
    honest = share_all(centres["basel"], PROTOCOL, asks)
    assert honest[3].evaluation
    assert not [remark for remark in honest[3].remarks if "is not told" in remark]
    sly = [*asks[:2], _judge(asks[2], [90.0, 90.0, 1.0, 1.0, 1.0])]
    fourth = share_after(honest[:3], centres["basel"], PROTOCOL, sly, "basel")
    assert fourth.evaluation == {}
    assert fourth.outcomes["response"].likelihood is not None
    remark = next(remark for remark in fourth.remarks if "is not told" in remark)
    assert "at t1: fewer than 5 patients make up 90% of what is asked" in remark
    # What was not told then is no reason to tell less later.
    told = [*honest[:3], fourth]
    fifth = share_after(told, centres["basel"], PROTOCOL, [*sly, asks[3]], "basel")
    assert fifth.outcomes == honest[4].outcomes


def test_measures_are_checked_where_no_slopes_are_told() -> None:
    centres = make_centres(70)
    asks = [make_ask(gather(last, centres)) for last in range(1, 4)]
    strict = make_signed(TEXT.replace("remaining = 0.05", "remaining = 0.9"))
    asks = [ask.model_copy(update={"outcomes": {}}) for ask in asks]
    asks[2] = _judge(asks[2], [90.0, 90.0, 1.0, 1.0, 1.0])
    told = share(centres["basel"], strict, asks)
    assert all(outcome.likelihood is None for outcome in told.outcomes.values())
    assert told.evaluation == {}
    assert any("fewer than 5 patients make up" in remark for remark in told.remarks)
