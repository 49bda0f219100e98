"""When a panel is used, and how it becomes predictors."""

import numpy as np
import pytest

from tests.training.helpers.panel_examples import ASSAYS, CEILING, make_cts, make_panel_model
from training.panel.model import make_assay_variables

FULL = dict(zip(ASSAYS, (22.0, 25.0, 27.0, 29.0, None), strict=True))


def test_assays_become_numeric_variables_with_their_names_as_labels():
    variables = make_assay_variables(["hsa-miR-17-5p", "hsa-miR-21*", "hsa_miR_17 5p"], ["nrs_t0"])
    assert [v.name for v in variables] == [
        "ct_hsa_mir_17_5p",
        "ct_hsa_mir_21_star",
        "ct_hsa_mir_17_5p_2",
    ]
    assert [v.label for v in variables] == ["hsa-miR-17-5p", "hsa-miR-21*", "hsa_miR_17 5p"]
    assert all(v.is_numeric and v.known_at == "baseline" for v in variables)


def test_a_row_tells_a_non_detect_from_what_was_not_measured():
    row = make_panel_model().to_row({"hsa-miR-17-5p": 36.0, "hsa-miR-19a-3p": None, "other": 20.0})
    np.testing.assert_array_equal(row, [np.nan, CEILING, CEILING, np.nan, np.nan])


def test_a_plate_becomes_its_code_and_a_new_plate_none():
    model = make_panel_model(plates=("p1", "p2"))
    assert model.to_row(FULL, "p2")[-1] == 1
    assert np.isnan(model.to_row(FULL, "p9")[-1])


def test_the_whole_panel_is_used():
    model = make_panel_model()
    assert model.can_use(model.to_row(FULL)) == ""


@pytest.mark.parametrize(
    ("left_out", "reason"),
    [
        (("hsa-miR-17-5p", "hsa-miR-21*"), "0 of the 2 assays .*: hsa-miR-17-5p, hsa-miR-21"),
        (ASSAYS, "none of the assays"),
    ],
)
def test_a_partial_panel_falls_back_with_the_reason(left_out, reason):
    model = make_panel_model()
    values = {assay: ct for assay, ct in FULL.items() if assay not in left_out}
    with pytest.raises(AssertionError, match=reason):
        assert not model.can_use(model.to_row(values)), model.can_use(model.to_row(values))


def test_a_sample_without_references_cannot_be_normalised():
    model = make_panel_model()
    assert "cannot be normalised" in model.can_use(model.to_row(dict.fromkeys(ASSAYS)))


def test_one_missing_assay_of_two_is_allowed_at_half_coverage():
    values = {assay: ct for assay, ct in FULL.items() if assay != "hsa-miR-21*"}
    model = make_panel_model(min_coverage=0.5)
    row = model.to_row(values)
    assert model.can_use(row) == ""
    assert model.missing(row) == ("hsa-miR-21*",)
    assert make_panel_model(min_coverage=0.9).can_use(row)
    encoded = model.encode(np.array([[8.0, 1.0]]), row[np.newaxis])
    assert np.isnan(encoded[0, 3])
    assert not np.isnan(encoded[0, 2])


def test_encoding_is_the_normalised_value_behind_the_clinical_ones():
    model = make_panel_model()
    rows = make_cts(5, seed=3)
    X = np.column_stack([np.arange(4.0, 9.0), np.ones(5)])
    encoded = model.encode(X, rows)
    np.testing.assert_array_equal(encoded[:, :2], X)
    kept = model.normaliser.kept_.tolist()
    delta = model.normaliser.transform(rows)
    np.testing.assert_allclose(encoded[:, 2], delta[:, kept.index(1)])
    np.testing.assert_allclose(encoded[:, 3], delta[:, kept.index(3)])
    assert model.clinical_predictors == ("nrs_t0", "opioid")
    assert model.response.predictors[2:] == ("ct_hsa_mir_17_5p", "ct_hsa_mir_21_star")


def test_a_patient_gets_the_same_number_alone_and_in_a_batch():
    model = make_panel_model()
    rows, X = make_cts(6, seed=4), np.column_stack([np.arange(4.0, 10.0), np.zeros(6)])
    together = model.response.probability(model.encode(X, rows))
    alone = [model.response.probability(model.encode(X[[i]], rows[[i]]))[0] for i in range(6)]
    np.testing.assert_array_equal(together, alone)
