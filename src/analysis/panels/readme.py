"""data/README.md: which panels there are, and on what ground facts of restricted files stand in them."""

from __future__ import annotations

from pathlib import Path

from ..paths import project_root
from ..placing import write_text
from ..sources.policy.problems import tuples
from ..sources.registry.redistribution import bases
from .catalog import list_panels, panel_names
from .store import manifest_of

_TOP = """\
# The data

`processed/` holds the panels, Parquet with a manifest each; `policies/` the list of dated policies, a data
set of its own; `raw/` the registry of published files, which are not part of the repository.
`sanctuary export` writes the panels for other programs, with a codebook and metadata;
`analysis.panels.describe(NAME)` says what each column is.

This page is written by `analysis.panels.readme`; a test holds it against the manifests.

## Panels

| panel | rows | years | key |
|---|---:|---|---|
"""
_BASIS = """
## On what ground facts of restricted files stand here

Some panels draw on files that may not be passed on, or whose license is not stated. The files stay out of
the repository. What is here of them are facts; where that is for a person to judge before a deposit, the
table says so.

| panel | family | basis | what was taken | why |
|---|---|---|---|---|
"""


def render() -> str:
    """Return the page."""
    panels = "".join(
        f"| `{line.panel}` | {line.rows:,} | {line.years.replace('-', '–')} | {line.keys} |\n"
        for line in tuples(list_panels())
    )
    return _TOP + panels + _BASIS + "".join(_lines(name) for name in panel_names())


def write_readme(path: Path | None = None) -> Path:
    """Write the page and return where."""
    place = path or project_root() / "data" / "README.md"
    return write_text(place, render())


def _lines(name: str) -> str:
    told = [(family, bases()[family]) for family in manifest_of(name).get("basis", {})]
    return "".join(
        f"| `{name}` | `{family}` | {basis.basis} | {basis.taken} | {basis.why} |\n" for family, basis in told
    )
