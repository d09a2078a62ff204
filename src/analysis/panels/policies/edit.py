"""A new row of the list: its place resolved, its codes filled in, appended to its state's file."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from ...errors import UnknownPlaceError
from ...paths import policies_dir
from ...placing import write_text
from ...sources.periods import parse_period
from ...sources.policy.dated import COLUMNS, NOT_NAMED, ROWS, problems, read_text
from ...sources.policy.hosts import HOSTS, publishers, read_hosts, source_of
from ...sources.policy.instruments import basis_of, without_quotations
from ...sources.policy.problems import raise_first
from .crosscheck import place_problems, read_exceptions
from .resolve import DOUBTFUL, resolve, state_code

#: What must be told of a new row, and what may be.
ASKED = ("place", "state", "policy_type", "instrument", "adopted", "confidence", "source_url")
OPTIONAL = ("kind", "geoid", "earliest", "ended", "archived_url", "further_sources")
_CODES = ("place", "state", "kind", "geoid", "ori")
_FLAGS = {"is_upper_bound": "no", "is_policy": "yes", "is_disputed": "no", "is_unconfirmed": "no"}


def new_row(told: Mapping[str, str], known: pd.DataFrame, directory: Path | None = None) -> dict[str, str]:
    """Return a complete row of the list from what somebody told, checked with all others.

    Parameters
    ----------
    told : mapping of str to str
        `ASKED`, and of `OPTIONAL` and the flags what is known.
    known : pandas.DataFrame
        `gazetteer.gazetteer`.
    directory : pathlib.Path, optional
        Folder laid out as ``data/policies``; the project's own when omitted.

    Raises
    ------
    AnalysisError
        If the place is unknown or in doubt, the host of the source has no line in ``source_hosts.csv``, or
        the row would not pass `dated.problems`.
    """
    rows = read_text(directory)
    place = _place(told, known, rows)
    source = source_of(told["source_url"], publishers(read_hosts(directory)))
    if source is None:
        raise UnknownPlaceError(
            f"The host of {told['source_url']} is new.",
            where=HOSTS,
            remedy="Add a line with host, path, type, who and aggregator, then add the row.",
        )
    row = dict.fromkeys(COLUMNS, "") | _FLAGS | {"reaffirms_older": "no"}
    row |= {name: told[name].strip() for name in (*ASKED, *OPTIONAL, *row) if told.get(name)}
    row |= place | {
        "row": str(int(rows["row"].max()) + 1),
        "instrument": without_quotations(told["instrument"]),
        "basis": told.get("basis") or basis_of(told["instrument"], told["policy_type"]),
        "precision": parse_period(told["adopted"], where="adopted").precision,
        "source_type": source.type,
        "aggregator": source.aggregator,
    }
    if source.aggregator and not row["primary_source"]:
        row["primary_source"] = NOT_NAMED
    _check(row, rows, known, directory)
    return row


def append_row(row: Mapping[str, str], directory: Path | None = None) -> Path:
    """Append a row to its state's file, which is made when the state is new; return the file."""
    place = (directory or policies_dir()) / ROWS / f"{row['state']}.csv"
    old = place.read_text("utf-8") if place.is_file() else ",".join(COLUMNS) + "\n"
    text = io.StringIO(newline="")
    csv.DictWriter(text, COLUMNS, lineterminator="\n").writerow(dict(row))
    return write_text(place, old + text.getvalue())


def _place(told: Mapping[str, str], known: pd.DataFrame, rows: pd.DataFrame) -> dict[str, str]:
    listed = rows[rows["geoid"].eq(told.get("geoid", "")) & rows["state"].eq(state_code(told["state"]))]
    found = _resolved(told, known) if listed.empty else listed.iloc[0]
    if listed.empty:
        listed = rows[rows["kind"].eq(found["kind"]) & _same(rows, found)]
    if len(listed):
        return {name: str(listed[name].iloc[0]) for name in _CODES}
    name = known[known["kind"].eq(found["kind"]) & known["geoid"].eq(found["geoid"])]["name"].iloc[0]
    return {"place": name, **{n: str(found[n]) for n in ("state", "kind", "geoid", "ori")}}


def _resolved(told: Mapping[str, str], known: pd.DataFrame) -> pd.Series:
    asked = {name: [told.get(name, "")] for name in ("place", "state", "kind", "geoid")}
    found = resolve(pd.DataFrame(asked), known).iloc[0]
    if pd.isna(found["geoid"]) or found["how"] in DOUBTFUL:
        raise UnknownPlaceError(
            f"{told['place']}, {told['state']} is "
            f"{'in doubt' if found['others'] else 'no place of the panels'}.",
            remedy=f"Give its geoid. Near or of the same name: {found['others'] or 'none'}.",
        )
    if found["state"] != state_code(told["state"]):
        raise UnknownPlaceError(f"geoid {told['geoid']} is {found['place']}, {found['state']}.")
    return found


def _same(rows: pd.DataFrame, found: pd.Series) -> pd.Series:
    return rows["geoid"].eq(found["geoid"]) | (rows["ori"].eq(found["ori"]) & rows["ori"].ne(""))


def _check(row: Mapping[str, str], rows: pd.DataFrame, known: pd.DataFrame, directory: Path | None) -> None:
    one = pd.DataFrame([{**row, "row": int(row["row"]), "file": f"{ROWS}/{row['state']}.csv"}])
    raise_first(problems(pd.concat([rows, one], ignore_index=True), directory))
    raise_first(place_problems(one, known, read_exceptions(directory)))
