"""What all centres found of the model made without each of them, put together.

Arrays and frames in, documented tables out. Measures are combined by random effects; counts of
groups and thresholds are added up.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import norm

from features.arrays import FloatArray
from features.shares import compute_wilson_interval
from training.measures.decision_curve import COARSE, make_thresholds
from training.measures.pooling.sites import MEASURES, compute_pooled_measure

__all__ = [
    "POOLED",
    "list_untold",
    "pool_centres",
    "sum_decisions",
    "sum_groups",
    "tabulate_performance",
    "tabulate_thresholds",
]

POOLED = (*MEASURES, "intercept", "brier", "brier_skill")
"""The measures of each centre that are combined."""

_METRICS = {
    "auc": "auc",
    "brier": "brier",
    "brier_skill": "brier_skill",
    "slope": "calibration_slope",
    "intercept": "calibration_in_the_large",
    "o_e": "o_e",
}
"""What a measure of a centre is called among those of a study."""

_MOST_GROUPS, _PER_GROUP = 6, 20
_FEWEST_CENTRES = 2
_Z95 = float(norm.ppf(0.975))


def pool_centres(evaluation: pd.DataFrame | None) -> pd.DataFrame:
    """Combine each measure over centres by random effects.

    Parameters
    ----------
    evaluation : DataFrame or None
        A row for each centre, :attr:`training.network.result.NetworkResult.evaluation`; None
        where no centre has judged the model.

    Returns
    -------
    DataFrame
        As :func:`training.measures.pooling.sites.compute_pooled_sites`, with calibration in the
        large, Brier score and skill beside.
    """
    columns = (
        "measure sites estimate low high prediction_low prediction_high tau2 i2 q_p_value note"
    )
    if evaluation is None:
        none = {"sites": 0, "note": "the centres have not judged the model"}
        rows: list[dict[str, object]] = [{"measure": measure, **none} for measure in POOLED]
    else:
        rows = [compute_pooled_measure(evaluation, measure) for measure in POOLED]
    table = pd.DataFrame(rows, columns=columns.split()).set_index("measure")
    numbers = [name for name in table.columns if name not in ("sites", "note")]
    return table.astype(dict.fromkeys(numbers, np.float64))


def tabulate_performance(pooled: pd.DataFrame) -> pd.DataFrame:
    """Return the measures as those of a study are, indexed by `metric`.

    Parameters
    ----------
    pooled : DataFrame
        :func:`pool_centres`.

    Returns
    -------
    DataFrame
        `estimate`, `low`, `high`: the mean over centres; `note`. The attribute `interval` says
        what the interval is.
    """
    table = pooled.loc[list(_METRICS), ["estimate", "low", "high", "note"]]
    table.index = pd.Index(_METRICS.values(), name="metric")
    table.attrs["interval"] = (
        "mean over centres, each judged by the model that was made without it, 95% by restricted "
        "maximum likelihood and Hartung and Knapp"
    )
    return table


def sum_groups(groups: pd.DataFrame) -> pd.DataFrame:
    """Add up groups of patients of like risk over centres.

    Each centre's groups have edges of their own. They are put in order of their mean risk, and
    neighbours are joined until each holds a fair part of the patients.

    Parameters
    ----------
    groups : DataFrame
        `n`, `events` and `expected` of each centre's groups.

    Returns
    -------
    DataFrame
        As :func:`training.measures.calibration_groups.compute_calibration_groups`: `predicted`,
        `observed`, `low`, `high`, `n`; at most six groups.
    """
    order = groups.assign(predicted=groups["expected"] / groups["n"]).sort_values("predicted")
    least = max(_PER_GROUP, int(np.ceil(groups["n"].sum() / _MOST_GROUPS)))
    joined: list[FloatArray] = []
    for row in order[["n", "events", "expected"]].to_numpy(dtype=np.float64):
        if joined and joined[-1][0] < least:
            joined[-1] = joined[-1] + row
        else:
            joined.append(row)
    if len(joined) > 1 and joined[-1][0] < _PER_GROUP:
        last = joined.pop()
        joined[-1] = joined[-1] + last
    rows = []
    for n, events, expected in joined:
        low, high = map(float, compute_wilson_interval(events, n))
        rows.append((expected / n, events / n, low, high, round(n)))
    return pd.DataFrame(rows, columns=["predicted", "observed", "low", "high", "n"])


def sum_decisions(decision: pd.DataFrame, between: tuple[float, float]) -> pd.DataFrame:
    """Add up who would be treated at each threshold, over the centres that tell it.

    A centre that may tell groups of risk tells every threshold. Where a group or a bin begins at
    one its patients are counted, between they are taken as spread evenly about their mean risk
    (:func:`training.network.arithmetic.risk_groups.count_above`): in simulated networks that moved
    the net benefit by 0.008 at most, on average, and left its spread as it is
    (docs/network_disclosure.md).

    Parameters
    ----------
    decision : DataFrame
        `centre`, `threshold`, `n`, `events`, `true_positives`, `false_positives`.
    between : (float, float)
        Range of thresholds set beforehand.

    Returns
    -------
    DataFrame
        One row per threshold of the range that at least two centres tell: `threshold`, `centres`,
        `n`, `events`, `true_positives`, `false_positives`; `net_benefit`, `treat_all` and
        `avoided_per_100` as :func:`training.measures.decision_curve.compute_decision_curve` has
        them, with `_low` and `_high`, 95% of a multinomial in the patients of each centre;
        `treat_none`.
    """
    inside = decision[decision["threshold"].between(*between)].copy()
    inside["threshold"] = inside["threshold"].round(6)
    rows = [
        _describe_threshold(float(part["threshold"].iloc[0]), part)
        for _, part in inside.groupby("threshold")
        if len(part) >= _FEWEST_CENTRES
    ]
    names = "net_benefit treat_all avoided_per_100"
    columns = "threshold centres n events true_positives false_positives treat_none".split()
    columns += [f"{name}{end}" for name in names.split() for end in ("", "_low", "_high")]
    return pd.DataFrame(rows, columns=columns)


def _describe_threshold(threshold: float, part: pd.DataFrame) -> dict[str, float]:
    odds = threshold / (1 - threshold)
    n, events = part["n"].to_numpy(float), part["events"].to_numpy(float)
    true, false = (part[f"{side}_positives"].to_numpy(float) for side in ("true", "false"))
    total = float(n.sum())
    model, model_se = _benefit(n, true, false, odds)
    everyone, everyone_se = _benefit(n, events, n - events, odds)
    row = {
        "threshold": threshold,
        "centres": len(part),
        "n": total,
        "events": float(events.sum()),
        "true_positives": float(true.sum()),
        "false_positives": float(false.sum()),
        "treat_none": 0.0,
    }
    # Beyond the better of all and none: against all, what differs are the patients below.
    if everyone > 0:
        gain, gain_se = _benefit(n, -(events - true), -(n - events - false), odds)
    else:
        gain, gain_se = model, model_se
    told = {"net_benefit": (model, model_se), "treat_all": (everyone, everyone_se)}
    if odds > 0:
        told["avoided_per_100"] = (100 * gain / odds, 100 * gain_se / odds)
    for name, (value, error) in told.items():
        half = _Z95 * error
        row |= {name: value, f"{name}_low": value - half, f"{name}_high": value + half}
    return row


def _benefit(
    n: FloatArray, gained: FloatArray, cost: FloatArray, odds: float
) -> tuple[float, float]:
    """Return the net benefit over centres' patients and its standard error.

    `gained` and `cost` are counts, or counts with a minus in front: of patients left out.
    """
    total = n.sum()
    value = (gained - odds * cost) / n
    squares = (np.abs(gained) + odds**2 * np.abs(cost)) / n - value**2
    variance = float(np.sum(n * np.maximum(squares, 0))) / total**2
    return float((gained - odds * cost).sum() / total), float(np.sqrt(variance))


def tabulate_thresholds(decisions: pd.DataFrame) -> pd.DataFrame:
    """Return how well "at or above the threshold" tells who responds.

    Parameters
    ----------
    decisions : DataFrame
        :func:`sum_decisions`.

    Returns
    -------
    DataFrame
        As :func:`training.measures.decision_curve.compute_threshold_table`.
    """
    true, false = decisions["true_positives"], decisions["false_positives"]
    events, others = decisions["events"], decisions["n"] - decisions["events"]
    table = pd.DataFrame(
        {"threshold": decisions["threshold"], "share_positive": (true + false) / decisions["n"]}
    )
    for name, right, among in (
        ("sensitivity", true, events),
        ("specificity", others - false, others),
        ("ppv", true, true + false),
        ("npv", others - false, decisions["n"] - true - false),
    ):
        low, high = compute_wilson_interval(right.to_numpy(float), among.to_numpy(float))
        table[name], table[f"{name}_low"], table[f"{name}_high"] = right / among, low, high
    return table


def list_untold(decisions: pd.DataFrame, between: tuple[float, float]) -> list[float]:
    """Return the thresholds of a range, every twentieth, at which nothing could be told."""
    told = decisions["threshold"].to_numpy(float)
    return [
        cut
        for cut in make_thresholds(between, COARSE)
        if not np.isclose(told, cut, atol=1e-6).any()
    ]
