"""Downloads from a server on this machine: resumed, retried, checked, never over a file that is there."""

import hashlib
import http.server
import re
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from prunegraph import datasets
from prunegraph.catalogue import DATASETS
from prunegraph.datasets import fetching
from prunegraph.datasets.addresses import REMOTE, Remote
from prunegraph.datasets.sources import SOURCES
from prunegraph.errors import UserError

CONTENT = np.random.default_rng(0).bytes(100_000)


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves CONTENT; the path says with which quirk, and `asked` remembers every request."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        span = self.headers.get("Range")
        self.server.asked.append((self.path, span))
        number = sum(path == self.path for path, _ in self.server.asked)
        quirk = self.path.strip("/")
        if quirk == "moved":
            return self.answer(302, b"", Location="/plain")
        if quirk == "absent":
            return self.answer(404, b"no such file")
        if quirk == "busy" and number < 3:
            return self.answer(503, b"later")
        if quirk == "page":
            return self.answer(200, b"<html>Please log in</html>")
        content = CONTENT[::-1] if quirk == "wrong" else CONTENT
        if quirk == "endless":
            return self.endless()
        start = int(re.fullmatch(r"bytes=(\d+)-", span)[1]) if span and quirk != "rangeless" else 0
        ranged = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"} if start else {}
        if quirk == "swaying":
            return self.answer(200, content, 60_000 if number % 2 else 30_000)
        cut = {"cut": 30_000, "rangeless": 60_000 if number == 1 else None, "stuck": 0}.get(quirk)
        return self.answer(206 if start else 200, content[start:], cut, **ranged)

    def answer(self, status, body, cut=None, **headers):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body if cut is None else body[:cut])
        self.close_connection = cut is not None

    def endless(self):
        self.send_response(200)
        self.end_headers()
        self.close_connection = True
        try:
            while True:
                self.wfile.write(bytes(50_000))
        except OSError:
            pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(fetching, "WAIT", 0.001)
    # Whatever proxy this machine uses, these requests go straight to the server.
    monkeypatch.setenv("no_proxy", "*")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as made:
        made.asked = []
        thread = threading.Thread(target=made.serve_forever, args=[0.01])
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def remote(server, *quirks):
    base = f"http://127.0.0.1:{server.server_address[1]}"
    return Remote(
        "below/file.bin", len(CONTENT), hashlib.sha256(CONTENT).hexdigest(), tuple(f"{base}/{q}" for q in quirks)
    )


def names(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("quirk", "spans"),
    [
        ("plain", [None]),
        ("moved", [None, None]),
        ("busy", [None, None, None]),
        ("cut", [None, "bytes=30000-", "bytes=60000-", "bytes=90000-"]),
        ("rangeless", [None, "bytes=60000-"]),
    ],
)
def test_a_file_arrives_whole_whatever_the_server_does(quirk, spans, server, tmp_path):
    fetching.fetch(remote(server, quirk), tmp_path)
    assert (tmp_path / "below/file.bin").read_bytes() == CONTENT
    assert names(tmp_path) == ["file.bin"]
    assert [span for _, span in server.asked] == spans


@pytest.mark.parametrize(
    ("quirk", "reason", "requests"),
    [
        ("absent", "HTTP 404", 1),
        ("wrong", "its sha256 is not the published one", 1),
        ("page", "it has 26 bytes, 100000 are published", 1),
        ("endless", "longer than the 100000 bytes", 1),
        ("stuck", "IncompleteRead", fetching.ATTEMPTS),
    ],
)
def test_what_does_not_come_is_said_and_nothing_is_left(quirk, reason, requests, server, tmp_path):
    with pytest.raises(UserError, match=rf"file\.bin could not be downloaded.*{quirk}.*{reason}") as caught:
        fetching.fetch(remote(server, quirk), tmp_path)
    assert f"put it at {tmp_path / 'below/file.bin'}" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(server.asked) == requests
    assert names(tmp_path) == []


def test_a_server_that_breaks_off_here_and_there_is_given_up(server, tmp_path):
    with pytest.raises(UserError, match=r"swaying.*IncompleteRead"):
        fetching.fetch(remote(server, "swaying"), tmp_path)
    assert [span for _, span in server.asked] == [None, "bytes=60000-", "bytes=30000-", "bytes=60000-"]


