"""The tests mirror the source: a module's tests are found by its name."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FLOORS = ("features", "training", "serving", "experiments")

EXEMPT = {
    "features/arrays.py": "names of types: mypy checks them",
    "experiments/benchmarks": "scripts that measure time; their results are read, not relied on",
    "serving/records/migrations": "Alembic runs them: tests/serving/records/test_database.py",
}


def _list_modules() -> list[str]:
    return [
        path.relative_to(ROOT).as_posix()
        for floor in FLOORS
        for path in sorted((ROOT / floor).rglob("*.py"))
        if path.name != "__init__.py" and "output" not in path.parts
    ]


def _is_exempt(module: str) -> bool:
    return any(module == place or module.startswith(f"{place}/") for place in EXEMPT)


def _find_tests(module: str) -> Path:
    path = Path(module)
    return ROOT / "tests" / path.parent / f"test_{path.name}"


@pytest.mark.parametrize("module", [m for m in _list_modules() if not _is_exempt(m)])
def test_a_module_has_tests_of_its_name(module: str) -> None:
    assert _find_tests(module).is_file()


def test_every_test_module_has_tests() -> None:
    empty = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "tests").rglob("test_*.py")
        if "\ndef test_" not in path.read_text() and "\n    def test_" not in path.read_text()
    ]
    assert empty == []
