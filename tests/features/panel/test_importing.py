from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.errors import InputError
from features.files.table import write_table
from features.panel.design import parse_design
from features.panel.importing import import_panel, read_panel
from tests.features.helpers.panels import (
    QUANTSTUDIO,
    SDS,
    WIDE,
    cell,
    make_panel,
    make_workbook,
    write,
)


def _design(**columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(columns, dtype="str")


def test_an_sds_export_becomes_a_tidy_panel(tmp_path: Path) -> None:
    panel, report = import_panel(write(tmp_path, SDS))
    assert cell(panel, "S1", "hsa-miR-17")["ct"] == 24.5
    undetermined = cell(panel, "S1", "hsa-miR-21")
    assert not undetermined["detected"]
    assert np.isnan(undetermined["ct"])
    control = cell(panel, "S1", "U6 snRNA-001973")
    assert (control["ct"], control["replicates"]) == (pytest.approx(18.2), 2)
    assert control["spread"] == pytest.approx(0.4)
    assert control["flag"] == "HSD"
    assert cell(panel, "S2", "hsa-miR-17")["plate"] == "Card B"
    # Fewer than 100 detected values: 40 cycles are assumed.
    assert set(panel.table["ceiling"]) == {40.0}
    assert report.files[0].ceiling_source == "assumed"
    assert report.others == ("U6 snRNA-001973",)
    assert report.non_detects == {"word": 1}


def test_words_flags_and_empty_cells_are_non_detects(tmp_path: Path) -> None:
    panel, report = import_panel(write(tmp_path, QUANTSTUDIO))
    assert cell(panel, "S1", "hsa-miR-17-5p")["ct"] == pytest.approx(24.6)
    assert report.non_detects == {"word": 1, "flag": 1, "empty": 1}
    assert report.not_detected == 3
    assert report.flags == {"No Amp": 2, "HIGHSD": 1, "Inconclusive": 1}
    assert any("1 empty cells" in notice for notice in report.notices)


def test_empty_cells_can_mean_not_measured(tmp_path: Path) -> None:
    panel = read_panel(write(tmp_path, QUANTSTUDIO), empty="not_measured")
    assert "hsa-miR-451a" not in set(panel.table["assay"])


def test_values_that_pile_up_are_at_the_ceiling(tmp_path: Path) -> None:
    panel, report = import_panel(write(tmp_path, WIDE))
    assert report.files[0].ceiling_source == "found"
    assert set(panel.table["ceiling"]) == {35.0}
    assert not cell(panel, "S3", "hsa-miR-23a-3p")["detected"]
    assert report.non_detects == {"ceiling": 3}


def test_a_ceiling_that_is_given_stands_above_what_is_found(tmp_path: Path) -> None:
    panel, report = import_panel(write(tmp_path, WIDE), ceiling=33)
    assert report.non_detects == {"ceiling": 4}
    assert not cell(panel, "S2", "hsa-miR-21-5p")["detected"]


@pytest.mark.parametrize(
    ("detected", "highest", "ceiling"),
    [
        (100, 34.8, 35),
        (99, 34.8, 40),  # fewer than 100 do not show where a run ends
        (99, 42.3, 45),  # but none of them is taken for undetected
        (100, 35.0, 40),
        (100, 40.0, 45),
        (100, 49.9, 50),
        (100, 54.5, 55),
        (100, 59.5, 60),
    ],
)
def test_the_ceiling_that_is_assumed_is_the_next_limit_above_all_values(
    tmp_path: Path, detected: int, highest: float, ceiling: float
) -> None:
    values = np.linspace(20, highest, 100).round(3)
    values[: 100 - detected] = np.nan
    names = [f"hsa-miR-{i}-5p" for i in range(1, 11)]
    frame = pd.DataFrame(values.reshape(10, 10), columns=names)
    table = make_panel(tmp_path, frame.to_csv(index_label="sample")).table
    assert set(table["ceiling"]) == {float(ceiling)}
    assert table["detected"].sum() == detected
    assert table["ct"].max() == highest


def test_files_of_one_run_share_the_ceiling_that_is_assumed(tmp_path: Path) -> None:
    # Alone, the second file would be taken to end at 35.
    rng = np.random.default_rng(0)
    names = [f"hsa-miR-{i}-5p" for i in range(1, 11)]
    paths = []
    for i, high in enumerate((38.5, 34.5)):
        frame = pd.DataFrame(rng.uniform(20, high, size=(20, 10)).round(3), columns=names)
        frame.iloc[0, 0] = high
        frame.index = [f"S{i}{j}" for j in range(20)]
        paths.append(write(tmp_path, frame.to_csv(index_label="sample"), f"{i}.csv"))
    assert set(read_panel(paths).table["ceiling"]) == {40.0}


def test_wells_of_several_files_are_replicates_where_the_design_says_so(tmp_path: Path) -> None:
    first = write(tmp_path, WIDE, "one.csv")
    second = write(tmp_path, WIDE.replace("24.5", "25.0").replace("S3", "S4"), "two.csv")
    names = ["S1", "S2", "S3", "S4"]
    design = parse_design(_design(sample=names, patient_id=names))
    panel, report = import_panel([first, second], design=design)
    both = cell(panel, "S1", "hsa-miR-17-5p")
    assert (both["ct"], both["replicates"], both["plate"]) == (24.75, 2, "one+two")
    assert report.samples == 4
    assert report.replicated == 8
    assert any("2 samples stand on several plates" in notice for notice in report.notices)


def test_the_same_file_twice_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, WIDE)
    with pytest.raises(InputError, match="each file once"):
        read_panel([path, path])


