"""On what ground the facts in a panel may stand here: written into its manifest, for all that it rests on."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..errors import AnalysisError
from ..paths import processed_dir
from ..sources.registry.redistribution import FILE, LIST, bases, restricted
from .manifests import read_manifest
from .sums import write_sums

_MANIFEST = ".manifest.json"


def restricted_families(inputs: Iterable[str], directory: Path) -> list[str]:
    """Return the families among inputs, and among those of the panels they name, that need a basis.

    Parameters
    ----------
    inputs : iterable of str
        Registered raw paths, files of the list of dated policies, and names of panels in `directory`.
    directory : pathlib.Path
        Where the panels' manifests are.
    """
    found: set[str] = set()
    pending, seen = set(inputs), set()
    while pending:
        each = pending.pop()
        seen.add(each)
        found |= {LIST} if each.startswith("data/policies/") else set(restricted([each]))
        place = directory / f"{each}{_MANIFEST}"
        if "/" not in each and place.is_file():
            pending |= set(read_manifest(place, each)["inputs"]) - seen
    return sorted(found)


def basis_of(name: str, inputs: Iterable[str], directory: Path) -> dict[str, str]:
    """Return the written basis of a panel: one sentence per family that needs one.

    Raises
    ------
    AnalysisError
        If a family has no line in ``redistribution.csv``.
    """
    families = restricted_families(inputs, directory)
    if missing := [family for family in families if family not in bases()]:
        raise AnalysisError(
            f"Panel {name} draws on files that may not be passed on, without a written basis: "
            f"{', '.join(missing)}.",
            where=FILE,
            remedy="Write a line: what is taken, on what basis, and why.",
        )
    return {family: bases()[family].sentence for family in families}


def write_bases(directory: Path | None = None) -> list[Path]:
    """Write the basis of every panel into its manifest anew, as `store.write_panel` does; return the changed.

    For a changed line of ``redistribution.csv``: the panels themselves stay as they are.
    """
    directory = directory or processed_dir()
    changed = []
    for place in sorted(directory.glob(f"*{_MANIFEST}")):
        name = place.name.removesuffix(_MANIFEST)
        manifest = read_manifest(place, name)
        told = with_basis(manifest, basis_of(name, manifest["inputs"], directory))
        if told != manifest:
            part = place.with_suffix(".part")
            part.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", "utf-8")
            part.replace(place)
            changed.append(place)
    write_sums(directory, [place.name for place in changed])
    return changed


def with_basis(manifest: dict[str, Any], basis: dict[str, str]) -> dict[str, Any]:
    """Return a manifest with its basis, before the counts."""
    kept = {key: value for key, value in manifest.items() if key not in ("basis", "counts")}
    told = kept | ({"basis": basis} if basis else {})
    return told | ({"counts": manifest["counts"]} if "counts" in manifest else {})
