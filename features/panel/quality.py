"""Quality control of a panel: what each sample, assay and plate shows, and what is dropped and why.

Nothing here looks at an outcome. What is dropped for want of detection is dropped by counts of
detected cells only; every other finding is told and left to people.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from features.errors import InputError, Problem
from features.panel.panel import Panel

__all__ = ["PanelQuality", "QualitySettings", "compute_quality", "drop_poor"]

_MIR_23A = ("miR-23a-3p", "miR-23a")
_MIR_451 = ("miR-451a", "miR-451")
"""Today's names and those of older releases of miRBase."""

_WELL_SEEN = 0.9


@dataclass(frozen=True)
class QualitySettings:
    """What is called poor.

    Parameters
    ----------
    min_sample : float
        A sample is dropped when it detects fewer than this share of what the median sample
        detects. It is relative: plasma detects fewer assays than tissue.
    min_assay : float
        An assay is dropped when it is detected in fewer than this share of the samples kept.
    max_spread : float
        Cycles between the lowest and highest replicate above which they are said to disagree.
    haemolysis_possible, haemolysis_suspicious : float
        Ct of miR-23a-3p minus Ct of miR-451a, in serum or plasma, from which red blood cells may
        have, or are likely to have, broken into the sample: 5 and 7 (Blondal 2013,
        doi:10.1016/j.ymeth.2012.09.015; Shah 2016, doi:10.1371/journal.pone.0153200). In tissue
        the difference says nothing.
    drop_haemolysed : bool
        Whether suspicious samples are dropped; else they are only told.
    """

    min_sample: float = 0.5
    min_assay: float = 0.25
    max_spread: float = 1.0
    haemolysis_possible: float = 5.0
    haemolysis_suspicious: float = 7.0
    drop_haemolysed: bool = False

    def __post_init__(self) -> None:
        """Refuse settings that mean nothing."""
        problems = [
            Problem(name, "a share from 0 to 1", f"{getattr(self, name):g}")
            for name in ("min_sample", "min_assay")
            if not 0 <= getattr(self, name) <= 1
        ]
        if not self.max_spread > 0:
            problems.append(Problem("max_spread", "cycles, above 0", f"{self.max_spread:g}"))
        if self.haemolysis_possible > self.haemolysis_suspicious:
            got = f"{self.haemolysis_possible:g}"
            problems.append(Problem("haemolysis_possible", "at most haemolysis_suspicious", got))
        if problems:
            raise InputError("quality control", problems)


@dataclass(frozen=True, eq=False)
class PanelQuality:
    """What quality control found.

    Attributes
    ----------
    samples : DataFrame
        One row per sample: `sample`, `patient_id`, `plate`, `measured` and `detected` (assays),
        `share_detected`, `median_ct` (of detected assays), `replicated` (assays with several
        wells), `disagreeing` (of these, spread above the limit), `haemolysis` (cycles, NaN where
        either assay is not detected), `haemolysis_reading` (no sign, possible, suspicious, or
        empty), `dropped` (the reason, or empty).
    assays : DataFrame
        One row per assay, over the samples kept: `assay`, `measured` and `detected` (samples),
        `share_detected` (of all samples kept), `median_ct`, `sd_ct` (of detected samples),
        `replicated`, `disagreeing`, `median_spread`, `dropped`.
    plates : DataFrame
        One row per plate, over the samples kept: `plate`, `samples`, `cells`, `share_detected`,
        `median_ct`, `q1_ct` and `q3_ct` of the samples' medians on it, and `shift`: the median
        distance of its cells from their assay's mean, in cycles, over assays detected in at
        least 90% of samples (NaN where there is none).
    plate_effect : DataFrame
        Over those assays, for `Ct` and for `ΔCt` (Ct minus the sample's mean of them):
        `explained`, the mean share of variance that lies between plates, and `expected`, the
        share were plates drawn by lot; `assays`, `plates`, `samples`. Empty with fewer than two
        plates, or as many plates as samples.
    settings : QualitySettings
    """

    samples: pd.DataFrame
    assays: pd.DataFrame
    plates: pd.DataFrame
    plate_effect: pd.DataFrame
    settings: QualitySettings

    def to_dict(self) -> dict[str, Any]:
        """Return counts as plain values, for JSON; no sample is named."""
        samples, assays = self.samples, self.assays
        return {
            "samples": len(samples),
            "samples_dropped": _count(samples["dropped"]),
            "assays": len(assays),
            "assays_dropped": _count(assays["dropped"]),
            "haemolysis": _count(samples["haemolysis_reading"]),
            "replicated": int(samples["replicated"].sum()),
            "disagreeing": int(samples["disagreeing"].sum()),
            "plates": len(self.plates),
            "plate_effect": self.plate_effect.to_dict("records"),
            "settings": asdict(self.settings),
        }


def _count(texts: pd.Series[Any]) -> dict[str, int]:
    return {str(text): int(n) for text, n in texts[texts != ""].value_counts().items()}


def compute_quality(panel: Panel, settings: QualitySettings | None = None) -> PanelQuality:
    """Look at every sample, assay and plate of a panel; without settings, by the defaults."""
    settings = settings or QualitySettings()
    cells = panel.table.assign(
        several=panel.table["replicates"] > 1, disagrees=panel.table["spread"] > settings.max_spread
    )
    samples = _compute_samples(cells, settings)
    kept = cells[cells["sample"].isin(samples.loc[samples["dropped"] == "", "sample"])]
    assays = _compute_assays(kept, settings)
    well = assays.loc[assays["share_detected"] >= _WELL_SEEN, "assay"]
    common = kept[kept["detected"] & kept["assay"].isin(well)]
    return PanelQuality(
        samples, assays, _compute_plates(kept, common), _compute_plate_effect(common), settings
    )


