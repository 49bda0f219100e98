"""Tables that a study's report and that of a validation share."""

from __future__ import annotations

import pandas as pd

from training.document.document import Table
from training.document.words import METRICS, estimate, estimate_share, number, percent

__all__ = ["make_bounds_table", "make_flow_table", "make_thresholds_table", "stack_horizons"]


def stack_horizons(tables: dict[str, pd.DataFrame], *, upper: bool = False) -> pd.DataFrame:
    """Return tables of each horizon below each other, with a column `horizon`."""
    parts = [table.assign(horizon=h.upper() if upper else h) for h, table in tables.items()]
    return pd.concat(parts, ignore_index=True)


def make_flow_table(flow: pd.DataFrame) -> Table:
    """Return how the courses of the file became those with a known outcome."""
    return Table.from_rows(
        "flow",
        "From all courses to those with a known outcome.",
        flow,
        {
            "step": "step",
            "left": "remaining",
            "excluded": "excluded",
            "of those left: not known": "unknown_kept",
        },
    )


def make_bounds_table(
    bounds: pd.DataFrame, unknown: dict[str, int], caption: str, note: str
) -> Table:
    """Return what unknown outcomes could change.

    Parameters
    ----------
    bounds : DataFrame
        Columns `horizon`, `metric`, `known`, `lowest`, `highest`.
    unknown : dict of str to int
        Unknown outcomes by horizon, as it is written in `bounds`.
    caption, note : str
        Of the table.
    """
    return Table.from_rows(
        "outcome_bounds",
        caption,
        bounds,
        {
            "horizon": lambda r: r.horizon.upper(),
            "unknown": lambda r: unknown[r.horizon],
            "measure": lambda r: METRICS[r.metric].label,
            "known outcomes": lambda r: number(r.known),
            "lowest": lambda r: number(r.lowest),
            "highest": lambda r: number(r.highest),
        },
        note,
    )


def make_thresholds_table(
    horizon: str, thresholds: pd.DataFrame, curve: pd.DataFrame, note: str = ""
) -> Table:
    """Return what a horizon's thresholds of the probability do, and what they are worth.

    Parameters
    ----------
    horizon : str
        Such as "t1".
    thresholds : DataFrame
        :func:`training.measures.decision_curve.compute_threshold_table`.
    curve : DataFrame
        :func:`training.measures.decision_curve.compute_decision_curve` at the same thresholds.
    note : str
        What to read before the rest of the note.
    """
    return Table.from_rows(
        f"thresholds_{horizon}",
        f"At thresholds of the probability, {horizon.upper()}.",
        thresholds.merge(curve, on="threshold"),
        {
            "threshold": lambda r: percent(r.threshold),
            "at or above": lambda r: percent(r.share_positive),
            "sensitivity": lambda r: estimate_share(r, "sensitivity"),
            "specificity": lambda r: estimate_share(r, "specificity"),
            "PPV": lambda r: estimate_share(r, "ppv"),
            "NPV": lambda r: estimate_share(r, "npv"),
            "net benefit (95%)": lambda r: estimate(r, "net_benefit"),
            "treat all": lambda r: number(r.treat_all),
            "avoided per 100 (95%)": lambda r: estimate(r, "avoided_per_100", 0),
        },
        f"{note}Predictive values hold at this cohort's share of responders. Avoided: courses "
        "without response that the model spares 100 patients compared with treating all, net of "
        "responders missed.",
    )