def test_a_copy_of_a_file_is_refused_though_a_design_would_make_it_replicates(
    tmp_path: Path,
) -> None:
    names = ["S1", "S2", "S3"]
    design = parse_design(_design(sample=names, patient_id=names))
    paths = [write(tmp_path, WIDE, "a.csv"), write(tmp_path, WIDE, "a (1).csv")]
    with pytest.raises(InputError, match="each file once") as caught:
        read_panel(paths, design=design)
    assert "is a copy of" in caught.value.report()


def test_every_cell_that_is_no_ct_is_listed_at_once(tmp_path: Path) -> None:
    text = "sample,hsa-miR-1-3p,hsa-miR-2-3p,sex\nS1,high,20,1\nS2,99,21,2\n"
    with pytest.raises(InputError) as caught:
        make_panel(tmp_path, text)
    found = {problem.column for problem in caught.value.problems}
    assert found == {"made.csv, hsa-miR-1-3p", "sex"}
    assert "high" in caught.value.report()
    assert "high" not in str(caught.value)


def test_of_many_wrong_cells_the_five_most_common_are_shown_in_part(tmp_path: Path) -> None:
    cells = [*"vvwwxxyyzzu", *["l" * 21] * 3, *["25"] * 20]
    rows = "".join(f"S{i},{cell},20,21\n" for i, cell in enumerate(cells))
    with pytest.raises(InputError) as caught:
        make_panel(tmp_path, f"sample,hsa-miR-1-3p,hsa-miR-2-3p,hsa-miR-3-3p\n{rows}")
    shown = [f"'{'l' * 20}' (3)", *(f"'{letter}' (2)" for letter in "vwxy")]
    assert caught.value.problems[0].got == f"{', '.join(shown)} and 2 more"


def test_a_design_names_patients_plates_and_leaves_samples_out(tmp_path: Path) -> None:
    design = parse_design(
        _design(
            sample=["S1", "S2", "S3", "S9"],
            patient_id=["P1", "P2", "", "P9"],
            plate=["card 1", "", "", ""],
            sample_date=["2026-01-05", "2026-01-08", "", ""],
            infusion_start=["2026-01-08", "2026-01-08", "", ""],
        )
    )
    panel, report = import_panel(write(tmp_path, WIDE, "made.csv"), design=design)
    assert set(panel.table["patient_id"]) == {"P1", "P2"}
    first = cell(panel, "S1", "hsa-miR-17-5p")
    assert (first["plate"], first["timing"]) == ("card 1", "before")
    assert first["sample_date"] == pd.Timestamp("2026-01-05")
    second = cell(panel, "S2", "hsa-miR-17-5p")
    assert (second["plate"], second["timing"]) == ("made", "same_day")
    text = " ".join(report.notices)
    assert "1 samples left out" in text
    assert "1 samples of the design file are in no panel file" in text
    assert "on the day the infusion began" in text


