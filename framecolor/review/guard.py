"""Refuse requests that do not come from the page itself: other hosts, other sites, a missing or wrong token."""

from __future__ import annotations

import secrets

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class Guard:
    """Passes requests to an application if their first part of the path is the token; without it to the application.

    A page of another site can send requests to this machine, and its name can be made to lead here (DNS rebinding).
    So the host has to be this machine's, and the origin, which browsers state, that of the page.
    """

    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        self._app, self._token = app, token
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, an ASGI application."""
        if scope["type"] != "http":
            return  # no WebSocket is accepted

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        path = str(scope["path"])
        given, slash, rest = path.removeprefix("/").partition("/")
        if (refusal := self._find_refusal(scope, Headers(scope=scope), given)) is not None:
            status, text = refusal
            await PlainTextResponse(text + "\n", status)(scope, receive, send_guarded)
        elif not slash:
            await RedirectResponse(f"/{given}/")(scope, receive, send_guarded)
        else:
            inner = {**scope, "path": f"/{rest}", "raw_path": f"/{rest}".encode()}
            await self._app(inner, receive, send_guarded)

    def _find_refusal(self, scope: Scope, headers: Headers, given: str) -> tuple[int, str] | None:
        """Find why a request is refused: (status, text), None if it is not."""
        if headers.get("host", "").lower() not in self._hosts:
            return 403, "framecolor review answers to this machine alone"
        if not secrets.compare_digest(given.encode(), self._token.encode()):
            return 404, "open the address that framecolor review printed"
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return 403, "this page may not be used by another site"
        origin = headers.get("origin")
        if origin is not None and origin.lower() not in {f"http://{host}" for host in self._hosts}:
            return 403, "this page may not be used by another site"
        if scope["method"] not in ("GET", "HEAD") and (origin is None or headers.get("x-framecolor") is None):
            return 403, "edits come from the page alone"
        return None
