import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.utils.estimator_checks import check_estimator

from features.arrays import FloatArray
from features.panel.normaliser import PanelNormaliser, compute_plate_shifts


def _draw(n: int = 40, p: int = 30, seed: int = 0) -> FloatArray:
    """Return Ct values at the ceiling of 35 where hidden, with a level of each sample."""
    rng = np.random.default_rng(seed)
    level = np.linspace(22, 35.5, p)
    return np.minimum(level + rng.normal(0, 1, (n, 1)) + rng.normal(0, 0.8, (n, p)), 35.0)


@pytest.mark.parametrize("options", [{}, {"reference": [0]}, {"plate_column": 0}])
def test_passes_the_common_checks_of_scikit_learn(options: dict[str, float]) -> None:
    # With a single column there is no assay beside the reference or the plate.
    failing = {} if not options else {"check_fit2d_1feature": "one column is no panel"}
    with warnings.catch_warnings():
        # One check is skipped where scipy's array API is off, and says so with a warning.
        warnings.simplefilter("ignore")
        check_estimator(PanelNormaliser(**options), expected_failed_checks=failing)


def test_delta_ct_is_ct_minus_the_mean_of_the_references() -> None:
    X = np.array([[20.0, 22, 30, 31], [21, 23, 30, 33], [22, 22, 31, 31]])
    model = PanelNormaliser(reference=[0, 1]).fit(X)
    np.testing.assert_array_equal(model.kept_, [2, 3])
    np.testing.assert_allclose(model.transform(X), [[9, 10], [8, 11], [9, 9]])


def test_the_global_mean_is_that_of_commonly_detected_assays_and_keeps_them() -> None:
    X = _draw()
    model = PanelNormaliser(ceiling=35.0, common=1.0).fit(X)
    common = (X < 35).all(axis=0)
    np.testing.assert_array_equal(model.references_, np.flatnonzero(common))
    assert set(model.references_) <= set(model.kept_)
    z = model.transform(X)
    expected = X[:, 0] - X[:, common].mean(axis=1)
    np.testing.assert_allclose(z[:, 0], expected)


@pytest.mark.parametrize("reference", ["genorm", "normfinder"])
def test_the_stable_assays_are_chosen(reference: str) -> None:
    rng = np.random.default_rng(0)
    X = 25 + rng.normal(0, 1, (50, 1)) + rng.normal(0, 1, (50, 10)) * ([1.0] * 7 + [0.1] * 3)
    model = PanelNormaliser(reference=reference, n_references=3).fit(X)
    np.testing.assert_array_equal(model.references_, [7, 8, 9])
    np.testing.assert_array_equal(model.kept_, np.arange(7))


def test_an_assay_that_moves_with_the_plate_is_no_reference_by_plates() -> None:
    # Columns 0 and 1 hardly vary on a plate, but lie 1 cycle apart from plate to plate, with an SD
    # of 0.5 in all; 2 and 3 have an SD of 0.6, and do not vary with the plate.
    rng = np.random.default_rng(4)
    plate = np.repeat([0, 1], 100)
    noise = np.array([0.02, 0.02, 0.6, 0.6, *[1.5] * 8])
    X = 25 + rng.normal(0, 1, (200, 1)) + rng.normal(0, noise, (200, 12))
    X[plate == 1, :2] += 1.0
    options = {"n_references": 2, "plate_column": 12}
    given = np.column_stack([X, np.where(np.arange(200) < 2, np.nan, plate)])
    for reference, expected in (("normfinder", [0, 1]), ("normfinder_plates", [2, 3])):
        model = PanelNormaliser(reference=reference, **options).fit(given)  # type: ignore[arg-type]
        assert model.references_.tolist() == expected
    # a training part with a single plate of three samples or more has no groups
    one = np.column_stack([X, np.r_[np.zeros(198), 1, 1]])
    by_plate = PanelNormaliser(reference="normfinder_plates", **options).fit(one)  # type: ignore[arg-type]
    plain = PanelNormaliser(reference="normfinder", **options).fit(one)  # type: ignore[arg-type]
    assert by_plate.references_.tolist() == plain.references_.tolist()
    with pytest.raises(ValueError, match="normfinder_plates needs plate_column"):
        PanelNormaliser(reference="normfinder_plates").fit(X)


