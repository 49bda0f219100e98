import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import InputError
from training.measures.sample_size.development import compute_development_size
from training.measures.sample_size.verdict import compute_size_verdict


def test_verdict_reads_as_one_line() -> None:
    found = compute_size_verdict(40, 19, 12)
    text = "n = 40 with known T2, 19 events, 12 parameters: about 830 needed (c 0.70)"
    assert found.text == text
    assert not found.enough
    assert found.needed is not None
    assert found.needed.n == 835
    assert 0 < found.expected_shrinkage < 0.5


def test_a_large_study_is_enough() -> None:
    found = compute_size_verdict(1000, 400, 1, horizon="T1")
    assert found.enough
    assert "known T1, 400 events, 1 parameter: about 370 needed" in found.text


@pytest.mark.parametrize("events", [0, 30])
def test_verdict_on_one_class_gives_no_size(events: int) -> None:
    found = compute_size_verdict(30, events, 2)
    assert found.text.endswith("one class only, no size can be given")
    assert found.needed is None
    assert not found.enough


def test_more_events_than_patients_are_refused() -> None:
    with pytest.raises(InputError, match="from 0 to n"):
        compute_size_verdict(10, 11, 2)


def test_everything_that_is_fitted_is_counted() -> None:
    # 6 predictors, 5 of them numbers with a bend each: 11 columns. Riley's criteria by hand from
    # compute_development_size, which the published examples hold.
    straight = compute_development_size(6, 26 / 60, c_statistic=0.7).n
    bent = compute_development_size(11, 26 / 60, c_statistic=0.7).n
    found = compute_size_verdict(60, 26, 6, horizon="T1", fitted=11)
    assert [(row.counted, row.parameters, row.needed) for row in found.rows] == [
        ("predictors", 6, straight),
        ("columns fitted", 11, bent),
    ]
    assert found.needed is not None
    assert found.needed.n == bent
    assert found.text.endswith(
        "6 parameters: about 420 needed (c 0.70), 780 for the 11 columns that are fitted"
    )
    assert not compute_size_verdict(600, 260, 6, fitted=11).enough
    assert compute_size_verdict(600, 260, 6).enough


def test_columns_count_as_they_act_but_never_less_than_the_predictors() -> None:
    found = compute_size_verdict(60, 26, 6, fitted=33, effective=8.13)
    assert found.needed is not None
    assert found.needed == compute_development_size(8.13, 26 / 60, c_statistic=0.7)
    assert found.text.endswith("570 for the 8.1 parameters in effect of 33 columns that are fitted")
    shrunk = compute_size_verdict(60, 26, 6, fitted=33, effective=2.5)
    assert shrunk.needed == compute_development_size(6, 26 / 60, c_statistic=0.7)
    assert [row.parameters for row in shrunk.rows] == [6, 33, 2.5]


def test_the_studys_own_auc_stands_beside_the_assumed_one_and_does_not_decide() -> None:
    alone = compute_size_verdict(60, 26, 6, fitted=11)
    found = compute_size_verdict(60, 26, 6, fitted=11, own=(0.62, 0.52))
    assert (found.needed, found.enough) == (alone.needed, alone.enough)
    own, low = found.rows[2:]
    assert (own.parameters, own.source, low.source) == (11, "own", "own, lower limit")
    assert own.needed == compute_development_size(11, 26 / 60, c_statistic=0.62).n
    assert low.needed == compute_development_size(11, 26 / 60, c_statistic=0.52).n
    assert found.text == f"{alone.text}; about 2200 at this study's own AUC (0.62)"


@pytest.mark.parametrize("auc", [0.5, 0.31, 1.0])
def test_an_auc_that_ranks_nobody_or_everybody_has_no_size(auc: float) -> None:
    found = compute_size_verdict(60, 26, 6, own=(auc, math.nan))
    assert found.rows[-1].needed is None
    assert math.isnan(found.rows[-1].expected_shrinkage)
    assert found.text.endswith(f"at this study's own AUC ({auc:.2f}) no size can be given")
    unknown = compute_size_verdict(60, 26, 6, own=(math.nan, math.nan))
    assert unknown == compute_size_verdict(60, 26, 6)


@given(
    n=st.integers(10, 3000),
    share=st.floats(0.05, 0.95),
    parameters=st.integers(1, 30),
    more=st.integers(0, 100),
    auc=st.floats(0, 1),
)
def test_more_columns_never_need_fewer_patients(
    n: int, share: float, parameters: int, more: int, auc: float
) -> None:
    events = min(max(1, round(share * n)), n - 1)
    asked = {"fitted": parameters + more, "own": (auc, auc - 0.1)}
    found = compute_size_verdict(n, events, parameters, **asked)
    straight = compute_size_verdict(n, events, parameters)
    assert found.needed is not None and straight.needed is not None
    assert found.needed.n >= straight.needed.n
    assert found.enough == (n >= found.needed.n)
    assert found.expected_shrinkage <= straight.expected_shrinkage + 1e-12
