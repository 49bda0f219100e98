"""One digest for the code that serves a model: what estimates, and what shows it.

An approval is bound to it: the same model read by other code may give other numbers, and the same
number shown by another page may be read otherwise. Which files that code is made of is not kept by
hand: it is every module that :mod:`serving.service` imports, directly or through others, in
whichever function, and every other file that lies beside one of them (templates, style sheets,
tables, schemas). A candidate, a solver or a command is nowhere on that path, and may change without
touching an approval.

The digest is of the source as it is written, so that a comment on the path voids an approval too:
whether a changed line matters is for reviewers to say, not for a parser. Line ends do not count.

Out of its reach: Python itself, packages of others but for the versions of the numerical ones,
what was compiled before (``__pycache__``), what a start-up file of Python adds (``.pth``,
``sitecustomize``), the environment, and what starts the service.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import resolve_name
from pathlib import Path

from training.store.facts import package_versions

__all__ = ["compute_code_digest", "list_code_parts", "list_service_path"]

_ENTRY = "serving.service"
_ROOT = Path(__file__).resolve().parents[2]
"""Where the packages lie side by side: the source folder, an installation's or a bento's."""
_OURS = ("features", "training", "serving")
"""In an installation everybody else's packages lie beside ours; their versions speak for them."""
_NOT_NUMERICAL = ("python", "ketresponse")


def _find_file(module: str, root: Path) -> Path | None:
    """Return the source of one of our modules or packages; None of anything else."""
    path = root.joinpath(*module.split("."))
    for file in (path / "__init__.py", path.with_suffix(".py")):
        if file.is_file():
            return file
    return None


def _find_imports(node: ast.AST, package: str) -> Iterator[str]:
    """Yield every name that a syntax tree may import, but for those that only a type needs."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        module = resolve_name("." * node.level + (node.module or ""), package)
        yield module
        yield from (f"{module}.{alias.name}" for alias in node.names)
    children = ast.iter_child_nodes(node)
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        children = iter(node.orelse)
    for child in children:
        if not isinstance(child, ast.expr):
            yield from _find_imports(child, package)


def _read_imports(source: bytes, package: str) -> tuple[str, ...]:
    """Return every name that a module of a package may import."""
    return tuple(dict.fromkeys(_find_imports(ast.parse(source), package)))


@cache
def list_service_path(root: Path = _ROOT) -> tuple[str, ...]:
    """Return the modules, sorted, that are loaded once a service has answered everything.

    The files are read, not run: listing them imports nothing.

    Parameters
    ----------
    root : Path
        The folder in which `features`, `training` and `serving` lie.
    """
    found: set[str] = set()
    waiting = [_ENTRY]
    while waiting:
        module = waiting.pop()
        file = _find_file(module, root) if module.partition(".")[0] in _OURS else None
        if file is None or module in found:
            continue
        found.add(module)
        package = module if file.name == "__init__.py" else module.rpartition(".")[0]
        waiting += _read_imports(file.read_bytes(), package)
        waiting.append(module.rpartition(".")[0])  # a package is loaded before what is in it
    return tuple(sorted(found))


def _list_beside(folder: Path) -> Iterator[Path]:
    """Yield the files beside a folder's modules that are no Python: what they read is there."""
    waiting = [folder]
    while waiting:
        for path in sorted(waiting.pop().iterdir()):
            if path.is_dir():
                apart = (path / "__init__.py").exists() or path.name.startswith(("__", "."))
                waiting += [] if apart else [path]
            elif path.suffix not in (".py", ".pyc") and not path.name.startswith("."):
                yield path


def _hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


@cache
def list_code_parts(root: Path = _ROOT) -> Mapping[str, str]:
    """Return what the code consists of: module or other file to SHA-256, package to version.

    The other files are all that lie in the folder of a module on the path, or in a folder therein
    that is no package; the packages whose versions count are the numerical ones.

    As of the first call: files changed later are not those that this process runs.

    Parameters
    ----------
    root : Path
        As of :func:`list_service_path`.
    """
    parts, folders = {}, set()
    for module in list_service_path(root):
        file = _find_file(module, root)
        assert file is not None, module
        parts[module] = _hash(file)
        folders.add(file.parent)
    for path in (path for folder in sorted(folders) for path in _list_beside(folder)):
        parts[path.relative_to(root).as_posix()] = _hash(path)
    versions = package_versions()
    return parts | {
        name: version for name, version in versions.items() if name not in _NOT_NUMERICAL
    }


def compute_code_digest() -> str:
    """Return the SHA-256 of the service's files and the numerical packages' versions."""
    return hashlib.sha256(json.dumps(dict(list_code_parts()), sort_keys=True).encode()).hexdigest()