def test_a_non_detect_is_the_expectation_above_its_limit() -> None:
    X = _draw()
    model = PanelNormaliser(ceiling=35.0).fit(X)
    z = model.transform(X)
    hidden = X[:, model.kept_] >= 35.0
    # Between samples with the same reference value hidden values would all be alike; each lies
    # above the limit of its own sample.
    observed = X[:, model.kept_[0]] - z[:, 0]
    limit = 35.0 - observed[:, None]
    assert np.all(z[hidden] > np.broadcast_to(limit, z.shape)[hidden])
    assert np.all(z[~hidden] < np.broadcast_to(limit, z.shape)[~hidden])


def test_values_beyond_the_ceiling_are_the_same_non_detect() -> None:
    X = _draw()
    model = PanelNormaliser(ceiling=35.0).fit(X)
    beyond = np.where(X >= 35.0, 39.7, X)
    np.testing.assert_array_equal(model.transform(beyond), model.transform(X))


def test_hidden_values_are_put_back_nearer_than_by_the_ceiling() -> None:
    rng = np.random.default_rng(5)
    truth = 33.5 + rng.normal(0, 1.5, (200, 20))
    references = np.full((200, 1), 25.0)
    X = np.hstack([references, np.minimum(truth, 35.0)])
    z = PanelNormaliser(ceiling=35.0, reference=[0]).fit_transform(X)
    true_mean = (truth - 25.0).mean()
    assert abs(z.mean() - true_mean) < 0.05
    assert abs(np.minimum(truth, 35.0).mean() - 25.0 - true_mean) > 0.1


def test_what_was_not_measured_is_the_mean() -> None:
    X = _draw()
    model = PanelNormaliser(ceiling=35.0).fit(X)
    new = X[:1].copy()
    new[0, model.kept_[2]] = np.nan
    assert model.transform(new)[0, 2] == pytest.approx(model.mean_[2])


def test_a_new_patient_is_normalised_alone_as_among_others() -> None:
    X = _draw()
    model = PanelNormaliser(ceiling=35.0).fit(X[:30])
    together = model.transform(X[30:])
    alone = np.vstack([model.transform(row[None, :]) for row in X[30:]])
    np.testing.assert_allclose(alone, together, atol=1e-8)


@given(st.integers(0, 10_000))
@settings(max_examples=15)
def test_the_amount_of_material_does_not_matter_without_a_ceiling(seed: int) -> None:
    rng = np.random.default_rng(seed)
    X = rng.uniform(20, 33, (12, 6))
    X[rng.random(X.shape) < 0.05] = np.nan
    X[:, 0] = 25.0
    model = PanelNormaliser(common=0.4).fit(X)
    shifted = X + rng.normal(0, 1, (12, 1))
    np.testing.assert_allclose(model.transform(shifted), model.transform(X), atol=1e-8)


def test_samples_that_cannot_be_normalised_are_named_and_not_used() -> None:
    X = _draw()
    X[3] = 35.0
    model = PanelNormaliser(ceiling=35.0).fit(X)
    assert model.n_not_normalised_ == 1
    can = model.can_normalise(X)
    np.testing.assert_array_equal(np.flatnonzero(~can), [3])
    z = model.transform(X)
    assert np.isnan(z[3]).all()
    assert not np.isnan(z[can]).any()
    without = PanelNormaliser(ceiling=35.0, common=0.9).fit(np.delete(X, 3, axis=0))
    np.testing.assert_allclose(
        model.mean_, without.mean_[np.isin(without.kept_, model.kept_)], atol=0.3
    )


def test_the_outcome_and_held_out_rows_change_nothing() -> None:
    X = _draw()
    first = PanelNormaliser(ceiling=35.0).fit(X[:30], np.zeros(30))
    second = clone(first).fit(X[:30], np.arange(30) % 2)
    np.testing.assert_array_equal(first.transform(X), second.transform(X))


def test_a_plate_that_lies_apart_is_brought_back() -> None:
    rng = np.random.default_rng(0)
    plate = np.repeat([0, 1, 2, 3], 15)
    shift = rng.normal(0, 1.0, (4, 40))
    truth = 25 + rng.normal(0, 0.7, (60, 40))
    references = 25 + rng.normal(0, 0.1, (60, 5))
    X = np.column_stack([references, truth + shift[plate], plate])
    model = PanelNormaliser(reference=list(range(5)), plate_column=45).fit(X)
    z = model.transform(X)
    reference = references.mean(axis=1, keepdims=True)
    between = np.var([z[plate == k].mean(axis=0) for k in range(4)], axis=0).mean()
    before = np.var(
        [(X[plate == k, 5:45] - reference[plate == k]).mean(axis=0) for k in range(4)], axis=0
    ).mean()
    assert between < 0.02 * before
    # Between over within: about 1 / 0.49.
    assert model.plate_ratio_ == pytest.approx(1 / 0.49, rel=0.35)
    np.testing.assert_array_equal(model.kept_, np.arange(5, 45))


