"""One sub-model's answer: numbers, interval and reasons that add up."""

import math
from dataclasses import replace

import numpy as np
import pytest

from serving.estimate.submodel import CLINICAL, WITH_PANEL, SubModel
from tests.serving.helpers.models import DEFAULT, make_model

X = np.array([8.0, 3.5, 1.0, 0.0, np.nan])


@pytest.fixture(scope="module")
def model():
    return make_model()


def test_a_clinical_answer_lists_each_predictor_with_its_value(model):
    first, second = SubModel.of(model).estimate(X)
    assert (first["horizon"], second["horizon"]) == ("t1", "t2")
    rows = first["explanation"]["contributions"]
    assert [row["variable"] for row in rows] == list(DEFAULT)
    assert [row["value"] for row in rows] == [8.0, 3.5, "yes", "no", None]
    for estimate in (first, second):
        told = estimate["explanation"]
        total = told["base"] + math.fsum(row["contribution"] for row in told["contributions"])
        assert total == pytest.approx(estimate["probability"], abs=1e-6)
        low, high = estimate["interval"]
        assert low < estimate["probability"] < high
    assert first["probability"] == pytest.approx(model.probability(X[None])[0, 0])


def test_assays_stand_beneath_one_row_for_the_panel(model):
    clinical, panel = SubModel.of(model), SubModel.of(model, n_assays=2)
    assert (clinical.name, panel.name) == (CLINICAL, WITH_PANEL)
    (first, _), (alone, _) = panel.estimate(X), clinical.estimate(X)
    rows = first["explanation"]["contributions"]
    assert [row["variable"] for row in rows] == [*DEFAULT[:3], "panel"]
    parts = rows[-1]["parts"]
    assert [part["variable"] for part in parts] == [v.label for v in panel.variables[-2:]]
    assert rows[-1]["value"] is None
    assert rows[-1]["contribution"] == math.fsum(part["contribution"] for part in parts)
    assert first["probability"] == alone["probability"]


def test_reasons_that_do_not_add_up_give_no_number(model):
    submodel = SubModel.of(model)

    class Off:
        evaluator = submodel.explainer.evaluator

        def explain_evaluated(self, judged):
            found = submodel.explainer.explain_evaluated(judged)
            return replace(found, base=found.base + 2e-6)

    with pytest.raises(RuntimeError, match="do not add up"):
        replace(submodel, explainer=Off()).estimate(X)


def test_parts_that_do_not_give_the_number_are_no_model_to_serve(model):
    submodel = SubModel.of(model)
    submodel.check()
    other = replace(model, first=replace(model.first, intercept=model.first.intercept + 1e-9))
    with pytest.raises(RuntimeError, match="do not give the probability"):
        replace(submodel, model=other).check()
