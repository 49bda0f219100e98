"""Real panels through the commands that a user types."""

import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from features.panel.importing import read_panel
from features.panel.normaliser import PanelNormaliser
from features.panel.panel import PanelMatrix, to_matrix
from ketresponse import app
from tests.places import PROJECT, SHARED

DATA = SHARED / "data"
TUMOURS = DATA / "mirna_neuroblastoma" / "nb_mirna_wide.csv"
QPCR = DATA / "qpcr_rqdeltact"

CLUSTER = (
    "hsa-miR-92",
    "hsa-miR-20a",
    "hsa-miR-19a",
    "hsa-miR-19b",
    "hsa-miR-18a",
    "hsa-miR-17-5p",
    "hsa-miR-17-3p",
)
"""miR-17-92, driven by MYCN: higher expression, so lower Ct, where MYCN is amplified."""

needs_tumours = pytest.mark.skipif(
    not TUMOURS.exists(), reason="the public tumour panel is not beside the project"
)
needs_qpcr = pytest.mark.skipif(
    not QPCR.exists(), reason="the public qPCR exports are not beside the project"
)


def _run_commands(name: str, out: Path) -> None:
    """Run the lines of an experiment's script that call ketresponse."""
    data = DATA / {"mirna_neuroblastoma": "mirna_neuroblastoma", "qpcr": "qpcr_rqdeltact"}[name]
    script = (PROJECT / "experiments" / "studies" / name / "commands.sh").read_text()
    lines = [line for line in script.splitlines() if line.startswith("ketresponse panel ")]
    assert lines
    for line in lines:
        words = shlex.split(line.replace("$data", str(data)).replace("$out", str(out)))
        result = CliRunner().invoke(app, words[1:])
        assert result.exit_code == 0, result.output


@pytest.fixture(scope="module")
def tumours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("tumours")
    _run_commands("mirna_neuroblastoma", out)
    return out


