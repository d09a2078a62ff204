"""Files read whole or streamed: agency-years and agency-months, with what was set aside and why."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pyarrow as pa
from tqdm import tqdm

from ...errors import DuplicateKeyError, LayoutError
from . import framing, tables
from .checks import DOUBTS, LOOKED_AT, Doubts
from .decoding import engine, undamaged
from .framing import DAMAGES_WITHOUT_RECORD, Chunk, Damage, Source

#: A file of which more than this share of records is damaged is refused.
REFUSED = 0.5
_LEDGER = {
    "source": "str",
    "bytes": "int64",
    "records": "int64",
    "read": "int64",
    "set_aside": "int64",
    "years": "str",
    "states": "int64",
    "offenses_out_of_order": "bool",
    **dict.fromkeys(DOUBTS, "int64"),
}
_DAMAGED = {"source": "str", "record": "int64", "offset": "int64", "bytes": "int64", "reason": "str"}


@dataclass(frozen=True)
class Piece:
    """The tables of one chunk; `months` is None where they are not asked for."""

    number: int
    bytes: int
    years: pa.Table
    months: pa.Table | None
    damages: list[Damage]


@dataclass
class Ledger:
    """What became of one file's records: `read` and `set_aside` add up to `records`."""

    source: Source
    records: int = 0
    read: int = 0
    damages: list[Damage] = field(default_factory=list)
    doubts: Doubts = field(init=False)

    def __post_init__(self) -> None:
        self.doubts = Doubts(self.source.name)

    def add(self, piece: Piece) -> None:
        """Count one chunk; refuse a file that begins with damages alone (LayoutError)."""
        self.read += piece.years.num_rows
        self.damages += piece.damages
        self.records = self.read + len(self.damages)
        self.doubts.add(piece.years.select(LOOKED_AT))
        if not self.read and len(self.damages) >= DAMAGES_WITHOUT_RECORD:
            self.require_readable()

    def require_readable(self) -> None:
        """Refuse a file of which most records are damaged.

        Raises
        ------
        LayoutError
            Naming the first damage.
        """
        if not self.records:
            raise LayoutError("The file is empty.", where=self.source.name, remedy="Get it again.")
        if len(self.damages) <= REFUSED * self.records:
            return
        first = self.damages[0]
        raise LayoutError(
            f"{len(self.damages):,} of {self.records:,} records cannot be read; the first: {first.reason}.",
            where=f"{self.source.name}, record {first.record:,}, offset {first.offset:,}",
            remedy="It is no Return A master file of 7,385-byte records, or it is damaged.",
        )

    def row(self) -> tuple[Any, ...]:
        """Return the file's row of `ledger_frame`."""
        size = (self.source.name, self.source.bytes, self.records, self.read, len(self.damages))
        doubts = self.doubts.row()
        return (*size, *(doubts[name] for name in list(_LEDGER)[len(size) :]))


@dataclass(frozen=True)
class Reading:
    """What `read_agency_years` and `read_agency_months` return.

    Attributes
    ----------
    frame : pandas.DataFrame
        The rows, columns as `analysis.sources.return_a.dictionary` tells.
    ledger : pandas.DataFrame
        One row a file: ``source, bytes, records, read, set_aside`` (read + set aside = records), ``years``
        (that its records bear), ``states`` (how many), ``offenses_out_of_order``, and the counts of
        `analysis.sources.return_a.checks.DOUBTS`.
    damaged : pandas.DataFrame
        One row a record set aside: ``source, record`` (from one), ``offset`` (of the damage, from zero, in
        the uncompressed file), ``bytes, reason``.
    """

    frame: pd.DataFrame
    ledger: pd.DataFrame
    damaged: pd.DataFrame


def read_agency_years(
    paths: str | Path | Iterable[str | Path], *, jobs: int = 2, decoder: str = "auto", progress: bool = False
) -> Reading:
    """Read master files to one row an agency and year.

    Parameters
    ----------
    paths : path or iterable of paths
        Files, plain or zipped.
    jobs : int, optional
        Threads. The result does not depend on it.
    decoder : str, optional
        One of `analysis.sources.return_a.decoding.ENGINES`; all give the same answer.
    progress : bool, optional
        Show a bar of bytes read.

    Returns
    -------
    Reading
        Counts are sums over the months in which the card holds a return; missing where it holds none.

    Raises
    ------
    MissingFileError
        If a file is not there.
    LayoutError
        If a file is empty, cannot be unpacked, or is for the most part not readable.
    """
    return _read(paths, False, jobs, decoder, progress)


def read_agency_months(
    paths: str | Path | Iterable[str | Path], *, jobs: int = 2, decoder: str = "auto", progress: bool = False
) -> Reading:
    """Read master files to one row an agency and month, as `read_agency_years` reads years.

    Counts of a card without a return are missing, not zero. A year takes about 200 MB; `ingest` needs memory
    for a few thousand records only.
    """
    return _read(paths, True, jobs, decoder, progress)


