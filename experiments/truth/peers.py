"""What others would fit, for comparison on the same cohorts.

Every peer gets the columns our straight candidates get: gaps filled, duration logged, scaled.
Settings are the libraries' own but for those named. What the project does not install is asked
where it is: R's rms, and the packages of the dependency group "peers".
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV

from features.arrays import FloatArray
from training.model.trees import import_lightgbm

__all__ = [
    "BART",
    "EBM",
    "PEERS",
    "RMS",
    "Predicted",
    "Task",
    "explain_missing_peers",
    "explain_missing_rms",
    "list_peers",
    "predict_rms",
]

Task = tuple[FloatArray, FloatArray, FloatArray]
"""Design matrix (n, p) and outcome (n,) of a cohort, design matrix (n_new, p) of new patients."""

RMS = "R rms lrm + pentrace"
BART = "BART"
EBM = "EBM"
_SCRIPT = Path(__file__).with_name("peers_rms.R")


class Predicted(NamedTuple):
    """Risks of new patients, of shape (n_new,), and 95% intervals, (n_new, 2), where they exist."""

    risks: FloatArray
    interval: FloatArray | None = None


Predict = Callable[[FloatArray, FloatArray, FloatArray], Predicted]


def _predict_logistic_cv(Z: FloatArray, y: FloatArray, Z_new: FloatArray) -> Predicted:
    # By log loss: its old default criterion, accuracy, picks a penalty nearly at random here.
    model = LogisticRegressionCV(
        scoring="neg_log_loss", l1_ratios=(0.0,), max_iter=2000, use_legacy_attributes=False
    )
    return Predicted(model.fit(Z, y).predict_proba(Z_new)[:, 1])


def _predict_lightgbm(Z: FloatArray, y: FloatArray, Z_new: FloatArray) -> Predicted:
    trees = import_lightgbm().LGBMClassifier(num_threads=1, verbosity=-1)
    return Predicted(CalibratedClassifierCV(trees).fit(Z, y).predict_proba(Z_new)[:, 1])


def _predict_ml_logistic(Z: FloatArray, y: FloatArray, Z_new: FloatArray) -> Predicted:
    model = LogisticRegression(C=np.inf, max_iter=2000)
    return Predicted(model.fit(Z, y).predict_proba(Z_new)[:, 1])


def _predict_ridge(Z: FloatArray, y: FloatArray, Z_new: FloatArray) -> Predicted:
    model = LogisticRegression(C=0.1, max_iter=2000)
    return Predicted(model.fit(Z, y).predict_proba(Z_new)[:, 1])


def _predict_bart(Z: FloatArray, y: FloatArray, Z_new: FloatArray) -> Predicted:
    from bartz import Bart

    # 50 trees, as R's BART takes for a yes/no outcome; one chain of 3000 steps, of which the last
    # 2000 count and every eighth is kept. A chain four times as long moves the RMSE by 0.003.
    trees = Bart(
        Z.T,
        y.astype(np.float32),
        outcome_type="binary",
        num_trees=50,
        n_burn=1000,
        n_save=250,
        n_skip=8,
        num_chains=1,
        printevery=None,
        seed=0,
    )
    draws = np.asarray(trees.predict(Z_new.T, kind="mean_samples"), dtype=np.float64)
    return Predicted(draws.mean(axis=0), np.quantile(draws, [0.025, 0.975], axis=0).T)


def _predict_ebm(Z: FloatArray, y: FloatArray, Z_new: FloatArray) -> Predicted:
    from interpret.glassbox import ExplainableBoostingClassifier

    model = ExplainableBoostingClassifier(n_jobs=1, random_state=0)
    return Predicted(model.fit(Z, y).predict_proba(Z_new)[:, 1])


PEERS: Mapping[str, Predict] = {
    "LogisticRegressionCV": _predict_logistic_cv,
    "LightGBM, calibrated": _predict_lightgbm,
    "ML logistic": _predict_ml_logistic,
    "ridge, C = 0.1": _predict_ridge,
}
"""From cohort and new patients to risks: what the project's own libraries can fit."""

_FURTHER: Mapping[str, tuple[str, Predict]] = {
    BART: ("bartz", _predict_bart),
    EBM: ("interpret", _predict_ebm),
}


def list_peers() -> dict[str, Predict]:
    """Return the peers that can be asked here, R's aside: those of `PEERS`, then BART and EBM."""
    further = {name: peer for name, (package, peer) in _FURTHER.items() if find_spec(package)}
    return dict(PEERS) | further


def explain_missing_peers() -> dict[str, str]:
    """Return why which peers cannot be asked; empty when all can."""
    missing = {RMS: explain_missing_rms()} | {
        name: "" if find_spec(package) else f"no package {package}: uv pip install --group peers"
        for name, (package, _) in _FURTHER.items()
    }
    return {name: reason for name, reason in missing.items() if reason}


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
