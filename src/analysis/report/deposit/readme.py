"""The README of the replication archive, in the order of sections that the AEA Data Editor asks for.

Everything in it that is a fact about data comes from the registry and the manifests. The sections follow
https://aeadataeditor.github.io/aea-de-guidance/preparing-for-data-deposit.html.
"""

from __future__ import annotations

import json
from importlib.resources import files

from ...panels.catalog import list_panels
from ...paths import notebooks_dir
from ...sources.policy.problems import tuples
from ...sources.registry.files import families, family_files
from ...sources.registry.redistribution import bases
from ...studies.graph import RESULTS
from .contents import CHECKOUT, Contents

_TEMPLATE = "readme.md"
_LEFT = (
    "Panels that rest on such files and that nobody has judged yet are left out with them: without these "
    "panels the chapters that use them cannot be made until they are rebuilt from files you get yourself."
)
_KEPT = "Panels that rest on such files are here by the decision of whoever made this archive."


def readme(chosen: Contents) -> str:
    """Return the README of an archive."""
    inside = {entry.path for entry in chosen.entries}
    waiting = any(each.path.endswith(".parquet") for each in chosen.left_out)
    template = files(__package__).joinpath(_TEMPLATE).read_text("utf-8")
    return template.format(
        checkout=CHECKOUT,
        files=len(chosen.entries),
        left_out=len(chosen.left_out),
        judged=_LEFT if waiting else _KEPT,
        minutes=sum(result.seconds for result in RESULTS.values()) / 60,
        megabytes=sum(entry.source.stat().st_size for entry in chosen.entries) / 1e6,
        sources="".join(_source(family, inside) for family in families()),
        datasets=_datasets(inside),
        notebooks=_notebooks(),
    )


def _source(family: str, inside: set[str]) -> str:
    about, registered = families()[family], family_files(family)
    here = sum(f"{CHECKOUT}/data/raw/{file.path}" in inside for file in registered)
    free = "yes" if about["may_redistribute"] else "no, or not known"
    lines = [
        f"**{about['title']}** (`{family}`). {about['publisher']}, {about['years']}; "
        f"cited as `{about['citation']}`.",
        f"License: {about['licence']}. Access: {about['access']}. May be passed on: {free}. "
        f"In this archive: {here} of {len(registered)} files.",
    ]
    if not about["may_redistribute"] and family in bases():
        lines.append(f"What the panels hold of it, on what basis: {bases()[family].sentence}")
    return "\n".join(lines) + "\n\n"


def _datasets(inside: set[str]) -> str:
    lines = ["## Dataset list", "", "| panel | rows | years | key | here |", "|---|---:|---|---|---|"]
    for line in tuples(list_panels()):
        here = f"{CHECKOUT}/data/processed/{line.panel}.parquet" in inside
        years = line.years.replace("-", "–")
        told = [f"`{line.panel}`", f"{line.rows:,}", years, line.keys, "yes" if here else "no"]
        lines.append(f"| {' | '.join(told)} |")
    return "\n".join(lines) + "\n\n"


def _notebooks() -> str:
    lines = []
    for place in sorted(notebooks_dir().glob("*.ipynb")):
        first = json.loads(place.read_text("utf-8"))["cells"][0]["source"]
        title = "".join(first).splitlines()[0].lstrip("# ")
        lines.append(f"| `notebooks/{place.name}` | {title} |\n")
    return "".join(lines)
