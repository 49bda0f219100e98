"""The quality control of a panel as a page, and an import's report as lines for the screen."""

from __future__ import annotations

import numpy as np
import pandas as pd

from experiments.description.panel_plots import (
    plot_detection,
    plot_haemolysis,
    plot_levels,
    plot_plates,
)
from features.panel.panel import Panel
from features.panel.quality import PanelQuality
from features.panel.summary import PanelReport
from training.document.document import Block, Bullets, Document, Picture, Section, Table
from training.document.words import ABSENT, percent

__all__ = ["describe_import", "make_quality_report"]

_SHOWN = 12
_NAMES = {
    "mature": "in miRBase's spelling, with the arm",
    "no_arm": "without an arm (-5p, -3p): an older name, or one with a single strand",
    "star": "with a star: an older name",
    "given": "as the names file tells",
    "other": "no microRNA; kept as they are",
    "ambiguous": "not certain; kept as they are",
    "clash": "two assays with one name; both kept apart",
}


def describe_import(report: PanelReport) -> list[str]:
    """Return what an import did, in lines without patients' values."""
    lines = [
        f"{report.samples} samples of {report.patients} patients, {report.assays} assays, "
        f"{report.cells} cells, {report.not_detected} of them not detected."
    ]
    for file in report.files:
        lines.append(
            f"{file.name}: {file.layout}, {file.wells} wells, ceiling {file.ceiling:g} cycles "
            f"({file.ceiling_source})."
        )
        lines += [f"  left out: {reason} ({n})" for reason, n in file.left_out.items()]
    reasons = ", ".join(f"by {reason} {n}" for reason, n in report.non_detects.items())
    if reasons:
        lines.append(f"Wells not detected: {reasons}.")
    if report.flags:
        flags = ", ".join(f"{word} {n}" for word, n in report.flags.items())
        lines.append(f"Flags: {flags}.")
    if report.replicated:
        lines.append(f"{report.replicated} cells combined from several wells.")
    lines += [f"Names: {n} {_NAMES[status]}." for status, n in report.names.items()]
    lines += _list("Not certain", [f"{raw} ({why})" for raw, why in report.unsure.items()])
    lines += _list("No microRNA", list(report.others))
    return lines + [f"Note: {notice}." for notice in report.notices]


def _list(title: str, items: list[str]) -> list[str]:
    more = f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
    return [f"{title}: {', '.join(items[:_SHOWN])}{more}."] if items else []


def make_quality_report(panel: Panel, quality: PanelQuality) -> Document:
    """Lay out what quality control found in a panel."""
    table = panel.table
    lead = (
        f"{quality.samples['patient_id'].nunique()} patients, {len(quality.samples)} samples, "
        f"{len(quality.assays)} assays, {len(quality.plates)} plate"
        f"{'s'[: len(quality.plates) != 1]}; "
        f"{percent(float(table['detected'].mean()))} of {len(table)} cells detected. "
        "No outcome was looked at."
    )
    sections = (
        Section("What is dropped, and why", _dropped(quality)),
        Section("Detection", _detection(panel, quality)),
        Section("Replicates", (_replicates(quality),)),
        Section("Haemolysis", _haemolysis(quality)),
        Section("Plates", _plates(quality)),
        Section("When the samples were taken", (_timing(table),)),
    )
    stamp = "Simulated patients: for demonstration only" if panel.synthetic else ""
    return Document("Quality control of a microRNA panel", lead, stamp, sections)


def _dropped(quality: PanelQuality) -> tuple[Block, ...]:
    rows = [
        (name, reason, int(n))
        for name, table in (("sample", quality.samples), ("assay", quality.assays))
        for reason, n in table.loc[table["dropped"] != "", "dropped"].value_counts().items()
    ]
    if not rows:
        return ("Nothing.",)
    return (
        Table(
            "dropped",
            "What is dropped",
            pd.DataFrame(rows, columns=["what", "reason", "count"]),
            "Which samples and assays these are stands in samples.csv and assays.csv.",
        ),
    )


def _quartiles(values: pd.Series[float]) -> str:
    if values.dropna().empty:
        return ABSENT
    low, middle, high = np.percentile(values.dropna(), [25, 50, 75])
    return f"{middle:.1f} ({low:.1f} to {high:.1f})"


