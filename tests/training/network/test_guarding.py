from dataclasses import replace

import numpy as np
import pytest

from tests.training.helpers.network_rounds import gather, make_centres
from tests.training.helpers.networks import TEXT, make_signed
from training.fitting.response import TrainingData
from training.network.arithmetic.evaluating import compute_home_measures
from training.network.arithmetic.left_out import compute_shrinking
from training.network.asking import make_ask
from training.network.content import Ask
from training.network.disclosure.solving import find_unknowns
from training.network.guarding import check_round, foresee_rounds, tell_losses, tell_measures
from training.network.home import compute_losses, list_outcomes, predict_left_out

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
            told, _ = compute_home_measures(y[known], risks[known], 0.5)
            found += [told[name] for name in ("brier", "o_e", "intercept", "slope")]
        return np.array(found)

    whole = tell_measures(data, PROTOCOL, asks[2], "basel").differentiate(unknowns)
    for place in (0, 7, 40):
        expected = differentiate(data, numbers, unknowns, place)
        np.testing.assert_allclose(whole[:, place], expected, atol=1e-4)


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
