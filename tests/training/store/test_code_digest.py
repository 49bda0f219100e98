from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.serving.conftest import save as save
from tests.serving.helpers.models import PATIENT
from tests.serving.helpers.panels import make_cts, make_panel_case
from tests.training.helpers.examples import make_facts, make_model
from training.store import code_digest
from training.store.artifact import save_model
from training.store.code_digest import compute_code_digest, list_code_parts, list_service_path

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module", autouse=True)
def each_source_read_once():
    """Remember what a source imports: copies hold hundreds that are the same to the last byte."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(code_digest, "_read_imports", cache(code_digest._read_imports))
        yield


@pytest.fixture(autouse=True)
def afresh():
    list_code_parts.cache_clear()
    yield
    list_code_parts.cache_clear()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a new folder with the packages that a release takes along."""
    for package in ("features", "training", "serving"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=ignored)
    return tmp_path


def test_code_that_lies_elsewhere_is_the_same(copy: Path) -> None:
    assert list_service_path(copy) == list_service_path()
    assert list_code_parts(copy) == list_code_parts()


def _append(root: Path, module: str, line: str) -> None:
    path = root.joinpath(*module.split(".")).with_suffix(".py")
    path.write_bytes(path.read_bytes() + f"{line}\n".encode())


def test_whatever_an_answer_loads_is_on_the_path(tmp_path: Path) -> None:
    # Trees, a panel, and a record of which everything is read: each kind of module takes part.
    save_model(tmp_path / "trees", make_model(trees=True), make_facts())
    save_model(tmp_path / "panel", *make_panel_case())
    cts = make_cts(1, seed=1)[0].tolist()
    code = f"""
import sys
from pathlib import Path
from serving.estimate.predictor import Predictor
from training.store.artifact import load_model
Predictor(load_model(Path("trees"))).predict({PATIENT!r} | {{"sex": None}}, request_id="x")
both = Predictor(load_model(Path("panel")))
ct = dict(zip(both.panel.assays, {cts!r}))
panel = {{"ct": ct, "sample_date": "2026-01-30", "infusion_start": "2026-01-31"}}
assert both.predict({PATIENT!r}, request_id="x", panel=panel)["submodel"] == "clinical+panel"
ours = ("features", "training", "serving")
print(*sorted(name for name in sys.modules if name.partition(".")[0] in ours))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(done.stdout.split()) <= set(list_service_path())


def test_whatever_the_service_reads_is_part_of_the_code(
    tmp_path: Path, save: Callable[..., Path]
) -> None:
    # The service itself, all of its pages, and every file that Python opens below the source.
    code = f"""
import os, sys
root, opened = {str(ROOT)!r}, set()
def hear(name, args):
    if name == "open" and isinstance(args[0], str) and args[0].startswith(root):
        opened.add(os.path.relpath(args[0], root))
sys.addaudithook(hear)
from serving.service import make_asgi
from tests.serving.helpers.clients import Client
client = Client(make_asgi())
for path in ("/clinic", "/clinic?example", "/docs", "/docs.json", "/model", "/model/card", "/card",
             "/clinic.css", "/docs.css", "/docs.js", "/icon.svg", "/outcomes", "/monitor"):
    client.get(path, headers={{"accept": "text/html"}})
