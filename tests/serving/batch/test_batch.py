"""A cohort of any size: what is asked in parts, and after a break, is what is asked at once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import pandas as pd
import pytest

from features.errors import InputError, KetresponseError
from serving.batch import batch as module
from serving.batch import run as run_module
from serving.batch.parts import AnswerParts, name_refused
from serving.commands.predict import predict
from serving.estimate.predictor import Predictor
from serving.estimate.several import predict_cohort, to_table
from tests.serving.helpers.command_line import CommandLine
from tests.training.helpers.clusters import RunningCluster, start_cluster

line = CommandLine(predict=predict)
run, fail = line.run, line.fail


@pytest.fixture(scope="module")
def folder(save: Callable[..., Path]) -> Path:
    return save()


def make(n: int, *, start: int = 0) -> pd.DataFrame:
    rows = range(start, start + n)
    return pd.DataFrame(
        {
            "patient_id": [f"P{i}" for i in rows],
            "age_years": [str(16 + i % 60) for i in rows],
            "nrs_t0": [str(i % 12) for i in rows],  # 11 cannot be read
            "disease_duration_years": [f"{0.3 + i % 13:.2f}" for i in rows],
            "opioid": ["yes" if i % 3 else "no" for i in rows],
            "antidepressant": ["", "yes", "no"] * (n // 3) + [""] * (n % 3),
            "sex": "female",
            "nrs_t1": "not looked at",
        },
        dtype="str",
    )


@pytest.fixture
def pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every file for a long one, in pieces of some ten rows."""
    monkeypatch.setattr(module, "WHOLE_BYTES", 10)
    monkeypatch.setattr("features.files.streams.PIECE_BYTES", 500)
    monkeypatch.setattr("features.files.streams.PIECE_ROWS", 10)


def expect(predictor: Predictor, table: pd.DataFrame) -> pd.DataFrame:
    table = table.set_axis(range(1, len(table) + 1))
    return to_table(predict_cohort(predictor, table, {}), predictor)


