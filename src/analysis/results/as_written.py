"""Whether modules in memory are what their source says: nothing computed with a changed one is kept.

A test that patches a function, or a reader who sets ``module.CONSTANT = 3`` in a notebook, changes results
without changing a file. The fingerprint of files cannot see that; this comparison does.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from types import FunctionType, ModuleType
from typing import Any

from .dependencies import reach, source_file, tree_of


def altered(modules: Iterable[str]) -> list[str]:
    """Return the names that the given modules reach and that are not what their source says, sorted.

    Compared are the functions and classes that a module defines at its top level, by file and name, and its
    constants (numbers, texts, and tuples, lists and tables of them that are not written empty), by value.
    Modules that are not loaded yet are as their source says.
    """
    loaded = ((name, sys.modules.get(name)) for name in sorted(reach(modules)))
    return [f"{name}.{what}" for name, module in loaded if module for what in _altered(name, module)]


def _altered(name: str, module: ModuleType) -> Iterator[str]:
    functions, classes, constants = _written(name)
    held = vars(module)
    for what in functions:
        if what in held and not _is_from(held[what], str(source_file(name)), what):
            yield what
    for what in classes:
        if what in held and getattr(held[what], "__module__", name) != name:
            yield what
    for what, value in constants.items():
        if what in held and not _same(held[what], value):
            yield what


@cache
def _written(name: str) -> tuple[tuple[str, ...], tuple[str, ...], dict[str, Any]]:
    """Return what a module's source binds once at its top level: functions, classes, constants."""
    functions: list[str] = []
    classes: list[str] = []
    constants: dict[str, Any] = {}
    bound: list[str] = []
    for node in tree_of(name).body:
        if isinstance(node, ast.FunctionDef):
            functions.append(node.name)
            bound.append(node.name)
        elif isinstance(node, ast.ClassDef):
            classes.append(node.name)
            bound.append(node.name)
        else:
            for what, value in _assigned(node):
                bound.append(what)
                constants |= value
    once = {what for what in bound if bound.count(what) == 1}
    return (
        tuple(what for what in functions if what in once),
        tuple(what for what in classes if what in once),
        {what: value for what, value in constants.items() if what in once},
    )


def _assigned(node: ast.stmt) -> Iterator[tuple[str, dict[str, Any]]]:
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign | ast.AugAssign):
        targets = [node.target]
    for target in targets:
        if isinstance(target, ast.Name):
            yield target.id, _constant(node, target.id)


def _constant(node: ast.stmt, name: str) -> dict[str, Any]:
    """Return the name's value if it is written as a constant.

    A table, list or set that is written empty is there to be filled while the program runs.
    """
    value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
    try:
        written = ast.literal_eval(value) if value is not None else []
    except (ValueError, TypeError):
        return {}
    filled_later = isinstance(written, dict | list | set) and not written
    return {} if filled_later else {name: written}


def _is_from(value: Any, file: str, name: str) -> bool:
    inner = inspect.unwrap(value) if callable(value) else value
    inner = getattr(inner, "py_func", inner)
    if not isinstance(inner, FunctionType):
        return callable(value) and not isinstance(value, type)
    return inner.__code__.co_filename == file and inner.__name__ == name


def _same(held: Any, written: Any) -> bool:
    return type(held) is type(written) and bool(held == written)
