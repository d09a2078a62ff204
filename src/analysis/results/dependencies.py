"""What a result rests on: modules that its function can reach, their data files, and package versions.

Reach is read off the source: every import statement, at any depth, of a module and of the modules it names. A
change of any of these files, of a table beside one of them, or of the version of a package that one of them
imports, is another fingerprint.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

PACKAGE = __name__.split(".")[0]
#: Files beside a module that its code may read: tables, layouts, registries, templates.
DATA_SUFFIXES = (".csv", ".toml", ".json", ".txt")
#: Packages whose version counts for every result, since numbers pass through them unnamed.
ALWAYS = ("numpy", "scipy", "pandas", "pyarrow")


def fingerprint(modules: Iterable[str]) -> str:
    """Return a hash of all that the given modules of this package can reach, and of the versions they use."""
    digest = hashlib.sha256(f"python {sys.version_info.major}.{sys.version_info.minor}".encode())
    reached = reach(modules)
    for name in sorted(reached):
        digest.update(f"\0{name}\0{_source_hash(name)}".encode())
    for path in sorted({data for folder in _folders(reached) for data in _data_files(folder)}):
        digest.update(f"\0{path.name}\0{_hash_of(path)}".encode())
    packages = sorted({*ALWAYS, *(p for name in reached for p in _packages(name))})
    for package in packages:
        digest.update(f"\0{package}\0{version(package)}".encode())
    return digest.hexdigest()


def reach(modules: Iterable[str]) -> set[str]:
    """Return the modules of this package that the given ones use, directly or through others."""
    found: set[str] = set()
    waiting = [name for name in modules if _path(name) is not None]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _uses(name)
    return found


def used_by(source: str, package: str = "") -> set[str]:
    """Return the modules of this package that a source text uses.

    ``from package import name`` uses the module that binds the name, not all that the package's initializer
    imports. A package imported as a whole, or named in a text constant, stands for everything in it.
    """
    return _used_by(_telling(ast.parse(source)), package)


def _used_by(nodes: Iterable[ast.AST], package: str) -> set[str]:
    used: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            used |= {m for alias in node.names for m in _whole(alias.name)}
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, package)
            used |= {m for alias in node.names for m in _binding(base, alias.name)}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _is_dotted(node.value):
            used |= _whole(node.value)
    return used


def version(package: str) -> str:
    """Return the installed version of the distribution that provides a package; empty where there is none."""
    found = _version(package)
    others = _distributions().get(package, []) if found is None else []
    return found or next(filter(None, map(_version, others)), "")


@cache
def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def source_file(name: str) -> Path | None:
    """Return the file of a module of this package; None where there is no such module."""
    return _path(name)


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    base = package.split(".")[: len(package.split(".")) - node.level + 1]
    return ".".join([*base, *([node.module] if node.module else [])])


def _is_dotted(text: str) -> bool:
    return text.startswith(f"{PACKAGE}.") and text.replace(".", "").replace("_", "").isalnum()


@cache
def _uses(name: str) -> frozenset[str]:
    path = _path(name)
    if path is None:
        return frozenset()
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    return frozenset(_used_by(_nodes(name), package))


def _telling(tree: ast.AST) -> tuple[ast.AST, ...]:
    """Return the nodes that name modules: imports, tables of lazy names, dotted texts."""
    kinds = (ast.Import, ast.ImportFrom, ast.Dict)
    return tuple(
        node
        for node in ast.walk(tree)
        if isinstance(node, kinds)
        or (isinstance(node, ast.Constant) and isinstance(node.value, str) and _is_dotted(node.value))
    )


@cache
def _nodes(name: str) -> tuple[ast.AST, ...]:
    return _telling(tree_of(name))


@cache
def tree_of(name: str) -> ast.Module:
    """Return the parsed source of a module of this package; an empty one where there is no such module."""
    path = _path(name)
    return ast.parse(path.read_text("utf-8") if path else "")


def _whole(name: str) -> set[str]:
    """Return a module, or a package with every module in it; nothing for what is not ours."""
    if name.split(".")[0] != PACKAGE or name == PACKAGE:
        return set()
    path = _path(name)
    if path is None:
        return _whole(name.rpartition(".")[0])
    if path.name != "__init__.py":
        return {name}
    inside = (
        ".".join([name, *p.relative_to(path.parent).with_suffix("").parts]) for p in path.parent.rglob("*.py")
    )
    return {module.removesuffix(".__init__") for module in inside}


def _binding(base: str, name: str) -> set[str]:
    """Return the modules that ``from base import name`` uses."""
    if base.split(".")[0] != PACKAGE:
        return set()
    path = _path(base)
    if path is None:
        return _whole(base)
    bound = _bound(base).get(name) if path.name == "__init__.py" else None
    if bound is not None and bound != (base, name):
        return _binding(*bound) or {base}
    if _path(f"{base}.{name}") is not None:
        return _whole(f"{base}.{name}")
    return _whole(base) if path.name == "__init__.py" and _is_lazy(base) else {base}


@cache
def _bound(package: str) -> dict[str, tuple[str, str]]:
    """Return what a package's initializer binds: name to (module, name there)."""
    path = _path(package)
    found: dict[str, tuple[str, str]] = {}
    if path is None:
        return found
    for node in _nodes(package):
        if isinstance(node, ast.ImportFrom):
            base = _absolute(node, package)
            found |= {alias.asname or alias.name: (base, alias.name) for alias in node.names}
        elif isinstance(node, ast.Dict):
            found |= dict(_lazy_items(node, package))
    return found


