"""Everything that is wrong with the list, at once: rows, places, small tables, descriptor, README, panels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from ...errors import AnalysisError
from ...paths import policies_dir
from ...sources.policy import companions, datapackage, readme
from ...sources.policy.dated import problems, read_text
from ...sources.policy.problems import Problem
from .crosscheck import place_problems, read_exceptions
from .write import changed_files

_BUILD = "Run `sanctuary policies build`."
_READERS = (
    *(companions.read_state_bans, companions.read_undated),
    *(companions.read_refused_votes, companions.read_counties_inside),
)


def findings(known: pd.DataFrame, directory: Path | None = None) -> Iterator[Problem]:
    """Yield every problem of the list; those that are not fatal change nothing.

    Parameters
    ----------
    known : pandas.DataFrame
        `gazetteer.gazetteer`.
    directory : pathlib.Path, optional
        Folder laid out as ``data/policies``; the project's own when omitted.

    Raises
    ------
    LayoutError
        If a file cannot be read as a table of the list at all.
    """
    rows, exceptions = read_text(directory), read_exceptions(directory)
    yield from problems(rows, directory)
    yield from place_problems(rows, known, exceptions)
    for read in _READERS:
        try:
            table = read(directory)
        except AnalysisError as error:
            file, _, row = error.where.partition(", row ")
            yield Problem(file, row, "", error.what, error.remedy)
        else:
            if "place" in table:
                given = table if "ori" in table else table.assign(ori="")
                yield from place_problems(given, known, exceptions)
    yield from _made_of_it(rows, directory)


def _made_of_it(rows: pd.DataFrame, directory: Path | None) -> Iterator[Problem]:
    folder = directory or policies_dir()
    try:
        rendered = datapackage.render(directory)
    except AnalysisError:
        return  # a table without its columns has been reported
    if (folder / datapackage.DESCRIPTOR).read_text("utf-8") != rendered:
        yield _stale(datapackage.DESCRIPTOR, "The descriptor is not that of the files.")
    text = (folder / readme.README).read_text("utf-8")
    if readme.render(text, rows) != text:
        yield _stale(readme.README, "The counts are not those of the list.")
    if directory is None:
        for file in changed_files():
            yield _stale(file, "The panels were made of another version of this file.")


def _stale(file: str, text: str) -> Problem:
    return Problem(file, "-", "", text, _BUILD, is_fatal=False)
