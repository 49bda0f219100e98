"""What the import of a panel did, in counts, and what its user should know."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.panel.design import PanelDesign, Sample
from features.panel.names import AssayName
from features.panel.owners import Owners
from features.panel.summary import FileReport, describe_levels, make_panel_report, write_notices

DAY = date(2026, 1, 5)
FILE = FileReport("p.csv", "long", 4, 40.0, "found", {})
ASSAYS = {
    "a": AssayName("a", "hsa-miR-1-3p", "mature"),
    "b": AssayName("b", "b", "ambiguous", "two readings"),
    "c": AssayName("c", "c", "clash", "like d"),
    "u6": AssayName("u6", "u6", "other"),
}


def test_counts_are_those_of_patients_samples_assays_and_cells() -> None:
    table = pd.DataFrame(
        {
            "patient_id": ["P1", "P1", "P2", "P1"],
            "sample": ["S1", "S1", "S2", "S3"],
            "assay": ["a", "b", "a", "a"],
            "detected": [True, False, True, False],
            "replicates": [2, 1, 1, 3],
            "timing": ["before", "before", "unknown", "before"],
        }
    )
    report = make_panel_report(
        table,
        (FILE,),
        Counter(word=1, empty=0, ceiling=2),
        pd.Series(["HIGHSD;NOISE", "", "NOISE", "NOISE"]),
        ASSAYS,
        ("look",),
    )
    assert (report.patients, report.samples, report.assays, report.cells) == (2, 3, 2, 4)
    assert (report.not_detected, report.replicated) == (2, 2)
    assert report.non_detects == {"word": 1, "ceiling": 2}
    assert report.flags == {"NOISE": 3, "HIGHSD": 1}
    assert report.names == {"mature": 1, "ambiguous": 1, "clash": 1, "other": 1}
    assert report.unsure == {"b": "two readings", "c": "like d"}
    assert report.others == ("u6",)
    assert report.timing == {"before": 2, "unknown": 1}  # by sample, not by cell
    plain = report.to_dict()
    assert plain["files"][0]["ceiling"] == 40.0
    assert plain["notices"] == ("look",)


def _write(**given: Any) -> tuple[str, ...]:
    options: dict[str, Any] = {
        "assays": ASSAYS,
        "names": None,
        "design": None,
        "owners": Owners({"S1": Sample("P1", sample_date=DAY, infusion_start=date.max)}),
        "files": [FILE],
        "counts": {},
    }
    return write_notices(**options | given)


def test_an_import_with_nothing_to_say_says_nothing() -> None:
    assert _write() == ()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"owners": Owners({"S1": Sample("P1"), "S2": Sample("P2")})}, "2 samples without a date"),
        ({"owners": Owners({"S1": Sample("P1", "", "", DAY, DAY)})}, "1 samples taken on the day"),
        ({"owners": Owners(left_out={"no patient_id": 1})}, "1 samples left out: no patient_id"),
        ({"owners": Owners(notes=["several plates"])}, "several plates"),
        (
            {"assays": {"a": AssayName("hsa.miR.9.5p", "hsa-miR-9-5p", "mature")}},
            "1 assays are named as R writes them",
        ),
        (
            {
                "assays": {
                    "a": AssayName("a", "hsa-miR-1-3p", "mature"),
                    "A": AssayName("A", "hsa-miR-1-3p", "mature"),
                }
            },
            "read as one assay: a / A",
        ),
        (
            {
                "owners": Owners(
                    {
                        "S1": Sample("P1", sample_date=DAY, infusion_start=date.max),
                        "S2": Sample("P1", sample_date=DAY, infusion_start=date.max),
                    }
                )
            },
            "several samples of one patient: P1; a model takes one",
        ),
        ({"names": {"a": "x", "z": "y"}}, "names given for assays that are not there: z"),
        ({"names": dict.fromkeys("stuvwxyz", "")}, "not there: s, t, u, v, w"),
        (
            {"files": [FILE, FileReport("q", "long", 1, 35.0, "given", {})]},
            "different ceilings: a model sees all of them at the lowest, 35 cycles",
        ),
        ({"counts": {"empty": 3}}, "3 empty cells were read as not detected"),
        (
            {"files": [FileReport("q", "long", 1, 40.0, "assumed", {})], "counts": {"word": 1}},
            "no value piles up at a ceiling: it is assumed",
        ),
    ],
)
def test_each_thing_to_know_is_one_notice(given: dict[str, Any], words: str) -> None:
    [notice] = _write(**given)
    assert words in notice


def test_a_ceiling_that_nothing_rests_on_is_not_spoken_of() -> None:
    assumed = FileReport("q", "long", 1, 40.0, "assumed", {})
    assert _write(files=[assumed], counts={"word": 0}) == ()
    assert _write(files=[FILE, FileReport("q", "tidy", 1, 35.0, "not used", {})]) == ()


def test_what_the_design_has_beyond_the_files_is_told() -> None:
    design = PanelDesign((Sample("P1", name="S1"), Sample("P8", name="S8")), ("ward", "nurse"))
    assert _write(design=design, owners=Owners(absent=2)) == (
        "2 samples of the design file are in no panel file",
        "columns of the design file not used: ward, nurse",
    )


@pytest.mark.parametrize(
    ("ct", "ceiling", "told"),
    [
        ([3.2, 5.8, 11.9], 40.0, ["no Ct is above 11.9"]),
        ([3.2, 12.0], 40.0, []),
        ([], 40.0, []),
        ([40.0, 40.0, 40.0, 41.2], 45.0, ["3 values are exactly 40:"]),
        ([40.0, 40.0, 40.5, 41.2], 45.0, []),
        ([30.0, 30.0, 30.0, 41.2], 45.0, []),  # by chance, in the midst of the others
    ],
)
def test_values_that_may_be_no_cts_are_told(
    ct: list[float], ceiling: float, told: list[str]
) -> None:
    notes = describe_levels(np.array(ct), np.full(len(ct), ceiling))
    assert len(notes) == len(told)
    assert all(note.startswith(words) for note, words in zip(notes, told, strict=True))