def hold_alike(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    texts = ["submodel", "told"]
    found, expected = (t.fillna(dict.fromkeys(texts, "")) for t in (found, expected))
    pd.testing.assert_frame_equal(found, expected, check_dtype=False, rtol=0.0, atol=1e-12)


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
@pytest.mark.usefixtures("pieces")
def test_answers_in_pieces_are_those_of_each_patient(
    folder: Path, tmp_path: Path, predictor: Predictor, ending: str
) -> None:
    table, out = make(36), tmp_path / f"out{ending}"
    table.to_csv(tmp_path / "in.csv", index=False)
    done = run("predict", folder, "--cohort", tmp_path / "in.csv", "--out", out, "--jobs", 1)
    assert done.exit_code == 0, done.output
    assert "Wrote 36 answers" in done.stderr
    assert "3 rows cannot be read" in done.stderr
    read = pd.read_csv if ending == ".csv" else pd.read_parquet
    hold_alike(read(out), expect(predictor, table))
    refused = pd.read_csv(name_refused(out))
    assert refused["row"].tolist() == [13, 25, 37]
    assert set(refused["got"]) == {11}
    assert "11" not in done.stderr.replace("out", "")


def test_a_short_file_is_checked_as_a_whole_and_cut_afterwards(
    folder: Path, tmp_path: Path, predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_ROWS_AT_ONCE", 10)
    table, out = make(24), tmp_path / "out.csv"
    table.loc[3, "disease_duration_years"] = "1,500"  # one and a half beside 2,5
    table.loc[4, "disease_duration_years"] = "2,5"
    table.to_csv(tmp_path / "in.csv", index=False)
    asked = ("predict", folder, "--cohort", tmp_path / "in.csv", "--out", out)
    assert run(*asked, "--jobs", 1).exit_code == 0
    hold_alike(pd.read_csv(out), expect(predictor, table))
    table.loc[5, "patient_id"] = "P4"
    table.to_csv(tmp_path / "in.csv", index=False)
    assert "each patient_id with each course_number once" in str(fail(*asked, "--force"))
    assert not AnswerParts(out).folder.exists()


@pytest.mark.usefixtures("pieces")
def test_what_was_ended_goes_on_without_loss_or_doubles(
    folder: Path, tmp_path: Path, predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, out = make(36), tmp_path / "out.csv"
    table.to_csv(tmp_path / "in.csv", index=False)
    asked = ("predict", folder, "--cohort", tmp_path / "in.csv", "--out", out, "--jobs", 1)
    answer = run_module._answer
    answered: list[int] = []

    def end_at_third(portion: Any, asking: Any) -> Any:
        if len(answered) == 2:
            raise KeyboardInterrupt
        answered.append(portion.number)
        return answer(portion, asking)

    with monkeypatch.context() as patch:
        patch.setattr(run_module, "_answer", end_at_third)
        done = run(*asked)
    assert done.exit_code != 0
    assert "the same command with --resume goes on" in done.stderr
    assert not out.exists()
    assert "go on with it by --resume" in str(fail(*asked))
    rest: list[int] = []

    def note(portion: Any, asking: Any) -> Any:
        rest.append(portion.number)
        return answer(portion, asking)

    monkeypatch.setattr(run_module, "_answer", note)
    name_refused(out).write_text("of a run that was ended while its parts were joined")
    done = run(*asked, "--resume")
    assert done.exit_code == 0, done.output
    assert not set(rest) & set(answered)
    assert rest == list(range(2, 2 + len(rest)))
    assert "Wrote 36 answers" in done.stderr
    assert "3 rows cannot be read" in done.stderr
    hold_alike(pd.read_csv(out), expect(predictor, table))


@pytest.mark.usefixtures("pieces")
def test_another_input_model_or_option_is_no_resumption(
    folder: Path, save: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cohort, out = tmp_path / "in.csv", tmp_path / "out.csv"
    make(24).to_csv(cohort, index=False)
    rest = ("--cohort", cohort, "--out", out, "--jobs", 1, "--resume")
    with monkeypatch.context() as patch:
        patch.setattr(run_module, "_answer", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        assert run("predict", folder, *rest).exit_code != 0
    other = save(constant=True)
    for words, named in (
        (("predict", other, *rest), "model"),
        (("predict", folder, *rest, "--no-explanation"), "options"),
    ):
        assert [p.column for p in fail(*words).problems] == [named]  # type: ignore[attr-defined]
    make(25).to_csv(cohort, index=False)
    error = fail("predict", folder, *rest)
    assert isinstance(error, InputError)
    assert [p.column for p in error.problems] == ["input"]


@pytest.mark.usefixtures("pieces")
def test_a_folder_and_an_address_are_answered_file_by_file(
    folder: Path, tmp_path: Path, predictor: Predictor
) -> None:
    (tmp_path / "in").mkdir()
    for name, start in (("b.csv", 12), ("a.csv", 0)):
        make(12, start=start).to_csv(tmp_path / "in" / name, index=False)
        with fsspec.open(f"memory://batch/{name}", "w") as file:
            make(12, start=start).to_csv(file, index=False)
    expected = [expect(predictor, make(12, start=start)) for start in (0, 12)]
    for number, where in enumerate((tmp_path / "in", "memory://batch/*.csv")):
        out = tmp_path / f"{number}.csv"
        done = run("predict", folder, "--cohort", where, "--out", out, "--jobs", 1)
        assert done.exit_code == 0, done.output
        found = pd.read_csv(out)
        assert [Path(file).name for file in found.pop("file").unique()] == ["a.csv", "b.csv"]
        hold_alike(found, pd.concat(expected, ignore_index=True))


def test_without_reasons_there_are_none(folder: Path, tmp_path: Path, predictor: Predictor) -> None:
    make(3).to_csv(tmp_path / "in.csv", index=False)
    asked = ("--cohort", tmp_path / "in.csv", "--out", tmp_path / "out.csv", "--no-explanation")
    assert run("predict", folder, *asked).exit_code == 0
    found = pd.read_csv(tmp_path / "out.csv")
    hold_alike(found, expect(predictor, make(3))[list(found)])
    assert not [name for name in found if "_from_" in str(name) or str(name).endswith("_base")]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--cohort", "s3://bucket/*.csv"), "need --out"),
        (("--cohort", "*.csv", "--out", "out.csv", "--json"), "need --out"),
        (("--set", "nrs_t0=8", "--resume"), "go with --out FILE"),
        (("--set", "nrs_t0=8", "--no-explanation"), "go with --out FILE"),
        (("--set", "nrs_t0=8", "--engine", "dask"), "go with --out FILE"),
        (
            ("--cohort", "*.csv", "--out", "out.csv", "--json", "--engine", "dask"),
            "--engine dask goes with neither --json nor --panel",
        ),
        (
            ("--cohort", "in.csv", "--out", "out.csv", "--engine", "dask", "--jobs", 2),
            "--jobs: expected only with --engine local",
        ),
        (("--cohort", "nosuch*.csv", "--out", "out.csv"), "there is no such file"),
    ],
)
def test_what_does_not_go_together_is_told(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    make(3).to_csv("in.csv", index=False)
    assert told in str(fail("predict", folder, *words))


def test_an_address_of_a_store_that_nothing_reads_is_told(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    error = fail("predict", folder, "--cohort", "s3://b/x.csv", "--out", tmp_path / "out.csv")
    assert "s3fs" in str(error)


# ---------------------------------------------------------------- on a cluster


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCluster]:
    """Start a cluster of two workers, elsewhere; the last test kills it, part by part."""
    started = start_cluster(tmp_path_factory.mktemp("cluster"), n_workers=2)
    try:
        yield started
    finally:
        started.end()


def act_after(n: int, act: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Act once, when so many parts are kept; return their names, as they come."""
    keep, kept = AnswerParts.keep, list[str]()

    def keep_and_act(self: AnswerParts, part: Any) -> None:
        keep(self, part)
        kept.append(part.name)
        if len(kept) == n:
            act()

    monkeypatch.setattr(AnswerParts, "keep", keep_and_act)
    return kept


@pytest.mark.usefixtures("pieces")
def test_a_cluster_writes_the_same_bytes_whatever_of_it_is_killed(
    folder: Path, tmp_path: Path, cluster: RunningCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(240).to_csv(tmp_path / "in.csv", index=False)
    asked = ("predict", folder, "--cohort", tmp_path / "in.csv", "--out")
    expected, there = tmp_path / "here.csv", tmp_path / "there.csv"
    assert run(*asked, expected, "--jobs", 1).exit_code == 0
    on_cluster = (*asked, there, "--engine", "dask")
    monkeypatch.setenv("KETRESPONSE_SCHEDULER", cluster.address)

    def hold_the_same() -> None:
        assert there.read_bytes() == expected.read_bytes()
        assert name_refused(there).read_bytes() == name_refused(expected).read_bytes()

    with monkeypatch.context() as patch:
        kept = act_after(2, cluster.kill_worker, patch)
        done = run(*on_cluster)
    assert done.exit_code == 0, done.output
    assert len(cluster.workers) == 1
    assert len(kept) == len(set(kept)) > 10
    hold_the_same()

    with monkeypatch.context() as patch:
        kept = act_after(3, cluster.scheduler.kill, patch)
        error = fail(*on_cluster, "--force")
    assert isinstance(error, KetresponseError)
    assert "was lost. Start it again" in str(error) and "with --resume goes on" in str(error)
    with monkeypatch.context() as patch:
        rest = act_after(0, lambda: None, patch)
        assert run(*asked, there, "--jobs", 1, "--resume", "--force").exit_code == 0
    assert rest and not set(rest) & set(kept)
    hold_the_same()
