"""What others would fit, for comparison on the same cohorts.

Every peer gets the columns our straight candidates get: gaps filled, duration logged, scaled.
"""

from __future__ import annotations

import subprocess
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from features.preprocessing import make_basis
from training.models import constant_member, import_lightgbm

__all__ = ["PEERS", "find_rms", "predict_peers", "predict_rms"]

FloatArray = NDArray[np.float64]
Peer = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]

_SCRIPT = Path(__file__).with_name("peers_rms.R")


def predict_logistic_cv(Z: FloatArray, y: FloatArray, Z_new: FloatArray) -> FloatArray:
    """Return risks by scikit-learn's LogisticRegressionCV, its penalty chosen by log loss.

    Its default criterion, accuracy, picks a penalty almost at random in small cohorts: the peer
    gets the better one.
    """
    from sklearn.linear_model import LogisticRegressionCV

    model = LogisticRegressionCV(scoring="neg_log_loss", max_iter=2000, use_legacy_attributes=False)
    return np.asarray(model.fit(Z, y).predict_proba(Z_new)[:, 1])


def predict_lightgbm(Z: FloatArray, y: FloatArray, Z_new: FloatArray) -> FloatArray:
    """Return risks by LightGBM as it comes, calibrated by CalibratedClassifierCV as it comes."""
    from sklearn.calibration import CalibratedClassifierCV

    model = CalibratedClassifierCV(
        import_lightgbm().LGBMClassifier(num_threads=1, verbosity=-1)
    )
    return np.asarray(model.fit(Z, y).predict_proba(Z_new)[:, 1])


def predict_ml_logistic(Z: FloatArray, y: FloatArray, Z_new: FloatArray) -> FloatArray:
    """Return risks by logistic regression without a penalty."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=np.inf, max_iter=2000)
    return np.asarray(model.fit(Z, y).predict_proba(Z_new)[:, 1])
