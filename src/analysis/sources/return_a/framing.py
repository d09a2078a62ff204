"""Files cut into records: plain or zipped, with or without line ends, a bounded piece at a time.

A record is a line of 7,385 bytes, or, in a file without line ends, 7,385 bytes that begin like a record. What
is cut wrong is set aside, a line at a time, and reading goes on behind it.
"""

from __future__ import annotations

import hashlib
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PureWindowsPath
from typing import IO

import numpy as np

from ...errors import LayoutError, MissingFileError
from .layout import LENGTH

#: Records held at a time.
CHUNK = 4096
#: A file is refused after so many damaged pieces without a single record before or among them.
DAMAGES_WITHOUT_RECORD = 1000
#: Records looked at first when reading goes on behind a damage; twice as many after each run of good ones.
_FIRST_LOOK = 4
#: What may follow the last record: line ends, and the end-of-file mark of older systems.
_FILLER = b"\r\n\x1a"
#: Most letters of a file's own name in the names of files written from it.
_STEM = 80
_HEAD = re.compile(rb"1[0-9]{2}[A-Z]{2}[A-Z0-9]{5}[0-9 ][A-E ][0-9 ][0-9]{2}")
_HEAD_LENGTH = 15
_ZIP, _GZIP = b"PK\x03\x04", b"\x1f\x8b"


@dataclass(frozen=True)
class Source:
    """One file of records: a plain file, or one member of an archive.

    Attributes
    ----------
    path : pathlib.Path
        File on disk.
    member : str
        Name within the archive; empty for a plain file.
    bytes : int
        Size of the records, uncompressed.
    """

    path: Path
    member: str
    bytes: int

    @property
    def name(self) -> str:
        """Name for reports: the file's, with the member's."""
        return f"{self.path.name}:{self.member}" if self.member else self.path.name

    @property
    def stem(self) -> str:
        """Name by which a file is known apart from others: the file's or member's, without its suffix."""
        return PureWindowsPath(self.member or self.path.name).stem

    @property
    def part(self) -> str:
        """Start of the names of files written from it: `stem` where that is plain, else shortened and marked.

        Readers of data sets skip names that begin with ``_`` or ``.``; systems refuse long ones.
        """
        plain = re.sub(r"[^A-Za-z0-9._-]+", "_", self.stem).strip("._-")[:_STEM]
        mark = "" if plain == self.stem else "-" + hashlib.sha256(self.stem.encode()).hexdigest()[:8]
        return f"part-{plain}{mark}"


@dataclass(frozen=True)
class Damage:
    """One record that could not be read: where it stands (from one; from zero), how long it is, and why."""

    record: int
    offset: int
    bytes: int
    reason: str
    head: str


@dataclass
class Chunk:
    """Records of the right length, and the damaged pieces among them.

    Attributes
    ----------
    number : int
        Count of chunks before this one.
    block : numpy.ndarray of uint8, shape (records, 7385 or more)
        Records; line ends may follow.
    records, offsets : numpy.ndarray of int64, shape (records,)
        Number of each record in the file from one, and offset of its first byte from zero.
    damages : list of Damage
        Pieces cut wrong.
    bytes : int
        Bytes consumed, damage and line ends included.
    """

    number: int
    block: np.ndarray
    records: np.ndarray
    offsets: np.ndarray
    damages: list[Damage] = field(default_factory=list)
    bytes: int = 0


def sources_of(path: Path) -> list[Source]:
    """Return the files of records at a path: the file itself, or every member of an archive.

    Raises
    ------
    MissingFileError
        If there is no such file.
    LayoutError
        If it is an archive that cannot be read, or compressed by something other than zip.
    """
    path = Path(path)
    if not path.is_file():
        raise MissingFileError("There is no such file.", where=str(path), remedy="Name a master file.")
    with open(path, "rb") as handle:
        magic = handle.read(4)
    if magic[:2] == _GZIP:
        raise LayoutError("The file is compressed by gzip.", where=str(path), remedy="Unpack it, or use zip.")
    if magic != _ZIP:
        return [Source(path, "", path.stat().st_size)]
    with _reading(path), zipfile.ZipFile(path) as archive:
        members = [i for i in archive.infolist() if not i.is_dir() and "__MACOSX" not in i.filename]
    found = [Source(path, i.filename, i.file_size) for i in members]
    if not found:
        raise LayoutError("The archive is empty.", where=str(path), remedy="Get the file again.")
    return found


