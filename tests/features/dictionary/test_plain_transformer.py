from __future__ import annotations

import pytest
from sklearn.base import clone
from sklearn.utils import get_tags

from features.dictionary.transformers import PredictorBasis
from features.panel.normaliser import PanelNormaliser


def test_the_settings_are_what_init_takes_and_set_params_changes_them() -> None:
    basis = PredictorBasis(categories={1: 2}, knots=3)
    assert basis.get_params() == {"categories": {1: 2}, "log1p": None, "knots": 3, "steps": False}
    assert basis.set_params(knots=0, steps=True) is basis
    assert (basis.knots, basis.steps) == (0, True)
    assert repr(basis) == "PredictorBasis(categories={1: 2}, log1p=None, knots=0, steps=True)"


def test_a_setting_that_there_is_not_is_refused_whole() -> None:
    basis = PredictorBasis()
    with pytest.raises(ValueError, match="no such setting: knot; known: categories, log1p"):
        basis.set_params(knots=4, knot=3)
    assert basis.knots == 0


def test_scikit_learn_copies_it_and_knows_that_it_takes_gaps() -> None:
    copied = clone(PanelNormaliser(ceiling=35.0, common=0.8))
    assert (copied.ceiling, copied.common) == (35.0, 0.8)
    assert get_tags(copied).input_tags.allow_nan
    assert get_tags(copied).transformer_tags is not None
