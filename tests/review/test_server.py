"""The server of the live desk: what it refuses, two pages at once, and a thousand connections."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from drawings import make_shot
from painting import copy_shot
from picture_bombs import pack_png
from reviewing import PATIENCE_SECONDS, Client, open_desk, serve, wait_for

import framecolor.review.server as server_module
from framecolor.review.desk import Desk
from framecolor.review.server import MOST_CONNECTIONS, MOST_PICTURE_BYTES, MOST_STREAMS, MOST_TABLE_BYTES

ENTRY = {"frame": 1002, "x": 40, "y": 60, "color": "#c83c28"}
BODY = {"put": [ENTRY], "drop": []}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_shot(tmp_path / "cut", 3, (0, 2))


@pytest.fixture
def desk(root: Path) -> Iterator[Desk]:
    with open_desk(root) as desk:
        yield desk


@pytest.fixture
def client(desk: Desk) -> Iterator[Client]:
    with serve(desk) as client:
        yield client


def is_untouched(root: Path) -> bool:
    return not (root / "corrections.json").exists()


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "[::1]:{port}", ""]
)
def test_other_hosts_are_refused(root: Path, client: Client, host: str) -> None:
    headers: dict[str, str | None] = {"Host": host.format(port=client.port)}
    for body in (None, BODY):
        assert client.refused("state" if body is None else "corrections", body, headers)[0] == 403
    assert is_untouched(root)
    assert client.ask("state", headers={"Host": f"localhost:{client.port}"})[0] == 200


@pytest.mark.parametrize("origin", ["null", "http://evil.example", "https://127.0.0.1:{port}", "http://127.0.0.1:1"])
def test_other_origins_are_refused(root: Path, client: Client, origin: str) -> None:
    headers: dict[str, str | None] = {"Origin": origin.format(port=client.port)}
    assert client.refused("state", None, headers)[0] == 403
    assert client.refused("corrections", BODY, headers)[0] == 403
    assert is_untouched(root)


@pytest.mark.parametrize(
    "headers",
    [{"Origin": None}, {"X-Framecolor": None}, {"X-Framecolor": "2"}, {"Sec-Fetch-Site": "cross-site"},
     {"Sec-Fetch-Site": "same-site"}],
)  # fmt: skip
def test_edits_that_are_not_from_the_page_are_refused(
    root: Path, client: Client, headers: dict[str, str | None]
) -> None:
    assert client.refused("corrections", BODY, headers)[0] == 403
    assert is_untouched(root)


def test_a_missing_or_wrong_token_is_refused(root: Path, client: Client) -> None:
    wrong = client.token[:-1] + ("A" if client.token[-1] != "A" else "B")
    for path in ("/", "/state", "/favicon.ico", f"/{wrong}/state", f"/{wrong}/", "//", f"/{client.token.lower()}x/",
                 "/%2e%2e/", "/%c3%a9/", "/%ff/"):  # fmt: skip
        assert client.refused(path, None)[0] == 403
    assert client.refused(f"/{wrong}/corrections", BODY)[0] == 403
    assert is_untouched(root)
    status, _, headers = client.ask(f"/{client.token}")
    assert (status, headers["location"]) == (307, f"/{client.token}/")


@pytest.mark.parametrize(
    "path",
    ["../framecolor.toml", "..%2fline%2fcut.1001.png", "pictures/../../etc/passwd", "pictures/..%2f/large.webp",
     "pictures/1009/thumbnail.webp", "pictures/-1/thumbnail.webp", "pictures/1001/other.webp", "maps/1001",
     "maps/1001.json/..", "maps/%00.json", "line/cut.1001.png", "color/framecolor.json", "report.css",
     "pictures/9999999999999999999/large.webp", "maps/1002a.json"],
)  # fmt: skip
def test_paths_outside_of_the_shot_are_refused(client: Client, path: str) -> None:
    assert client.refused(path, None)[0] in (403, 404)


@pytest.mark.parametrize("number", ["1009", "-1", "1001/..", "..%2f1001", "x", "1001a"])
def test_edits_of_other_drawings_are_refused(root: Path, client: Client, number: str) -> None:
    assert client.refused(f"strokes/{number}", {"color": "#ffffff", "width": 3, "points": [[1, 1]]})[0] in (404, 405)
    assert client.refused(f"keys/{number}?name=x.png", b"x")[0] in (404, 405)
    assert sorted(path.name for path in root.iterdir() if path.name != "color") == ["keys", "line"]


def test_other_methods_are_refused(root: Path, client: Client) -> None:
    for method in ("PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"):
        assert client.ask("corrections", method=method)[0] in (403, 405)
    assert client.ask("corrections")[0] == 405 and client.ask("state", b"{}")[0] == 405


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"5", b'{"put": NaN}', b"[" * 100_000, b"\xff\xfe", b'{"put": null}']
)
def test_bodies_that_are_no_edits_are_refused(root: Path, client: Client, body: bytes) -> None:
    if body:
        assert client.refused("corrections", body)[0] in (400, 422)
    assert client.refused("recolor", body)[0] in (400, 422)
    assert is_untouched(root)


@pytest.mark.parametrize(
    "path, limit", [("corrections", MOST_TABLE_BYTES), ("keys/1002?name=x.png", MOST_PICTURE_BYTES)]
)
def test_bodies_over_the_limit_are_refused(root: Path, client: Client, path: str, limit: int) -> None:
    """One that says its size is refused before it is read, another one when it has sent too much."""
    assert client.refused(path, b"{}", {"Content-Length": str(limit + 1)})[0] == 413
    with socket.create_connection(("127.0.0.1", client.port), PATIENCE_SECONDS) as connection:
        head = f"POST /{client.token}/{path} HTTP/1.1\r\nHost: 127.0.0.1:{client.port}\r\nOrigin: {client.origin}\r\n"
        connection.sendall(f"{head}X-Framecolor: 1\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        part = b"100000\r\n" + bytes(1 << 20) + b"\r\n"
        with suppress(OSError):  # it is closed already
            for _ in range(limit // (1 << 20) + 1):
                connection.sendall(part)
        try:
            answer = connection.recv(1000)
        except ConnectionError:
            answer = b"HTTP/1.1 413"
    assert answer.startswith(b"HTTP/1.1 413")
    assert is_untouched(root) and client.get("state")["undo"] is None


@pytest.mark.parametrize("size", [(9000, 9000), (100, 9000), (60000, 60000)])
def test_picture_bombs_are_refused(root: Path, client: Client, size: tuple[int, int]) -> None:
    bomb = pack_png(*size, kind=0) if size[0] * size[1] < 1 << 28 else pack_png(100, 100).replace(
        (100).to_bytes(4, "big") * 2, size[0].to_bytes(4, "big") + size[1].to_bytes(4, "big")
    )  # fmt: skip
    assert client.refused("keys/1002?name=bomb.png", bomb)[0] == 422
    assert not (root / "keys/cut.1002.png").exists()


def test_answers_forbid_what_a_page_does_not_need(client: Client) -> None:
    for path, body in (("", None), ("state", None), ("nowhere", None), ("undo", b"")):
        _, _, headers = client.ask(path, body)
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] == "same-origin" and headers["cache-control"] == "no-store"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "access-control-allow-origin" not in headers and "server" not in headers
    pages = [client.ask("") for _ in range(2)]
    nonces = [headers["content-security-policy"].split("'nonce-")[1].split("'")[0] for _, _, headers in pages]
    assert nonces[0] != nonces[1]
    assert all(f'<script nonce="{nonce}">'.encode() in page[1] for nonce, page in zip(nonces, pages, strict=True))
    assert "unsafe-inline" not in pages[0][2]["content-security-policy"].split("script-src")[1].split(";")[0]


class Follower:
    """Reads the events of the server, as a tab does."""

    def __init__(self, client: Client) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=PATIENCE_SECONDS)
        self._connection.request("GET", f"/{client.token}/events")
        self.answer = self._connection.getresponse()
        self.states: list[dict[str, Any]] = []

    def follow(self, holds: Any) -> dict[str, Any]:
        """The first state from now on that holds."""
        while True:
            line = self.answer.readline()
            assert line, "the stream has ended"
            if line.startswith(b"data: "):
                self.states.append(json.loads(line[6:]))
                if holds(self.states[-1]):
                    return self.states[-1]

    def close(self) -> None:
        self._connection.close()
        self.answer.close()


def test_two_tabs_see_the_same(desk: Desk, client: Client) -> None:
    one, other = Follower(client), Follower(client)
    client.post("corrections", BODY)
    for tab in (one, other):
        assert tab.follow(lambda state: state["painted"] == 1)["corrections"] == [ENTRY]
    client.post("undo")
    for tab in (one, other):
        assert tab.follow(lambda state: state["painted"] == 2)["redo"] == "correction of frame 1002"
        tab.close()


def test_edits_of_two_tabs_at_once_are_all_kept(root: Path, desk: Desk, client: Client) -> None:
    def work(column: int) -> None:
        for row in range(15):
            client.post("corrections", {"put": [ENTRY | {"x": column, "y": row}], "drop": []})
            client.post(f"strokes/{1001 + column % 2}", {"color": "#3c5aa0", "width": 1, "points": [[column, row]]})

    threads = [threading.Thread(target=work, args=(column,)) for column in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    state = wait_for(desk, 90)
    assert len(json.loads((root / "corrections.json").read_text())["corrections"]) == 45
    assert state["revision"] == 90 and sorted(desk.shot.hints) == [1001, 1002]


def test_clients_that_go_away_leave_nothing_behind(desk: Desk, client: Client) -> None:
    for _ in range(3):
        tabs = [Follower(client) for _ in range(MOST_STREAMS)]
        assert {tab.answer.status for tab in tabs} == {200}
        late = Follower(client)
        assert late.answer.status == 503
        late.close()
        for tab in tabs:
            tab.close()
        end = time.monotonic() + 20
        while desk._listeners and time.monotonic() < end:
            client.get("state")
            desk._publish()
            time.sleep(0.05)
        assert not desk._listeners
    names = [thread.name for thread in threading.enumerate() if thread.name.startswith("review")]
    assert len(names) <= 6


@pytest.mark.parametrize("sent", [b"", b"GET /", b"POST /{token}/undo HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nX: "])
def test_a_thousand_connections_leave_it_working(client: Client, sent: bytes) -> None:
    head = sent.replace(b"{token}", client.token.encode()).replace(b"{port}", str(client.port).encode())
    with ExitStack() as stack:
        for count in range(1000):
            connection = socket.create_connection(("127.0.0.1", client.port), PATIENCE_SECONDS)
            stack.callback(connection.close)
            with suppress(ConnectionError):  # it was cut off for another one
                connection.sendall(head)
            if count % 250 == 249:
                assert client.get("state")["revision"] == 0
        assert client.get("state")["error"] is None
    assert client.post("corrections", BODY)["revision"] == 1


def test_connections_beyond_the_limit_are_told_to_come_back(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """All others have a request in progress."""
    monkeypatch.setattr(server_module, "MOST_CONNECTIONS", 4)
    tabs = [Follower(client) for _ in range(4)]
    assert client.ask("state")[0] == 503
    tabs.pop().close()
    end = time.monotonic() + 20
    while (status := client.ask("state")[0]) == 503 and time.monotonic() < end:
        time.sleep(0.05)
    assert status == 200
    for tab in tabs:
        tab.close()


def test_slow_clients_are_cut_off(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "_IDLE_SECONDS", 0.5)
    monkeypatch.setattr(server_module, "_BODY_SECONDS", 0.5)
    with socket.create_connection(("127.0.0.1", client.port), PATIENCE_SECONDS) as connection:
        begin = time.monotonic()
        with pytest.raises(OSError):
            for letter in b"GET / HTTP/1.1\r\n" + b"x" * 1000:
                connection.sendall(bytes([letter]))
                time.sleep(0.05)
        assert time.monotonic() - begin < 10
    assert client.refused("corrections", b"{", {"Content-Length": "100"})[0] == 408


def test_the_static_page_holds_nothing_of_the_live_one(painted_shot: Path, tmp_path: Path) -> None:
    from framecolor.report import write_report

    root = copy_shot(painted_shot, tmp_path / "cut")
    page = write_report(root / "color").read_text("utf-8")
    assert "EventSource" not in page and "nonce" not in page and "data:image/webp" in page


def test_the_limits_fit_each_other() -> None:
    assert MOST_STREAMS < MOST_CONNECTIONS
