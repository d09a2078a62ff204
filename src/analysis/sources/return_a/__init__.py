"""The FBI's Return A master file: every agency, month and offense, unfounded, actual and cleared, 1960 on.

`read_agency_years` and `read_agency_months` return frames; `ingest` writes a Parquet dataset in bounded
memory, on one machine or on a cluster; `dictionary` explains every column. A record that cannot be read is
set aside with its number, offset and reason: records read and set aside are all records of the file.
"""

from __future__ import annotations

from .dictionary import dictionary, dictionary_markdown
from .ingest import Ingested, ingest
from .reading import Reading, read_agency_months, read_agency_years

__all__ = [
    "Ingested",
    "Reading",
    "dictionary",
    "dictionary_markdown",
    "ingest",
    "read_agency_months",
    "read_agency_years",
]
