from __future__ import annotations

import stat
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.errors import InputError, Problem
from serving.batch.parts import AnswerParts, make_part, name_refused

RUN = {"input": {"a.csv": "1"}, "model": "m", "options": {"explanation": True}, "version": "1"}
COLUMNS = ["patient_id", "row", "submodel", "t1_probability", "told"]


def make(n: int, start: int = 2) -> pd.DataFrame:
    rows = range(start, start + n)
    return pd.DataFrame(
        {
            "patient_id": [f"P, {row}" for row in rows],
            "row": list(rows),
            "submodel": "",
            "t1_probability": [row / 7 if row % 2 else np.nan for row in rows],
            "told": 'say "this"',
        }
    )


def keep(parts: AnswerParts, number: int, table: pd.DataFrame, problems: list[Problem]) -> None:
    ending = parts.out.suffix
    parts.keep(make_part(number, table, problems, file="a.csv", ending=ending))


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_parts_become_one_file_in_their_order(tmp_path: Path, ending: str) -> None:
    parts = AnswerParts(tmp_path / f"out{ending}")
    assert parts.begin(RUN, resume=False, force=False) == set()
    wrong = [Problem("nrs_t0", "a number", "'x,y'", 5, "do this"), Problem("sex", "a", "b", 5)]
    keep(parts, 2, make(0), [])
    keep(parts, 1, make(2, 4), wrong)
    keep(parts, 0, make(2), [])
    assert parts.begin(RUN, resume=True, force=False) == {0, 1, 2}
    assert parts.join(COLUMNS, force=False) == (3, 1)
    read = pd.read_csv if ending == ".csv" else pd.read_parquet
    found = read(parts.out)
    expected = make(4)
    if ending == ".csv":
        expected["submodel"] = np.nan
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)
    assert not parts.folder.exists()
    listed = name_refused(parts.out)
    assert pd.read_csv(listed).fillna("").values.tolist() == [
        ["a.csv", 5, "nrs_t0", "a number", "'x,y'", "do this"],
        ["a.csv", 5, "sex", "a", "b", ""],
    ]
    assert stat.S_IMODE(listed.stat().st_mode) == 0o600


def test_nobody_s_parts_are_taken_for_another_run_s(tmp_path: Path) -> None:
    parts = AnswerParts(tmp_path / "out.csv")
    parts.begin(RUN, resume=False, force=False)
    keep(parts, 0, make(1), [])
    with pytest.raises(InputError, match="go on with it by --resume, or begin anew by --force"):
        parts.begin(RUN, resume=False, force=False)
    for name in RUN:
        with pytest.raises(InputError, match=f"(?s)is of another run.*{name}: expected the same"):
            parts.begin({**RUN, name: "other"}, resume=True, force=False)
    assert parts.begin(RUN, resume=False, force=True) == set()
    assert parts.begin(RUN, resume=True, force=False) == set()


def test_what_was_being_written_is_no_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = AnswerParts(tmp_path / "out.csv")
    parts.begin(RUN, resume=False, force=False)
    wrong = [Problem("sex", "a", "b", 2)]

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("serving.batch.parts.arrow_csv.write_csv", fail)
        with pytest.raises(OSError, match="No space"):
            keep(parts, 0, make(1), wrong)
    assert parts.begin(RUN, resume=True, force=False) == set()
    keep(parts, 0, make(1), wrong)
    assert parts.join(COLUMNS, force=False) == (0, 1)
    assert len(name_refused(parts.out).read_text().splitlines()) == 2
