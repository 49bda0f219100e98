"""Panels joined to a cohort, and the study's table about them."""

import numpy as np
import pytest

from features.errors import InputError
from features.panel.panel import Panel
from features.simulation.panel import make_panel
from tests.training.helpers.panel_cohorts import PANEL, make_data, write_files
from training.panel.data import join_panel
from training.study.settings import read_study
from training.study.study import read_description

NAMES = [f"P{i:04d}" for i in range(30)]


def _join(panel: Panel, procedure=PANEL, patients=NAMES):
    return join_panel(panel, make_data(30).clinical, patients, procedure)


def _simulate(patients=NAMES):
    return make_panel(patients, np.arange(len(patients)) % 2.0, n_assays=20, seed=1).panel


def test_patients_get_their_own_rows_whatever_the_order():
    panel = _simulate()
    shuffled = Panel(panel.table.sample(frac=1.0, random_state=0))
    one, other = _join(panel), _join(shuffled)
    order = [other.assays.index(name) for name in one.assays]
    np.testing.assert_array_equal(one.rows, other.rows[:, order])


def test_panels_of_strangers_are_counted_and_patients_without_one_are_empty():
    data = _join(_simulate([*NAMES[:20], "X1", "X2"]))
    assert data.counts["panels"] == 22
    assert data.counts["without_course"] == 2
    assert int(data.has.sum()) == 20
    assert np.isnan(data.rows[20:]).all()
    assert not np.isnan(data.rows[:20]).any()


def test_a_panel_of_strangers_only_is_refused():
    with pytest.raises(InputError) as caught:
        _join(_simulate(["X1", "X2"]))
    assert caught.value.problems[0].got.endswith("none of them eligible in the cohort")


def test_patients_who_are_spelt_otherwise_are_told():
    data = _join(_simulate([*NAMES[:20], "p-21", "X1"]))
    assert data.spelt_otherwise == (("p-21", "P0021"),)
    assert data.counts["without_course"] == 2
    with pytest.raises(InputError) as caught:
        _join(_simulate(["p-21", "X1"]))
    assert "p-21 (in the cohort: P0021)" in caught.value.problems[0].got


def test_a_sample_after_the_infusion_began_is_refused():
    panel = _simulate()
    late = Panel(panel.table.assign(timing="after"))
    with pytest.raises(InputError) as caught:
        _join(late)
    assert "30 taken after it" in caught.value.problems[0].got


def test_plates_of_one_or_two_patients_are_not_told_apart():
    panel = _simulate()
    plates = np.repeat(["a"] * 14 + ["b"] * 14 + ["only", "two"], 20)
    data = _join(Panel(panel.table.assign(plate=plates)))
    assert data.plates == ("a", "b")
    assert data.rows.shape == (30, 21)
    assert np.isnan(data.rows[28:, -1]).all()
    off = _join(Panel(panel.table.assign(plate=plates)), PANEL.model_copy(update={"plates": False}))
    assert off.plates == ()
    assert off.rows.shape == (30, 20)


def test_references_by_plates_need_plates():
    by_plate = PANEL.model_copy(update={"reference": "normfinder_plates"})
    panel = _simulate()
    plates = np.repeat(["a"] * 14 + ["b"] * 16, 20)
    data = _join(Panel(panel.table.assign(plate=plates)), by_plate)
    assert data.make_normaliser(by_plate).fit(data.rows[data.has]).plates_.tolist() == [0, 1]
    one = Panel(panel.table.assign(plate="a"))
    with pytest.raises(InputError, match=r"two plates .*take normfinder") as caught:
        _join(one, by_plate)
    assert caught.value.problems[0].got == "fewer"
    off = by_plate.model_copy(update={"plates": False})
    with pytest.raises(InputError, match="two plates") as caught:
        _join(Panel(panel.table.assign(plate=plates)), off)
    assert caught.value.problems[0].got.startswith("plates = false")


def test_folds_are_balanced_over_who_has_a_panel():
    data = make_data(40, share=0.5)
    assert len(np.unique(data.strata)) == 2 * len(np.unique(data.clinical.strata))


def test_references_that_are_not_in_the_panel_are_named():
    with pytest.raises(InputError) as caught:
        _join(_simulate(), PANEL.model_copy(update={"reference": ("hsa-miR-1-3p",)}))
    assert "hsa-miR-1-3p" in caught.value.problems[0].got


def test_the_study_tells_file_and_settings(tmp_path):
    more = '[panel]\nfile = "panel.parquet"\nreference = ["hsa-miR-9001-5p"]\nmax_assays = 5\n'
    write_files(tmp_path, 40, more=more)
    study = read_study(tmp_path / "study.toml")
    assert study.panel_file == tmp_path / "panel.parquet"
    assert study.panel.reference == ("hsa-miR-9001-5p",)
    assert study.panel.max_assays == 5
    assert read_description(study).panel.counts["panels"] == 40


def test_a_panel_that_cannot_be_normalised_stops_before_training(tmp_path):
    simulated = write_files(tmp_path, 40)
    late = simulated.panel.table.assign(ct=np.nan, detected=False)
    late.to_parquet(tmp_path / "panel.parquet")
    with pytest.raises(InputError, match="can be normalised"):
        read_description(read_study(tmp_path / "study.toml"))
