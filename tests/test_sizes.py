"""Rooms stay small enough to be read at once, and a name means one thing."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import pytest

from tests.places import PROJECT

MOST_LINES, MOST_LINES_OF_FUNCTION = 400, 60
SOURCES = [
    path
    for floor in ("features", "training", "serving", "experiments")
    for path in sorted((PROJECT / floor).rglob("*.py"))
]


def _count_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function without its docstring."""
    assert function.end_lineno is not None
    first = function.body[0]
    documented = ast.get_docstring(function) is not None and first.end_lineno is not None
    told = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
    return function.end_lineno - function.lineno + 1 - told


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_a_module_and_its_functions_can_be_read_at_once(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= MOST_LINES
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    long = {
        node.name: _count_lines(node)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, functions) and _count_lines(node) > MOST_LINES_OF_FUNCTION
    }
    assert long == {}


def test_two_things_never_share_a_name() -> None:
    defined = defaultdict(list)
    for path in SOURCES:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                defined[node.name].append(path.relative_to(PROJECT).as_posix())
    del defined["main"]  # what a module does when it is run
    for name in ("upgrade", "downgrade"):  # Alembic looks for them in each step
        del defined[name]
    assert {name: paths for name, paths in defined.items() if len(paths) > 1} == {}
