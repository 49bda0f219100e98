from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pandas as pd
import pytest

from features.errors import InputError, KetresponseError
from features.files.streams import Piece
from serving.batch.parts import AnswerParts
from serving.batch.run import Asking, Portion, answer_all
from serving.estimate.several import list_columns
from training.store.artifact import read_facts

HEADING = b"patient_id,nrs_t0,disease_duration_years,opioid,antidepressant,sex\n"


@pytest.fixture(scope="module")
def folder(save) -> Path:
    return save()


def ask(folder: Path, out: Path, *, explains: bool = True) -> Asking:
    AnswerParts(out).begin({}, resume=False, force=True)
    return Asking(folder, read_facts(folder)[1], "", (), explains, out, names_files=False)


def make_portions(n: int, *, n_rows: int = 3) -> Iterator[Portion]:
    for number in range(n):
        lines = (
            f"P{number}-{i},{i % 11},{1 + number / 7:.6f},no,yes,male\n" for i in range(n_rows)
        )
        yield Portion(
            number, "x.csv", Piece("x.csv", "".join(lines).encode(), HEADING, 1 + number * n_rows)
        )


def test_two_processes_write_what_one_writes(folder: Path, tmp_path: Path, predictor) -> None:
    columns, found = list_columns(predictor), []
    for jobs in (1, 2):
        out = tmp_path / f"{jobs}.csv"
        steps = count(1)
        answer_all(make_portions(5), ask(folder, out), jobs=jobs, step=lambda it=steps: next(it))
        assert AnswerParts(out).join(columns, force=False) == (15, 0)
        assert next(steps) == 6
        found.append(pd.read_csv(out))
    pd.testing.assert_frame_equal(*found, rtol=0.0, atol=1e-12)
    assert found[0]["row"].tolist() == list(range(2, 17))


def test_a_piece_of_no_cohort_ends_the_run_and_the_parts_stay(folder: Path, tmp_path: Path) -> None:
    def portions() -> Iterator[Portion]:
        yield from make_portions(2)
        yield Portion(2, "y.csv", Piece("y.csv", b"1,2\n", b"age,nrs\n", 1))

    out = tmp_path / "out.csv"
    with pytest.raises(InputError, match=r"y\.csv: cohort") as caught:
        answer_all(portions(), ask(folder, out), jobs=1, step=lambda: None)
    assert {p.column for p in caught.value.problems} >= {"patient_id"}
    assert len(list(AnswerParts(out).folder.glob("*.csv"))) == 2


def test_a_model_that_was_exchanged_is_told(save, tmp_path: Path) -> None:
    asking = ask(save(), tmp_path / "out.csv")
    other = Asking(save(horizons=("t1",)), *list(asking.__dict__.values())[1:])
    with pytest.raises(KetresponseError, match="is another one by now"):
        answer_all(make_portions(1), other, jobs=1, step=lambda: None)


def test_memory_does_not_grow_with_the_number_of_pieces(folder: Path, tmp_path: Path) -> None:
    asking = ask(folder, tmp_path / "out.csv", explains=False)
    answer_all(make_portions(2), asking, jobs=1, step=lambda: None)  # what is made once
    sizes: list[int] = []

    def measure() -> None:
        gc.collect()
        sizes.append(tracemalloc.get_traced_memory()[0])

    gc.collect()
    gc.freeze()  # what was there before is not looked through at each piece
    tracemalloc.start()
    try:
        answer_all(make_portions(40), asking, jobs=1, step=measure)
    finally:
        tracemalloc.stop()
        gc.unfreeze()
    # One answer of three rows, kept, would be 5 kB a piece: 120 kB of these.
    assert sizes[-1] - sizes[15] < 60 * 1_000
