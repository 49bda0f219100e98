from dataclasses import replace

import numpy as np
import pytest

from tests.training.helpers.network_rounds import gather, make_centres
from tests.training.helpers.networks import TEXT, make_signed
from training.fitting.response import TrainingData
from training.fitting.weighting import compute_outcome_weights
from training.network.arithmetic.evaluating import compute_home_measures
from training.network.arithmetic.left_out import compute_shrinking
from training.network.arithmetic.risk_groups import group_risks, list_members
from training.network.asking import make_ask
from training.network.content import Ask
from training.network.disclosure.solving import find_unknowns
from training.network.guarding import (
    check_round,
    foresee_rounds,
    tell_blended,
    tell_losses,
    tell_measures,
)
from training.network.home import compute_losses, list_outcomes, predict_left_out, share_outcome

PROTOCOL = make_signed()
STEP = 1e-5


@pytest.fixture(scope="module")
def data() -> TrainingData:
    return make_centres()["basel"]


@pytest.fixture(scope="module")
def asks() -> list[Ask]:
    return [make_ask(gather(round_, make_centres())) for round_ in (1, 2, 3)]


def move(data: TrainingData, patient: int, predictor: int, by: float) -> TrainingData:
    X = data.X.copy()
    if PROTOCOL.basis.logged_[predictor]:
        X[patient, predictor] = np.expm1(np.log1p(X[patient, predictor]) + by)
    else:
        X[patient, predictor] += by
    return replace(data, X=X)


def differentiate(data: TrainingData, numbers, unknowns, place: int) -> np.ndarray:
    patient, predictor = int(unknowns.patients[place]), int(unknowns.predictors[place])
    by = STEP * float(unknowns.spreads[place])
    up, down = (numbers(move(data, patient, predictor, side * by)) for side in (1, -1))
    return (up - down) / (2 * STEP)


def test_losses_move_with_a_number_as_they_are_said_to(data, asks) -> None:
    unknowns = find_unknowns(data.X, PROTOCOL.basis)

    def numbers(moved: TrainingData) -> np.ndarray:
        outcome = list_outcomes(moved, PROTOCOL.basis)[0]
        losses = asks[0].outcomes["response"].losses["basel"]
        return np.array(list(compute_losses(outcome.Z, outcome.y, losses).values()))

    def drawn_in(moved: TrainingData) -> np.ndarray:
        outcome = list_outcomes(moved, PROTOCOL.basis)[0]
        coef = np.array(asks[1].outcomes["response"].shrinking["basel"])
        told = compute_shrinking(outcome.Z @ coef, outcome.y)
        pairs = np.column_stack([told.losses, told.intercepts]).ravel()
        return np.append(pairs, told.squares)

    outcome = list_outcomes(data, PROTOCOL.basis)[0]
    for ask, compute in ((asks[0], numbers), (asks[1], drawn_in)):
        whole = tell_losses(data, outcome, ask, "basel").differentiate(unknowns)
        for place in (0, 7, 40):
            expected = differentiate(data, compute, unknowns, place)
            np.testing.assert_allclose(whole[:, place], expected, atol=1e-5)


def test_measures_move_with_a_number_as_they_are_said_to(data, asks) -> None:
    unknowns = find_unknowns(data.X, PROTOCOL.basis)
    models = asks[2].evaluated["basel"]

    def numbers(moved: TrainingData) -> np.ndarray:
        found: list[float] = []
        for horizon, risks in predict_left_out(moved.X, PROTOCOL, models).items():
            y = moved.y[horizon]
            known = ~np.isnan(y)
            base = asks[2].base_rates["basel"][horizon]
            told, _ = compute_home_measures(y[known], risks[known], base, weights[horizon][known])
            smooth = "brier o_e intercept slope brier_se brier_skill_se intercept_se slope_se"
            found += [told[name] for name in smooth.split()]
            bins = list_members(groups[horizon], y[known], risks[known])
            found += [0.01 * risks[known][whose].sum() for whose in bins]  # two decimals fewer
        return np.array(found)

    weights = compute_outcome_weights(data, weighting="follow_up")  # taken as they are
    groups = {}
    for horizon, risks in predict_left_out(data.X, PROTOCOL, models).items():
        known = ~np.isnan(data.y[horizon])
        groups[horizon] = group_risks(data.y[horizon][known], risks[known], limit=5)
    ranks = [8, 9]
    second = 10 + sum(len(g["responders"]) + len(g["others"]) for g in groups["t1"])
    ranks += [second + 8, second + 9]
    whole = tell_measures(data, PROTOCOL, asks[2], "basel").differentiate(unknowns)
    for place in (0, 7, 40):
        expected = differentiate(data, numbers, unknowns, place)
        smooth = np.delete(whole[:, place], ranks)
        np.testing.assert_allclose(smooth, expected, atol=3e-4)
    assert np.abs(whole[ranks]).max() > 0


