"""What travels arrives as it was, and a worker says first what it computes with."""

import pickle
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from tests.training.helpers.clusters import Large, look_at
from training.running import worker
from training.running.worker import Sent, Stand, at_worker, describe_process, pack, run_batch

FLOORS = ("features", "training")


def test_an_object_arrives_at_an_even_address_and_once():
    odd = np.frombuffer(bytes(1 + 8 * 5), dtype=np.float64, offset=1)
    sent = pickle.loads(pack(Sent(pack(odd))))
    found = sent.unpack()
    assert found.flags.aligned and found.tobytes() == odd.tobytes()
    assert sent.unpack() is found
    again = pickle.loads(pack(sent))  # from one worker to another
    assert again.unpack().tobytes() == odd.tobytes()


def _be_worker(monkeypatch, threads=1):
    """Let this process be a worker, as far as Dask says so."""
    one = SimpleNamespace(address="tcp://127.0.0.1:1", state=SimpleNamespace(nthreads=threads))
    monkeypatch.setattr("distributed.get_worker", lambda: one)


def test_a_batch_gives_the_results_of_its_tasks_in_order(monkeypatch):
    _be_worker(monkeypatch)
    tasks = [(look_at, [Stand(0), number], {}) for number in (3, 1)]
    seconds, packed = run_batch(describe_process(FLOORS), FLOORS, pack(tasks), Sent(pack(Large())))
    assert [found[2] for found in pickle.loads(packed)] == [3.0, 1.0]
    assert seconds >= 0.02


def test_what_a_process_computes_with_is_told_by_name():
    found = describe_process(FLOORS)
    assert found["numpy"] == np.__version__
    assert found["tasks at a time"] == "1"
    assert len(found["instructions of the processor"]) > 3
    assert found["ketresponse"].startswith("code ")
    assert describe_process((*FLOORS, "experiments"))["ketresponse"] != found["ketresponse"]


def test_other_code_is_refused_before_anything_is_unpacked(monkeypatch):
    _be_worker(monkeypatch, threads=2)
    expected = describe_process(FLOORS) | {"ketresponse": "code of another day"}
    with pytest.raises(worker.Unlike) as found:
        run_batch(expected, FLOORS, b"no pickle")
    assert found.value.args == ("tcp://127.0.0.1:1", describe_process(FLOORS, threads=2))


def test_where_ketresponse_is_not_installed_an_address_comes_back(monkeypatch):
    _be_worker(monkeypatch)
    packed = pack((at_worker("run_batch"), Sent(pack(Large()))))
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "training.running", None)
        run, sent = pickle.loads(packed)
        assert run({}, FLOORS, b"no pickle") == sent == "tcp://127.0.0.1:1"
    with pytest.raises(worker.Unlike) as found:  # it lay there, and came here
        run_batch(describe_process(FLOORS), FLOORS, b"no pickle", sent)
    assert found.value.args == ("tcp://127.0.0.1:1", None)
