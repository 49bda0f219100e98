"""The worlds of `experiments.truth.known_truth`: every effect in them is invented.

By those for choosing, the default procedure may be chosen. The others are reported only: what was
chosen on some worlds is judged by others.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from experiments.truth.truths import SIX, TWELVE, Formula, Standardised, Truth
from features.arrays import FloatArray

__all__ = ["TRUTHS", "make_linear"]


def make_linear(**effects: float) -> Formula:
    """Return the formula of straight effects, each in log-odds per unit of the standardised."""

    def log_odds(x: Standardised) -> FloatArray:
        return np.asarray(np.sum([effect * x[name] for name, effect in effects.items()], axis=0))

    return log_odds


def _bent(x: Standardised) -> FloatArray:
    """Most is gained in the middle of pain and age, and opioids turn the effect of duration."""
    return (
        -0.9 * (x["nrs_t0"] ** 2 - 1)
        + 0.9 * np.sign(x["opioid"]) * x["disease_duration_years"]
        + 0.5 * np.tanh(2 * x["age_years"])
        + 0.5 * x["antidepressant"]
    )


def _exclusive_or(x: Standardised) -> FloatArray:
    return 1.2 * np.sign(x["nrs_t0"]) * np.sign(x["opioid"])


def _step(x: Standardised) -> FloatArray:
    return 1.8 * (x["disease_duration_years"] > 0.5) - 1.2 * (x["age_years"] > 1)


def _noise(x: Standardised) -> FloatArray:
    return np.zeros_like(x["nrs_t0"])


def _steps(x: Standardised) -> FloatArray:
    return np.asarray(
        1.5 * (x["nrs_t0"] > 0.6)
        - 1.5 * (x["age_years"] > 0)
        + 1.2 * (x["disease_duration_years"] > -0.5)
    )


def _u_shape(x: Standardised) -> FloatArray:
    """Let the middle of age and the ends of the duration respond."""
    return np.asarray(0.8 * x["disease_duration_years"] ** 2 - 0.8 * np.abs(x["age_years"]))


def _curved(x: Standardised) -> FloatArray:
    return (
        -0.6 * x["nrs_t0"] ** 2
        + 0.8 * np.tanh(2 * x["tsk"])
        + 0.8 * x["hads_depression"] * x["disease_duration_years"]
        + 1.0 * x["opioid"] * x["age_years"]
        - 0.6 * x["sex"]
    )


def _bound(margin: FloatArray) -> FloatArray:
    """Keep every risk between 0.2 and 0.9."""
    return np.asarray(0.2 + 0.7 * expit(margin))


def _complementary_log_log(margin: FloatArray) -> FloatArray:
    return np.asarray(-np.expm1(-np.exp(np.minimum(margin, 30.0))))


_WEAK = make_linear(**dict(zip(SIX, (-0.35, -0.35, 0.15, 0.2, -0.6, 0.4), strict=True)))
_STRONG = make_linear(**dict(zip(SIX, (-1.2, -1.0, 0.4, 0.5, -1.5, 0.8), strict=True)))

TRUTHS: dict[str, Truth] = {
    truth.name: truth
    for truth in (
        Truth("linear_weak", "weak, straight, 6 predictors", SIX, _WEAK, True),
        Truth("bent", "bent, with an interaction, 6 predictors", SIX, _bent, False),
        Truth("noise", "nothing predicts, 6 predictors", SIX, _noise, True),
        Truth("strong", "strong, straight, 6 predictors", SIX, _STRONG, True),
        Truth(
            "rare_flags",
            "flags of 5 to 10% with large effects",
            SIX,
            make_linear(sex=1.5, opioid=-1.5, antidepressant=2.0, nrs_t0=-0.3),
            True,
            shares={"sex": 0.10, "opioid": 0.08, "antidepressant": 0.05},
        ),
        Truth(
            "few_of_twelve",
            "2 of 12 predictors, strong",
            TWELVE,
            make_linear(nrs_t0=-1.0, opioid=-1.6),
            True,
        ),
        Truth(
            "correlated",
            "12 predictors, correlation 0.6, small effects",
            TWELVE,
            make_linear(**dict.fromkeys(TWELVE[:6], 0.2), **dict.fromkeys(TWELVE[6:], 0.2)),
            True,
            correlation=0.6,
        ),
        Truth("noise_twelve", "nothing predicts, 12 predictors", TWELVE, _noise, True),
        Truth("missing", "30% of cells empty", SIX, _STRONG, False, missing=0.3),
        Truth("uneven", "weak, 20% respond", SIX, _WEAK, True, mean_risk=0.2),
        Truth("exclusive_or", "an interaction and nothing else", SIX, _exclusive_or, False),
        Truth("step", "two thresholds", SIX, _step, False),
        Truth(
            "kept",
            "sustained response, product of two straight risks",
            SIX,
            _STRONG,
            True,
            kept=make_linear(nrs_t0=-0.5, disease_duration_years=0.5, opioid=-0.8),
        ),
        # Of other kinds. Half of them are for choosing.
        Truth(
            "cloglog",
            "complementary log-log link",
            SIX,
            make_linear(nrs_t0=-0.6, disease_duration_years=-0.5, opioid=-0.8, sex=0.4),
            False,
            link=_complementary_log_log,
        ),
        Truth("steps", "three steps", SIX, _steps, False),
        Truth(
            "rare_flag",
            "one flag of 6%, very strong",
            SIX,
            make_linear(antidepressant=3.0),
            True,
            mean_risk=0.4,
            shares={"antidepressant": 0.06},
        ),
        Truth("heavy_tails", "straight, predictors with heavy tails", SIX, _WEAK, True, tails=3),
        Truth("u_shape", "two U-shapes", SIX, _u_shape, False),
        Truth("curved", "curves and interactions, 12 predictors", TWELVE, _curved, False),
        Truth(
            "bounded", "risks from 0.2 to 0.9", SIX, _STRONG, False, link=_bound, for_choosing=False
        ),
        Truth(
            "hidden",
            "20% of cells empty, the high ones more often",
            SIX,
            _STRONG,
            False,
            missing=0.2,
            hides_high=True,
            for_choosing=False,
        ),
        Truth(
            "correlated_flags",
            "12 predictors, correlation 0.7, effects of flags alone",
            TWELVE,
            make_linear(**dict.fromkeys(TWELVE[6:], 0.6)),
            True,
            correlation=0.7,
            for_choosing=False,
        ),
        Truth(
            "label_noise",
            "one outcome in ten written down wrongly",
            SIX,
            _STRONG,
            False,
            label_noise=0.1,
            for_choosing=False,
        ),
        Truth(
            "drift",
            "new patients 0.8 SD higher in everything",
            SIX,
            _STRONG,
            True,
            drift=0.8,
            for_choosing=False,
        ),
        Truth(
            "two_sites",
            "two sites that differ, and nobody says which",
            SIX,
            _STRONG,
            False,
            site_effect=0.6,
            for_choosing=False,
        ),
    )
}
"""All truths by name."""
