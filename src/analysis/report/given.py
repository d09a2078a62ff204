"""The report on a list somebody gives: one PDF, the tables behind it, and which file it was made of."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import LayoutError
from ..panels.policies.compare import compare_lists
from ..panels.policies.given import DEFAULT_POLICY, POLICIES, GivenList, given_list, read_given
from ..panels.store import load, manifest_of
from ..paths import notebooks_dir
from ..placing import write_text
from ..sources.registry.files import sha256_of
from ..studies.given_list.current import FILE, NAME, POLICY
from .build.build import typeset
from .build.notebooks import find_notebooks, run

_FOLDER = "given_list"
LEFT_OUT = "The specification curve, estimated on this project’s own list, is left out."


def notice(given: GivenList) -> str:
    """Return what stands on every page: whose list the report rests on, and how much of it was used."""
    used = int(given.rows["geoid"].notna().sum())
    return (
        f"The list of treated places in this report is {given.name} ({given.source}): {used} of its "
        f"{len(given.rows)} lines name a place of these panels. {LEFT_OUT}"
    )


def build_given(
    path: Path,
    *,
    name: str = "",
    policy: str = DEFAULT_POLICY,
    out: Path,
    jobs: int = 2,
    progress: bool = True,
) -> list[Path]:
    """Write the report on a given list: a PDF, its tables as CSV, and a manifest.

    Parameters
    ----------
    path : pathlib.Path
        CSV or Excel file; see `analysis.panels.policies.given.given_list`.
    name : str, optional
        What the list is called; the file's stem when omitted.
    policy : str
        What its policies limit where it does not say.
    out : pathlib.Path
        Directory for the files.
    jobs, progress
        As in `build.build`.

    Returns
    -------
    list of pathlib.Path
        The files written.

    Raises
    ------
    AnalysisError
        If the list cannot be read; nothing has been written or estimated then.
    """
    if policy not in POLICIES:
        raise LayoutError(f"No policy {policy!r}.", remedy=f"One of {', '.join(POLICIES)}.")
    given = given_list(read_given(path), name=name or path.stem, source=path.name, policy=policy)
    with _environment(path, given.name, policy):
        chapters = run(find_notebooks((), notebooks_dir() / _FOLDER), jobs=jobs, progress=progress)
    made = typeset(chapters, out=out, bound=False, progress=progress, notice=notice(given))
    return [*made, *_tables(given, out), _manifest(given, path, policy, out)]


def _tables(given: GivenList, out: Path) -> list[Path]:
    tables = {
        "lines": given.rows,
        "doubts": given.doubts,
        "place_by_place": compare_lists(given.policies, load("policies")),
        "policies": given.policies,
    }
    written = []
    for name, table in tables.items():
        place = out / f"{name}.csv"
        written.append(write_text(place, table.to_csv(index=False, lineterminator="\n")))
    return written


def _manifest(given: GivenList, path: Path, policy: str, out: Path) -> Path:
    panels = ("policies", "undated_places", "city_year", "places", "counties", "county_year")
    told = {
        "list": given.name,
        "file": path.name,
        "sha256": sha256_of(path),
        "policy_where_it_does_not_say": policy,
        "lines": len(given.rows),
        "lines_without_a_place": len(given.unresolved),
        "definitions": list(given.definitions),
        "compared_with_panels": {name: manifest_of(name)["sha256"] for name in panels},
    }
    place = out / "manifest.json"
    return write_text(place, json.dumps(told, indent=1, ensure_ascii=False) + "\n")


@contextmanager
def _environment(path: Path, name: str, policy: str) -> Iterator[None]:
    told = {FILE: str(path.resolve()), NAME: name, POLICY: policy}
    before = {key: os.environ.get(key) for key in told}
    os.environ.update(told)
    try:
        yield
    finally:
        for key, value in before.items():
            os.environ.pop(key) if value is None else os.environ.update({key: value})
