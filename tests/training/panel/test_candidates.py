"""What each candidate does with assays."""

import numpy as np
import pytest
from scipy.special import expit

from training.panel.candidates import PANEL_CANDIDATES, PanelPatients
from training.panel.screening import find_strongest


def _draw(n=120, p=40, effect=1.2, seed=0):
    rng = np.random.default_rng(seed)
    Z = rng.normal(size=(n, p))
    offset = 0.3 * rng.normal(size=n)
    y = (rng.random(n) < expit(offset + effect * Z[:, 3])).astype(float)
    return Z, y, offset


def _path(name, Z, y, offset, max_assays=30):
    patients = PanelPatients(Z, y, offset, find_strongest(Z, y, offset), max_assays)
    return PANEL_CANDIDATES[name].fit_path(patients, rng=np.random.default_rng(0))


@pytest.mark.parametrize("name", list(PANEL_CANDIDATES))
def test_every_candidate_finds_a_strong_assay(name):
    Z, y, offset = _draw()
    path = _path(name, Z, y, offset)
    assert len(path) == len(PANEL_CANDIDATES[name].settings())
    fresh = np.random.default_rng(9).normal(size=(500, 40))
    assert all(3 in member.used for member in path)
    assert np.corrcoef(path[-1].score(fresh), fresh[:, 3])[0, 1] > 0.5


@pytest.mark.parametrize("name", ["elastic_net", "stability"])
def test_no_member_uses_more_assays_than_allowed(name):
    Z, y, offset = _draw()
    path = _path(name, Z, y, offset, max_assays=4)
    assert max(len(member.used) for member in path) <= 4
