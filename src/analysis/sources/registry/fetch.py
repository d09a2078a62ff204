"""Download what is open: over https only, resumed after a break, verified by SHA-256, whole or not at all."""

from __future__ import annotations

import http.client
import os
import re
import socket
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ...errors import AlteredFileError, MissingFileError
from ...paths import raw_dir
from ...placing import one_writer
from .files import RawFile, sha256_of

#: Most bytes taken from the connection at a time.
CHUNK = 1 << 18
#: Seconds without a single byte after which a connection is given up.
SILENCE = 60.0
#: A file may take this many seconds, and one more for each so many bytes: slower is no download.
LEAST_SECONDS, BYTES_PER_SECOND = 120.0, 20_000
#: Most answers to one file: a server that cuts every answer is asked again while it brings bytes.
ANSWERS = 40
_CONTENT_RANGE = re.compile(r"bytes ([0-9]+)-([0-9]+)/([0-9]+|\*)")
_AGAIN = "Try again; what was received is kept, and the download resumes there."


@dataclass(frozen=True)
class Fetched:
    """What became of each file asked for: paths present before, downloaded, and without an open address."""

    present: list[str] = field(default_factory=list)
    downloaded: list[str] = field(default_factory=list)
    by_hand: list[str] = field(default_factory=list)


def fetch(
    wanted: list[RawFile],
    *,
    directory: Path | None = None,
    progress: Callable[[str], None] | None = None,
    context: ssl.SSLContext | None = None,
    seconds: float | None = None,
    silence: float = SILENCE,
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
    context : ssl.SSLContext, optional
        Whose certificates are trusted; those of the system when omitted.
    seconds : float, optional
        Time a file may take as a whole; `LEAST_SECONDS`, and one for each `BYTES_PER_SECOND`, when omitted.
    silence : float, optional
        Seconds without a byte after which the connection is given up.

    Returns
    -------
    Fetched
        ``by_hand`` lists missing files without an address: ``data/raw/README.md`` says how to get them.

    Raises
    ------
    MissingFileError
        If an address is not https, does not answer, or breaks off; what was received stays in ``.part`` and
        is resumed next time.
    AlteredFileError
        If the publisher sends another file, which then is not put in place; or if a file already there is
        not the registered one, which is left as it is.
    AnalysisError
        If another run is downloading the same file.
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
            limit = seconds or LEAST_SECONDS + file.bytes / BYTES_PER_SECOND
            _Download(file, place, context or ssl.create_default_context(), limit, silence).run()
            outcome.downloaded.append(file.path)
    return outcome


class _StartAnewError(Exception):
    """The part on disk does not belong to what the server has."""


class _Download:
    """One file on its way: its part on disk, its deadline, and the connection in use."""

    def __init__(
        self, file: RawFile, place: Path, context: ssl.SSLContext, seconds: float, silence: float
    ) -> None:
        self.file, self.place, self.part = file, place, place.with_name(place.name + ".part")
        self.deadline, self.seconds, self.silence = time.monotonic() + seconds, seconds, silence
        self.open = _opener(context)

    def run(self) -> None:
        """Receive, check and put in place; start anew once if the part on disk is of something else."""
        self.place.parent.mkdir(parents=True, exist_ok=True)
        with one_writer(self.place):
            try:
                self._receive_and_check()
            except _StartAnewError:
                self.part.unlink(missing_ok=True)
                try:
                    self._receive_and_check()
                except _StartAnewError as error:
                    self.part.unlink(missing_ok=True)
                    raise self._altered(str(error)) from None
            os.replace(self.part, self.place)

    def _receive_and_check(self) -> None:
        answers, resumed = 0, self.held > 0
        while self.held < self.file.bytes and answers < ANSWERS:
            before, answers = self.held, answers + 1
            try:
                self._receive(before)
            except (http.client.HTTPException, OSError, ValueError) as error:
                if self.held <= before or self._is_late():
                    raise self._broken(self._reason(error)) from None
            if self.held <= before:
                break
        self._require_whole(in_pieces=resumed or answers > 1)

    def _require_whole(self, *, in_pieces: bool) -> None:
        if self.held < self.file.bytes and self._is_late():
            raise self._broken(f"it took longer than {self.seconds:,.0f} seconds")
        if self.held < self.file.bytes:
            raise self._broken(f"it broke off after {self.held:,} of {self.file.bytes:,} bytes")
        if self.held == self.file.bytes and sha256_of(self.part) == self.file.sha256:
            return
        if in_pieces:
            raise _StartAnewError("its pieces do not make the registered file")
        self.part.unlink()
        raise self._altered("its SHA-256 is another")

    @property
    def held(self) -> int:
        """Bytes of the part on disk."""
        return self.part.stat().st_size if self.part.is_file() else 0

    def _receive(self, have: int) -> None:
        """Append what one answer brings to the part, and no byte more than registered."""
        require_https(self.file.url)
        request = urllib.request.Request(self.file.url, headers={"Accept-Encoding": "identity"})
        if have:
            request.add_header("Range", f"bytes={have}-")
        with _ends_at(self.deadline) as watch:
            request.watch = watch  # type: ignore[attr-defined]
            try:
                response = self.open(request, timeout=self.silence)
            except urllib.error.HTTPError as error:
                if error.code == 416 and have:
                    raise _StartAnewError("the server holds fewer bytes than the part") from None
                raise
            with response:
                start = self._require_right_piece(response, have)
                self._write(response, start)

    def _require_right_piece(self, response: http.client.HTTPResponse, have: int) -> int:
        """Return where the answer's bytes begin in the file; refuse another piece than was asked for."""
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise ValueError("the server sent it compressed, which nobody asked for")
        if response.status == 200:
            self._require_registered_size(response.headers.get("Content-Length", ""))
            return 0
        said = response.headers.get("Content-Range", "").strip()
        found = _CONTENT_RANGE.fullmatch(said)
        if not have or response.status != 206:
            raise ValueError(f"the server answered {response.status}")
        if not found or int(found[1]) != have:
            raise _StartAnewError(f"the server answers with the range {said[:80]!r}")
        self._require_registered_size(found[3])
        return have

    def _require_registered_size(self, text: str) -> None:
        if text.isascii() and text.isdigit() and int(text) != self.file.bytes:
            raise self._altered(f"it has {int(text):,} bytes, not the registered {self.file.bytes:,}")

    def _write(self, response: http.client.HTTPResponse, start: int) -> None:
        left = self.file.bytes - start
        with open(self.part, "ab" if start else "wb") as handle:
            while left and (block := response.read1(min(CHUNK, left))):
                handle.write(block)
                left -= len(block)
                if self._is_late():
                    return

    def _is_late(self) -> bool:
        return time.monotonic() >= self.deadline

    def _reason(self, error: Exception) -> str:
        if self._is_late():
            return f"it took longer than {self.seconds:,.0f} seconds"
        if isinstance(error, urllib.error.HTTPError):
            return f"the server answered {error.code}"
        text = " ".join(str(error).split())[:200].rstrip(".")
        return f"{type(error).__name__}: {text}" if text else type(error).__name__

    def _broken(self, why: str) -> MissingFileError:
        return MissingFileError(
            f"{self.file.path} could not be downloaded: {why}.", where=self.file.url[:200], remedy=_AGAIN
        )

    def _altered(self, why: str) -> AlteredFileError:
        return AlteredFileError(
            f"{self.file.path} is not the registered file: {why}.",
            where=self.file.url[:200],
            remedy="The publisher changed the file, or the address leads elsewhere: see data/raw/README.md.",
        )


class _OnlyHttps(urllib.request.HTTPRedirectHandler):
    """Follows redirections to https addresses alone."""

    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        """Return the request to follow, with the range asked for before."""
        require_https(newurl)
        following = super().redirect_request(req, fp, code, msg, headers, newurl)
        if following is not None:
            following.watch = req.watch  # type: ignore[attr-defined]
            fp.close()  # or its body, of any length, would be read
        return following


class _Watched(http.client.HTTPSConnection):
    """A connection that the watch can cut at the deadline."""

    def __init__(self, *arguments: Any, watch: list[socket.socket], **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._watch = watch

    def connect(self) -> None:
        """Connect, and let the watch know the socket."""
        super().connect()
        self._watch.append(self.sock)


class _WatchedHandler(urllib.request.HTTPSHandler):
    """Opens https addresses over watched connections."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(context=context)
        self._certificates = context

    def https_open(self, req: Any) -> http.client.HTTPResponse:
        """Open a request that carries its watch."""
        require_https(req.full_url)

        def connection(host: str, **named: Any) -> _Watched:
            return _Watched(host, watch=req.watch, context=self._certificates, **named)

        return self.do_open(connection, req)


def require_https(url: str) -> None:
    """Raise ValueError unless an address is https, with a host, in plain letters."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or not url.isascii() or re.search(r"[\s\x00-\x1f]", url):
        raise ValueError(f"{url[:80]!r} is no https address")


def _opener(context: ssl.SSLContext) -> Callable[..., http.client.HTTPResponse]:
    director = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        _WatchedHandler(context),
        _OnlyHttps(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
    ):
        director.add_handler(handler)

    return director.open


@contextmanager
def _ends_at(deadline: float) -> Iterator[list[socket.socket]]:
    """Give a list of sockets; those in it are shut at the deadline, in whatever call they wait."""
    sockets: list[socket.socket] = []

    def cut() -> None:
        for each in sockets:
            try:
                socket.socket.shutdown(each, socket.SHUT_RDWR)
            except OSError:
                continue

    timer = threading.Timer(max(deadline - time.monotonic(), 0.0), cut)
    timer.daemon = True
    timer.start()
    try:
        yield sockets
    finally:
        timer.cancel()


def _check(place: Path, file: RawFile, remedy: str) -> None:
    if place.stat().st_size != file.bytes or sha256_of(place) != file.sha256:
        raise AlteredFileError(f"{file.path} is not the registered file.", where=str(place), remedy=remedy)
