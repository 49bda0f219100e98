"""A simulated microRNA panel: levels and spreads as in real panels, effects invented or none.

No published panel says which microRNAs go with the response to ketamine, so every effect here is
made up; without one, whatever a model finds is chance. It serves to try the software out and to
see how it does where the truth is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.arrays import FloatArray
from features.panel.panel import PANEL_COLUMNS, Panel

__all__ = ["CEILING", "SimulatedPanel", "make_panel"]


CEILING = 40.0
_LEVELS = (18.0, 40.0)
_INPUT_SD = 1.0
_FACTORS = 5
_LOADING = 0.4
_SD = 0.8


@dataclass(frozen=True, eq=False)
class SimulatedPanel:
    """A simulated panel and the truth behind it.

    Attributes
    ----------
    panel : Panel
        One sample per patient.
    informative : tuple of str
        The assays that go with the outcome.
    log_odds : ndarray of shape (n,)
        What each patient's panel adds to the log-odds of response: whatever was known before,
        the true risk is ``expit(logit(before) + log_odds)``.
    """

    panel: Panel
    informative: tuple[str, ...]
    log_odds: FloatArray


def make_panel(
    patients: Sequence[str],
    responds: FloatArray,
    *,
    n_assays: int = 750,
    n_informative: int = 0,
    shift: float = 0.0,
    seed: int,
) -> SimulatedPanel:
    """Simulate the panels of patients whose response is known.

    Parameters
    ----------
    patients : sequence of str
        `patient_id` of each.
    responds : ndarray of shape (n,)
        1, 0, or NaN where unknown, which is dealt out by chance.
    n_assays : int
        Assays; their mean levels lie between 18 and 40 cycles, where detection ends.
    n_informative : int
        How many of them go with the response; these are well detected.
    shift : float
        Difference between responders and nonresponders in each of these, in standard deviations
        that remain when all other assays are known; less Ct in responders.
    seed : int
        The same arguments give the same panel.
    """
    rng = np.random.default_rng(seed)
    n = len(patients)
    known = np.where(np.isnan(responds), rng.random(n) < 0.5, responds)
    level = rng.uniform(*_LEVELS, n_assays)
    level[:n_informative] = rng.uniform(22.0, 28.0, n_informative)
    loading = rng.normal(0, _LOADING, (_FACTORS, n_assays))
    loading[:, :n_informative] = 0.0
    noise = rng.normal(size=(n, n_assays))
    noise[:, :n_informative] -= shift * known[:, np.newaxis]
    ct = level + rng.normal(0, _INPUT_SD, (n, 1)) + rng.normal(size=(n, _FACTORS)) @ loading
    ct = ct + _SD * noise
    own = noise[:, :n_informative]
    log_odds = np.sum(-shift * own - shift**2 / 2, axis=1)
    names = [f"hsa-miR-{9000 + j}-5p" for j in range(n_assays)]
    values = ct.ravel()
    detected = values < CEILING
    ids = np.repeat(np.asarray(patients, dtype=str), n_assays)
    table = pd.DataFrame(
        {
            "patient_id": ids,
            "sample": ids,
            "assay": np.tile(names, n),
            "ct": np.where(detected, values, np.nan),
            "detected": detected,
            "ceiling": CEILING,
            "flag": "",
            "replicates": 1,
            "spread": np.nan,
            "plate": "",
            "platform": "simulated",
            "sample_date": pd.NaT,
            "timing": "before",
        }
    ).astype(PANEL_COLUMNS)
    return SimulatedPanel(Panel(table), tuple(names[:n_informative]), log_odds)
