from __future__ import annotations

import hashlib
import io
import json
import pickle
import shutil
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression

from features.errors import InputError, KetresponseError
from tests.serving.helpers.panels import ASSAYS, make_cts, make_panel_case
from tests.training.helpers.examples import make_facts, make_model, make_predictors
from training.store import artifact, skops_bytes
from training.store.artifact import (
    FORMAT_VERSION,
    load_model,
    read_facts,
    save_model,
    write_release,
)
from training.store.facts import ModelFacts


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "whole"
    save_model(folder, make_model(), make_facts())
    return folder


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    """Return a copy that a test may damage."""
    return Path(shutil.copytree(saved, tmp_path / "model"))


def _seal(folder: Path, **changes: bytes) -> None:
    """Rewrite files and make every digest right again, as one who means harm would."""
    for name, data in changes.items():
        (folder / f"{name}.{'json' if name == 'facts' else 'skops'}").write_bytes(data)
    sha256 = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in ("model.skops", "facts.json", "panel.skops")
        if (folder / name).exists()
    }
    digest = artifact._digest(sha256)
    _seal_as(folder, sha256, digest)


def _seal_as(folder: Path, sha256: dict[str, str], digest: str) -> None:
    seal = {"format": FORMAT_VERSION, "sha256": sha256, "digest": digest}
    (folder / "digest.json").write_text(json.dumps(seal))
    release = json.loads((folder / "release.json").read_text())["release"]
    sealed = {"release": release, "sha256": artifact._sha256(artifact._to_json([release, digest]))}
    (folder / "release.json").write_text(json.dumps(sealed))


def _refused(folder: Path) -> str:
    with pytest.raises(KetresponseError) as caught:
        load_model(folder)
    text = str(caught.value)
    assert "\n" not in text
    assert text.startswith(f"cannot use the model in {folder}: ")
    return text


@pytest.mark.parametrize("trees", [False, True])
def test_round_trip_gives_the_same_numbers_to_the_last_bit(tmp_path: Path, trees: bool) -> None:
    model = make_model(trees=trees)
    digest = save_model(tmp_path / "model", model, make_facts())
    loaded = load_model(tmp_path / "model")
    X = make_predictors(200, seed=1)
    assert np.array_equal(loaded.model.probability(X), model.probability(X))
    assert np.array_equal(loaded.model.interval(X), model.interval(X))
    assert np.array_equal(loaded.model.background, model.background, equal_nan=True)
    assert loaded.model.has_trees is trees
    assert loaded.model.predictor_variables == model.predictor_variables
    assert loaded.facts == make_facts()
    assert loaded.digest == digest
    assert read_facts(tmp_path / "model") == (loaded.facts, digest)


def test_the_same_model_has_the_same_digest_and_another_has_not(
    saved: Path, tmp_path: Path
) -> None:
    digest = read_facts(saved)[1]
    # One is kept alive while the other is made, so that no address in memory can be the same.
    again, other = make_model(), make_model(seed=1)
    assert save_model(tmp_path / "again", again, make_facts()) == digest
    assert (tmp_path / "again/model.skops").read_bytes() == (saved / "model.skops").read_bytes()
    assert save_model(tmp_path / "other", other, make_facts()) != digest
    assert save_model(tmp_path / "seed", again, make_facts(seed=8)) != digest


def test_a_folder_holds_no_pickle(saved: Path) -> None:
    assert sorted(path.name for path in saved.iterdir()) == [
        "digest.json",
        "facts.json",
        "model.skops",
        "release.json",
    ]
    with ZipFile(saved / "model.skops") as archive:
        for name in archive.namelist():
            data = archive.read(name)
            assert name == "schema.json" or data.startswith(b"\x93NUMPY")
            if name != "schema.json":
                np.load(io.BytesIO(data), allow_pickle=False)


_FORMAT = f'{{"format": {FORMAT_VERSION}'