def chunks(source: Source, records: int = CHUNK) -> Iterator[Chunk]:
    """Yield a file's records in pieces, in order.

    Parameters
    ----------
    source : Source
        File to read.
    records : int, optional
        Most records held at a time.

    Raises
    ------
    LayoutError
        If the archive is damaged.
    """
    with _reading(source.path), _opened(source) as stream:
        buffer = stream.read(records * (LENGTH + 2))
        cut = _Cut(_line_end(buffer), source.name)
        size = max(records, 2) * cut.stride
        while buffer:
            if len(buffer) < size:
                buffer += stream.read(size - len(buffer))
            chunk, rest = cut.take(buffer, last=len(buffer) < size)
            yield chunk
            buffer = buffer[len(buffer) - rest :] or stream.read(size)


class _Cut:
    """Cuts buffers into records, keeping count of records, bytes and chunks."""

    def __init__(self, end: bytes, name: str) -> None:
        self.end, self.name, self.stride = end, name, LENGTH + len(end)
        self.records = self.bytes = self.chunks = self.damages = 0

    def take(self, buffer: bytes, *, last: bool) -> tuple[Chunk, int]:
        """Return the records in a buffer, and how many bytes at its end are left for the next."""
        array, at, runs, damages, records = np.frombuffer(buffer, np.uint8), 0, [], [], self.records
        filler = len(buffer.rstrip(_FILLER)) if last else len(buffer)
        while at < len(buffer):
            good = self._good(array, at, last)
            length = good * self.stride or self._length(buffer, at, last)
            if length == 0:
                break
            if not good and at >= filler:
                at = len(buffer)
                break
            piece = b"" if good else self._piece(buffer, at, length, last)
            if good or len(piece) == LENGTH:
                runs.append((at, good or 1, records))
            else:
                damages.append(self._damage(piece, records + 1, self.bytes + at))
                self._require_any_record(records + 1, damages)
            at, records = at + length, records + (good or 1)
        chunk = self._chunk(array, runs, damages, at)
        self.records, self.bytes, self.chunks = records, self.bytes + at, self.chunks + 1
        self.damages += len(damages)
        self._require_progress(at)
        return chunk, len(buffer) - at

    def _piece(self, buffer: bytes, at: int, length: int, last: bool) -> bytes:
        piece = buffer[at : at + length].rstrip(b"\r\n")
        return piece.rstrip(_FILLER) if last and at + length == len(buffer) else piece

    def _require_any_record(self, records: int, damages: list[Damage]) -> None:
        """Refuse at once a file that begins with nothing but damages: it is something else."""
        if records == self.damages + len(damages) >= DAMAGES_WITHOUT_RECORD:
            raise LayoutError(
                f"The first {records:,} pieces are no records; the last: {damages[-1].reason}.",
                where=f"{self.name}, offset {damages[-1].offset:,}",
                remedy="It is no Return A master file of 7,385-byte records.",
            )

    def _good(self, array: np.ndarray, at: int, last: bool) -> int:
        """Return how many whole records stand at an offset one after the other.

        The look ahead doubles while records are good, so that a wrong piece costs a few rows, not all.
        """
        whole, good, look = (len(array) - at) // self.stride, 0, _FIRST_LOOK
        while good < whole:
            rows, start = min(look, whole - good), at + good * self.stride
            right = self._right(array, start, rows, last and good + rows == whole)
            if not right.all():
                return good + int(right.argmin())
            good, look = good + rows, look * 2
        return good

    def _right(self, array: np.ndarray, at: int, rows: int, last: bool) -> np.ndarray:
        if not self.end:
            return self._followed(array, at, rows, last)
        block = array[at : at + rows * self.stride].reshape(-1, self.stride)
        return np.asarray((block[:, LENGTH:] == np.frombuffer(self.end, np.uint8)).all(axis=1))

    def _followed(self, array: np.ndarray, at: int, rows: int, last: bool) -> np.ndarray:
        """Return which records begin like one and are followed by one, or by the end of the file."""
        starts = range(at, at + (rows + 1) * self.stride, self.stride)
        heads = [_HEAD.match(array[k : k + _HEAD_LENGTH].tobytes()) is not None for k in starts]
        if last and not array[starts[-1] :].tobytes().strip(_FILLER):
            heads[-1] = True
        return np.asarray(np.logical_and(heads[:-1], heads[1:]))

    def _length(self, buffer: bytes, at: int, last: bool) -> int:
        """Return the length of a piece that is no record of the right length; 0 if it ends further on."""
        if self.end:
            found = buffer.find(b"\n", at) + 1
        else:
            head = _HEAD.search(buffer, at + 1)
            found = head.start() if head else 0
        if found == 0:
            return len(buffer) - at if last else 0
        return found - at

    def _require_progress(self, used: int) -> None:
        if used == 0:
            raise LayoutError(
                "No record ends in all that is held in memory.",
                where=f"{self.name}, offset {self.bytes:,}",
                remedy="It is no Return A master file, or its line ends are lost.",
            )

    def _damage(self, piece: bytes, record: int, offset: int) -> Damage:
        side = "short" if len(piece) < LENGTH else "long"
        reason = f"{len(piece):,} bytes instead of {LENGTH:,}: too {side}"
        return Damage(record, offset, len(piece), reason, piece[:10].decode("latin-1"))

    def _chunk(
        self, array: np.ndarray, runs: list[tuple[int, int, int]], damages: list[Damage], used: int
    ) -> Chunk:
        blocks = [self._rows(array, at, n) for at, n, _ in runs]
        block = np.concatenate(blocks) if len(blocks) != 1 and blocks else (blocks or [_NOTHING])[0]
        numbers = [np.arange(first + 1, first + n + 1) for _, n, first in runs]
        offsets = [self.bytes + at + np.arange(n) * self.stride for at, n, _ in runs]
        return Chunk(self.chunks, block, _joined(numbers), _joined(offsets), damages, used)

    def _rows(self, array: np.ndarray, at: int, n: int) -> np.ndarray:
        if at + n * self.stride <= len(array):
            return array[at : at + n * self.stride].reshape(n, self.stride)
        row = np.full((1, self.stride), 10, np.uint8)
        row[0, :LENGTH] = array[at : at + LENGTH]
        return row


_NOTHING = np.empty((0, LENGTH), np.uint8)


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    return np.concatenate(parts).astype(np.int64) if parts else np.empty(0, np.int64)


def _line_end(buffer: bytes) -> bytes:
    """Return the file's line end: that of the first line, none if there is no line in four records."""
    at = buffer.find(b"\n", 0, 4 * (LENGTH + 2))
    if at < 0:
        return b""
    return b"\r\n" if buffer[at - 1 : at] == b"\r" else b"\n"


@contextmanager
def _opened(source: Source) -> Iterator[IO[bytes]]:
    if not source.member:
        with open(source.path, "rb", buffering=0) as stream:
            yield _Full(stream)  # type: ignore[misc]
        return
    with zipfile.ZipFile(source.path) as archive, archive.open(source.member) as stream:
        yield stream


class _Full:
    """A raw stream whose `read` returns as many bytes as asked for, unless the file ends."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read(self, size: int) -> bytes:
        parts, left = [], size
        while left:
            part = self._stream.read(left)
            if not part:
                break
            parts.append(part)
            left -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise LayoutError(
            f"The archive cannot be read: {error}.", where=str(path), remedy="It is damaged: get it again."
        ) from error
