"""Downloads from hostile servers on the loopback: no wrong file in place, no traceback, no end without a word."""

from __future__ import annotations

import hashlib
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable

import pytest
import trustme

from analysis.errors import AlteredFileError, AnalysisError, MissingFileError
from analysis.sources.registry import fetch as fetching
from analysis.sources.registry.fetch import fetch
from analysis.sources.registry.files import RawFile

DATA = bytes(range(256)) * 4000
FIRST = 300_000
#: Seconds a file may take in these tests, and seconds of silence.
SECONDS, SILENCE = 2.0, 0.8

OTHER = DATA[:-1] + b"x"


class Call:
    """One request: its connection, its range, and how many came before it."""

    def __init__(self, stream, start: int | None, number: int, address: str):
        self.stream, self.start, self.number, self.address = stream, start, number, address

    def send(self, *parts: bytes | str) -> None:
        for part in parts:
            self.stream.sendall(part.encode() if isinstance(part, str) else part)

    def head(self, status: str = "200 OK", **fields: object) -> None:
        lines = [f"HTTP/1.1 {status}", *(f"{k.replace('_', '-')}: {v}" for k, v in fields.items())]
        self.send("\r\n".join(lines), "\r\n\r\n")

    def whole(self, data: bytes = DATA, **fields: object) -> None:
        self.head(Content_Length=len(data), **fields)
        self.send(data)

    def ranged(self, cut: int | None = None, *, total: object = len(DATA), shift: int = 0) -> None:
        """Answer the range asked for, or the whole; stop after `cut` bytes."""
        start = self.start or 0
        if self.start is None:
            self.head(Content_Length=len(DATA))
        else:
            said = f"bytes {start + shift}-{len(DATA) - 1}/{total}"
            self.head("206 Partial Content", Content_Length=len(DATA) - start, Content_Range=said)
        self.send(DATA[start:][:cut])


def _endless(call: Call) -> None:
    call.head()
    while True:
        call.send(b"0" * 65536)


def _trickle(call: Call) -> None:
    call.head(Content_Length=len(DATA))
    for byte in DATA:
        call.send(bytes([byte]))
        time.sleep(0.02)


def _trickle_head(call: Call) -> None:
    call.send("HTTP/1.1 200 OK\r\n")
    while True:
        call.send("X")
        time.sleep(0.02)


def _chunks(call: Call, *lines: bytes, end: bytes = b"0\r\n\r\n") -> None:
    call.head(Transfer_Encoding="chunked")
    for line in lines:
        call.send(line)
    call.send(end)


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _redirect(target: str | None, code: str = "302 Found") -> Callable[[Call], None]:
    def answer(call: Call) -> None:
        fields = {} if target is None else {"Location": target.replace("HERE", call.address)}
        call.head(code, Content_Length=0, **fields)

    return answer


def _redirect_with_endless_body(call: Call) -> None:
    if call.number:
        call.whole()
        return
    call.head("302 Found", Location=f"https://{call.address}/again")
    while True:
        call.send(b"0" * 65536)


def _then(first: Callable[[Call], None], then: Callable[[Call], None]) -> Callable[[Call], None]:
    return lambda call: (then if call.number else first)(call)


def _gone_range(call: Call) -> None:
    call.head("416 Range Not Satisfiable", Content_Length=0) if call.start is not None else call.whole()


def _many_heads(call: Call) -> None:
    call.send("HTTP/1.1 200 OK\r\n", *[f"X-{n}: 1\r\n" for n in range(200)], "\r\n", DATA)


def _silent(call: Call) -> None:
    time.sleep(SECONDS + 1)


def _stalls(call: Call) -> None:
    call.head(Content_Length=len(DATA))
    call.send(DATA[:FIRST])
    time.sleep(SECONDS + 1)


