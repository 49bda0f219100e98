from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.special import logit

from features.errors import InputError
from serving.estimate.answer import Answer
from serving.estimate.centre import AskedCentre, CentreModels, read_centre
from serving.estimate.predictor import Predictor
from tests.serving.estimate.test_panel import DATES, PANEL
from tests.serving.helpers.models import CENTRES, PATIENT, make_loaded
from tests.serving.helpers.panels import make_loaded_with_panel
from tests.training.helpers.centres import add_centres
from training.model.evaluator import Evaluated, Evaluator
from training.model.response_model import ResponseModel


@pytest.fixture(scope="module")
def model() -> ResponseModel:
    return make_loaded(centres=CENTRES).model


@pytest.fixture(scope="module")
def at_north() -> Predictor:
    return Predictor(make_loaded(centres=CENTRES), centre="North")


def _ask(predictor: Predictor, **values: object) -> dict[str, Any]:
    answer = predictor.predict({**PATIENT, **values}, request_id="a" * 32)
    Answer.model_validate(answer)
    return answer


def _codes(answer: Mapping[str, Any]) -> list[str]:
    return [notice["code"] for notice in answer["applicability"]["notices"]]


@pytest.mark.parametrize("name", ["North", "South"])
def test_what_is_served_at_a_centre_is_what_its_model_gives(
    model: ResponseModel, at_north: Predictor, name: str
) -> None:
    answer = _ask(at_north, site=name)
    x = at_north.dictionary.encode([_parse(at_north)], model.predictors)
    own = model.at(name)
    for h, estimate in enumerate(answer["estimates"]):
        assert estimate["probability"] == own.probability(x)[0, h]
        np.testing.assert_array_equal(estimate["interval"], own.interval(x)[0, h])
        told = estimate["explanation"]
        total = told["base"] + sum(row["contribution"] for row in told["contributions"])
        assert total == pytest.approx(estimate["probability"], abs=1e-9)
        # What an estimate starts from is this centre's own.
        assert told["base"] == pytest.approx(own.probability(own.background)[:, h].mean())


def _parse(predictor: Predictor) -> dict[str, float | str | None]:
    record, problems = predictor._read_record(PATIENT)
    assert not problems
    return dict(record)


def test_the_service_s_own_centre_answers_unless_a_request_names_another(
    at_north: Predictor,
) -> None:
    usual, there = _ask(at_north), _ask(at_north, site="South")
    assert usual["model"]["centre"]["name"] == "North"
    assert usual["model"]["centre"]["known"] is True
    assert "North, one of the 2 centres" in usual["model"]["centre"]["text"]
    assert there["model"]["centre"]["name"] == "South"
    # 0.8 and -0.3 from a new centre's log-odds.
    assert there["estimates"][0]["probability"] < usual["estimates"][0]["probability"]
    assert "new_centre" not in _codes(usual)
    assert "unused" not in _codes(there)


@pytest.mark.parametrize(
    ("site", "words"),
    [("West", "no patient of the centre that is named"), ("none", "none is named")],
)
def test_an_unknown_centre_is_a_new_one_and_says_so(
    model: ResponseModel, at_north: Predictor, site: str, words: str
) -> None:
    answer = _ask(at_north, site=site)
    told = answer["model"]["centre"]
    assert (told["name"], told["known"]) == (None, False)
    assert words in told["text"]
    assert "what centres differ by" in told["text"]
    (notice,) = [n for n in answer["applicability"]["notices"] if n["code"] == "new_centre"]
    assert (notice["text"], notice["variable"]) == (told["text"], "site")
    assert "West" not in str(answer)
    x = at_north.dictionary.encode([_parse(at_north)], model.predictors)
    assert answer["estimates"][0]["probability"] == model.probability(x)[0, 0]


def test_an_outcome_of_which_a_centre_told_nothing_is_said(at_north: Predictor) -> None:
    # North has both outcomes of its own, South the first alone.
    assert "new_centre_outcome" not in _codes(_ask(at_north))
    answer = _ask(at_north, site="South")
    assert "new_centre_outcome" in _codes(answer)
    assert "nothing of the second outcome" in answer["model"]["centre"]["text"]


def test_a_centre_s_interval_is_narrower_than_a_new_one_s(at_north: Predictor) -> None:
    def width(answer: Mapping[str, Any]) -> float:
        low, high = answer["estimates"][0]["interval"]
        return float(high - low)

    assert width(_ask(at_north)) < width(_ask(at_north, site="none"))