@pytest.fixture(scope="module")
def qpcr(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("qpcr")
    _run_commands("qpcr", out)
    return out


def _read_tumours(folder: Path) -> tuple[PanelMatrix, np.ndarray]:
    """Return the matrix, and in whom MYCN is amplified."""
    matrix = to_matrix(read_panel(folder / "panel.parquet"))
    group = pd.read_csv(TUMOURS).set_index("subject")["group"]
    return matrix, (group.loc[list(matrix.patients)] == "MNA").to_numpy()


@needs_tumours
def test_the_tumour_panel_has_the_size_that_is_documented(tumours: Path) -> None:
    matrix, amplified = _read_tumours(tumours)
    assert matrix.ct.shape == (61, 323)
    assert (int(amplified.sum()), int((~amplified).sum())) == (22, 39)
    assert matrix.ceiling == 35.0
    assert int((matrix.ct >= 35.0).sum()) == 2475
    assert not np.isnan(matrix.ct).any()


@needs_tumours
def test_the_plain_mean_centred_differences_of_the_cluster_come_back(tumours: Path) -> None:
    # As given with the data: each Ct minus the mean of all 323 of its tumour, 35 for non-detects.
    matrix, amplified = _read_tumours(tumours)
    centred = matrix.ct - matrix.ct.mean(axis=1, keepdims=True)
    gap = centred[amplified].mean(axis=0) - centred[~amplified].mean(axis=0)
    got = [gap[matrix.assays.index(name)] for name in CLUSTER]
    np.testing.assert_allclose(got, [-1.86, -1.38, -1.37, -1.10, -1.19, -1.07, -0.62], atol=0.005)


@needs_tumours
@pytest.mark.parametrize("reference", ["global_mean", "genorm", "normfinder"])
def test_the_cluster_is_higher_where_mycn_is_amplified(tumours: Path, reference: str) -> None:
    matrix, amplified = _read_tumours(tumours)
    model = PanelNormaliser(ceiling=35.0, reference=reference).fit(matrix.ct)
    z = model.transform(matrix.ct)
    gap = z[amplified].mean(axis=0) - z[~amplified].mean(axis=0)
    kept = [matrix.assays[j] for j in model.kept_]
    gaps = {name: gap[kept.index(name)] for name in CLUSTER}
    assert all(value < -0.3 for value in gaps.values()), gaps


@needs_tumours
def test_the_quality_page_names_no_tumour(tumours: Path) -> None:
    page = (tumours / "quality" / "panel.md").read_text()
    assert "61 patients" in page
    assert "NB1" not in page
    assert "NB1," in (tumours / "quality" / "samples.csv").read_text(encoding="utf-8-sig")
    clean = read_panel(tumours / "clean.parquet")
    assert clean.table["assay"].nunique() == 303


@needs_qpcr
def test_the_long_export_counts_what_is_documented() -> None:
    from features.panel.importing import import_panel

    panel, report = import_panel(QPCR / "data_Ct_long.txt")
    assert report.patients == 64
    assert report.assays == 20
    assert report.files[0].wells == 1288
    assert report.flags["Undetermined"] == 278
    assert report.non_detects == {"word": 69, "flag": 209}
    assert set(panel.table["ceiling"]) == {35.0}


@needs_qpcr
def test_long_and_wide_agree_cell_by_cell_where_both_detect(qpcr: Path) -> None:
    left, right = (read_panel(qpcr / f"{name}.parquet").table for name in ("long", "wide"))
    both = left.merge(right, on=["sample", "assay"], suffixes=("_long", "_wide"))
    assert len(both) == 64 * 19
    seen = both[both["detected_long"] & both["detected_wide"]]
    assert len(seen) == 986
    single = seen[seen["replicates_long"] == 1]
    np.testing.assert_array_equal(single["ct_long"], single["ct_wide"])
    # GAPDH was run twice in the 24 controls: we take the mean, the wide file has one of the two.
    twice = seen[seen["replicates_long"] == 2]
    assert (len(twice), set(twice["assay"])) == (24, {"GAPDH"})
    apart = (twice["ct_long"] - twice["ct_wide"]).abs()
    np.testing.assert_allclose(apart, twice["spread_long"] / 2, atol=1e-9)
    # What the long export's flags call not seen is never detected in it alone.
    assert not (both["detected_long"] & ~both["detected_wide"]).any()


@pytest.fixture(scope="module")
def mycn(tumours: Path) -> Path:
    """Train on the tumours as the script does, with one repeat."""
    import os
    import shutil

    source = PROJECT / "experiments" / "studies" / "mirna_neuroblastoma"
    for name in ("mapping.toml", "study.toml"):
        shutil.copy(source / name, tumours / name)
    study = tumours / "study.toml"
    text = study.read_text().replace("[resampling]", "[resampling]\nrepeats = 1")
    study.write_text(text)
    commands = [
        [
            "cohort",
            "import",
            str(TUMOURS),
            "--mapping",
            str(tumours / "mapping.toml"),
            "--out",
            str(tumours / "cohort.parquet"),
        ],
        ["train", str(study), "--jobs", "1", "--report", str(tumours / "report.md")],
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tumours)
        patch.setitem(os.environ, "MLFLOW_TRACKING_URI", f"sqlite:///{tumours / 'mlflow.db'}")
        for command in commands:
            result = CliRunner().invoke(app, command)
            assert result.exit_code == 0, result.output
    return tumours


@needs_tumours
def test_the_panel_is_found_to_tell_mycn_by_the_cluster_it_drives(mycn: Path) -> None:
    assert "added value found" in (mycn / "report.md").read_text()
    (assays,) = mycn.glob("mlartifacts/**/*_panel_assays.csv")
    table = pd.read_csv(assays).set_index("assay")
    cluster = table.loc[list(CLUSTER)]
    # Higher expression is less Ct: odds ratios of MYCN amplification below 1.
    assert (cluster["odds_ratio"] < 1).all()
    assert (cluster["q_value"] < 0.01).sum() == 6
    (value,) = mycn.glob("mlartifacts/**/*_panel_added_value.csv")
    added = pd.read_csv(value).set_index("metric")
    assert added.loc["auc", "second"] > 0.9
    assert added.loc["brier", "high"] < 0