def test_the_blended_intercept_moves_with_a_number_as_it_is_said_to(data, asks) -> None:
    unknowns = find_unknowns(data.X, PROTOCOL.basis)
    fine = make_signed(
        TEXT.replace("gradient_decimals = [2, 3, 4, 5, 7, 8]", "gradient_decimals = [12]")
    )
    place = 1  # "kept", of which not every patient is
    asked = asks[2].outcomes["kept"]

    def numbers(moved: TrainingData) -> np.ndarray:
        outcome = list_outcomes(moved, fine.basis)[place]
        told = share_outcome(
            outcome, fine, family="straight", centre="basel", ask=asked, round_=4
        ).blended
        assert told is not None
        return np.array([told.gradient, told.curvature])

    outcome = list_outcomes(data, PROTOCOL.basis)[place]
    whole = tell_blended(data, PROTOCOL, outcome, asks[2], "basel").differentiate(unknowns)
    for number in (0, 7, 40):
        expected = differentiate(data, numbers, unknowns, number)
        np.testing.assert_allclose(whole[:, number], expected, atol=1e-5)
    assert np.abs(whole).max() > 0
    assert len(tell_blended(data, PROTOCOL, outcome, asks[0], "basel").differentiate(unknowns)) == 0


def test_a_blended_model_that_picks_out_a_patient_is_not_told(data, asks) -> None:
    outcome = list_outcomes(data, PROTOCOL.basis)[0]
    told = [(outcome, "straight")]
    assert check_round(data, PROTOCOL, told, asks, "basel") == []
    # Steep in the flags, so that one patient alone is near a risk of one half.
    coef = np.array([1.0, 1.0, 60.0, 60.0, 60.0])
    flags = outcome.Z[:, 2:]
    alone = int(np.argmax(flags.sum(axis=1)))
    sly = []
    for tilt in (1.0, -1.0):
        coef[0] = tilt
        at = float(-(coef[2:] @ flags[alone]))
        asked = asks[2].outcomes["response"]
        assert asked.blended is not None
        blended = asked.blended.model_copy(
            update={"coef": coef.tolist(), "intercepts": {"basel": at}}
        )
        changed = asked.model_copy(update={"blended": blended})
        sly.append(asks[2].model_copy(update={"outcomes": {"response": changed}}))
    assert check_round(data, PROTOCOL, told, [*asks[:2], *sly], "basel")


def test_one_risk_for_all_has_no_slope_and_can_be_checked(data, asks) -> None:
    unknowns = find_unknowns(data.X, PROTOCOL.basis)
    models = {name: [0.1, *[0.0] * 5] for name in ("response", "kept")}
    constant = asks[2].model_copy(update={"evaluated": {"basel": models}})
    whole = tell_measures(data, PROTOCOL, constant, "basel").differentiate(unknowns)
    np.testing.assert_array_equal(whole, 0.0)
    told = [(list_outcomes(data, PROTOCOL.basis)[0], "straight")]
    assert check_round(data, PROTOCOL, told, [*asks[:2], constant], "basel") == []


def test_what_is_planned_is_foreseen(data) -> None:
    told = [(list_outcomes(data, PROTOCOL.basis)[0], "straight")]
    assert foresee_rounds(data, PROTOCOL, told) == []
    fine = make_signed(
        TEXT.replace("gradient_decimals = [2, 3, 4, 5, 7, 8]", "gradient_decimals = [9]").replace(
            "curvature_decimals = 1", "curvature_decimals = 9"
        )
    )
    small = data.take(np.arange(25))
    told = [(list_outcomes(small, fine.basis)[0], "straight")]
    (reason,) = foresee_rounds(small, fine, told)
    assert "fewer decimals" in reason


def test_a_round_counts_with_all_before_it(data, asks) -> None:
    told = [(outcome, "straight") for outcome in list_outcomes(data, PROTOCOL.basis)[:1]]
    assert check_round(data, PROTOCOL, told, asks[:1], "basel") == []
    strict = make_signed(TEXT.replace("remaining = 0.05", "remaining = 0.6"))
    assert check_round(data, strict, told, asks, "basel")
    assert check_round(data, strict, [], [], "basel") == []


def test_only_the_columns_that_are_told_count_where_more_are_asked(data, asks) -> None:
    basis = make_signed().basis
    basis.linear_ = basis.linear_.copy()
    basis.linear_[1] = False  # as if it were a bend
    asked = asks[1].outcomes["response"].model_copy(update={"family": "bends"})
    ask = asks[1].model_copy(update={"outcomes": {"response": asked}, "evaluated": {}})
    outcome = list_outcomes(data, basis)[0]

    def withheld(family: str, remaining: float) -> list[str]:
        limits = PROTOCOL.limits.model_copy(update={"remaining": remaining})
        protocol = replace(PROTOCOL, basis=basis, limits=limits)
        return check_round(data, protocol, [(outcome, family)], [ask], "basel")

    assert withheld("bends", 0.34)
    assert not withheld("straight", 0.34)


def test_a_place_that_leaves_few_in_doubt_is_not_answered(data, asks) -> None:
    outcome = list_outcomes(data, PROTOCOL.basis)[0]
    told = [(outcome, "straight")]
    asked = asks[0].outcomes["response"]
    coef = [0.0, 400.0, *[0.0] * 3]
    at = -400.0 * float(np.median(outcome.Z[:, 1]))
    far = asked.model_copy(update={"intercepts": {"basel": at}, "coef": coef})
    sly = asks[0].model_copy(update={"outcomes": {"response": far}})
    reasons = check_round(data, PROTOCOL, told, [sly], "basel")
    assert reasons[0].startswith(
        "response, the place asked: fewer than 5 patients make up 90% of what is asked"
    )
    # A small risk of all is no risk of a few.
    rare = asked.model_copy(update={"intercepts": {"basel": -9.0}, "coef": [0.0] * 5, "losses": {}})
    honest = asks[0].model_copy(update={"outcomes": {"response": rare}})
    assert check_round(data, PROTOCOL, told, [honest], "basel") == []