#: Behaviours that end with the right file in place, at the first call of `fetch`.
RIGHT = {
    "whole": Call.whole,
    "no length": lambda c: (c.head(), c.send(DATA)),
    "chunked": lambda c: _chunks(c, *(_chunk(DATA[k : k + 50_000]) for k in range(0, len(DATA), 50_000))),
    "cut, then resumed": _then(lambda c: c.ranged(FIRST), Call.ranged),
    "cut each 300 kB": lambda c: c.ranged(FIRST),
    "cut without length, then resumed": _then(lambda c: (c.head(), c.send(DATA[:FIRST])), Call.ranged),
    "cut chunk, then resumed": _then(
        lambda c: _chunks(c, _chunk(DATA[:FIRST]), b"ffff\r\nab", end=b""), Call.ranged
    ),
    "bad chunk, then resumed": _then(
        lambda c: _chunks(c, _chunk(DATA[:FIRST]), b"zz\r\n", end=b""), Call.ranged
    ),
    "cut, then wrong range, then whole": lambda c: [
        lambda: c.ranged(FIRST),
        lambda: c.ranged(shift=7),
        c.whole,
    ][min(c.number, 2)](),
    "cut, then 206 without a range, then whole": lambda c: [
        lambda: c.ranged(FIRST),
        lambda: (c.head("206 Partial Content"), c.send(DATA[FIRST:])),
        c.whole,
    ][min(c.number, 2)](),
    "cut, then 416, then whole": _then(lambda c: c.ranged(FIRST), _gone_range),
    "cut, then the range is ignored": _then(lambda c: c.ranged(FIRST), Call.whole),
    "cut, then other bytes, then whole": lambda c: [
        lambda: c.ranged(FIRST),
        lambda: (
            c.head("206 Partial Content", Content_Range=f"bytes {FIRST}-{len(DATA) - 1}/{len(DATA)}"),
            c.send(OTHER[FIRST:]),
        ),
        c.whole,
    ][min(c.number, 2)](),
    "redirected": _then(_redirect("https://HERE/good"), Call.ranged),
    "redirected with an endless body": _redirect_with_endless_body,
    "more bytes behind the right ones": lambda c: (c.head(), c.send(DATA + b"more")),
}
#: Behaviours that leave nothing in place: the error and what it says.
WRONG = {
    "404": (lambda c: c.head("404 Not Found", Content_Length=0), MissingFileError, "answered 404"),
    "403": (lambda c: c.head("403 Forbidden", Content_Length=0), MissingFileError, "answered 403"),
    "500": (lambda c: c.head("500 Oops", Content_Length=0), MissingFileError, "answered 500"),
    "503": (lambda c: c.head("503 Busy", Content_Length=0), MissingFileError, "answered 503"),
    "204": (lambda c: c.head("204 No Content"), MissingFileError, "answered 204"),
    "206 unasked": (lambda c: c.head("206 Partial Content"), MissingFileError, "answered 206"),
    "416 unasked": (lambda c: c.head("416 No", Content_Length=0), MissingFileError, "answered 416"),
    "closes at once": (lambda c: None, MissingFileError, "RemoteDisconnected"),
    "no answer": (_silent, MissingFileError, r"(timed out|longer than)"),
    "stalls": (_stalls, MissingFileError, r"longer than 2 seconds|broke off|timed out"),
    "a byte at a time": (_trickle, MissingFileError, "longer than 2 seconds"),
    "a heading a byte at a time": (_trickle_head, MissingFileError, "longer than 2 seconds"),
    "not http": (lambda c: c.send("hello there\r\n\r\n"), MissingFileError, "BadStatusLine"),
    "a status of letters": (lambda c: c.send("HTTP/1.1 abc OK\r\n\r\n"), MissingFileError, "BadStatusLine"),
    "http 0.9": (lambda c: c.send(DATA), MissingFileError, "(BadStatusLine|LineTooLong)"),
    "a line too long": (
        lambda c: c.send("HTTP/1.1 200 OK\r\nX: ", "y" * 70_000, "\r\n\r\n"),
        MissingFileError,
        "LineTooLong",
    ),
    "200 headings": (_many_heads, MissingFileError, "HTTPException"),
    "empty": (lambda c: c.head(), MissingFileError, "broke off after 0 of"),
    "cut at the same place for ever": (
        lambda c: (c.head(Content_Length=len(DATA)), c.send(DATA[:FIRST])),
        MissingFileError,
        "broke off after 300,000",
    ),
    "cut at once in a chunk": (
        lambda c: _chunks(c, b"ffff\r\n", end=b""),
        MissingFileError,
        "IncompleteRead",
    ),
    "a bad chunk at once": (
        lambda c: _chunks(c, b"zz\r\n", end=b""),
        MissingFileError,
        "IncompleteRead|ValueError",
    ),
    "gzip": (lambda c: c.whole(Content_Encoding="gzip"), MissingFileError, "compressed"),
    "endless": (_endless, AlteredFileError, "SHA-256"),
    "endless chunks": (
        lambda c: [_chunks(c, end=b"")] + [c.send(_chunk(b"0" * 65536)) for _ in iter(int, 1)],
        AlteredFileError,
        "SHA-256",
    ),
    "other bytes": (lambda c: c.whole(OTHER), AlteredFileError, "SHA-256 is another"),
    "longer": (
        lambda c: c.whole(DATA + b"0"),
        AlteredFileError,
        "1,024,001 bytes, not the registered 1,024,000",
    ),
    "shorter": (lambda c: c.whole(DATA[:-1]), AlteredFileError, "1,023,999 bytes"),
    "a page of words": (lambda c: c.whole(b"<html>not here</html>"), AlteredFileError, "21 bytes"),
    "cut, then of another size": (
        _then(lambda c: c.ranged(FIRST), lambda c: c.ranged(total=99)),
        AlteredFileError,
        "99 bytes",
    ),
    "cut, and always another range": (
        lambda c: c.ranged(FIRST, shift=7 if c.start is not None else 0),
        AlteredFileError,
        "bytes 300007-",
    ),
    "redirected to http": (_redirect("http://HERE/x"), MissingFileError, "no https address"),
    "redirected to ftp": (_redirect("ftp://HERE/x"), MissingFileError, "no https address"),
    "redirected to a file": (_redirect("file:///etc/hostname"), MissingFileError, "answered 302"),
    "redirected to nowhere": (_redirect(None), MissingFileError, "answered 302"),
    "redirected without a host": (_redirect("https:///x"), MissingFileError, "answered 302"),
    "redirected to letters of no address": (_redirect("https://HERE/\u00e9 x"), MissingFileError, "."),
    "redirected in a circle": (_redirect("https://HERE/x"), MissingFileError, "answered 302"),
}
#: Behaviours that end by the time allowed.
SLOW = {"no answer", "stalls", "a byte at a time", "a heading a byte at a time"}
ADDRESSES = {
    "http": ("http://127.0.0.1:9/x", "no https address"),
    "file": ("file:///etc/hostname", "no https address"),
    "data": ("data:,x", "no https address"),
    "ftp": ("ftp://127.0.0.1/x", "no https address"),
    "no scheme": ("127.0.0.1/x", "no https address"),
    "no host": ("https:///x", "no https address"),
    "a blank in it": ("https://127.0.0.1:9/a b", "no https address"),
    "letters outside ASCII": ("https://127.0.0.1:9/\u00e9", "no https address"),
    "a line end in it": ("https://127.0.0.1:9/\r\nHost: x", "no https address"),
    "a port that is none": ("https://127.0.0.1:port/x", "."),
    "nobody listens": ("https://127.0.0.1:9/x", "Connection refused"),
    "no such host": ("https://no-such-host.invalid/x", "URLError"),
}