def test_without_network_one_sentence_says_which_file_to_put_where(tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "WAIT", 0.001)
    monkeypatch.setenv("no_proxy", "*")
    closed = Remote("file.bin", 9, "0" * 64, ("http://127.0.0.1:1/file.bin",))
    with pytest.raises(UserError, match=rf"refused.*put it at {tmp_path / 'file.bin'}"):
        fetching.fetch(closed, tmp_path)
    assert names(tmp_path) == []


def test_the_next_address_is_asked_when_one_fails(server, tmp_path):
    fetching.fetch(remote(server, "absent", "wrong", "plain"), tmp_path)
    assert (tmp_path / "below/file.bin").read_bytes() == CONTENT
    assert [path for path, _ in server.asked] == ["/absent", "/wrong", "/plain"]


def test_another_run_goes_on_where_one_broke_off(server, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "ATTEMPTS", 1)
    with pytest.raises(UserError, match="what came is kept"):
        fetching.fetch(remote(server, "cut"), tmp_path)
    assert names(tmp_path) == ["file.bin.part"]
    server.asked.clear()
    fetching.fetch(remote(server, "plain"), tmp_path)
    assert server.asked == [("/plain", "bytes=30000-")]
    assert (tmp_path / "below/file.bin").read_bytes() == CONTENT


@pytest.mark.parametrize("remains", [b"?" * 500, b"?" * len(CONTENT), b"?" * 200_000])
def test_remains_of_something_else_are_replaced(remains, server, tmp_path):
    (tmp_path / "below").mkdir()
    (tmp_path / "below/file.bin.part").write_bytes(remains)
    fetching.fetch(remote(server, "plain"), tmp_path)
    assert (tmp_path / "below/file.bin").read_bytes() == CONTENT
    assert names(tmp_path) == ["file.bin"]


def test_a_file_that_is_there_is_never_touched(server, tmp_path):
    (tmp_path / "below").mkdir()
    path = tmp_path / "below/file.bin"
    path.write_bytes(b"the user's own")
    before = path.stat()
    fetching.fetch(remote(server, "plain"), tmp_path)
    assert path.read_bytes() == b"the user's own" and path.stat().st_mtime_ns == before.st_mtime_ns
    assert server.asked == [] and names(tmp_path) == ["file.bin"]


def test_several_processes_fetch_it_once(server, tmp_path):
    wanted = remote(server, "cut")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: fetching.fetch(wanted, tmp_path), range(4)))
    assert len(server.asked) == 4  # the pieces of one download
    assert (tmp_path / "below/file.bin").read_bytes() == CONTENT


def test_a_full_disk_is_known_beforehand(server, tmp_path):
    vast = Remote("file.bin", 10**18, "0" * 64, remote(server, "plain").addresses)
    with pytest.raises(UserError, match=r"MB more.*Make room"):
        fetching.fetch(vast, tmp_path)
    assert server.asked == []


def test_a_data_folder_that_cannot_be_written_to_is_said(tmp_path):
    (tmp_path / "data").write_text("a file")
    with pytest.raises(UserError, match=r"data cannot be written to .*'mnist' is not in the folder"):
        datasets.download("mnist", tmp_path / "data")


def test_a_data_set_that_comes_with_a_library_is_not_downloaded(monkeypatch):
    monkeypatch.setattr(fetching, "fetch", None)
    datasets.download("digits", "nowhere")


def test_a_data_set_without_an_address_is_asked_for(tmp_path):
    with pytest.raises(UserError, match=r"'imagenet' is not in the folder.*image-net\.org"):
        datasets.download("imagenet", tmp_path)


def test_downloads_of_a_data_set_are_one_of_its_layouts(monkeypatch, tmp_path):
    for name, files in REMOTE.items():
        assert name in DATASETS and name in SOURCES
        for file in files:
            assert re.fullmatch("[0-9a-f]{64}", file.sha256)
            assert all(re.match("https?://", address) and address.endswith(file.name) for address in file.addresses)
            (tmp_path / file.path).parent.mkdir(parents=True, exist_ok=True)
            assert datasets.missing(name, tmp_path)
            (tmp_path / file.path).touch()
        assert datasets.missing(name, tmp_path) is None
