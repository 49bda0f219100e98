"""Tables and the picture of `known_truth`: what its rows say, computed and laid out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from experiments.truth.coverage import TENTHS
from training.document.style import (
    BLUE,
    GREY,
    INK,
    LIGHT,
    ORANGE,
    PaperFigure,
    make_figure,
    paper_style,
)
from training.fitting.candidates import BLENDED

__all__ = [
    "BLEND",
    "DEFAULT",
    "average_over_truths",
    "compare_coverage",
    "compare_with_before",
    "compare_with_best",
    "compare_with_limits",
    "compare_with_peers",
    "plot_errors",
    "compute_summary",
    "format_table",
]

DEFAULT = "default"
BLEND = "blend by cross-validation"
PREVALENCE = "prevalence"
_SINGLE = [name for name in BLENDED if name != PREVALENCE]
_COVERAGES = ("coverage", *TENTHS, "coverage_rarest")


def limit(n: int) -> float:
    """Return by how much the default's RMSE may exceed the prevalence's or a candidate's."""
    return 0.025 if n <= 120 else 0.015


def limit_of_change(n: int) -> float:
    """Return by how much the default's RMSE may rise when the procedure is changed."""
    return 0.004 if n <= 120 else 0.003


def compute_summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Average over cohorts.

    Parameters
    ----------
    rows : DataFrame
        Columns `truth`, `n`, `cohort`, `method`, `rmse`, `auc`, `slope`, and what
        :func:`experiments.truth.coverage.compute_coverage` gives; the method "prevalence" is among
        them.

    Returns
    -------
    DataFrame
        Indexed by `truth`, `n`, `method`: `cohorts`; `rmse`, `skill` (1 - MSE / MSE of the
        prevalence), `auc`, `width`, `coverage`, its tenths and `coverage_rarest`, means over
        cohorts, with the Monte Carlo standard error of the first two and of `coverage` in
        `rmse_se`, `skill_se`, `coverage_se`; `slope`, the median calibration slope. A skill
        of 0 is what the prevalence has, 1 is the truth; where nothing predicts it means nothing,
        for there the prevalence's own error is nearly 0.
    """
    key = ["truth", "n", "cohort"]
    base = rows.loc[rows["method"] == PREVALENCE].set_index(key)["rmse"]
    skill = 1 - (rows["rmse"].to_numpy() / base.loc[pd.MultiIndex.from_frame(rows[key])]) ** 2
    # Rows of runs before the tenths were measured have no such columns.
    rows = rows.reindex(columns=list(dict.fromkeys([*rows.columns, *_COVERAGES])))
    groups = rows.assign(skill=skill.to_numpy()).groupby(["truth", "n", "method"], sort=False)
    table = groups[["rmse", "skill", "auc", "width", *_COVERAGES]].mean()
    table.insert(0, "cohorts", groups.size())
    for name in ("rmse", "skill", "coverage"):
        table[f"{name}_se"] = groups[name].std() / np.sqrt(groups.size())
    table["slope"] = groups["slope"].median()
    return table


def compare_with_limits(summary: pd.DataFrame) -> pd.DataFrame:
    """Hold the default against the prevalence and our best other way in each truth and size.

    Returns
    -------
    DataFrame
        Indexed by `truth`, `n`: RMSE of `default`, `prevalence` and `best`, the blend or candidate
        with the smallest mean RMSE, whose name is `single`; `excess`, by how much the default
        exceeds the better of the two (below 0: it is better than both); `limit`; `within`.
    """
    wide = summary["rmse"].unstack("method")
    table = wide[[DEFAULT, PREVALENCE]].copy()
    others = [name for name in (BLEND, *_SINGLE) if name in wide]
    table["best"] = wide[others].min(axis=1)
    table["single"] = wide[others].idxmin(axis=1)
    table["excess"] = table[DEFAULT] - table[[PREVALENCE, "best"]].min(axis=1)
    table["limit"] = [limit(n) for n in table.index.get_level_values("n")]
    table["within"] = table["excess"] <= table["limit"]
    return table


def compare_with_peers(rows: pd.DataFrame, peers: Sequence[str]) -> pd.DataFrame:
    """Hold the default against the peers on the same cohorts, every truth weighing the same.

    Returns
    -------
    DataFrame
        One row for each `n`, then one for all sizes ("all"), and for each peer: `rmse` of the
        default and `rmse_peer`, both averaged over truths; `gain`, the peer's less the default's
        (above 0: the default is nearer to the truth), and its Monte Carlo standard error `se`.
    """
    wide = rows.pivot_table(index=["truth", "n", "cohort"], columns="method", values="rmse")
    found = []
    for peer in peers:
        both = wide[[DEFAULT, peer]].dropna()
        cells = both.assign(gain=both[peer] - both[DEFAULT]).groupby(["n", "truth"])
        mean = cells.mean()
        error: pd.Series[float] = cells["gain"].std() / np.sqrt(cells.size())
        for n in [*sorted(set(mean.index.get_level_values("n"))), "all"]:
            here = mean if n == "all" else mean.loc[[n]]
            spread: pd.Series[float] = error if n == "all" else error.loc[[n]]
            found.append(
                {
                    "peer": peer,
                    "n": n,
                    "rmse": here[DEFAULT].mean(),
                    "rmse_peer": here[peer].mean(),
                    "gain": here["gain"].mean(),
                    "se": float(np.sqrt((spread**2).sum()) / len(spread)),
                }
            )
    return pd.DataFrame(found)


def compare_with_best(rows: pd.DataFrame, peers: Sequence[str]) -> pd.DataFrame:
    """Hold the default against the best of prevalence and peers in each truth and size.

    Each is compared on the cohorts that both were fitted to, for a slow peer may have seen fewer.

    Returns
    -------
    DataFrame
        One row for each `truth` and `n`: `best`, the method that the default exceeds by most, or
        beats by least; the mean RMSE of the `default` and of that one, `rmse_best`, on the
        `cohorts` of both; `excess`, the default's less the other's, its Monte Carlo standard
        error `se`, the `limit`, and whether the excess is `within` it. One more row for each `n`
        and for "all": in how many truths the excess is within, as `best`, and the largest excess.
    """
    wide = rows.pivot_table(index=["truth", "n", "cohort"], columns="method", values="rmse")
    found = []
    for _, cell in wide.groupby(["truth", "n"], sort=False):
        truth, n, _ = cell.index[0]
        rivals = {}
        for name in (PREVALENCE, *peers):
            both = cell[[DEFAULT, name]].dropna()
            if len(both):
                rivals[name] = both
        best = max(rivals, key=lambda name: (rivals[name][DEFAULT] - rivals[name][name]).mean())
        excess = rivals[best][DEFAULT] - rivals[best][best]
        found.append(
            {
                "truth": truth,
                "n": n,
                "cohorts": len(excess),
                "default": rivals[best][DEFAULT].mean(),
                "best": best,
                "rmse_best": rivals[best][best].mean(),
                "excess": excess.mean(),
                "se": float(excess.std() / np.sqrt(len(excess))),
                "limit": limit(n),
                "within": excess.mean() <= limit(n),
            }
        )
    return pd.DataFrame(found)


def compare_with_before(rows: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Hold the default against the default of an earlier run, on the cohorts of both.

    Parameters
    ----------
    rows, before : DataFrame
        Columns `truth`, `n`, `cohort`, `method`, `rmse`; of runs with one and the same seed.

    Returns
    -------
    DataFrame
        One row for each `truth` and `n` that both have: `cohorts`; mean RMSE `before` and `now`;
        `change`, the later less the earlier (below 0: nearer to the truth), its Monte Carlo
        standard error `se`, the `limit`, and whether the change is `within` it.
    """
    key = ["truth", "n", "cohort"]
    now, then = (
        frame.loc[frame["method"] == DEFAULT, [*key, "rmse"]].set_index(key)["rmse"]
        for frame in (rows, before)
    )
    both = pd.concat({"before": then, "now": now}, axis=1, join="inner")
    both["change"] = both["now"] - both["before"]
    cells = both.groupby(["truth", "n"], sort=False)
    table = cells.mean()
    table.insert(0, "cohorts", cells.size())
    table["se"] = cells["change"].std() / np.sqrt(cells.size())
    table["limit"] = [limit_of_change(n) for n in table.index.get_level_values("n")]
    table["within"] = table["change"] <= table["limit"]
    return table.reset_index()


