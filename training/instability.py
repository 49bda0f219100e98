"""How much a patient's risk would change had other patients been in the cohort.

Riley and Collins 2023, doi:10.1002/bimj.202200302.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["compute_instability"]

FloatArray = NDArray[np.float64]


def compute_instability(served: FloatArray, bootstrapped: FloatArray) -> dict[str, float]:
    """Summarise the spread of risks over bootstrap reruns of the whole procedure.

    Parameters
    ----------
    served : ndarray of shape (n,)
        Risks by the model that is served.
    bootstrapped : ndarray of shape (n_resamples, n)
        Risks of the same patients by models of bootstrap samples.

    Returns
    -------
    dict
        `mean_absolute_prediction_error`: mean over patients and resamples of the distance from
        the served risk (0.10 means that another cohort would typically have moved a patient's
        risk by 10 percentage points); `largest_patient_error`: the same of the least stable
        patient; `n_resamples`. None of it is a confidence interval.
    """
    per_patient = np.abs(bootstrapped - served).mean(axis=0)
    return {
        "mean_absolute_prediction_error": float(per_patient.mean()),
        "largest_patient_error": float(per_patient.max()),
        "n_resamples": float(len(bootstrapped)),
    }