def _detection(panel: Panel, quality: PanelQuality) -> tuple[Block, ...]:
    samples, assays = quality.samples, quality.assays
    levels = {
        "assays detected in a sample, %": 100 * samples["share_detected"],
        "median Ct of a sample, cycles": samples["median_ct"],
        "samples in which an assay is detected, %": 100 * assays["share_detected"],
        "SD of an assay's Ct, cycles": assays["sd_ct"],
    }
    table = Table.from_rows(
        "detection",
        "Detection and level",
        levels.items(),
        {"what": lambda r: r[0], "median (quartiles)": lambda r: _quartiles(r[1])},
    )
    ceiling = float(panel.table["ceiling"].min())
    return (
        table,
        Picture(
            "detection",
            "Share of assays that each sample detects, and of samples in which "
            "each assay is detected. What lies left of the dashed line is dropped.",
            "two histograms of shares detected",
            lambda: plot_detection(samples, assays, quality.settings),
        ),
        Picture(
            "levels",
            "Each point is an assay. Detection falls off near the ceiling; where it "
            "falls off well before, a lower ceiling treats what is lost more fairly.",
            "scatter of share detected against median Ct of assays",
            lambda: plot_levels(assays, ceiling=ceiling),
        ),
    )


def _replicates(quality: PanelQuality) -> Block:
    samples, limit = quality.samples, quality.settings.max_spread
    n, apart = int(samples["replicated"].sum()), int(samples["disagreeing"].sum())
    if not n:
        return "No cell comes from several wells."
    return (
        f"{n} cells come from several wells; in {apart} ({percent(apart / n)}) their Ct lie "
        f"more than {limit:g} cycles apart. They are kept: their mean stands in the panel."
    )


def _haemolysis(quality: PanelQuality) -> tuple[Block, ...]:
    settings, readings = quality.settings, quality.samples["haemolysis_reading"]
    counts = readings[readings != ""].value_counts()
    if counts.empty:
        return ("miR-23a-3p and miR-451a are not both detected in any sample.",)
    without = int((readings == "").sum())
    words = ", ".join(f"{word} {n}" for word, n in counts.items())
    fate = "are dropped" if settings.drop_haemolysed else "are told here and kept"
    text = (
        f"{words}; not both detected in {without}. The difference Ct(miR-23a-3p) minus "
        f"Ct(miR-451a) is read as possible haemolysis from {settings.haemolysis_possible:g} and as "
        f"suspicious from {settings.haemolysis_suspicious:g} cycles, in serum and plasma only "
        "(doi:10.1016/j.ymeth.2012.09.015, doi:10.1371/journal.pone.0153200). Suspicious samples "
        f"{fate}."
    )
    picture = Picture(
        "haemolysis",
        "Samples by their haemolysis difference, and the limits.",
        "histogram of haemolysis differences",
        lambda: plot_haemolysis(quality.samples, settings),
    )
    return (text, picture)


def _plates(quality: PanelQuality) -> tuple[Block, ...]:
    # A plate with one sample may bear that sample's name: it is counted, not named.
    plates = quality.plates[quality.plates["samples"] > 1]
    effect, single = quality.plate_effect, len(quality.plates) - len(plates)
    blocks: list[Block] = [
        Table.from_rows(
            "plates",
            "Plates",
            plates,
            {
                "plate": "plate",
                "samples": "samples",
                "detected": lambda r: percent(r.share_detected),
                "median Ct": lambda r: f"{r.median_ct:.1f}",
                "shift": lambda r: ABSENT if pd.isna(r.shift) else f"{r.shift:+.2f}",
            },
            "Shift: median distance from the assays' means in cycles, over assays detected "
            "in at least 90% of the samples."
            + (f" {single} with a single sample are not shown." if single else ""),
        )
    ]
    if effect.empty:
        blocks.append(
            "How far plates differ cannot be told: that takes two plates, and more "
            "samples than plates."
        )
        return tuple(blocks)
    blocks.append(
        Bullets(
            tuple(
                f"{row.scale}: {percent(float(str(row.explained)))} of an assay's variance "
                f"lies between plates on average, of {row.assays} assays; "
                f"{percent(float(str(row.expected)))} would if plates did not matter."
                for row in effect.itertuples()
            )
        )
    )
    blocks.append(
        Picture(
            "plates",
            "Median Ct of the samples on each plate (with quartiles), and how far "
            "its cells lie from their assays' means (bars).",
            "medians with quartiles, and bars, by plate",
            lambda: plot_plates(plates),
        )
    )
    return tuple(blocks)


def _timing(table: pd.DataFrame) -> Block:
    counts = table.drop_duplicates("sample")["timing"].value_counts()
    words = {
        "before": "before the infusion",
        "same_day": "on the day it began, time not told",
        "unknown": "not known",
    }
    return Bullets(tuple(f"{counts.get(key, 0)} {text}" for key, text in words.items()))