def test_a_sample_taken_after_the_start_is_refused(tmp_path: Path) -> None:
    columns = {
        "sample": ["S1", "S2", "S3"],
        "patient_id": ["P1", "P2", "P3"],
        "sample_date": ["2026-01-05", "2026-01-10", "2026-01-09T12:00"],
        "infusion_start": ["2026-01-08"] * 2 + ["2026-01-09T08:00"],
    }
    with pytest.raises(InputError) as caught:
        make_panel(tmp_path, design=parse_design(_design(**columns)))
    assert [problem.column for problem in caught.value.problems] == ["sample_date"] * 2
    assert "no predictor" in str(caught.value)
    columns["patient_id"] = ["P1", "", ""]
    panel = make_panel(tmp_path, design=parse_design(_design(**columns)))
    assert set(panel.table["sample"]) == {"S1"}


def test_a_sample_that_the_design_lacks_is_refused_without_naming_it_in_a_log(
    tmp_path: Path,
) -> None:
    design = parse_design(_design(sample=["S1"], patient_id=["P1"]))
    with pytest.raises(InputError, match="a row of the design file for each sample") as caught:
        make_panel(tmp_path, design=design)
    assert "S2, S3" in caught.value.report()
    assert "S2" not in str(caught.value)


def test_dates_that_are_not_known_are_said_to_be(tmp_path: Path) -> None:
    _, report = import_panel(write(tmp_path, WIDE))
    assert report.timing == {"unknown": 3}
    assert "make sure that they were taken before it" in report.notices[0]


