"""What others would fit, for comparison on the same cohorts.

Every peer gets the columns our straight candidates get: gaps filled, duration logged, scaled.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV

from features.arrays import FloatArray
from training.model.trees import import_lightgbm

__all__ = ["PEERS", "RMS", "Task", "explain_missing_rms", "predict_rms"]

Task = tuple[FloatArray, FloatArray, FloatArray]
"""Design matrix (n, p) and outcome (n,) of a cohort, design matrix (n_new, p) of new patients."""

RMS = "R rms lrm + pentrace"
_SCRIPT = Path(__file__).with_name("peers_rms.R")


def _predict_logistic_cv(Z: FloatArray, y: FloatArray, Z_new: FloatArray) -> FloatArray:
    # By log loss: its old default criterion, accuracy, picks a penalty nearly at random here.
    model = LogisticRegressionCV(
        scoring="neg_log_loss", l1_ratios=(0.0,), max_iter=2000, use_legacy_attributes=False
    )
    return np.asarray(model.fit(Z, y).predict_proba(Z_new)[:, 1])


def _predict_lightgbm(Z: FloatArray, y: FloatArray, Z_new: FloatArray) -> FloatArray:
    trees = import_lightgbm().LGBMClassifier(num_threads=1, verbosity=-1)
    return np.asarray(CalibratedClassifierCV(trees).fit(Z, y).predict_proba(Z_new)[:, 1])


def _predict_ml_logistic(Z: FloatArray, y: FloatArray, Z_new: FloatArray) -> FloatArray:
    model = LogisticRegression(C=np.inf, max_iter=2000)
    return np.asarray(model.fit(Z, y).predict_proba(Z_new)[:, 1])


PEERS: Mapping[str, Callable[[FloatArray, FloatArray, FloatArray], FloatArray]] = {
    "LogisticRegressionCV": _predict_logistic_cv,
    "LightGBM, calibrated": _predict_lightgbm,
    "ML logistic": _predict_ml_logistic,
}
"""From cohort and new patients to risks; settings are the libraries' own but for the criterion."""


@lru_cache(maxsize=1)
def explain_missing_rms() -> str:
    """Return why R's rms cannot be asked, or nothing when it can."""
    if which("Rscript") is None:
        return "Rscript is not installed"
    asked = subprocess.run(
        ["Rscript", "-e", "library(rms)"], capture_output=True, text=True, check=False
    )
    return "" if asked.returncode == 0 else "R has no package rms (Debian: r-cran-rms)"


def predict_rms(tasks: Sequence[Task]) -> list[FloatArray | None]:
    """Return the risks of new patients by rms::lrm with a penalty from pentrace.

    One R process fits all cohorts.

    Returns
    -------
    list of ndarray of shape (n_new,) or None
        None where lrm or pentrace failed: no maximum likelihood fit to start from.
    """
    with TemporaryDirectory() as folder:
        for number, (Z, y, Z_new) in enumerate(tasks):
            sizes = [len(Z), Z.shape[1], len(Z_new)]
            columns = (sizes, Z.ravel(order="F"), y, Z_new.ravel(order="F"))
            np.concatenate(columns).tofile(Path(folder, f"{number}.in"))
        subprocess.run(["Rscript", str(_SCRIPT), folder], check=True, capture_output=True)
        found = [np.fromfile(Path(folder, f"{number}.out")) for number in range(len(tasks))]
    return [risks if risks.size else None for risks in found]