def _lazy_items(node: ast.Dict, package: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """Read ``{"name": ".module"}``, the table of an initializer that imports names when asked."""
    for key, value in zip(node.keys, node.values, strict=True):
        if isinstance(key, ast.Constant) and isinstance(value, ast.Constant) and isinstance(value.value, str):
            target = f"{package}.{value.value.lstrip('.')}"
            if _path(target) is not None:
                yield str(key.value), (target, str(key.value))


def _is_lazy(package: str) -> bool:
    path = _path(package)
    return path is not None and "def __getattr__" in path.read_text("utf-8")


@cache
def _packages(name: str) -> frozenset[str]:
    names: set[str] = set()
    for node in _nodes(name):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names.add(node.module.split(".")[0])
    return frozenset(names) - {PACKAGE, ""} - sys.stdlib_module_names


@cache
def _path(name: str) -> Path | None:
    root = Path(__file__).resolve().parents[1]
    place = root.joinpath(*name.split(".")[1:])
    if (place / "__init__.py").is_file():
        return place / "__init__.py"
    return place.with_suffix(".py") if place.with_suffix(".py").is_file() and place != root else None


def _folders(names: Iterable[str]) -> set[Path]:
    """Return the folders of modules, without the package's own, whose files belong to no module."""
    paths = map(_path, names)
    return {path.parent for path in paths if path} - {Path(__file__).resolve().parents[1]}


def _data_files(folder: Path) -> list[Path]:
    return [p for p in folder.iterdir() if p.suffix in DATA_SUFFIXES]


@cache
def _source_hash(name: str) -> str:
    path = _path(name)
    return _hash_of(path) if path else ""


def _hash_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@cache
def _distributions() -> dict[str, list[str]]:
    return dict(importlib.metadata.packages_distributions())


def changed_since(moment: float, modules: Iterable[str]) -> list[str]:
    """Return the reached modules whose files were written after a moment: what runs may be older."""
    paths = {name: _path(name) for name in reach(modules)}
    return sorted(name for name, path in paths.items() if path and path.stat().st_mtime > moment)


def forget() -> None:
    """Read every file anew at the next fingerprint; for tests that edit files within one process."""
    for function in (
        _uses,
        _bound,
        _packages,
        _path,
        tree_of,
        _nodes,
        _version,
        _source_hash,
        _distributions,
    ):
        function.cache_clear()
