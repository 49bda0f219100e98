from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logit

from features.errors import InputError, KetresponseError
from tests.training.helpers.centres import add_centres
from tests.training.helpers.examples import make_model, make_predictors
from training.model.centres import Centre, CentreOutcome, check_centre, choose_centre
from training.model.explanation import Explainer
from training.model.reach import Reach
from training.model.response_model import ResponseModel
from training.model.shap_view import to_shap


@pytest.fixture(scope="module")
def model() -> ResponseModel:
    return add_centres(make_model(), {"North": 0.8, "South": -0.3})


def test_a_centre_moves_the_log_odds_by_its_own_intercept(model: ResponseModel) -> None:
    X = make_predictors(30, seed=1)
    new, north, south = (
        model.probability(X),
        *(model.at(name).probability(X) for name in ("North", "South")),
    )
    np.testing.assert_allclose(logit(north[:, 0]) - logit(new[:, 0]), 0.8)
    np.testing.assert_allclose(logit(south[:, 0]) - logit(new[:, 0]), -0.3)
    # Of those who keep their response, South told nothing: it is answered as a new centre is.
    np.testing.assert_allclose(south[:, 1] / south[:, 0], new[:, 1] / new[:, 0])
    np.testing.assert_allclose(
        logit(north[:, 1] / north[:, 0]) - logit(new[:, 1] / new[:, 0]), -0.8
    )


def test_slopes_of_a_centre_take_the_place_of_the_models(model: ResponseModel) -> None:
    own = CentreOutcome(1.25, 2 * model.first.coef, model.working_first.draws)
    at = replace(model, centres=(Centre("East", own),)).at("East")
    X = make_predictors(10, seed=2)
    Z = model.first.basis.expand(X)
    np.testing.assert_allclose(at.first.margin(X), 1.25 + Z @ (2 * model.first.coef))
    assert at.kept is model.kept


def test_the_model_of_a_centre_is_one_without_centres(model: ResponseModel) -> None:
    at = model.at("North")
    assert at.centres == ()
    assert (at.horizons, at.predictors, at.variables) == (
        model.horizons,
        model.predictors,
        model.variables,
    )
    with pytest.raises(KetresponseError, match="of one cohort and knows no centres"):
        at.at("North")


def test_a_new_centre_has_the_wider_interval(model: ResponseModel) -> None:
    X = make_predictors(30, seed=3)

    def widths(some: ResponseModel) -> np.ndarray:
        return np.diff(logit(some.interval(X)[:, 0]), axis=1)

    assert np.median(widths(model.at("North"))) < np.median(widths(model))


def test_an_unknown_centre_is_refused_with_those_that_are_known(model: ResponseModel) -> None:
    with pytest.raises(KetresponseError, match=r"no centre of the name 'West'.*North, South"):
        model.at("West")
    assert check_centre(model.centres, "South").name == "South"


def test_everything_that_reads_a_model_reads_that_of_a_centre(model: ResponseModel) -> None:
    at, X = model.at("North"), make_predictors(3, seed=4)
    explainer = Explainer(at)
    explained = [explainer.explain(x) for x in X]
    for h in range(2):
        told = to_shap(explained, at, X)[:, :, h]
        total = told.base_values + told.values.sum(axis=1)
        np.testing.assert_allclose(total, at.probability(X)[:, h], atol=1e-9)
    assert not at.is_constant
    assert Reach(at, "fall2_or_success").list_reasons({"nrs_t0": 8.0})
    flat = replace(model.first, coef=np.zeros_like(model.first.coef))
    north = replace(model.centres[0], kept=None)
    assert north.first is not None
    moved = replace(north, first=replace(north.first, coef=flat.coef))
    one = replace(model, horizons=("t1",), first=flat, kept=None, working_kept=None)
    assert replace(one, centres=(moved,)).at("North").is_constant


def test_a_centre_is_chosen_in_any_spelling_or_refused_with_those_that_there_are(
    model: ResponseModel,
) -> None:
    assert choose_centre(model.centres, "") == choose_centre(model.centres, "None ") == ""
    assert choose_centre(model.centres, "north ") == "North"
    told = r"North, South \(did you mean South\?\); leave --centre out for a new one"
    with pytest.raises(InputError, match=told):
        choose_centre(model.centres, "Sout")
    with pytest.raises(InputError, match=r"knows no centres; leave the setting out$"):
        choose_centre((), "North", setting="the setting")
