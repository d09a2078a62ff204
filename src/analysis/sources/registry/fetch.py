"""Download what is open: resumed after a break, verified by SHA-256, put in place whole or not at all."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import AlteredFileError, MissingFileError
from ...paths import raw_dir
from .files import RawFile, sha256_of

_CHUNK = 1 << 18
_TIMEOUT = 60


@dataclass(frozen=True)
class Fetched:
    """What became of each file asked for: paths present before, downloaded, and without an open address."""

    present: list[str] = field(default_factory=list)
    downloaded: list[str] = field(default_factory=list)
    by_hand: list[str] = field(default_factory=list)


def fetch(
    wanted: list[RawFile], *, directory: Path | None = None, progress: Callable[[str], None] | None = None
) -> Fetched:
    """Download the files that are missing and have an open address.

    Parameters
    ----------
    wanted : list of RawFile
        Registered files.
    directory : pathlib.Path, optional
        The raw directory when omitted.
    progress : callable, optional
        Called with each path before it is downloaded.

    Returns
    -------
    Fetched
        ``by_hand`` lists missing files without an address: ``data/raw/README.md`` says how to get them.

    Raises
    ------
    MissingFileError
        If an address does not answer; what was received stays in ``.part`` and is resumed next time.
    AlteredFileError
        If what was received is not the registered file, which then is not put in place; or if a file
        already there is not the registered one, which is left as it is.
    """
    directory = directory or raw_dir()
    outcome = Fetched()
    for file in wanted:
        place = directory / file.path
        if place.is_file():
            _check(place, file, "Move it away, then fetch again; nothing is overwritten.")
            outcome.present.append(file.path)
        elif not file.url:
            outcome.by_hand.append(file.path)
        else:
            if progress:
                progress(file.path)
            _download(file, place)
            outcome.downloaded.append(file.path)
    return outcome


def _download(file: RawFile, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(place.name + ".part")
    try:
        _receive(file.url, part)
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise MissingFileError(
            f"{file.path} could not be downloaded: {error}.",
            where=file.url,
            remedy="Try again; the download resumes where it stopped.",
        ) from None
    try:
        _check(part, file, "The publisher changed the file, or the download broke: fetch again.")
    except AlteredFileError:
        part.unlink()
        raise
    os.replace(part, place)


def _receive(url: str, part: Path) -> None:
    have = part.stat().st_size if part.is_file() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # everything was received before
            return
        raise
    with response, open(part, "ab" if response.status == 206 else "wb") as handle:
        while block := response.read(_CHUNK):
            handle.write(block)


def _check(place: Path, file: RawFile, remedy: str) -> None:
    if place.stat().st_size != file.bytes or sha256_of(place) != file.sha256:
        raise AlteredFileError(f"{file.path} is not the registered file.", where=str(place), remedy=remedy)