class Server(socketserver.ThreadingTCPServer):
    """A TLS server that answers every request by one behaviour."""

    daemon_threads, allow_reuse_address, block_on_close = True, True, False

    def __init__(self, context: ssl.SSLContext):
        super().__init__(("127.0.0.1", 0), socketserver.BaseRequestHandler)
        self.context, self.behaviour, self.starts = context, Call.whole, []

    def finish_request(self, request, client_address):
        request.settimeout(10)
        try:
            stream = self.context.wrap_socket(request, server_side=True)
            with stream:
                self.answer(stream)
        except OSError:
            return

    def answer(self, stream) -> None:
        text = b""
        while b"\r\n\r\n" not in text and (block := stream.recv(4096)):
            text += block
        asked = [line for line in text.decode().split("\r\n") if line.lower().startswith("range:")]
        start = int(asked[0].split("bytes=")[1].rstrip("-")) if asked else None
        number = len(self.starts)
        self.starts.append(start)
        self.behaviour(Call(stream, start, number, f"127.0.0.1:{self.server_address[1]}"))
        try:
            stream.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def handle_error(self, request, client_address):
        return


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def server(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with Server(context) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield running
        running.shutdown()


@pytest.fixture
def get(authority, server, tmp_path):
    """Fetch one registered file from the server; return the file's place."""
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)

    def run(behaviour=None, url=None, data=DATA, **named):
        if behaviour:
            server.behaviour = behaviour
        url = url or f"https://127.0.0.1:{server.server_address[1]}/file"
        file = RawFile("family/file.bin", len(data), hashlib.sha256(data).hexdigest(), url)
        named = {"context": trusted, "seconds": 60, "silence": 20} | named
        fetch([file], directory=tmp_path, **named)
        return tmp_path / file.path

    return run