def test_names_that_are_given_are_used(tmp_path: Path) -> None:
    panel, report = import_panel(
        write(tmp_path, SDS),
        names={"hsa-miR-17-4395419": "hsa-miR-17-5p", "hsa-miR-99": "hsa-miR-99a-5p"},
    )
    assert cell(panel, "S1", "hsa-miR-17-5p")["ct"] == 24.5
    assert any("hsa-miR-99" in notice for notice in report.notices)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"format": "xls"}, "format: expected one of"),
        ({"ceiling": 99.0}, "ceiling: expected"),
        ({"empty": "zero"}, "empty: expected non_detect or not_measured"),
    ],
)
def test_options_that_mean_nothing_are_refused(
    tmp_path: Path, options: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        make_panel(tmp_path, **options)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_tidy_file_is_read_back_as_it_was(tmp_path: Path, ending: str) -> None:
    design = parse_design(
        _design(
            sample=["S1", "S2", "S3"],
            patient_id=["P1", "P2", "P3"],
            sample_date=["2026-01-05", "", ""],
            infusion_start=["2026-01-08", "", ""],
        )
    )
    panel = make_panel(tmp_path, design=design)
    path = tmp_path / f"tidy.{ending}"
    write_table(panel.table, path)
    again, report = import_panel(path)
    pd.testing.assert_frame_equal(again.table, panel.table)
    assert again.sha256 == panel.sha256
    file = report.files[0]
    assert (file.layout, file.ceiling, file.ceiling_source) == ("tidy", 35.0, "file")
    lower, report = import_panel(path, ceiling=33)
    assert not cell(lower, "S2", "hsa-miR-21-5p")["detected"]
    assert (report.files[0].ceiling, report.files[0].ceiling_source) == (33.0, "given")


def test_of_the_ceilings_of_a_tidy_file_the_lowest_is_reported(tmp_path: Path) -> None:
    # From there on a value may be no detection: 35 was found in one file, 40 assumed for the other.
    low = write(tmp_path, WIDE, "low.csv")
    high = write(tmp_path, "sample,hsa-miR-17-5p\nS9,24.5\n", "high.csv")
    panel = read_panel([low, high])
    assert set(panel.table["ceiling"]) == {35.0, 40.0}
    write_table(panel.table, tmp_path / "tidy.csv")
    assert import_panel(tmp_path / "tidy.csv")[1].files[0].ceiling == 35.0


def test_a_tidy_file_stands_alone_without_a_design(tmp_path: Path) -> None:
    path, more = tmp_path / "tidy.csv", tmp_path / "more.csv"
    write_table(make_panel(tmp_path).table, path)
    write_table(make_panel(tmp_path).table, more)
    import_panel(path)
    design = parse_design(_design(sample=["S1", "S2", "S3"], patient_id=["P1", "P2", "P3"]))
    with pytest.raises(InputError, match="stands alone, without a design file"):
        import_panel(path, design=design)
    # Read as an export, it would lose its patients, ceilings and dates: in any place it is told.
    for others in ([path, more], [path, write(tmp_path, WIDE)], [write(tmp_path, WIDE), path]):
        with pytest.raises(InputError, match="stands alone, without a design file or other files"):
            import_panel(others)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ct": 36.0}, "ceiling: expected values that agree"),
        ({"detected": False}, "ct: expected values that agree"),
        ({"timing": "after"}, "timing: expected values that agree"),
        ({"assay": "same"}, "assay: expected values that agree"),
    ],
)
def test_a_tidy_file_that_contradicts_itself_is_refused(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    table = make_panel(tmp_path).table.assign(**change)
    path = tmp_path / "tidy.parquet"
    table.to_parquet(path, index=False)
    with pytest.raises(InputError, match=message):
        read_panel(path)


def test_a_tidy_file_without_a_column_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tidy.parquet"
    make_panel(tmp_path).table.drop(columns="plate").to_parquet(path, index=False)
    with pytest.raises(InputError, match="plate: expected a column"):
        read_panel(path)


_CT = st.one_of(st.none(), st.integers(150, 349).map(lambda tenths: tenths / 10))


@given(st.lists(st.lists(_CT, min_size=3, max_size=3), min_size=1, max_size=5))
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_all_layouts_of_the_same_values_give_the_same_panel(
    tmp_path: Path, values: list[list[float | None]]
) -> None:
    assays = ["hsa-miR-1-3p", "hsa-miR-2-5p", "hsa-miR-3-5p"]
    frame = pd.DataFrame(
        values, columns=assays, index=[f"S{i}" for i in range(len(values))], dtype="float64"
    )
    texts = frame.map(lambda ct: "Undetermined" if pd.isna(ct) else f"{ct:.1f}")
    tall = texts.stack().rename_axis(["Sample", "Target"]).rename("Ct").reset_index()
    panels = [
        make_panel(tmp_path, texts.to_csv(index_label="sample"), ceiling=40, format=way[0])
        if way[1] is None
        else make_panel(tmp_path, way[1], ceiling=40, format=way[0])
        for way in (
            ("samples_in_rows", None),
            ("samples_in_columns", texts.T.to_csv(index_label="assay", sep=";")),
            ("long", tall.to_csv(index=False, sep="\t")),
        )
    ]
    keys = ["sample", "assay"]
    first, *others = (panel.table.sort_values(keys).reset_index(drop=True) for panel in panels)
    for other in others:
        pd.testing.assert_frame_equal(other, first)
    wide = first.pivot(index="sample", columns="assay", values="ct")
    np.testing.assert_array_equal(wide.loc[frame.index, assays].to_numpy(), frame.to_numpy())


@pytest.mark.parametrize(("ct", "read"), [("3", True), ("2.9", False), ("60.1", False)])
def test_a_number_that_no_run_gives_is_no_ct(tmp_path: Path, ct: str, read: bool) -> None:
    text = WIDE.replace("24.5", ct)
    if read:
        assert cell(make_panel(tmp_path, text), "S1", "hsa-miR-17-5p")["ct"] == float(ct)
        return
    with pytest.raises(InputError):
        make_panel(tmp_path, text)


def test_one_name_on_two_plates_is_not_averaged(tmp_path: Path) -> None:
    # 24.1 would be the mean of two people.
    files = [
        write(tmp_path, f"Sample,Target,Ct\nSample 1,hsa-miR-21-5p,{ct}\n", f"{plate}.csv")
        for plate, ct in (("A", 22.1), ("B", 26.1))
    ]
    with pytest.raises(InputError, match="a name on one plate of one file only") as caught:
        read_panel(files)
    assert "Sample 1" in caught.value.report()
    design = parse_design(
        _design(sample=["Sample 1"] * 2, file=["A.csv", "B.csv"], patient_id=["P1", "P2"])
    )
    table = read_panel(files, design=design).table
    assert dict(zip(table["patient_id"], table["ct"], strict=True)) == {"P1": 22.1, "P2": 26.1}
    one = parse_design(
        _design(sample=["Sample 1"] * 2, file=["A.csv", "B.csv"], patient_id=["P1", "P1"])
    )
    [cell_] = read_panel(files, design=one).table.itertuples()
    assert (cell_.patient_id, cell_.sample, cell_.ct, cell_.plate) == (
        "P1",
        "Sample 1",
        pytest.approx(24.1),
        "A+B",
    )


def test_one_name_on_two_plates_of_one_file_is_not_averaged_either(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a name on one plate"):
        make_panel(tmp_path, SDS.replace("\tS2\t", "\tS1\t"))


@pytest.mark.parametrize("name", ["NTC", "Water", "H2O", "blank", "IPC", "Std-01", "Neg Ctrl"])
def test_a_sample_that_looks_like_a_control_needs_a_word(tmp_path: Path, name: str) -> None:
    text = WIDE.replace("S3", name)
    with pytest.raises(InputError, match="--controls leave_out") as caught:
        make_panel(tmp_path, text)
    assert name in caught.value.report()
    _, report = import_panel(write(tmp_path, text), controls="leave_out")
    assert report.samples == 2
    assert any("1 samples left out: name looks like" in notice for notice in report.notices)
    assert import_panel(write(tmp_path, text), controls="keep")[1].samples == 3
    design = parse_design(_design(sample=["S1", "S2", name], patient_id=["P1", "P2", ""]))
    assert set(make_panel(tmp_path, text, design=design).table["sample"]) == {"S1", "S2"}


def test_columns_that_the_user_tells_are_read(tmp_path: Path) -> None:
    text = "Id,miRNA,ct_mean\n1,hsa-miR-21-5p,20.1\n1,hsa-miR-16-5p,25.3\n"
    with pytest.raises(InputError, match="tell the columns"):
        make_panel(tmp_path, text)
    panel = make_panel(tmp_path, text, columns={"sample": "Id", "assay": "miRNA", "ct": "ct_mean"})
    assert cell(panel, "1", "hsa-miR-21-5p")["ct"] == 20.1
    assert cell(panel, "1", "hsa-miR-16-5p")["ct"] == 25.3


_FLAG_HEADINGS = ("Flag", "Flags", "Amp Status", "amp_status", "Call")


@given(
    st.sampled_from(_FLAG_HEADINGS),
    st.sampled_from(["no", "NO", "No"]),
    st.sampled_from(["", " ", "_", "-", "."]),
    st.sampled_from(["amp", "AMP", "Amp", "amplification"]),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_flag_means_the_same_in_every_spelling(
    tmp_path: Path, heading: str, first: str, sign: str, second: str
) -> None:
    flag = f"{first}{sign}{second}"
    text = f"Sample;Target;Ct;{heading}\nP1;hsa-miR-21-5p;38,2;{flag}\nP2;hsa-miR-21-5p;22,1;Amp\n"
    panel, report = import_panel(write(tmp_path, text))
    assert not cell(panel, "P1", "hsa-miR-21-5p")["detected"]
    assert cell(panel, "P2", "hsa-miR-21-5p")["ct"] == 22.1
    assert report.non_detects == {"flag": 1}


def test_names_that_r_has_written_are_read_with_a_note(tmp_path: Path) -> None:
    path = write(tmp_path, "sample,hsa.miR.23a.3p,hsa.let.7a.5p,U6\nS1,20,21,22\n")
    panel, report = import_panel(path)
    assert set(panel.table["assay"]) == {"hsa-miR-23a-3p", "hsa-let-7a-5p", "U6"}
    told = "2 assays are named as R writes them, hsa.miR.23a.3p for hsa-miR-23a-3p: read so"
    assert told in report.notices


def test_a_column_can_only_be_ignored_where_there_is_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a Ct from 3 to 60") as caught:
        make_panel(tmp_path, "Sample,Target,Ct\nP1,hsa-miR-1-3p,99\n")
    assert "--ignore" not in str(caught.value)
    with pytest.raises(InputError, match="--ignore"):
        make_panel(tmp_path, "sample,hsa-miR-1-3p\nP1,99\n")


def test_digits_of_other_scripts_are_no_numbers(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a Ct from 3 to 60"):
        make_panel(
            tmp_path, "Sample,Target,Ct\nP1,hsa-miR-1-3p,\u0663\u0663\nP2,hsa-miR-1-3p,1_0\n"
        )


def test_a_workbook_says_what_its_text_says(tmp_path: Path) -> None:
    rows = [line.split("\t") for line in QUANTSTUDIO.splitlines()]
    (tmp_path / "panel.xlsx").write_bytes(make_workbook(Results=rows))
    text = read_panel(write(tmp_path, QUANTSTUDIO))
    pd.testing.assert_frame_equal(read_panel(tmp_path / "panel.xlsx").table, text.table)
    wide = [[float(c) if c[:1].isdigit() else c for c in r.split(",")] for r in WIDE.splitlines()]
    (tmp_path / "wide.xlsx").write_bytes(make_workbook(Wide=wide, Notes=[["seen by me"]]))
    with pytest.raises(InputError, match="--sheet 'Wide'"):
        read_panel(tmp_path / "wide.xlsx")
    table = read_panel(tmp_path / "wide.xlsx", sheet="1").table
    columns = ["sample", "assay", "ct", "detected"]
    pd.testing.assert_frame_equal(table[columns], make_panel(tmp_path).table[columns])


@pytest.mark.parametrize("ending", ["xlsx", "parquet"])
def test_a_tidy_panel_that_a_spreadsheet_has_saved_is_known_as_one(
    tmp_path: Path, ending: str
) -> None:
    design = parse_design(_design(sample=["S1", "S2", "S3"], patient_id=["P1", "P2", "P3"]))
    table = make_panel(tmp_path, design=design).table
    cells = table.astype(object).where(table.notna(), None)
    data = make_workbook(Sheet1=[list(table), *cells.to_numpy().tolist()])
    path = tmp_path / f"tidy.{ending}"
    path.write_bytes(data)
    again = read_panel(path).table
    pd.testing.assert_frame_equal(again, table)


def test_a_table_in_parquet_that_is_no_tidy_panel_is_read_like_any_other(tmp_path: Path) -> None:
    wide = pd.read_csv(write(tmp_path, WIDE))
    wide.to_parquet(tmp_path / "made.parquet")
    pd.testing.assert_frame_equal(
        read_panel(tmp_path / "made.parquet").table, make_panel(tmp_path).table
    )


def test_an_encoding_that_is_stated_is_used(tmp_path: Path) -> None:
    path = write(tmp_path, "Sample,Target,Ct\nDvo\u0159\u00e1k,U6,22\n", encoding="cp1250")
    assert read_panel(path, encoding="windows-1250").table["sample"].tolist() == [
        "Dvo\u0159\u00e1k"
    ]
