"""`__all__` is true: what is listed is defined there, what others import is listed."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FLOORS = ("features", "training", "serving", "experiments")


def _read(*places: str) -> dict[str, ast.Module]:
    """Return the modules under some folders by their dotted names."""
    paths = [
        path
        for place in places
        for path in sorted((ROOT / place).rglob("*.py"))
        if path.name != "__init__.py" and "output" not in path.relative_to(ROOT).parts
    ]
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): ast.parse(path.read_text())
        for path in paths
    }


SOURCE = _read(*FLOORS)
BY_NAME = {"serving.service.service": "BentoML finds it by the name that the release writes"}
SCRIPTS = "experiments.benchmarks."  # run from a shell: their names are for readers


@cache
def _read_everything() -> dict[str, ast.Module]:
    front = {"ketresponse": ast.parse((ROOT / "ketresponse.py").read_text())}
    return {**SOURCE, **_read("tests"), **front}


def _find_defined(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found = [part for target in targets for part in ast.walk(target)]
            names |= {part.id for part in found if isinstance(part, ast.Name)}
    return names


def _find_listed(tree: ast.Module) -> list[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return [str(name) for name in ast.literal_eval(node.value)]
    return []


@cache
def _find_imported() -> list[tuple[str, str, str]]:
    """Return the module that imports, the module of ours that it imports from, and the name."""
    return [
        (importer, node.module, name.name)
        for importer, tree in _read_everything().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in SOURCE
        for name in node.names
    ]


def test_every_listed_name_is_defined_in_its_module() -> None:
    wrong = [
        f"{module}.{name}"
        for module, tree in SOURCE.items()
        for name in _find_listed(tree)
        if name not in _find_defined(tree)
    ]
    assert wrong == []


def test_no_name_is_listed_twice() -> None:
    for module, tree in SOURCE.items():
        listed = _find_listed(tree)
        assert len(listed) == len(set(listed)), module


def test_names_are_imported_from_the_module_that_defines_them() -> None:
    wrong = [
        f"{importer} imports {name} from {module}"
        for importer, module, name in _find_imported()
        if name not in _find_defined(SOURCE[module])
    ]
    assert wrong == []


def test_what_others_import_is_listed() -> None:
    wrong = {
        f"{module}.{name}"
        for _, module, name in _find_imported()
        if not name.startswith("_") and name not in _find_listed(SOURCE[module])
    }
    assert sorted(wrong) == []


def _find_reached() -> set[str]:
    """Return what a module takes from another, by name or as an attribute of the module."""
    reached = {
        f"{module}.{name}" for importer, module, name in _find_imported() if importer != module
    }
    for tree in _read_everything().values():
        modules = {
            name.asname or name.name: f"{node.module}.{name.name}"
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for name in node.names
            if f"{node.module}.{name.name}" in SOURCE
        }
        reached |= {
            f"{modules[node.value.id]}.{node.attr}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in modules
        }
    return reached


def test_what_is_listed_is_used_by_another_module() -> None:
    reached = _find_reached() | set(BY_NAME)
    unused = [
        f"{module}.{name}"
        for module, tree in SOURCE.items()
        if not module.startswith(SCRIPTS)
        for name in _find_listed(tree)
        if f"{module}.{name}" not in reached
    ]
    assert unused == []