def drop_poor(panel: Panel, quality: PanelQuality) -> Panel:
    """Return a panel without the samples and assays that quality control drops.

    Raises
    ------
    InputError
        If nothing is left.
    """
    samples = quality.samples.loc[quality.samples["dropped"] == "", "sample"]
    assays = quality.assays.loc[quality.assays["dropped"] == "", "assay"]
    table = panel.table
    table = table[table["sample"].isin(samples) & table["assay"].isin(assays)]
    if table.empty:
        raise InputError("quality control leaves nothing of the panel")
    return Panel(table.reset_index(drop=True))


def _compute_samples(cells: pd.DataFrame, settings: QualitySettings) -> pd.DataFrame:
    groups = cells.groupby("sample", sort=False)
    table = groups.agg(
        patient_id=("patient_id", "first"),
        plate=("plate", lambda names: "+".join(dict.fromkeys(names))),
        measured=("detected", "size"),
        detected=("detected", "sum"),
        median_ct=("ct", "median"),
        replicated=("several", "sum"),
        disagreeing=("disagrees", "sum"),
    ).reset_index()
    table.insert(5, "share_detected", table["detected"] / table["measured"])
    table["haemolysis"] = _compute_haemolysis(cells).reindex(table["sample"]).to_numpy()
    table["haemolysis_reading"] = np.select(
        [
            table["haemolysis"].isna(),
            table["haemolysis"] >= settings.haemolysis_suspicious,
            table["haemolysis"] >= settings.haemolysis_possible,
        ],
        ["", "suspicious", "possible"],
        "no sign",
    )
    few = table["detected"] < settings.min_sample * table["detected"].median()
    broken = (table["haemolysis_reading"] == "suspicious") & settings.drop_haemolysed
    table["dropped"] = np.select(
        [few | (table["detected"] == 0), broken],
        [
            f"detects fewer than {settings.min_sample:.0%} of what the median sample does",
            "likely haemolysed",
        ],
        "",
    )
    return table


def _compute_haemolysis(cells: pd.DataFrame) -> pd.Series[float]:
    """Return Ct(miR-23a-3p) - Ct(miR-451a) of each sample in which both are detected."""
    names = cells["assay"].str.removeprefix("hsa-")
    there = set(names.unique().tolist())
    first, second = (
        next((name for name in known if name in there), "") for known in (_MIR_23A, _MIR_451)
    )
    ct = [cells[names == name].set_index("sample")["ct"] for name in (first, second)]
    return ct[0] - ct[1]


def _compute_assays(cells: pd.DataFrame, settings: QualitySettings) -> pd.DataFrame:
    n_samples = cells["sample"].nunique()
    table = (
        cells.groupby("assay", sort=False)
        .agg(
            measured=("detected", "size"),
            detected=("detected", "sum"),
            median_ct=("ct", "median"),
            sd_ct=("ct", "std"),
            replicated=("several", "sum"),
            disagreeing=("disagrees", "sum"),
            median_spread=("spread", "median"),
        )
        .reset_index()
    )
    table.insert(3, "share_detected", table["detected"] / max(n_samples, 1))
    few = table["share_detected"] < settings.min_assay
    reason = f"detected in fewer than {settings.min_assay:.0%} of the samples"
    table["dropped"] = np.where(few | (table["detected"] == 0), reason, "")
    return table


def _compute_plates(cells: pd.DataFrame, common: pd.DataFrame) -> pd.DataFrame:
    groups = cells.groupby("plate", sort=False)
    table = groups.agg(
        samples=("sample", "nunique"),
        cells=("detected", "size"),
        share_detected=("detected", "mean"),
    )
    medians = cells.groupby(["plate", "sample"], sort=False)["ct"].median().groupby("plate")
    for name, quantile in (("median_ct", 0.5), ("q1_ct", 0.25), ("q3_ct", 0.75)):
        table[name] = medians.quantile(quantile)
    distance = common["ct"] - common.groupby("assay")["ct"].transform("mean")
    table["shift"] = distance.groupby(common["plate"]).median()
    return table.reset_index()


def _compute_plate_effect(common: pd.DataFrame) -> pd.DataFrame:
    columns = ["scale", "explained", "expected", "assays", "plates", "samples"]
    plates, samples = common["plate"].nunique(), common["sample"].nunique()
    if plates < 2 or plates >= samples:
        return pd.DataFrame(columns=columns)
    relative = common["ct"] - common.groupby("sample")["ct"].transform("mean")
    rows = []
    for scale, values in (("Ct", common["ct"]), ("ΔCt", relative)):
        total = values - values.groupby(common["assay"]).transform("mean")
        inside = values - values.groupby([common["assay"], common["plate"]]).transform("mean")
        sums = pd.DataFrame({"total": total**2, "inside": inside**2})
        by_assay = sums.groupby(common["assay"]).sum()
        by_assay = by_assay[by_assay["total"] > 0]
        counts = common.groupby("assay").agg(n=("sample", "size"), k=("plate", "nunique"))
        expected = ((counts["k"] - 1) / (counts["n"] - 1)).loc[by_assay.index]
        explained = 1 - by_assay["inside"] / by_assay["total"]
        rows.append((scale, explained.mean(), expected.mean(), len(by_assay), plates, samples))
    return pd.DataFrame(rows, columns=columns)
