"""What the tests of the live desk share: a desk on a small shot, its server, and a client."""

from __future__ import annotations

import http.client
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from framecolor import Settings, Shot
from framecolor.pipeline.events import Progress
from framecolor.pipeline.result import Outcome
from framecolor.review.desk import Desk, Opener
from framecolor.review.places import find_places
from framecolor.review.server import ReviewServer, bind

PATIENCE_SECONDS = 60.0


def make_opener(root: Path, **settings: Any) -> Opener:
    """Opens a shot as `framecolor review` does, without options."""
    return Opener(lambda: Shot.open(root), lambda shot: Settings(**settings), find_places)


def paint_nothing(shot: Shot, out: Path, settings: Settings, listen: Any, session: Any = None) -> Outcome:
    """A run in no time, in place of `paint_shot`."""
    listen(Progress("paint", 0, len(shot.wanted)))
    return Outcome(out, len(shot.keys), (), shot.wanted, {}, (), 0, 0.0, 0.0)


@contextmanager
def open_desk(root: Path, paint: Any = paint_nothing) -> Iterator[Desk]:
    """A desk at work."""
    desk = Desk(make_opener(root), paint=paint)
    desk.start()
    try:
        yield desk
    finally:
        desk.close()


def wait_for(desk: Desk, revision: int = 0) -> dict[str, Any]:
    """The state when the last edit, at least `revision`, is painted, or painting it has failed."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        state = desk.state()
        is_done = state["painted"] == state["revision"] or state["error"]
        if state["revision"] >= revision and not state["running"] and is_done:
            return state
        time.sleep(0.01)
    raise AssertionError(f"not painted in time: {desk.state()}")


class Client:
    """Sends requests as the page does; each on a connection of its own."""

    def __init__(self, port: int, token: str) -> None:
        self.port, self.token = port, token
        self.origin = f"http://127.0.0.1:{port}"

    def ask(
        self, path: str, body: Any = None, headers: dict[str, str | None] | None = None, method: str = ""
    ) -> tuple[int, bytes, dict[str, str]]:
        """Status, body and headers of an answer; `headers` replace those of the page, None leaves one out."""
        method = method or ("GET" if body is None else "POST")
        sent: dict[str, str | None] = {"Host": f"127.0.0.1:{self.port}"}
        if method == "POST":
            sent |= {"Origin": self.origin, "X-Framecolor": "1"}
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        if data is not None:
            sent["Content-Length"] = str(len(data))
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        try:
            place = path if path.startswith("/") else f"/{self.token}/{path}"
            connection.putrequest(method, place, skip_host=True, skip_accept_encoding=True)
            for name, value in (sent | (headers or {})).items():
                if value is not None:
                    connection.putheader(name, value)
            connection.endheaders(data)
            answer = connection.getresponse()
            return answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()}
        finally:
            connection.close()

    def get(self, path: str) -> Any:
        """The JSON of an answer that has to be good."""
        status, data, _ = self.ask(path)
        assert status == 200, data
        return json.loads(data)

    def post(self, path: str, body: Any = b"") -> Any:
        """The state after an edit that has to be taken."""
        status, data, _ = self.ask(path, body)
        assert status == 200, data
        return json.loads(data)

    def refused(self, path: str, body: Any, headers: dict[str, str | None] | None = None) -> tuple[int, str]:
        """Status and line of an answer that has to be a refusal."""
        status, data, _ = self.ask(path, body, headers)
        assert status >= 400, data
        line = json.loads(data)["error"]
        assert line and "\n" not in line
        return status, line


@contextmanager
def serve(desk: Desk) -> Iterator[Client]:
    """The server of a desk, in a thread."""
    bound, token, ready = bind(0), secrets.token_urlsafe(24), threading.Event()
    port = bound.getsockname()[1]
    server = ReviewServer(desk, token, port, ready.set)
    thread = threading.Thread(target=server.run, args=([bound],))
    thread.start()
    try:
        assert ready.wait(PATIENCE_SECONDS)
        yield Client(port, token)
    finally:
        server.should_exit = True
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()
