"""Panel files as instruments and people write them, made up for tests."""

import io
from collections.abc import Iterable
from pathlib import Path

import openpyxl
import pandas as pd

from features.panel.importing import read_panel
from features.panel.panel import Panel

SDS = """SDS 2.3 RQ Results\t1.2
Filename\tall cards.sdm
Assay Type\tRQ Study
EmbeddedFile\tCard A
Run DateTime\tFri May 15 17:10:28 BST 2009
ThermalCycleParams
#  \tPlate\tPos\tFlag\tSample\tDetector\tTask\tCt\tDelta Ct\tOmit\tHSD
1\tCard A\tA1\tPassed\tS1\thsa-miR-17-4395419\tTarget\t24.5\t\tFALSE
2\tCard A\tA2\tFlagged\tS1\thsa-miR-21-000397\tTarget\tUndetermined\t\tFALSE
3\tCard A\tA3\tPassed\tS1\tU6 snRNA-001973\tEndogenous Control\t18.0\t\tFALSE\tTRUE
4\tCard A\tA4\tPassed\tS1\tU6 snRNA-001973\tEndogenous Control\t18.4\t\tFALSE
5\tCard A\tA5\tPassed\tS1\thsa-miR-9#-002231\tTarget\t31.0\t\tTRUE
6\tCard B\tA1\tPassed\tS2\thsa-miR-17-4395419\tTarget\t25.5\t\tFALSE
7\tCard B\tA2\tPassed\tS2\thsa-miR-21-000397\tTarget\t36.25\t\tFALSE
8\tCard B\tA3\tPassed\tS2\tU6 snRNA-001973\tEndogenous Control\t19.0\t\tFALSE
9\tCard B\tA4\tPassed\tNTC\tU6 snRNA-001973\tNTC\t38.0\t\tFALSE
10\tCard B\tA5\t\t\t\t\t\t\t
"""
"""A TLDA export: preamble, lines shorter than the headings, an omitted well, no-template wells."""

QUANTSTUDIO = """* Block Type = 384-Well Block
* Experiment Barcode = NA
* Experiment Name = Plate 7
* Instrument Type = QuantStudio(TM) 7 Flex System

[Sample Setup]
Well\tWell Position\tSample Name\tTarget Name\tTask
1\tA1\tS1\thsa-miR-17-5p\tUNKNOWN

[Results]
Well\tWell Position\tOmit\tSample Name\tTarget Name\tTask\tC\u0442\tC\u0442 Mean\tAmp Status\tHIGHSD
1\tA1\tfalse\tS1\thsa-miR-17-5p\tUNKNOWN\t24,5\t24,6\tAmp\tN
2\tA2\tfalse\tS1\thsa-miR-17-5p\tUNKNOWN\t24,7\t24,6\tAmp\tY
3\tA3\tfalse\tS1\thsa-miR-21-5p\tUNKNOWN\tUndetermined\t\tNo Amp\tN
4\tA4\tfalse\tS1\thsa-miR-23a-3p\tUNKNOWN\t38,1\t38,1\tNo Amp\tN
5\tA5\tfalse\tS1\thsa-miR-451a\tUNKNOWN\t\t\tInconclusive\tN

Analysis Type\tSinglePlex
"""
"""A QuantStudio export with decimal commas and a Cyrillic letter in Ct, as a Windows PC writes."""

WIDE = """sample,hsa-miR-17-5p,hsa-miR-21-5p,hsa-miR-23a-3p,hsa-miR-451a
S1,24.5,35,27.0,19.5
S2,25.5,33.5,28.0,24.0
S3,26.5,35,35,25.0
"""


def write(folder: Path, text: str, name: str = "panel.txt", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def make_workbook(**sheets: Iterable[Iterable[object]]) -> bytes:
    """Return a workbook with the rows of each sheet."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def make_panel(folder: Path, text: str = WIDE, **options: object) -> Panel:
    return read_panel(write(folder, text, "made.csv"), **options)  # type: ignore[arg-type]


def cell(panel: Panel, sample: str, assay: str) -> pd.Series:
    table = panel.table
    found = table[(table["sample"] == sample) & (table["assay"] == assay)]
    assert len(found) == 1
    return found.iloc[0]
