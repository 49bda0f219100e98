from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.errors import InputError
from features.panel.design import parse_design
from features.panel.panel import Panel
from features.panel.quality import QualitySettings, compute_quality, drop_poor
from tests.features.helpers.panels import SDS, make_panel


def _make(tmp_path: Path, frame: pd.DataFrame, plates: list[str] | None = None) -> Panel:
    texts = frame.map(lambda ct: "Undetermined" if pd.isna(ct) else f"{ct:.3f}")
    design = None
    if plates is not None:
        samples = list(frame.index)
        table = pd.DataFrame({"sample": samples, "patient_id": samples, "plate": plates})
        design = parse_design(table.astype("str"))
    return make_panel(tmp_path, texts.to_csv(index_label="sample"), ceiling=40, design=design)


def _frame(values: object) -> pd.DataFrame:
    array = np.asarray(values, dtype=float)
    return pd.DataFrame(
        array,
        index=[f"S{i}" for i in range(len(array))],
        columns=[f"hsa-miR-{j + 1}-5p" for j in range(array.shape[1])],
    )


def test_a_sample_that_detects_little_is_dropped(tmp_path: Path) -> None:
    values = np.full((5, 8), 25.0)
    values[4, 3:] = np.nan
    quality = compute_quality(_make(tmp_path, _frame(values)))
    samples = quality.samples.set_index("sample")
    assert samples.loc["S4", "share_detected"] == 3 / 8
    assert samples.loc["S4", "dropped"] == "detects fewer than 50% of what the median sample does"
    assert (samples["dropped"].drop("S4") == "").all()
    lenient = compute_quality(_make(tmp_path, _frame(values)), QualitySettings(min_sample=0.3))
    assert (lenient.samples["dropped"] == "").all()


def test_an_assay_that_is_seldom_detected_is_dropped(tmp_path: Path) -> None:
    values = np.full((8, 4), 25.0)
    values[1:, 0] = np.nan
    values[2:, 1] = np.nan
    quality = compute_quality(_make(tmp_path, _frame(values)))
    assays = quality.assays.set_index("assay")
    assert assays["share_detected"].tolist() == [1 / 8, 2 / 8, 1.0, 1.0]
    assert assays.index[assays["dropped"] != ""].tolist() == ["hsa-miR-1-5p"]


def test_dropping_leaves_the_rest_as_it_was(tmp_path: Path) -> None:
    values = np.full((5, 8), 25.0)
    values[4, 3:] = np.nan
    values[:4, 0] = np.nan
    panel = _make(tmp_path, _frame(values))
    left = drop_poor(panel, compute_quality(panel))
    assert set(left.table["sample"]) == {"S0", "S1", "S2", "S3"}
    assert left.table["assay"].nunique() == 7
    assert left.table["detected"].all()
    none = QualitySettings(min_assay=1.0)
    empty = _make(tmp_path, _frame([[np.nan, 25.0], [25.0, np.nan]]))
    with pytest.raises(InputError, match="leaves nothing"):
        drop_poor(empty, compute_quality(empty, none))


def test_haemolysis_is_the_difference_of_two_assays(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"hsa-miR-23a-3p": [27.0, 27, 27, np.nan], "hsa-miR-451a": [24.0, 21.5, 19.5, 19.0]},
        index=["S0", "S1", "S2", "S3"],
    )
    samples = compute_quality(_make(tmp_path, frame)).samples
    np.testing.assert_array_equal(samples["haemolysis"], [3.0, 5.5, 7.5, np.nan])
    assert samples["haemolysis_reading"].tolist() == ["no sign", "possible", "suspicious", ""]
    assert (samples["dropped"] == "").all()
    strict = compute_quality(_make(tmp_path, frame), QualitySettings(drop_haemolysed=True))
    assert strict.samples["dropped"].tolist() == ["", "", "likely haemolysed", ""]


def test_older_names_serve_for_haemolysis_too(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"hsa-mir-23a": [27.0, 27], "hsa-mir-451": [24.0, 21.5]}, index=["S0", "S1"]
    )
    samples = compute_quality(_make(tmp_path, frame)).samples
    np.testing.assert_array_equal(samples["haemolysis"], [3.0, 5.5])


def test_without_the_two_assays_nothing_is_said_of_haemolysis(tmp_path: Path) -> None:
    samples = compute_quality(_make(tmp_path, _frame([[25.0, 26], [25, 27]]))).samples
    assert samples["haemolysis"].isna().all()
    assert (samples["haemolysis_reading"] == "").all()


def test_replicates_that_disagree_are_counted(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, SDS)
    assert compute_quality(panel).samples["disagreeing"].tolist() == [0, 0]
    strict = compute_quality(panel, QualitySettings(max_spread=0.3))
    assert strict.samples["replicated"].tolist() == [1, 0]
    assert strict.samples["disagreeing"].tolist() == [1, 0]


def test_the_share_of_variance_between_plates_by_hand(tmp_path: Path) -> None:
    # Two assays. The first has 20, 22 | 24, 26: total 20, inside plates 2 + 2 = 4, so 80% lies
    # between; the second is the same minus 1: 80%. Their difference is 1 throughout, so that
    # nothing of ΔCt varies at all. By lot: (2 - 1) / (4 - 1).
    values = [[20.0, 19], [22, 21], [24, 23], [26, 25]]
    quality = compute_quality(_make(tmp_path, _frame(values), ["p", "p", "q", "q"]))
    effect = quality.plate_effect.set_index("scale")
    assert effect.loc["Ct", "explained"] == pytest.approx(0.8)
    assert effect.loc["Ct", "expected"] == pytest.approx(1 / 3)
    assert effect.loc["ΔCt", "assays"] == 0
    plates = quality.plates.set_index("plate")
    assert plates["shift"].tolist() == [-2.0, 2.0]
    assert plates.loc["p", "median_ct"] == pytest.approx(20.5)  # medians 19.5 and 21.5


@pytest.mark.parametrize("plates", [["p"] * 3, ["p", "q", "r"]])
def test_plates_that_cannot_be_compared_are_not(tmp_path: Path, plates: list[str]) -> None:
    quality = compute_quality(_make(tmp_path, _frame([[20.0], [21], [22]]), plates))
    assert quality.plate_effect.empty
    assert len(quality.plates) == len(set(plates))


def test_counts_name_no_sample(tmp_path: Path) -> None:
    found = compute_quality(_make(tmp_path, _frame(np.full((3, 3), 25.0)))).to_dict()
    assert found["samples"] == 3
    assert "S0" not in str(found)


@pytest.mark.parametrize(
    "options",
    [{"min_sample": 2.0}, {"min_assay": -0.1}, {"max_spread": 0.0}, {"haemolysis_possible": 9.0}],
)
def test_settings_that_mean_nothing_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(InputError, match="quality control"):
        QualitySettings(**options)  # type: ignore[arg-type]
