"""Downloads from a server of our own: resumed, verified, atomic, and never over a file that is there."""

from __future__ import annotations

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from analysis.errors import AlteredFileError, MissingFileError
from analysis.sources.registry.fetch import fetch
from analysis.sources.registry.files import RawFile

DATA = bytes(range(256)) * 4000


class Server(BaseHTTPRequestHandler):
    asked: ClassVar[list[str | None]] = []

    def do_GET(self):
        wanted = self.headers.get("Range")
        self.asked.append(wanted)
        if self.path == "/gone":
            self.send_error(404)
            return
        start = (
            int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and self.path == "/ranged" else 0
        )
        if start >= len(DATA):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.end_headers()
        self.wfile.write(DATA[start:])

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server():
    Server.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def registered(url="", data=DATA):
    return RawFile("family/file.bin", len(data), hashlib.sha256(data).hexdigest(), url)


def test_downloads_and_verifies(server, tmp_path):
    outcome = fetch([registered(server + "/ranged")], directory=tmp_path)
    assert outcome.downloaded == ["family/file.bin"]
    assert (tmp_path / "family/file.bin").read_bytes() == DATA
    assert [p.name for p in (tmp_path / "family").iterdir()] == ["file.bin"]


@pytest.mark.parametrize(("path", "range_sent"), [("/ranged", "bytes=1000-"), ("/whole", "bytes=1000-")])
def test_resumes_or_starts_again(server, tmp_path, path, range_sent):
    (tmp_path / "family").mkdir()
    (tmp_path / "family/file.bin.part").write_bytes(DATA[:1000])
    fetch([registered(server + path)], directory=tmp_path)
    assert Server.asked == [range_sent]
    assert (tmp_path / "family/file.bin").read_bytes() == DATA


def test_a_complete_part_is_put_in_place(server, tmp_path):
    (tmp_path / "family").mkdir()
    (tmp_path / "family/file.bin.part").write_bytes(DATA)
    fetch([registered(server + "/ranged")], directory=tmp_path)
    assert (tmp_path / "family/file.bin").read_bytes() == DATA


def test_another_file_is_refused_and_not_kept(server, tmp_path):
    with pytest.raises(AlteredFileError, match="not the registered file"):
        fetch([registered(server + "/ranged", DATA[:-1] + b"x")], directory=tmp_path)
    assert not list((tmp_path / "family").iterdir())


def test_no_answer_says_what_to_do(server, tmp_path):
    with pytest.raises(MissingFileError, match=r"could not be downloaded.*404.*Try again"):
        fetch([registered(server + "/gone")], directory=tmp_path)


def test_what_is_there_is_verified_and_never_replaced(server, tmp_path):
    place = tmp_path / "family/file.bin"
    place.parent.mkdir()
    place.write_bytes(b"another edition")
    with pytest.raises(AlteredFileError, match="nothing is overwritten"):
        fetch([registered(server + "/ranged")], directory=tmp_path)
    assert place.read_bytes() == b"another edition" and not Server.asked
    place.write_bytes(DATA)
    assert fetch([registered(server + "/ranged")], directory=tmp_path).present == ["family/file.bin"]
    assert not Server.asked


def test_without_address_is_listed(tmp_path):
    assert fetch([registered()], directory=tmp_path).by_hand == ["family/file.bin"]
    assert not list(tmp_path.iterdir())