def average_over_truths(changes: pd.DataFrame) -> pd.DataFrame:
    """Average what :func:`compare_with_before` gives over truths, each weighing the same.

    Returns
    -------
    DataFrame
        One row for each `n`: RMSE `before` and `now`; `change`, their difference, and `share` of
        the earlier one (-0.04: nearer to the truth by 4%), with its Monte Carlo standard error
        `se`; `worst`, the largest change in any truth.
    """
    cells = changes.groupby("n")
    table = cells[["before", "now", "change"]].mean()
    table["share"] = table["change"] / table["before"]
    squares = (changes["se"] ** 2).groupby(changes["n"]).sum()
    table["se"] = np.sqrt(squares) / cells.size() / table["before"]
    table["worst"] = cells["change"].max()
    return table.reset_index()


def compare_coverage(summary: pd.DataFrame) -> pd.DataFrame:
    """Say how often the 95% intervals hold the true risk, for the default and peers that have any.

    Returns
    -------
    DataFrame
        One row for each `truth`, `n` and `method` with intervals: `cohorts`; `coverage`, its Monte
        Carlo standard error `se` and `width`; the coverage by tenth of the true risk, `1` to `10`,
        of which the lowest once more in `worst`; among the `rarest` tenth of patients. All are
        means over cohorts; a tenth is empty where many have one risk.
    """
    table = summary.loc[summary["coverage"].notna()].reset_index()
    tenths = table[list(TENTHS)].set_axis([str(k) for k in range(1, 11)], axis=1)
    head = table[["truth", "n", "method", "cohorts", "coverage", "coverage_se", "width"]]
    return pd.concat(
        [
            head.rename(columns={"coverage_se": "se"}),
            tenths,
            tenths.min(axis=1).rename("worst"),
            table["coverage_rarest"].rename("rarest"),
        ],
        axis=1,
    )


