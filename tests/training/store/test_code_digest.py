from __future__ import annotations

import hashlib
import subprocess
import sys

import pytest

from tests.places import PROJECT
from training.store import code_digest
from training.store.code_digest import PREDICTION_PATH, compute_code_digest, list_code_parts


@pytest.fixture(autouse=True)
def afresh():
    list_code_parts.cache_clear()
    yield
    list_code_parts.cache_clear()


def test_the_prediction_path_is_what_a_prediction_loads():
    code = (
        "import sys\n"
        "from tests.serving.helpers.models import PATIENT, make_loaded\n"
        "made = make_loaded()\n"
        "from serving.estimate.predictor import Predictor\n"
        "Predictor(made).predict(PATIENT, request_id='x')\n"
        "packages = ('features.', 'training.', 'serving.')\n"
        "print(*sorted(n for n in sys.modules if n.startswith(packages)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert tuple(done.stdout.split()) == PREDICTION_PATH


def test_the_digest_is_of_files_and_versions():
    parts = list_code_parts()
    assert set(parts) - set(PREDICTION_PATH) == {
        "numpy",
        "scipy",
        "pandas",
        "scikit-learn",
        "lightgbm",
        "skops",
    }
    source = (PROJECT / "features" / "schema.py").read_bytes()
    assert parts["features.dictionary.schema"] == hashlib.sha256(source).hexdigest()
    assert compute_code_digest() == compute_code_digest()


def test_another_version_of_a_package_is_another_code(monkeypatch):
    before = compute_code_digest()
    versions = code_digest.package_versions()
    monkeypatch.setattr(code_digest, "package_versions", lambda: {**versions, "numpy": "1.0"})
    list_code_parts.cache_clear()
    assert compute_code_digest() != before


def test_python_and_our_own_number_do_not_count(monkeypatch):
    before = compute_code_digest()
    versions = code_digest.package_versions()
    monkeypatch.setattr(
        code_digest, "package_versions", lambda: {**versions, "python": "3.9", "ketresponse": "9"}
    )
    list_code_parts.cache_clear()
    assert compute_code_digest() == before