@pytest.mark.parametrize("name", RIGHT)
def test_the_right_file_comes_to_its_place(name, get, tmp_path):
    place = get(RIGHT[name])
    assert place.read_bytes() == DATA
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_answer_is_one_clear_error(name, get, tmp_path):
    behaviour, error, words = WRONG[name]
    limits = {"seconds": SECONDS, "silence": SILENCE} if name in SLOW else {}
    begun = time.monotonic()
    with pytest.raises(error, match=f"family/file.bin.*{words}") as raised:
        get(behaviour, **limits)
    assert time.monotonic() - begun < (SECONDS + 10 if limits else 60)
    assert raised.value.remedy and raised.value.where.startswith("https://127.0.0.1")
    assert not (tmp_path / "family/file.bin").exists()
    assert all(part.stat().st_size <= len(DATA) for part in tmp_path.rglob("*.part"))


@pytest.mark.parametrize("name", ADDRESSES)
def test_only_a_good_https_address_is_opened(name, get, tmp_path):
    url, words = ADDRESSES[name]
    with pytest.raises(MissingFileError, match=words):
        get(url=url)
    assert not list(tmp_path.rglob("file.bin*"))


def test_a_certificate_that_nobody_trusts_is_refused(get, tmp_path):
    with pytest.raises(MissingFileError, match="CERTIFICATE_VERIFY_FAILED"):
        get(context=ssl.create_default_context())


def test_a_cut_download_is_kept_and_resumed_by_the_next_run(get, server, tmp_path):
    with pytest.raises(MissingFileError, match=r"broke off after 300,000 .*resumes there"):
        get(
            _then(
                lambda c: c.ranged(FIRST),
                lambda c: c.head("206 No", Content_Range="bytes 300000-1023999/1024000"),
            )
        )
    assert (tmp_path / "family/file.bin.part").read_bytes() == DATA[:FIRST]
    server.starts.clear()
    assert get(lambda c: c.ranged()).read_bytes() == DATA
    assert server.starts == [FIRST]


@pytest.mark.parametrize("part", [DATA + b"0", OTHER, b"x" * FIRST], ids=["too long", "other", "other start"])
def test_a_wrong_part_is_begun_anew_once(part, get, tmp_path):
    (tmp_path / "family").mkdir()
    (tmp_path / "family/file.bin.part").write_bytes(part)
    assert get(lambda c: c.ranged()).read_bytes() == DATA


def test_a_second_run_to_the_same_file_is_refused(get, server, tmp_path):
    entered, leave = threading.Event(), threading.Event()

    def waits(call):
        entered.set()
        leave.wait(5)
        call.whole()

    first = threading.Thread(target=lambda: get(waits, seconds=20, silence=10))
    first.start()
    assert entered.wait(5)
    with pytest.raises(AnalysisError, match="Another run"):
        get()
    leave.set()
    first.join()
    assert (tmp_path / "family/file.bin").read_bytes() == DATA


def test_slow_is_measured_by_size():
    assert fetching.LEAST_SECONDS + 20_000_000 / fetching.BYTES_PER_SECOND == 1120


def test_what_is_there_is_verified_and_never_replaced(get, server, tmp_path):
    place = tmp_path / "family/file.bin"
    place.parent.mkdir()
    place.write_bytes(b"another edition")
    with pytest.raises(AlteredFileError, match="nothing is overwritten"):
        get()
    assert place.read_bytes() == b"another edition" and not server.starts
    place.write_bytes(DATA)
    assert get().read_bytes() == DATA and not server.starts


def test_a_complete_part_is_put_in_place_without_asking(get, server, tmp_path):
    (tmp_path / "family").mkdir()
    (tmp_path / "family/file.bin.part").write_bytes(DATA)
    assert get().read_bytes() == DATA and not server.starts


def test_without_address_is_listed(tmp_path):
    file = RawFile("family/file.bin", len(DATA), hashlib.sha256(DATA).hexdigest(), "")
    assert fetch([file], directory=tmp_path).by_hand == ["family/file.bin"]
    assert not list(tmp_path.iterdir())


def test_each_file_is_named_before_it_comes(get):
    named = []
    get(progress=named.append)
    assert named == ["family/file.bin"]
