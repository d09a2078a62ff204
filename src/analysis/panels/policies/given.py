"""Another list of treated places: read, resolved, and made a panel ``policies`` by the same rules as ours.

As little as place, state and date of adoption. Nothing is guessed: a name that is no place stays out and is
shown with the names that are near; a name that could be several is taken in doubt and shown with the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ...errors import ImpossibleValueError, LayoutError, MissingFileError
from ...sources.periods import parse_period
from ...sources.policy import companions
from ...sources.policy.dated import FLAGS, with_dates
from ...sources.policy.problems import tuples
from ..store import load
from .build import policies_panel, rows_panel, state_bans_panel
from .gazetteer import committed_gazetteer
from .resolve import DOUBTFUL, resolve, state_code
from .rules import classify

#: Names a column may bear, in any case.
COLUMN_NAMES = {
    "place": ("place", "city", "jurisdiction", "name", "county"),
    "state": ("state", "st", "usps"),
    "adopted": ("adopted", "date", "year", "adoption", "effective"),
    "policy": ("policy", "limits", "type", "policy_type"),
    "kind": ("kind", "level"),
    "ended": ("ended", "end", "repealed"),
    "source": ("source", "source_url", "url", "citation"),
    "geoid": ("geoid", "fips", "place_fips"),
}
REQUIRED = ("place", "state", "adopted")
#: What a policy may limit, and how the list of this project calls it.
POLICIES = {
    "status_inquiry": "forbids_status_inquiry",
    "detainers": "declines_detainers",
    "both": "both",
    "symbolic": "other/unknown",
}
#: A list that does not say what its policies limit is taken as the first study's own definition.
DEFAULT_POLICY = "status_inquiry"
TEMPLATE = """\
place,state,adopted,policy,kind,ended,source,geoid
Seattle,WA,2003,status_inquiry,city,,https://example.org/seattle,
Cook County,IL,2011-09-07,detainers,county,,https://example.org/cook,
Springfield,OR,2006-05,both,,2012,,4169600
"""


@dataclass(frozen=True)
class GivenList:
    """A list somebody gave, and the panels it makes.

    Attributes
    ----------
    name : str
        What the list is called in every text.
    source : str
        File it was read from, or what it is.
    rows : pandas.DataFrame
        What was given, one row per line, with the place each means: ``line, given, state, adopted, policy``,
        ``kind, geoid, ori, place`` (as the Census Bureau names it), ``how``, ``others``, ``disposition``.
    policies, policy_rows, undated_places : pandas.DataFrame
        The panels; no place is undated, for the list says of every place when.
    """

    name: str
    source: str
    rows: pd.DataFrame
    policies: pd.DataFrame
    policy_rows: pd.DataFrame
    undated_places: pd.DataFrame

    @property
    def doubts(self) -> pd.DataFrame:
        """Lines whose place is in doubt or unknown, with the names not chosen or near."""
        return self.rows[self.rows["others"].ne("") | self.rows["geoid"].isna()]

    @property
    def unresolved(self) -> pd.DataFrame:
        """Lines that mean no place of the panels and are left out."""
        return self.rows[self.rows["geoid"].isna()]

    @property
    def definitions(self) -> tuple[str, ...]:
        """Definitions of treatment under which the list has places."""
        return tuple(self.policies["definition"].drop_duplicates())


def read_given(path: Path) -> pd.DataFrame:
    """Return a list from a CSV or Excel file, every cell as text.

    Raises
    ------
    MissingFileError
        If there is no such file.
    LayoutError
        If it is neither CSV nor Excel.
    """
    if not path.is_file():
        raise MissingFileError("No such list.", where=str(path), remedy="Name a CSV or Excel file.")
    try:
        if path.suffix.lower() in {".xlsx", ".xls", ".xlsb", ".ods"}:
            return pd.read_excel(path, dtype=str, engine="calamine").fillna("")
        return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (ValueError, OSError) as error:
        raise LayoutError(
            f"Not a table: {error}", where=str(path), remedy="Write it as CSV in UTF-8, or as Excel."
        ) from error


def given_list(
    frame: pd.DataFrame,
    *,
    name: str = "the given list",
    source: str = "data frame",
    policy: str = DEFAULT_POLICY,
    known: pd.DataFrame | None = None,
) -> GivenList:
    """Return the panels of another list.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per place (or per place and policy). Columns by any of `COLUMN_NAMES`: place, state and the
        date of adoption (a year, month or day); optionally what the policy limits (`POLICIES`), the kind of
        place, the end, the source and the geoid.
    name : str
        What the list is called.
    source : str
        Where it comes from, for manifests and captions.
    policy : str
        What the policies limit where the list does not say; one of `POLICIES`.
    known : pandas.DataFrame, optional
        `gazetteer.gazetteer`; that of the committed panels when omitted.

    Raises
    ------
    LayoutError
        If a required column is missing.
    ImpossibleValueError
        If a date, state or policy cannot be; the error names the line.
    UnknownPlaceError
        If no line means a place of the panels.
    """
    told = _told(frame, policy, source)
    found = resolve(told, committed_gazetteer() if known is None else known)
    rows = _dated_rows(told, found, source)
    if rows.empty:
        raise LayoutError(
            "No line of the list means a place of the panels.", where=source, remedy="See the template."
        )
    classified = classify(rows, scope=_scope(rows))
    bans = state_bans_panel(companions.read_state_bans())
    policies = policies_panel(classified, bans, companions.read_counties_inside())
    table = rows_panel(classified, policies)
    return GivenList(
        name=name,
        source=source,
        rows=_shown(told, found, table),
        policies=policies,
        policy_rows=table,
        undated_places=_no_undated(),
    )


def _told(frame: pd.DataFrame, policy: str, source: str) -> pd.DataFrame:
    columns = _columns(frame, source)
    told = pd.DataFrame(
        {name: frame[column].map(_text) for name, column in columns.items()}, index=frame.index
    )
    for name in COLUMN_NAMES:
        if name not in told:
            told[name] = ""
    told["line"] = range(2, len(told) + 2)
    told = told[told["place"].ne("") | told["adopted"].ne("")].reset_index(drop=True)
    told["policy"] = told["policy"].str.lower().str.replace(" ", "_").replace("", policy)
    _refuse(told, ~told["policy"].isin(list(POLICIES)), "policy", f"is none of {', '.join(POLICIES)}", source)
    _refuse(told, told["state"].map(state_code).eq(""), "state", "is no state", source)
    for row in tuples(told):
        for date in filter(None, (row.adopted, row.ended)):
            parse_period(date, where=f"{source}, line {row.line}")
    _refuse(told, told["adopted"].eq(""), "adopted", "is empty", source)
    return told


def _columns(frame: pd.DataFrame, source: str) -> dict[str, str]:
    by_lower = {str(column).strip().lower(): column for column in frame.columns}
    found = {
        name: next(by_lower[alias] for alias in aliases if alias in by_lower)
        for name, aliases in COLUMN_NAMES.items()
        if any(alias in by_lower for alias in aliases)
    }
    if missing := [name for name in REQUIRED if name not in found]:
        asked = "; ".join(f"{name}: {', '.join(COLUMN_NAMES[name])}" for name in missing)
        raise LayoutError(
            f"No column for {', '.join(missing)} among {[str(c) for c in frame.columns]}.",
            where=source,
            remedy=f"Name the columns as one of: {asked}. `sanctuary report --template` shows an example.",
        )
    return found


def _text(value: object) -> str:
    if value is None or value is pd.NA or value != value:
        return ""
    if isinstance(value, pd.Timestamp) or hasattr(value, "isoformat"):
        return str(value)[:10]
    text = str(value).strip()
    text = text.removesuffix(" 00:00:00")
    return text[:-2] if text.endswith(".0") and text[:-2].isdigit() else text


def _refuse(told: pd.DataFrame, bad: pd.Series, column: str, why: str, source: str) -> None:
    if bad.any():
        first = told[bad].iloc[0]
        raise ImpossibleValueError(
            f"{column} {first[column]!r} of {first['place']} {why}.",
            where=f"{source}, line {first['line']}",
            remedy="Correct the line; `sanctuary report --template` shows an example.",
        )


def _dated_rows(told: pd.DataFrame, found: pd.DataFrame, source: str) -> pd.DataFrame:
    known = found["geoid"].notna()
    here, place = told[known], found[known]
    rows = pd.DataFrame(
        {
            "row": here["line"],
            "file": source,
            "place": place["place"],
            "state": place["state"],
            "kind": place["kind"],
            "geoid": place["geoid"],
            "ori": place["ori"],
            "policy_type": here["policy"].map(POLICIES),
            "instrument": "as listed",
            "basis": "listing",
            "adopted": here["adopted"],
            "precision": [parse_period(text).precision for text in here["adopted"]],
            "earliest": "",
            "ended": here["ended"],
            "confidence": "high",
            "source_url": here["source"].where(here["source"].ne(""), source),
            "source_type": "listing",
            **dict.fromkeys(("aggregator", "primary_source", "further_sources", "archived_url"), ""),
            **{flag: "yes" if flag == "is_policy" else "no" for flag in FLAGS},
        }
    )
    return with_dates(rows.reset_index(drop=True))


def _scope(rows: pd.DataFrame) -> dict[tuple[str, str, str], Mapping[str, str]]:
    """A state's row of a given list binds the state from its date, for what the list says."""
    states = rows[rows["kind"].eq("state")]
    keys = zip(states["state"], states["policy_type"], states["adopted"], strict=True)
    return {key: {"state": key[0], "reach": "statewide", "scope": "", "in_force": ""} for key in keys}


def _shown(told: pd.DataFrame, found: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    shown = told[["line", "place", "state", "adopted", "policy"]].rename(columns={"place": "given"})
    shown = shown.join(found[["kind", "geoid", "ori", "place", "how", "others"]])
    became = shown["line"].map(table.set_index("row")["disposition"])
    return shown.assign(
        disposition=became.fillna("no place of the panels"), is_doubtful=shown["how"].isin(DOUBTFUL)
    )


def _no_undated() -> pd.DataFrame:
    return load("undated_places").iloc[:0].reset_index(drop=True)
