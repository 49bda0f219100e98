"""What a finished training serves."""

from dataclasses import replace

import numpy as np

from tests.training.helpers.evaluated import evaluate_small
from tests.training.helpers.panel_cohorts import PANEL, make_data
from tests.training.helpers.panel_fits import fit_signal
from training.evaluation.freezing import freeze
from training.evaluation.panel import PanelEvaluation
from training.fitting.procedure import Procedure


def test_the_fitted_procedure_is_what_is_served() -> None:
    description, evaluation, _ = evaluate_small()
    model, panel = freeze(description, evaluation)
    X = description.data.X
    np.testing.assert_array_equal(model.probability(X), evaluation.fitted.probability(X))
    assert panel is None
    again, _ = freeze(description, evaluation)
    np.testing.assert_array_equal(model.working_first.draws, again.working_first.draws)
    other = replace(description, study=replace(description.study, seed=6))
    different, _ = freeze(other, evaluation)
    assert (model.working_first.draws != different.working_first.draws).any()
    np.testing.assert_array_equal(model.probability(X), different.probability(X))


def test_a_study_of_the_share_alone_has_an_interval_that_no_predictor_moves() -> None:
    description, evaluation, _ = evaluate_small()
    study = replace(description.study, procedure=Procedure(("prevalence",)))
    model, _ = freeze(replace(description, study=study), evaluation)
    assert not model.working_first.draws[:, 1:].any()


def test_a_panel_is_served_only_where_it_is_kept() -> None:
    description, evaluation, _ = evaluate_small()
    data, fitted, *_ = fit_signal()
    study = replace(description.study, panel=PANEL, horizons=("t1",))
    description = replace(description, study=study, data=data.clinical, panel=data)
    clinical = replace(evaluation.fitted, kept=None)
    # The clinical model is that of other patients, with other predictors: it is fitted anew.
    from training.fitting.response import fit_response

    clinical = fit_response(data.clinical, Procedure(("prevalence",)), rng=np.random.default_rng(0))

    def serve(found: str) -> object:
        panel = PanelEvaluation(
            counts={},
            found=found,  # type: ignore[arg-type]
            reason="",
            size=None,
            affordable=0,
            fitted=fitted,
        )
        return freeze(description, replace(evaluation, fitted=clinical, panel=panel))[1]

    assert serve("found") is not None
    assert serve("not_shown") is not None
    assert serve("nothing") is None
    assert serve("too_few") is None
    assert make_data(20).assays == data.assays
