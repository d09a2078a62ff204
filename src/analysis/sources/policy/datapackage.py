"""The descriptor of the list as a Frictionless data package, made of ``data/policies/columns.csv``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from ...errors import LayoutError
from ...paths import policies_dir
from ...placing import write_text
from .dated import files_of
from .problems import tuples

DESCRIPTOR = "datapackage.json"
COLUMNS = "columns.csv"
#: Title, primary key and files of each table; the rows stand in one file per state.
_TABLES = {
    "rows": ("Dated policies, one row per place, policy and source; one file per state", ["row"]),
    "state_bans": ("State laws that forbid local policies", ["state"]),
    "undated_places": ("Places that lists name without a date", ["kind", "geoid"]),
    "refused_votes": ("Votes that refused a policy", ["geoid", "voted"]),
    "counties_inside_cities": ("Counties that lie whole inside one place", ["fips"]),
    "source_hosts": ("Who publishes the pages cited, by host", ["host", "path"]),
    "code_exceptions": ("Places whose geoid, agency and name differ on purpose", ["geoid", "ori", "place"]),
}


def render(directory: Path | None = None) -> str:
    """Return the descriptor as JSON, from the definitions of the columns and the files there are."""
    return json.dumps(descriptor(directory), indent=1, ensure_ascii=False) + "\n"


def write_descriptor(directory: Path | None = None) -> Path:
    """Write ``datapackage.json`` beside the list and return where."""
    place = (directory or policies_dir()) / DESCRIPTOR
    return write_text(place, render(directory))


def descriptor(directory: Path | None = None) -> dict[str, Any]:
    """Return the data package: one resource per table, its fields with type, constraints and meaning.

    Raises
    ------
    LayoutError
        If a table has columns that ``columns.csv`` does not define, or in another order.
    """
    directory = directory or policies_dir()
    defined = pd.read_csv(directory / COLUMNS, dtype=str, keep_default_na=False)
    return {
        "profile": "tabular-data-package",
        "name": "dated-sanctuary-policies",
        "title": "Dated sanctuary policies of cities, counties and states of the United States",
        "description": "What was adopted where and when, how surely, and which page says so. See README.md.",
        "licenses": [{"name": "MIT", "path": "https://opensource.org/license/mit", "title": "MIT License"}],
        "resources": [_resource(name, defined, directory) for name in _TABLES],
    }


def _resource(name: str, defined: pd.DataFrame, directory: Path) -> dict[str, Any]:
    title, keys = _TABLES[name]
    files = files_of(directory) if name == "rows" else [f"{name}.csv"]
    own = defined[defined["table"].eq(name)]
    for file in files:
        _same_columns(directory / file, file, list(own["name"]))
    resource = {"path": files[0]} | ({"extrapaths": files[1:]} if len(files) > 1 else {})
    return {
        "name": name,
        "title": title,
        **resource,
        "profile": "tabular-data-resource",
        "scheme": "file",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": {
            "fields": [_field(line) for line in tuples(own)],
            "missingValues": [""],
            "primaryKey": keys,
        },
    }


def _field(line: Any) -> dict[str, Any]:
    rules: dict[str, Any] = {"required": True} if line.required == "yes" else {}
    if line.allowed:
        rules["enum"] = line.allowed.split("|")
    if line.pattern:
        rules["pattern"] = line.pattern
    field = {"name": line.name, "type": line.type, "description": line.description}
    if line.type == "boolean":
        field |= {"trueValues": ["yes"], "falseValues": ["no"]}
    return field | ({"constraints": rules} if rules else {})


def _same_columns(place: Path, file: str, names: list[str]) -> None:
    header = place.read_text("utf-8").split("\n", 1)[0].strip().split(",")
    if header != names:
        raise LayoutError(
            f"The header is {header}, not {names}.", where=file, remedy=f"Define the columns in {COLUMNS}."
        )
