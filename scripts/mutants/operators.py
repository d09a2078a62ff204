"""The mutants of a module: every arithmetic operator, comparison and minus sign exchanged once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType

#: What stands in for each operator. A comparison moves by its boundary, which is the harder change to see.
EXCHANGED = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.MatMult: ast.Mult,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.USub: ast.UAdd,
}
SIGNS = {
    "Add": "+", "Sub": "-", "Mult": "*", "Div": "/", "FloorDiv": "//", "Mod": "%", "Pow": "**",
    "MatMult": "@", "Lt": "<", "LtE": "<=", "Gt": ">", "GtE": ">=", "Eq": "==", "NotEq": "!=",
    "USub": "-x", "UAdd": "x",
}  # fmt: skip
_SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Return, ast.Expr, ast.Raise, ast.Assert, ast.Delete)


@dataclass(frozen=True)
class Mutant:
    """One changed operator.

    Attributes
    ----------
    path : str
        Module, relative to the root of the repository.
    index : int
        Number of the operator in the module.
    function : str
        Qualified name of the function or class around it, ``<module>`` outside of any.
    line, last : int
        First and last line of the statement (of the header, where a statement holds others).
    at : int
        Line of the operator's expression.
    text : str
        That line, stripped.
    change : str
        For example ``+ to -``; with the column, so that two in one line differ.
    compiled : bool
        Whether a numba decorator stands on the function.
    inside : bool
        Whether the operator runs when a function is called, not when the module is imported.
    """

    path: str
    index: int
    function: str
    line: int
    last: int
    at: int
    text: str
    change: str
    compiled: bool
    inside: bool

    @property
    def key(self) -> str:
        """Identity over runs: holds while the line, its function and its operators stay."""
        return f"{self.path}::{self.function}::{self.text}::{self.change}"


def _slots(tree: ast.AST) -> Iterator[tuple[ast.AST, int, dict]]:
    """Yield each node with an operator to exchange, which of its operators, and where it stands."""
    yield from _walk(tree, {"function": [], "statement": None, "compiled": False, "inside": False})


def _walk(node: ast.AST, place: dict) -> Iterator[tuple[ast.AST, int, dict]]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        jitted = any("njit" in ast.unparse(d) for d in node.decorator_list)
        place = {
            **place,
            "function": [*place["function"], node.name],
            "compiled": place["compiled"] or jitted,
        }
    if isinstance(node, ast.stmt):
        place = {**place, "statement": node}
    if isinstance(node, ast.BinOp | ast.AugAssign | ast.UnaryOp) and type(node.op) in EXCHANGED:
        yield node, 0, place
    if isinstance(node, ast.Compare):
        yield from ((node, i, place) for i, op in enumerate(node.ops) if type(op) in EXCHANGED)
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        called = name == "body" and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _walk(child, {**place, "inside": True} if called else place)


def _exchange(node: ast.AST, which: int) -> tuple[str, str]:
    """Exchange one operator in place and return the names of both."""
    old = node.ops[which] if isinstance(node, ast.Compare) else node.op
    new = EXCHANGED[type(old)]()
    if isinstance(node, ast.Compare):
        node.ops[which] = new
    else:
        node.op = new
    return type(old).__name__, type(new).__name__


def mutants(path: Path, root: Path) -> list[Mutant]:
    """Return the mutants of a module in the order of its text."""
    source = path.read_text()
    lines, tree = source.splitlines(), ast.parse(source)
    found, seen = [], {}
    for index, (node, which, place) in enumerate(_slots(tree)):
        statement = place["statement"]
        whole = isinstance(statement, _SIMPLE)
        old, new = _exchange(node, which)
        text = lines[node.lineno - 1].strip()
        function = ".".join(place["function"]) or "<module>"
        count = seen[function, text, old] = seen.get((function, text, old), 0) + 1
        found.append(
            Mutant(
                path=str(path.relative_to(root)),
                index=index,
                function=function,
                line=statement.lineno if whole else node.lineno,
                last=statement.end_lineno if whole else node.end_lineno,
                at=node.lineno,
                text=text,
                change=f"{SIGNS[old]} to {SIGNS[new]}" + (f" ({count})" if count > 1 else ""),
                compiled=place["compiled"],
                inside=place["inside"],
            )
        )
    return found


def mutated_code(path: Path, index: int) -> CodeType:
    """Return the compiled module with one operator exchanged."""
    tree = ast.parse(path.read_text())
    for number, (node, which, _) in enumerate(list(_slots(tree))):
        if number == index:
            _exchange(node, which)
            return compile(ast.fix_missing_locations(tree), str(path), "exec", dont_inherit=True)
    raise IndexError(f"{path} has no operator {index}")
