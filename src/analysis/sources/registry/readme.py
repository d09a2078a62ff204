"""data/raw/README.md, written from the registry: what each file is, where it comes from, how to get it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...errors import LayoutError
from ...paths import project_root
from ...placing import write_text
from .files import RawFile, families, family_files

ACCESS = {
    "open": "open to all, without an account",
    "account": "open after signing in to the publisher's site",
    "request": "on request: compiled for this project from the pages each row cites",
}
_WANTED = ("title", "publisher", "years", "unit", "licence", "access", "may_redistribute", "citation")
_HEAD = """# Raw files

Written from `registry.toml` and `registry_files.csv` in `src/analysis/sources/registry` by
`analysis.sources.registry.readme`: edit those, not this page. The files themselves are
not in the repository. Put each below this folder (or below the folder that the environment variable
`ANALYSIS_RAW_DIR` names) under the path given here. Every read compares
size and SHA-256 and stops at a file that differs; no file is ever changed.

An address is named only where it could be confirmed. "Carried by" names the public copy, with its commit,
that the registered bytes were read from.
"""


def readme_path() -> Path:
    """Return where the page stands in a checkout."""
    return project_root() / "data" / "raw" / "README.md"


def render_readme() -> str:
    """Return the page as Markdown.

    Raises
    ------
    LayoutError
        If a family of the registry lacks a field the page needs, or names an access of no known kind.
    """
    parts = [_HEAD, _overview()]
    parts += [_section(name, family) for name, family in families().items()]
    return "\n".join(parts)


def write_readme(path: Path | None = None) -> Path:
    """Write the page and return its place."""
    path = path or readme_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_text(path, render_readme())


def check_family(name: str, family: dict[str, Any]) -> None:
    """Raise LayoutError unless the family has all fields, of the right kinds."""
    missing = [field for field in _WANTED if field not in family]
    if missing or family["access"] not in ACCESS or not isinstance(family["may_redistribute"], bool):
        raise LayoutError(
            f"Family {name} lacks {missing or 'a valid access or may_redistribute'}.",
            where="registry.toml",
            remedy=f"Fields are {list(_WANTED)}; access is one of {list(ACCESS)}.",
        )


def _overview() -> str:
    lines = ["| family | years | access | may be passed on | files | bytes |", "|---|---|---|---|---:|---:|"]
    for name, family in families().items():
        check_family(name, family)
        files = family_files(name)
        passed = "yes" if family["may_redistribute"] else "no"
        size = sum(file.bytes for file in files)
        cells = [
            f"[{name}](#{name})",
            family["years"],
            family["access"],
            passed,
            str(len(files)),
            f"{size:,}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _section(name: str, family: dict[str, Any]) -> str:
    rows = {
        "Publisher": family["publisher"],
        "Years": f"{family['years']}; one row a {family['unit']}",
        "Licence": family["licence"],
        "May be passed on": "yes" if family["may_redistribute"] else "no, or not known",
        "How to get it": how_to_get(family),
        "Carried by": family["carried_by"],
        "Layout": family.get("layout_document", ""),
        "Known defects": family["known_defects"],
        "Cite as": f"`{family['citation']}`",
    }
    facts = [f"- {label}: {text}" for label, text in rows.items() if text]
    return "\n".join([f"## {name}", "", family["title"], "", *facts, "", *_table(family_files(name)), ""])


def how_to_get(family: dict[str, Any]) -> str:
    """Return one sentence on how to get a family's files."""
    place = family.get("url") or family.get("landing_page")
    return ACCESS[family["access"]] + (f"; {place}" if place else "")


def _table(files: list[RawFile]) -> list[str]:
    rows = [f"| `{file.path}` | {file.bytes:,} | `{file.sha256}` |" for file in files]
    return ["| file | bytes | SHA-256 |", "|---|---:|---|", *rows]
