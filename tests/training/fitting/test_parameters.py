import numpy as np
import pytest

from features.dictionary.contract import CONTRACT
from training.fitting.candidates import BLENDED
from training.fitting.parameters import count_parameters
from training.fitting.procedure import Procedure

PREDICTORS = [CONTRACT["nrs_t0"], CONTRACT["disease_duration_years"], CONTRACT["opioid"]]


def _draw(n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    numbers = [rng.uniform(0, 10, n), rng.uniform(0, 20, n), rng.integers(0, 2, n)]
    X = np.column_stack(numbers).astype(float)
    return X, (rng.random(n) < 1 / (1 + np.exp(-X[:, 0] + 5))).astype(float)


def test_a_blend_with_splines_fits_a_bend_of_each_number() -> None:
    assert count_parameters(*_draw(60), PREDICTORS, Procedure(BLENDED)) == (5, None)
    assert count_parameters(*_draw(60), PREDICTORS, Procedure(("ridge",))) == (3, None)


def test_many_columns_act_as_few_parameters() -> None:
    X, y = _draw(300)
    columns, effective = count_parameters(X, y, PREDICTORS, Procedure(("evidence",)))
    # Straight 3, bends 4, steps 38, products 3, and switches.
    assert columns > 48
    assert effective == pytest.approx(2.5, abs=2)


def test_patients_without_an_outcome_do_not_count() -> None:
    X, y = _draw(80)
    more, unknown = np.vstack([X, X[:20] + 1]), np.concatenate([y, np.full(20, np.nan)])
    evidence = Procedure(("evidence",))
    assert count_parameters(more, unknown, PREDICTORS, evidence) == count_parameters(
        X, y, PREDICTORS, evidence
    )


def test_one_class_has_no_parameters_in_effect() -> None:
    X, y = _draw(40)
    columns, effective = count_parameters(X, 0 * y, PREDICTORS, Procedure(("evidence",)))
    assert columns > 48
    assert effective is None


def test_beyond_a_number_of_patients_each_column_counts_as_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    X, y = _draw(300)
    columns, effective = count_parameters(X, y, PREDICTORS, Procedure(("evidence",)))
    assert effective is not None
    monkeypatch.setattr("training.fitting.parameters._MOST", 299)
    assert count_parameters(X, y, PREDICTORS, Procedure(("evidence",))) == (columns, None)