@pytest.mark.parametrize("own", [True, False])
def test_the_sub_model_for_a_panel_answers_at_the_same_centre_where_it_knows_it(own: bool) -> None:
    plain = make_loaded_with_panel()
    assert plain.panel is not None
    response = plain.panel.response
    panel = replace(plain.panel, response=add_centres(response, CENTRES) if own else response)
    loaded = replace(plain, model=add_centres(plain.model, CENTRES), panel=panel)
    sample = {**DATES, **PANEL}
    patient = {**PATIENT, "site": "North"}
    answer = Predictor(loaded).predict(patient, request_id="a" * 32, panel=sample)
    Answer.model_validate(answer)
    assert answer["submodel"] == "clinical+panel"
    found = answer["estimates"][0]["probability"]
    usual = Predictor(plain).predict(PATIENT, request_id="a" * 32, panel=sample)
    before = usual["estimates"][0]["probability"]
    told = answer["model"]["centre"]
    if own:
        assert logit(found) - logit(before) == pytest.approx(0.8)
        assert told["name"] == "North"
    else:
        assert found == before
        assert (told["known"], "new_centre" in _codes(answer)) == (False, True)
        assert "a panel has nothing of its own for North" in told["text"]


def test_a_model_of_one_cohort_knows_no_centre() -> None:
    predictor = Predictor(make_loaded())
    answer = _ask(predictor, site="North")
    assert answer["model"]["centre"] is None
    assert "new_centre" not in _codes(answer)
    assert "unused" in _codes(answer)


def test_a_patient_out_of_scope_is_told_no_centre_beside_the_reasons(at_north: Predictor) -> None:
    answer = _ask(at_north, age_years=12, site="West")
    assert answer["estimates"] == []
    assert "new_centre" not in _codes(answer)


def test_a_constant_model_still_tells_centres_apart() -> None:
    predictor = Predictor(make_loaded(constant=True, centres=CENTRES), centre="North")
    north, south = _ask(predictor), _ask(predictor, site="South")
    first, other = (a["estimates"][0]["probability"] for a in (north, south))
    assert first > other
    (text,) = [
        n["text"] for n in north["applicability"]["notices"] if n["code"] == "prevalence_only"
    ]
    assert "tells centres apart, and no patients" in text


def test_a_setting_that_the_model_does_not_know_is_refused_with_those_it_knows() -> None:
    told = r"North, South \(did you mean North\?\); leave --centre \(KETRESPONSE_CENTRE\) out for a"
    with pytest.raises(InputError, match=told):
        Predictor(make_loaded(centres=CENTRES), centre="Nort")
    with pytest.raises(InputError, match=r"knows no centres; leave .* out$"):
        Predictor(make_loaded(), centre="North")


def test_a_name_that_two_centres_could_mean_is_neither_s() -> None:
    two = add_centres(make_loaded().model, {"A-1": 0.1, "A1": 0.2}).centres
    assert read_centre(two, {"site": "a 1"}, "") == AskedCentre("", True)
    assert read_centre(two, {"site": "A1"}, "A-1") == AskedCentre("A1", True)
    assert read_centre(two, {"site": None}, "A-1") == AskedCentre("A-1", True)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the intercepts of the models that were asked for an interval."""
    asked: list[float] = []
    original = Evaluator.interval

    def interval(self: Evaluator, judged: Evaluated, **options: Any) -> np.ndarray:
        asked.append(round(self.outcomes[0].intercept, 2))
        return original(self, judged, **options)

    monkeypatch.setattr(Evaluator, "interval", interval)
    return asked


@pytest.mark.parametrize(("usual", "moves"), [("North", [0.0, 0.8]), ("", [0.0])])
def test_nothing_is_answered_before_those_who_are_asked_most_were_asked_once(
    model: ResponseModel, asked: list[float], usual: str, moves: list[float]
) -> None:
    CentreModels(model, usual=usual)
    assert asked == [round(model.first.intercept + move, 2) for move in moves]


def test_a_service_of_many_centres_starts_no_later(asked: list[float]) -> None:
    many = {f"Centre {k}": k / 100 for k in range(100)}
    predictor = Predictor(make_loaded(centres=many), centre="Centre 7")
    assert len(asked) == 2
    _ask(predictor, site="Centre 40")
    assert asked[-1] == pytest.approx(predictor.model.first.intercept + 0.4, abs=0.011)


def test_a_centre_whose_reasons_do_not_belong_to_its_number_gives_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    predictor = Predictor(make_loaded(centres=CENTRES))
    north, south = (predictor._clinical.at(name).explainer for name in ("North", "South"))
    monkeypatch.setattr(south, "explain_evaluated", north.explain_evaluated)
    _ask(predictor, site="North")
    with pytest.raises(RuntimeError, match="do not add up"):
        _ask(predictor, site="South")