@pytest.mark.parametrize("name", ["model.skops", "facts.json", "digest.json", "release.json"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-40]),
        lambda path: path.write_bytes(np.random.default_rng(0).bytes(10_000)),
        lambda path: path.write_text("[1, 2]"),
        lambda path: path.write_text(f'{_FORMAT}, "sha256": 1, "digest": 1, "release": 1}}'),
        lambda path: path.write_text(
            f'{_FORMAT}, "sha256": {{"a": NaN}}, "release": {{"a": NaN}}}}'
        ),
        lambda path: path.write_text("[" * 100_000),
        lambda path: (path.unlink(), path.mkdir()),
    ],
    ids=["missing", "empty", "cut", "garbage", "list", "wrong", "not a number", "deep", "folder"],
)
def test_a_damaged_file_is_one_clear_line(
    folder: Path, name: str, damage: Callable[[Path], Any]
) -> None:
    damage(folder / name)
    assert name in _refused(folder)


@pytest.mark.parametrize("name", ["model.skops", "facts.json", "digest.json", "release.json"])
def test_every_changed_byte_is_noticed(folder: Path, name: str) -> None:
    original = (folder / name).read_bytes()
    at = [i for i, byte in enumerate(original) if chr(byte).isalnum()]
    for i in np.random.default_rng(0).choice(at, 40):
        changed = bytearray(original)
        changed[i] = ord("1") if original[i] != ord("1") else ord("2")
        (folder / name).write_bytes(changed)
        _refused(folder)


@pytest.mark.parametrize(
    ("number", "word"), [(5, "an older format"), (7, "another format"), ("6", "another format")]
)
def test_another_format_is_told_before_anything_else_is_read(
    folder: Path, number: object, word: str
) -> None:
    assert FORMAT_VERSION == 6
    (folder / "digest.json").write_text(json.dumps({"format": number, "sha256": {}, "digest": ""}))
    (folder / "model.skops").unlink()
    assert _refused(folder).endswith(
        f": it is of {word} than this version of ketresponse reads (6); "
        "train the model again, or use the version of ketresponse that wrote it"
    )


def test_a_digest_is_that_of_this_text_in_every_version_that_reads_the_format() -> None:
    # Approvals are bound to it: written otherwise, every stored model would be refused.
    text = '{\n "format": 6,\n "sha256": {\n  "a": "1",\n  "b": "2"\n }\n}\n'
    assert artifact._digest({"b": "2", "a": "1"}) == hashlib.sha256(text.encode()).hexdigest()


def test_a_digest_of_other_files_is_refused_though_all_else_agrees(folder: Path) -> None:
    # An approval is bound to the digest: it must not be carried over to other files.
    sha256 = json.loads((folder / "digest.json").read_text())["sha256"]
    _seal_as(folder, sha256, "d" * 64)
    assert "digest.json is not as it was saved" in _refused(folder)


def test_a_link_in_place_of_a_file_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "model.skops").rename(tmp_path / "elsewhere")
    (folder / "model.skops").symlink_to(tmp_path / "elsewhere")
    assert "model.skops is a link" in _refused(folder)


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    assert "no such folder; check the path" in _refused(tmp_path / "nowhere")


def test_nothing_is_made_before_the_digest_agrees(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artifact, "model_from_bytes", lambda _: pytest.fail("a model was made"))
    with (folder / "model.skops").open("ab") as file:
        file.write(b"x")
    assert "model.skops is not as it was saved" in _refused(folder)