def pieces(
    source: Source,
    *,
    months: bool,
    jobs: int,
    decoder: ModuleType,
    then: Callable[[Piece], Piece] | None = None,
) -> Iterator[Piece]:
    """Yield the tables of a file in order, decoding a few chunks at a time on several threads.

    Parameters
    ----------
    source : Source
        File.
    months : bool
        Whether to make agency-months.
    jobs : int
        Threads.
    decoder : module
        As `analysis.sources.return_a.decoding.engine` returns it.
    then : callable, optional
        Applied to each piece on its thread.
    """

    def decode(chunk: Chunk) -> Piece:
        piece = decoded(chunk, source.name, months=months, decoder=decoder)
        return then(piece) if then else piece

    yield from _ahead(decode, framing.chunks(source, framing.CHUNK), jobs)


def decoded(chunk: Chunk, name: str, *, months: bool, decoder: ModuleType) -> Piece:
    """Return the tables of one chunk."""
    records = undamaged(chunk, decoder)
    years = tables.agency_years(records, name, decoder)
    monthly = tables.agency_months(records, name, decoder.months(records.block)) if months else None
    return Piece(chunk.number, chunk.bytes, years, monthly, records.damages)


def sources_of(paths: str | Path | Iterable[str | Path]) -> list[Source]:
    """Return the files of records at several paths.

    Raises
    ------
    DuplicateKeyError
        If two share their name without suffix, by which output is named.
    """
    given: Sequence[str | Path] = [paths] if isinstance(paths, str | Path) else list(paths)
    found = [source for path in given for source in framing.sources_of(Path(path))]
    twice = [stem for stem, count in Counter(source.stem for source in found).items() if count > 1]
    if twice:
        raise DuplicateKeyError(
            f"Two files are named {twice[0]}.", where=twice[0], remedy="Name each file once, or rename one."
        )
    return found


def bar(sources: list[Source], progress: bool) -> tqdm:
    """Return a bar of bytes over files."""
    total = sum(source.bytes for source in sources)
    return tqdm(total=total, unit="B", unit_scale=True, desc="return A", disable=not progress)


def ledger_frame(ledgers: Iterable[Ledger]) -> pd.DataFrame:
    """Return one row a file: see `Reading`."""
    return pd.DataFrame([each.row() for each in ledgers], columns=list(_LEDGER)).astype(_LEDGER)


def damaged_frame(ledgers: Iterable[Ledger]) -> pd.DataFrame:
    """Return one row a record set aside: see `Reading`."""
    rows = [
        (each.source.name, damage.record, damage.offset, damage.bytes, damage.reason)
        for each in ledgers
        for damage in each.damages
    ]
    return pd.DataFrame(rows, columns=list(_DAMAGED)).astype(_DAMAGED)


def to_frame(table: pa.Table) -> pd.DataFrame:
    """Return a table as pandas: nullable integers, categories for few words, dates as datetime64."""
    dates = [name for name in table.column_names if pa.types.is_date32(table.schema.field(name).type)]
    for name in dates:
        at = table.schema.get_field_index(name)
        table = table.set_column(at, name, table[name].cast(pa.timestamp("s")))
    frame: pd.DataFrame = table.unify_dictionaries().to_pandas(types_mapper=_PANDAS.get)
    return frame


_PANDAS: dict[pa.DataType, Any] = {
    pa.int8(): pd.Int8Dtype(),
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
    pa.string(): pd.StringDtype(na_value=float("nan")),
}


def _read(paths: Any, months: bool, jobs: int, decoder: str, progress: bool) -> Reading:
    sources, module, kept, ledgers = sources_of(paths), engine(decoder), [], []
    with bar(sources, progress) as shown:
        for source in sources:
            ledger = Ledger(source)
            for piece in pieces(source, months=months, jobs=jobs, decoder=module):
                kept.append(piece.months if months else piece.years)
                ledger.add(piece)
                shown.update(piece.bytes)
            ledger.require_readable()
            ledgers.append(ledger)
    frame = to_frame(pa.concat_tables(kept)) if kept else pd.DataFrame()
    return Reading(frame, ledger_frame(ledgers), damaged_frame(ledgers))


def _ahead(function: Callable[[Any], Any], items: Iterable[Any], jobs: int) -> Iterator[Any]:
    """Yield ``function(item)`` in order, on `jobs` threads, a bounded number ahead."""
    if jobs <= 1:
        yield from map(function, items)
        return
    with ThreadPoolExecutor(jobs) as pool:
        waiting: deque[Future[Any]] = deque()
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > jobs:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
