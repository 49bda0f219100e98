from __future__ import annotations

import pytest

from features.errors import InputError
from features.files.table import write_table
from features.panel.importing import read_panel
from features.panel.panel import Panel
from serving.estimate.panel import PanelSample
from serving.estimate.panel_text import read_form_panel, split_samples
from serving.estimate.request import RequestError
from tests.features.helpers.panels import QUANTSTUDIO, SDS, WIDE, write

LINES = {"hsa-miR-16-5p": 22.1, "hsa-miR-155-5p": 30.0, "U6 snRNA": None}


def read(text, **fields):
    data = text if isinstance(text, bytes) else text.encode()
    return read_form_panel({f"panel_{name}": value for name, value in fields.items()}, data)


def problems(text, **fields):
    with pytest.raises(RequestError) as caught:
        read(text, **fields)
    return {problem.column: problem for problem in caught.value.problems}


@pytest.mark.parametrize(
    "text",
    [
        "hsa-miR-16-5p,22.1\nhsa-miR-155-5p,30\nU6 snRNA,Undetermined\n",
        "assay,Ct\nhsa-miR-16-5p,22.1\nhsa-miR-155-5p,30\nU6 snRNA,ND",
        "hsa-miR-16-5p\t22,1\nhsa-miR-155-5p\t30,0\nU6 snRNA\tnot detected",
        "Target;Cq\r\nhsa-miR-16-5p;22,1\r\n\r\nhsa-miR-155-5p;30\r\nU6 snRNA;No Ct\r\n",
        "hsa-miR-16-5p 22.1\n  hsa-miR-155-5p   30\nU6 snRNA not detected",
        "Assay Ct\nhsa-miR-16-5p 22.1\nhsa-miR-155-5p 30\nU6 snRNA not detected",
        '"hsa-miR-16-5p","22.1"\n"hsa-miR-155-5p","30"\n"U6 snRNA","Undetermined"',
        "hsa-mir-16-5p,22.1\nhsa-miR-155-5p-002623,30\nU6 snRNA,",
        '"hsa-miR-16-5p, FAM";"22,1"\n"hsa-miR-155-5p";"30"\n"U6 snRNA";"ND"',
        "\ufeffhsa-miR-16-5p\t22,1\u200b\nhsa-miR-155-5p\u00a0\t30\nU6 snRNA\t\u00adND",
    ],
    ids=[
        "comma",
        "heading",
        "tab",
        "semicolon",
        "blanks",
        "heading of blanks",
        "quotes",
        "spelling",
        "a comma in quotes",
        "characters nobody sees",
    ],
)
def test_lines_of_assay_and_ct_are_read(text):
    assert read(text) == PanelSample(LINES)


def test_two_commas_are_not_taken_for_a_decimal():
    # Two replicates or a decimal comma? The import takes it for no table of one sample.
    assert problems("hsa-miR-16-5p,22,30\nhsa-miR-155-5p,24,31")


def test_a_plates_export_is_read_and_a_sample_chosen():
    assert read(QUANTSTUDIO).values["hsa-miR-17-5p"] == pytest.approx(24.6)
    found = problems(SDS)
    assert found["panel_sample"].got == "2 samples: S1, S2"
    assert read(SDS, sample="S2").values["hsa-miR-21"] == 36.25
    found = problems(SDS, sample="s1")
    assert found["panel_sample"].got == "another name than those of the 2 samples: S1, S2"


def test_the_first_five_of_many_samples_are_named():
    rows = "".join(f"S{i},24,25\n" for i in range(1, 7))
    found = problems(f"sample,hsa-miR-1-3p,hsa-miR-2-3p\n{rows}")
    assert found["panel_sample"].got == "6 samples: S1, S2, S3, S4, S5, ..."


def test_a_matrix_tells_its_ceiling():
    piled = "sample,hsa-miR-1-3p,hsa-miR-2-3p,hsa-miR-3-3p,hsa-miR-4-3p\nS1,35,35,35,20\n"
    sample = read(piled)
    assert sample.ceiling == 35
    assert sample.values["hsa-miR-1-3p"] is None
    assert read(piled.replace("35,35,35", "35,35,34")).ceiling is None  # nothing tells


def test_a_tidy_file_brings_its_date_and_the_form_the_start(tmp_path):
    path = tmp_path / "tidy.csv"
    panel = read_panel(write(tmp_path, WIDE))
    dated = panel.table.assign(sample_date="2026-03-01").astype({"sample_date": "datetime64[s]"})
    write_table(type(panel)(dated).table, path)
    data = path.read_bytes()
    assert read(data, sample="S1", infusion_start="2026-03-02").timing == "before"
    late = problems(data, sample="S1", infusion_start="2026-02-02")
    assert list(late) == ["panel_sample_date"]
    assert read(data, sample="S1").timing == "unknown"


def test_dates_of_the_form_decide():
    text = "hsa-miR-16-5p,22.1"
    assert read(text, sample_date="2026-03-01", infusion_start="2026-03-01").timing == "same_day"
    assert list(problems(text, sample_date="1.3.26")) == ["panel_sample_date"]


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("hello", "panel_text"),
        (b"PK\x03\x04 workbook", "panel_text"),
        (b"PAR1 nothing", "panel_text"),
        ("hsa-miR-16-5p,22.1\nhsa-miR-155-5p,99", "panel_text.hsa-miR-155-5p"),
        ("assay,S1\nhsa-miR-16-5p,abc\nhsa-miR-17-5p,24", "panel_text.hsa-miR-16-5p"),
        ("\x00\x01", "panel_text"),
    ],
)
def test_what_cannot_be_read_is_told_by_field_and_assay(text, column):
    found = problems(text)
    assert list(found) == [column]
    assert "--" not in found[column].action


def test_the_plate_is_never_taken_from_a_file():
    assert read(QUANTSTUDIO).plate == ""


def test_a_tidy_panel_is_split_by_patient(tmp_path):
    panel = read_panel(write(tmp_path, WIDE, name="p7.csv"), ceiling=35)
    samples = split_samples(panel)
    assert samples["S1"] == PanelSample(
        {
            "hsa-miR-17-5p": 24.5,
            "hsa-miR-21-5p": None,
            "hsa-miR-23a-3p": 27.0,
            "hsa-miR-451a": 19.5,
        },
        "p7",
        35.0,
        "unknown",
    )
    assert list(samples) == ["S1", "S2", "S3"]


def test_two_samples_of_one_patient_are_not_pooled(tmp_path):
    # Of two samples only one may be the one before the infusion: nobody but the sender knows which.
    table = read_panel(write(tmp_path, WIDE)).table
    panel = Panel(table.assign(patient_id=table["patient_id"].replace("S2", "S1")))
    with pytest.raises(InputError) as caught:
        split_samples(panel)
    (problem,) = caught.value.problems
    assert (problem.column, problem.got) == ("sample", "1 more")
