"""Assays one by one beside the clinical estimate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control, norm

from features.arrays import FloatArray
from training.fitting.solvers import compute_precision, fit_ridge
from training.panel.screening import compute_scores
from training.panel.stability import Stability

__all__ = ["compute_assay_table"]


_PRIOR_SD = 1.0


def compute_assay_table(
    Z: FloatArray,
    y: FloatArray,
    offset: FloatArray,
    names: Sequence[str],
    *,
    detected: FloatArray,
    stability: Stability,
    chosen: FloatArray,
    coef: FloatArray,
) -> pd.DataFrame:
    """Return what each single assay tells beyond the clinical estimate.

    Parameters
    ----------
    Z : ndarray of shape (n, n_assays)
        Standardised assays (ΔCt: higher is less of the microRNA).
    y : ndarray of shape (n,)
        Outcome, 0 or 1, both present.
    offset : ndarray of shape (n,)
        Clinical log-odds by fits that had not seen the patient.
    names : sequence of str
        Of the assays.
    detected : ndarray of shape (n_assays,)
        Share of patients in whom each was detected.
    stability : Stability
        Selection on half samples.
    chosen : ndarray of shape (n_assays,)
        Share of the cross-validation's fits whose model held each assay.
    coef : ndarray of shape (n_assays,)
        In the final model, log-odds per standard deviation.

    Returns
    -------
    DataFrame
        One row per assay, smallest p value first: `assay`; `odds_ratio` of the outcome per
        standard deviation more ΔCt (so above 1: less of the microRNA in responders) with `low`
        and `high`, from a logistic model beside the offset under a normal prior of SD 1;
        `z` and `p_value`, Rao's score test beside the offset; `q_value`, the false discovery
        rate of it and all assays before it (Benjamini and Hochberg 1995,
        doi:10.1111/j.2517-6161.1995.tb02031.x); `detected`; `half_samples`, `folds` (shares
        in which it was selected); `coefficient`. Intervals are not adjusted for the number of
        assays; q values are.
    """
    z = compute_scores(Z, y, offset)
    p_value = 2 * norm.sf(np.abs(z))
    estimate, error = np.empty(len(z)), np.empty(len(z))
    for j in range(len(z)):
        own = Z[:, [j]]
        (mode,) = fit_ridge(own, y, prior_sd=[_PRIOR_SD], offset=offset)
        precision = compute_precision(own, mode, prior_sd=_PRIOR_SD, offset=offset)
        estimate[j], error[j] = mode[1], np.sqrt(np.linalg.inv(precision)[1, 1])
    table = pd.DataFrame(
        {
            "assay": list(names),
            "odds_ratio": np.exp(estimate),
            "low": np.exp(estimate - 1.96 * error),
            "high": np.exp(estimate + 1.96 * error),
            "z": z,
            "p_value": p_value,
            "q_value": false_discovery_control(p_value),
            "detected": detected,
            "half_samples": stability.share,
            "folds": chosen,
            "coefficient": coef,
        }
    )
    return table.sort_values(["p_value", "assay"], ignore_index=True)
