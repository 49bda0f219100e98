"""What the rows of `experiments.truth.networks.networks` say, as tables."""

from __future__ import annotations

import numpy as np
import pandas as pd

from experiments.truth.truth_tables import format_table

__all__ = [
    "ALONE",
    "IGNORING",
    "NETWORK",
    "ONE_ROUND",
    "POOLED",
    "UNGUARDED",
    "compare_errors",
    "describe_networks",
    "tabulate_choices",
    "tabulate_errors",
]

NETWORK = "network"
UNGUARDED = "network, nothing held back"
ONE_ROUND = "network, 1 round"
POOLED = "same procedure, all rows"
ALONE = "each centre alone"
IGNORING = "one cohort's procedure, all rows"

FARTHEST = 0.003
"""By how much the network's error may exceed that of the same procedure on rows."""
NEAREST = 0.75
"""What share the network's error may be of the average single centre's."""


def tabulate_errors(rows: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return the mean of a measure: a row for each method, a column for each world."""
    table = rows.pivot_table(index="method", columns="world", values=measure, sort=False)
    return table.reset_index().rename_axis(columns=None)


def compare_errors(rows: pd.DataFrame, measure: str, method: str = NETWORK) -> pd.DataFrame:
    """Hold a network's error against that of all rows and of a centre alone.

    Parameters
    ----------
    rows : DataFrame
        Of :func:`experiments.truth.networks.networks.run_networks`.
    measure : {"rmse", "rmse_new"}
        At known centres, or at new ones.
    method : str
        Which of the networks.

    Returns
    -------
    DataFrame
        For each `world`: `networks`; `network`, the mean error; `excess` over the same procedure on
        all rows, on the same networks, and its Monte Carlo standard error `excess_se`; `within`
        0.003; `share` of the average single centre's error, and whether it is `below` 0.75.
    """
    wide = rows.pivot_table(
        index=["world", "replicate"], columns="method", values=measure, sort=False
    )
    found = []
    for world, here in wide.groupby("world", sort=False):
        excess = here[method] - here[POOLED]
        share = float(here[method].mean() / here[ALONE].mean())
        found.append(
            {
                "world": world,
                "networks": len(here),
                "network": float(here[method].mean()),
                "excess": float(excess.mean()),
                "excess_se": float(excess.std() / np.sqrt(len(here))),
                "within": bool(excess.mean() <= FARTHEST),
                "share": share,
                "below": share <= NEAREST,
            }
        )
    return pd.DataFrame(found)


def tabulate_choices(rows: pd.DataFrame, method: str = NETWORK) -> pd.DataFrame:
    """Return by world what the network chose and how far its intervals hold.

    Returns
    -------
    DataFrame
        `world`; `coverage`, `coverage_new` with their standard errors `_se`, `width`, `width_new`;
        means of `weight`, `tau` and `tau_slope`; `bends`, `random_slopes`, `as_pooled`: the share
        of networks with bends, with slopes that differ, and that chose what all rows choose;
        `taking_part`, the mean number of centres whose slopes count.
    """
    here = rows[rows["method"] == method].groupby("world", sort=False)
    names = ["coverage", "width", "coverage_new", "width_new", "weight", "tau", "tau_slope"]
    table = here[[*names, "bends", "random_slopes", "as_pooled", "taking_part"]].mean()
    for end in ("", "_new"):
        error: pd.Series = here[f"coverage{end}"].std() / np.sqrt(here.size())
        place = list(table.columns).index(f"coverage{end}") + 1
        table.insert(place, f"coverage{end}_se", error)
    return table.reset_index()


def describe_networks(rows: pd.DataFrame) -> str:
    """Return the tables in Markdown."""
    parts = [
        ("Error at known centres", tabulate_errors(rows, "rmse")),
        ("Error at new centres", tabulate_errors(rows, "rmse_new")),
        ("The network against all rows and one centre, known", compare_errors(rows, "rmse")),
        ("The network against all rows and one centre, new", compare_errors(rows, "rmse_new")),
        ("The same with nothing held back, known", compare_errors(rows, "rmse", UNGUARDED)),
        ("The same with nothing held back, new", compare_errors(rows, "rmse_new", UNGUARDED)),
        ("Intervals and choices", tabulate_choices(rows)),
        ("Intervals and choices, nothing held back", tabulate_choices(rows, UNGUARDED)),
        ("Intervals and choices, one round", tabulate_choices(rows, ONE_ROUND)),
    ]
    return "\n\n".join(f"## {title}\n\n{format_table(table)}" for title, table in parts) + "\n"
