"""Explanations as the shap package's object, and its picture."""

import numpy as np
import pytest

from tests.training.helpers.drawn_models import MIXED, draw_model
from training.model.explanation import Explainer
from training.model.importance import explain_rows
from training.model.shap_view import plot_summary, to_shap

# shap sets its colours up in a way that matplotlib is going to drop.
pytestmark = pytest.mark.filterwarnings("ignore:The set_:PendingDeprecationWarning")


def test_shap_object_carries_values_names_and_horizons() -> None:
    model, x = draw_model(MIXED, 4)
    x[:4] = 3.0, 2.5, 1.0, 2.0
    x[4:] = np.nan
    rows = np.stack([x, model.background[0]])
    made = [Explainer(model, seed=0).explain(row) for row in rows]
    picture = to_shap(made, model, rows)
    assert picture.shape == (2, 6, 2)
    one = picture[0, :, 1]
    np.testing.assert_array_equal(one.values, made[0].contributions[1])
    assert one.base_values == made[0].base[1]
    assert one.feature_names == [f"Label of x{j}" for j in range(6)]
    assert list(one.display_data) == [3, 2.5, "yes", "level 2", "missing", "missing"]
    assert picture.output_names == ["t1", "t2"]


def test_summary_picture_names_every_predictor_at_each_horizon() -> None:
    model, _ = draw_model(MIXED, 4)
    explained = to_shap(explain_rows(model, model.background), model, model.background)
    for place in range(2):
        figure = plot_summary(explained[:, :, place])
        names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
        assert sorted(names) == [f"Label of x{j}" for j in range(6)]
        drawn = sum(len(part.get_offsets()) for part in figure.axes[0].collections)
        assert drawn == explained[:, :, place].values.size


def test_shap_object_shows_a_group_as_one_and_the_picture_draws_it() -> None:
    model, _ = draw_model(["number", "yes_no", "number", "number"], 4, n_background=8)
    made = explain_rows(model, model.background, group=[2, 3])
    picture = to_shap(made, model, model.background, group=[2, 3])
    assert picture.feature_names == ["Label of x0", "Label of x1", "microRNA panel"]
    expected = made[0].contributions[:, 2:].sum(axis=1)
    np.testing.assert_allclose(picture.values[0, 2], expected, atol=1e-15)
    assert list(picture[0, :, 0].display_data)[-1] == "2 assays"
    total = picture.base_values + picture.values.sum(axis=1)
    np.testing.assert_allclose(total, model.probability(model.background), atol=1e-12, rtol=0)
    figure = plot_summary(picture[:, :, 0])
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert "microRNA panel" in names