def test_plates_that_do_not_differ_are_hardly_touched() -> None:
    rng = np.random.default_rng(1)
    X = np.column_stack([25 + rng.normal(0, 1, (60, 40)), np.repeat([0, 1, 2, 3], 15)])
    model = PanelNormaliser(plate_column=40).fit(X)
    assert np.abs(model.plate_shift_).max() < 0.15


def test_a_new_plate_is_not_corrected() -> None:
    rng = np.random.default_rng(0)
    plate = np.repeat([0, 1], 20)
    X = np.column_stack([25 + rng.normal(0, 1, (40, 10)), plate])
    X[plate == 1, 0] += 3.0
    model = PanelNormaliser(plate_column=10).fit(X)
    new = np.repeat(X[:1], 3, axis=0)
    new[:, 10] = [0, 7, np.nan]
    z = model.transform(new)
    np.testing.assert_array_equal(z[1], z[2])
    np.testing.assert_allclose(z[1] - z[0], model.plate_shift_[0])


def test_the_shift_of_a_plate_by_hand() -> None:
    # One assay, plates (0, 0, 3) and (6, 6, 9): means 1 and 7 about 4; within each the sum of
    # squares is 6, so 12 / 4 = 3. Excess of 9 / 3 over 1/3 - 1/6: 3 - 1/6 = 17/6.
    values = np.array([[0.0], [0], [3], [6], [6], [9]])
    plate = np.repeat([0, 1], 3)
    shift, ratio = compute_plate_shifts(values, plate, 2, np.array([True]))
    assert ratio == pytest.approx(17 / 6)
    kept = 3 / (3 + 6 / 17)
    np.testing.assert_allclose(shift.ravel(), [-3 * kept, 3 * kept])


def test_a_plate_with_two_samples_has_no_shift_of_its_own() -> None:
    values = np.array([[0.0], [0], [3], [6], [6], [9], [90], [91]])
    shift, _ = compute_plate_shifts(values, np.array([0, 0, 0, 1, 1, 1, 2, 2]), 3, np.array([True]))
    assert shift[2, 0] == 0.0
    assert shift[0, 0] < 0 < shift[1, 0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reference": "best"}, "reference must be global_mean"),
        ({"reference": [99]}, "must name columns"),
        ({"reference": []}, "must name columns"),
        ({"reference": [29], "ceiling": 20.0}, "not detected in any sample"),
        ({"ceiling": 20.0}, "lower common"),
        ({"reference": "genorm", "ceiling": 23.0}, "genorm needs"),
        ({"reference": list(range(30))}, "lower min_detected"),
    ],
)
def test_what_cannot_be_normalised_says_why(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PanelNormaliser(**options).fit(_draw())  # type: ignore[arg-type]


def test_nothing_of_a_patient_is_kept() -> None:
    X = np.column_stack([_draw(n=40), np.repeat(np.arange(8), 5)])
    model = PanelNormaliser(ceiling=35.0, plate_column=30).fit(X)
    kept = [np.asarray(value) for value in vars(model).values() if isinstance(value, np.ndarray)]
    assert all(40 not in array.shape for array in kept)
    measured = set(X[:, :30].ravel()) - {35.0}
    assert not any(set(array.ravel()) & measured for array in kept)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.transform(X), model.transform(X))


def test_an_average_sample_normalises_to_the_assays_means():
    rng = np.random.default_rng(2)
    ct = np.array([20.0, 24.0, 28.0, 30.0]) + rng.normal(size=(30, 1)) + rng.normal(size=(30, 4))
    normaliser = PanelNormaliser(reference=[0, 1]).fit(ct)
    average = normaliser.describe_average()
    np.testing.assert_allclose(average, ct.mean(axis=0), atol=0.5)
    np.testing.assert_allclose(normaliser.transform(average[None])[0], normaliser.mean_)
