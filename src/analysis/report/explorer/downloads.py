"""CSV and JSON at addresses that stay: one pair for each place with a dated policy, one archive per state."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from .compact import dumped, records

_EPOCH = (1980, 1, 1, 0, 0, 0)
#: Panel, key and how its files are called.
KINDS = {"city": ("city_year", "ori"), "county": ("county_year", "fips")}


def place_files(panels: Mapping[str, pd.DataFrame]) -> Iterator[tuple[str, str]]:
    """Yield the path and text of a CSV and a JSON file for each city and county that a policy row names.

    The CSV holds the rows of ``city_year`` or ``county_year`` as `analysis.panels.load` returns them; the
    JSON holds them and the place's policy rows.
    """
    policies = panels["policy_rows"]
    for kind, (panel, key) in KINDS.items():
        code = "ori" if kind == "city" else "geoid"
        named = policies[policies["kind"].eq(kind) & policies[code].notna()]
        rows_of = {str(name): rows for name, rows in panels[panel].groupby(key)}
        for place, own in named.groupby(code):
            code_of = str(place)
            if code_of in rows_of:
                rows = rows_of[code_of]
                yield f"{kind}/{code_of}.csv", rows.to_csv(index=False, lineterminator="\n")
                yield f"{kind}/{code_of}.json", dumped(_document(rows, own))


def _document(rows: pd.DataFrame, policies: pd.DataFrame) -> dict[str, Any]:
    return {"rows": records(rows), "policies": records(policies)}


def state_archives(panels: Mapping[str, pd.DataFrame]) -> Iterator[tuple[str, bytes]]:
    """Yield the path and bytes of one archive per state: cities and counties as CSV, policies as both."""
    policies = panels["policy_rows"]
    parts = {
        name: {str(state): rows for state, rows in panels[name].groupby("state")}
        for name in ("city_year", "county_year")
    }
    own = {str(state): rows for state, rows in policies.groupby("state")}
    for state in sorted(set(parts["city_year"]) | set(parts["county_year"])):
        frames = {name: tables[state] for name, tables in parts.items() if state in tables}
        if state in own:
            frames["policy_rows"] = own[state]
        yield f"state/{state}.zip", _archive(frames)


def _archive(frames: Mapping[str, pd.DataFrame]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, frame in frames.items():
            archive.writestr(_entry(f"{name}.csv"), frame.to_csv(index=False, lineterminator="\n"))
            if name == "policy_rows":
                archive.writestr(_entry(f"{name}.json"), dumped(records(frame)))
    return buffer.getvalue()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


def write_all(files: Iterator[tuple[str, str | bytes]], directory: Path) -> int:
    """Write files under a directory and return how many."""
    count = 0
    for name, content in files:
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        count += 1
    return count
