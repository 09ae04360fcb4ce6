"""Serve the live page of a desk on this machine: the page, its pictures and state, and the painter's edits."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, cast

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from framecolor.core.drawing_number import read_number
from framecolor.core.parsing import MISSHAPEN, parse_json
from framecolor.errors import FramecolorError, OutputError
from framecolor.report.page import LivePage, build_page
from framecolor.review.desk import Desk
from framecolor.review.edits import correct, draw_stroke, put_key
from framecolor.review.guard import Guard
from framecolor.review.made import Kind, Made
from framecolor.review.recolor_file import recolor

HOST = "127.0.0.1"
MOST_CONNECTIONS = 64
MOST_STREAMS = 16
MOST_TABLE_BYTES, MOST_PICTURE_BYTES = 1 << 20, 64 << 20

_BODY_SECONDS = 60
# A connection without a request in progress is cut off then, also one that sends a request byte by byte.
_IDLE_SECONDS = 15
_BUSY = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
_BEAT_SECONDS = 15
_LEAST_PAUSE_SECONDS = 0.05
_PICTURES: dict[str, Kind] = {"thumbnail": "thumbnail", "large": "large"}


def make_app(desk: Desk) -> Starlette:
    """Make the application of a desk, without its guard."""
    server = _Server(desk)
    app = Starlette(
        routes=[
            Route("/", server.send_page),
            Route("/state", server.send_state),
            Route("/events", server.send_events),
            Route("/pictures/{number}/{kind}.webp", server.send_picture),
            Route("/maps/{number}.json", server.send_map),
            Route("/corrections", server.take_corrections, methods=["POST"]),
            Route("/strokes/{number}", server.take_stroke, methods=["POST"]),
            Route("/keys/{number}", server.take_key, methods=["POST"]),
            Route("/recolor", server.take_recolor, methods=["POST"]),
            Route("/undo", server.undo, methods=["POST"]),
            Route("/redo", server.redo, methods=["POST"]),
        ],
        exception_handlers={HTTPException: _describe_http, FramecolorError: _describe_refusal},
    )
    app.state.close = server.close
    return app


class _Server:
    """The answers to requests. Work that takes time is done in threads."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._made = desk, Made(desk)
        # Edits are made one after the other anyway; a page is rendered while one waits for a disk.
        self._pool = ThreadPoolExecutor(2, "review-answers")
        self._streams = 0
        self._uploads = asyncio.Semaphore(2)

    def close(self) -> None:
        """End the threads."""
        self._made.close()
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _work(self, work: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    async def send_page(self, request: Request) -> Response:
        nonce = secrets.token_urlsafe(16)
        desk = self._desk
        page = await self._work(lambda: build_page(desk.read_manifest(), LivePage(nonce, desk.versions)))
        policy = (
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'unsafe-inline'; img-src 'self' data: blob:; "
            "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        content = page.encode("utf-8", "backslashreplace")
        return Response(content, media_type="text/html", headers={"content-security-policy": policy})

    async def send_state(self, request: Request) -> Response:
        return _answer(self._desk.state())

    async def send_events(self, request: Request) -> Response:
        if self._streams >= MOST_STREAMS:
            raise HTTPException(503, f"more than {MOST_STREAMS} pages are open; close some")
        return StreamingResponse(self._follow(), media_type="text/event-stream")

    async def _follow(self) -> AsyncIterator[str]:
        """Yield the state whenever it has changed. States that come too fast for a client are left out."""
        loop, changed = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(changed.set)

        stop = self._desk.listen(wake)
        self._streams += 1
        try:
            yield _format_state(self._desk.state())
            while True:
                try:
                    await asyncio.wait_for(changed.wait(), _BEAT_SECONDS)
                except TimeoutError:
                    yield ":\n\n"
                    continue
                changed.clear()
                yield _format_state(self._desk.state())
                await asyncio.sleep(_LEAST_PAUSE_SECONDS)
        finally:
            stop()
            self._streams -= 1

    async def send_picture(self, request: Request) -> Response:
        kind = _PICTURES.get(request.path_params["kind"])
        if kind is None:
            raise HTTPException(404)
        return await self._send_made(request, kind, "image/webp")

    async def send_map(self, request: Request) -> Response:
        return await self._send_made(request, "map", "application/json")

    async def _send_made(self, request: Request, kind: Kind, media_type: str) -> Response:
        item = await self._made.find(self._read_number(request), kind)
        if item is None or item.data is None:
            raise HTTPException(404)
        # The address holds the hash of what it shows, if it does show that.
        is_final = item.is_final and request.query_params.get("v") == item.version
        caching = "private, max-age=31536000, immutable" if is_final else "no-store"
        return Response(item.data, media_type=media_type, headers={"cache-control": caching})

    async def take_corrections(self, request: Request) -> Response:
        table = await _read_table(request)
        put, drop = table.get("put", []), table.get("drop", [])
        return await self._edit(lambda: self._desk.edit(lambda shot, places: correct(shot, places, put, drop)))

    async def take_stroke(self, request: Request) -> Response:
        number, table = self._read_number(request), await _read_table(request)
        values = [table.get(name) for name in ("color", "width", "points")]
        return await self._edit(
            lambda: self._desk.edit(lambda shot, places: draw_stroke(shot, places, number, *values))
        )

    async def take_key(self, request: Request) -> Response:
        number, name = self._read_number(request), request.query_params.get("name", "")
        async with self._uploads:
            data = await _read_body(request, MOST_PICTURE_BYTES)
            work = partial(put_key, number=number, name=name, data=data)
            return await self._edit(lambda: self._desk.edit(work))

    async def take_recolor(self, request: Request) -> Response:
        table = await _read_table(request)
        source, target = table.get("from"), table.get("to")
        return await self._edit(lambda: self._desk.edit(lambda shot, places: recolor(places, source, target)))

    async def undo(self, request: Request) -> Response:
        return await self._edit(self._desk.undo)

    async def redo(self, request: Request) -> Response:
        return await self._edit(self._desk.redo)

    async def _edit(self, work: Callable[[], dict[str, Any]]) -> Response:
        return _answer(await self._work(work))

    def _read_number(self, request: Request) -> int:
        """Read the number of a drawing of the shot from the path."""
        try:
            number = read_number(request.path_params["number"])
        except ValueError:
            raise HTTPException(404) from None
        if number not in self._desk.shot.numbers:
            raise HTTPException(404)
        return number


def _answer(state: dict[str, Any]) -> Response:
    return Response(json.dumps(state), media_type="application/json")  # escapes what is no text, as in a file's name


def _format_state(state: dict[str, Any]) -> str:
    return f"event: state\ndata: {json.dumps(state)}\n\n"


async def _read_table(request: Request) -> dict[str, Any]:
    """Read a body of JSON, an object."""
    data = await _read_body(request, MOST_TABLE_BYTES)
    try:
        table = parse_json(data or b"{}")
    except MISSHAPEN:
        raise HTTPException(400, "the body is not JSON") from None
    if not isinstance(table, dict):
        raise HTTPException(400, "the body is no object")
    return table


async def _read_body(request: Request, most_bytes: int) -> bytes:
    too_large = HTTPException(413, f"the body is larger than {most_bytes >> 20} MiB")
    size = request.headers.get("content-length", "")
    if size.isdecimal() and int(size) > most_bytes:
        raise too_large
    data = bytearray()
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for part in request.stream():
                data += part
                if len(data) > most_bytes:
                    raise too_large
    except TimeoutError:
        raise HTTPException(408, "the body did not arrive") from None
    except ClientDisconnect:
        raise HTTPException(400, "the body was cut off") from None
    return bytes(data)


def _describe_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, headers=error.headers)


def _describe_refusal(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 507 if isinstance(error, OutputError) else 422)


class _Protocol(H11Protocol):
    """A connection among at most MOST_CONNECTIONS. One more takes the place of the one that is idle longest."""

    idle_since = 0.0

    def connection_made(self, transport: Any) -> None:
        """Accept a connection, and make room for it; answer 503 if all others have a request in progress."""
        super().connection_made(transport)
        self.idle_since = self.loop.time()
        others = cast("set[_Protocol]", self.connections) - {self}
        if len(others) < MOST_CONNECTIONS:
            return
        idle = min((one for one in others if one.is_idle), key=lambda one: one.idle_since, default=None)
        if idle is not None:
            idle.drop()
            return
        transport.write(_BUSY)
        self.connections.discard(self)
        transport.close()

    def on_response_complete(self) -> None:
        """Count the time until the next request from now on."""
        self.idle_since = self.loop.time()
        super().on_response_complete()

    @property
    def is_idle(self) -> bool:
        """Whether no request is in progress; one whose head is not complete does not count."""
        return self.cycle is None or self.cycle.response_complete

    def drop(self) -> None:
        """Cut the connection off."""
        self.connections.discard(self)
        self.transport.abort()


def bind(port: int) -> socket.socket:
    """Bind a socket on this machine alone. Raises OSError if the port is taken; port 0: any free one."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # A port that was used a minute ago may be used again; on Windows two programs could have one port.
    option = socket.SO_REUSEADDR if os.name == "posix" else getattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_REUSEADDR)
    bound.setsockopt(socket.SOL_SOCKET, option, 1)
    try:
        bound.bind((HOST, port))
    except OSError:
        bound.close()
        raise
    return bound


class ReviewServer(uvicorn.Server):
    """A server of one desk. `run(sockets=[bound])` returns after Ctrl+C; `opened` is called when it answers."""

    def __init__(self, desk: Desk, token: str, port: int, opened: Callable[[], None] = lambda: None) -> None:
        self._opened, self._app = opened, make_app(desk)
        super().__init__(
            uvicorn.Config(
                Guard(self._app, token, port),
                http=_Protocol,
                ws="none",
                loop="asyncio",
                lifespan="off",
                log_config=None,
                log_level="critical",
                access_log=False,
                server_header=False,
                timeout_keep_alive=_IDLE_SECONDS,
                timeout_graceful_shutdown=1,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        self._opened()

    async def on_tick(self, counter: int) -> bool:
        """Cut off what is idle, ten times a second at most."""
        now = asyncio.get_running_loop().time()
        for connection in list(cast("set[_Protocol]", self.server_state.connections)):
            if connection.is_idle and now - connection.idle_since > _IDLE_SECONDS:
                connection.drop()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End all answers and their threads."""
        await super().shutdown(sockets)
        self._app.state.close()
