import numpy as np
import pytest
from scipy.special import expit

from tests.places import SHARED
from training.network.arithmetic.combining import Intercepts, combine_points
from training.network.arithmetic.likelihood import expand_likelihood, find_penalised_mode

TRAUMA = SHARED / "data" / "trauma_three_hospitals" / "trauma.csv"


def make_centres(rng, sizes=(30, 45, 60)):
    centres = []
    for place, n in enumerate(sizes):
        Z = rng.normal(size=(n, 3))
        risk = expit(0.5 * place - 0.3 + Z @ [0.7, -0.4, 0.0])
        centres.append((Z, (rng.random(n) < risk).astype(float)))
    return centres


def fit_rows(centres, precision):
    """Fit all rows in one place, by Newton's method on a column for each centre."""
    n_centres = len(centres)
    own = np.vstack(
        [np.tile(np.eye(n_centres)[i], (len(y), 1)) for i, (_, y) in enumerate(centres)]
    )
    design = np.hstack([own, np.vstack([Z for Z, _ in centres])])
    y = np.concatenate([y for _, y in centres])
    prior = np.append(np.zeros(n_centres), precision)
    beta = np.zeros(design.shape[1])
    for _ in range(30):
        risk = expit(design @ beta)
        hessian = (design.T * (risk * (1 - risk))) @ design + np.diag(prior)
        beta += np.linalg.solve(hessian, design.T @ (y - risk) - prior * beta)
    return beta, np.linalg.inv(hessian)


def test_rounds_reach_what_all_rows_in_one_place_give():
    centres = make_centres(np.random.default_rng(8))
    precision = np.full(3, 2.0)
    expected, covariance = fit_rows(centres, precision)
    modes = [find_penalised_mode(Z, y, np.append(0.0, precision)) for Z, y in centres]
    points = [expand_likelihood(Z, y, m) for (Z, y), m in zip(centres, modes, strict=True)]
    away = []
    for _ in range(6):
        found = combine_points(points, precision)
        away.append(np.abs(np.append(found.intercepts, found.coef) - expected).max())
        points = [expand_likelihood(Z, y, found.at(i)) for i, (Z, y) in enumerate(centres)]
    assert away[0] < 0.2
    assert away[-1] < 1e-12
    np.testing.assert_allclose(found.covariance, covariance, rtol=1e-8)


def test_a_common_intercept_is_one_for_all():
    centres = make_centres(np.random.default_rng(9))
    points = [expand_likelihood(Z, y, np.zeros(4)) for Z, y in centres]
    found = combine_points(points, np.ones(3), Intercepts(common=True, precision=0.5))
    assert len(set(found.intercepts)) == 1
    assert found.covariance.shape == (4, 4)


@pytest.mark.skipif(not TRAUMA.exists(), reason="the hospitals' patients are not here")
def test_three_hospitals_give_what_r_gave():
    """R package BFI 3.1.0 on its data set `trauma`, prior precision 0.01, one intercept.

    Its optimiser stops up to 1e-8 nats short of the top, which is up to 1e-4 in a coefficient of a
    hospital with 49 patients: what is found here has the higher likelihood.
    """
    rows = np.loadtxt(TRAUMA, delimiter=",", skiprows=1)
    sex, age, hospital, iss, gcs, y = rows.T
    scaled = [(v - v.mean()) / v.std(ddof=1) for v in (age, iss, gcs)]
    Z = np.column_stack([sex, *scaled])
    centres = [(Z[hospital == k], y[hospital == k]) for k in (1, 2, 3)]
    precision = np.full(5, 0.01)
    alone = [
        (-2.1225730, -5.2795270, 1.8864364, 2.3741181, -2.4522118),
        (-0.78535313, -0.78500711, 1.96012311, 0.52159596, -1.87374085),
        (-2.31436494, 0.15804084, 1.30311674, 0.29674612, -2.42205876),
    ]
    modes = [find_penalised_mode(Z, y, precision) for Z, y in centres]
    np.testing.assert_allclose(modes, alone, atol=1e-4)
    for (Z_k, y_k), mode, other in zip(centres, modes, alone, strict=True):
        ours, theirs = (
            expand_likelihood(Z_k, y_k, np.array(at)).value - 0.005 * np.sum(np.square(at))
            for at in (mode, other)
        )
        assert 0 <= ours - theirs < 1e-7
    intercepts = Intercepts(common=True, precision=0.01)
    points = [expand_likelihood(Z, y, m) for (Z, y), m in zip(centres, modes, strict=True)]
    once = combine_points(points, precision[1:], intercepts)
    published = (-1.4433519, -0.24731817, 1.2188862, 0.49387177, -1.7375204)
    np.testing.assert_allclose(once.at(0), published, atol=2e-5)
    deviations = (0.24649962, 0.41871283, 0.21898716, 0.19449743, 0.24913975)
    np.testing.assert_allclose(np.sqrt(np.diag(once.covariance)), deviations, atol=1e-6)
    found = once
    for _ in range(5):
        points = [expand_likelihood(Z, y, found.at(0)) for Z, y in centres]
        found = combine_points(points, precision[1:], intercepts)
    together = (-1.62554103, -0.33574808, 1.37028688, 0.54983682, -1.99811738)
    np.testing.assert_allclose(found.at(0), together, atol=1e-5)
    np.testing.assert_allclose(found.at(0), find_penalised_mode(Z, y, precision), atol=1e-10)
