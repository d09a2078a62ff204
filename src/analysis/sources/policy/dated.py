"""The list of dated policies: ``data/policies``, one CSV per state, read whole and checked row by row.

The list is part of this repository. It holds facts only: what was adopted where and when, how surely, and
which page says so. ``data/policies/README.md`` defines every column and code.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from ...errors import AnalysisError, LayoutError, MissingFileError, UnknownPlaceError
from ...paths import policies_dir
from ..periods import Period, parse_period
from ..states import by_usps
from .hosts import SOURCE_TYPES, is_address, publishers, read_hosts, source_of
from .problems import Problem, each, not_allowed, raise_first, tuples, twice

ROWS = "rows"
KINDS = {"city": 7, "county": 5, "state": 2}
POLICY_TYPES = ("forbids_status_inquiry", "declines_detainers", "both", "statewide_law", "other/unknown")
CONFIDENCES = ("high", "medium", "low")
BASES = (
    *["ordinance", "resolution", "executive order", "police policy", "jail policy", "court", "state law"],
    *["listing", "other"],
)
FLAGS = ["is_upper_bound", "is_policy", "is_disputed", "is_unconfirmed", "reaffirms_older"]
COLUMNS = [
    *["row", "place", "state", "kind", "geoid", "ori", "policy_type", "instrument", "basis"],
    *["adopted", "precision", "earliest", "is_upper_bound", "ended", "confidence"],
    *["is_policy", "is_disputed", "is_unconfirmed", "reaffirms_older"],
    *["source_url", "source_type", "aggregator", "primary_source", "further_sources", "archived_url"],
]
#: Row identifiers begin at 2 and have no gap: a row that was deleted shows, and its number is never used
#: again.
FIRST_ROW = 2
#: Place codes from here up are fillers that stand for whole counties in agency crosswalks.
_FILLER = "99000"


def read_rows(directory: Path | None = None) -> pd.DataFrame:
    """Return the dated policies, one row per place, policy and source.

    Parameters
    ----------
    directory : pathlib.Path, optional
        Folder laid out as ``data/policies``; the project's own when omitted.

    Returns
    -------
    pandas.DataFrame
        The columns of the files, with flags as booleans, and ``file``, ``adopted_from`` and ``adopted_to``
        (first and last day the date leaves open, from ``earliest`` on where it is no upper bound),
        ``ended_from`` and ``ended_to`` (``NaT`` when no end is known), ``is_year_certain`` (no upper bound,
        or one whose earliest day lies in the same year) and ``is_not_policy``. Sorted by ``row``.

    Raises
    ------
    LayoutError
        If a file has other columns.
    ImpossibleValueError
        If a code, flag, date or address cannot be, or a policy ends before it begins.
    UnknownPlaceError
        If a code does not fit the kind of place or the state, or one code has two names.
    DuplicateKeyError
        If two rows are the same or share their identifier.
    """
    rows = read_text(directory)
    raise_first(problems(rows, directory))
    return with_dates(rows)


def read_text(directory: Path | None = None) -> pd.DataFrame:
    """Return the rows as text, with the ``file`` each stands in, unchecked but for the columns."""
    folder = (directory or policies_dir()) / ROWS
    files = sorted(folder.glob("*.csv"))
    if not files:
        raise MissingFileError(
            "No list of dated policies here.", where=str(folder), remedy="Restore data/policies with git."
        )
    rows = pd.concat([_one(place) for place in files], ignore_index=True)
    number = pd.to_numeric(rows["row"], errors="coerce")
    if number.isna().any():
        first = rows[number.isna()].iloc[0]
        raise LayoutError(f"Row identifier {first['row']!r} is no number.", where=first["file"])
    return rows.assign(row=number.astype("int64")).sort_values("row", kind="stable", ignore_index=True)


def problems(rows: pd.DataFrame, directory: Path | None = None) -> Iterator[Problem]:
    """Yield everything wrong with the rows by themselves, worst first; places are checked in `panels`."""
    yield from _identifiers(rows)
    yield from _codes(rows)
    yield from _places(rows)
    yield from _dates(rows)
    yield from _repeats(rows)
    yield from _sources(rows, directory)


def with_dates(rows: pd.DataFrame) -> pd.DataFrame:
    """Return checked rows with flags as booleans and dates as days."""
    flags = {name: rows[name].eq("yes") for name in FLAGS}
    periods = [_adoption(row) for row in tuples(rows.assign(**flags))]
    ends = [parse_period(text) if text else None for text in rows["ended"]]
    return rows.assign(
        **flags,
        adopted_from=_days(period.earliest for period in periods),
        adopted_to=_days(period.latest for period in periods),
        ended_from=_days(end.earliest if end else None for end in ends),
        ended_to=_days(end.latest if end else None for end in ends),
        is_year_certain=[
            not row.is_upper_bound or row.earliest[:4] == row.adopted[:4]
            for row in tuples(rows.assign(**flags))
        ],
        is_not_policy=~flags["is_policy"],
    )


def files_of(directory: Path | None = None) -> list[str]:
    """Return the names of the files of the list below its folder, in order."""
    folder = directory or policies_dir()
    return [f"{ROWS}/{place.name}" for place in sorted((folder / ROWS).glob("*.csv"))]


def read_table(name: str, columns: list[str], directory: Path | None = None) -> pd.DataFrame:
    """Return one of the list's small tables as text, with ``row`` (line of the file) and ``file``.

    Raises
    ------
    MissingFileError
        If the file is not there.
    LayoutError
        If it has other columns, or is no table.
    """
    place = (directory or policies_dir()) / name
    if not place.is_file():
        raise MissingFileError(
            "A file of the list is missing.", where=str(place), remedy="Restore it with git."
        )
    table = _csv(place, name)
    _same_columns(table, columns, name)
    table.insert(0, "row", table.index + 2)
    return table.assign(file=name)


def _csv(place: Path, name: str) -> pd.DataFrame:
    try:
        return pd.read_csv(place, dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise LayoutError(f"Not a table: {error}", where=name, remedy="Write it as CSV in UTF-8.") from error


def _one(place: Path) -> pd.DataFrame:
    name = f"{ROWS}/{place.name}"
    table = _csv(place, name)
    _same_columns(table, COLUMNS, name)
    return table.assign(file=name)


def _same_columns(table: pd.DataFrame, columns: list[str], name: str) -> None:
    if list(table.columns) != columns:
        missing = [c for c in columns if c not in table.columns]
        unknown = [c for c in table.columns if c not in columns]
        raise LayoutError(
            f"Columns missing: {missing or 'none'}; unknown: {unknown or 'none'}; or they are out of order.",
            where=name,
            remedy=f"Write the header as {','.join(columns)}.",
        )


def _identifiers(rows: pd.DataFrame) -> Iterator[Problem]:
    yield from twice(rows, ["row"], "every row has a number of its own")
    numbers = sorted(set(rows["row"]))
    for here, there in zip([FIRST_ROW - 1, *numbers], numbers, strict=False):
        if there - here > 1:
            row = rows[rows["row"].eq(there)].iloc[0]
            text = f"Row {here + 1} is gone: the numbers jump to {there}."
            remedy = "A row is never deleted: put it back with is_policy 'no'."
            yield Problem(row["file"], int(there), "row", text, remedy)
    yield from each(rows, rows["file"].str[-6:-4] != rows["state"], "state", "is not that of its file")


def _codes(rows: pd.DataFrame) -> Iterator[Problem]:
    yield from not_allowed(rows, "state", by_usps("name"))
    yield from not_allowed(rows, "kind", KINDS)
    yield from not_allowed(rows, "policy_type", POLICY_TYPES)
    yield from not_allowed(rows, "basis", BASES)
    yield from not_allowed(rows, "confidence", CONFIDENCES)
    for flag in FLAGS:
        yield from not_allowed(rows, flag, ("yes", "no"))
    yield from each(rows, rows["instrument"].eq(""), "instrument", "is empty")


def _places(rows: pd.DataFrame) -> Iterator[Problem]:
    digits = rows["kind"].map(KINDS)
    fits = rows["geoid"].str.fullmatch(r"\d+") & (rows["geoid"].str.len() == digits)
    fits &= ~(rows["kind"].eq("city") & (rows["geoid"].str[2:] >= _FILLER))
    fits &= rows["geoid"].str[:2] == rows["state"].map(by_usps("state_fips"))
    yield from each(rows, ~fits, "geoid", "does not fit the kind of place and state", UnknownPlaceError)
    police = rows["kind"].eq("city")
    fits = rows["ori"].str.fullmatch(r"[A-Z0-9]{9}").where(police, rows["ori"].eq(""))
    yield from each(rows, ~fits.astype(bool), "ori", "does not fit the kind of place", UnknownPlaceError)
    for code in ("place", "ori"):
        first = rows.groupby(["kind", "geoid"])[code].transform("first")
        why = "differs between rows of one geoid"
        yield from each(rows, rows[code] != first, code, why, UnknownPlaceError)
    owner = rows[police].groupby("ori")["geoid"].transform("first").reindex(rows.index)
    yield from each(
        rows, police & (rows["geoid"] != owner), "ori", "stands for two places of the list", UnknownPlaceError
    )


def _dates(rows: pd.DataFrame) -> Iterator[Problem]:
    for row in tuples(rows):
        try:
            adopted = parse_period(row.adopted)
            earliest = parse_period(row.earliest) if row.earliest else None
            ended = parse_period(row.ended) if row.ended else None
        except AnalysisError as error:
            yield Problem(row.file, row.row, "adopted", error.what, error.remedy)
            continue
        if adopted.precision != row.precision:
            text = f"precision {row.precision!r} is not that of adopted {row.adopted!r}."
            yield Problem(row.file, row.row, "precision", text, f"Write {adopted.precision}.")
        if earliest and earliest.earliest > adopted.latest:
            text = f"earliest {row.earliest!r} lies after adopted {row.adopted!r}."
            yield Problem(row.file, row.row, "earliest", text)
        if ended and ended.latest < adopted.earliest:
            yield Problem(row.file, row.row, "ended", f"ended {row.ended!r} lies before the adoption.")


def _repeats(rows: pd.DataFrame) -> Iterator[Problem]:
    keys = ["geoid", "policy_type", "instrument", "adopted", "source_url"]
    yield from twice(rows, ["kind", *keys], "same place, policy, date and source")


def _sources(rows: pd.DataFrame, directory: Path | None) -> Iterator[Problem]:
    yield from not_allowed(rows, "source_type", SOURCE_TYPES)
    yield from each(rows, rows["source_url"].eq(""), "source_url", "is empty")
    hosts = publishers(read_hosts(directory))
    for row in tuples(rows[rows["source_url"].ne("")]):
        source = source_of(row.source_url, hosts)
        if source is None:
            text = f"The host of {row.source_url} has no line in source_hosts.csv."
            yield Problem(
                row.file, row.row, "source_url", text, "Add one: host, path, type, who, aggregator."
            )
        elif (source.type, source.aggregator) != (row.source_type, row.aggregator):
            text = (
                f"{row.source_type!r}, {row.aggregator!r} is not what source_hosts.csv says of the address."
            )
            remedy = f"Write source_type {source.type!r} and aggregator {source.aggregator!r}."
            yield Problem(row.file, row.row, "source_type", text, remedy)
        elif not is_address(row.source_url):
            text = f"{row.source_url} cannot be followed as it stands."
            yield Problem(row.file, row.row, "source_url", text, "Encode it as a URL.", is_fatal=False)
    bad = rows["archived_url"].ne("") & ~rows["archived_url"].map(is_address)
    yield from each(rows, bad, "archived_url", "is no address")


def _adoption(row: Any) -> Period:
    period = parse_period(row.adopted)
    if not row.earliest or row.is_upper_bound:
        return period
    first = min(parse_period(row.earliest).earliest, period.earliest)
    return Period(first, period.latest, period.precision)


def _days(values: Iterable[Any]) -> pd.Series:
    return pd.Series([pd.NaT if v is None else pd.Timestamp(v) for v in values], dtype="datetime64[us]")