answer = client.post("/clinic", data={{k: str(v) for k, v in {PATIENT!r}.items()}})
assert answer.status_code == 200 and "%" in answer.text, answer.text
ours = ("features", "training", "serving")
print(*(name for name in sys.modules if name.partition(".")[0] in ours))
data = [name for name in opened if not name.endswith(".py") and "__pycache__" not in name]
print(*(name for name in data if name.startswith(ours)))
"""
    settings = {"KETRESPONSE_MODEL": str(save()), "KETRESPONSE_MODE": "demonstration"}
    settings["KETRESPONSE_ALLOWED_HOSTS"] = "here"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "HOME": str(tmp_path), **settings},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    modules, files = done.stdout.strip().splitlines()[-2:]
    assert "serving.web.page" in modules.split() and "serving/web/templates/clinic.html" in files
    assert set(modules.split()) <= set(list_service_path())
    assert set(files.split()) <= set(list_code_parts())


def test_nothing_that_only_trains_reviews_or_commands_is_on_the_path() -> None:
    path = list_service_path()
    rooms = ("training.fitting", "training.running", "training.commands", "serving.commands")
    alone = ("training.review.desk", "training.store.tracking", "serving.release", "serving.review")
    assert [module for module in path if module.startswith((*rooms, *alone))] == []
    for module in ("serving", "serving.service", "serving.estimate.predictor", "serving.web.page"):
        assert module in path


@pytest.mark.parametrize(
    "module",
    [
        "serving.estimate.predictor",
        "serving.estimate.notices",
        "serving.web.page",
        "serving.service",
        "serving.estimate.panel",
        "training.model.response_model",
        "training.model.explanation",
        "training.model.trees",
        "training.panel.model",
        "training.store.artifact",
        "features.dictionary.transformers",
        "features.panel.normaliser",
        "features.errors",
    ],
)
def test_a_changed_line_on_the_path_is_another_code(copy: Path, module: str) -> None:
    before = list_code_parts()
    _append(copy, module, "_CHANGED = 1")
    after = list_code_parts(copy)
    assert {name for name in before if before[name] != after[name]} == {module}


@pytest.mark.parametrize(
    "file",
    [
        "features/published/data/base_rates.json",
        "features/published/data/published_studies.json",
        "serving/web/templates/clinic.html",
        "serving/web/templates/clinic.css",
        "training/card/data/fields.csv",
        "training/card/model_card.schema.json",
        "serving/__init__.py",
    ],
)
def test_a_changed_page_table_or_package_is_another_code(copy: Path, file: str) -> None:
    before = list_code_parts()
    (copy / file).write_bytes((copy / file).read_bytes() + b"\n")
    after = list_code_parts(copy)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {file.removesuffix("/__init__.py")}


def test_a_file_that_is_added_beside_a_module_counts(copy: Path) -> None:
    before = list_code_parts()
    (copy / "serving" / "web" / "templates" / "new.html").touch()
    for kept_out in ("serving/web/__pycache__/x.pyc", "serving/web/.hidden", "training/x/y.json"):
        (copy / kept_out).parent.mkdir(exist_ok=True)
        (copy / kept_out).touch()
    (copy / "training" / "x" / "__init__.py").touch()
    assert set(list_code_parts(copy)) - set(before) == {"serving/web/templates/new.html"}


@pytest.mark.parametrize(
    "module", ["training.fitting.solvers", "training.fitting.candidates", "training.review.desk"]
)
def test_what_only_trains_or_tells_may_change(copy: Path, module: str) -> None:
    before = list_code_parts()
    _append(copy, module, "# another remark\n_CHANGED = 1")
    assert list_code_parts(copy) == before


def test_a_module_that_is_imported_anew_comes_onto_the_path(copy: Path) -> None:
    before = set(list_service_path())
    line = "def _later():\n    from training.fitting.candidates import CANDIDATES"
    _append(copy, "serving.estimate.notices", line)
    new = set(list_service_path(copy)) - before
    assert {"training.fitting.candidates", "training.fitting.solvers"} <= new


def test_what_others_installed_beside_it_is_not_the_code(copy: Path) -> None:
    before = list_code_parts()
    for package in ("numpy", "pandas"):  # as in an installation, where all lie in one folder
        (copy / package).mkdir()
        (copy / package / "__init__.py").write_text("import scipy\n")
    assert list_code_parts(copy) == before


def test_what_only_a_type_needs_is_not_loaded(copy: Path) -> None:
    before = list_service_path()
    line = "if TYPE_CHECKING:\n    from training.fitting.candidates import CANDIDATES"
    _append(copy, "serving.estimate.notices", line)
    assert list_service_path(copy) == before


def test_line_ends_do_not_count_and_a_remark_on_the_path_does(copy: Path) -> None:
    before = list_code_parts()
    path = copy / "serving" / "estimate" / "predictor.py"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert list_code_parts(copy) == before
    _append(copy, "serving.estimate.predictor", "# a remark")
    list_code_parts.cache_clear()
    assert list_code_parts(copy) != before


def test_the_digest_is_of_files_and_versions() -> None:
    parts = list_code_parts()
    others = {name for name in parts if "/" not in name} - set(list_service_path())
    assert others == {"numpy", "scipy", "pandas", "scikit-learn", "lightgbm", "skops"}
    source = (ROOT / "features" / "errors.py").read_bytes()
    assert parts["features.errors"] == hashlib.sha256(source).hexdigest()
    assert compute_code_digest() == compute_code_digest()


def test_another_version_of_a_package_is_another_code(monkeypatch: pytest.MonkeyPatch) -> None:
    before = compute_code_digest()
    versions = code_digest.package_versions()
    monkeypatch.setattr(code_digest, "package_versions", lambda: {**versions, "numpy": "1.0"})
    list_code_parts.cache_clear()
    assert compute_code_digest() != before


def test_python_and_our_own_number_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    before = compute_code_digest()
    versions = code_digest.package_versions()
    monkeypatch.setattr(
        code_digest, "package_versions", lambda: {**versions, "python": "3.9", "ketresponse": "9"}
    )
    list_code_parts.cache_clear()
    assert compute_code_digest() == before