def _cell(value: Any) -> str:
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "NO"
    if isinstance(value, (float, np.floating)):
        return "-" if np.isnan(value) else f"{value:.3f}"
    return str(value)


def format_table(table: pd.DataFrame) -> str:
    """Return a frame as a Markdown table, its index left out, numbers to three decimals."""
    lines = [list(table.columns), ["---"] * table.shape[1]]
    lines += [[_cell(value) for value in row] for row in table.itertuples(index=False)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def plot_errors(summary: pd.DataFrame, peers: Sequence[str]) -> PaperFigure:
    """Draw RMSE to the true risk against the size of the cohort, one panel for each truth.

    The shaded band ends where the default would exceed its limit above the better of prevalence
    and best candidate.
    """
    truths = list(dict.fromkeys(summary.index.get_level_values("truth")))
    with paper_style():
        columns = min(4, len(truths))
        shape = (-(-len(truths) // columns), columns)
        figure = make_figure(width=2.6 * columns, height=2.2 * shape[0] + 0.5)
        panels = figure.subplots(*shape, sharex=True, sharey=True, squeeze=False).ravel()
        for panel in panels[len(truths) :]:
            panel.set_visible(False)
        for panel, truth in zip(panels, truths, strict=False):
            wide = summary.loc[truth]["rmse"].unstack("method").sort_index()
            others = [name for name in (BLEND, *_SINGLE) if name in wide]
            best = wide[[PREVALENCE, *others]].min(axis=1)
            top = best + [limit(n) for n in wide.index]
            panel.fill_between(wide.index, best, top, color=LIGHT, label="best single + limit")
            for peer in peers:
                label = "peers" if peer == peers[0] else None
                panel.plot(wide.index, wide[peer], color=ORANGE, lw=0.8, alpha=0.7, label=label)
            panel.plot(wide.index, wide[PREVALENCE], color=GREY, ls="--", lw=1, label=PREVALENCE)
            panel.plot(
                wide.index,
                wide[others].min(axis=1),
                color=INK,
                ls=":",
                lw=1.2,
                label="best candidate",
            )
            panel.plot(wide.index, wide[DEFAULT], color=BLUE, marker="o", ms=3, label=DEFAULT)
            panel.set(title=truth.replace("_", " "), xscale="log", xticks=wide.index)
            panel.set_xticks(wide.index, [str(n) for n in wide.index])
            panel.minorticks_off()
            panel.set_ylim(0, 0.35)
        figure.supxlabel("patients in the cohort")
        figure.supylabel("RMSE to the true risk")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=5)
    return figure
