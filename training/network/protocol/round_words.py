"""What each round shares, in words: they stand in every protocol, and are true of this program."""

from __future__ import annotations

__all__ = ["ROUND_WORDS"]

_AGAIN = "Gradient of the log-likelihood at the coefficients that the last round led to."
ROUND_WORDS = (
    "How many patients there are, how many responded and of how many it is not known; of each "
    "predictor the mean, spread and counts in agreed groups, none under the limit; the centre's "
    "own penalised coefficients, with the log-likelihood, gradient and curvature there.",
    "Gradient and curvature of the log-likelihood at the combined estimate; for each candidate "
    "setting, how well the model that was made without this centre predicts here (one log loss "
    "each), and how well the prevalence does.",
    "Gradient and curvature at the chosen setting's coefficients; the log loss of the model made "
    "without this centre when it is drawn toward the prevalence by tenths.",
    "Gradient at the coefficients that the last round led to; how well the model made without "
    "this centre does here: numbers observed and expected, calibration intercept and slope, AUC "
    "and Brier score with their variances, and patients by groups of risk, none under the limit.",
    _AGAIN,
    _AGAIN,
    _AGAIN,
    _AGAIN,
)
"""By round, the first one first; a protocol has as many of them as it has rounds."""
