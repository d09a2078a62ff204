"""Who publishes the pages that the list cites: the type of a source, by host, from a committed table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pandas as pd

from ...errors import LayoutError
from ...paths import policies_dir
from .problems import tuples

HOSTS = "source_hosts.csv"
SOURCE_TYPES = (
    *["government document", "court", "press", "advocacy for", "advocacy against", "listing", "dataset"],
    "blog or forum",
)
_COLUMNS = ["host", "path", "type", "who", "aggregator"]
#: Two rows were registered as owner/repository@commit:path before addresses were required.
_OLD_FORM = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+)@(?P<commit>[0-9a-f]{40}):(?P<path>\S+)")


@dataclass(frozen=True)
class Source:
    """Who publishes a page.

    Attributes
    ----------
    type : str
        One of `SOURCE_TYPES`.
    who : str
        Publisher.
    aggregator : str
        Publisher of the collection when the page only repeats other sources, else empty.
    """

    type: str
    who: str
    aggregator: str


def read_hosts(directory: Path | None = None) -> pd.DataFrame:
    """Return the table of hosts: ``host``, ``path`` (beginning of it; empty: any), ``type``, ``who``,
    ``aggregator``.

    Raises
    ------
    LayoutError
        If the columns differ, a type is unknown, or two lines hold for one address.
    """
    hosts = pd.read_csv((directory or policies_dir()) / HOSTS, dtype=str, keep_default_na=False)
    if list(hosts.columns) != _COLUMNS:
        raise LayoutError(f"Columns are {list(hosts.columns)}, not {_COLUMNS}.", where=HOSTS)
    unknown = ~hosts["type"].isin(SOURCE_TYPES) | hosts.duplicated(["host", "path"])
    if unknown.any():
        first = hosts[unknown].iloc[0]
        raise LayoutError(
            f"{first['host']} is {first['type']!r}, or stands there twice.",
            where=f"{HOSTS}, row {hosts.index[unknown][0] + 2}",
            remedy=f"One line per host, its type one of {', '.join(SOURCE_TYPES)}.",
        )
    return hosts


def host_of(url: str) -> str:
    """Return the host of an address in lower case without ``www.``; empty when it has none."""
    return (urlsplit(url).hostname or "").removeprefix("www.")


def publishers(hosts: pd.DataFrame) -> dict[str, list[tuple[str, Source]]]:
    """Return the lines of `read_hosts` by host: beginnings of paths, longest first, and publishers."""
    found: dict[str, list[tuple[str, Source]]] = {}
    for line in tuples(hosts.sort_values("path", key=lambda path: -path.str.len())):
        collection = line.who.split(":")[0] if line.aggregator == "yes" else ""
        found.setdefault(line.host, []).append((line.path, Source(line.type, line.who, collection)))
    return found


def source_of(url: str, known: dict[str, list[tuple[str, Source]]]) -> Source | None:
    """Return who publishes an address, or None when no line of `publishers` covers it."""
    old = _OLD_FORM.fullmatch(url)
    host = "github.com" if old else host_of(url)
    path = f"/{old['repository']}/" if old else urlsplit(url).path
    return next((source for start, source in known.get(host, ()) if path.startswith(start)), None)


def is_address(url: str) -> bool:
    """Return whether a text can be followed as a link as it stands."""
    return bool(re.match(r"https?://\S+$", url))
