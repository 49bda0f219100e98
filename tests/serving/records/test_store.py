from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from features.errors import KetresponseError
from serving.records.database import RecordsRefused
from serving.records.record import Outcome
from serving.records.settings import RecordSettings
from serving.records.store import RecordStore, open_store
from tests.serving.records.conftest import ESTIMATE, START, make_estimates


def test_an_estimate_comes_back_as_it_was_but_for_the_pseudonym(either_store: RecordStore) -> None:
    either_store.write([ESTIMATE])
    (kept,) = either_store.read()
    assert kept.pseudonym == either_store.keys.hash_pseudonym("P-0417")
    assert replace(kept, pseudonym="P-0417") == ESTIMATE
    assert kept.at.tzinfo is not None


def test_the_centre_is_kept_with_an_estimate_even_where_contents_are_not(
    environ: dict[str, str],
) -> None:
    settings = RecordSettings.from_environ(environ | {"KETRESPONSE_RECORDS_CONTENT": "none"})
    assert settings is not None
    store = open_store(settings)
    store.write([replace(ESTIMATE, centre="North")])
    (kept,) = store.read()
    assert (kept.centre, kept.site, kept.inputs) == ("North", "North", None)
    store.close()


def test_estimates_are_found_by_patient_answer_and_model(either_store: RecordStore) -> None:
    mine, others = make_estimates(3), make_estimates(2, pseudonym="P-2", model_digest="e" * 64)
    nobody = make_estimates(1, pseudonym=None)
    either_store.write([*mine, *others, *nobody])
    found = either_store.read(pseudonym="P-0417")
    assert [one.request_id for one in found] == [one.request_id for one in mine]
    assert len(either_store.read(model_digest="e" * 64)) == 2
    assert len(either_store.read(request_ids=[mine[0].request_id, nobody[0].request_id])) == 2
    assert either_store.read(request_ids=[]) == []
    many = [f"{place}" for place in range(1200)]
    assert len(either_store.read(request_ids=[*many, mine[1].request_id])) == 1


def test_all_are_written_or_none(either_store: RecordStore) -> None:
    twice = make_estimates(1)
    with pytest.raises(RecordsRefused):
        either_store.write([*make_estimates(3), *twice, *twice])
    assert either_store.count()["estimates"] == 0


def test_outcomes_come_back_in_order_and_corrections_are_added(either_store: RecordStore) -> None:
    one, other = make_estimates(2)
    either_store.write([one, other])
    reports = [
        Outcome(name, START, "nurse", values)
        for name, values in (
            (one.request_id, {"nrs_t1": 4.0}),
            (other.request_id, {"success_t1": 1.0}),
            (one.request_id, {"nrs_t1": 5.0}),
        )
    ]
    either_store.write_outcomes(reports)
    assert either_store.read_outcomes() == reports
    assert either_store.read_outcomes([one.request_id]) == [reports[0], reports[2]]
    counted = either_store.count()
    assert (counted["estimates"], counted["outcomes"], counted["first"]) == (2, 3, START)


def test_an_outcome_of_nothing_is_refused(either_store: RecordStore) -> None:
    with pytest.raises(RecordsRefused):
        either_store.write_outcomes([Outcome("nothing", START, "nurse", {"nrs_t1": 4.0})])
    either_store.write_outcomes([])
    assert either_store.count()["outcomes"] == 0


def test_contents_can_be_left_out_and_probabilities_are_kept(environ: dict[str, str]) -> None:
    settings = RecordSettings.from_environ({**environ, "KETRESPONSE_RECORDS_CONTENT": "none"})
    assert settings is not None
    store = open_store(settings)
    store.write([ESTIMATE])
    (kept,) = store.read()
    assert (kept.inputs, kept.answer) == (None, None)
    assert kept.probabilities == ESTIMATE.probabilities
    store.close()


def test_nothing_of_a_patient_can_be_read_from_the_files(
    store: RecordStore, settings: RecordSettings
) -> None:
    inputs = {"patient": {"nrs_t0": 7.7318462, "word": "Zyxxwort"}, "panel": None}
    (one,) = make_estimates(1, inputs=inputs, pseudonym="qvarnstroem")
    store.write([one])
    store.write_outcomes([Outcome(one.request_id, START, "nurse", {"site": "Zyxxwort"})])
    store.close()
    assert settings.file is not None
    for path in settings.file.parent.iterdir():
        content = path.read_bytes()
        for word in (b"7.7318462", b"Zyxxwort", b"qvarnstroem"):
            assert word not in content


def test_only_the_owner_may_read_the_files(store: RecordStore, settings: RecordSettings) -> None:
    store.write([ESTIMATE])
    assert settings.file is not None
    assert {path.stat().st_mode & 0o077 for path in settings.file.parent.iterdir()} == {0}


def test_a_changed_record_is_found(store: RecordStore) -> None:
    store.write(make_estimates(2))
    with store.database.writing() as connection:
        connection.exec_driver_sql(
            "UPDATE estimates SET sealed = (SELECT max(sealed) FROM estimates)"
        )
    with pytest.raises(KetresponseError, match="not as it was written"):
        store.read()


def test_a_store_opened_again_has_what_it_had(settings: RecordSettings) -> None:
    first = open_store(settings)
    first.write([ESTIMATE])
    first.close()
    again = open_store(settings)
    assert len(again.read(pseudonym="P-0417")) == 1
    again.close()


@pytest.mark.parametrize("emptied", [True, False])
def test_a_store_that_is_gone_or_empty_is_not_begun_anew_in_silence(
    settings: RecordSettings, emptied: bool
) -> None:
    store = open_store(settings)
    store.write([ESTIMATE])
    store.close()
    assert settings.file is not None
    settings.file.unlink()
    if emptied:
        settings.file.touch()
    with pytest.raises(KetresponseError, match="empty" if emptied else "gone"):
        open_store(settings)


def test_records_without_their_key_stay_closed(settings: RecordSettings, tmp_path: Path) -> None:
    store = open_store(settings)
    store.write([ESTIMATE])
    store.close()
    settings.key_file.rename(tmp_path / "aside")
    with pytest.raises(KetresponseError, match="restore it from its backup"):
        open_store(settings)
    other = replace(settings, url=settings.url.set(database=str(tmp_path / "other.db")))
    open_store(other).close()  # makes keys of its own in that place
    with pytest.raises(KetresponseError, match="the key file is another store's"):
        open_store(settings)


def test_a_key_file_that_is_put_in_place_is_read(store: RecordStore) -> None:
    from serving.records.keys import write_keys

    write_keys(store.keys.with_new_key(), store.key_file)
    assert store.keys.current == 2
    aside = store.key_file.rename(store.key_file.with_name("aside"))
    assert store.keys.current == 2  # as long as the service runs
    aside.rename(store.key_file)