@pytest.mark.parametrize(
    "smuggled",
    [
        LogisticRegression(),  # skops trusts every estimator of scikit-learn by itself
        OrderedDict(a=1),
        np.dtype("float64"),
        np.random.default_rng(0),
        np.log,
        Path("/"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_type_that_no_model_needs_is_refused_before_it_is_made(
    folder: Path, smuggled: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = skops.io.dumps(replace(make_model(), variables=({"smuggled": smuggled},)))
    _seal(folder, model=data)
    monkeypatch.setattr(skops_bytes, "_read", lambda *_: pytest.fail("something was made"))
    assert "model.skops is not a model" in _refused(folder)


@pytest.mark.parametrize(
    "data",
    [b"", b"not a zip", pickle.dumps({"a": 1}), skops.io.dumps({"a": 1}), skops.io.dumps([1, 2])],
    ids=["empty", "text", "pickle", "mapping", "list"],
)
def test_a_well_sealed_file_that_is_no_model_is_refused(folder: Path, data: bytes) -> None:
    _seal(folder, model=data)
    assert "model.skops is not a model" in _refused(folder)


def test_a_model_that_gives_no_probability_is_refused(folder: Path) -> None:
    model = make_model()
    broken = replace(model.first, intercept=float("nan"))
    _seal(folder, model=skops.io.dumps(replace(model, first=broken)))
    assert "model.skops is not a model" in _refused(folder)


def test_well_sealed_facts_of_another_model_are_refused(folder: Path) -> None:
    facts = json.loads((folder / "facts.json").read_text())
    _seal(folder, facts=json.dumps({**facts, "training_ranges": {"age_years": {}}}).encode())
    assert "facts.json speaks of another model" in _refused(folder)
    _seal(folder, facts=json.dumps({**facts, "extra": 1}).encode())
    assert "facts.json is not what this version" in _refused(folder)


def test_release_changes_status_and_leaves_the_digest(folder: Path) -> None:
    before = load_model(folder)
    changed = replace(before.facts, version="3", run_id="r1", card_sha256="c" * 64)
    write_release(folder, changed)
    after = load_model(folder)
    assert after.facts == changed
    assert after.digest == before.digest
    assert len(list(folder.iterdir())) == 4


def test_release_changes_nothing_else(folder: Path) -> None:
    facts, _ = read_facts(folder)
    with pytest.raises(KetresponseError, match="change the release only"):
        write_release(folder, replace(facts, notes=[]))
    assert read_facts(folder)[0] == facts


def test_a_status_written_by_hand_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    save_model(folder, make_model(), make_facts(synthetic=False, status="research"))
    path = folder / "release.json"
    path.write_text(path.read_text().replace('"research"', '"approved"'))
    assert "release.json is not as it was written" in _refused(folder)


def test_the_release_of_another_model_is_refused(folder: Path, tmp_path: Path) -> None:
    save_model(tmp_path / "other", make_model(seed=1), make_facts())
    shutil.copy(tmp_path / "other/release.json", folder / "release.json")
    assert "release.json is not as it was written" in _refused(folder)


def test_a_release_cannot_change_a_fact_of_the_model(folder: Path) -> None:
    path = folder / "release.json"
    release = json.loads(path.read_text())["release"]
    path.write_text(json.dumps({"release": {**release, "notes": []}, "sha256": ""}))
    _seal(folder)
    assert "release.json is not as it was written" in _refused(folder)


def test_an_existing_folder_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    with pytest.raises(KetresponseError, match="exists already; choose another folder"):
        save_model(tmp_path / "model", make_model(), make_facts())
    assert list(tmp_path.rglob("*")) == [tmp_path / "model"]


def test_facts_that_do_not_go_with_the_model_are_all_listed(tmp_path: Path) -> None:
    facts = make_facts(base_rates={"t1": 0.5}, training_ranges={})
    with pytest.raises(InputError) as caught:
        save_model(tmp_path / "model", make_model(), facts)
    assert [problem.column for problem in caught.value.problems] == [
        "base_rates",
        "training_ranges",
    ]
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("step", range(5))
def test_an_interrupted_save_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    calls = 0
    name = "write_bytes" if step < 4 else "rename"
    real = getattr(Path, name)

    def interrupted(path: Path, *args: Any) -> Any:
        nonlocal calls
        calls += 1
        if step == 4 or calls > step:
            raise KeyboardInterrupt
        return real(path, *args)

    monkeypatch.setattr(Path, name, interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_model(tmp_path / "models" / "model", make_model(), make_facts())
    assert list((tmp_path / "models").iterdir()) == []


def test_a_place_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(KetresponseError, match="cannot write"):
        save_model(tmp_path / "file" / "model", make_model(), make_facts())


def test_facts_come_back_from_json_as_they_were() -> None:
    facts = make_facts()
    assert ModelFacts.from_dict(json.loads(json.dumps(facts.to_dict()))) == facts
    # What could not be estimated is null, which every reader of JSON understands.
    assert facts.performance["t1"]["slope"] == [0.8, 0.1, None]


def test_facts_are_plain_values() -> None:
    facts = make_facts(seed=np.int64(3), base_rates={"t1": np.float64(0.5), "t2": 0.25})
    assert type(facts.seed) is int
    assert facts.base_rates == {"t1": 0.5, "t2": 0.25}
    with pytest.raises(TypeError, match="plain values; got"):
        make_facts(notes=[Path("x")])


def test_facts_unknown_missing_or_of_the_wrong_type_are_all_listed() -> None:
    values = make_facts().to_dict()
    del values["seed"]
    values.update(colour="red", notes="one", synthetic="yes", run_id=3)
    with pytest.raises(InputError) as caught:
        ModelFacts.from_dict(values)
    assert {problem.column for problem in caught.value.problems} == {
        "colour",
        "seed",
        "notes",
        "synthetic",
        "run_id",
    }


@pytest.mark.parametrize(
    ("synthetic", "status"),
    [(True, "research"), (True, "approved"), (False, "demonstration"), (False, "fine")],
)
def test_status_goes_with_where_the_data_came_from(synthetic: bool, status: str) -> None:
    with pytest.raises(KetresponseError, match=status):
        make_facts(synthetic=synthetic, status=status)


def test_facts_name_the_rule_that_other_patients_are_labelled_by() -> None:
    for rule in ("fall50", "fall >= 20 or success"):
        assert make_facts(rule=rule).to_dict()["rule"] == rule
    with pytest.raises(KetresponseError, match="a responder rule, such as fall30; got 'fall3'"):
        make_facts(rule="fall3")


# -- with a sub-model for patients with a panel ---------------------------------------------------


@pytest.fixture(scope="module")
def saved_panel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "panel"
    save_model(folder, *make_panel_case())
    return folder


@pytest.fixture
def panel_folder(saved_panel: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved_panel, tmp_path / "model"))


@pytest.mark.parametrize("plates", [(), ("p1", "p2")])
def test_a_panel_comes_back_to_the_last_bit(tmp_path: Path, plates: tuple[str, ...]) -> None:
    model, facts, panel = make_panel_case(plates=plates)
    folder = tmp_path / "not" / "there" / "model"
    digest = save_model(folder, model, facts, panel)
    loaded = load_model(folder)
    assert loaded.panel is not None
    rows = np.column_stack([make_cts(9, seed=5), np.arange(9) % 2])
    rows = rows[:, : len(ASSAYS) + bool(plates)]
    X = model.background[:9]
    served = panel.response.probability(panel.encode(X, rows))
    found = loaded.panel.response.probability(loaded.panel.encode(X, rows))
    assert np.array_equal(found, served)
    assert loaded.panel.selected == panel.selected
    assert loaded.facts == facts
    assert loaded.digest == digest


def test_a_panel_is_one_more_file_with_the_same_bytes_each_time(
    saved_panel: Path, saved: Path, tmp_path: Path
) -> None:
    model, facts, panel = make_panel_case()
    digest = save_model(tmp_path / "again", model, facts, panel)
    assert (tmp_path / "again/panel.skops").read_bytes() == (
        saved_panel / "panel.skops"
    ).read_bytes()
    assert digest == read_facts(saved_panel)[1]
    extra = {path.name for path in saved_panel.iterdir()} - {p.name for p in saved.iterdir()}
    assert extra == {"panel.skops"}
    with ZipFile(saved_panel / "panel.skops") as archive:
        for name in archive.namelist():
            if name != "schema.json":
                np.load(io.BytesIO(archive.read(name)), allow_pickle=False)
    model, facts, panel = make_panel_case(seed=1)
    assert save_model(tmp_path / "other", model, facts, panel) != digest


@pytest.mark.parametrize("changed", [b"", b"not a zip", pickle.dumps({"a": 1})])
def test_a_changed_panel_is_noticed(panel_folder: Path, changed: bytes) -> None:
    (panel_folder / "panel.skops").write_bytes(changed)
    assert "panel.skops is not as it was saved" in _refused(panel_folder)
    _seal(panel_folder)
    assert "panel.skops is not a model" in _refused(panel_folder)


def test_a_panel_that_is_gone_is_noticed(panel_folder: Path) -> None:
    (panel_folder / "panel.skops").unlink()
    assert "panel.skops is missing" in _refused(panel_folder)
    _seal(panel_folder)
    assert "facts.json speaks of another model" in _refused(panel_folder)


def test_a_panel_put_beside_a_model_without_one_is_refused(saved: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(saved, tmp_path / "clinical"))
    data = skops.io.dumps(make_panel_case()[2])
    (folder / "panel.skops").write_bytes(data)
    assert "panel.skops is not as it was saved" in _refused(folder)
    _seal(folder)
    assert "facts.json speaks of another model" in _refused(folder)


@pytest.mark.parametrize(
    "smuggled", [LogisticRegression(), np.log, Path("/")], ids=lambda value: type(value).__name__
)
def test_a_panel_holds_no_other_type(
    panel_folder: Path, smuggled: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = make_panel_case()[2]
    data = skops.io.dumps(replace(panel, assays=(*panel.assays, smuggled)))  # type: ignore[arg-type]
    _seal(panel_folder, panel=data)
    real, made = skops_bytes._read, []

    def read(node: Any, *rest: Any) -> Any:
        made.append(node["__class__"])
        return real(node, *rest)

    monkeypatch.setattr(skops_bytes, "_read", read)
    assert "panel.skops is not a model" in _refused(panel_folder)
    assert "ResponseModel" in made and "PanelModel" not in made


def test_a_model_file_is_not_let_hold_what_a_panel_may(panel_folder: Path) -> None:
    _seal(panel_folder, model=(panel_folder / "panel.skops").read_bytes())
    assert "model.skops is not a model" in _refused(panel_folder)


def test_a_panel_that_does_not_go_with_the_model_is_told(tmp_path: Path) -> None:
    model, facts, panel = make_panel_case()
    with pytest.raises(InputError) as caught:
        save_model(tmp_path / "model", model, facts)
    assert [problem.column for problem in caught.value.problems] == ["submodel", "panel"]
    with pytest.raises(InputError) as caught:
        save_model(tmp_path / "model", make_model(), make_facts(), panel)
    assert {problem.column for problem in caught.value.problems} >= {
        "submodel",
        "panel",
        "the panel's predictors",
    }
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(("horizons", "fits"), [(("t1",), True), (("t1", "t2", "t3"), False)])
def test_a_panel_is_told_of_for_no_horizon_that_the_model_lacks(
    tmp_path: Path, horizons: tuple[str, ...], fits: bool
) -> None:
    # Of a horizon where all patients with a panel fared alike nothing is told.
    model, facts, panel = make_panel_case()
    told = dict.fromkeys(horizons, facts.panel["horizons"]["t1"])
    facts = replace(facts, panel={**facts.panel, "horizons": told})
    if fits:
        save_model(tmp_path / "model", model, facts, panel)
        assert read_facts(tmp_path / "model")[0] == facts
        return
    with pytest.raises(InputError) as caught:
        save_model(tmp_path / "model", model, facts, panel)
    assert [problem.got for problem in caught.value.problems] == ["t1 and t2 and t3"]
