"""BFI against the authors' own numbers, ODAL against a model that can be solved by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq
from scipy.special import expit, logit

from experiments.truth.networks.peers import CentreRows, compute_odal, fit_bfi, fit_local
from tests.places import SHARED

TRAUMA = SHARED / "data/trauma_three_hospitals/trauma.csv"


@pytest.fixture(scope="module")
def hospitals() -> list[CentreRows]:
    if not TRAUMA.exists():
        pytest.skip("the data of three hospitals are not beside the project (../shared/data)")
    rows = pd.read_csv(TRAUMA)
    Z = rows[["sex", "age", "ISS", "GCS"]].astype(float)
    numbers = ["age", "ISS", "GCS"]
    Z[numbers] = (Z[numbers] - Z[numbers].mean()) / Z[numbers].std()
    y = rows["mortality"].to_numpy(float)
    return [
        CentreRows(Z[rows["hospital"] == k].to_numpy(), y[rows["hospital"] == k]) for k in (1, 2, 3)
    ]


# R's BFI 3.1.0, data set trauma: each hospital, the three combined, and all rows; prior precision
# 0.01; intercept, sex, age, ISS, GCS. Its optimiser rests early: at its numbers the gradient of the
# log-posterior is up to 2e-4 (here 1e-14), so that they are within 6e-5 of the mode and no nearer.
LOCAL = [
    [-2.1225730, -5.2795270, 1.8864364, 2.3741181, -2.4522118],
    [-0.78535313, -0.78500711, 1.96012311, 0.52159596, -1.87374085],
    [-2.31436494, 0.15804084, 1.30311674, 0.29674612, -2.42205876],
]
COMBINED = [-1.4433519, -0.24731817, 1.2188862, 0.49387177, -1.7375204]
COMBINED_SD = [0.24649962, 0.41871283, 0.21898716, 0.19449743, 0.24913975]
ALL_ROWS = [-1.62554103, -0.33574808, 1.37028688, 0.54983682, -1.99811738]


def test_bfi_agrees_with_its_authors_package(hospitals: list[CentreRows]) -> None:
    for rows, expected in zip(hospitals, LOCAL, strict=True):
        np.testing.assert_allclose(fit_local(rows, 0.01).beta, expected, atol=6e-5)
    combined = fit_bfi(hospitals)
    np.testing.assert_allclose(combined.beta, COMBINED, atol=2e-5)
    np.testing.assert_allclose(combined.sd, COMBINED_SD, atol=1e-6)
    everyone = CentreRows(*(np.concatenate(part) for part in zip(*hospitals, strict=True)))
    np.testing.assert_allclose(fit_local(everyone, 0.01).beta, ALL_ROWS, atol=2e-5)


def test_bfi_of_one_centre_is_that_centre() -> None:
    rows = _draw(80, np.random.default_rng(1))
    np.testing.assert_allclose(fit_bfi([rows]).beta, fit_local(rows, 0.01).beta)


def test_bfi_gives_each_centre_its_intercept() -> None:
    # Two centres of the same patients have the same mode, and so has their combination but for
    # the prior, which counts once.
    rows = _draw(200, np.random.default_rng(2))
    own = fit_local(rows, 1e-9).beta
    found = fit_bfi([rows, rows], penalty=1e-9, own_intercepts=True).beta
    np.testing.assert_allclose(found, [own[0], *own], rtol=1e-6)


CELLS = {"lead": ([40, 60], [0.5, 0.6]), "other": ([60, 40], [0.4, 0.8])}


def _fill(cells: tuple[list[int], list[float]]) -> CentreRows:
    """Return patients of a centre with a flag: so many without and with it, of such shares."""
    x = np.repeat([0.0, 1.0], cells[0])
    y = np.concatenate(
        [np.arange(n) < round(n * share) for n, share in zip(*cells, strict=True)]
    ).astype(float)
    return CentreRows(x[:, np.newaxis], y)


@pytest.mark.parametrize("order", [1, 2])
def test_odal_of_one_flag_is_solved_by_hand(order: int) -> None:
    # One parameter for each value of the flag, so that the gradient of the surrogate vanishes
    # cell by cell. With w the share of all patients that are in a cell, w1 that of the lead's,
    # p the share of events of all, e the risk and m the log-odds at the common place, and r the
    # wanted risk: w1 (e - r) + w (p - e) = 0, and for ODAL2 less (w - w1) e (1 - e) (logit r - m).
    at = np.array([0.1, 0.5])
    n = np.sum([CELLS[name][0] for name in CELLS], axis=0)
    events = np.sum([np.multiply(*CELLS[name]) for name in CELLS], axis=0)
    w, w1, p = n / n.sum(), np.array(CELLS["lead"][0]) / 100, events / n
    expected = []
    for cell, margin in enumerate((at[0], at.sum())):
        e = expit(margin)

        def slope(r: float, cell: int = cell, e: float = e, margin: float = margin) -> float:
            bend = (w[cell] - w1[cell]) * e * (1 - e) * (logit(r) - margin)
            first = w1[cell] * (e - r) + w[cell] * (p[cell] - e)
            return first - (bend if order == 2 else 0.0)

        expected.append(logit(brentq(slope, 0.2, 0.9)))
    beta, found = compute_odal([_fill(c) for c in CELLS.values()], lead=0, start=at, order=order)
    assert found
    np.testing.assert_allclose([beta[0], beta.sum()], expected, atol=1e-7)


def test_odal_of_like_centres_is_maximum_likelihood() -> None:
    rows = _draw(150, np.random.default_rng(3))
    for order in (1, 2):
        beta, found = compute_odal([rows, rows, rows], lead=1, start=np.zeros(4), order=order)
        assert found
        np.testing.assert_allclose(beta, fit_local(rows, 1e-9).beta, atol=1e-5)


def test_odal_without_a_maximum_stays_where_it_began() -> None:
    # Everyone with the flag responds at the lead, and elsewhere nobody: corrected by the others'
    # gradient the lead's likelihood falls without end as the flag's coefficient falls.
    lead, other = _fill(([5, 5], [0.4, 1.0])), _fill(([5, 95], [0.4, 0.0]))
    beta, found = compute_odal([lead, other], lead=0, start=np.array([0.0, 1.0]))
    assert not found
    assert beta.tolist() == [0.0, 1.0]


def _draw(n: int, rng: np.random.Generator) -> CentreRows:
    Z = rng.standard_normal((n, 3))
    y = rng.random(n) < expit(0.4 + Z @ [0.8, -0.5, 0.0])
    return CentreRows(Z, y.astype(float))
